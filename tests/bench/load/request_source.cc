#include "tests/bench/load/request_source.h"

#include <array>
#include <cstring>

namespace herdgate::bench {
namespace {

constexpr size_t kKeyDigits = 12;
constexpr uint64_t kMixTurns = 11;  // 1 SET, 10 GETs

std::string Bulk(const std::string& text) {
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

constexpr auto kPairs = [] {
  std::array<char, 200> pairs{};
  for (size_t i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();

// What ends a SET behind its value.
std::string SetTail(uint32_t ttl_seconds) {
  return "\r\n" + (ttl_seconds > 0 ? Bulk("EX") + Bulk(std::to_string(ttl_seconds)) : std::string());
}

// Overwrites the last ten of the key's twelve digits, which is all that a 32-bit number has.
void WriteDigits(char* digits, uint32_t key) {
  for (size_t at = kKeyDigits - 2; at >= 2; at -= 2) {
    std::memcpy(digits + at, &kPairs[size_t{2} * (key % 100)], 2);
    key /= 100;
  }
}

}  // namespace

RequestSource::RequestSource(const LoadOptions& options, uint64_t seed, uint32_t first_key, uint32_t end_key)
    : options_(options),
      random_(seed * 0x9E3779B97F4A7C15u | 1),
      turn_(seed * 3),
      next_key_(first_key),
      end_key_(end_key),
      set_tail_(SetTail(options.ttl_seconds)),
      body_(options.value_bytes, 'v') {
  const std::string key = Bulk(options.key_prefix + std::string(kKeyDigits, '0'));
  const size_t digits_from_end = kKeyDigits + 2;
  get_text_ = "*2\r\n" + Bulk("GET") + key;
  get_digits_ = get_text_.size() - digits_from_end;
  set_text_ = (options.ttl_seconds > 0 ? "*5\r\n" : "*3\r\n") + Bulk("SET") + key;
  set_digits_ = set_text_.size() - digits_from_end;
  set_text_ += "$" + std::to_string(options.value_bytes) + "\r\n";
  if (options.value_bytes < kSharedFrom) set_text_ += body_ + set_tail_;
  if (options.mode != Mode::kMget) return;
  mget_text_ = "*" + std::to_string(options.mget_keys + 1) + "\r\n" + Bulk("MGET");
  mget_digits_ = mget_text_.size() + key.size() - digits_from_end;
  mget_stride_ = key.size();
  for (uint32_t i = 0; i < options.mget_keys; ++i) mget_text_ += key;
}

bool RequestSource::Append(SendQueue& queue, Command& command) {
  if (options_.mode == Mode::kPreload && next_key_ >= end_key_) return false;
  command = Choose();
  switch (command) {
    case Command::kGet:
      WriteDigits(&get_text_[get_digits_], NextKey());
      queue.Append(get_text_);
      break;
    case Command::kSet:
      AppendSet(queue);
      break;
    case Command::kMget:
      for (size_t i = 0; i < options_.mget_keys; ++i) {
        WriteDigits(&mget_text_[mget_digits_ + i * mget_stride_], NextKey());
      }
      queue.Append(mget_text_);
      break;
  }
  return true;
}

void RequestSource::AppendSet(SendQueue& queue) {
  WriteDigits(&set_text_[set_digits_], NextKey());
  queue.Append(set_text_);
  if (options_.value_bytes < kSharedFrom) return;
  queue.AppendShared(body_);
  queue.AppendShared(set_tail_);
}

Command RequestSource::Choose() {
  switch (options_.mode) {
    case Mode::kGet:
      return Command::kGet;
    case Mode::kMget:
      return Command::kMget;
    case Mode::kMix:
      return turn_++ % kMixTurns == 0 ? Command::kSet : Command::kGet;
    case Mode::kSet:
    case Mode::kPreload:
      break;
  }
  return Command::kSet;
}

uint32_t RequestSource::NextKey() {
  if (options_.mode == Mode::kPreload) return next_key_++;
  // xorshift64: Marsaglia, "Xorshift RNGs", 2003. The high half, scaled without a division.
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  return static_cast<uint32_t>(((random_ >> 32) * options_.key_space) >> 32);
}

Verdict RequestSource::Judge(Command command, const ReplyScanner::Reply& reply) const {
  if (reply.type == '-' || reply.nested_errors > 0) return Verdict::kError;
  bool right_type = false;
  switch (command) {
    case Command::kGet:
      right_type = reply.type == '$' || reply.type == '_';
      break;
    case Command::kSet:
      right_type = reply.type == '+';
      break;
    case Command::kMget:
      right_type =
          reply.type == '*' && reply.length == options_.mget_keys && reply.bulks + reply.nils == options_.mget_keys;
      break;
  }
  const bool right_size = reply.bulk_bytes == reply.bulks * options_.value_bytes;
  return right_type && right_size ? Verdict::kGood : Verdict::kWrongReply;
}

}  // namespace herdgate::bench

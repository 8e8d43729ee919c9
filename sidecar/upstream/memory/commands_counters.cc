#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "sidecar/upstream/memory/commands.h"
#include "sidecar/upstream/memory/numbers.h"

namespace herdgate::upstream::memory::commands {
namespace {

// Writes the new number; it keeps the key's expiry.
bool PutNumber(Call& call, std::string_view text, Form form) {
  const Entry* entry = call.keys().Find(call.db(), call.args[1]);
  const Milliseconds expires_at = entry == nullptr ? kNever : entry->expires_at;
  Entry* written = call.keys().Put(call.db(), call.args[1], text, expires_at);
  if (written == nullptr) {
    call.reply.Error(kOutOfMemory);
    return false;
  }
  written->form = form;
  return true;
}

void Add(Call& call, std::int64_t increment) {
  const Entry* entry = call.keys().Find(call.db(), call.args[1]);
  std::int64_t value = 0;
  if (entry != nullptr && !ParseInteger(entry->text(), value)) return call.reply.Error(kNotInteger);
  if (!AddInteger(value, increment, value)) return call.reply.Error("ERR increment or decrement would overflow");
  std::array<char, 24> text;
  const char* end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  if (PutNumber(call, {text.data(), static_cast<std::size_t>(end - text.data())}, Form::kSet))
    call.reply.Integer(value);
}

bool ReadBitOffset(Call& call, std::uint64_t& offset) {
  constexpr std::string_view kBadOffset = "ERR bit offset is not an integer or out of range";
  std::int64_t value = 0;
  if (!ReadInteger(call, 2, value, kBadOffset)) return false;
  if (value < 0 || (value >> 3) >= kMaxStringBytes) {
    call.reply.Error(kBadOffset);
    return false;
  }
  offset = static_cast<std::uint64_t>(value);
  return true;
}

bool BitAt(std::string_view text, std::uint64_t offset) {
  const std::uint64_t byte = offset >> 3U;
  return byte < text.size() && ((static_cast<unsigned char>(text[byte]) >> (7U - (offset & 7U))) & 1U) != 0;
}

std::int64_t CountBits(std::string_view bytes) {
  std::int64_t count = 0;
  while (bytes.size() >= sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof word);
    count += std::popcount(word);
    bytes.remove_prefix(sizeof word);
  }
  for (const char c : bytes) count += std::popcount(static_cast<unsigned char>(c));
  return count;
}

// Bits set in [start, end], counted in bits.
std::int64_t CountBitRange(std::string_view text, std::int64_t start, std::int64_t end) {
  const auto first = static_cast<std::size_t>(start >> 3);
  const auto last = static_cast<std::size_t>(end >> 3);
  std::int64_t count = CountBits(text.substr(first, last - first + 1));
  const auto before = static_cast<unsigned>(start & 7);
  const auto behind = 7U - static_cast<unsigned>(end & 7);
  count -= std::popcount(static_cast<unsigned>(static_cast<unsigned char>(text[first])) & (0xff00U >> before & 0xffU));
  count -= std::popcount(static_cast<unsigned>(static_cast<unsigned char>(text[last])) & ((1U << behind) - 1U));
  return count;
}

}  // namespace

void Incr(Call& call) {
  Add(call, 1);
}
void Decr(Call& call) {
  Add(call, -1);
}

void IncrBy(Call& call) {
  std::int64_t increment = 0;
  if (ReadInteger(call, 2, increment)) Add(call, increment);
}

void DecrBy(Call& call) {
  std::int64_t decrement = 0;
  if (!ReadInteger(call, 2, decrement)) return;
  if (decrement == std::numeric_limits<std::int64_t>::min()) return call.reply.Error("ERR decrement would overflow");
  Add(call, -decrement);
}

void IncrByFloat(Call& call) {
  constexpr std::string_view kNotFloat = "ERR value is not a valid float";
  const Entry* entry = call.keys().Find(call.db(), call.args[1]);
  long double value = 0;
  long double increment = 0;
  if (entry != nullptr && !ParseFloat(entry->text(), value)) return call.reply.Error(kNotFloat);
  if (!ParseFloat(call.args[2], increment)) return call.reply.Error(kNotFloat);
  value += increment;
  if (std::isnan(value) || std::isinf(value)) return call.reply.Error("ERR increment would produce NaN or Infinity");
  const std::string text = FormatFloat(value);
  if (PutNumber(call, text, Form::kFloat)) call.reply.Bulk(text);
}

void SetBit(Call& call) {
  std::uint64_t offset = 0;
  if (!ReadBitOffset(call, offset)) return;
  constexpr std::string_view kBadBit = "ERR bit is not an integer or out of range";
  std::int64_t bit = 0;
  if (!ReadInteger(call, 3, bit, kBadBit)) return;
  if (bit != 0 && bit != 1) return call.reply.Error(kBadBit);
  const std::size_t size = (offset >> 3U) + 1;
  Entry* entry = call.keys().Find(call.db(), call.args[1]);
  const bool old = entry != nullptr && BitAt(entry->text(), offset);
  if (entry == nullptr) {
    entry = call.keys().PutZeros(call.db(), call.args[1], size);
    if (entry == nullptr) return call.reply.Error(kOutOfMemory);
  } else if (size > entry->value_bytes) {
    if (!call.keys().Resize(call.db(), *entry, size)) return call.reply.Error(kOutOfMemory);
  } else if (old != (bit != 0)) {
    call.keys().Changed(call.db(), *entry);
  }
  entry->form = Form::kEdited;
  const auto mask = static_cast<unsigned char>(1U << (7U - (offset & 7U)));
  auto& byte = reinterpret_cast<unsigned char&>(entry->value[offset >> 3U]);
  byte = static_cast<unsigned char>(bit != 0 ? byte | mask : byte & ~mask);
  call.reply.Integer(old ? 1 : 0);
}

void GetBit(Call& call) {
  std::uint64_t offset = 0;
  if (!ReadBitOffset(call, offset)) return;
  const Entry* entry = call.keys().Read(call.db(), call.args[1]);
  call.reply.Integer(entry != nullptr && BitAt(entry->text(), offset) ? 1 : 0);
}

void BitCount(Call& call) {
  const Entry* entry = call.keys().Read(call.db(), call.args[1]);
  if (entry == nullptr) return call.reply.Integer(0);
  const std::size_t count = call.args.size();
  if (count == 2) return call.reply.Integer(CountBits(entry->text()));
  if (count != 4 && count != 5) return call.reply.Error(kSyntaxError);
  std::int64_t start = 0;
  std::int64_t end = 0;
  if (!ReadInteger(call, 2, start) || !ReadInteger(call, 3, end)) return;
  if (start < 0 && end < 0 && start > end) return call.reply.Integer(0);
  const bool in_bits = count == 5 && EqualsIgnoringCase(call.args[4], "bit");
  if (count == 5 && !in_bits && !EqualsIgnoringCase(call.args[4], "byte")) return call.reply.Error(kSyntaxError);
  const std::int64_t unit = in_bits ? 1 : 8;
  const std::int64_t units = static_cast<std::int64_t>(entry->value_bytes) * 8 / unit;
  if (start < 0) start = std::max<std::int64_t>(start + units, 0);
  if (end < 0) end = std::max<std::int64_t>(end + units, 0);
  end = std::min(end, units - 1);
  if (start > end) return call.reply.Integer(0);
  call.reply.Integer(CountBitRange(entry->text(), start * unit, end * unit + unit - 1));
}

}  // namespace herdgate::upstream::memory::commands

#include "sidecar/resp/request_decoder.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "sidecar/resp/encoder.h"
#include "sidecar/resp/inline_request.h"
#include "sidecar/resp/request_header.h"

namespace herdgate::resp {
namespace {

constexpr std::size_t kKeptArgs = 64;      // room for arguments that an idle decoder keeps
constexpr std::size_t kKeptBytes = 1024;   // and for a rewritten request
constexpr std::int64_t kPlainArgs = 16;    // more are decoded by the careful path alone
constexpr std::size_t kLeastArgBytes = 6;  // "$0\r\n\r\n"
constexpr std::size_t kLineEndBytes = 2;

bool IsLineEnd(const char* bytes) {
  return std::memcmp(bytes, "\r\n", kLineEndBytes) == 0;
}

}  // namespace

RequestDecoder::RequestDecoder(const Limits& limits) : limits_(limits) {}

bool RequestDecoder::idle() const {
  return seen_ == 0 && !streaming_;
}

std::int64_t RequestDecoder::declared_args() const {
  return std::max<std::int64_t>(declared_args_, 0);
}

std::size_t RequestDecoder::declared_bytes() const {
  std::size_t least = position_;
  std::int64_t headers_left = args_left_;
  if (bulk_bytes_ != kUnknown) {
    least += static_cast<std::size_t>(bulk_bytes_) + kLineEndBytes;
    --headers_left;
  }
  least += static_cast<std::size_t>(headers_left) * kLeastArgBytes;
  return std::max(least, seen_ + 1);
}

RequestDecoder::Outcome RequestDecoder::Decode(std::string_view input, Request& request) {
  assert(!streaming_ && input.size() >= seen_);
  if (seen_ == 0 && !failed() && !holds_much_ && DecodePlain(input, request)) return Outcome::kRequest;
  return DecodeAny(input, request);
}

RequestDecoder::Outcome RequestDecoder::DecodeAny(std::string_view input, Request& request) {
  consumed_ = 0;
  if (failed()) return Outcome::kError;
  if (seen_ == 0) {
    Start();
  } else if (base_ != input.data()) {
    Rebase(input.data());
  }
  if (input.empty()) return Outcome::kNeedMore;
  return input.front() == '*' ? DecodeMultibulk(input, request) : DecodeInline(input, request);
}

void RequestDecoder::Start() {
  args_.clear();
  if (args_.capacity() > kKeptArgs) std::vector<std::string_view>().swap(args_);
  if (rewritten_.capacity() > kKeptBytes) std::string().swap(rewritten_);
  holds_much_ = false;
}

void RequestDecoder::Rebase(const char* base) {
  for (std::string_view& arg : args_) arg = {base + (arg.data() - base_), arg.size()};
  base_ = base;
}

RequestDecoder::Outcome RequestDecoder::Pause(std::string_view input) {
  base_ = input.data();
  seen_ = input.size();
  return Outcome::kNeedMore;
}

RequestDecoder::Outcome RequestDecoder::Finish(Outcome outcome) {
  consumed_ = position_;
  position_ = searched_ = seen_ = 0;
  declared_args_ = bulk_bytes_ = kUnknown;
  holds_much_ = args_.capacity() > kKeptArgs || rewritten_.capacity() > kKeptBytes;
  line_blocked_ = false;
  canonical_ = true;
  return outcome;
}

RequestDecoder::Outcome RequestDecoder::Fail(std::string sentence) {
  error_ = std::move(sentence);
  return outcome_ = Outcome::kError;
}

// The common request: whole, of few arguments, every line end "\r\n". False: it is for the careful path, from its
// start.
bool RequestDecoder::DecodePlain(std::string_view input, Request& request) {
  std::int64_t count = 0;
  std::size_t at = ReadPlainHeader(input, '*', count);
  if (at == 0 || count == 0 || count > kPlainArgs || unauthenticated_ || input[at - 1] != '\n') return false;
  args_.clear();
  for (; count > 0; --count) {
    const std::string_view rest(input.data() + at, input.size() - at);
    std::int64_t bytes = 0;
    const std::size_t header = ReadPlainHeader(rest, '$', bytes);
    const std::size_t end = header + static_cast<std::size_t>(bytes);
    const bool plain = header != 0 && bytes <= limits_.max_bulk_bytes && rest.size() >= end + kLineEndBytes &&
                       rest[header - 1] == '\n' && IsLineEnd(rest.data() + end);
    if (!plain) return false;
    args_.emplace_back(rest.data() + header, static_cast<std::size_t>(bytes));
    at += end + kLineEndBytes;
  }
  request = {.args = args_, .raw = {input.data(), at}, .was_inline = false};
  consumed_ = at;
  return true;
}

RequestDecoder::Outcome RequestDecoder::DecodeMultibulk(std::string_view input, Request& request) {
  outcome_ = Outcome::kNeedMore;
  if (declared_args_ == kUnknown && !ReadCount(input)) return outcome_ == Outcome::kNeedMore ? Pause(input) : outcome_;
  if (declared_args_ <= 0) return Finish(Outcome::kSkip);
  while (args_left_ > 0) {
    if (bulk_bytes_ == kUnknown && !ReadBulkBytes(input)) {
      return outcome_ == Outcome::kNeedMore ? Pause(input) : outcome_;
    }
    const auto bytes = static_cast<std::size_t>(bulk_bytes_);
    if (input.size() - position_ < bytes + kLineEndBytes) return Pause(input);
    const char* const body = input.data() + position_;
    args_.emplace_back(body, bytes);
    canonical_ = canonical_ && IsLineEnd(body + bytes);
    position_ += bytes + kLineEndBytes;
    bulk_bytes_ = kUnknown;
    --args_left_;
  }
  request.args = args_;
  request.was_inline = false;
  request.raw = input.substr(0, position_);
  if (!canonical_) {
    rewritten_.clear();
    AppendRequest(rewritten_, args_);
    request.raw = rewritten_;
  }
  return Finish(Outcome::kRequest);
}

bool RequestDecoder::ReadCount(std::string_view input) {
  std::int64_t count = 0;
  std::size_t header = ReadPlainHeader(input.substr(position_), '*', count);
  if (header == 0 || (unauthenticated_ && count > limits_.unauthenticated_args)) {
    std::string_view line;
    if (!FindLine(input, '\r', line)) return false;
    if (!ReadCountLine(line, limits_, unauthenticated_, count, error_)) {
      outcome_ = Outcome::kError;
      return false;
    }
    header = line.size() + kLineEndBytes;
  }
  position_ += header;
  canonical_ = canonical_ && input[position_ - 1] == '\n';
  declared_args_ = args_left_ = std::max<std::int64_t>(count, 0);
  // Never more room than the bytes at hand can fill: the count alone is a claim.
  const std::size_t likely = (input.size() - position_) / kLeastArgBytes;
  if (likely > 4) args_.reserve(std::min(static_cast<std::size_t>(declared_args_), likely));
  return true;
}

bool RequestDecoder::ReadBulkBytes(std::string_view input) {
  std::int64_t bytes = 0;
  std::size_t header = ReadPlainHeader(input.substr(position_), '$', bytes);
  if (header == 0 || bytes > limits_.max_bulk_bytes || unauthenticated_) {
    std::string_view line;
    if (!FindLine(input, '\r', line)) return false;
    if (!ReadBulkLine(line, limits_, unauthenticated_, bytes, error_)) {
      outcome_ = Outcome::kError;
      return false;
    }
    header = line.size() + kLineEndBytes;
  }
  position_ += header;
  canonical_ = canonical_ && input[position_ - 1] == '\n';
  bulk_bytes_ = bytes;
  return true;
}

bool RequestDecoder::FindLine(std::string_view input, char end, std::string_view& line) {
  const std::size_t from = std::max(position_, searched_);
  const std::size_t stop = std::min(input.size(), position_ + limits_.max_inline_bytes + 1);
  const char* const begin = input.data() + from;
  const std::size_t size = stop - from;
  const char* found = nullptr;
  if (!line_blocked_ && size > 0) {
    found = static_cast<const char*>(std::memchr(begin, end, size));
    const std::size_t before = found != nullptr ? static_cast<std::size_t>(found - begin) : size;
    line_blocked_ = before > 0 && std::memchr(begin, '\0', before) != nullptr;
  }
  if (found != nullptr && !line_blocked_) {
    line = input.substr(position_, static_cast<std::size_t>(found - input.data()) - position_);
    searched_ = position_ + line.size();
    // A header's '\r' needs one byte behind it, whatever it is.
    return end == '\n' || searched_ + 1 < input.size();
  }
  searched_ = stop;
  if (stop - position_ > limits_.max_inline_bytes) {
    const bool is_count = declared_args_ == kUnknown;
    Fail(end == '\n' ? "too big inline request" : EndlessHeaderError(is_count));
  }
  return false;
}

RequestDecoder::Outcome RequestDecoder::DecodeInline(std::string_view input, Request& request) {
  outcome_ = Outcome::kNeedMore;
  std::string_view line;
  if (!FindLine(input, '\n', line)) return outcome_ == Outcome::kNeedMore ? Pause(input) : outcome_;
  position_ = line.size() + 1;
  if (line.ends_with('\r')) line.remove_suffix(1);
  std::vector<std::string> words;
  if (!SplitInline(line, words)) return Fail("unbalanced quotes in request");
  if (words.empty()) return Finish(Outcome::kSkip);

  rewritten_.clear();
  std::size_t room = 32;
  for (const std::string& word : words) room += word.size() + 32;
  rewritten_.reserve(room);  // so that the views below stay where they are
  AppendArrayHeader(rewritten_, words.size());
  for (const std::string& word : words) {
    AppendBulk(rewritten_, word);
    args_.emplace_back(rewritten_.data() + rewritten_.size() - kLineEndBytes - word.size(), word.size());
  }
  request = {.args = args_, .raw = rewritten_, .was_inline = true};
  return Finish(Outcome::kRequest);
}

std::vector<std::string_view> RequestDecoder::Partial(std::string_view input) const {
  std::vector<std::string_view> whole;
  whole.reserve(args_.size());
  for (const std::string_view arg : args_) {
    whole.push_back(input.substr(static_cast<std::size_t>(arg.data() - base_), arg.size()));
  }
  return whole;
}

void RequestDecoder::BeginStream() {
  assert(!idle() && !failed());
  std::uint64_t known_bytes = position_;
  std::int64_t headers_left = declared_args_ == kUnknown ? kUnknown : args_left_;
  if (bulk_bytes_ != kUnknown) {
    known_bytes += static_cast<std::uint64_t>(bulk_bytes_) + kLineEndBytes;
    --headers_left;
  }
  stream_.Begin(known_bytes, headers_left);
  Finish(Outcome::kNeedMore);
  consumed_ = 0;
  Start();
  streaming_ = true;
}

std::size_t RequestDecoder::Stream(std::string_view input) {
  assert(streaming_);
  const std::size_t taken = stream_.Take(input, limits_, unauthenticated_, error_);
  streaming_ = !failed() && !stream_.done();
  return taken;
}

}  // namespace herdgate::resp

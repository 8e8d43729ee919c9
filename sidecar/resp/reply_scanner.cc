#include "sidecar/resp/reply_scanner.h"

#include <algorithm>
#include <cstring>

namespace herdgate::resp {
namespace {

constexpr std::size_t kLineEndBytes = 2;
constexpr std::string_view kNullBulk = "$-1\r\n";
constexpr std::uint64_t kMostOwed = std::uint64_t{1} << 62U;  // counting more replies than this would overflow

enum class Shape : unsigned char { kNone, kLine, kBulk, kAggregate, kPush, kAttribute, kChunk, kEnd };

constexpr std::array<Shape, 256> MakeShapes() {
  std::array<Shape, 256> shapes{};
  for (const char c : {'+', '-', ':', '_', '#', ',', '('}) shapes[static_cast<unsigned char>(c)] = Shape::kLine;
  for (const char c : {'$', '=', '!'}) shapes[static_cast<unsigned char>(c)] = Shape::kBulk;
  for (const char c : {'*', '~', '%'}) shapes[static_cast<unsigned char>(c)] = Shape::kAggregate;
  shapes['>'] = Shape::kPush;
  shapes['|'] = Shape::kAttribute;
  shapes[';'] = Shape::kChunk;
  shapes['.'] = Shape::kEnd;
  return shapes;
}

constexpr std::array<Shape, 256> kShapes = MakeShapes();

Shape ShapeOf(char type) {
  return kShapes[static_cast<unsigned char>(type)];
}

bool EndsLine(const char* bytes) {
  return bytes[0] == '\r' && bytes[1] == '\n';
}

// The size of a "$" reply that is whole in `rest`, or 0: then the careful path decides.
std::size_t WholeBulk(std::string_view rest) {
  std::uint64_t length = 0;
  const std::size_t stop = std::min(rest.size(), kMostLengthDigits + 1);
  std::size_t at = 1;
  for (; at < stop; ++at) {
    const unsigned digit = static_cast<unsigned char>(rest[at]) - static_cast<unsigned>('0');
    if (digit > 9) break;
    length = length * 10 + digit;
  }
  if (at == 1 && rest.starts_with(kNullBulk)) return kNullBulk.size();
  if (at == 1 || rest.size() < at + 2 * kLineEndBytes || !EndsLine(rest.data() + at)) return 0;
  at += kLineEndBytes;
  if (rest.size() - at - kLineEndBytes < length) return 0;
  at += length;
  return EndsLine(rest.data() + at) ? at + kLineEndBytes : 0;
}

std::size_t WholeLine(std::string_view rest) {
  const auto* end = static_cast<const char*>(std::memchr(rest.data(), '\n', rest.size()));
  if (end == nullptr || end[-1] != '\r') return 0;  // the type stands before any '\n'
  return static_cast<std::size_t>(end - rest.data()) + 1;
}

// The size of a reply without elements that is whole in `rest`, or 0.
std::size_t WholeReply(std::string_view rest) {
  if (rest.front() == '$') return WholeBulk(rest);
  return ShapeOf(rest.front()) == Shape::kLine ? WholeLine(rest) : 0;
}

}  // namespace

ReplyScanner::ReplyScanner(const Limits& limits) : limits_(limits) {}

bool ReplyScanner::idle() const {
  return !started_;
}

void ReplyScanner::Reset() {
  state_ = State::kHeader;
  started_ = failed_ = chunked_ = carriage_return_ = false;
  kind_ = 0;
  header_bytes_ = 0;
  owed_ = body_left_ = 0;
  streamed_.clear();
}

bool ReplyScanner::Complete() const {
  return owed_ == 0 && state_ == State::kHeader && header_bytes_ == 0 && !chunked_ && streamed_.empty();
}

ReplyScanner::Progress ReplyScanner::Scan(std::string_view input) {
  if (failed_ || input.empty()) return {};
  if (!started_) {
    kind_ = 0;
    if (const std::size_t whole = WholeReply(input); whole != 0) {
      kind_ = input.front();
      return {.bytes = whole, .complete = true};
    }
    started_ = true;
    owed_ = 1;
  }
  std::size_t taken = 0;
  while (taken < input.size()) {
    taken += Step(input.substr(taken));
    if (failed_) return {};
    if (Complete()) {
      started_ = false;
      return {.bytes = taken, .complete = true};
    }
  }
  return {.bytes = taken, .complete = false};
}

std::size_t ReplyScanner::Step(std::string_view rest) {
  switch (state_) {
    case State::kBody:
      return TakeBody(rest);
    case State::kLine:
      return TakeLine(rest);
    case State::kHeader:
      break;
  }
  if (header_bytes_ > 0) return TakeHeader(rest);
  if (!chunked_) BeginElement(rest.front());
  if (chunked_ && rest.front() != ';') Fail();
  if (failed_) return 0;
  if (chunked_) return TakeHeader(rest);
  if (const std::size_t whole = WholeReply(rest); whole != 0) {
    --owed_;
    return whole;
  }
  if (ShapeOf(rest.front()) != Shape::kLine) return TakeHeader(rest);
  state_ = State::kLine;
  carriage_return_ = false;
  return TakeLine(rest);
}

void ReplyScanner::BeginElement(char type) {
  const Shape shape = ShapeOf(type);
  if (shape == Shape::kNone || shape == Shape::kChunk) return Fail();
  if (shape == Shape::kEnd) {
    if (owed_ != 0 || streamed_.empty()) Fail();
    return;
  }
  if (owed_ == 0) owed_ = streamed_.back().unit;
  // Only the reply itself is owed: what attributes hold is owed on top of it.
  if (kind_ == 0 && owed_ == 1 && streamed_.empty() && shape != Shape::kAttribute) kind_ = type;
}

std::size_t ReplyScanner::TakeLine(std::string_view rest) {
  std::size_t from = 0;
  while (const auto* end = static_cast<const char*>(std::memchr(rest.data() + from, '\n', rest.size() - from))) {
    const auto at = static_cast<std::size_t>(end - rest.data());
    if (at > 0 ? rest[at - 1] == '\r' : carriage_return_) {
      state_ = State::kHeader;
      --owed_;
      return at + 1;
    }
    from = at + 1;
    if (from == rest.size()) break;
  }
  carriage_return_ = rest.back() == '\r';
  return rest.size();
}

std::size_t ReplyScanner::TakeBody(std::string_view rest) {
  const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(body_left_, rest.size()));
  if (body_left_ - taken < kLineEndBytes) {
    const bool has_first = body_left_ >= kLineEndBytes;
    if (has_first && rest[static_cast<std::size_t>(body_left_) - 2] != '\r') Fail();
    if (taken == body_left_ && rest[taken - 1] != '\n') Fail();
  }
  body_left_ -= taken;
  if (body_left_ == 0) state_ = State::kHeader;
  return taken;
}

std::size_t ReplyScanner::TakeHeader(std::string_view rest) {
  const std::string_view window = rest.substr(0, kMostReplyHeaderBytes - header_bytes_);
  const std::size_t end = window.find('\n');
  const std::size_t taken = end == std::string_view::npos ? window.size() : end + 1;
  std::string_view header = window.substr(0, taken);
  const bool cut = header_bytes_ > 0 || end == std::string_view::npos;
  if (cut) {
    std::memcpy(header_.data() + header_bytes_, window.data(), taken);
    header_bytes_ = static_cast<unsigned char>(header_bytes_ + taken);
    header = {header_.data(), header_bytes_};
  }
  if (end == std::string_view::npos) {
    if (header_bytes_ == kMostReplyHeaderBytes) Fail();
    return taken;
  }
  header_bytes_ = 0;
  if (!header.ends_with("\r\n")) {
    Fail();
  } else {
    EndHeader(header.substr(0, header.size() - kLineEndBytes));
  }
  return taken;
}

void ReplyScanner::EndHeader(std::string_view header) {
  const char type = header.front();
  const Shape shape = ShapeOf(type);
  const std::string_view text = header.substr(1);
  if (shape == Shape::kEnd) return text.empty() ? CloseStreamed() : Fail();
  if (text == "?") return OpenStreamed(type);
  std::uint64_t length = 0;
  if (text == "-1" && (shape == Shape::kBulk || shape == Shape::kAggregate)) {
    --owed_;
    return;
  }
  if (!ReadReplyLength(text, length)) return Fail();
  if (shape == Shape::kBulk || shape == Shape::kChunk) {
    const bool last_chunk = shape == Shape::kChunk && length == 0;
    if (last_chunk) chunked_ = false;
    if (last_chunk || shape == Shape::kBulk) --owed_;
    if (last_chunk) return;
    state_ = State::kBody;
    body_left_ = length + kLineEndBytes;
    return;
  }
  // An attribute is no reply: the one it belongs to stays owed.
  if (shape != Shape::kAttribute) --owed_;
  Owe(type == '%' || type == '|' ? 2 * length : length);
}

void ReplyScanner::Owe(std::uint64_t replies) {
  if (replies > kMostOwed - owed_) return Fail();
  owed_ += replies;
}

void ReplyScanner::OpenStreamed(char type) {
  if (type == '$') {
    chunked_ = true;
    return;
  }
  if (ShapeOf(type) != Shape::kAggregate || streamed_.size() >= limits_.max_nesting) return Fail();
  streamed_.push_back({.owed_outside = owed_ - 1, .unit = type == '%' ? 2U : 1U});
  owed_ = 0;
}

void ReplyScanner::CloseStreamed() {
  owed_ = streamed_.back().owed_outside;
  streamed_.pop_back();
}

}  // namespace herdgate::resp

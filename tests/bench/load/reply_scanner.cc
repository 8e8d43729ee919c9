#include "tests/bench/load/reply_scanner.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace herdgate::bench {
namespace {

constexpr size_t kMaxErrorText = 200;
constexpr int64_t kMaxNumber = int64_t{1} << 40;

}  // namespace

ReplyScanner::Outcome ReplyScanner::Feed(const char** cursor, const char* end) {
  const char* at = *cursor;
  Outcome outcome = Outcome::kNeedMore;
  while (at < end && outcome == Outcome::kNeedMore) {
    switch (state_) {
      case State::kType:
        outcome = ReadType(*at++);
        break;
      case State::kNumber:
        outcome = ReadNumber(*at++);
        break;
      case State::kText:
        at = SkipText(at, end);
        break;
      case State::kLineFeed:
        outcome = *at++ == '\n' ? EndLine() : Outcome::kMalformed;
        break;
      case State::kBody: {
        const uint64_t skip = std::min(body_left_, static_cast<uint64_t>(end - at));
        at += skip;
        body_left_ -= skip;
        if (body_left_ == 0) state_ = State::kBodyReturn;
        break;
      }
      case State::kBodyReturn:
        if (*at++ != '\r') return Outcome::kMalformed;
        state_ = State::kBodyLineFeed;
        break;
      case State::kBodyLineFeed:
        outcome = *at++ == '\n' ? EndElement() : Outcome::kMalformed;
        break;
    }
  }
  *cursor = at;
  return outcome;
}

void ReplyScanner::Begin() {
  reply_ = Reply{};
  elements_left_ = 1;
  fresh_ = false;
}

ReplyScanner::Outcome ReplyScanner::ReadType(char byte) {
  outermost_ = fresh_;
  if (fresh_) {
    Begin();
    reply_.type = byte;
  }
  type_ = byte;
  number_ = 0;
  negative_ = false;
  if (byte == '$' || byte == '*') {
    state_ = State::kNumber;
    return Outcome::kNeedMore;
  }
  if (std::string_view("+-:_,#").find(byte) == std::string_view::npos) return Outcome::kMalformed;
  if (byte == '-') error_text_.clear();
  state_ = State::kText;
  return Outcome::kNeedMore;
}

ReplyScanner::Outcome ReplyScanner::ReadNumber(char byte) {
  if (byte >= '0' && byte <= '9') {
    number_ = number_ * 10 + (byte - '0');
    return number_ > kMaxNumber ? Outcome::kMalformed : Outcome::kNeedMore;
  }
  if (byte == '-' && !negative_ && number_ == 0) {
    negative_ = true;
    return Outcome::kNeedMore;
  }
  if (byte != '\r') return Outcome::kMalformed;
  state_ = State::kLineFeed;
  return Outcome::kNeedMore;
}

const char* ReplyScanner::SkipText(const char* cursor, const char* end) {
  const char* stop = static_cast<const char*>(std::memchr(cursor, '\r', static_cast<size_t>(end - cursor)));
  const char* text_end = stop == nullptr ? end : stop;
  if (type_ == '-' && error_text_.size() < kMaxErrorText) {
    const size_t room = kMaxErrorText - error_text_.size();
    error_text_.append(cursor, std::min(room, static_cast<size_t>(text_end - cursor)));
  }
  if (stop == nullptr) return end;
  state_ = State::kLineFeed;
  return stop + 1;
}

ReplyScanner::Outcome ReplyScanner::EndLine() {
  const int64_t value = negative_ ? -number_ : number_;
  if (type_ == '$') {
    if (outermost_) reply_.length = value;
    if (value < 0) {
      ++reply_.nils;
      return EndElement();
    }
    ++reply_.bulks;
    reply_.bulk_bytes += static_cast<uint64_t>(value);
    body_left_ = static_cast<uint64_t>(value);
    state_ = value > 0 ? State::kBody : State::kBodyReturn;
    return Outcome::kNeedMore;
  }
  if (type_ == '*') {
    if (outermost_) reply_.length = value;
    if (value > 0) elements_left_ += static_cast<uint64_t>(value);
    if (value < 0) ++reply_.nils;
  }
  if (type_ == '_') ++reply_.nils;
  if (type_ == '-' && !outermost_) ++reply_.nested_errors;
  return EndElement();
}

ReplyScanner::Outcome ReplyScanner::EndElement() {
  state_ = State::kType;
  if (--elements_left_ > 0) return Outcome::kNeedMore;
  fresh_ = true;
  return Outcome::kReply;
}

}  // namespace herdgate::bench

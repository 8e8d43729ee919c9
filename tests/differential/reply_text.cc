#include "tests/differential/reply_text.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <ctime>

namespace herdgate::differential {
namespace {

// A whole line ":N\r\n" is never longer.
constexpr std::size_t kLongestNumberLine = 24;

// Steps over one reply. False: it is not whole, or no RESP.
bool SkipReply(std::string_view& text, bool& push) {
  int64_t left = 1;
  push = !text.empty() && text[0] == '>';
  while (left > 0) {
    const std::size_t end = text.find("\r\n");
    if (end == std::string_view::npos || end == 0) return false;
    const char type = text[0];
    int64_t number = 0;
    std::from_chars(text.data() + 1, text.data() + end, number);
    text.remove_prefix(end + 2);
    --left;
    if ((type == '$' || type == '=') && number >= 0) {
      if (text.size() < static_cast<std::size_t>(number) + 2) return false;
      text.remove_prefix(static_cast<std::size_t>(number) + 2);
    } else if (type == '*' || type == '~' || type == '>') {
      left += number > 0 ? number : 0;
    } else if (type == '%') {
      left += 2 * number;
    }
  }
  return true;
}

}  // namespace

bool DependsOnTheTime(std::string_view digits, int64_t now_seconds) {
  constexpr int64_t kSlack = 100000;  // a run is shorter than a day
  int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return false;
  const auto near = [number](int64_t seconds) {
    return std::llabs(number - seconds) < kSlack || std::llabs(number / 1000 - seconds) < kSlack;
  };
  return near(kLongTtlSeconds) || near(now_seconds + kLongTtlSeconds) || near(kFarTimeSeconds - now_seconds);
}

void ReplyText::Feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::size_t length = end == std::string_view::npos ? bytes.size() : end + 1;
    if (in_long_line_ || tail_.size() + length > kLongestNumberLine) {
      text_ += tail_;
      tail_.clear();
      text_ += bytes.substr(0, length);
      in_long_line_ = end == std::string_view::npos;
      id_words_ = 0;
    } else {
      tail_ += bytes.substr(0, length);
      if (end != std::string_view::npos) EndLine();
    }
    bytes.remove_prefix(length);
  }
}

void ReplyText::EndLine() {
  const std::string_view line =
      std::string_view(tail_).substr(0, tail_.size() - std::min<std::size_t>(2, tail_.size()));
  const bool number = line.size() > 1 && line[0] == ':';
  if (number && id_words_ == 2) {
    text_ += ":ID\r\n";
  } else if (number && line.size() > 10 && DependsOnTheTime(line.substr(1), std::time(nullptr))) {
    text_ += ":EXPIRY\r\n";
  } else {
    text_ += tail_;
  }
  id_words_ = line == "$2" ? 1 : line == "id" && id_words_ == 1 ? 2 : 0;
  tail_.clear();
}

void ReplyText::Take(std::size_t length) {
  taken_ += length;
  if (taken_ < text_.size() && taken_ < (1U << 20U)) return;
  text_.erase(0, taken_);
  taken_ = 0;
}

std::size_t CountReplies(std::string_view text) {
  std::size_t count = 0;
  for (bool push = false; !text.empty() && SkipReply(text, push);) count += push ? 0 : 1;
  return count;
}

}  // namespace herdgate::differential

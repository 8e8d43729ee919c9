// ReplyText: the bytes of a connection with what can't be equal on two servers masked.
//
// Masked are integer replies (whole lines ":N") that
//   - stand behind "$2 id": the client id in HELLO, which counts connections;
//   - lie near kLongTtl, in seconds or milliseconds: what TTL and PTTL say of the only relative expiry that scripts
//   use;
//   - lie near now + kLongTtl: what EXPIRETIME and PEXPIRETIME say of it;
//   - lie near kFarTime - now: what TTL and PTTL say of the absolute expiries.
// Everything else passes byte for byte. Lines are judged wherever they stand, also inside a bulk string: it is the same
// on both sides. Threads: one owner.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace herdgate::differential {

// 126 years: far from any other number in a script.
inline constexpr int64_t kLongTtlSeconds = 4000000000;
// The year 2160: where absolute expiries begin.
inline constexpr int64_t kFarTimeSeconds = 6000000000;

// Whether the text of a ":N" line is an expiry that depends on when it was set. `now_seconds` is Unix time.
bool DependsOnTheTime(std::string_view digits, int64_t now_seconds);

class ReplyText {
 public:
  void Feed(std::string_view bytes);

  // What is masked already and not yet taken. A line that may still be masked waits in tail().
  std::string_view text() const { return std::string_view(text_).substr(taken_); }
  const std::string& tail() const { return tail_; }
  void Take(std::size_t length);

 private:
  void EndLine();

  std::string text_;
  std::size_t taken_ = 0;
  std::string tail_;  // an unfinished line, while it is short
  bool in_long_line_ = false;
  int id_words_ = 0;  // 1 after "$2", 2 after "$2", "id"
};

// How many whole replies `text` holds; pushes don't count. Stops at what is no RESP.
std::size_t CountReplies(std::string_view text);

}  // namespace herdgate::differential

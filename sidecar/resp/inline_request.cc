#include "sidecar/resp/inline_request.h"

#include <cstddef>

namespace herdgate::resp {
namespace {

// isspace() of the C locale, which Redis keeps whatever the environment says.
bool IsSpace(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// The bytes that end a bare word: fewer than IsSpace, as in Redis ('\v' and '\f' stay in the word).
bool EndsWord(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char Unescaped(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case 'a':
      return '\a';
    default:
      return c;
  }
}

class Splitter {
 public:
  explicit Splitter(std::string_view line) : line_(line) {}

  bool SkipSpace() {
    while (at_ < line_.size() && IsSpace(line_[at_])) ++at_;
    return at_ < line_.size();
  }

  // One word from its first byte. A quote may open in the middle of a word, and closes it.
  bool TakeWord(std::string& word) {
    for (; at_ < line_.size() && !EndsWord(line_[at_]); ++at_) {
      const char c = line_[at_];
      if (c == '"') return TakeDoubleQuoted(word);
      if (c == '\'') return TakeSingleQuoted(word);
      word += c;
    }
    return true;
  }

 private:
  char Peek(std::size_t ahead) const { return at_ + ahead < line_.size() ? line_[at_ + ahead] : '\0'; }

  bool CloseQuote() {
    ++at_;
    return at_ == line_.size() || IsSpace(line_[at_]);
  }

  bool TakeDoubleQuoted(std::string& word) {
    for (++at_; at_ < line_.size(); ++at_) {
      const char c = line_[at_];
      if (c == '"') return CloseQuote();
      if (c != '\\' || at_ + 1 == line_.size()) {
        word += c;
        continue;
      }
      const int high = Peek(1) == 'x' ? HexDigit(Peek(2)) : -1;
      const int low = high >= 0 ? HexDigit(Peek(3)) : -1;
      if (low >= 0) {
        word += static_cast<char>(high * 16 + low);
        at_ += 3;
      } else {
        word += Unescaped(Peek(1));
        ++at_;
      }
    }
    return false;
  }

  bool TakeSingleQuoted(std::string& word) {
    for (++at_; at_ < line_.size(); ++at_) {
      const char c = line_[at_];
      if (c == '\'') return CloseQuote();
      const bool escaped_quote = c == '\\' && Peek(1) == '\'';
      if (escaped_quote) ++at_;
      word += escaped_quote ? '\'' : c;
    }
    return false;
  }

  std::string_view line_;
  std::size_t at_ = 0;
};

}  // namespace

bool SplitInline(std::string_view line, std::vector<std::string>& words) {
  words.clear();
  Splitter splitter(line);
  while (splitter.SkipSpace()) {
    if (!splitter.TakeWord(words.emplace_back())) return false;
  }
  return true;
}

}  // namespace herdgate::resp

// ScriptTokens: a Lua 5.1 script as tokens, with the brackets and blocks that belong together: as much of Lua as
// BuildsKeyNames needs.
//
// Threads: immutable once read. It views the script, which must outlive it. Errors: a script whose strings, brackets or
// blocks do not end is not valid(); Redis will refuse it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace herdgate::policy {

enum class TokenKind : std::uint8_t {
  kName,    // keywords too
  kString,  // its text without quotes, escapes as written
  kNumber,
  kSymbol,
};

struct ScriptToken {
  TokenKind kind = TokenKind::kSymbol;
  std::string_view text;
  // Of ( [ { and their ends, and of function and its end: the index of the other one; else the token's own.
  std::size_t match = 0;
  // Index of the innermost bracket that is open here; ScriptTokens::kNone outside of all.
  std::size_t bracket = 0;
};

class ScriptTokens {
 public:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  static constexpr std::size_t kMostNesting = 250;  // above what Lua itself compiles

  explicit ScriptTokens(std::string_view script);

  bool valid() const { return valid_; }
  std::size_t size() const { return tokens_.size(); }
  const ScriptToken& operator[](std::size_t i) const { return tokens_[i]; }
  // False behind the last token too.
  bool Is(std::size_t i, TokenKind kind) const { return i < size() && tokens_[i].kind == kind; }
  bool IsSymbol(std::size_t i, std::string_view text) const {
    return Is(i, TokenKind::kSymbol) && tokens_[i].text == text;
  }
  bool IsName(std::size_t i, std::string_view text) const { return Is(i, TokenKind::kName) && tokens_[i].text == text; }

 private:
  void Add(TokenKind kind, std::size_t begin, std::size_t size);
  bool TakeSpaceOrComment();
  bool TakeString();
  void TakeWord();
  void TakeSymbol();
  // Of "[[" or "[==[" at `at`: how many bytes it has; 0 if it is none.
  std::size_t LongBracket(std::size_t at) const;
  // Moves behind the end of the long bracket; false if it has none.
  bool TakeLong(std::size_t opening, std::size_t& body_end);
  bool Match();

  std::string_view script_;
  std::size_t at_ = 0;
  std::vector<ScriptToken> tokens_;
  bool valid_ = true;
};

}  // namespace herdgate::policy

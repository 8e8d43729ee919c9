#include "sidecar/policy/script_tokens.h"

#include <algorithm>
#include <array>
#include <string>

namespace herdgate::policy {
namespace {

bool IsSpace(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

bool IsWord(char c) {
  return c == '_' || IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool Opens(const ScriptToken& token) {
  if (token.kind == TokenKind::kSymbol) return token.text == "(" || token.text == "[" || token.text == "{";
  if (token.kind != TokenKind::kName) return false;
  return token.text == "function" || token.text == "do" || token.text == "if" || token.text == "repeat";
}

// The text that ends what `opening` opens.
std::string_view EndOf(std::string_view opening) {
  if (opening == "(") return ")";
  if (opening == "[") return "]";
  if (opening == "{") return "}";
  return opening == "repeat" ? "until" : "end";
}

bool Closes(const ScriptToken& token) {
  if (token.kind == TokenKind::kSymbol) return token.text == ")" || token.text == "]" || token.text == "}";
  return token.kind == TokenKind::kName && (token.text == "end" || token.text == "until");
}

}  // namespace

ScriptTokens::ScriptTokens(std::string_view script) : script_(script) {
  if (script_.starts_with("#!")) at_ = std::min(script_.find('\n'), script_.size());
  while (valid_ && at_ < script_.size()) {
    if (TakeSpaceOrComment()) continue;
    const char c = script_[at_];
    const bool fraction = c == '.' && at_ + 1 < script_.size() && IsDigit(script_[at_ + 1]);
    if (c == '"' || c == '\'' || LongBracket(at_) > 0) {
      valid_ = TakeString();
    } else if (IsWord(c) || fraction) {
      TakeWord();
    } else {
      TakeSymbol();
    }
  }
  valid_ = valid_ && Match();
}

void ScriptTokens::Add(TokenKind kind, std::size_t begin, std::size_t size) {
  tokens_.push_back({kind, script_.substr(begin, size), tokens_.size(), kNone});
}

std::size_t ScriptTokens::LongBracket(std::size_t at) const {
  if (script_[at] != '[') return 0;
  std::size_t end = at + 1;
  while (end < script_.size() && script_[end] == '=') ++end;
  return end < script_.size() && script_[end] == '[' ? end + 1 - at : 0;
}

bool ScriptTokens::TakeLong(std::size_t opening, std::size_t& body_end) {
  std::string closing(script_.substr(at_, opening));
  closing.front() = closing.back() = ']';
  body_end = script_.find(closing, at_ + opening);
  if (body_end == std::string_view::npos) return false;
  at_ = body_end + opening;
  return true;
}

bool ScriptTokens::TakeSpaceOrComment() {
  if (IsSpace(script_[at_])) {
    ++at_;
    return true;
  }
  if (!script_.substr(at_).starts_with("--")) return false;
  at_ += 2;
  std::size_t end = 0;
  if (const std::size_t opening = at_ < script_.size() ? LongBracket(at_) : 0; opening > 0) {
    valid_ = TakeLong(opening, end);
  } else {
    at_ = std::min(script_.find('\n', at_), script_.size());
  }
  return true;
}

bool ScriptTokens::TakeString() {
  if (const std::size_t opening = LongBracket(at_); opening > 0) {
    const std::size_t begin = at_ + opening;
    std::size_t end = 0;
    if (!TakeLong(opening, end)) return false;
    Add(TokenKind::kString, begin, end - begin);
    return true;
  }
  const std::size_t begin = at_ + 1;
  for (std::size_t end = begin; end < script_.size(); ++end) {
    if (script_[end] == '\\') {
      ++end;
    } else if (script_[end] == script_[at_]) {
      Add(TokenKind::kString, begin, end - begin);
      at_ = end + 1;
      return true;
    }
  }
  return false;
}

void ScriptTokens::TakeWord() {
  const std::size_t begin = at_;
  const bool number = !IsWord(script_[begin]) || IsDigit(script_[begin]);
  for (++at_; at_ < script_.size(); ++at_) {
    const char c = script_[at_];
    const bool exponent = (script_[at_ - 1] == 'e' || script_[at_ - 1] == 'E') && (c == '+' || c == '-');
    // "1..2" is malformed in Lua, "a..b" joins.
    if (!IsWord(c) && !(number && (c == '.' || exponent))) break;
  }
  Add(number ? TokenKind::kNumber : TokenKind::kName, begin, at_ - begin);
}

void ScriptTokens::TakeSymbol() {
  static constexpr std::array<std::string_view, 6> kLong = {"...", "..", "==", "~=", "<=", ">="};
  std::size_t size = 1;
  for (const std::string_view symbol : kLong) {
    if (script_.substr(at_).starts_with(symbol)) {
      size = symbol.size();
      break;
    }
  }
  Add(TokenKind::kSymbol, at_, size);
  at_ += size;
}

bool ScriptTokens::Match() {
  std::vector<std::size_t> open;
  std::vector<std::size_t> brackets = {kNone};
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    ScriptToken& token = tokens_[i];
    if (Closes(token)) {
      if (open.empty() || EndOf(tokens_[open.back()].text) != token.text) return false;
      token.match = open.back();
      tokens_[open.back()].match = i;
      open.pop_back();
      brackets.pop_back();
    }
    token.bracket = brackets.back();
    if (Opens(token)) {
      open.push_back(i);
      brackets.push_back(token.kind == TokenKind::kSymbol ? i : kNone);
      if (open.size() > kMostNesting) return false;
    }
  }
  return open.empty();
}

}  // namespace herdgate::policy

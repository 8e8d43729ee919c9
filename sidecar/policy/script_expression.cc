#include "sidecar/policy/script_expression.h"

#include <algorithm>
#include <array>

namespace herdgate::policy {
namespace {

// Words at which no operand begins.
constexpr std::array<std::string_view, 18> kReserved = {"and",    "break", "do",    "else",  "elseif", "end",
                                                        "for",    "if",    "in",    "local", "or",     "repeat",
                                                        "return", "then",  "until", "while", "goto",   "not"};
constexpr std::array<std::string_view, 6> kComparisons = {"==", "~=", "<", "<=", ">", ">="};
constexpr std::array<std::string_view, 6> kArithmetic = {"+", "-", "*", "/", "%", "^"};

template <std::size_t kCount>
bool IsOneOf(std::string_view text, const std::array<std::string_view, kCount>& words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

}  // namespace

std::size_t EndOfOperand(const ScriptTokens& tokens, std::size_t at) {
  while (tokens.IsName(at, "not") || tokens.IsSymbol(at, "-") || tokens.IsSymbol(at, "#")) ++at;
  if (at >= tokens.size()) return at;
  if (tokens.IsName(at, "function") || tokens.IsSymbol(at, "{")) return tokens[at].match + 1;
  if (tokens.IsSymbol(at, "(")) {
    at = tokens[at].match + 1;
  } else if (tokens[at].kind != TokenKind::kSymbol &&
             !(tokens[at].kind == TokenKind::kName && IsOneOf(tokens[at].text, kReserved))) {
    if (tokens[at++].kind == TokenKind::kNumber) return at;
  } else {
    return tokens.IsSymbol(at, "...") ? at + 1 : at;
  }
  while (at < tokens.size()) {
    if ((tokens.IsSymbol(at, ".") || tokens.IsSymbol(at, ":")) && tokens.Is(at + 1, TokenKind::kName)) {
      at += 2;
    } else if (tokens.IsSymbol(at, "(") || tokens.IsSymbol(at, "[") || tokens.IsSymbol(at, "{")) {
      at = tokens[at].match + 1;
    } else if (tokens.Is(at, TokenKind::kString)) {
      ++at;
    } else {
      break;
    }
  }
  return at;
}

std::size_t EndOfExpression(const ScriptTokens& tokens, std::size_t at) {
  while (true) {
    const std::size_t end = EndOfOperand(tokens, at);
    if (end == at || end >= tokens.size()) return end;
    const std::string_view text = tokens[end].text;
    const bool joins = tokens[end].kind == TokenKind::kSymbol
                           ? text == ".." || IsOneOf(text, kComparisons) || IsOneOf(text, kArithmetic)
                           : tokens[end].kind == TokenKind::kName && (text == "and" || text == "or");
    if (!joins) return end;
    at = end + 1;
  }
}

std::vector<TokenRange> Expressions(const ScriptTokens& tokens, std::size_t at) {
  std::vector<TokenRange> expressions;
  while (true) {
    const std::size_t end = std::min(EndOfExpression(tokens, at), tokens.size());
    if (end <= at) return expressions;
    expressions.push_back({at, end});
    if (!tokens.IsSymbol(end, ",")) return expressions;
    at = end + 1;
  }
}

std::vector<TokenRange> Arguments(const ScriptTokens& tokens, std::size_t open) {
  if (tokens.Is(open, TokenKind::kString)) return {{open, open + 1}};  // f "x"
  if (tokens.IsSymbol(open, "{")) return {{open, tokens[open].match + 1}};
  return Expressions(tokens, open + 1);
}

}  // namespace herdgate::policy

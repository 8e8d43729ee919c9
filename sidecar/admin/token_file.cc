#include "sidecar/admin/token_file.h"

#include <algorithm>
#include <array>

namespace herdgate::admin {
namespace {

std::string_view NextWord(std::string_view& line) {
  const std::size_t begin = std::min(line.find_first_not_of(" \t\r"), line.size());
  const std::size_t end = std::min(line.find_first_of(" \t\r", begin), line.size());
  const std::string_view word = line.substr(begin, end - begin);
  line.remove_prefix(end);
  return word;
}

// What is wrong; empty: nothing, and `token` is set if the line has one.
std::string ParseLine(std::string_view line, std::optional<Token>& token) {
  const std::string_view name = NextWord(line);
  if (name.empty() || name.front() == '#') return "";
  const std::optional<ScopeSet> scopes = ScopeSet::Parse(NextWord(line));
  const std::optional<Digest> digest = DigestFromHex(NextWord(line));
  if (!IsTokenName(name)) return "the name must be 1 to 64 letters, digits, dots, underscores or dashes";
  if (!scopes) return "the scopes must be a list like read,inspect";
  if (!digest) return "the hash must be 64 hexadecimal digits in lower case";
  if (!NextWord(line).empty()) return "there is more than a name, scopes and a hash";
  token = Token{.name = std::string(name), .scopes = *scopes, .digest = *digest};
  return "";
}

}  // namespace

bool IsTokenName(std::string_view name) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  return !name.empty() && name.size() <= 64 && name.find_first_not_of(kAllowed) == std::string_view::npos;
}

base::Result<std::vector<Token>> ParseTokens(std::string_view text) {
  std::vector<Token> tokens;
  const auto fail = [](std::size_t number, const std::string& why) {
    return base::Status(base::ErrorCode::kInvalidArgument, "line " + std::to_string(number) + ": " + why);
  };
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    std::optional<Token> token;
    if (const std::string why = ParseLine(line, token); !why.empty()) return fail(number, why);
    if (!token) continue;
    if (std::ranges::find(tokens, token->name, &Token::name) != tokens.end()) {
      return fail(number, "the name is given twice");
    }
    if (tokens.size() == kMaxTokens) return fail(number, "there are more than 1000 tokens");
    tokens.push_back(std::move(*token));
  }
  return tokens;
}

const Token* FindToken(const std::vector<Token>& tokens, std::string_view secret) {
  const Digest digest = Sha256(secret);
  const Token* found = nullptr;
  for (const Token& token : tokens) {
    if (SameDigest(token.digest, digest)) found = &token;
  }
  return found;
}

std::string TokenLine(std::string_view name, std::string_view scopes, std::string_view secret) {
  return std::string(name).append(" ").append(scopes).append(" ").append(Hex(Sha256(secret)));
}

}  // namespace herdgate::admin

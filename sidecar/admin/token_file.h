// Tokens: who may use the admin API. A file with one line each:
//
//   # name  scopes              SHA-256 of the token, hexadecimal
//   alice   read,inspect        2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
//
// Blank lines and lines that begin with # say nothing. The file holds no secret: a token is 256 random bits
// (`herdgate token` makes one), which nobody finds by trying.
// Threads: plain values and pure functions. Errors name the line and never repeat its text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sidecar/admin/scope.h"
#include "sidecar/admin/text_codec.h"
#include "sidecar/base/result.h"

namespace herdgate::admin {

struct Token {
  std::string name;  // [A-Za-z0-9._-]{1,64}, unique
  ScopeSet scopes;
  Digest digest{};
};

inline constexpr std::size_t kMaxTokens = 1000;

base::Result<std::vector<Token>> ParseTokens(std::string_view text);
bool IsTokenName(std::string_view name);

// The token that `secret` is; null: none. Its time depends on how many there are and on nothing else.
const Token* FindToken(const std::vector<Token>& tokens, std::string_view secret);

// The line of the file. REQUIRES: a name, and scopes that ScopeSet::Parse takes.
std::string TokenLine(std::string_view name, std::string_view scopes, std::string_view secret);

}  // namespace herdgate::admin

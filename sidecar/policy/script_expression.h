// Where the expressions of a Lua script end, as far as that can be told from its tokens.
//
// Threads: pure functions. Malformed text ends an expression early; what they return never exceeds the tokens.
#pragma once

#include <cstddef>
#include <vector>

#include "sidecar/policy/script_tokens.h"

namespace herdgate::policy {

// Tokens from begin up to end.
struct TokenRange {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// Behind the operand at `at`: signs, a value, and what is called, indexed or named on it; `at` itself if there is none.
std::size_t EndOfOperand(const ScriptTokens& tokens, std::size_t at);
// Behind all operands that operators join.
std::size_t EndOfExpression(const ScriptTokens& tokens, std::size_t at);
// x, y, z: from `at` on.
std::vector<TokenRange> Expressions(const ScriptTokens& tokens, std::size_t at);
// The arguments of the call whose "(" is at `open`; or f "x", or f {x}.
std::vector<TokenRange> Arguments(const ScriptTokens& tokens, std::size_t open);

}  // namespace herdgate::policy

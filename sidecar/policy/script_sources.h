// ScriptSources: where the values of a Lua script come from: from KEYS, or from something that a script may make a key
// name of.
//
// Every variable has the join of the sources of all that is assigned to it, whatever the order; functions carry those
// of their arguments in and of their results out. Iterated until nothing changes, as in any data flow analysis (Kildall
// 1973), but at most kMostPasses times: sources that take a longer way are missed.
// Threads: one owner. It views the tokens, which must outlive it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "sidecar/policy/script_expression.h"
#include "sidecar/policy/script_tokens.h"

namespace herdgate::policy {

// A set of sources; empty: not known, or nothing that could be a name.
using Sources = std::uint8_t;
inline constexpr Sources kFromKeys = 1;
inline constexpr Sources kLiteral = 2;
inline constexpr Sources kJoined = 4;   // by "..", string.format, ...
inline constexpr Sources kData = 8;     // ARGV, a command's reply, decoded JSON
inline constexpr Sources kCaller = 16;  // redis.call itself, under another name
inline constexpr Sources kNotFromKeys = kLiteral | kJoined | kData;

class ScriptSources {
 public:
  // REQUIRES: tokens.valid()
  explicit ScriptSources(const ScriptTokens& tokens);

  Sources Of(TokenRange expression) const;
  // If a command's call begins at token `at` (redis.call, a variable that is it): the index of its "("; else kNone.
  std::size_t CommandCall(std::size_t at) const;

 private:
  static constexpr int kMostPasses = 16;

  struct Function {
    std::vector<std::string_view> parameters;
    std::size_t parent = 0;
    Sources results = 0;
  };
  using Variable = std::pair<std::size_t, std::string_view>;  // the function that declares it, and its name

  // An operand with its suffixes, taken apart: a.b.c(x)
  struct Chain {
    std::string_view last;  // the name before the call, or the last of all
    bool method = false;    // by ":"
    std::size_t call = ScriptTokens::kNone;
  };

  void Declare();
  void DeclareFunction(std::size_t at);
  // The functions of that name; of a.b.c the last one counts.
  const std::vector<std::size_t>& Named(std::string_view name) const;
  bool Propagate();
  void Assign(std::size_t equals);
  void AssignLoop(std::size_t at);
  void PassArguments(std::size_t open);
  void Join(std::size_t function, std::string_view name, Sources sources);

  Sources OfOperand(TokenRange operand) const;
  Sources OfNamed(TokenRange operand) const;
  Sources OfCall(std::string_view base, const Chain& chain) const;
  Sources OfTable(std::size_t open) const;
  Sources OfArguments(std::size_t open) const;
  Chain TakeApart(TokenRange operand) const;
  // Where a variable seen in `function` is declared; 0: nowhere, it is global.
  std::size_t Home(std::size_t function, std::string_view name) const;
  Sources OfVariable(std::size_t at) const;

  const ScriptTokens& tokens_;
  std::vector<std::size_t> function_of_;  // by token
  std::vector<Function> functions_;       // the first is the script itself
  std::map<std::string_view, std::vector<std::size_t>> named_;
  std::map<Variable, Sources> variables_;
  bool changed_ = false;
};

}  // namespace herdgate::policy

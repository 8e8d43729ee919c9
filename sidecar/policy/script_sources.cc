#include "sidecar/policy/script_sources.h"

#include <algorithm>
#include <array>

#include "sidecar/policy/script_expression.h"

namespace herdgate::policy {
namespace {

constexpr std::size_t kNone = ScriptTokens::kNone;

template <std::size_t kCount>
bool IsOneOf(std::string_view text, const std::array<std::string_view, kCount>& words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

constexpr std::array<std::string_view, 4> kConstants = {"nil", "true", "false", "function"};
// What they return comes from their arguments.
constexpr std::array<std::string_view, 11> kTransparent = {
    "unpack", "tostring", "assert", "select", "ipairs", "pairs", "next", "rawget", "setmetatable", "remove", "sort"};
constexpr std::array<std::string_view, 3> kDecoders = {"cjson", "cmsgpack", "struct"};

bool IsRedis(std::string_view name) {
  return name == "redis" || name == "server";
}

bool IsCaller(std::string_view name) {
  return name == "call" || name == "pcall";
}

}  // namespace

ScriptSources::ScriptSources(const ScriptTokens& tokens) : tokens_(tokens) {
  Declare();
  for (int pass = 0; pass < kMostPasses && Propagate(); ++pass) {
  }
}

void ScriptSources::Declare() {
  functions_.emplace_back();
  std::vector<std::pair<std::size_t, std::size_t>> open = {{0, kNone}};  // function, its last token
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    if (tokens_.IsName(i, "function")) {
      function_of_.push_back(open.back().first);
      functions_.emplace_back().parent = open.back().first;
      open.emplace_back(functions_.size() - 1, tokens_[i].match);
      DeclareFunction(i);
      continue;
    }
    const std::size_t function = open.back().first;
    function_of_.push_back(function);
    if (i == open.back().second) open.pop_back();
    if (!tokens_.IsName(i, "local") && !tokens_.IsName(i, "for")) continue;
    std::size_t name = tokens_.IsName(i + 1, "function") ? i + 2 : i + 1;
    variables_.try_emplace({function, tokens_.Is(name, TokenKind::kName) ? tokens_[name].text : ""});
    for (; tokens_.IsSymbol(name + 1, ",") && tokens_.Is(name + 2, TokenKind::kName); name += 2) {
      variables_.try_emplace({function, tokens_[name + 2].text});
    }
  }
}

void ScriptSources::DeclareFunction(std::size_t at) {
  Function& function = functions_.back();
  std::string_view name;
  if (tokens_.IsSymbol(at + 1, "(") && at >= 2 && tokens_.IsSymbol(at - 1, "=") &&
      tokens_.Is(at - 2, TokenKind::kName)) {
    name = tokens_[at - 2].text;
  }
  std::size_t i = at + 1;
  for (; i < tokens_.size() && !tokens_.IsSymbol(i, "("); ++i) {
    if (tokens_.Is(i, TokenKind::kName)) name = tokens_[i].text;
  }
  if (!name.empty()) named_[name].push_back(functions_.size() - 1);
  if (i >= tokens_.size()) return;
  const std::size_t end = tokens_[i].match;
  for (++i; i < end; ++i) {
    if (!tokens_.Is(i, TokenKind::kName)) continue;
    function.parameters.push_back(tokens_[i].text);
    variables_.try_emplace({functions_.size() - 1, tokens_[i].text});
  }
}

const std::vector<std::size_t>& ScriptSources::Named(std::string_view name) const {
  static const std::vector<std::size_t> no_functions;
  const auto found = named_.find(name);
  return found == named_.end() ? no_functions : found->second;
}

std::size_t ScriptSources::CommandCall(std::size_t at) const {
  if (!tokens_.Is(at, TokenKind::kName) ||
      (at > 0 && (tokens_.IsSymbol(at - 1, ".") || tokens_.IsSymbol(at - 1, ":")))) {
    return kNone;
  }
  if (IsRedis(tokens_[at].text)) {
    const bool calls =
        tokens_.IsSymbol(at + 1, ".") && tokens_.Is(at + 2, TokenKind::kName) && IsCaller(tokens_[at + 2].text);
    return calls && tokens_.IsSymbol(at + 3, "(") ? at + 3 : kNone;
  }
  return tokens_.IsSymbol(at + 1, "(") && (OfVariable(at) & kCaller) != 0 ? at + 1 : kNone;
}

void ScriptSources::Join(std::size_t function, std::string_view name, Sources sources) {
  Sources& known = variables_[{Home(function, name), name}];
  changed_ |= (known | sources) != known;
  known |= sources;
}

bool ScriptSources::Propagate() {
  changed_ = false;
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    if (tokens_.IsSymbol(i, "=")) {
      Assign(i);
    } else if (tokens_.IsName(i, "for")) {
      AssignLoop(i);
    } else if (tokens_.IsName(i, "return")) {
      Function& function = functions_[function_of_[i]];
      for (const TokenRange& result : Expressions(tokens_, i + 1)) {
        const Sources sources = Of(result);
        changed_ |= (function.results | sources) != function.results;
        function.results |= sources;
      }
    } else if (i > 0 && tokens_.IsSymbol(i, "(") && tokens_.Is(i - 1, TokenKind::kName)) {
      PassArguments(i);
    }
  }
  return changed_;
}

// a, b.c, d[e] = x, y
void ScriptSources::Assign(std::size_t equals) {
  const std::size_t bracket = tokens_[equals].bracket;
  if (bracket != kNone) return;  // a field of a table: OfTable
  std::vector<std::size_t> targets;
  for (std::size_t at = equals; at-- > 0;) {
    while (tokens_.IsSymbol(at, "]") && tokens_[at].match > 0) at = tokens_[at].match - 1;
    if (!tokens_.Is(at, TokenKind::kName)) break;
    if (at >= 2 && tokens_.IsSymbol(at - 1, ".")) {
      --at;
      continue;
    }
    targets.push_back(at);
    if (at == 0 || !tokens_.IsSymbol(at - 1, ",")) break;
    --at;
  }
  std::reverse(targets.begin(), targets.end());
  const std::vector<TokenRange> values = Expressions(tokens_, equals + 1);
  for (std::size_t i = 0; i < targets.size() && !values.empty(); ++i) {
    // A call at the end gives many.
    Join(function_of_[targets[i]], tokens_[targets[i]].text, Of(values[std::min(i, values.size() - 1)]));
  }
}

// for a, b in f(x) do
void ScriptSources::AssignLoop(std::size_t at) {
  std::vector<std::size_t> names;
  std::size_t i = at + 1;
  for (; tokens_.Is(i, TokenKind::kName) && !tokens_.IsName(i, "in"); i += 2) {
    names.push_back(i);
    if (!tokens_.IsSymbol(i + 1, ",")) {
      ++i;
      break;
    }
  }
  if (!tokens_.IsName(i, "in")) return;
  Sources sources = 0;
  for (const TokenRange& source : Expressions(tokens_, i + 1)) sources |= Of(source);
  const bool counts =
      tokens_.IsName(i + 1, "ipairs") || tokens_.IsName(i + 1, "pairs") || tokens_.IsName(i + 1, "next");
  for (std::size_t n = counts ? 1 : 0; n < names.size(); ++n) Join(function_of_[at], tokens_[names[n]].text, sources);
}

void ScriptSources::PassArguments(std::size_t open) {
  const std::string_view name = tokens_[open - 1].text;
  if (open >= 2 && tokens_.IsName(open - 2, "function")) return;
  const std::vector<TokenRange> arguments = Arguments(tokens_, open);
  if (arguments.empty()) return;
  if (name == "insert") {  // table.insert(t, x)
    if (tokens_.Is(arguments[0].begin, TokenKind::kName)) {
      Join(function_of_[open], tokens_[arguments[0].begin].text, Of(arguments.back()));
    }
    return;
  }
  for (const std::size_t f : Named(name)) {
    for (std::size_t i = 0; i < functions_[f].parameters.size(); ++i) {
      Join(f, functions_[f].parameters[i], Of(arguments[std::min(i, arguments.size() - 1)]));
    }
  }
}

std::size_t ScriptSources::Home(std::size_t function, std::string_view name) const {
  while (function != 0 && !variables_.contains({function, name})) function = functions_[function].parent;
  return function;
}

Sources ScriptSources::OfVariable(std::size_t at) const {
  const auto found = variables_.find({Home(function_of_[at], tokens_[at].text), tokens_[at].text});
  return found == variables_.end() ? Sources{0} : found->second;
}

Sources ScriptSources::Of(TokenRange expression) const {
  Sources sources = 0;
  Sources term = 0;   // of what stands between "and" and "or"
  bool plain = true;  // no number and no truth value
  std::size_t at = expression.begin;
  while (at < expression.end) {
    const std::size_t end = std::min(EndOfOperand(tokens_, at), expression.end);
    if (end <= at) break;
    term |= OfOperand({at, end});
    at = end + 1;
    if (end >= expression.end) break;
    const std::string_view text = tokens_[end].text;
    if (text == "..") {
      term = kJoined;
    } else if (text == "and" || text == "or") {
      // Of "a and b" the value is b, or nothing that could be a name.
      if (text == "or" && plain) sources |= term;
      term = 0;
      plain = true;
    } else {
      plain = false;
    }
  }
  return plain ? static_cast<Sources>(sources | term) : sources;
}

Sources ScriptSources::OfOperand(TokenRange operand) const {
  const ScriptToken& first = tokens_[operand.begin];
  if (first.kind == TokenKind::kNumber) return kLiteral;
  if (first.kind == TokenKind::kString) return operand.end == operand.begin + 1 ? kLiteral : kJoined;
  if (first.kind == TokenKind::kName) return first.text == "not" ? Sources{0} : OfNamed(operand);
  if (first.text == "{") return OfTable(operand.begin);
  if (first.text != "(") return 0;  // - # ...
  const bool bare = first.match + 1 == operand.end;
  if (!bare && tokens_.IsSymbol(first.match + 1, ":")) return kJoined;  // ("x"):rep(2)
  return Of({operand.begin + 1, first.match});
}

ScriptSources::Chain ScriptSources::TakeApart(TokenRange operand) const {
  Chain chain;
  chain.last = tokens_[operand.begin].text;
  for (std::size_t at = operand.begin + 1; at < operand.end;) {
    if (tokens_.IsSymbol(at, ".") || tokens_.IsSymbol(at, ":")) {
      chain.method |= tokens_[at].text == ":";
      if (chain.call == kNone) chain.last = tokens_[at + 1].text;
      at += 2;
    } else if (tokens_.IsSymbol(at, "[")) {
      at = tokens_[at].match + 1;
    } else {
      if (chain.call == kNone) chain.call = at;
      at = tokens_[at].match + 1;
    }
  }
  return chain;
}

Sources ScriptSources::OfNamed(TokenRange operand) const {
  const std::string_view base = tokens_[operand.begin].text;
  if (IsOneOf(base, kConstants)) return 0;
  const Chain chain = TakeApart(operand);
  if (base == "KEYS") return chain.method ? kJoined : kFromKeys;
  if (base == "ARGV") return kData;
  if (chain.call != kNone) return (OfVariable(operand.begin) & kCaller) != 0 ? kData : OfCall(base, chain);
  if (IsRedis(base)) return IsCaller(chain.last) ? kCaller : Sources{0};
  return OfVariable(operand.begin);
}

Sources ScriptSources::OfCall(std::string_view base, const Chain& chain) const {
  if (IsRedis(base) || IsOneOf(base, kDecoders)) return kData;
  if (base == "string" || chain.last == "concat" || chain.method) return kJoined;
  if (IsOneOf(chain.last, kTransparent)) return OfArguments(chain.call);
  Sources sources = 0;
  for (const std::size_t f : Named(chain.last)) sources |= functions_[f].results;
  return sources;
}

Sources ScriptSources::OfArguments(std::size_t open) const {
  Sources sources = 0;
  for (const TokenRange& argument : Arguments(tokens_, open)) {
    // unpack(KEYS, 2): a number chooses.
    if (tokens_.Is(argument.begin, TokenKind::kNumber)) continue;
    sources |= Of(argument);
  }
  return sources;
}

// {x, name = y, [z] = w}
Sources ScriptSources::OfTable(std::size_t open) const {
  Sources sources = 0;
  for (std::size_t at = open + 1; at < tokens_[open].match;) {
    if (tokens_.IsSymbol(at, "[")) at = tokens_[at].match + 1;
    if (tokens_.Is(at, TokenKind::kName) && tokens_.IsSymbol(at + 1, "=")) ++at;
    if (tokens_.IsSymbol(at, "=")) ++at;
    const std::size_t end = EndOfExpression(tokens_, at);
    sources |= Of({at, end});
    at = std::max(end, at) + 1;  // behind "," or ";"
  }
  return sources;
}

}  // namespace herdgate::policy

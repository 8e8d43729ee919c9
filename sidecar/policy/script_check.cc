#include "sidecar/policy/script_check.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

#include "sidecar/command/table.h"
#include "sidecar/policy/script_expression.h"
#include "sidecar/policy/script_sources.h"
#include "sidecar/policy/script_tokens.h"

namespace herdgate::policy {
namespace {

constexpr std::size_t kNone = ScriptTokens::kNone;

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// One redis.call(command, argument, ...).
class CommandCheck {
 public:
  CommandCheck(const ScriptTokens& tokens, const ScriptSources& sources, bool uses_keys,
               std::vector<TokenRange> arguments)
      : tokens_(tokens), sources_(sources), uses_keys_(uses_keys), arguments_(std::move(arguments)) {
    for (const TokenRange& argument : arguments_) {
      const bool single = argument.end == argument.begin + 1;
      const ScriptToken& token = tokens_[argument.begin];
      const bool literal = single && (token.kind == TokenKind::kString || token.kind == TokenKind::kNumber);
      texts_.push_back(literal ? token.text : std::string_view());
    }
    const std::size_t last = arguments_.empty() ? kNone : arguments_.back().begin;
    const bool unpacks = tokens_.IsName(last, "table") && tokens_.IsName(last + 2, "unpack");
    expands_ = unpacks || tokens_.IsName(last, "unpack") || tokens_.IsSymbol(last, "...");
  }

  bool BuildsKeyNames() const {
    if (arguments_.empty()) return false;
    if (texts_[0].empty()) return DynamicBuilds();
    const command::CommandSpec& spec = *command::BuiltIn().Resolve(texts_);
    // Redis refuses these before they reach a key.
    if (spec.flags.Has(command::CommandFlag::kNoScript) || (!expands_ && !spec.AcceptsCount(texts_.size())))
      return false;
    if (spec.name == "keys" || spec.name == "scan" || spec.name == "randomkey") return true;
    if (spec.keys.search == command::KeySearch::kSort || spec.keys.search == command::KeySearch::kFirst) {
      return SortBuilds();
    }
    return std::any_of(spec.keys.begin(), spec.keys.end(), [&](const command::KeySpec& keys) { return Builds(keys); });
  }

 private:
  // The argument that stands at this position of the request, if the script shows one.
  bool BuildsAt(std::size_t position) const {
    if (expands_) position = std::min(position, arguments_.size() - 1);
    if (position >= arguments_.size()) return false;
    const Sources sources = sources_.Of(arguments_[position]) & static_cast<Sources>(~kCaller);
    return sources == 0 ? !uses_keys_ : (sources & kNotFromKeys) != 0;
  }

  // The command or where its keys are is not known: enough if KEYS are among the arguments.
  bool DynamicBuilds() const {
    Sources sources = 0;
    for (std::size_t i = arguments_.size() > 1 ? 1 : 0; i < std::min<std::size_t>(arguments_.size(), 2); ++i) {
      sources |= sources_.Of(arguments_[i]);
    }
    if ((sources & kFromKeys) != 0) return false;
    return (sources & kNotFromKeys) != 0 || !uses_keys_;
  }

  bool SortBuilds() const {
    if (BuildsAt(1)) return true;
    for (std::size_t i = 2; i + 1 < arguments_.size(); ++i) {
      const std::string option = Lower(texts_[i]);
      if (option == "store" && BuildsAt(i + 1)) return true;
      if (option != "by" && option != "get") continue;
      // A pattern without '*' names no key.
      const bool known = tokens_.Is(arguments_[i + 1].begin, TokenKind::kString) && !texts_[i + 1].empty();
      if (!known || texts_[i + 1].find('*') != std::string_view::npos) return true;
    }
    return false;
  }

  std::size_t Behind(std::string_view keyword) const {
    for (std::size_t i = 1; i + 1 < texts_.size(); ++i) {
      if (Lower(texts_[i]) == Lower(keyword)) return i + 1;
    }
    return kNone;
  }

  bool Builds(const command::KeySpec& keys) const {
    using enum command::KeySpec::Begin;
    if (keys.access == command::KeyAccess::kChannel || keys.begin == kUnknown) return false;
    std::size_t first = keys.begin == kKeyword ? Behind(keys.keyword) : static_cast<std::size_t>(keys.position);
    if (first == kNone) return false;
    const auto step = static_cast<std::size_t>(keys.step);
    std::size_t count = 1;
    if (keys.find == command::KeySpec::Find::kCount) {
      count = Count(first + static_cast<std::size_t>(keys.count_offset));
      first += static_cast<std::size_t>(keys.first_offset);
    } else if (keys.last >= 0) {
      count = static_cast<std::size_t>(keys.last) / step + 1;
    } else if (keys.limit <= 1) {
      const std::size_t end = arguments_.size() - static_cast<std::size_t>(-1 - keys.last);
      count = first < end ? (end - first + step - 1) / step : 1;
    } else if (!expands_ && first < arguments_.size()) {
      count = (arguments_.size() - first) / static_cast<std::size_t>(keys.limit);
    }
    count = std::min(count, arguments_.size());
    for (std::size_t i = 0; i < count; ++i) {
      if (BuildsAt(first + i * step)) return true;
    }
    // What unpack() adds may begin between two keys.
    return expands_ && keys.last < 0 && keys.limit <= 1 && BuildsAt(arguments_.size() - 1);
  }

  // A number of keys that the script writes out, else one.
  std::size_t Count(std::size_t position) const {
    std::size_t count = 0;
    if (position >= texts_.size()) return 1;
    const std::string_view text = texts_[position];
    const bool read = std::from_chars(text.data(), text.data() + text.size(), count).ec == std::errc();
    return read && count > 0 ? count : 1;
  }

  const ScriptTokens& tokens_;
  const ScriptSources& sources_;
  bool uses_keys_;
  std::vector<TokenRange> arguments_;
  std::vector<std::string_view> texts_;  // of literals; else ""
  bool expands_ = false;                 // the last argument stands for any number
};

}  // namespace

bool BuildsKeyNames(std::string_view script) {
  const ScriptTokens tokens(script);
  if (!tokens.valid()) return false;
  const ScriptSources sources(tokens);
  bool uses_keys = false;
  for (std::size_t i = 0; i < tokens.size(); ++i) uses_keys |= tokens.IsName(i, "KEYS");
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (const std::size_t open = sources.CommandCall(i); open != kNone) {
      if (CommandCheck(tokens, sources, uses_keys, Arguments(tokens, open)).BuildsKeyNames()) return true;
    } else if (tokens.IsName(i, "pcall") && tokens.IsSymbol(i + 1, "(") && !(i > 0 && tokens.IsSymbol(i - 1, "."))) {
      // pcall(redis.call, command, ...)
      std::vector<TokenRange> arguments = Arguments(tokens, i + 1);
      if (arguments.empty() || (sources.Of(arguments[0]) & kCaller) == 0) continue;
      arguments.erase(arguments.begin());
      if (CommandCheck(tokens, sources, uses_keys, std::move(arguments)).BuildsKeyNames()) return true;
    }
  }
  return false;
}

}  // namespace herdgate::policy

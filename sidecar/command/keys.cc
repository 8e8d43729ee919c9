#include "sidecar/command/keys.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace herdgate::command {
namespace {

using Args = std::span<const std::string_view>;

// REQUIRES: upper is in upper case
bool EqualsWord(std::string_view argument, std::string_view upper) {
  if (argument.size() != upper.size()) return false;
  for (size_t i = 0; i < upper.size(); ++i) {
    const char c = argument[i];
    if ((c >= 'a' && c <= 'z' ? c - ('a' - 'A') : c) != upper[i]) return false;
  }
  return true;
}

// A number as C's atoi reads it, as Redis does here: blanks and a sign before, anything behind. What the command then
// refuses is upstream's business.
std::optional<int64_t> ParseCount(std::string_view text) {
  const size_t blanks = text.find_first_not_of(" \t\n\v\f\r");
  if (blanks == std::string_view::npos) return std::nullopt;
  text.remove_prefix(blanks);
  if (text.front() == '+') text.remove_prefix(1);
  int32_t number = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc()) return std::nullopt;
  return number;
}

// The argument behind the keyword, searched forwards from `position`, or backwards from the end if it is negative; 0 if
// there is none. As in Redis, the last argument and the first behind the name are not looked at.
int64_t BehindKeyword(const KeySpec& spec, Args args) {
  const auto last = static_cast<int64_t>(args.size()) - 1;
  const auto is_keyword = [&](int64_t i) { return EqualsWord(args[static_cast<size_t>(i)], spec.keyword); };
  if (spec.position > 0) {
    for (int64_t i = spec.position; i < last; ++i) {
      if (is_keyword(i)) return i + 1;
    }
  } else {
    for (int64_t i = std::min(last, last + 1 + spec.position); i > 1; --i) {
      if (is_keyword(i)) return i + 1;
    }
  }
  return 0;
}

struct Found {
  enum class Outcome : uint8_t { kFound, kNotThere, kInvalid } outcome = Outcome::kInvalid;
  KeyRange range;
};

Found FindRange(const KeySpec& spec, Args args) {
  const auto count = static_cast<int64_t>(args.size());
  if (spec.begin == KeySpec::Begin::kUnknown || spec.find == KeySpec::Find::kUnknown) return {};
  int64_t first = spec.begin == KeySpec::Begin::kKeyword ? BehindKeyword(spec, args) : spec.position;
  if (first == 0) return {Found::Outcome::kNotThere, {}};
  int64_t last = 0;
  if (spec.find == KeySpec::Find::kCount) {
    const int64_t at = first + spec.count_offset;
    if (at < 0 || at >= count) return {};
    const std::optional<int64_t> keys = ParseCount(args[static_cast<size_t>(at)]);
    if (!keys || *keys < 1 || *keys > count) return {};
    first += spec.first_offset;
    last = first + (*keys - 1) * spec.step;
  } else if (spec.last >= 0) {
    last = first + spec.last;
  } else {
    last = spec.limit > 1 ? first + (count - first) / spec.limit + spec.last : count + spec.last;
  }
  if (first < 1 || first >= count || last < first || last >= count) return {};
  const auto step = static_cast<size_t>(spec.step);
  KeyRange range{static_cast<size_t>(first), static_cast<size_t>(last), step, spec.access};
  range.last = range.first + (range.last - range.first) / step * step;
  return {Found::Outcome::kFound, range};
}

// False if a spec can't be followed: then Redis would run its own search, or see no keys at all.
bool FollowSpecs(const KeySpecs& specs, Args args, KeyRanges& keys) {
  for (const KeySpec& spec : specs) {
    if (spec.access == KeyAccess::kChannel) continue;
    const Found found = FindRange(spec, args);
    if (found.outcome == Found::Outcome::kInvalid) return false;
    if (found.outcome == Found::Outcome::kNotThere) continue;
    keys.Add(found.range);
    if (spec.incomplete) return false;
  }
  return true;
}

// An option of a command and how many arguments it takes.
struct Option {
  std::string_view upper;
  size_t arguments;
};

const Option* FindOption(std::span<const Option> options, std::string_view argument) {
  for (const Option& option : options) {
    if (EqualsWord(argument, option.upper)) return &option;
  }
  return nullptr;
}

// The last STORE that does not belong to LIMIT, GET or BY. As in Redis, STORE's own argument is searched too.
void SearchSort(Args args, KeyRanges& keys) {
  constexpr Option kOptions[] = {{"LIMIT", 2}, {"GET", 1}, {"BY", 1}};
  if (args.size() < 2) return;
  keys.Add({1, 1, 1, KeyAccess::kRead});
  size_t store = 0;
  for (size_t i = 2; i < args.size(); ++i) {
    if (const Option* option = FindOption(kOptions, args[i])) {
      i += option->arguments;
    } else if (EqualsWord(args[i], "STORE") && i + 1 < args.size()) {
      store = i + 1;
    }
  }
  if (store != 0) keys.Add({store, store, 1, KeyAccess::kOverwrite});
}

void SearchMigrate(Args args, KeyRanges& keys) {
  constexpr Option kOptions[] = {{"AUTH", 1}, {"AUTH2", 2}};
  if (args.size() < 4) return;
  for (size_t i = 6; i < args.size(); ++i) {
    if (EqualsWord(args[i], "KEYS")) {
      if (!args[3].empty() || i + 1 >= args.size()) return;
      keys.Add({i + 1, args.size() - 1, 1, KeyAccess::kUpdate});
      return;
    }
    if (const Option* option = FindOption(kOptions, args[i])) i += option->arguments;
  }
  keys.Add({3, 3, 1, KeyAccess::kUpdate});
}

// Whether BLOCK stands among the options of XREAD and XREADGROUP, before STREAMS.
bool HasBlock(Args args) {
  constexpr Option kOptions[] = {{"COUNT", 1}, {"GROUP", 2}, {"NOACK", 0}, {"CLAIM", 1}};
  for (size_t i = 1; i < args.size(); ++i) {
    if (EqualsWord(args[i], "BLOCK")) return true;
    const Option* option = FindOption(kOptions, args[i]);
    if (option == nullptr) return false;  // STREAMS, or what upstream will refuse
    i += option->arguments;
  }
  return false;
}

}  // namespace

size_t KeyRanges::key_count() const {
  size_t count = 0;
  for (const KeyRange& range : *this) count += range.count();
  return count;
}

KeyRanges FindKeys(const CommandSpec& spec, Args args) {
  KeyRanges keys;
  if (FollowSpecs(spec.keys, args, keys)) return keys;
  keys.Clear();
  switch (spec.keys.search) {
    case KeySearch::kSpecs:
      break;
    case KeySearch::kFirst:
      if (args.size() > 1) keys.Add({1, 1, 1, KeyAccess::kRead});
      break;
    case KeySearch::kSort:
      SearchSort(args, keys);
      break;
    case KeySearch::kMigrate:
      SearchMigrate(args, keys);
      break;
  }
  return keys;
}

bool MayBlock(const CommandSpec& spec, Args args) {
  if (spec.command_class == CommandClass::kBlocking) return true;
  return spec.command_class == CommandClass::kMaybeBlocking && HasBlock(args);
}

}  // namespace herdgate::command

#include "sidecar/policy/expiry_options.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "sidecar/resp/request_header.h"

namespace herdgate::policy {
namespace {

using Kind = ExpiryOptions::Kind;

constexpr std::array<std::pair<std::string_view, ExpiryUnit>, 4> kUnits = {{{"EX", ExpiryUnit::kSeconds},
                                                                            {"PX", ExpiryUnit::kMilliseconds},
                                                                            {"EXAT", ExpiryUnit::kAtSeconds},
                                                                            {"PXAT", ExpiryUnit::kAtMilliseconds}}};

const ExpiryUnit* UnitOf(std::string_view word) {
  const auto* const at = std::ranges::find_if(kUnits, [&](const auto& unit) { return IsWord(word, unit.first); });
  return at == kUnits.end() ? nullptr : &at->second;
}

}  // namespace

bool IsWord(std::string_view text, std::string_view word) {
  const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; };
  return std::ranges::equal(text, word, {}, upper);
}

ExpiryOptions ReadSetOptions(std::span<const std::string_view> args, std::size_t first) {
  ExpiryOptions options{.kind = Kind::kNone};
  bool nx = false;
  bool xx = false;
  bool compares = false;
  for (std::size_t i = first; i < args.size(); ++i) {
    const bool has_value = i + 1 < args.size();
    if (IsWord(args[i], "NX")) {
      nx = true;
    } else if (IsWord(args[i], "XX")) {
      xx = true;
    } else if (IsWord(args[i], "KEEPTTL")) {
      if (options.kind == Kind::kExpiry) return {};
      options.kind = Kind::kKeep;
    } else if (const ExpiryUnit* unit = UnitOf(args[i]); unit != nullptr && has_value) {
      if (options.kind == Kind::kKeep || (options.kind == Kind::kExpiry && options.unit != *unit)) return {};
      options = {.kind = Kind::kExpiry, .unit = *unit, .at = i++};
    } else if (IsComparison(args[i]) && has_value) {
      compares = true;
      ++i;
    } else if (!IsWord(args[i], "GET")) {
      return {};
    }
  }
  if (nx && (xx || compares)) return {};
  options.only_if_absent = nx;
  options.only_if_present = xx || compares;
  return options;
}

ExpiryOptions ReadGetexOptions(std::span<const std::string_view> args) {
  constexpr std::size_t kFirst = 2;
  ExpiryOptions options{.kind = Kind::kNone};
  for (std::size_t i = kFirst; i < args.size(); ++i) {
    if (IsWord(args[i], "PERSIST")) {
      if (options.kind == Kind::kExpiry) return {};
      options = {.kind = Kind::kPersist, .at = i};
    } else if (const ExpiryUnit* unit = UnitOf(args[i]); unit != nullptr && i + 1 < args.size()) {
      if (options.kind == Kind::kPersist || (options.kind == Kind::kExpiry && options.unit != *unit)) return {};
      options = {.kind = Kind::kExpiry, .unit = *unit, .at = i++};
    } else {
      return {};
    }
  }
  return options;
}

bool IsExpiryWord(std::string_view word) {
  return UnitOf(word) != nullptr;
}

bool IsComparison(std::string_view word) {
  return IsWord(word, "IFEQ") || IsWord(word, "IFNE") || IsWord(word, "IFDEQ") || IsWord(word, "IFDNE");
}

ExpireFlags ReadExpireFlags(std::span<const std::string_view> args) {
  constexpr std::size_t kFirst = 3;
  bool nx = false;
  bool xx = false;
  bool gt = false;
  bool lt = false;
  for (std::size_t i = kFirst; i < args.size(); ++i) {
    bool* flag = IsWord(args[i], "NX")   ? &nx
                 : IsWord(args[i], "XX") ? &xx
                 : IsWord(args[i], "GT") ? &gt
                 : IsWord(args[i], "LT") ? &lt
                                         : nullptr;
    if (flag == nullptr) return {.malformed = true};
    *flag = true;
  }
  return {.malformed = (nx && (xx || gt || lt)) || (gt && lt), .only_if_set = xx || gt};
}

RestoreOptions ReadRestoreOptions(std::span<const std::string_view> args) {
  constexpr std::size_t kFirst = 4;
  RestoreOptions options;
  for (std::size_t i = kFirst; i < args.size(); ++i) {
    if (IsWord(args[i], "REPLACE")) {
      options.replace = true;
    } else if (IsWord(args[i], "ABSTTL")) {
      options.absolute = true;
    } else if ((IsWord(args[i], "IDLETIME") || IsWord(args[i], "FREQ")) && i + 1 < args.size()) {
      ++i;
    } else {
      return {.malformed = true};
    }
  }
  return options;
}

std::optional<std::int64_t> ReadExpiry(std::string_view text, ExpiryUnit unit) {
  std::int64_t value = 0;
  if (!resp::ParseStrictInteger(text, value) || value <= 0) return std::nullopt;
  if (unit == ExpiryUnit::kMilliseconds || unit == ExpiryUnit::kAtMilliseconds) return value;
  constexpr std::int64_t kMillisecondsPerSecond = 1000;
  if (value > std::numeric_limits<std::int64_t>::max() / kMillisecondsPerSecond) return std::nullopt;
  return value * kMillisecondsPerSecond;
}

}  // namespace herdgate::policy

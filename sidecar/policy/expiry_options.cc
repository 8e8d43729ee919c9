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

// Options of later releases that have one argument.
bool IsComparison(std::string_view word) {
  return IsWord(word, "IFEQ") || IsWord(word, "IFNE") || IsWord(word, "IFDEQ") || IsWord(word, "IFDNE");
}

}  // namespace

bool IsWord(std::string_view text, std::string_view word) {
  const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; };
  return std::ranges::equal(text, word, {}, upper);
}

ExpiryOptions ReadSetOptions(std::span<const std::string_view> args) {
  constexpr std::size_t kFirstOption = 3;
  ExpiryOptions options{.kind = Kind::kNone};
  bool nx = false;
  bool xx = false;
  for (std::size_t i = kFirstOption; i < args.size(); ++i) {
    const bool has_value = i + 1 < args.size();
    if (IsWord(args[i], "NX")) {
      nx = true;
    } else if (IsWord(args[i], "XX")) {
      xx = true;
    } else if (IsWord(args[i], "KEEPTTL")) {
      if (options.kind == Kind::kExpiry) return {};
      options.kind = Kind::kKeep;
    } else if (const ExpiryUnit* unit = UnitOf(args[i]); unit != nullptr && has_value) {
      if (options.kind != Kind::kNone) return {};
      options = {.kind = Kind::kExpiry, .unit = *unit, .at = i++};
    } else if (IsComparison(args[i]) && has_value) {
      ++i;
    } else if (!IsWord(args[i], "GET")) {
      return {};
    }
  }
  if (nx && xx) return {};
  return options;
}

ExpiryOptions ReadGetexOptions(std::span<const std::string_view> args) {
  constexpr std::size_t kPlain = 2;
  if (args.size() == kPlain) return {.kind = Kind::kNone};
  if (args.size() == kPlain + 1 && IsWord(args[kPlain], "PERSIST")) return {.kind = Kind::kPersist, .at = kPlain};
  if (args.size() != kPlain + 2) return {};
  const ExpiryUnit* unit = UnitOf(args[kPlain]);
  if (unit == nullptr) return {};
  return {.kind = Kind::kExpiry, .unit = *unit, .at = kPlain};
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

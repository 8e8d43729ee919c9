#include "sidecar/app/ctl/figure_text.h"

#include <array>
#include <cmath>
#include <cstdio>

namespace herdgate::app {
namespace {

constexpr const char* kUnknown = "-";

// At most `digits` decimals, and no zeros at their end.
std::string Trimmed(double value, int digits) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  std::string out = text.data();
  if (digits == 0) return out;
  out.erase(out.find_last_not_of('0') + 1);
  if (out.ends_with('.')) out.pop_back();
  return out;
}

std::string Pair(std::uint64_t whole, std::uint64_t big, const char* big_name, std::uint64_t small,
                 const char* small_name) {
  const std::uint64_t rest = whole % big / small;
  const std::string first = std::to_string(whole / big) + " " + big_name;
  return rest == 0 ? first : first + " " + std::to_string(rest) + " " + small_name;
}

bool IsKnown(const std::optional<double>& value) {
  return value && std::isfinite(*value) && std::abs(*value) < 1e15;
}

}  // namespace

std::string CountText(std::uint64_t value) {
  std::string text = std::to_string(value);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, 1, ',');
  return text;
}

std::string CountText(std::optional<std::uint64_t> value) {
  return value ? CountText(*value) : kUnknown;
}

std::string PluralText(std::uint64_t value, std::string_view one) {
  return CountText(value) + " " + std::string(one) + (value == 1 ? "" : "s");
}

std::string RateText(std::optional<double> per_second) {
  if (!IsKnown(per_second) || *per_second < 0) return kUnknown;
  if (*per_second < 9.95) return Trimmed(*per_second, *per_second < 0.995 ? 2 : 1) + "/s";
  return CountText(static_cast<std::uint64_t>(std::llround(*per_second))) + "/s";
}

std::string PercentText(std::optional<double> share) {
  if (!IsKnown(share)) return kUnknown;
  if (*share > 0.999 && *share < 1) return Trimmed(std::floor(*share * 10000) / 100, 2) + " %";
  return Trimmed(*share * 100, 1) + " %";
}

std::string BytesText(std::optional<std::uint64_t> bytes) {
  if (!bytes) return kUnknown;
  constexpr std::array<const char*, 5> kUnits = {" B", " KiB", " MiB", " GiB", " TiB"};
  auto rest = static_cast<double>(*bytes);
  std::size_t unit = 0;
  for (; rest >= 1024 && unit + 1 < kUnits.size(); ++unit) rest /= 1024;
  return Trimmed(rest, unit == 0 || rest >= 100 ? 0 : 1) + kUnits[unit];
}

std::string SpanText(std::optional<double> seconds) {
  if (!IsKnown(seconds) || *seconds < 0) return kUnknown;
  if (*seconds == 0) return "0 s";
  if (*seconds < 0.9995) return Trimmed(*seconds * 1000, *seconds < 0.001 ? 2 : *seconds < 0.01 ? 1 : 0) + " ms";
  if (*seconds < 59.95) return Trimmed(*seconds, 1) + " s";
  const auto whole = static_cast<std::uint64_t>(std::llround(*seconds));
  if (whole < 3600) return Pair(whole, 60, "min", 1, "s");
  if (whole < 86'400) return Pair(whole, 3600, "h", 60, "min");
  return Pair(whole, 86'400, "d", 3600, "h");
}

}  // namespace herdgate::app

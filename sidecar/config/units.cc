#include "sidecar/config/units.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace herdgate::config {
namespace {

using base::ErrorCode;
using base::Result;
using base::Status;
using std::chrono::milliseconds;

struct Unit {
  std::string_view name;
  std::uint64_t size;
};

// Largest first, as the formatters want it.
constexpr std::array<Unit, 4> kDurationUnits = {{{"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}}};
// In microseconds.
constexpr std::array<Unit, 3> kBoundUnits = {{{"s", 1000000}, {"ms", 1000}, {"us", 1}}};
constexpr std::array<Unit, 5> kByteUnits = {{{"TiB", std::uint64_t{1} << 40U},
                                             {"GiB", std::uint64_t{1} << 30U},
                                             {"MiB", std::uint64_t{1} << 20U},
                                             {"KiB", std::uint64_t{1} << 10U},
                                             {"B", 1}}};

constexpr std::uint64_t kBillion = 1000000000;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view DigitsAt(std::string_view text, std::size_t start) {
  std::size_t end = start;
  while (end < text.size() && IsDigit(text[end])) ++end;
  return text.substr(start, end - start);
}

// Decimal digits without a leading zero.
std::optional<std::uint64_t> ParseDigits(std::string_view digits) {
  if (digits.empty() || (digits.size() > 1 && digits.front() == '0')) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

template <std::size_t n>
const Unit* FindUnit(const std::array<Unit, n>& units, std::string_view name) {
  const auto* const found =
      std::find_if(units.begin(), units.end(), [&](const Unit& unit) { return unit.name == name; });
  return found == units.end() ? nullptr : found;
}

template <std::size_t n>
std::string Format(const std::array<Unit, n>& units, std::uint64_t amount) {
  const auto* const unit = std::find_if(units.begin(), units.end(), [&](const Unit& candidate) {
    return amount >= candidate.size && amount % candidate.size == 0;
  });
  const Unit& chosen = unit == units.end() ? units.back() : *unit;
  return std::to_string(amount / chosen.size) + std::string(chosen.name);
}

std::optional<std::uint64_t> Multiply(std::uint64_t amount, std::uint64_t size) {
  std::uint64_t product = 0;
  if (__builtin_mul_overflow(amount, size, &product)) return std::nullopt;
  return product;
}

// What follows the point, in the smallest unit, if that is a whole number of them.
std::optional<std::uint64_t> Fraction(std::string_view digits, std::uint64_t unit) {
  if (digits.empty() || digits.size() > 9) return std::nullopt;
  std::uint64_t parts = 0;
  std::uint64_t whole = 1;
  for (const char c : digits) {
    parts = parts * 10 + static_cast<std::uint64_t>(c - '0');
    whole *= 10;
  }
  if (parts * unit % whole != 0) return std::nullopt;
  return parts * unit / whole;
}

template <std::size_t n>
std::optional<std::uint64_t> Amount(std::string_view text, const std::array<Unit, n>& units) {
  const std::string_view digits = DigitsAt(text, 0);
  std::string_view name = text.substr(digits.size());
  std::optional<std::string_view> decimals;
  if (name.starts_with('.')) {
    decimals = DigitsAt(name, 1);
    name.remove_prefix(1 + decimals->size());
  }
  const Unit* const unit = FindUnit(units, name);
  const std::optional<std::uint64_t> amount = ParseDigits(digits);
  if (unit == nullptr || !amount) return std::nullopt;
  const std::optional<std::uint64_t> whole = Multiply(*amount, unit->size);
  const std::optional<std::uint64_t> rest = decimals ? Fraction(*decimals, unit->size) : 0;
  if (!whole || !rest || *whole > UINT64_MAX - *rest) return std::nullopt;
  return *whole + *rest;
}

// Of a number up to 100; exact, so that 10% and 0.1 are the same number.
std::optional<std::uint64_t> Billionths(std::string_view text) {
  const std::string_view digits = DigitsAt(text, 0);
  const std::string_view rest = text.substr(digits.size());
  const std::optional<std::uint64_t> whole = ParseDigits(digits);
  if (!whole || *whole > 100) return std::nullopt;
  if (rest.empty()) return *whole * kBillion;
  if (rest.front() != '.' || DigitsAt(rest, 1).size() + 1 != rest.size()) return std::nullopt;
  const std::optional<std::uint64_t> behind_point = Fraction(rest.substr(1), kBillion);
  if (!behind_point) return std::nullopt;
  return *whole * kBillion + *behind_point;
}

std::optional<std::uint64_t> Bytes(std::string_view text) {
  const std::string_view digits = DigitsAt(text, 0);
  const std::string_view name = text.substr(digits.size());
  const Unit* const unit = FindUnit(kByteUnits, name.empty() ? "B" : name);
  const std::optional<std::uint64_t> amount = ParseDigits(digits);
  if (unit == nullptr || !amount) return std::nullopt;
  return Multiply(*amount, unit->size);
}

Status Invalid(std::string message) {
  return Status(ErrorCode::kInvalidArgument, std::move(message));
}

}  // namespace

Result<milliseconds> ParseDuration(std::string_view text, milliseconds least, milliseconds most) {
  const std::optional<std::uint64_t> amount = Amount(text, kDurationUnits);
  if (!amount || *amount < static_cast<std::uint64_t>(least.count()) ||
      *amount > static_cast<std::uint64_t>(most.count())) {
    return Invalid("expected a duration from " + FormatDuration(least) + " to " + FormatDuration(most) +
                   ", with a unit: ms, s, m or h");
  }
  return milliseconds(static_cast<milliseconds::rep>(*amount));
}

Result<std::uint64_t> ParseBytes(std::string_view text, std::uint64_t least, std::uint64_t most) {
  const std::optional<std::uint64_t> amount = Bytes(text);
  if (!amount || *amount < least || *amount > most) {
    return Invalid("expected a size from " + FormatBytes(least) + " to " + FormatBytes(most) +
                   ", in bytes or with a unit: KiB, MiB, GiB or TiB");
  }
  return *amount;
}

Result<std::uint64_t> ParseCount(std::string_view text, std::uint64_t least, std::uint64_t most) {
  const std::optional<std::uint64_t> amount = ParseDigits(text);
  if (!amount || *amount < least || *amount > most) {
    return Invalid("expected a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return *amount;
}

Result<double> ParseShare(std::string_view text) {
  const auto wrong = [] { return Invalid("expected a share from 0 to 1, like 0.1, or from 0% to 100%, like 10%"); };
  std::string_view rest = text;
  const bool percent = rest.ends_with('%');
  if (percent) rest.remove_suffix(1);
  const std::optional<std::uint64_t> billionths = Billionths(rest);
  if (!billionths || *billionths > (percent ? 100 * kBillion : kBillion)) return wrong();
  return static_cast<double>(*billionths) / (percent ? 100e9 : 1e9);
}

Result<double> ParseFactor(std::string_view text, std::uint64_t most) {
  const std::optional<std::uint64_t> billionths = Billionths(text);
  if (!billionths || *billionths == 0 || *billionths > most * kBillion) {
    return Invalid("expected a number greater than 0 and at most " + std::to_string(most) + ", like 1.5");
  }
  return static_cast<double>(*billionths) / 1e9;
}

Result<std::chrono::nanoseconds> ParseBound(std::string_view text) {
  constexpr std::uint64_t kSecond = 1000000;
  const std::optional<std::uint64_t> us = Amount(text, kBoundUnits);
  if (!us || *us == 0 || *us > 3600 * kSecond) {
    return Status(ErrorCode::kInvalidArgument, "expected a duration from 1us to 1h, with a unit: us, ms or s");
  }
  if (*us % kSecond == 0) {
    return Status(ErrorCode::kInvalidArgument,
                  "whole seconds are written in two ways; take half a second more or less");
  }
  return std::chrono::nanoseconds(std::chrono::microseconds(*us));
}

std::string FormatBound(std::chrono::nanoseconds bound) {
  return Format(kBoundUnits, static_cast<std::uint64_t>(bound / std::chrono::microseconds(1)));
}

std::string FormatDuration(milliseconds duration) {
  return Format(kDurationUnits, static_cast<std::uint64_t>(duration.count()));
}

std::string FormatBytes(std::uint64_t bytes) {
  return Format(kByteUnits, bytes);
}

}  // namespace herdgate::config

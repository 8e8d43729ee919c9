#include "sidecar/inject/sidecar_args.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace herdgate::inject {
namespace {

constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20U;
// Of the near cache where no flag says another; as near.max_bytes.
constexpr std::uint64_t kDefaultNear = 64 * kMebibyte;
// Code and buffers, 22 MB of a busy one, and room for its peaks.
constexpr std::uint64_t kProcess = 32 * kMebibyte;

// Calls `found(value)` for each value of the flag and keeps the words for which it says so.
template <typename Found>
Args Walk(const Args& args, std::string_view flag, Found found) {
  Args rest;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::string& arg = args[i];
    if (arg == flag) {
      if (i + 1 < args.size()) found(std::string_view(args[++i]));
    } else if (arg.size() > flag.size() && arg.starts_with(flag) && arg[flag.size()] == '=') {
      found(std::string_view(arg).substr(flag.size() + 1));
    } else {
      rest.push_back(arg);
    }
  }
  return rest;
}

std::uint64_t SizeIn(const Args& args, std::string_view flag, std::uint64_t without) {
  std::uint64_t size = without;
  Walk(args, flag, [&](std::string_view value) { size = SizeOf(value).value_or(size); });
  return size;
}

}  // namespace

void SetFlag(Args& args, std::string_view flag, std::string_view value) {
  args = Walk(args, flag, [](std::string_view) {});
  args.push_back(std::string(flag).append("=").append(value));
}

std::set<std::uint16_t> PortsOf(const Args& args) {
  std::set<std::uint16_t> ports;
  for (const std::string_view flag : {"--listen", "--admin", "--telemetry"}) {
    Walk(args, flag, [&](std::string_view value) {
      std::uint16_t port = 0;
      const std::size_t colon = value.rfind(':');
      if (value.starts_with("unix:") || colon == std::string_view::npos) return;
      (void)std::from_chars(value.data() + colon + 1, value.data() + value.size(), port);
      if (port > 0) ports.insert(port);
    });
  }
  return ports;
}

std::optional<std::uint64_t> SizeOf(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, double>, 10> kUnits = {{{"", 1},
                                                                           {"k", 1e3},
                                                                           {"M", 1e6},
                                                                           {"G", 1e9},
                                                                           {"Ki", 1024.0},
                                                                           {"Mi", 1048576.0},
                                                                           {"Gi", 1073741824.0},
                                                                           {"KiB", 1024.0},
                                                                           {"MiB", 1048576.0},
                                                                           {"GiB", 1073741824.0}}};
  const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  const std::string_view number = text.substr(0, digits);
  const auto* const unit = std::ranges::find(kUnits, text.substr(digits), [](const auto& one) { return one.first; });
  double value = 0;
  if (unit == kUnits.end() || number.empty() || number.size() > 15) return std::nullopt;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc() || end != number.data() + number.size() || number.front() == '.' || number.back() == '.')
    return std::nullopt;
  value *= unit->second;
  constexpr double kMost = 1e18;
  if (value < 1 || value > kMost) return std::nullopt;
  return static_cast<std::uint64_t>(value);
}

std::uint64_t LeastMemory(const Args& args) {
  return SizeIn(args, "--near-max-bytes", kDefaultNear) + SizeIn(args, "--memory-max-bytes", 0) + kProcess;
}

}  // namespace herdgate::inject

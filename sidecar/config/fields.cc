#include "sidecar/config/fields.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "sidecar/config/choice.h"
#include "sidecar/config/units.h"

namespace herdgate::config {
namespace {

using base::ErrorCode;
using base::Result;
using base::Status;
using namespace std::chrono_literals;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;
constexpr std::uint64_t kTiB = std::uint64_t{1} << 40U;

template <typename From, typename To>
Status Assign(Result<From> result, To& target) {
  if (!result.ok()) return result.status();
  target = static_cast<To>(std::move(result.value()));
  return {};
}

Status AddListen(std::string_view text, Options& options) {
  Result<base::ListenAddress> address = base::ParseListenAddress(text);
  if (!address.ok()) return address.status();
  options.listen.push_back(std::move(address.value()));
  return {};
}

Status SetTelemetry(std::string_view text, Options& options) {
  options.telemetry.listen.reset();
  if (text == "off") return {};
  Result<base::ListenAddress> address = base::ParseHostPort(text);
  if (!address.ok()) {
    return Status(ErrorCode::kInvalidArgument, "expected host:port or off: " + address.status().message());
  }
  options.telemetry.listen = std::move(address.value());
  return {};
}

Status SetLoops(std::string_view text, Options& options) {
  options.loops.reset();
  if (text == "auto") return {};
  const Result<std::uint64_t> count = ParseCount(text, 1, 64);
  if (!count.ok()) return Status(ErrorCode::kInvalidArgument, "expected auto or a whole number from 1 to 64");
  options.loops = static_cast<unsigned>(count.value());
  return {};
}

constexpr std::array<Choice<base::LogLevel>, 4> kLevels = {{{"debug", base::LogLevel::kDebug},
                                                            {"info", base::LogLevel::kInfo},
                                                            {"warn", base::LogLevel::kWarn},
                                                            {"error", base::LogLevel::kError}}};
constexpr std::array<Choice<base::LogFormat>, 3> kFormats = {
    {{"auto", base::LogFormat::kAuto}, {"text", base::LogFormat::kText}, {"json", base::LogFormat::kJson}}};

// clang-format off
constexpr std::array<Field, 12> kFields = {{
    {"listen", true, AddListen},
    {"upstream.url", false, [](std::string_view text, Options& o) { return Assign(base::ParseUpstreamUrl(text), o.upstream.url); }},
    {"upstream.timeout", false, [](std::string_view text, Options& o) { return Assign(ParseDuration(text, 10ms, 1min), o.upstream.timeout); }},
    {"telemetry.listen", false, SetTelemetry},
    {"loops", false, SetLoops},
    {"limits.max_clients", false, [](std::string_view text, Options& o) { return Assign(ParseCount(text, 1, 1000000), o.limits.max_clients); }},
    {"limits.max_dedicated", false, [](std::string_view text, Options& o) { return Assign(ParseCount(text, 1, 100000), o.limits.max_dedicated); }},
    {"limits.client_output_limit", false, [](std::string_view text, Options& o) { return Assign(ParseBytes(text, kMiB, kTiB), o.limits.client_output_limit); }},
    {"memory.max_bytes", false, [](std::string_view text, Options& o) { return Assign(ParseBytes(text, kMiB, kTiB), o.memory.max_bytes); }},
    {"shutdown.drain", false, [](std::string_view text, Options& o) { return Assign(ParseDuration(text, 0ms, 1h), o.shutdown.drain); }},
    {"log.level", false, [](std::string_view text, Options& o) { return Choose(text, kLevels, o.log.level); }},
    {"log.format", false, [](std::string_view text, Options& o) { return Choose(text, kFormats, o.log.format); }},
}};
// clang-format on

}  // namespace

std::span<const Field> Fields() {
  return kFields;
}

const Field* FindField(std::string_view key) {
  const auto* const found =
      std::find_if(kFields.begin(), kFields.end(), [&](const Field& field) { return field.key == key; });
  return found == kFields.end() ? nullptr : found;
}

}  // namespace herdgate::config

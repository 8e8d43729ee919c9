#include "sidecar/config/fields.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <utility>

#include "sidecar/config/choice.h"
#include "sidecar/config/units.h"
#include "sidecar/metrics/buckets.h"

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

Status SetHostPort(std::string_view text, std::optional<base::ListenAddress>& target) {
  target.reset();
  if (text == "off") return {};
  Result<base::ListenAddress> address = base::ParseHostPort(text);
  if (!address.ok()) {
    return Status(ErrorCode::kInvalidArgument, "expected host:port or off: " + address.status().message());
  }
  target = std::move(address.value());
  return {};
}

Status AddBucket(std::string_view text, Options& options) {
  auto& bounds = options.telemetry.command_buckets;
  const Result<std::chrono::nanoseconds> bound = ParseBound(text);
  if (!bound.ok()) return bound.status();
  const auto refuse = [](const char* why) { return Status(ErrorCode::kInvalidArgument, why); };
  if (bounds.size() == metrics::BucketLayout::kMaxBounds) return refuse("at most 20 bounds");
  if (!bounds.empty() && bound.value() <= bounds.back()) return refuse("bounds must go up");
  if (bounds.size() > 1 && bound.value() < 2 * bounds[bounds.size() - 2]) {
    return refuse("three bounds within a factor of two; take every other one");
  }
  bounds.push_back(bound.value());
  return {};
}

Status SetTelemetry(std::string_view text, Options& options) {
  return SetHostPort(text, options.telemetry.listen);
}

Status SetPath(std::string_view text, std::string& target) {
  if (text.empty() || text.find('\0') != std::string_view::npos) {
    return Status(ErrorCode::kInvalidArgument, "expected the path of a file");
  }
  target = text;
  return {};
}

Status AddAllowedHost(std::string_view text, Options& options) {
  constexpr std::string_view kNames = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
  const bool bracketed = text.size() > 2 && text.front() == '[' && text.back() == ']';
  const std::string_view name = bracketed ? text.substr(1, text.size() - 2) : text;
  const std::string_view allowed = bracketed ? "0123456789abcdefABCDEF:." : kNames;
  if (name.empty() || name.size() > 253 || name.find_first_not_of(allowed) != std::string_view::npos) {
    return Status(ErrorCode::kInvalidArgument, "expected a name or an address without a port, like ops.example.com");
  }
  options.admin.allowed_hosts.emplace_back(text);
  return {};
}

std::string ShowAllowedHosts(const Options& options) {
  std::string out;
  for (const std::string& host : options.admin.allowed_hosts) out += (out.empty() ? "" : ", ") + host;
  return out;
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

std::string ShowListen(const Options& options) {
  std::string out;
  for (const base::ListenAddress& address : options.listen) out += (out.empty() ? "" : ", ") + address.ToString();
  return out;
}

std::string ShowTelemetry(const Options& options) {
  return options.telemetry.listen ? options.telemetry.listen->ToString() : "off";
}

std::string ShowBuckets(const Options& options) {
  std::string out;
  for (const std::chrono::nanoseconds bound : options.telemetry.command_buckets) {
    out += (out.empty() ? "" : ", ") + FormatBound(bound);
  }
  return out;
}

std::string ShowLoops(const Options& options) {
  return options.loops ? std::to_string(*options.loops) : "auto";
}

// clang-format off
constexpr std::array<Field, 21> kFields = {{
    {"listen", true, false, AddListen, ShowListen, [](Options& o) { o.listen.clear(); }},
    {"upstream.url", false, false,
     [](std::string_view text, Options& o) { return Assign(base::ParseUpstreamUrl(text), o.upstream.url); },
     [](const Options& o) { return o.upstream.url.ToString(); }},
    {"upstream.timeout", false, false,
     [](std::string_view text, Options& o) { return Assign(ParseDuration(text, 10ms, 1min), o.upstream.timeout); },
     [](const Options& o) { return FormatDuration(o.upstream.timeout); }},
    {"telemetry.listen", false, false, SetTelemetry, ShowTelemetry},
    {"telemetry.command_buckets", true, false, AddBucket, ShowBuckets, [](Options& o) { o.telemetry.command_buckets.clear(); }},
    {"admin.listen", false, false,
     [](std::string_view text, Options& o) { return SetHostPort(text, o.admin.listen); },
     [](const Options& o) { return o.admin.listen ? o.admin.listen->ToString() : "off"; }},
    {"admin.tokens_file", false, false,
     [](std::string_view text, Options& o) { return SetPath(text, o.admin.tokens_file); },
     [](const Options& o) { return o.admin.tokens_file; }},
    {"admin.allowed_hosts", true, false, AddAllowedHost, ShowAllowedHosts, [](Options& o) { o.admin.allowed_hosts.clear(); }},
    {"admin.audit_file", false, false,
     [](std::string_view text, Options& o) { return SetPath(text, o.admin.audit_file); },
     [](const Options& o) { return o.admin.audit_file; }},
    {"loops", false, false, SetLoops, ShowLoops},
    {"limits.max_clients", false, false,
     [](std::string_view text, Options& o) { return Assign(ParseCount(text, 1, 1000000), o.limits.max_clients); },
     [](const Options& o) { return std::to_string(o.limits.max_clients); }},
    {"limits.max_dedicated", false, false,
     [](std::string_view text, Options& o) { return Assign(ParseCount(text, 1, 100000), o.limits.max_dedicated); },
     [](const Options& o) { return std::to_string(o.limits.max_dedicated); }},
    {"limits.client_output_limit", false, false,
     [](std::string_view text, Options& o) { return Assign(ParseBytes(text, kMiB, kTiB), o.limits.client_output_limit); },
     [](const Options& o) { return FormatBytes(o.limits.client_output_limit); }},
    {"memory.max_bytes", false, false,
     [](std::string_view text, Options& o) { return Assign(ParseBytes(text, kMiB, kTiB), o.memory.max_bytes); },
     [](const Options& o) { return FormatBytes(o.memory.max_bytes); }},
    {"near.max_bytes", false, false,
     [](std::string_view text, Options& o) { return Assign(ParseBytes(text, kMiB, kTiB), o.near.max_bytes); },
     [](const Options& o) { return FormatBytes(o.near.max_bytes); }},
    {"offline.max_deletes", false, false,
     [](std::string_view text, Options& o) { return Assign(ParseCount(text, 1, 10000000), o.offline.max_deletes); },
     [](const Options& o) { return std::to_string(o.offline.max_deletes); }},
    {"offline.max_bytes", false, false,
     [](std::string_view text, Options& o) { return Assign(ParseBytes(text, kMiB, kTiB), o.offline.max_bytes); },
     [](const Options& o) { return FormatBytes(o.offline.max_bytes); }},
    {"shutdown.delay", false, false,
     [](std::string_view text, Options& o) { return Assign(ParseDuration(text, 0ms, 1h), o.shutdown.delay); },
     [](const Options& o) { return FormatDuration(o.shutdown.delay); }},
    {"shutdown.drain", false, false,
     [](std::string_view text, Options& o) { return Assign(ParseDuration(text, 0ms, 1h), o.shutdown.drain); },
     [](const Options& o) { return FormatDuration(o.shutdown.drain); }},
    {"log.level", false, true,
     [](std::string_view text, Options& o) { return Choose(text, kLevels, o.log.level); },
     [](const Options& o) { return std::string(ChoiceName(o.log.level, kLevels)); }},
    {"log.format", false, false,
     [](std::string_view text, Options& o) { return Choose(text, kFormats, o.log.format); },
     [](const Options& o) { return std::string(ChoiceName(o.log.format, kFormats)); }},
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

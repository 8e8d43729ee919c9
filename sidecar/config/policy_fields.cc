#include "sidecar/config/policy_fields.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <regex>

#include "sidecar/config/choice.h"
#include "sidecar/config/units.h"
#include "sidecar/metrics/registry.h"

namespace herdgate::config {
namespace {

using base::ErrorCode;
using base::Result;
using base::Status;
using policy::Policy;
using namespace std::chrono_literals;

constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kMaxRequireBytes = 1024;  // the parser of expressions calls itself for each parenthesis
constexpr std::chrono::milliseconds kTenYears = 10 * 365 * 24h;

constexpr std::array<Choice<policy::Mode>, 3> kModes = {
    {{"enforce", policy::Mode::kEnforce}, {"audit", policy::Mode::kAudit}, {"off", policy::Mode::kOff}}};
constexpr std::array<Choice<policy::MissingTtl>, 3> kMissing = {{{"apply", policy::MissingTtl::kApply},
                                                                 {"reject", policy::MissingTtl::kReject},
                                                                 {"allow", policy::MissingTtl::kAllow}}};
constexpr std::array<Choice<policy::OfflineReads>, 3> kOfflineReads = {{{"miss", policy::OfflineReads::kMiss},
                                                                        {"error", policy::OfflineReads::kError},
                                                                        {"pass", policy::OfflineReads::kPass}}};
constexpr std::array<Choice<policy::Fallback>, 2> kFallbacks = {
    {{"none", policy::Fallback::kNone}, {"memory", policy::Fallback::kMemory}}};
constexpr std::array<Choice<policy::Coalesce>, 3> kCoalesce = {
    {{"auto", policy::Coalesce::kAuto}, {"on", policy::Coalesce::kOn}, {"off", policy::Coalesce::kOff}}};
constexpr std::array<Choice<policy::OnTimeout>, 3> kOnTimeout = {
    {{"miss", policy::OnTimeout::kMiss}, {"stale", policy::OnTimeout::kStale}, {"error", policy::OnTimeout::kError}}};
constexpr std::array<Choice<policy::StaleSet>, 3> kStaleSets = {
    {{"short", policy::StaleSet::kShort}, {"drop", policy::StaleSet::kDrop}, {"pass", policy::StaleSet::kPass}}};
// Only the first is built.
constexpr std::array<Choice<policy::Grace>, 3> kGraces = {
    {{"near", policy::Grace::kNear}, {"shadow", policy::Grace::kShadow}, {"extend", policy::Grace::kExtend}}};
constexpr std::array<Choice<policy::RefreshMode>, 2> kRefreshModes = {
    {{"off", policy::RefreshMode::kOff}, {"synthetic", policy::RefreshMode::kSynthetic}}};
constexpr std::array<Choice<bool>, 2> kBooleans = {{{"true", true}, {"false", false}}};

Status Invalid(std::string message) {
  return Status(ErrorCode::kInvalidArgument, std::move(message));
}

Status SetName(std::string_view text, Policy& policy) {
  if (!IsPolicyName(text)) return Invalid("expected 1 to 64 of the letters a to z, digits, '_' and '-'");
  if (text == metrics::kOverflowLabel)
    return Invalid("overflow is what metrics call all policies beyond their limit; choose another");
  policy.name = text;
  return {};
}

Status SetDuration(std::string_view text, std::chrono::milliseconds& target) {
  const Result<std::chrono::milliseconds> duration = ParseDuration(text, 1ms, kTenYears);
  if (!duration.ok()) return duration.status();
  target = duration.value();
  return {};
}

Status SetNearTtl(std::string_view text, Policy& policy) {
  const Result<std::chrono::milliseconds> duration = ParseDuration(text, 1ms, 60s);
  if (!duration.ok()) return duration.status();
  policy.near.max_ttl = duration.value();
  return {};
}

Status SetNearValue(std::string_view text, Policy& policy) {
  const Result<std::uint64_t> bytes = ParseBytes(text, 1, std::uint64_t{1} << 20U);
  if (!bytes.ok()) return bytes.status();
  policy.near.max_value = bytes.value();
  return {};
}

Status SetStaleIfError(std::string_view text, Policy& policy) {
  const Result<std::chrono::milliseconds> duration = ParseDuration(text, 0ms, kTenYears);
  if (!duration.ok()) return duration.status();
  policy.stale_if_error = duration.value();
  return {};
}

// What a writer of older YAML makes of a plain `on` or `off`.
std::string_view OnOrOff(std::string_view text) {
  if (text == "true") return "on";
  return text == "false" ? "off" : text;
}

Status SetMaxWait(std::string_view text, Policy& policy) {
  const Result<std::chrono::milliseconds> duration = ParseDuration(text, 1ms, 10s);
  if (!duration.ok()) return duration.status();
  policy.stampede.max_wait = duration.value();
  return {};
}

Status SetLease(std::string_view text, Policy& policy) {
  if (text == "auto") {
    policy.stampede.lease.reset();
    return {};
  }
  const Result<std::chrono::milliseconds> duration = ParseDuration(text, 250ms, 10s);
  if (!duration.ok()) return Invalid("expected auto or a duration from 250ms to 10s, with a unit: ms, s, m or h");
  policy.stampede.lease = duration.value();
  return {};
}

Status SetGrace(std::string_view text, Policy& policy) {
  if (text == ChoiceName(policy::Grace::kExtend, kGraces))
    return Invalid("this version does not have it yet; use near or shadow");
  if (text == ChoiceName(policy::Grace::kNear, kGraces)) {
    policy.stampede.grace = policy::Grace::kNear;
  } else if (text == ChoiceName(policy::Grace::kShadow, kGraces)) {
    policy.stampede.grace = policy::Grace::kShadow;
  } else {
    return Invalid("expected one of near, shadow");
  }
  return {};
}

Status SetStaleWhileRevalidate(std::string_view text, Policy& policy) {
  const Result<std::chrono::milliseconds> duration = ParseDuration(text, 0ms, 24h);
  if (!duration.ok()) return duration.status();
  policy.stampede.stale_while_revalidate = duration.value();
  return {};
}

Status SetRefreshMode(std::string_view text, Policy& policy) {
  if (text == "loader") return Invalid("this version does not have it yet; use synthetic");
  return Choose(OnOrOff(text), kRefreshModes, policy.refresh.mode);
}

Status SetBeta(std::string_view text, Policy& policy) {
  constexpr std::uint64_t kMostBeta = 10;
  const Result<double> beta = ParseFactor(text, kMostBeta);
  if (!beta.ok()) return beta.status();
  policy.refresh.beta = beta.value();
  return {};
}

Status SetOfflineReads(std::string_view text, Policy& policy) {
  policy::OfflineReads reads{};
  Status status = Choose(text, kOfflineReads, reads);
  if (status.ok()) policy.offline.reads = reads;
  return status;
}

Status SetJitter(std::string_view text, Policy& policy) {
  const Result<double> share = ParseShare(text);
  if (!share.ok()) return share.status();
  policy.ttl.jitter = share.value();
  return {};
}

Status SetSchema(std::string_view text, Policy& policy) {
  const Result<std::uint64_t> schema = ParseCount(text, 0, UINT32_MAX);
  if (!schema.ok()) return Invalid(schema.status().message() + ", without leading zeros");
  policy.version.schema = schema.value();
  return {};
}

std::string_view WhatIsWrong(std::regex_constants::error_type code) {
  using namespace std::regex_constants;
  if (code == error_brack) return "a '[' is not closed";
  // libstdc++ says "paren" for both.
  if (code == error_paren) return "the parentheses do not match, or nothing stands before a '*', '+', '?' or '{'";
  if (code == error_brace) return "a '{' is not closed";
  if (code == error_badbrace) return "the numbers in '{}' are not valid";
  if (code == error_range) return "a range in '[]' ends before it starts";
  if (code == error_badrepeat) return "nothing stands before a '*', '+', '?' or '{'";
  if (code == error_escape) return "an unknown escape, or a '\\' at the end";
  if (code == error_complexity) return "a reference to a group is not possible here: it can take any time to match";
  if (code == error_backref) return "a reference to a group that is not there";
  if (code == error_ctype || code == error_collate) return "an unknown class of characters";
  return "it is too large";
}

Status SetRequire(std::string_view text, Policy& policy) {
  if (text.size() > kMaxRequireBytes) return Invalid("expected a regular expression of at most 1024 bytes");
  try {
    // Polynomial: no expression that a key can make the matcher try for minutes.
    const std::regex compiled{std::string(text), std::regex::ECMAScript | std::regex_constants::__polynomial};
  } catch (const std::regex_error& error) {
    return Invalid("not a regular expression (ECMAScript): " + std::string(WhatIsWrong(error.code())));
  }
  policy.version.require = text;
  return {};
}

std::string Show(std::chrono::milliseconds duration) {
  return duration.count() == 0 ? std::string() : FormatDuration(duration);
}

std::string Show(double number) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, std::chars_format::fixed);
  return {digits.data(), end.ptr};
}

// clang-format off
constexpr std::array<PolicyField, 26> kFields = {{
    {"name", SetName, [](const Policy& p) { return p.name; }},
    {"mode",
     [](std::string_view text, Policy& p) { return Choose(text, kModes, p.mode); },
     [](const Policy& p) { return std::string(ChoiceName(p.mode, kModes)); }},
    {"what_if",
     [](std::string_view text, Policy& p) { return Choose(text, kBooleans, p.what_if); },
     [](const Policy& p) { return std::string(ChoiceName(p.what_if, kBooleans)); }},
    {"ttl.missing",
     [](std::string_view text, Policy& p) { return Choose(text, kMissing, p.ttl.missing); },
     [](const Policy& p) { return std::string(ChoiceName(p.ttl.missing, kMissing)); }},
    {"ttl.default",
     [](std::string_view text, Policy& p) { return SetDuration(text, p.ttl.default_ttl); },
     [](const Policy& p) { return Show(p.ttl.default_ttl); }},
    {"ttl.min",
     [](std::string_view text, Policy& p) { return SetDuration(text, p.ttl.min); },
     [](const Policy& p) { return Show(p.ttl.min); }},
    {"ttl.max",
     [](std::string_view text, Policy& p) { return SetDuration(text, p.ttl.max); },
     [](const Policy& p) { return Show(p.ttl.max); }},
    {"ttl.jitter", SetJitter,
     [](const Policy& p) { return Show(p.ttl.jitter); }},
    {"version.schema", SetSchema,
     [](const Policy& p) { return p.version.schema ? std::to_string(*p.version.schema) : std::string(); }},
    {"version.generation",
     [](std::string_view text, Policy& p) { return Choose(text, kBooleans, p.version.generation); },
     [](const Policy& p) { return std::string(ChoiceName(p.version.generation, kBooleans)); }},
    {"near.enabled",
     [](std::string_view text, Policy& p) { return Choose(text, kBooleans, p.near.enabled); },
     [](const Policy& p) { return std::string(ChoiceName(p.near.enabled, kBooleans)); }},
    {"near.max_ttl", SetNearTtl,
     [](const Policy& p) { return Show(p.near.max_ttl); }},
    {"near.max_value", SetNearValue,
     [](const Policy& p) { return FormatBytes(p.near.max_value); }},
    {"stampede.coalesce",
     [](std::string_view text, Policy& p) { return Choose(OnOrOff(text), kCoalesce, p.stampede.coalesce); },
     [](const Policy& p) { return std::string(ChoiceName(p.stampede.coalesce, kCoalesce)); }},
    {"stampede.max_wait", SetMaxWait,
     [](const Policy& p) { return Show(p.stampede.max_wait); }},
    {"stampede.lease", SetLease,
     [](const Policy& p) { return p.stampede.lease ? Show(*p.stampede.lease) : std::string("auto"); }},
    {"stampede.on_timeout",
     [](std::string_view text, Policy& p) { return Choose(text, kOnTimeout, p.stampede.on_timeout); },
     [](const Policy& p) { return std::string(ChoiceName(p.stampede.on_timeout, kOnTimeout)); }},
    {"stampede.stale_set",
     [](std::string_view text, Policy& p) { return Choose(text, kStaleSets, p.stampede.stale_set); },
     [](const Policy& p) { return std::string(ChoiceName(p.stampede.stale_set, kStaleSets)); }},
    {"stampede.grace", SetGrace,
     [](const Policy& p) { return std::string(ChoiceName(p.stampede.grace, kGraces)); }},
    {"stampede.stale_while_revalidate", SetStaleWhileRevalidate,
     [](const Policy& p) { return FormatDuration(p.stampede.stale_while_revalidate); }},
    {"stampede.stale_if_error", SetStaleIfError,
     [](const Policy& p) { return FormatDuration(p.stale_if_error); }},
    {"refresh.mode", SetRefreshMode,
     [](const Policy& p) { return std::string(ChoiceName(p.refresh.mode, kRefreshModes)); }},
    {"refresh.beta", SetBeta,
     [](const Policy& p) { return Show(p.refresh.beta); }},
    {"offline.reads", SetOfflineReads,
     [](const Policy& p) {
       return p.offline.reads ? std::string(ChoiceName(*p.offline.reads, kOfflineReads)) : std::string();
     }},
    {"offline.fallback",
     [](std::string_view text, Policy& p) { return Choose(text, kFallbacks, p.offline.fallback); },
     [](const Policy& p) { return std::string(ChoiceName(p.offline.fallback, kFallbacks)); }},
    {"version.require", SetRequire, [](const Policy& p) { return p.version.require; }},
}};
// clang-format on

}  // namespace

std::span<const PolicyField> PolicyFields() {
  return kFields;
}

const PolicyField* FindPolicyField(std::string_view key) {
  const auto* const found =
      std::find_if(kFields.begin(), kFields.end(), [&](const PolicyField& field) { return field.key == key; });
  return found == kFields.end() ? nullptr : found;
}

bool IsPolicyName(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNameBytes && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '_' || c == '-';
  });
}

}  // namespace herdgate::config

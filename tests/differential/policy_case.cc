#include "tests/differential/policy_case.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <list>

namespace herdgate::differential {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr std::string_view kVersion = R"(policies:
  - {name: all, match: ["*"], mode: enforce, version: {schema: 7}}
)";

// The letters are those of the keys' types (values.cc): strings, lists, hashes, sets, ... Bitmaps and sorted sets have
// no version; two policies have the same one.
constexpr std::string_view kMixed = R"(policies:
  - {name: strings, match: ["s*"], mode: enforce, version: {schema: 1}}
  - {name: lists, match: ["l*"], mode: enforce, version: {schema: 2}}
  - {name: hashes, match: ["h*"], mode: enforce, version: {schema: 30}}
  - {name: sets, match: ["e*"], mode: enforce, version: {schema: 1}}
  - {name: streams, match: ["x*"], mode: enforce, version: {schema: 4}}
  - {name: tagged, match: ["{tag}*"], mode: enforce, version: {schema: 5}}
  - {name: waiting, match: ["wait-*"], mode: enforce, version: {schema: 4294967295}}
  - {name: bitmaps, match: ["b*"], mode: enforce}
  - {name: nobody, match: ["nobody:*"], mode: audit, version: {schema: 9}}
)";

// Scripts ask for expiries from ten minutes on and for endless ones: see Values.
constexpr std::string_view kTtl = R"(policies:
  - {name: all, match: ["*"], mode: enforce, ttl: {missing: apply, default: 1h, jitter: 10%, max: 24h, min: 15m}}
)";

constexpr std::string_view kAll = R"(policies:
  - {name: strings, match: ["s*"], mode: enforce, version: {schema: 1}, ttl: {missing: apply, default: 1h, jitter: 10%, max: 24h, min: 15m}}
  - {name: lists, match: ["l*", "wait-*"], mode: enforce, version: {schema: 2}, ttl: {missing: apply, default: 1h, jitter: 10%, max: 24h, min: 15m}}
  - {name: hashes, match: ["h*"], mode: enforce, version: {schema: 30}, ttl: {missing: apply, default: 1h, jitter: 10%, max: 24h, min: 15m}}
  - {name: rest, match: ["*"], mode: enforce, ttl: {missing: apply, default: 1h, jitter: 10%, max: 24h, min: 15m}}
)";

// Would refuse nearly every write and rename every key, and may do nothing.
constexpr std::string_view kAudit = R"(policies:
  - {name: strings, match: ["s*"], mode: audit, version: {schema: 1}, ttl: {missing: reject, max: 1h}}
  - {name: lists, match: ["l*", "h*"], mode: off, version: {schema: 2}, ttl: {missing: reject, max: 1h}}
  - {name: all, match: ["*"], mode: audit, version: {schema: 7, require: "none of these"}, ttl: {missing: apply, default: 1h, jitter: 50%, max: 24h, min: 15m}}
)";

constexpr std::string_view kNear = R"(policies:
  - {name: all, match: ["*"], mode: enforce, near: {enabled: true}}
)";

constexpr TtlBounds kBounds{hours(1), minutes(15), hours(24), 0.1};

std::span<const PolicyCase> MakeCases() {
  static const std::vector<PolicyCase> cases = {
      {"version", std::string(kVersion), true, false, false, true, {{"", "v7:"}}, {}},
      {"mixed",
       std::string(kMixed),
       true,
       false,
       false,
       true,
       {{"", ""},
        {"s", "v1:"},
        {"l", "v2:"},
        {"h", "v30:"},
        {"e", "v1:"},
        {"x", "v4:"},
        {"{tag}", "v5:"},
        {"wait-", "v4294967295:"}},
       {}},
      {"ttl", std::string(kTtl), false, true, false, true, {{"", ""}}, kBounds},
      {"all",
       std::string(kAll),
       true,
       true,
       false,
       true,
       {{"", ""}, {"s", "v1:"}, {"l", "v2:"}, {"wait-", "v2:"}, {"h", "v30:"}},
       kBounds},
      {"audit", std::string(kAudit), false, false, false, true, {{"", ""}}, {}},
      {"near", std::string(kNear), false, false, true, true, {{"", ""}}, {}},
  };
  return cases;
}

// `begins` with the version before it, the longest that `key` begins with.
const PolicyCase::Prefix* Longest(const PolicyCase& policies, std::string_view key) {
  const PolicyCase::Prefix* best = nullptr;
  for (const PolicyCase::Prefix& prefix : policies.prefixes) {
    if (key.starts_with(prefix.begins) && (best == nullptr || prefix.begins.size() > best->begins.size()))
      best = &prefix;
  }
  return best;
}

}  // namespace

std::string PolicyCase::PhysicalName(std::string_view logical) const {
  const Prefix* prefix = Longest(*this, logical);
  return (prefix == nullptr ? std::string() : std::string(prefix->version)) + std::string(logical);
}

bool PolicyCase::LogicalName(std::string_view physical, std::string& logical) const {
  const auto is_of = [&](const Prefix& prefix) {
    if (!physical.starts_with(prefix.version)) return false;
    logical = physical.substr(prefix.version.size());
    return Longest(*this, logical) == &prefix;
  };
  // A name that has a version and one that has none may be the same; scripts write none of the latter.
  const auto versioned = [&](const Prefix& prefix) { return !prefix.version.empty() && is_of(prefix); };
  return std::any_of(prefixes.begin(), prefixes.end(), versioned) ||
         std::any_of(prefixes.begin(), prefixes.end(), is_of);
}

std::span<const PolicyCase> PolicyCases() {
  static const std::span<const PolicyCase> cases = MakeCases();
  return cases;
}

const PolicyCase* FindPolicyCase(const std::string& name, std::string& error) {
  for (const PolicyCase& one : PolicyCases()) {
    if (one.name == name) return &one;
  }
  static std::list<PolicyCase> files;
  for (const PolicyCase& one : files) {
    if (one.name == name) return &one;
  }
  std::ifstream file(name, std::ios::binary);
  if (!file) {
    error = "no policies " + name + ": neither a built-in case nor a file";
    return nullptr;
  }
  PolicyCase read;
  read.name = name;
  read.yaml.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  read.versions = read.ttls = true;
  read.names_known = false;
  return &files.emplace_back(std::move(read));
}

}  // namespace herdgate::differential

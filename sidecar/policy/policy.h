// Policy: what the operator wants for the keys that match: which expiry, which version. Plain values, as configured.
//
// Threads: immutable once in a PolicySet; any thread may read.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace herdgate::policy {

enum class Mode : std::uint8_t {
  kEnforce,
  kAudit,  // counts what enforce would do, changes no byte
  kOff,    // matches, so that no other policy does, and does nothing
};

// What happens to a write that leaves its key without an expiry.
enum class MissingTtl : std::uint8_t { kApply, kReject, kAllow };

struct TtlRules {
  MissingTtl missing = MissingTtl::kAllow;
  // Given to a key that would have none. REQUIRES > 0 with kApply.
  std::chrono::milliseconds default_ttl{0};
  // Bounds of every expiry, the default's too; 0: none. REQUIRES min <= max where both are set.
  std::chrono::milliseconds min{0};
  std::chrono::milliseconds max{0};
  // Share of the expiry, 0 to 1, by which it may be shortened at random; never longer than asked.
  double jitter = 0;

  bool operator==(const TtlRules&) const = default;
  // Whether any write is judged.
  bool any() const { return missing != MissingTtl::kAllow || min.count() > 0 || max.count() > 0 || jitter > 0; }
};

struct VersionRules {
  std::optional<std::uint64_t> schema;
  bool generation = false;
  // A regular expression (ECMAScript, whole key) that keys must match to be written; empty: any key.
  std::string require;

  bool operator==(const VersionRules&) const = default;
  bool any() const { return schema.has_value() || generation; }
};

// Reads answered in the pod.
struct NearRules {
  bool enabled = false;
  // How long a value may be answered from here, at most: what bounds a push that is lost on the way.
  std::chrono::milliseconds max_ttl{5000};
  // Larger values are not kept. In bytes.
  std::uint64_t max_value = 65536;

  bool operator==(const NearRules&) const = default;
};

struct Policy {
  std::string name;                // unique, [a-z0-9_-]; a metric label
  std::vector<std::string> match;  // Redis globs over the key as the app writes it
  Mode mode = Mode::kEnforce;
  TtlRules ttl;
  VersionRules version;
  NearRules near{};

  bool operator==(const Policy&) const = default;
};

}  // namespace herdgate::policy

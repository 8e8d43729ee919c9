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

// What a read of a key gets while the upstream is away and nothing near can answer it.
enum class OfflineReads : std::uint8_t {
  kPass,   // what it gets without a policy: it waits for the upstream, then an error
  kMiss,   // what Redis says of a key that isn't there
  kError,  // an error at once
};

// What serves reads and writes in the upstream's place while it is away.
enum class Fallback : std::uint8_t {
  kNone,
  kMemory,  // a store in this process, thrown away when the upstream returns
};

struct OfflineRules {
  std::optional<OfflineReads> reads;  // as configured; Policy::offline_reads() knows the default
  Fallback fallback = Fallback::kNone;

  bool operator==(const OfflineRules&) const = default;
};

enum class Coalesce : std::uint8_t {
  kAuto,  // where the apps' own traffic shows that it is a cache
  kOn,
  kOff,
};

// What a caller gets that has waited as long as it may.
enum class OnTimeout : std::uint8_t {
  kMiss,   // nil: it computes too
  kStale,  // an old value within stale_while_revalidate, else nil
  kError,
};

// What becomes of a SET whose key was invalidated after the miss that it follows.
enum class StaleSet : std::uint8_t {
  kShort,  // stored, but for two seconds at most
  kDrop,   // answered OK and not stored; kShort where that can't be told from another SET
  kPass,   // stored as it is, and counted
};

// Where old values are kept.
enum class Grace : std::uint8_t {
  kNear,    // in the sidecar only
  kShadow,  // of hot keys, in a key of their own beside the data key
  kExtend,  // under the data key: it lives stale_while_revalidate longer than the app asked
};

struct StampedeRules {
  Coalesce coalesce = Coalesce::kAuto;
  // How long a read that finds nothing waits at most for who computes the value. Below the app's socket timeout.
  std::chrono::milliseconds max_wait{400};
  // How long a pod may compute without a sign of life. Nothing: by what computing has taken so far.
  std::optional<std::chrono::milliseconds> lease;
  OnTimeout on_timeout = OnTimeout::kMiss;
  StaleSet stale_set = StaleSet::kShort;
  Grace grace = Grace::kNear;
  // How long past its expiry an old value may be answered while one caller computes the new one; 0: not at all.
  std::chrono::milliseconds stale_while_revalidate{10000};

  bool operator==(const StampedeRules&) const = default;
};

enum class RefreshMode : std::uint8_t {
  kOff,
  kSynthetic,  // one caller is told that the key is missing shortly before it is
};

struct RefreshRules {
  RefreshMode mode = RefreshMode::kOff;
  // Greater: earlier. REQUIRES > 0
  double beta = 2;

  bool operator==(const RefreshRules&) const = default;
};

// A tag that keys get by their name, under which they can be forgotten together.
struct TagRule {
  std::string match;  // a regular expression (RE2, over bytes) that the whole key matches
  std::string tag;    // {1} is the expression's first group, {0} the whole key

  bool operator==(const TagRule&) const = default;
};

struct Policy {
  std::string name;                // unique, [a-z0-9_-]; a metric label
  std::vector<std::string> match;  // Redis globs over the key as the app writes it
  Mode mode = Mode::kEnforce;
  TtlRules ttl;
  VersionRules version;
  NearRules near{};
  // How long past fresh a near value may still be answered while the upstream is away; 0: not at all.
  std::chrono::milliseconds stale_if_error{3600000};
  OfflineRules offline{};
  StampedeRules stampede{};
  RefreshRules refresh{};
  // Whether the hit ratios that it would have otherwise are estimated, where it is watched.
  bool what_if = true;
  // At most TagRules::kMostRules. REQUIRES version.generation, if there are any.
  std::vector<TagRule> tags{};

  bool operator==(const Policy&) const = default;
  // REQUIRES for a sensible answer: not kPass with a fallback (config checks it).
  OfflineReads offline_reads() const {
    const bool misses = near.enabled || offline.fallback != Fallback::kNone;
    return offline.reads.value_or(misses ? OfflineReads::kMiss : OfflineReads::kPass);
  }
  // Whether keys may get other names by their tags.
  bool tagged() const { return mode == Mode::kEnforce && version.generation && !tags.empty(); }
  // Whether misses of its keys may be coalesced.
  bool coalesces() const { return mode == Mode::kEnforce && stampede.coalesce != Coalesce::kOff; }
  // Whether old values of its hot keys are kept in Redis.
  bool keeps_shadows() const {
    return coalesces() && stampede.grace == Grace::kShadow && stampede.stale_while_revalidate.count() > 0;
  }
  // Whether what is read and written of its keys has to be known.
  bool watched() const { return mode == Mode::kEnforce && (near.enabled || stampede.coalesce != Coalesce::kOff); }
  // Whether its keys are a cache: what an app reads of them while the upstream is away may be missing.
  bool cache() const { return mode == Mode::kEnforce && offline_reads() != OfflineReads::kPass; }
};

}  // namespace herdgate::policy

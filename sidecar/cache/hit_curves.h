// HitCurves: the hit ratio that each policy would have with a near cache of another size, and with keys that lived
// longer or shorter; of this process, all its loops together.
//
// Each loop counts its look-ups in a Tap; only those of sampled keys come here, behind a mutex. A policy's keys are
// sampled so that at most kMostEvents look-ups a second do, of all policies together; one whose few keys are asked for
// more often than that is watched for a part of each second, and then not even counted, so that its ratios stay right.
// What is estimated is said in size_curve.h and ttl_curve.h; it is of the last kWindow to twice that.
//
// Threads: taps, their loop; all else, any: a leaf mutex, held for about a microsecond, and for some ten where a sample
// has to give up keys. Ownership: the process's; outlives the loops and the near cache.
// Memory, at most a megabyte, taken by the first policy and never more: 6,144 keys of 106 bytes for the sizes, 7,936 of
// 42 for the lives, and for each of 32 policies 1.1 KiB and 64 bytes a loop. Policies beyond the 32nd have no curves.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/base/clock.h"
#include "sidecar/cache/size_curve.h"
#include "sidecar/cache/ttl_curve.h"
#include "sidecar/metrics/cell.h"
#include "sidecar/metrics/registry.h"

namespace herdgate::cache {

// What the curves have to know of a policy.
struct CurveTerms {
  std::string name;
  bool sizes = false;                     // its keys are in the near cache
  bool lives = false;                     // its look-ups and writes are told
  std::chrono::milliseconds near_for{0};  // how long a near value is fresh
  std::chrono::milliseconds life{0};      // of a key whose own is not known. REQUIRES > 0

  bool operator==(const CurveTerms&) const = default;
};

struct HitCurve {
  struct Point {
    double at = 0;  // bytes of the near cache, or seconds
    double hit_ratio = 0;
  };
  std::string policy;
  std::vector<Point> sizes;   // share of look-ups that the near cache answers; empty: it has none, or nothing was seen
  std::vector<Point> lives;   // share of look-ups that find a value; `at` is of a key of the policy's own life
  double lookups = 0;         // that this is of
  std::size_t near_keys = 0;  // sampled for `sizes`
  std::size_t live_keys = 0;  // sampled for `lives`
  std::chrono::seconds window{0};
};

class HitCurves {
 public:
  static constexpr std::size_t kMostEvents = 4096;
  static constexpr std::chrono::minutes kWindow{5};

  struct Lookup {
    std::uint64_t hash = 0;  // of the physical key, as the near cache's
    std::size_t room = 0;    // SizeCurve::Room of the value that the near cache answered with; 0: it did not
    bool found = false;      // there is a value, wherever it came from
  };

  // One loop's count of one policy's look-ups.
  class alignas(metrics::kCacheLine) Tap {
   public:
    // Counts a look-up: whether the near cache answered it, and whether there is a value. Whether it is to be told.
    bool Counts(std::uint64_t hash, bool near, bool found) {
      const std::uint32_t gate = gate_->load(std::memory_order_relaxed);
      if (gate == 0) return false;
      lookups_.Add();
      if (!near) not_near_.Add();
      if (!found) not_found_.Add();
      return static_cast<std::uint32_t>(hash >> 32U) < gate;
    }
    // Whether what becomes of the key is to be told.
    bool Samples(std::uint64_t hash) const {
      return static_cast<std::uint32_t>(hash >> 32U) < gate_->load(std::memory_order_relaxed);
    }

   private:
    friend class HitCurves;
    const std::atomic<std::uint32_t>* gate_ = nullptr;
    std::size_t policy_ = 0;
    metrics::Counter lookups_;
    metrics::Counter not_near_;
    metrics::Counter not_found_;
  };

  // `near_bytes`: the near cache's. `now`: of the start.
  HitCurves(std::size_t loops, std::size_t near_bytes, base::SteadyTime now);
  HitCurves(const HitCurves&) = delete;
  HitCurves& operator=(const HitCurves&) = delete;

  // From the start and by every reload. The curves of a policy whose terms are the same go on.
  void SetPolicies(const std::vector<CurveTerms>& policies);
  // Null: the policy has none. Valid as long as this. REQUIRES: loop < loops.
  Tap* TapOf(std::size_t loop, std::string_view policy);

  // REQUIRES: the tap counts the look-up.
  void LookedUp(const Tap& tap, const Lookup& lookup, base::SteadyTime now);
  // A value was written, to live so long; 0: not known. REQUIRES of both: the tap samples the key.
  void Written(const Tap& tap, std::uint64_t hash, std::chrono::milliseconds life, base::SteadyTime now);
  void Removed(const Tap& tap, std::uint64_t hash);
  // The near cache's. `room`: SizeCurve::Room.
  void Published(std::uint64_t hash, std::size_t room, std::chrono::milliseconds fresh_for, base::SteadyTime now) {
    if (MayBeNear(hash)) NearPublished(hash, room, fresh_for, now);
  }
  void Dropped(std::uint64_t hash) {
    if (MayBeNear(hash)) NearDropped(hash);
  }
  void NearCleared();

  void EverySecond(base::SteadyTime now);

  // In the order of their names.
  std::vector<HitCurve> Snapshot(base::SteadyTime now) const;
  // What was counted until the last EverySecond.
  void Collect(metrics::SampleSink& sink) const;
  std::size_t bytes() const;

 private:
  // What was counted of one policy until some moment.
  struct Mark {
    double lookups = 0;
    double not_near = 0;
    double not_found = 0;
    MissEstimates<kSizes> sizes;
    MissEstimates<kLives> lives;

    Mark Since(const Mark& before) const;
  };
  struct Policy {
    CurveTerms terms{};           // no name: the place is free
    std::size_t events = 0;       // told in this second
    std::size_t most_events = 0;  // in a second of this window
    bool rests = false;           // for the rest of this second
    std::array<Mark, 2> marks{};  // at the beginning of the window before this one, and of this one
    Mark told{};                  // when the counters below were last brought up to date
    double lookups = 0;
    MissEstimates<kSizes> sizes{};
    MissEstimates<kLives> lives{};
  };

  bool MayBeNear(std::uint64_t hash) const {
    return static_cast<std::uint32_t>(hash >> 32U) < near_gate_.load(std::memory_order_relaxed);
  }
  void NearPublished(std::uint64_t hash, std::size_t room, std::chrono::milliseconds fresh_for, base::SteadyTime now);
  void NearDropped(std::uint64_t hash);
  Tick At(base::SteadyTime now) const;

  // All below REQUIRE mutex_ held.
  std::size_t PlaceOf(std::string_view policy) const;
  void Begin(std::size_t place, const CurveTerms& terms);
  void SetGates();
  void SetMostEvents();
  void Spend(std::size_t place);
  Mark MarkOf(std::size_t place) const;
  void BringUpToDate(std::size_t place);
  void Turn(base::SteadyTime now);

  const base::SteadyTime began_;
  const std::size_t near_bytes_;
  std::array<std::atomic<std::uint32_t>, kMostCurves> gates_{};  // look-ups below are told; 0: none is counted
  std::atomic<std::uint32_t> near_gate_{0};
  std::vector<std::array<Tap, kMostCurves>> taps_;  // by loop
  mutable std::mutex mutex_;                        // guards all below
  std::array<Policy, kMostCurves> policies_{};
  std::size_t most_events_ = kMostEvents;  // of one policy in a second
  std::unique_ptr<SizeCurve> sizes_;       // null until a policy has it
  std::unique_ptr<TtlCurve> lives_;
  std::array<base::SteadyTime, 2> marked_{};  // when `marks` were set
};

}  // namespace herdgate::cache

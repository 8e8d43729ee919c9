// NearStage: reads answered from the near cache on one loop, and what the commands that go upstream mean for it.
//
// Only clients that speak as the sidecar itself, in the database of the upstream's URL, are answered from here: for
// others the upstream's rules are not known.
// The rules that keep it coherent are those of cache/near_cache.h, by number.
// Threads: its loop; Collect from any. Ownership: the Worker's; the cache and the fills outlive it.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/cache/hit_curves.h"
#include "sidecar/cache/hot_keys.h"
#include "sidecar/cache/key_sampler.h"
#include "sidecar/cache/near_cache.h"
#include "sidecar/cache/near_reader.h"
#include "sidecar/command/spec.h"
#include "sidecar/metrics/cell.h"
#include "sidecar/metrics/registry.h"
#include "sidecar/net/loop.h"
#include "sidecar/net/reply_queue.h"
#include "sidecar/pipeline/near_fills.h"
#include "sidecar/pipeline/near_work.h"
#include "sidecar/policy/request_plan.h"
#include "sidecar/policy/snapshot.h"
#include "sidecar/resp/request.h"

namespace herdgate::pipeline {

// What became of a key that was looked up: the label `outcome`; each implies the label `source`.
// With who answered: near cache, upstream, the store that stands in for it, or nobody.
enum class Outcome : std::uint8_t {
  kNearHit,
  kNegativeHit,
  kStale,
  kHit,
  kPlainMiss,
  kError,
  kStandbyHit,
  kStandbyMiss,
  kAwayMiss,
  kAwayError,
  kWaited,         // answered with what another computed meanwhile
  kMiss,           // nil: it leads
  kSyntheticMiss,  // nil, though its value lives: it leads a refresh
  kTimeoutMiss,    // nil after waiting
  kShadowStale,    // as kStale, from Redis (stampede/shadow.h)
};
inline constexpr std::size_t kOutcomes = 15;

class FlightStage;

class NearStage {
 public:
  NearStage(net::Loop& loop, cache::NearCache& cache, NearFills& fills);
  // Without: no key has flights.
  void SetFlights(FlightStage* flights) { flights_ = flights; }
  // Without: nobody is told what is looked up. They know the policies of each SetPolicies before it.
  void SetCurves(cache::HitCurves* curves) { curves_ = curves; }

  void SetPolicies(std::shared_ptr<const policy::PolicySet> set);

  // The reply to a read whose keys are all here and fresh; nothing if it has to go upstream. Valid until the next call.
  // REQUIRES: the client may be answered from here.
  std::optional<std::string_view> Answer(const policy::Snapshot& snapshot, const command::CommandSpec& spec,
                                         const resp::Request& request, const policy::RequestPlan& plan,
                                         const NearWork* work, int proto);

  // Answers GET `key` from here, into `replies`, if it is here and fresh, without a plan: no policy refuses a read, and
  // what has no name yet (its generation is not known) or is too long is not here. False: it has to be judged.
  // Nil of a key that may be computed for many is not here: somebody has to. A value that has just expired, but not
  // yet by all clocks, is answered as stale where the policy allows it: to ask Redis would make Redis tell of the
  // expiry while that could still be a DEL, and the value would be lost for those who come next.
  // REQUIRES: as Answer; the request is one that IsGet takes.
  bool AnswerGet(const policy::Snapshot& snapshot, std::string_view key, const NearWork* work, int proto,
                 std::uint64_t max_key_bytes, std::uint64_t session, net::ReplyQueue& replies);
  bool IsGet(const command::CommandSpec& spec, const resp::Request& request) const {
    return spec.id == get_ && request.args.size() == 2 && spec.AcceptsCount(2) && !spec.absent;
  }

  // What a command that goes upstream means; null if it means nothing. Drops what it writes (rule 4, at send).
  NotePtr Sent(const policy::Snapshot& snapshot, const command::CommandSpec& spec, const resp::Request& request,
               const policy::RequestPlan& plan, bool may_look_up);
  // Sent of GET `key`. REQUIRES: the policy is watched; the client may be answered from here.
  NotePtr LookingUp(const policy::Snapshot& snapshot, std::string_view key, std::size_t policy);
  // The request for those keys of an MGET that are not here, if some are: the note is then of these, and holds the
  // values of the others. Valid until the next call. REQUIRES: the note is Sent's for this request, just now.
  std::optional<std::string_view> Rest(const resp::Request& request, const NearWork* work, int proto, NearNote& note);
  // The command noted was taken by its lane.
  void Enter(NearWork& work, const NearNote& note);

  // A reload may have come since the command was noted: its keys get the policies that they have now, kNone if none.
  // To be called before a reply is held against the note.
  void Settle(NearNote& note) const {
    if (note.set != set_number_) Rematch(note);
  }
  // The same for one key, of the policy `policy` in the set `set`.
  std::size_t PolicyNow(std::string_view logical, std::size_t policy, std::uint32_t set) const {
    return set == set_number_ ? policy : set_ ? set_->Match(logical) : policy::PolicySet::kNone;
  }
  std::uint32_t set_number() const { return set_number_; }
  // The reply's first bytes are here, none of them shown yet; `whole` if it is all of it. `counts`: else the caller
  // counts what becomes of the look-ups.
  void Arrived(const NearNote& note, std::string_view bytes, bool whole, bool counts = true);
  // Of the look-ups that Arrived saw last: which of the note's keys were not there.
  const std::vector<std::size_t>& nils() const { return nils_; }
  // The command's fate is not known.
  void Lost(const NearNote& note);
  NearFills& fills() { return fills_; }
  NotePool& notes() { return notes_; }

  // What the cache has of the key, fresh or within its window as stale: for an upstream that is away. The caller counts
  // what it answers.
  std::optional<cache::ValueRef> Stale(std::string_view physical);

  struct Expired {
    cache::ValueRef value;          // not nil
    std::chrono::milliseconds age;  // since the key expired, at most
    // False for the few milliseconds after the expiry in which a nil or a push could still mean a DEL: who asks the
    // upstream for the key then makes it tell of the expiry, and with that the value goes.
    bool surely;
  };
  // The value of a key that expired less than `window` ago, and was not known to be deleted or written until then: for
  // readers while one of them computes the new one. REQUIRES: no unanswered command of the reader's own may touch the
  // key (rule 5).
  std::optional<Expired> StaleWhile(std::string_view physical, std::chrono::milliseconds window);

  void Count(std::size_t policy, Outcome outcome) {
    if (policy < by_index_.size() && by_index_[policy] != nullptr)
      by_index_[policy]->outcomes[static_cast<std::size_t>(outcome)].Add();
  }
  // For the curves: a command that sets the key was sent; `life`: of the value, 0 if not known. One that removes it.
  void Written(const NearNote::Key& key, std::chrono::milliseconds life);
  void Removed(const NearNote::Key& key);
  void Collect(metrics::SampleSink& sink) const;

 private:
  struct Cells {
    std::array<metrics::Counter, kOutcomes> outcomes;
    cache::HitCurves::Tap* tap = nullptr;  // null: the policy has no curves
  };

  // Valid until the next call.
  std::string_view Physical(const policy::Snapshot& snapshot, std::string_view logical, std::size_t policy) {
    return Joined(snapshot.Prefix(policy, logical), logical);
  }
  std::string_view Joined(std::string_view prefix, std::string_view logical) {
    return prefix.empty() ? logical : Prefixed(prefix, logical);
  }
  std::string_view Prefixed(std::string_view prefix, std::string_view logical);
  static NearNote::Key& AddKey(NearNote& note, const policy::Snapshot& snapshot, std::string_view prefix,
                               std::string_view logical, std::size_t policy);
  std::optional<cache::ValueRef> Fresh(const cache::HashedKey& key, const NearWork* work);
  void DropKeys(const NearNote& note, cache::EvictionReason why);
  void CountStandby(const NearNote& note, std::string_view bytes, bool whole);
  void LookedUp(const NearNote& note, std::string_view bytes, bool whole, bool counts);
  void Want(const cache::HashedKey& key, std::size_t policy);
  // Whether misses of the key are coalesced.
  bool Coalesces(std::size_t policy, std::string_view logical);
  bool MayBeStale(std::size_t policy, std::string_view logical);
  void Looked(std::size_t policy, std::string_view logical, bool hit);
  cache::HitCurves::Tap* TapOf(std::size_t policy) const {
    return policy < by_index_.size() && by_index_[policy] != nullptr ? by_index_[policy]->tap : nullptr;
  }
  // By what the curves know the key. What isn't near is not hashed for anything else, and so not by the cache's hash.
  std::uint64_t CurveHash(const NearNote::Key& key) const {
    return key.near ? cache_.Hash(key.name).hash : cache::SampleHash(key.name, cache_.options().seed);
  }
  // A look-up that the near cache did not answer, or not with a fresh value.
  void TellMissed(cache::HitCurves::Tap* tap, std::uint64_t hash, bool found) {
    if (tap != nullptr && tap->Counts(hash, false, found))
      curves_->LookedUp(*tap, {.hash = hash, .room = 0, .found = found}, loop_.Now());
  }
  // One that it did, with a value of `size` bytes.
  void TellNear(std::size_t policy, const cache::HashedKey& key, std::size_t size, bool nil) {
    cache::HitCurves::Tap* const tap = TapOf(policy);
    if (tap != nullptr && tap->Counts(key.hash, true, !nil)) TellSampled(*tap, key, size, nil);
  }
  void TellSampled(const cache::HitCurves::Tap& tap, const cache::HashedKey& key, std::size_t size, bool nil);

  void Rematch(NearNote& note) const;

  net::Loop& loop_;
  cache::NearCache& cache_;
  NearFills& fills_;
  FlightStage* flights_ = nullptr;
  cache::HitCurves* curves_ = nullptr;
  const std::uint16_t get_;
  cache::NearReader reader_;
  cache::KeySampler sampler_;
  cache::HotKeys hot_;
  NotePool notes_;
  std::string physical_;
  std::string reply_;
  std::string rest_;
  std::vector<cache::ValueRef> values_;
  std::vector<std::size_t> nils_;
  mutable std::mutex mutex_;  // guards all below against Collect; the cells need no guard
  std::map<std::string, std::unique_ptr<Cells>> cells_;
  std::shared_ptr<const policy::PolicySet> set_;
  std::uint32_t set_number_ = 0;  // of set_, which each reload changes
  std::vector<Cells*> by_index_;
};

}  // namespace herdgate::pipeline

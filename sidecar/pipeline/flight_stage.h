// FlightStage: what the commands of one loop mean for flights: which keys they look up, fill and remove; what Learning
// is told; which read is due to refresh its key.
//
// Only keys of policies that coalesce matter here, and only in the database of the upstream's URL.
// The rules are those of stampede/flight_table.h, by number.
// Threads: its loop. Ownership: the Worker's; the desk outlives it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "sidecar/base/random.h"
#include "sidecar/cache/key_sampler.h"
#include "sidecar/command/spec.h"
#include "sidecar/pipeline/flight_desk.h"
#include "sidecar/pipeline/near_work.h"
#include "sidecar/pipeline/shadow_stage.h"
#include "sidecar/policy/request_plan.h"
#include "sidecar/policy/snapshot.h"
#include "sidecar/resp/request.h"
#include "sidecar/stampede/guards.h"
#include "sidecar/stampede/hot_list.h"
#include "sidecar/stampede/key_use.h"
#include "sidecar/stampede/read_rates.h"

namespace herdgate::pipeline {

class FlightStage {
 public:
  using GuardPtr = std::shared_ptr<stampede::Guard>;

  FlightStage(LoopContext& context, FlightDesk& desk, stampede::HotList& hot, std::uint64_t seed);

  void SetGuards(std::shared_ptr<const stampede::Guards::List> guards);
  // Whether any policy coalesces.
  bool active() const { return active_; }
  // Any thread: whether any policy has done so since the start.
  bool wanted() const { return wanted_.load(std::memory_order_relaxed); }
  // Null where misses of the policy's keys are not coalesced.
  GuardPtr GuardOf(std::size_t policy) const { return policy < guards_->size() ? (*guards_)[policy] : nullptr; }
  // The same, valid until the next SetGuards.
  stampede::Guard* Find(std::size_t policy) const {
    return policy < guards_->size() ? (*guards_)[policy].get() : nullptr;
  }
  FlightDesk& desk() { return desk_; }
  const ShadowStage& shadows() const { return shadows_; }
  cache::HashedKey Hash(std::string_view logical) const { return desk_.table().Hash(logical); }

  // Whether misses of the key are coalesced now.
  bool Coalesces(std::size_t policy, std::string_view logical);
  // A read was answered nil without asking the upstream.
  void OnNil(std::size_t policy, std::string_view logical, std::uint64_t session);
  // A read was answered: for the list of hot keys.
  void Looked(std::size_t policy, std::string_view logical, bool hit);
  stampede::HotList& hot() { return hot_; }
  // A fill read the key: what the upstream says of its life.
  void OnRead(std::string_view physical, std::int64_t pttl_ms);
  void OnLife(std::string_view logical, std::chrono::milliseconds left);

  // Whether this read of `key` should compute its value anew before it ends. REQUIRES: nothing stands behind it.
  bool IsDue(const policy::Snapshot& snapshot, std::string_view key);
  bool refreshes() const { return refreshes_; }
  // Counts one read of the key; how many of those that are counted so there are a second in this pod.
  double RateOf(std::uint64_t key);
  // The same of a read that found nothing; of all reads, if the key is a hot one.
  double RateOfMissed(std::uint64_t key);
  // Of a key that is due: what is left of its life; nothing if that is over.
  std::optional<stampede::KeyFacts> FactsOf(std::uint64_t key) const;

  // How long nobody should lead who finds nothing (companions.h).
  std::chrono::milliseconds PatienceFor(stampede::Guard& guard, std::uint64_t key, std::chrono::milliseconds max_wait,
                                        base::SteadyTime now);

  // Whether the command sets the key `logical` whole.
  bool IsFillOf(const command::CommandSpec& spec, std::span<const std::string_view> args,
                std::string_view logical) const {
    return args.size() > 2 && args[1] == logical && uses_.Of(spec, args).kind == stampede::KeyUse::Kind::kSet;
  }
  // Says in the note what the command does with its keys.
  void Classify(const command::CommandSpec& spec, const resp::Request& request, NearNote& note);
  // The command noted is about to be sent (rules 4 and 5). What it stores late is capped by a follow-up of `plan`, null
  // for none. True: it must not be sent, its policy drops what comes late (`may_drop`: it is a SET that can only be
  // answered OK).
  bool Sending(const resp::Request& request, const stampede::Caller& caller, bool may_drop, policy::RequestPlan* plan,
               NearNote& note);
  // Whether the command noted fills a key whose caller was shown a synthetic miss: NX would lose it.
  static bool Refreshes(const NearNote& note);
  // It was sent, or queued in a transaction: what that teaches. `args`: the request's; `plan`: what judging said.
  void Learn(const command::CommandSpec& spec, std::span<const std::string_view> args, const policy::RequestPlan* plan,
             std::uint64_t session, bool in_transaction, const NearNote& note);
  // Its reply's first bytes, or nothing: its fate is not known, or it was not sent. What cuts short the values that
  // came late.
  std::vector<policy::FollowUp> Answered(const NearNote& note, std::optional<std::string_view> reply);

  // A session that was shown synthetic misses has ended.
  void Closed(std::uint64_t session);

  // How long a value lives at most that was computed before its key was invalidated.
  static constexpr std::chrono::milliseconds kLateLife{2000};

 private:
  void LearnSet(const command::CommandSpec& spec, std::span<const std::string_view> args,
                const policy::RequestPlan* plan, stampede::Learning::SetSeen seen, const NearNote::Key& key);
  std::vector<policy::FollowUp> CutShort(const NearNote::Key& key) const;
  void Carry(const FlightValue& value);

  LoopContext& context_;
  FlightDesk& desk_;
  stampede::HotList& hot_;
  ShadowStage shadows_;
  cache::KeySampler sampler_;
  const stampede::KeyUses uses_;
  base::Random random_;
  stampede::ReadRates rates_;
  std::shared_ptr<const stampede::Guards::List> guards_;
  bool active_ = false;
  std::atomic<bool> wanted_{false};
  bool refreshes_ = false;
  stampede::Todo todo_;
};

}  // namespace herdgate::pipeline

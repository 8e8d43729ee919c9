// ShadowStage: when a loop's commands concern shadows (stampede/shadow.h): which reads have them copied, which writes
// remove them.
//
// A value is copied when a read finds that little of its life is left, once in its life, and only of keys that are read
// some times a second in this pod: of such keys alone can the fleet see a stampede. Where the pod doesn't know a hot
// key's end, because another wrote it, the same script tells it.
// Every command through a sidecar that writes or removes a key takes its shadow with it: by an UNLINK right behind it
// on its own connection, or, for a client that speaks as another user, over the tracked one.
//
// Threads: its loop. Ownership: the FlightStage's; the desk outlives it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "sidecar/pipeline/near_work.h"
#include "sidecar/pipeline/shadow_desk.h"
#include "sidecar/policy/request_plan.h"
#include "sidecar/stampede/guard.h"
#include "sidecar/stampede/guards.h"
#include "sidecar/stampede/read_rates.h"

namespace herdgate::pipeline {

class ShadowStage {
 public:
  // Reads a second in this pod from which on a key is hot.
  static constexpr double kHot = 3;

  ShadowStage(LoopContext& context, ShadowDesk& desk, stampede::Guards& guards)
      : context_(context), desk_(desk), guards_(guards) {}

  // Whether any policy keeps old values; else nothing here is asked further.
  void SetUsed(bool used) { used_ = used; }
  // Whether old values of the policy's hot keys are kept.
  bool Keeps(std::size_t policy) const { return used_ && PolicyKeeps(policy); }

  // A read of the key found its value; `reads`: for how many it stands. `hash`: of the logical name.
  void OnHit(stampede::Guard& guard, std::size_t policy, std::string_view logical, std::uint64_t hash,
             std::uint32_t reads);
  // A command of this loop's writes the key and is about to be sent. `plan`: of the command, null for none; `own`: it
  // goes out as the sidecar's own user.
  void OnWriteSent(const NearNote::Key& key, std::uint64_t hash, policy::RequestPlan* plan, bool own);
  // What is written so lives for `life` at most, because it is older than an invalidation: it is not to be copied. What
  // is to follow it then.
  std::vector<policy::FollowUp> KeepOut(const NearNote::Key& key, std::chrono::milliseconds life) const;
  // It was answered, or (`lost`) its fate is not known.
  void OnWriteAnswered(const NearNote::Key& key, bool lost);

 private:
  bool PolicyKeeps(std::size_t policy) const;

  LoopContext& context_;
  ShadowDesk& desk_;
  stampede::Guards& guards_;
  bool used_ = false;
  std::optional<stampede::ReadRates> rates_;  // from the first hit on
};

}  // namespace herdgate::pipeline

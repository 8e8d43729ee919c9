// Recovery: brings cache policies back to an upstream that has come back.
//
//   the breaker opens      deletes are remembered; what waits for the upstream and can be answered here is
//   the prober reaches it  what was deleted meanwhile is deleted there; generations are bumped where it was too much
//   nothing is left        the breaker closes: reads and writes go to the upstream again
//
// Whatever fails on the way begins anew with the prober's next connection; nothing that was remembered is lost but by
// an upstream that refuses it for good.
// Threads: one loop, home; OnBreaker any. Ownership: the first Worker's; borrows the rest.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/net/timer.h"
#include "sidecar/pipeline/loop_context.h"
#include "sidecar/pipeline/policy_hub.h"
#include "sidecar/pipeline/remembered_deletes.h"
#include "sidecar/pipeline/side_query.h"
#include "sidecar/upstream/breaker.h"
#include "sidecar/upstream/memory/standby_store.h"
#include "sidecar/upstream/prober.h"

namespace herdgate::pipeline {

class Recovery final : public upstream::ReplySink, private upstream::Prober::Host {
 public:
  // `home`'s peers are complete.
  Recovery(LoopContext& home, RememberedDeletes& deletes, PolicyHub& policies, const upstream::StandbyStore& standby,
           upstream::LaneKey key);
  ~Recovery() override = default;
  Recovery(const Recovery&) = delete;
  Recovery& operator=(const Recovery&) = delete;

  // The breaker's SetOnChange. Any thread.
  void OnBreaker(upstream::Breaker::State state, std::string_view reason);
  void Close() { prober_.Stop(); }

  void OnReplies(upstream::Lane&, std::string_view, std::size_t) override {}
  void OnTaggedReply(upstream::Lane& lane, const upstream::Pending& pending, std::string_view bytes,
                     bool ended) override;
  upstream::FrameVerdict OnFrame(upstream::Lane&, std::string_view, const upstream::Pending*) override {
    return upstream::FrameVerdict::kPush;
  }
  void OnRaw(upstream::Lane&, std::string_view) override {}
  void OnRefused(upstream::Lane& lane, const upstream::Pending& pending, const std::string& error) override;
  void OnLost(upstream::Lane&) override {}  // the prober owns the lane, and says so
  void OnRoom(upstream::Lane&) override {}

 private:
  void OnReachable(upstream::Lane& lane) override;
  void OnProbeLost() override;
  void Next();
  void SendBatch(std::string_view command, bool with_shadows = true);
  void BatchAnswered(std::string_view reply);
  void Bump();
  void GiveUp(const std::string& why);
  void ForgetAttempt();
  void EndAttempt();
  void ResumeWaiting();
  void ClearStandby();

  LoopContext& home_;
  upstream::Breaker& breaker_;
  RememberedDeletes& deletes_;
  PolicyHub& policies_;
  const upstream::StandbyStore& standby_;
  upstream::Lane* lane_ = nullptr;              // the prober's, while it is ours
  std::uint64_t attempt_ = 0;                   // of replaying; a bump of an older one says nothing
  RememberedDeletes::Batch batch_;              // under way
  std::vector<RememberedDeletes::Bump> bumps_;  // to be begun, the last first
  bool by_del_ = false;                         // UNLINK is not to be had
  bool shadows_sent_ = false;                   // with the batch
  bool one_by_one_ = false;                     // some key is not to be deleted: which one has to be found
  std::uint64_t lost_ = 0;                      // keys, in this attempt
  std::string lost_error_;                      // what the upstream said of the first
  bool sealed_ = false;
  std::string reply_;
  SideQuery standby_query_;
  net::Timer patience_;  // of a batch
  net::Timer clear_timer_;
  upstream::Prober prober_;  // last: it calls back
};

}  // namespace herdgate::pipeline

#include "sidecar/pipeline/recovery.h"

#include <memory>
#include <utility>

#include "sidecar/base/log.h"
#include "sidecar/pipeline/offline_stage.h"
#include "sidecar/pipeline/passing_error.h"
#include "sidecar/pipeline/policy_stage.h"
#include "sidecar/pipeline/texts.h"
#include "sidecar/resp/encoder.h"
#include "sidecar/stampede/shadow.h"

namespace herdgate::pipeline {

using upstream::Breaker;

namespace {

// Few enough not to hold up others in the upstream: microseconds.
constexpr std::size_t kBatch = 256;

// What deleted keys leave beside them: their old values must not be answered any more.
std::vector<std::string> ShadowsOf(const std::vector<std::string>& keys, const LoopContext& home) {
  std::vector<std::string> shadows;
  const policy::SnapshotPtr snapshot = home.policies == nullptr ? nullptr : home.policies->snapshot();
  for (const std::string& key : keys) {
    const auto logical = snapshot ? snapshot->Visible(key) : std::nullopt;
    const std::size_t policy = logical ? snapshot->set().Match(*logical) : policy::PolicySet::kNone;
    if (policy != policy::PolicySet::kNone && snapshot->set().at(policy).keeps_shadows())
      shadows.push_back(stampede::ShadowNameOf(key));
  }
  return shadows;
}

std::string OneLine(std::string_view reply) {
  return std::string(reply.substr(0, reply.find('\r')));
}

}  // namespace

Recovery::Recovery(LoopContext& home, RememberedDeletes& deletes, PolicyHub& policies,
                   const upstream::StandbyStore& standby, upstream::LaneKey key)
    : home_(home),
      breaker_(home.lanes.breaker()),
      deletes_(deletes),
      policies_(policies),
      standby_(standby),
      standby_query_(*home.standby, {2, 0, std::make_shared<const upstream::Identity>()}),
      patience_(home.loop),
      clear_timer_(home.loop),
      prober_(home.lanes, std::move(key), *this) {}

void Recovery::OnBreaker(Breaker::State state, std::string_view) {
  if (state == Breaker::State::kHalfOpen) {
    for (LoopContext* peer : home_.peers) peer->loop.Post([peer] { peer->lanes.Hurry(); });
  }
  if (state != Breaker::State::kOpen) return;
  deletes_.Open();
  home_.loop.Post([this] { prober_.Start(); });
  for (LoopContext* peer : home_.peers) {
    peer->loop.Post([peer] {
      if (!peer->lanes.breaker().closed()) peer->lanes.Abandon();
    });
  }
}

void Recovery::OnReachable(upstream::Lane& lane) {
  lane_ = &lane;
  ++attempt_;
  by_del_ = one_by_one_ = false;
  Next();
}

void Recovery::Next() {
  const std::size_t most = one_by_one_ ? 1 : kBatch;
  batch_ = deletes_.TakeBatch(most);
  // What is deleted meanwhile is remembered too: at the end, for a moment, it has to wait.
  const bool last = batch_.keys.size() < most;
  if (last && !sealed_) {
    deletes_.PutBack(std::exchange(batch_, {}));
    if (bumps_.empty()) bumps_ = deletes_.TakeBumps();
    if (!bumps_.empty()) return Bump();
    deletes_.Seal();
    sealed_ = true;
    return Next();
  }
  if (!batch_.keys.empty()) return SendBatch(by_del_ ? "DEL" : "UNLINK");
  if (!deletes_.TryClose()) return GiveUp("it went away again");
  EndAttempt();
  breaker_.Close();
  prober_.Done();
  ResumeWaiting();
  ClearStandby();
}

void Recovery::ResumeWaiting() {
  for (LoopContext* peer : home_.peers) peer->loop.Post([peer] { peer->offline->ResumeWaiting(); });
}

// What stood in for the upstream is not true any more. A write that was on its way to it comes a moment later.
void Recovery::ClearStandby() {
  if (!standby_.Stats()) return;  // never needed
  const auto clear = [this] { standby_query_.Ask({"FLUSHALL"}, 0, [](const std::string&) {}); };
  clear();
  clear_timer_.After(std::chrono::seconds(1), [this, clear] {
    if (breaker_.closed()) clear();
  });
}

void Recovery::SendBatch(std::string_view command, bool with_shadows) {
  std::vector<std::string_view> args = {command};
  args.insert(args.end(), batch_.keys.begin(), batch_.keys.end());
  const std::vector<std::string> shadows = with_shadows ? ShadowsOf(batch_.keys, home_) : std::vector<std::string>();
  shadows_sent_ = !shadows.empty();
  args.insert(args.end(), shadows.begin(), shadows.end());
  std::string request;
  resp::AppendRequest(request, args);
  upstream::Pending pending;
  pending.tag = 1;
  pending.own = true;
  pending.started_ns = home_.loop.Now().time_since_epoch().count();
  patience_.After(home_.lanes.options().timeout, [this] { GiveUp("no answer"); });
  if (!lane_->Send(request, *this, pending)) GiveUp(lane_->RefusalError());
}

void Recovery::OnTaggedReply(upstream::Lane&, const upstream::Pending&, std::string_view bytes, bool ended) {
  reply_.append(bytes);
  if (ended) BatchAnswered(std::exchange(reply_, {}));
}

void Recovery::BatchAnswered(std::string_view reply) {
  patience_.Cancel();
  if (!reply.starts_with('-')) {
    deletes_.Done(std::exchange(batch_, {}));
    return Next();
  }
  if (IsPassing(reply)) return GiveUp(OneLine(reply));
  if (!by_del_) {
    by_del_ = true;
    return SendBatch("DEL");
  }
  if (batch_.keys.size() > 1) {
    one_by_one_ = true;
    deletes_.PutBack(std::exchange(batch_, {}));
    return Next();
  }
  // The upstream's rules may allow the app's keys only.
  if (shadows_sent_) return SendBatch("DEL", false);
  if (lost_++ == 0) lost_error_ = OneLine(reply);
  deletes_.Lose(std::exchange(batch_, {}));
  Next();
}

void Recovery::Bump() {
  const auto done = [this, attempt = attempt_](const base::Result<std::uint64_t>& result) {
    if (attempt != attempt_) return;
    if (!result.ok() && result.status().code() != base::ErrorCode::kInvalidArgument)
      return GiveUp(result.status().message());
    // A policy that has gone has no keys that anybody reads.
    if (result.ok()) deletes_.Done(bumps_.back());
    if (!result.ok()) deletes_.Lose(bumps_.back());
    bumps_.pop_back();
    Next();
  };
  policies_.Bump(bumps_.back().policy, done);
}

void Recovery::EndAttempt() {
  if (const std::uint64_t keys = std::exchange(lost_, 0); keys > 0) {
    base::LogError("deletes.lost",
                   {{"keys", keys},
                    {"error", texts::WordsOfError(lost_error_)},
                    {"hint", "the upstream's rules don't let the sidecar's own user delete these keys"}});
  }
  patience_.Cancel();
  reply_.clear();
  lane_ = nullptr;
  sealed_ = false;
  ++attempt_;
}

void Recovery::ForgetAttempt() {
  deletes_.PutBack(std::exchange(batch_, {}));
  for (const RememberedDeletes::Bump& bump : std::exchange(bumps_, {})) deletes_.PutBack(bump);
  deletes_.Open();
  EndAttempt();
  ResumeWaiting();
}

void Recovery::GiveUp(const std::string& why) {
  if (lane_ == nullptr) return;
  base::LogWarn("deletes.replay_failed", {{"error", texts::WordsOfError(why)}});
  ForgetAttempt();
  prober_.Again();
}

void Recovery::OnProbeLost() {
  ForgetAttempt();
}

void Recovery::OnRefused(upstream::Lane&, const upstream::Pending&, const std::string& error) {
  GiveUp(OneLine(error));
}

}  // namespace herdgate::pipeline

// InvalidationJob: its life: states, waiting, and the end. The work is in invalidation_job_work.cc.
#include "sidecar/pipeline/invalidation_job.h"

#include <algorithm>
#include <utility>

#include "sidecar/base/log.h"

namespace herdgate::pipeline {

using State = InvalidationState;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kFirstBackoff{50};
constexpr milliseconds kLastBackoff{1000};
constexpr std::size_t kKeptTargets = 20;

}  // namespace

InvalidationJob::InvalidationJob(const Context& context, std::string id,
                                 std::shared_ptr<const InvalidationRequest> request, std::string asked_by)
    : context_(context),
      request_(std::move(request)),
      loop_(context.lanes.loop()),
      pacer_(request_->options.rate, request_->options.scan_rate) {
  status_.id = std::move(id);
  status_.request = request_;
  status_.targets = request_->targets.size();
  status_.asked_by = std::move(asked_by);
  status_.rate = request_->options.rate;
  status_.created = context_.clock.Wall();
}

InvalidationStatus InvalidationJob::Status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

State InvalidationJob::state() const {
  const std::lock_guard lock(mutex_);
  return status_.state;
}

std::string InvalidationJob::Report() const {
  const std::lock_guard lock(mutex_);
  return report_.ToJsonLines(status_);
}

base::SteadyTime InvalidationJob::Now() {
  loop_.RefreshNow();
  return loop_.Now();
}

void InvalidationJob::Start() {
  if (status_.state != State::kQueued) return;
  if (!hands_) hands_ = std::make_unique<Hands>(loop_, context_.lanes, context_.key);
  running_since_ = Now();
  Update([&](InvalidationStatus& status) {
    status.state = State::kRunning;
    if (status.started.time_since_epoch().count() == 0) status.started = context_.clock.Wall();
  });
  Step();
}

void InvalidationJob::Pause() {
  if (running()) {
    hands_->timer.Cancel();
    CountTime();
  } else if (status_.state != State::kQueued) {
    return;
  }
  Update([](InvalidationStatus& status) {
    status.state = State::kPaused;
    status.waiting_for.clear();
  });
  context_.on_change();
}

void InvalidationJob::Resume() {
  if (status_.state != State::kPaused || cancelled_) return;
  Update([](InvalidationStatus& status) { status.state = State::kQueued; });
  context_.on_change();
}

// What is under way is counted if its answer comes soon.
void InvalidationJob::Cancel(const std::string& reason) {
  if (HasEnded(status_.state) || cancelled_) return;
  if (!busy_) return End(State::kCancelled, reason);
  cancelled_ = true;
  cancel_reason_ = reason;
  hands_->cancel_timer.After(kCancelPatience, [this] { Stop(cancel_reason_); });
}

void InvalidationJob::Stop(const std::string& reason) {
  if (HasEnded(status_.state)) return;
  const std::uint64_t keys = hands_ && hands_->query.busy() && batch_ ? batch_->keys.size() : 0;
  Update([&](InvalidationStatus& status) { status.counts.unsure += keys; });
  End(State::kCancelled, reason);
}

void InvalidationJob::Step() {
  if (HasEnded(status_.state)) return;
  hands_->timer.Cancel();
  if (busy_) return;
  if (cancelled_) return End(State::kCancelled, cancel_reason_);
  if (!running()) return;
  CountTime();
  if (!prepared_) return Prepare();
  if (batch_ && !HasOtherSet(batch_->snapshot)) return SendBatch();
  if (batch_) TakeBack();
  if (!Refresh()) return;
  if (!prepared_) return Prepare();
  if (status_.capped || (pending_.empty() && exhausted_ && !members_left_)) return End(State::kDone);
  if (!pending_.empty()) return NextBatch();
  exhausted_ ? NextMembers() : NextPage();
}

void InvalidationJob::StepAfter(std::chrono::nanoseconds delay) {
  hands_->timer.After(std::chrono::ceil<milliseconds>(delay), [this] { Step(); });
}

void InvalidationJob::Wait(const std::string& what) {
  if (cancelled_) return End(State::kCancelled, cancel_reason_);
  if (!running()) return;
  if (status_.waiting_for.empty()) base::LogWarn("invalidation.waits", {{"job", status_.id}, {"for", what}});
  Update([&](InvalidationStatus& status) {
    status.waiting_for = what;
    status.interruptions = hands_->query.losses();
  });
  backoff_ = std::clamp(backoff_ * 2, kFirstBackoff, kLastBackoff);
  hands_->timer.After(backoff_, [this] { Retry(); });
}

// An upstream that is known to be away is not tried: when it is back the job goes on soon.
void InvalidationJob::Retry() {
  if (!context_.host.UpstreamAway()) return Step();
  backoff_ = kFirstBackoff;
  hands_->timer.After(kFirstBackoff, [this] { Retry(); });
}

void InvalidationJob::NotWaiting() {
  backoff_ = milliseconds(0);
  // One that broke between two batches is not waited for.
  if (status_.interruptions != hands_->query.losses())
    Update([&](InvalidationStatus& status) { status.interruptions = hands_->query.losses(); });
  if (status_.waiting_for.empty()) return;
  Update([](InvalidationStatus& status) { status.waiting_for.clear(); });
  base::LogInfo("invalidation.goes_on", {{"job", status_.id}});
}

void InvalidationJob::CountTime() {
  const base::SteadyTime now = Now();
  const auto ran = now - std::exchange(running_since_, now);
  Update([&](InvalidationStatus& status) { status.ran += ran; });
}

void InvalidationJob::End(State state, const std::string& reason) {
  if (HasEnded(status_.state)) return;
  if (hands_) {
    hands_->timer.Cancel();
    hands_->cancel_timer.Cancel();
    hands_->query.Close();
  }
  if (running()) CountTime();
  if (line_.scanned + line_.matched > 0) AddLine(std::chrono::nanoseconds(0), 0, 0);
  Update([&](InvalidationStatus& status) {
    status.state = state;
    status.waiting_for.clear();
    status.end_reason = reason;
    status.ended = context_.clock.Wall();
    if (state == State::kDone && !status.capped) status.progress = 1;
    if (request_->targets.size() <= kKeptTargets) return;
    auto kept = std::make_shared<InvalidationRequest>(*request_);
    kept->targets.resize(kKeptTargets);
    status.request = std::move(kept);
  });
  busy_ = false;
  request_ = status_.request;
  batch_ = nullptr;
  pending_ = {};
  matcher_ = nullptr;
  context_.metrics.Ended(request_->kind, state, status_.ran);
  LogEnd();
  context_.on_change();
}

void InvalidationJob::LogEnd() const {
  const InvalidationCounts& counts = status_.counts;
  base::LogInfo("invalidation.ended", {{"job", status_.id},
                                       {"kind", NameOf(request_->kind)},
                                       {"mode", NameOf(request_->mode)},
                                       {"scope", NameOf(request_->scope)},
                                       {"outcome", NameOf(status_.state)},
                                       {"by", status_.asked_by},
                                       {"reason", status_.end_reason},
                                       {"matched", counts.matched},
                                       {"deleted", counts.deleted},
                                       {"shortened", counts.shortened},
                                       {"near", counts.near},
                                       {"unsure", counts.unsure},
                                       {"cursor", status_.cursor}});
}

}  // namespace herdgate::pipeline

// InvalidationJob: its work: what is named or found, and what is done with it.
#include <algorithm>
#include <set>
#include <utility>

#include "sidecar/pipeline/invalidation_job.h"
#include "sidecar/pipeline/passing_error.h"
#include "sidecar/pipeline/scan_reply.h"
#include "sidecar/pipeline/texts.h"

namespace herdgate::pipeline {

using Kind = InvalidationKind;
using Mode = InvalidationMode;
using Scope = InvalidationScope;
using State = InvalidationState;
using Work = InvalidationPacer::Work;
using policy::PolicySet;

namespace {

constexpr int kBumpAttempts = 3;

std::uint64_t IntegerIn(std::string_view reply) {
  const auto parsed = resp::ParseReply(reply);
  if (!parsed.ok() || parsed.value().reply.integer < 0) return 0;
  return static_cast<std::uint64_t>(parsed.value().reply.integer);
}

}  // namespace

// ---- what is meant

// Whether policies are others since then. The same ones under other generations hide what was named before.
bool InvalidationJob::HasOtherSet(const policy::SnapshotPtr& than) const {
  const policy::SnapshotPtr now = context_.host.Snapshot();
  return (now ? now->shared_set() : nullptr) != (than ? than->shared_set() : nullptr);
}

// The names that keys have now. False: the job goes on later, or has ended.
bool InvalidationJob::Refresh() {
  const policy::SnapshotPtr now = context_.host.Snapshot();
  if (!matcher_ || now != matcher_->snapshot()) {
    const bool other_set = matcher_ && HasOtherSet(matcher_->snapshot());
    matcher_ = std::make_shared<const InvalidationMatcher>(request_, now);
    if (other_set) pending_.clear();
    if (names_keys()) {
      NameKeys();
    } else if (other_set && prepared_) {
      Rescan();
    }
  }
  if (matcher_->policy_gone()) {
    Fail(prepared_ ? "the policy is gone since a reload" : "there is no such policy");
    return false;
  }
  if (matcher_->waits_for().empty()) return true;
  Wait("the generation of policy '" + std::string(matcher_->waits_for()) + "'");
  return false;
}

void InvalidationJob::Prepare() {
  if (!Refresh()) return;
  const bool near = request_->scope != Scope::kUpstream;
  if (near && !names_keys() && tag_bumped_.empty()) {
    const std::size_t removed = context_.host.SweepNear(*matcher_, request_->mode);
    Update([&](InvalidationStatus& status) { status.counts.near += removed; });
  }
  BeginMembers();
  if (request_->scope == Scope::kNear && !names_keys() && !members_left_) return End(State::kDone);
  if (request_->mode == Mode::kHard && matcher_->can_bump()) return Bump();
  if (BumpsTags() && HasTagsToBump()) return BumpTags();
  prepared_ = true;
  exhausted_ = !scans();
  exhausted_ ? Step() : PrepareScan();
}

// Whether keys have to be found.
bool InvalidationJob::scans() const {
  if (request_->kind != Kind::kTag) return !names_keys();
  return request_->mode == Mode::kSoft && request_->scope != Scope::kNear && !matcher_->tag_policies().empty();
}

// Values that are being computed now may be of what is to be forgotten.
void InvalidationJob::PrepareScan() {
  if (request_->mode == Mode::kSoft) return Step();
  busy_ = true;
  context_.host.TaintFlights(matcher_, [self = shared_from_this()] {
    self->busy_ = false;
    self->Step();
  });
}

void InvalidationJob::Bump() {
  busy_ = true;
  context_.host.Bump(request_->targets.front(), [self = shared_from_this()](const base::Result<std::uint64_t>& result) {
    self->busy_ = false;
    self->OnBump(result);
  });
}

void InvalidationJob::OnBump(const base::Result<std::uint64_t>& result) {
  if (HasEnded(status_.state)) return;
  if (result.ok()) {
    Update([&](InvalidationStatus& status) { status.generation = result.value(); });
    return End(State::kDone);
  }
  OnNotBumped(result.status());
}

void InvalidationJob::OnNotBumped(const base::Status& why) {
  const bool passing = context_.host.UpstreamAway() || IsPassing("-" + why.message());
  const bool refused = !passing && ++bump_attempts_ >= kBumpAttempts;
  if (why.code() == base::ErrorCode::kInvalidArgument || refused) return Fail(why.message());
  Wait("the upstream (" + why.message() + ")");
}

// Again after each change of names: of those that were sent, the count says how many.
void InvalidationJob::NameKeys() {
  std::set<std::string_view> seen;
  std::vector<std::string_view> keys;
  for (const std::string& key : request_->targets) {
    if (seen.insert(key).second) keys.emplace_back(key);
  }
  const std::uint64_t sent = status_.counts.matched;
  pending_.clear();
  for (std::size_t i = sent; i < keys.size(); ++i) {
    std::string physical = matcher_->Physical(keys[i]);
    const std::size_t prefix = physical.size() - keys[i].size();
    pending_.push_back({std::move(physical), prefix, matcher_->PolicyOf(keys[i])});
  }
}

// ---- the scan

void InvalidationJob::Rescan() {
  pending_.clear();
  exhausted_ = !scans();
  BeginMembers();
  // Policies that give it now had no part in it.
  if (BumpsTags() && HasTagsToBump()) prepared_ = false;
  Update([](InvalidationStatus& status) {
    if (status.cursor == 0 && status.counts.scanned == 0) return;
    status.cursor = 0;
    status.progress = 0;
    ++status.rescans;
  });
}

// True: the answer is none.
bool InvalidationJob::LostOrRefused(const BatchQuery::Answer& answer, std::string_view error) {
  if (!answer.lost.empty()) {
    Wait("the upstream (" + answer.lost + ")");
    return true;
  }
  if (error.empty()) return false;
  IsPassing(error) ? Wait("the upstream (" + texts::WordsOfError(error) + ")") : Fail(texts::WordsOfError(error));
  return true;
}

void InvalidationJob::Identify() {
  busy_ = true;
  hands_->query.Ask({{"INFO", "server"}, {"DBSIZE"}}, [this](const BatchQuery::Answer& answer) {
    busy_ = false;
    OnIdentity(answer);
  });
}

void InvalidationJob::OnIdentity(const BatchQuery::Answer& answer) {
  const bool lost = !answer.lost.empty();
  const bool loading = !lost && answer.replies[1].starts_with('-') && IsPassing(answer.replies[1]);
  if (LostOrRefused(answer, loading ? answer.replies[1] : "")) return;
  NotWaiting();
  const std::string run_id(RunIdIn(answer.replies[0]));
  const bool first = known_connection_ == 0;
  known_connection_ = hands_->query.connection();
  const std::uint64_t keys = IntegerIn(answer.replies[1]);
  Update([&](InvalidationStatus& status) { status.keyspace = keys; });
  // Who doesn't say who it is may be another.
  if (!first && (run_id.empty() || run_id != run_id_)) Rescan();
  run_id_ = run_id;
  Step();
}

void InvalidationJob::NextPage() {
  if (!hands_->query.connected() || hands_->query.connection() != known_connection_) return Identify();
  const auto now = Now();
  if (const auto delay = pacer_.DelayUntil(Work::kScan, now); delay.count() > 0) return StepAfter(delay);
  page_ = pacer_.page();
  pacer_.Sent(Work::kScan, page_, now);
  BatchQuery::Words scan = {"SCAN", std::to_string(status_.cursor), "COUNT", std::to_string(page_)};
  if (matcher_->pattern() != "*") scan.insert(scan.end(), {"MATCH", matcher_->pattern()});
  busy_ = true;
  hands_->query.Ask({scan}, [this](const BatchQuery::Answer& answer) {
    busy_ = false;
    OnPage(answer);
  });
}

void InvalidationJob::OnPage(const BatchQuery::Answer& answer) {
  const bool refused = answer.lost.empty() && answer.replies.front().starts_with('-');
  if (LostOrRefused(answer, refused ? answer.replies.front() : "")) return;
  NotWaiting();
  pacer_.Answered(Work::kScan, answer.took);
  const auto parsed = resp::ParseReply(answer.replies.front());
  const auto page = parsed.ok() ? ReadScanPage(parsed.value().reply) : std::nullopt;
  if (!page) return Fail("the upstream's SCAN can't be read");
  // Other policies since it was asked: the scan begins anew. Other generations: what is found is judged by those.
  if (HasOtherSet(matcher_->snapshot())) return Step();
  if (!Refresh()) return;
  for (const std::string_view key : page->keys) TakeKey(key);
  exhausted_ = page->cursor == 0;
  const std::uint64_t scanned = std::max<std::uint64_t>(page_, page->keys.size());
  line_.scanned += scanned;
  Update([&](InvalidationStatus& status) {
    status.counts.scanned += scanned;
    if (exhausted_ && status.rescans == 0 && status.keyspace > 0)
      status.counts.scanned = std::min(status.counts.scanned, status.keyspace);
    status.cursor = page->cursor;
    status.progress = exhausted_ ? 1 : std::max(status.progress, ScanProgress(page->cursor));
    status.rate = pacer_.rate();
  });
  Step();
}

void InvalidationJob::TakeKey(std::string_view physical) {
  using Verdict = InvalidationMatcher::Verdict;
  const InvalidationMatcher::Judged judged = matcher_->Judge(physical);
  if (judged.verdict == Verdict::kHidden) Update([](InvalidationStatus& status) { ++status.counts.hidden; });
  if (judged.verdict != Verdict::kMatch) return;
  pending_.push_back({std::string(physical), physical.size() - judged.logical.size(), judged.policy});
}

// ---- batches

// REQUIRES: the batch's names are the matcher's.
InvalidationJob::Tally InvalidationJob::TallyOf(const InvalidationBatch& batch) const {
  Tally tally{.keys = batch.keys.size()};
  for (const Key& key : batch.keys) {
    const policy::Policy* const policy = matcher_->At(key.policy);
    if (policy == nullptr) ++tally.outside;
    if (policy != nullptr && policy->refresh.mode != policy::RefreshMode::kOff) ++tally.refreshing;
  }
  return tally;
}

void InvalidationJob::NextBatch() {
  const auto now = Now();
  if (const auto delay = pacer_.DelayUntil(Work::kChange, now); delay.count() > 0) return StepAfter(delay);
  const bool near_only = request_->scope == Scope::kNear;
  std::uint64_t most = std::min(near_only ? InvalidationPacer::kMostChanges : pacer_.batch(), pending_.size());
  if (const std::uint64_t cap = request_->options.max_keys; cap > 0)
    most = std::min(most, cap - std::min(cap, status_.counts.deleted + status_.counts.shortened));
  auto batch = std::make_shared<InvalidationBatch>();
  batch->mode = request_->mode;
  batch->scope = request_->scope;
  batch->snapshot = matcher_->snapshot();
  for (std::uint64_t i = 0; i < most; ++i) {
    batch->keys.push_back(std::move(pending_.front()));
    pending_.pop_front();
  }
  const Tally tally = TallyOf(*batch);
  const bool near = request_->scope != Scope::kUpstream;
  const std::size_t removed = near ? context_.host.RemoveNear(*batch) : 0;
  Update([&](InvalidationStatus& status) {
    status.counts.matched += most;
    status.counts.outside_policy += tally.outside;
    status.counts.refreshing += tally.refreshing;
    // A scan's sweep has counted them.
    if (names_keys() || members_begun_) status.counts.near += removed;
  });
  line_.matched += most;
  if (near_only) return Step();
  pacer_.Sent(Work::kChange, most, now);
  batch_ = std::move(batch);
  SendBatch();
}

// Its keys have other names since a reload, so it is not to be sent again. Those that were named or tagged are asked
// for under the new ones, others by a new scan: Refresh does so.
void InvalidationJob::TakeBack() {
  const Tally tally = TallyOf(*batch_);
  Update([&](InvalidationStatus& status) {
    status.counts.matched -= tally.keys;
    status.counts.outside_policy -= tally.outside;
    status.counts.refreshing -= tally.refreshing;
  });
  line_.matched -= std::min(line_.matched, tally.keys);
  batch_ = nullptr;
}

void InvalidationJob::SendBatch() {
  busy_ = true;
  context_.host.Before(batch_, [self = shared_from_this()] {
    if (HasEnded(self->status_.state)) return;
    const auto on_answer = [job = self.get()](const BatchQuery::Answer& answer) {
      job->busy_ = false;
      job->OnBatch(answer);
    };
    self->hands_->query.Ask(self->RequestsFor(*self->batch_), on_answer);
  });
}

// Sizes, if wanted; then the keys; then what stands beside them, which nobody counts.
std::vector<BatchQuery::Words> InvalidationJob::RequestsFor(const InvalidationBatch& batch) {
  std::vector<BatchQuery::Words> requests;
  if (request_->options.count_bytes) {
    for (const Key& key : batch.keys) requests.push_back({"MEMORY", "USAGE", key.physical});
  }
  if (request_->mode == Mode::kSoft) {
    const auto window = static_cast<std::uint64_t>(request_->options.soft_window.count());
    for (const Key& key : batch.keys) {
      const std::uint64_t life = 1 + hands_->random.Next() % window;
      requests.push_back({"PEXPIRE", key.physical, std::to_string(life), "LT"});
    }
    return requests;
  }
  BatchQuery::Words unlink = {by_del_ ? "DEL" : "UNLINK"};
  for (const Key& key : batch.keys) unlink.push_back(key.physical);
  requests.push_back(std::move(unlink));
  if (members_begun_) requests.push_back(ForgetMembers(batch));
  const std::vector<std::string> companions = context_.host.CompanionsOf(batch);
  if (companions.empty()) return requests;
  requests.push_back({by_del_ ? "DEL" : "UNLINK"});
  requests.back().insert(requests.back().end(), companions.begin(), companions.end());
  return requests;
}

void InvalidationJob::OnBatch(const BatchQuery::Answer& answer) {
  context_.host.After(batch_);
  if (!answer.lost.empty()) {
    Update([&](InvalidationStatus& status) { status.counts.unsure += batch_->keys.size(); });
    return (void)LostOrRefused(answer, "");
  }
  const std::size_t first = request_->options.count_bytes ? batch_->keys.size() : 0;
  const std::size_t count = request_->mode == Mode::kSoft ? batch_->keys.size() : 1;
  std::string_view error;
  for (std::size_t i = first; i < first + count && error.empty(); ++i) {
    if (answer.replies[i].starts_with('-')) error = answer.replies[i];
  }
  if (!error.empty() && !IsPassing(error) && request_->mode == Mode::kHard && !std::exchange(by_del_, true))
    return Step();  // the same again, by DEL
  if (LostOrRefused(answer, error)) return;
  NotWaiting();
  CountBatch(answer);
  // Members that are not forgotten would be found again, without end.
  const bool forgets = members_begun_ && !ReadsInPlace();
  if (forgets && answer.replies[first + count].starts_with('-'))
    return (void)LostOrRefused(answer, answer.replies[first + count]);
  batch_ = nullptr;
  Step();
}

void InvalidationJob::CountBatch(const BatchQuery::Answer& answer) {
  pacer_.Answered(Work::kChange, answer.took);
  std::uint64_t bytes = 0;
  std::uint64_t done = 0;
  const std::size_t keys = batch_->keys.size();
  std::size_t next = 0;
  for (; request_->options.count_bytes && next < keys; ++next) bytes += IntegerIn(answer.replies[next]);
  const std::size_t last = request_->mode == Mode::kSoft ? next + keys : next + 1;
  for (; next < last; ++next) done += IntegerIn(answer.replies[next]);
  context_.metrics.Keys(request_->kind, done);
  Update([&](InvalidationStatus& status) {
    (request_->mode == Mode::kSoft ? status.counts.shortened : status.counts.deleted) += done;
    status.counts.bytes += bytes;
    status.rate = pacer_.rate();
    const std::uint64_t cap = request_->options.max_keys;
    status.capped = cap > 0 && status.counts.deleted + status.counts.shortened >= cap;
    const auto named = static_cast<double>(status.counts.matched + pending_.size());
    if (names_keys()) status.progress = static_cast<double>(status.counts.matched) / named;
  });
  AddLine(answer.took, done, bytes);
}

void InvalidationJob::AddLine(std::chrono::nanoseconds took, std::uint64_t done, std::uint64_t bytes) {
  const auto now = Now();
  if (first_line_at_ == base::SteadyTime()) first_line_at_ = now;
  line_.at_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now - first_line_at_).count();
  line_.cursor = status_.cursor;
  line_.done = done;
  line_.bytes = bytes;
  line_.took_us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  line_.rate = pacer_.rate();
  const std::lock_guard lock(mutex_);
  report_.Add(std::exchange(line_, {}));
}

}  // namespace herdgate::pipeline

#include "sidecar/pipeline/invalidations.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <ranges>
#include <utility>

#include "sidecar/base/log.h"

namespace herdgate::pipeline {

using Refusal = InvalidationRefusal;
using State = InvalidationState;

namespace {

// No connection is kept for later; of lanes, kRunning and kRunningPreviews are in use at most.
upstream::UpstreamOptions OwnOptions(upstream::UpstreamOptions options) {
  options.idle_dedicated = 0;
  return options;
}

Invalidations::Started Refused(Refusal refusal, std::string message) {
  return {.id = {}, .existed = false, .refusal = refusal, .message = std::move(message)};
}

std::optional<Invalidations::Started> RefusedToken(InvalidationTokens::Verdict verdict) {
  using Verdict = InvalidationTokens::Verdict;
  switch (verdict) {
    case Verdict::kOk:
      return std::nullopt;
    case Verdict::kUnknown:
      return Refused(Refusal::kUnknownToken, "there is no such preview");
    case Verdict::kExpired:
      return Refused(Refusal::kExpiredToken, "the preview is older than five minutes");
    case Verdict::kUsed:
      return Refused(Refusal::kUsedToken, "the preview was executed already");
    case Verdict::kOtherRequest:
      return Refused(Refusal::kOtherRequest, "the preview was of another request");
    case Verdict::kOtherPolicies:
      return Refused(Refusal::kOtherPolicies, "the policies were reloaded since the preview");
  }
  return std::nullopt;
}

InvalidationTokens::Policies PoliciesOf(const InvalidationHost& host) {
  const policy::SnapshotPtr snapshot = host.Snapshot();
  return snapshot ? snapshot->shared_set() : nullptr;
}

bool NamesNoPolicy(const InvalidationRequest& request, const InvalidationHost& host) {
  if (request.kind != InvalidationKind::kPolicy) return false;
  return InvalidationMatcher(std::make_shared<const InvalidationRequest>(request), host.Snapshot()).policy_gone();
}

}  // namespace

Invalidations::Invalidations(const Upstream& upstream, const MakeHost& make_host, const base::Clock& clock)
    : clock_(clock),
      options_(OwnOptions(upstream.options)),
      loop_(-1),
      connector_(upstream.connector),
      key_{2, upstream.db, upstream.identity},
      random_(static_cast<std::uint64_t>(base::SystemClock().Now().time_since_epoch().count())) {
  const upstream::LaneContext context{.loop = loop_,
                                      .connector = connector_,
                                      .options = options_,
                                      .metrics = upstream_metrics_,
                                      .health = upstream.health,
                                      .breaker = upstream.breaker,
                                      .random = random_,
                                      .connections = upstream.connections,
                                      .own_addresses = upstream.own_addresses,
                                      .own_identity = upstream.identity,
                                      .on_user_refused = no_user_};
  lanes_ = std::make_unique<upstream::LanePool>(context, dedicated_in_use_);
  host_ = make_host(loop_);
  job_context_ = std::make_unique<InvalidationJob::Context>(InvalidationJob::Context{
      .lanes = *lanes_, .key = key_, .host = *host_, .metrics = metrics_, .clock = clock_, .on_change = [this] {
        ScheduleSoon();
      }});
  preview_context_ = std::make_unique<InvalidationPreview::Context>(
      InvalidationPreview::Context{.lanes = *lanes_, .key = key_, .host = *host_});
}

Invalidations::~Invalidations() {
  Stop();
}

void Invalidations::Run() {
  {
    const std::lock_guard lock(mutex_);
    running_ = true;
  }
  loop_.Start();
}

void Invalidations::Stop() {
  {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(running_, false)) return;
  }
  std::promise<void> done;
  loop_.Post([&] {
    {
      const std::lock_guard lock(mutex_);
      for (const Record& record : jobs_) {
        record.job->Stop("the sidecar stops");
        record.job->Release();
      }
      for (const auto& [token, preview] : previews_) {
        preview->Stop("the sidecar stops");
        preview->Release();
      }
    }
    TellEnded();
    lanes_->CloseAll();
    done.set_value();
  });
  done.get_future().wait();
  loop_.Stop();
}

// ---- taking

Invalidations::Started Invalidations::Start(const InvalidationRequest& request, const Terms& terms) {
  const std::lock_guard lock(mutex_);
  if (const auto known = Known(request, terms)) return *known;
  if (const auto unfit = Unfit(request, terms)) return *unfit;
  const auto made = clock_.Wall().time_since_epoch().count();
  Record record{.id = fmt::format("{:x}-{}", made, ++last_id_),
                .idempotency_key = terms.idempotency_key,
                .preview_token = terms.preview_token,
                .fingerprint = FingerprintOf(request, true),
                .job = nullptr};
  record.job = std::make_shared<InvalidationJob>(*job_context_, record.id,
                                                 std::make_shared<const InvalidationRequest>(request), terms.asked_by);
  base::LogInfo("invalidation.taken", {{"job", record.id},
                                       {"kind", NameOf(request.kind)},
                                       {"mode", NameOf(request.mode)},
                                       {"scope", NameOf(request.scope)},
                                       {"targets", static_cast<std::uint64_t>(request.targets.size())},
                                       {"by", terms.asked_by}});
  jobs_.push_back(record);
  ScheduleSoon();
  return {.id = record.id};
}

std::optional<Invalidations::Started> Invalidations::Known(const InvalidationRequest& request,
                                                           const Terms& terms) const {
  if (terms.idempotency_key.empty()) return std::nullopt;
  const auto found = std::ranges::find(jobs_, terms.idempotency_key, &Record::idempotency_key);
  if (found == jobs_.end()) return std::nullopt;
  if (found->fingerprint != FingerprintOf(request, true))
    return Refused(Refusal::kOtherRequest, "another request was taken with this idempotency key");
  return Started{.id = found->id, .existed = true};
}

std::optional<Invalidations::Started> Invalidations::Repeated(std::string_view idempotency_key,
                                                              std::string_view preview_token) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(jobs_, idempotency_key, &Record::idempotency_key);
  if (idempotency_key.empty() || found == jobs_.end()) return std::nullopt;
  if (found->preview_token != preview_token)
    return Refused(Refusal::kOtherRequest, "another preview was carried out with this idempotency key");
  return Started{.id = found->id, .existed = true};
}

std::optional<Invalidations::Started> Invalidations::Unfit(const InvalidationRequest& request, const Terms& terms) {
  if (!running_) return Refused(Refusal::kStopped, "the sidecar stops");
  if (const base::Status status = Check(request); !status.ok()) {
    const bool all = CoversAll(request) && !request.purge_all;
    return Refused(all ? Refusal::kPurgeAll : Refusal::kInvalid, status.message());
  }
  const auto waiting = std::ranges::count_if(jobs_, [](const Record& record) {
    const State state = record.job->state();
    return state == State::kQueued || state == State::kPaused;
  });
  if (static_cast<std::size_t>(waiting) >= kWaiting)
    return Refused(Refusal::kTooMany, "too many invalidations wait: cancel one, or wait for one to end");
  if (terms.preview_token.empty()) return std::nullopt;
  return RefusedToken(tokens_.Redeem(terms.preview_token, request, PoliciesOf(*host_), clock_.Now()));
}

Invalidations::Started Invalidations::Preview(const InvalidationRequest& request) {
  InvalidationRequest confirmed = request;
  confirmed.purge_all = true;
  const std::lock_guard lock(mutex_);
  if (!running_) return Refused(Refusal::kStopped, "the sidecar stops");
  if (const base::Status status = Check(confirmed); !status.ok()) return Refused(Refusal::kInvalid, status.message());
  if (NamesNoPolicy(request, *host_)) return Refused(Refusal::kUnknownPolicy, "there is no such policy");
  const auto under_way = std::ranges::count_if(previews_, [](const auto& preview) { return !preview.second->ended(); });
  if (static_cast<std::size_t>(under_way) >= kRunningPreviews)
    return Refused(Refusal::kTooMany, "too many previews at once: wait for one to end");
  const std::string token = NewToken();
  tokens_.Add(token, request, PoliciesOf(*host_), clock_.Now());
  auto preview = std::make_shared<InvalidationPreview>(*preview_context_, token,
                                                       std::make_shared<const InvalidationRequest>(request),
                                                       clock_.Wall() + InvalidationTokens::kLife);
  previews_.emplace_back(token, preview);
  loop_.Post([this, preview] {
    preview->Start();
    TrimPreviews();
  });
  return {.id = token};
}

// ---- asking

Invalidations::JobPtr Invalidations::Find(std::string_view id) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(jobs_, id, &Record::id);
  return found == jobs_.end() ? nullptr : found->job;
}

std::optional<InvalidationStatus> Invalidations::Get(std::string_view id) const {
  const JobPtr job = Find(id);
  return job ? std::optional(job->Status()) : std::nullopt;
}

std::optional<std::string> Invalidations::Report(std::string_view id) const {
  const JobPtr job = Find(id);
  return job ? std::optional(job->Report()) : std::nullopt;
}

std::vector<InvalidationStatus> Invalidations::List() const {
  const std::lock_guard lock(mutex_);
  std::vector<InvalidationStatus> all;
  all.reserve(jobs_.size());
  for (auto record = jobs_.rbegin(); record != jobs_.rend(); ++record) all.push_back(record->job->Status());
  return all;
}

std::optional<InvalidationPreviewStatus> Invalidations::GetPreview(std::string_view token) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [known, preview] : previews_) {
    if (known == token) return preview->Status();
  }
  return std::nullopt;
}

base::Status Invalidations::Pause(std::string_view id) {
  const JobPtr job = Find(id);
  const State state = job ? job->state() : State::kFailed;
  if (state != State::kQueued && state != State::kRunning)
    return {base::ErrorCode::kInvalidArgument, job ? "it neither runs nor is queued" : "there is no such invalidation"};
  loop_.Post([job] { job->Pause(); });
  return {};
}

base::Status Invalidations::Resume(std::string_view id) {
  const JobPtr job = Find(id);
  if (!job || job->state() != State::kPaused)
    return {base::ErrorCode::kInvalidArgument, job ? "it is not paused" : "there is no such invalidation"};
  loop_.Post([job] { job->Resume(); });
  return {};
}

base::Status Invalidations::Cancel(std::string_view id, const std::string& reason) {
  const JobPtr job = Find(id);
  if (!job || HasEnded(job->state()))
    return {base::ErrorCode::kInvalidArgument, job ? "it has ended" : "there is no such invalidation"};
  loop_.Post([job, reason] { job->Cancel(reason); });
  return {};
}

// ---- running

void Invalidations::ScheduleSoon() {
  loop_.Post([this] { Schedule(); });
}

void Invalidations::TellEnded() {
  std::vector<InvalidationStatus> ended;
  {
    const std::lock_guard lock(mutex_);
    for (Record& record : jobs_) {
      if (record.told || !HasEnded(record.job->state())) continue;
      record.told = true;
      ended.push_back(record.job->Status());
    }
  }
  if (!on_ended_) return;
  for (const InvalidationStatus& status : ended) on_ended_(status);
}

void Invalidations::Schedule() {
  TellEnded();
  TrimJobs();
  std::vector<JobPtr> begun;
  {
    const std::lock_guard lock(mutex_);
    auto running = static_cast<std::size_t>(
        std::ranges::count_if(jobs_, [](const Record& record) { return record.job->state() == State::kRunning; }));
    for (const Record& record : jobs_) {
      if (running >= kRunning) break;
      if (record.job->state() != State::kQueued) continue;
      begun.push_back(record.job);
      ++running;
    }
  }
  for (const JobPtr& job : begun) job->Start();
}

void Invalidations::TrimJobs() {
  const std::lock_guard lock(mutex_);
  auto ended = static_cast<std::size_t>(
      std::ranges::count_if(jobs_, [](const Record& record) { return HasEnded(record.job->state()); }));
  for (auto record = jobs_.begin(); record != jobs_.end();) {
    const bool over = HasEnded(record->job->state());
    if (over) record->job->Release();
    record = over && ended-- > kHistory ? jobs_.erase(record) : record + 1;
  }
}

void Invalidations::TrimPreviews() {
  const std::lock_guard lock(mutex_);
  for (auto preview = previews_.begin(); preview != previews_.end();) {
    const bool over = preview->second->ended();
    if (over) preview->second->Release();
    preview = over && previews_.size() > kPreviews ? previews_.erase(preview) : preview + 1;
  }
}

void Invalidations::Collect(metrics::SampleSink& sink) const {
  InvalidationMetrics::Jobs jobs;
  {
    const std::lock_guard lock(mutex_);
    for (const Record& record : jobs_) {
      const State state = record.job->state();
      jobs.queued += state == State::kQueued ? 1 : 0;
      jobs.running += state == State::kRunning ? 1 : 0;
      jobs.paused += state == State::kPaused ? 1 : 0;
      // Jobs are in the order in which they were taken. Wall time may go back.
      if (!HasEnded(state) && jobs.oldest == std::chrono::nanoseconds{0})
        jobs.oldest = std::max(clock_.Wall() - record.job->Status().created, base::WallTime::duration{1});
    }
  }
  metrics_.Collect(sink, jobs);
  upstream_metrics_.Collect(sink);
}

}  // namespace herdgate::pipeline

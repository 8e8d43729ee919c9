// Invalidations: all invalidations of a process: takes them, runs at most kRunning at once on a thread of their own,
// and remembers how they went.
//
// They are not kept over a restart: a sidecar that stops ends them as cancelled, and a log line says how far each came
// (invalidation.ended); whatever was deleted stays deleted, and the same request again does the rest.
//
// Threads: Run before, and Stop once, on main's thread; all else, any, and none of it waits for the upstream.
// Ownership: one per process; borrows what Upstream names, which outlives it. Stop before the loops of the host's parts
// stop. Bounds: kWaiting queued and paused ones, kHistory that have ended, kPreviews previews.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/base/clock.h"
#include "sidecar/base/result.h"
#include "sidecar/metrics/registry.h"
#include "sidecar/pipeline/invalidation.h"
#include "sidecar/pipeline/invalidation_host.h"
#include "sidecar/pipeline/invalidation_job.h"
#include "sidecar/pipeline/invalidation_metrics.h"
#include "sidecar/pipeline/invalidation_preview.h"
#include "sidecar/pipeline/invalidation_tokens.h"
#include "sidecar/upstream/lane_pool.h"

namespace herdgate::pipeline {

// Why a request was not taken.
enum class InvalidationRefusal : std::uint8_t {
  kNone,
  kInvalid,        // the request: see the message
  kPurgeAll,       // it means every key, and purge_all is not set
  kUnknownToken,   // never was, or is forgotten
  kExpiredToken,   // older than five minutes
  kUsedToken,      // one execution a preview
  kOtherRequest,   // the preview's request, or the idempotency key's, was another one
  kOtherPolicies,  // reloaded since the preview
  kUnknownPolicy,  // none of the configuration has this name
  kTooMany,        // kWaiting, or previews, at once
  kStopped,        // the sidecar stops
};

class Invalidations {
 public:
  static constexpr std::size_t kRunning = 4;
  static constexpr std::size_t kWaiting = 64;
  static constexpr std::size_t kHistory = 50;
  static constexpr std::size_t kPreviews = 16;  // kept; the oldest ended one goes
  static constexpr std::size_t kRunningPreviews = 4;

  struct Upstream {
    upstream::Connector& connector;
    const upstream::UpstreamOptions& options;
    upstream::Health& health;
    upstream::Breaker& breaker;
    std::atomic<std::int64_t>& connections;
    upstream::OwnAddresses& own_addresses;
    upstream::IdentityPtr identity;
    std::uint32_t db = 0;
  };
  using MakeHost = std::function<std::unique_ptr<InvalidationHost>(net::Loop& loop)>;

  Invalidations(const Upstream& upstream, const MakeHost& make_host, const base::Clock& clock = base::SystemClock());
  ~Invalidations();
  Invalidations(const Invalidations&) = delete;
  Invalidations& operator=(const Invalidations&) = delete;

  // Told once of each job that has ended, on the thread of the jobs, or within Stop. REQUIRES: before Run.
  void OnEnded(std::function<void(const InvalidationStatus&)> told) { on_ended_ = std::move(told); }

  void Run();
  // Ends what has not ended. Idempotent.
  void Stop();

  struct Terms {
    std::string preview_token{};    // empty: there was no preview
    std::string idempotency_key{};  // empty: none
    std::string asked_by{};         // for the log and the status
  };
  struct Started {
    std::string id;        // of the job
    bool existed = false;  // a request with this idempotency key had been taken: nothing was begun
    InvalidationRefusal refusal = InvalidationRefusal::kNone;
    std::string message{};

    bool ok() const { return refusal == InvalidationRefusal::kNone; }
  };
  Started Start(const InvalidationRequest& request, const Terms& terms);

  std::optional<InvalidationStatus> Get(std::string_view id) const;
  std::vector<InvalidationStatus> List() const;  // the newest first
  std::optional<std::string> Report(std::string_view id) const;
  // kInvalidArgument: no such job, or none whose state has such a step (invalidation.h). The job takes it in a moment.
  base::Status Pause(std::string_view id);
  base::Status Resume(std::string_view id);
  base::Status Cancel(std::string_view id, const std::string& reason);

  // What became of Start with this idempotency key, as long as the job is remembered; refused with kOtherRequest if
  // that was after another preview. Nothing: no such key.
  std::optional<Started> Repeated(std::string_view idempotency_key, std::string_view preview_token) const;

  // As Start; `id` is the token. What means every key may be previewed unconfirmed.
  Started Preview(const InvalidationRequest& request);
  std::optional<InvalidationPreviewStatus> GetPreview(std::string_view token) const;

  void Collect(metrics::SampleSink& sink) const;

 private:
  using JobPtr = std::shared_ptr<InvalidationJob>;
  struct Record {
    std::string id;
    std::string idempotency_key;
    std::string preview_token;
    std::string fingerprint;
    JobPtr job;
    bool told = false;  // that it has ended
  };

  JobPtr Find(std::string_view id) const;
  std::optional<Started> Known(const InvalidationRequest& request, const Terms& terms) const;
  std::optional<Started> Unfit(const InvalidationRequest& request, const Terms& terms);
  void TellEnded();
  void TrimJobs();
  void TrimPreviews();
  void Schedule();
  void ScheduleSoon();

  const base::Clock& clock_;
  std::function<void(const InvalidationStatus&)> on_ended_;
  const upstream::UpstreamOptions options_;
  net::Loop loop_;
  upstream::Connector& connector_;
  const upstream::LaneKey key_;
  upstream::UpstreamMetrics upstream_metrics_;
  base::Random random_;
  const std::function<void(const upstream::LaneKey&)> no_user_;
  std::atomic<std::size_t> dedicated_in_use_{0};
  std::unique_ptr<upstream::LanePool> lanes_;
  std::unique_ptr<InvalidationHost> host_;
  InvalidationMetrics metrics_;
  std::unique_ptr<InvalidationJob::Context> job_context_;
  std::unique_ptr<InvalidationPreview::Context> preview_context_;

  mutable std::mutex mutex_;  // guards all below; a job's and a preview's are taken within it
  std::deque<Record> jobs_;   // the oldest first
  std::deque<std::pair<std::string, std::shared_ptr<InvalidationPreview>>> previews_;  // by token, the oldest first
  InvalidationTokens tokens_;
  std::uint64_t last_id_ = 0;
  bool running_ = false;
};

}  // namespace herdgate::pipeline

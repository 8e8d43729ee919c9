// InvalidationJob: carries out one invalidation in the background, batch after batch, over a connection of its own.
//
// A scan goes on from its cursor when the upstream was away, if that is the process that it was before: another one
// (by INFO's run_id) puts its keys in another order, and may have brought deleted keys back from its disk, so the scan
// begins anew; so it does after a reload, which may have given keys other names. A bump of a generation hides what was
// named before, and needs nothing. What a broken connection left unanswered is sent again. A policy that a reload
// removes or renames ends its job as failed.
// While the upstream is away, or refuses for now, the job waits; its status says for what.
//
// Threads: Status and Report, any; all else, the loop of the lanes. Ownership: shared, by the registry and by its own
// questions; the context outlives it. A job that has ended holds no connection.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/base/random.h"
#include "sidecar/net/timer.h"
#include "sidecar/pipeline/batch_query.h"
#include "sidecar/pipeline/invalidation.h"
#include "sidecar/pipeline/invalidation_host.h"
#include "sidecar/pipeline/invalidation_metrics.h"
#include "sidecar/pipeline/invalidation_pacer.h"
#include "sidecar/pipeline/invalidation_report.h"
#include "sidecar/pipeline/tag_members.h"

namespace herdgate::pipeline {

class InvalidationJob : public std::enable_shared_from_this<InvalidationJob> {
 public:
  // How long a cancel waits for the batch under way.
  static constexpr std::chrono::milliseconds kCancelPatience{80};

  struct Context {
    upstream::LanePool& lanes;
    const upstream::LaneKey& key;
    InvalidationHost& host;
    InvalidationMetrics& metrics;
    const base::Clock& clock;  // for people's times
    // A place has become free, or a job has come to the queue.
    std::function<void()> on_change;
  };

  // Queued. Any thread. REQUIRES: Check(*request) is ok.
  InvalidationJob(const Context& context, std::string id, std::shared_ptr<const InvalidationRequest> request,
                  std::string asked_by);
  InvalidationJob(const InvalidationJob&) = delete;
  InvalidationJob& operator=(const InvalidationJob&) = delete;

  InvalidationStatus Status() const;
  InvalidationState state() const;
  std::string Report() const;  // JSON lines

  // Each without effect where the state (invalidation.h) has no such step.
  void Start();
  void Pause();
  void Resume();
  void Cancel(const std::string& reason);
  // At once, whatever is under way.
  void Stop(const std::string& reason);
  // What lives on the loop goes. REQUIRES: it has ended; not from within its own callbacks.
  void Release() { hands_ = nullptr; }

 private:
  struct Hands {
    Hands(net::Loop& loop, upstream::LanePool& lanes, const upstream::LaneKey& key)
        : timer(loop), cancel_timer(loop), query(lanes, key), random(lanes.random().Next()) {}
    net::Timer timer;
    net::Timer cancel_timer;
    BatchQuery query;
    base::Random random;
  };
  using Key = InvalidationBatch::Key;

  template <typename Change>
  void Update(const Change& change) {
    const std::lock_guard lock(mutex_);
    change(status_);
  }
  bool running() const { return status_.state == InvalidationState::kRunning; }
  bool names_keys() const { return NamesKeys(request_->kind); }
  base::SteadyTime Now();

  void Step();
  void StepAfter(std::chrono::nanoseconds delay);
  void Wait(const std::string& what);
  void Retry();
  void NotWaiting();
  void CountTime();  // since it was counted last. REQUIRES: running
  void End(InvalidationState state, const std::string& reason = {});
  void LogEnd() const;
  void Fail(const std::string& reason) { End(InvalidationState::kFailed, reason); }

  bool HasOtherSet(const policy::SnapshotPtr& than) const;
  bool Refresh();
  void Prepare();
  void PrepareScan();
  void Bump();
  void OnBump(const base::Result<std::uint64_t>& result);
  void OnNotBumped(const base::Status& why);
  bool scans() const;
  bool BumpsTags() const {
    return request_->mode == InvalidationMode::kHard && request_->scope != InvalidationScope::kNear;
  }
  bool HasTagsToBump() const;
  void BumpTags();
  void OnTagBumped(const std::string& policy, const base::Result<TagBump>& result);
  bool ReadsInPlace() const;
  void BeginMembers();
  void EndOfMembers();
  std::string MembersName(bool taken) const;
  void NextMembers();
  void ScanMembers();
  void OnScannedMembers(const BatchQuery::Answer& answer);
  void AskTakenMembers();
  std::string_view MembersError(const BatchQuery::Answer& answer) const;
  void OnMembers(const BatchQuery::Answer& answer);
  BatchQuery::Words ForgetMembers(const InvalidationBatch& batch) const;
  void TakeMembers(const std::vector<std::string_view>& members);
  void NameKeys();
  void Rescan();
  void Identify();
  void OnIdentity(const BatchQuery::Answer& answer);
  void NextPage();
  void OnPage(const BatchQuery::Answer& answer);
  void TakeKey(std::string_view physical);
  bool LostOrRefused(const BatchQuery::Answer& answer, std::string_view error);

  struct Tally {
    std::uint64_t keys = 0;
    std::uint64_t outside = 0;
    std::uint64_t refreshing = 0;
  };
  Tally TallyOf(const InvalidationBatch& batch) const;
  void NextBatch();
  void TakeBack();
  void SendBatch();
  std::vector<BatchQuery::Words> RequestsFor(const InvalidationBatch& batch);
  void OnBatch(const BatchQuery::Answer& answer);
  void CountBatch(const BatchQuery::Answer& answer);
  void AddLine(std::chrono::nanoseconds took, std::uint64_t done, std::uint64_t bytes);

  const Context context_;
  std::shared_ptr<const InvalidationRequest> request_;
  net::Loop& loop_;
  std::unique_ptr<Hands> hands_;  // from Start to Release
  InvalidationPacer pacer_;

  std::shared_ptr<const InvalidationMatcher> matcher_;
  std::deque<Key> pending_;     // matched, to be sent; their policies are of matcher_
  InvalidationBatchPtr batch_;  // under way, or to be sent again
  bool prepared_ = false;
  bool exhausted_ = false;  // nothing comes to pending_ any more
  bool busy_ = false;       // something is under way, which calls Step when it ends
  bool by_del_ = false;     // UNLINK is not to be had
  bool cancelled_ = false;  // ends as soon as nothing is under way
  std::string cancel_reason_;
  std::uint64_t known_connection_ = 0;  // whose process is run_id_'s
  std::string run_id_;
  std::size_t page_ = 0;  // keys that the page under way passes over
  int bump_attempts_ = 0;
  std::set<std::string, std::less<>> tag_bumped_;  // policies
  bool members_left_ = false;                      // the tagged keys (HERDGATE.TAG) come after all else
  bool members_begun_ = false;                     // pending_ and batch_ are of them
  bool members_taken_ = false;                     // by members_connection_: no tag of later is meant
  std::uint64_t members_connection_ = 0;
  std::vector<TagSchema> members_schemas_;  // whose sets are left; the last one is under way
  bool members_second_ = false;             // read in place: of the two sets, this is the second
  std::uint64_t members_cursor_ = 0;        // of ZSCAN, read in place
  std::chrono::milliseconds backoff_{0};
  base::SteadyTime running_since_;
  base::SteadyTime first_line_at_;
  InvalidationReport::Line line_;  // what the next one has of pages

  mutable std::mutex mutex_;  // a leaf; guards the two below, which only the loop changes
  InvalidationStatus status_;
  InvalidationReport report_;
};

}  // namespace herdgate::pipeline

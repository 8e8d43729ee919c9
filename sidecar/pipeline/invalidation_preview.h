// InvalidationPreview: what an invalidation would do, before it is done. It changes nothing.
//
// The keys are counted exactly if a scan at kScanRate ends within kBudget; else the part of the keyspace that was
// passed over stands for the rest, which Redis' own order of buckets makes a fair sample of. Meanwhile the status
// shows how far it is.
// The load that the origin must expect is estimated from this sidecar's hot keys: what it is asked for, not what others
// are.
//
// Threads: Status, any; all else, the loop of the lanes. Ownership: the registry's.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/base/random.h"
#include "sidecar/net/timer.h"
#include "sidecar/pipeline/batch_query.h"
#include "sidecar/pipeline/invalidation.h"
#include "sidecar/pipeline/invalidation_host.h"
#include "sidecar/pipeline/invalidation_pacer.h"

namespace herdgate::pipeline {

struct InvalidationPreviewStatus {
  enum class State : std::uint8_t { kRunning, kDone, kFailed };
  struct Sample {
    std::string key;  // logical
    std::string policy;
    std::int64_t ttl_ms = -1;  // PTTL's: -1 none, -2 gone meanwhile
    std::uint64_t bytes = 0;   // MEMORY USAGE's; 0: not known
  };
  struct Hot {
    std::string key;  // logical; cut at 256 bytes
    std::string policy;
    double reads_per_second = 0;
    std::chrono::nanoseconds delta{0};  // of its recomputation; 0: not known
  };

  std::string token;  // to be given with the invalidation
  std::shared_ptr<const InvalidationRequest> request;
  State state = State::kRunning;
  std::string error;
  base::WallTime expires;

  double progress = 0;         // part of the keyspace that was looked at
  bool exact = false;          // `keys` is a count
  bool bumps = false;          // it will be a new generation: all at once, whatever the number of keys
  std::uint64_t keys = 0;      // so many match, or about so many
  std::uint64_t found = 0;     // of those, seen
  std::uint64_t keyspace = 0;  // DBSIZE
  std::uint64_t hidden = 0;    // of other versions, seen
  std::uint64_t bytes = 0;     // `keys` times the sample's mean
  std::map<std::string, std::uint64_t> by_policy;  // of those seen; "": of none
  std::vector<Sample> sample;                      // at most kSample, at random of those seen
  std::vector<Hot> hottest;                        // at most kHottest
  double reads_per_second = 0;                     // of the hot keys that match
  double recomputes_per_second = 0;  // in the first second after a hard one: each key once, where misses are coalesced
  double origin_load = 0;            // seconds of computing in that second
};

class InvalidationPreview {
 public:
  static constexpr std::size_t kSample = 20;
  static constexpr std::size_t kHottest = 10;
  static constexpr std::chrono::milliseconds kBudget{2000};
  static constexpr double kScanRate = 250000;  // keys a second

  struct Context {
    upstream::LanePool& lanes;
    const upstream::LaneKey& key;
    InvalidationHost& host;
  };

  // Any thread. REQUIRES: Check(*request) is ok, but for purge_all.
  InvalidationPreview(const Context& context, std::string token, std::shared_ptr<const InvalidationRequest> request,
                      base::WallTime expires);
  InvalidationPreview(const InvalidationPreview&) = delete;
  InvalidationPreview& operator=(const InvalidationPreview&) = delete;

  InvalidationPreviewStatus Status() const;
  bool ended() const;

  void Start();
  void Stop(const std::string& why);
  // What lives on the loop goes. REQUIRES: it has ended; not from within its own callbacks.
  void Release() { hands_ = nullptr; }

 private:
  struct Hands {
    Hands(net::Loop& loop, upstream::LanePool& lanes, const upstream::LaneKey& key)
        : timer(loop), query(lanes, key), random(lanes.random().Next()) {}
    net::Timer timer;
    BatchQuery query;
    base::Random random;
  };

  template <typename Change>
  void Update(const Change& change) {
    const std::lock_guard lock(mutex_);
    change(status_);
  }
  void End(InvalidationPreviewStatus::State state, const std::string& error = {});
  bool Failed(const BatchQuery::Answer& answer);
  void OnSize(const BatchQuery::Answer& answer);
  void OnKeys(std::size_t first, std::size_t count, const BatchQuery::Answer& answer);
  void NextPage();
  void OnPage(const BatchQuery::Answer& answer);
  void Take(std::string_view physical, std::string_view logical, std::size_t policy);
  void AskMembers();
  void OnMembers(const BatchQuery::Answer& answer);
  void AskSample();
  void OnSample(const BatchQuery::Answer& answer);
  std::string PolicyName(std::size_t policy) const;

  const Context context_;
  const std::shared_ptr<const InvalidationRequest> request_;
  net::Loop& loop_;
  std::unique_ptr<Hands> hands_;
  InvalidationPacer pacer_{1, kScanRate};
  std::shared_ptr<const InvalidationMatcher> matcher_;
  base::SteadyTime began_;
  std::uint64_t cursor_ = 0;
  std::vector<std::string> physical_;  // of the sample

  mutable std::mutex mutex_;  // a leaf; guards what follows, which only the loop changes
  InvalidationPreviewStatus status_;
};

}  // namespace herdgate::pipeline

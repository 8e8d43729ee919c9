// Herd is one run: requests arrive, ask the cache, compute what is missing at the simulated origin, store it.
//
// Open loop: a request begins when it is due, whatever became of those before it, and its latency counts from the time
// at which it was due. Everything happens on the calling thread, in one loop: sockets, arrivals, ends of jobs.
//
// A request sends GET on a free connection of its pod's pool. With a value it is done. Without one its job starts at
// the origin; when that ends it sends SET with the time to live on a free connection, and is done at the reply. An
// error, a timeout and a lost connection are counted, and what can't be read is computed.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "tests/bench/herd/arrivals.h"
#include "tests/bench/herd/herd_plan.h"
#include "tests/bench/herd/key_book.h"
#include "tests/bench/herd/links.h"
#include "tests/bench/herd/processor_sharing.h"

namespace herdgate::bench {

class Herd {
 public:
  explicit Herd(HerdPlan plan);

  HerdResult Run();

  // For each_second: what happened since the last call of it.
  struct Second {
    std::uint64_t requests = 0;
    std::uint64_t jobs = 0;    // of hot keys
    std::uint64_t epochs = 0;  // closed ones of hot keys
    double worst = 0;          // seconds
    std::uint64_t errors = 0;
  };
  const Second& second() const { return second_; }

 private:
  enum class State { kFree, kQueued, kReading, kComputing, kWriting };
  struct Request {
    State state = State::kFree;
    std::uint64_t serial = 0;   // differs for each use of this place
    std::uint64_t command = 0;  // differs for each command sent
    std::uint32_t key = 0;      // in keys_
    std::uint32_t pod = 0;
    double due = 0;
    double sent = 0;
    double mark = 0;  // KeyBook::read_mark
    std::uint64_t version = 0;
    bool dead = false;  // killed: nobody waits for its job
    Link* link = nullptr;
  };
  struct Key {
    std::string name;
    bool hot = true;
    double cost = 0;
    double ttl = 0;
    std::uint32_t origin = 0;
    std::uint32_t generation = 0;  // with cold_every
    std::size_t epochs_closed = 0;
    KeyBook book;
  };
  struct Deadline {
    double at = 0;
    std::uint64_t request = 0;
    std::uint64_t stamp = 0;  // the request's command or serial; another by now: it is over
  };

  double Now() const;
  // Keys.
  std::uint32_t AddKey(bool hot, std::uint32_t number, std::uint32_t generation);
  std::uint32_t KeyOf(const Arrival& arrival);
  void Preload();
  std::string ValueOf(std::uint32_t key, std::uint64_t version) const;
  void Judge(const Request& request, std::string_view value);
  void CountEpochs(Key& key);
  bool Counts(const Key& key, std::size_t epoch) const;
  // The loop.
  void Turn();
  double NextEvent() const;
  bool Stopped() const { return plan_.stopped && plan_.stopped(); }
  bool Finished();
  bool Reading() const;
  void EndJobs(double now);
  void FireDeadlines(double now);
  // The life of a request.
  void Arrive(const Arrival& arrival, double now);
  void Begin(std::uint64_t id);
  void SendGet(std::uint64_t id);
  void Compute(std::uint64_t id);
  void SendSet(std::uint64_t id, double ttl);
  void Send(std::uint64_t id, std::string command);
  bool HasLink(std::uint64_t id);
  void GiveLink(Request& request);
  void OnReply(Link& link, const RespReply& reply);
  void OnLost(Link& link, std::string_view why);
  void OnUnanswered(std::uint64_t id);
  void OnRead(std::uint64_t id, const RespReply& reply);
  void OnWritten(std::uint64_t id, const RespReply& reply);
  void Kill(std::uint64_t id);
  void Done(std::uint64_t id, double at);
  void Free(std::uint64_t id);
  void Fail(std::string_view why);
  // The end.
  void FinishJobs();
  void Collect();

  HerdPlan plan_;
  HerdResult result_;
  Arrivals arrivals_;
  Links links_;
  std::vector<ProcessorSharing> origins_;  // the last one is that of the keys that are not hot
  std::deque<Key> keys_;
  std::uint32_t first_other_ = 0;
  std::deque<Request> requests_;
  std::vector<std::uint64_t> free_;
  std::vector<std::deque<std::uint64_t>> queues_;  // by pod
  std::vector<std::uint32_t> under_way_;           // by pod
  std::deque<Deadline> timeouts_;
  std::deque<Deadline> kills_;
  std::uint64_t serial_ = 0;
  std::uint64_t start_ = 0;  // of the steady clock, in nanoseconds
  std::uint32_t warm_keys_ = 0;
  std::uint64_t counted_epochs_ = 0;
  double offset_ = 0;              // when arrivals begin
  double measured_from_ = kNever;  // when the warm-up ended
  double next_second_ = 1;
  bool arriving_ = true;
  Second second_;
};

}  // namespace herdgate::bench

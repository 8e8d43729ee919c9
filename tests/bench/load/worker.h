// Worker is one thread of the load generator: an epoll loop, a share of the connections, and what it counted.
//
// Closed loop: each connection writes `pipeline` requests, waits for all their replies and starts again; a latency runs
// from just before the write to the read that ended the reply. Open loop: requests fall due at fixed intervals whatever
// the server does, dealt to the connections in turn; a latency runs from the time the request was due, so a stalled
// server is charged for the requests that it delayed. After the measured window all outstanding replies are read.
//
// Threads: the constructor and result() belong to the creating thread, Run() to the worker's own.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/load/latency_histogram.h"
#include "tests/bench/load/options.h"
#include "tests/bench/load/reply_scanner.h"
#include "tests/bench/load/request_source.h"
#include "tests/bench/load/run_control.h"
#include "tests/bench/load/send_queue.h"

namespace herdgate::bench {

struct WorkerResult {
  LatencyHistogram latency;
  uint64_t ops = 0;         // replies inside the measured window
  uint64_t total_ops = 0;   // all replies, warm-up included
  uint64_t errors = 0;      // error replies and replies of a wrong type or length, in the whole run
  uint64_t misses = 0;      // keys without a value, in the whole run
  uint64_t unanswered = 0;  // requests still open when the run ended
  double busy = 0;          // this thread's CPU time as a part of the window; near 1: the generator is the limit
  std::string first_error;
  std::string failure;  // why the worker gave up; empty when it did not
};

class Worker {
 public:
  // index is 0 to options.threads - 1. Both references must outlive the worker.
  Worker(const LoadOptions& options, RunControl& control, unsigned index);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void Run();
  const WorkerResult& result() const { return result_; }

 private:
  struct Pending {
    uint64_t since;  // when it was written (closed loop) or due (open loop)
    Command command;
  };
  struct Connection {
    int fd = -1;
    SendQueue queue;
    ReplyScanner scanner;
    std::deque<Pending> pending;
    bool wants_write = false;
  };

  bool ConnectAll();
  void Loop();
  bool Done(uint64_t now) const;
  // Sends what is due by `now` and returns when the next request is.
  void SendDue(uint64_t now);
  void StartBatch(Connection& connection);
  void Wait(uint64_t now);
  void OnEvent(Connection& connection, uint32_t events);
  void OnReadable(Connection& connection);
  bool TakeReplies(Connection& connection, const char* data, const char* end);
  void Count(Connection& connection, uint64_t now);
  void Flush(Connection& connection);
  void SampleCpu(uint64_t now);
  void Fail(std::string why);
  bool open_loop() const { return options_.rate > 0; }

  const LoadOptions& options_;
  RunControl& control_;
  const unsigned index_;
  RequestSource source_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<char> read_buffer_;
  int epoll_fd_ = -1;
  WorkerResult result_;

  bool sending_ = true;       // false once the window has ended: only outstanding replies are read
  uint64_t outstanding_ = 0;  // requests without a reply, in all connections
  uint64_t last_reply_ = 0;
  uint64_t cpu_at_start_ = 0;  // 0: the window has not started
  bool cpu_sampled_ = false;

  double due_ = 0;       // open loop: when the next request is due
  double interval_ = 0;  // and the time between two of this worker's
  size_t next_connection_ = 0;
};

}  // namespace herdgate::bench

// Loop: one thread with one libuv loop; everything that serves a connection lives on one loop for its whole life.
//
// A turn of the loop reads each ready socket once, handles all that arrived, and then lets every touched object flush
// once. Between loops only posted tasks and immutable snapshots pass.
//
// Arena: bytes read from sockets lie in the loop's arena and stay valid until the turn's flush has ended, so that a
// reply can be written from where it was read. Whoever keeps a view says NoteBorrow(); bytes nobody kept are reused at
// once.
//
// Threads: Post, InExecutor and the constructor's options from any thread; everything else on the loop's own thread,
// asserted. Lifetime: the loop outlives all that lives on it. A stopped loop runs no task any more.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "sidecar/base/clock.h"
#include "sidecar/base/executor.h"

struct uv_loop_s;

namespace herdgate::net {

// What is flushed at the end of a turn in which it was touched.
class Flushable {
 public:
  virtual ~Flushable() = default;
  virtual void OnFlush() = 0;

 private:
  friend class Loop;
  bool touched_ = false;
};

class Loop final : public base::Executor {
 public:
  explicit Loop(int index);
  ~Loop() override;
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Starts the thread. REQUIRES: called once.
  void Start();
  // Runs what was posted so far, then ends the thread and joins it. Sockets and timers on the loop must be gone.
  void Stop();

  void Post(std::function<void()> task) override;
  bool InExecutor() const override;
  int index() const { return index_; }
  // What its thread has used of a CPU so far; any thread. 0 if the thread does not run.
  std::chrono::nanoseconds CpuTime() const;

  // The steady time of this turn, refreshed whenever a socket is read.
  base::SteadyTime Now() const { return now_; }
  void RefreshNow();

  // Calls `target`'s OnFlush before the loop sleeps again, once however often it is touched.
  void Touch(Flushable& target);
  void Untouch(Flushable& target);
  // Destroys `object` after the turn's flush: for objects that are on the call stack now.
  void DestroyLater(std::shared_ptr<void> object);
  // Calls `task` once per second of loop time, first 200 ms after the loop was made, until the loop stops.
  void EverySecond(std::function<void()> task);

  // Space to read into, at least kMinRead bytes. May flush everything touched to make room.
  std::span<char> ReadSpace();
  // The first `size` bytes of the last ReadSpace are in use until EndRead(mark) finds that nobody borrowed from them.
  std::size_t BeginRead(std::size_t size);
  void EndRead(std::size_t mark);
  void NoteBorrow() { ++borrows_; }
  // Space to write `size` bytes into instead, or null if there is less. KeepRoom: the first `size` of them, for which
  // NoteBorrow follows, are in use.
  char* Room(std::size_t size) { return kArenaBytes - arena_used_ < size ? nullptr : arena_.get() + arena_used_; }
  void KeepRoom(std::size_t size) { arena_used_ += size; }

  uv_loop_s* uv() { return uv_.get(); }

  static constexpr std::size_t kArenaBytes = std::size_t{512} * 1024;
  static constexpr std::size_t kMinRead = std::size_t{64} * 1024;
  static constexpr std::size_t kMaxRead = std::size_t{256} * 1024;

 private:
  struct Handles;

  void Run();
  void RunPosted();
  void EndTurn();
  void FlushTouched();
  void RunEverySecond();

  const int index_;
  std::unique_ptr<uv_loop_s> uv_;
  std::unique_ptr<Handles> handles_;
  base::SteadyTime now_;
  std::vector<Flushable*> touched_;
  std::vector<std::shared_ptr<void>> doomed_;
  std::deque<std::function<void()>> every_second_;

  std::unique_ptr<char[]> arena_;
  std::size_t arena_used_ = 0;
  std::size_t borrows_ = 0;
  std::size_t borrows_before_read_ = 0;
};

}  // namespace herdgate::net

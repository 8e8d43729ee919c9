// ReplyQueue keeps a session's replies in the order of its requests, wherever each is answered.
//
// Two kinds of reply are owed: lane replies, which arrive in the order in which they were expected, in pieces; and
// slots, places that are filled from here (at once, or later from any stage). A lane reply passes straight to the
// socket unless an unfilled slot stands before it; then it is kept behind that slot.
//
//   Expect()            one more lane reply is owed
//   Pass(bytes, ended)  the next bytes of the oldest owed lane replies; `ended` of them end with these bytes
//   Local(bytes)        a reply that is known now, in turn; Room and CommitRoom: the same, written in place
//   Open() / Fill()     a reply that is known later, in turn
//   OpenInstead()       the lane reply that is owed won't come: its place is filled later
//   PassBefore()        lane bytes of no reply, in front of such a one
//
// Threads: the loop's thread. Cost: two counters per lane reply; a small record per slot that has to wait.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "sidecar/net/loop.h"
#include "sidecar/net/out_queue.h"

namespace herdgate::net {

class ReplyQueue {
 public:
  using SlotId = std::uint64_t;

  explicit ReplyQueue(Loop& loop) : loop_(loop) {}

  void Expect() { ++expected_; }
  // The last `count` lane replies that were expected, as far as they are outstanding, will never come. REQUIRES: no
  // slot stands behind them.
  void TakeBack(std::uint64_t count) { expected_ -= std::min(count, outstanding()); }
  // REQUIRES: `bytes` lie in the loop's arena; ended <= outstanding().
  void Pass(std::string_view bytes, std::size_t ended);
  // Like Pass for bytes that lie elsewhere: they are copied.
  void PassCopy(std::string_view bytes, std::size_t ended);

  void Local(std::string_view bytes);
  // Local without a copy: where the reply may be written, at most `size` bytes, in one go with CommitRoom. Null: here
  // it can't be. REQUIRES: as OutQueue::Borrow.
  char* Room(std::size_t size) { return settled() ? loop_.Room(size) : nullptr; }
  void CommitRoom(std::string_view written) {
    loop_.KeepRoom(written.size());
    out_.Borrow(written, loop_);
  }
  SlotId Open();
  // One lane reply is owed, and nothing that was answered since stands behind it.
  bool owes_last() const { return outstanding() == 1 && (!has_open_slots() || slots_->back().after < expected_); }
  // REQUIRES: owes_last(), and no byte of that reply was passed.
  SlotId OpenInstead() {
    assert(owes_last());
    --expected_;
    return Open();
  }
  void Fill(SlotId slot, std::string_view bytes);
  // REQUIRES: the slot is not filled.
  void PassBefore(SlotId slot, std::string_view bytes);

  // Lane replies owed and not ended yet.
  std::uint64_t outstanding() const { return expected_ - received_; }
  bool has_open_slots() const { return slots_ && !slots_->empty(); }
  // Nothing is owed: every request was answered into out().
  bool settled() const { return outstanding() == 0 && !has_open_slots(); }

  OutQueue& out() { return out_; }
  const OutQueue& out() const { return out_; }
  // Bytes kept behind slots, beside out().size().
  std::size_t held_bytes() const { return held_bytes_; }

 private:
  struct Slot {
    SlotId id = 0;
    std::uint64_t after = 0;  // how many lane replies stand before it
    bool filled = false;
    std::string bytes;   // until it is filled, what stands in front of it
    std::string behind;  // lane bytes that arrived behind it
  };

  Slot& At(SlotId id);
  void Settle();

  Loop& loop_;
  OutQueue out_;
  std::uint64_t expected_ = 0;
  std::uint64_t received_ = 0;
  SlotId next_slot_ = 1;
  std::size_t held_bytes_ = 0;
  std::unique_ptr<std::deque<Slot>> slots_;
};

}  // namespace herdgate::net

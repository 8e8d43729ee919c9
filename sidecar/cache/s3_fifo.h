// S3Fifo: which entry leaves a full shard. Three queues, as in Yang et al., "FIFO queues are all you need for cache
// eviction" (SOSP 2023): a small one that new keys pass through, the main one for those that were asked for again, and
// a ghost that remembers the keys of those that left.
//
// A hit only bumps the entry's two-bit frequency: nothing moves. A scan of keys that nobody asks for twice goes through
// the small queue and leaves the main one alone.
// Two additions. An entry that leaves the main queue for any other reason than room (an invalidation, a deadline) is
// remembered by the ghost too, so that its next value goes back to the main queue. And one eviction gives at most
// kMaxSecondChances second chances, because it runs with the shard's mutex held.
// Threads: with the shard's mutex. Ownership: links entries, doesn't own them.
#pragma once

#include <cstddef>

#include "sidecar/cache/entry.h"
#include "sidecar/cache/ghost.h"

namespace herdgate::cache {

class S3Fifo {
 public:
  static constexpr int kMaxSecondChances = 256;

  // `small_bytes`: what the small queue may hold before entries leave it; a tenth of the shard.
  explicit S3Fifo(std::size_t small_bytes) : small_bytes_(small_bytes) {}

  void Insert(Entry& entry);
  // A new value of the same key takes the old one's place in its queue.
  void Replace(Entry& old, Entry& by);
  // For another reason than room.
  void Remove(Entry& entry);
  // Removes the entry that is to leave next; null: there is none. `is_dead(entry)`: has no use left, leaves at once.
  template <typename Predicate>
  Entry* Evict(Predicate is_dead);

  std::size_t entry_bytes() const { return small_.bytes + main_.bytes; }
  std::size_t ghost_bytes() const { return ghost_.bytes(); }
  std::size_t ghost_capacity() const { return ghost_.capacity(); }
  std::size_t small_count() const { return small_.count; }
  std::size_t main_count() const { return main_.count; }

 private:
  struct Queue {
    Entry* newest = nullptr;
    Entry* oldest = nullptr;
    std::size_t count = 0;
    std::size_t bytes = 0;

    void Push(Entry& entry);
    void Unlink(Entry& entry);
  };

  Queue& QueueOf(const Entry& entry) { return entry.in_main() ? main_ : small_; }
  void MoveToMain(Entry& entry, std::uint8_t frequency);

  const std::size_t small_bytes_;
  Queue small_;
  Queue main_;
  Ghost ghost_;
};

template <typename Predicate>
Entry* S3Fifo::Evict(Predicate is_dead) {
  for (int chances = 0; main_.oldest != nullptr || small_.oldest != nullptr; ++chances) {
    const bool from_small = small_.oldest != nullptr && (small_.bytes >= small_bytes_ || main_.oldest == nullptr);
    Entry& entry = from_small ? *small_.oldest : *main_.oldest;
    QueueOf(entry).Unlink(entry);
    const std::uint8_t frequency = entry.frequency();
    const bool stays = frequency > (from_small ? 1 : 0) && chances < kMaxSecondChances && !is_dead(entry);
    if (!stays) {
      ghost_.Fit(small_.count + main_.count + 1);
      if (from_small) ghost_.Insert(entry.hash());
      return &entry;
    }
    MoveToMain(entry, from_small ? 0 : static_cast<std::uint8_t>(frequency - 1));
  }
  return nullptr;
}

}  // namespace herdgate::cache

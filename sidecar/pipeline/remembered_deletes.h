// RememberedDeletes: the keys that apps deleted while the upstream was away, to be deleted there before any read sees
// it again.
//
//   Open -> Add ... -> TakeBatch, then Done or PutBack; TakeBumps, then Done or PutBack; Seal -> until TryClose
//   succeeds
//
// A key counts once however often it is deleted. Bounded in keys and bytes: above a bound the policy with generations
// that holds the most bytes gives its keys up for one bump of its generation, which hides them all; where no policy has
// generations the delete is refused. What was taken still counts until it is done, so that it can always be put back.
// Threads: any; one leaf mutex, never held over I/O. Owner: the composition root, for all loops.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sidecar/metrics/registry.h"

namespace herdgate::pipeline {

struct RememberedDeletesOptions {
  std::uint64_t max_deletes = 100000;
  // Keys and what holds them.
  std::uint64_t max_bytes = std::uint64_t{16} << 20U;
};

// What became of an Add.
enum class Remembered : std::uint8_t {
  kTaken,   // it will be carried out: answer it
  kNotNow,  // not open: the upstream is there, send it
  kWait,    // sealed: in a moment it can be sent; ask again then
  kFull,    // no room: answer an error
};

class RememberedDeletes {
 public:
  struct Key {
    std::string_view physical;
    std::string_view policy;  // its name
    bool has_generation = false;
  };
  // Keys to delete upstream, each once. REQUIRES: handed to Done or PutBack, once.
  struct Batch {
    std::vector<std::string> keys;
    std::uint64_t id = 0;
  };
  // A policy whose generation is to be bumped. REQUIRES: as Batch.
  struct Bump {
    std::string policy;
    std::uint64_t deletes = 0;  // that it stands for
  };
  struct Stats {
    std::uint64_t keys = 0;   // held now, taken ones too
    std::uint64_t bytes = 0;  // of them
    std::uint64_t bumps = 0;  // wanted now, taken ones too
    // Deletes, by what became of them.
    std::uint64_t replayed = 0;
    std::uint64_t bumped = 0;
    std::uint64_t refused = 0;
    std::uint64_t lost = 0;
  };

  // Of a key, beside its own bytes: the node, its place in the table, and what malloc adds.
  static constexpr std::uint64_t kOverheadBytes = 96;

  explicit RememberedDeletes(const RememberedDeletesOptions& options = {}) : options_(options) {}

  // From now on Add takes keys. Again, and not sealed: nothing.
  void Open();
  // From now on Add takes none: however busily keys are deleted, what is left comes to an end. REQUIRES: open.
  void Seal();
  // Ends that if nothing is left, taken or not: then every Add that was told kTaken has been carried out. False too if
  // it was opened since it was sealed: the upstream has gone once more.
  bool TryClose();

  // The keys of one command: all are taken or none.
  Remembered Add(std::span<const Key> keys);

  // At most `max_keys` that are not taken; empty if there are none.
  Batch TakeBatch(std::size_t max_keys);
  // They were deleted upstream. A key that was deleted again since it was taken stays, to be deleted once more.
  void Done(const Batch& batch);
  // The upstream will never let them be deleted: they count as lost.
  void Lose(const Batch& batch);
  // They were not, or nobody knows.
  void PutBack(const Batch& batch);

  // All bumps that are not taken.
  std::vector<Bump> TakeBumps();
  void Done(const Bump& bump);
  void PutBack(const Bump& bump);
  // It can't be bumped (the policy is no more): its deletes count as lost.
  void Lose(const Bump& bump);

  // Forgets all, taken or not, and counts it as lost; for the end of the process. Says how many deletes that were.
  std::uint64_t LoseAll();

  // How often it was opened after it had been closed: the outages so far, the one under way included.
  std::uint32_t outages() const { return outages_.load(std::memory_order_relaxed); }

  Stats GetStats() const;
  void Collect(metrics::SampleSink& sink) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const { return std::hash<std::string_view>()(key); }
  };
  struct Group {
    std::uint64_t keys = 0;
    std::uint64_t bytes = 0;
    // Every key's generation could be bumped when it was added.
    bool has_generation = true;
  };
  using Groups = std::map<std::string, Group, std::less<>>;
  struct Entry {
    Groups::iterator group;
    std::uint64_t taken_by = 0;  // the batch's id; 0: none
    bool again = false;          // deleted again since
  };
  using Entries = std::unordered_map<std::string, Entry, Hash, std::equal_to<>>;

  // As Add; what is worth a line in the log is told.
  Remembered AddQuietly(std::span<const Key> keys, std::vector<Bump>& covered, bool& tell_full);
  // All below: REQUIRES mutex_ held.
  bool GiveBack(const Bump& bump);
  bool IsCovered(const Key& key) const { return key.has_generation && bumps_.contains(key.policy); }
  // Nothing if the key is there already, or if a bump hides it.
  const std::string* Insert(const Key& key);
  void Erase(Entries::iterator entry);
  // Turns the keys of a policy into a bump, in which they count.
  void Cover(Groups::iterator group);
  // REQUIRES: a policy with generations has keys.
  Bump CoverLargest();
  bool Fits() const { return entries_.size() <= options_.max_deletes && bytes_ <= options_.max_bytes; }
  bool FitsWithoutGenerations() const;

  const RememberedDeletesOptions options_;
  std::atomic<std::uint32_t> outages_{0};
  mutable std::mutex mutex_;  // guards all below
  enum class Phase : std::uint8_t { kShut, kOpen, kSealed } phase_ = Phase::kShut;
  bool unsealed_ = false;  // opened since the last Seal
  Entries entries_;
  Groups groups_;  // of entries_, none empty
  std::uint64_t bytes_ = 0;
  std::map<std::string, std::uint64_t, std::less<>> bumps_;  // not taken: policy -> deletes
  std::uint64_t bumps_taken_ = 0;
  std::uint64_t deletes_in_bumps_taken_ = 0;
  std::uint64_t last_batch_ = 0;
  bool told_full_ = false;  // in the log, since Open
  Stats totals_;            // the counters only
};

}  // namespace herdgate::pipeline

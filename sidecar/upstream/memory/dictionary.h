// Dictionary: the hash table of one database. It grows and shrinks a bucket at a time, and can be scanned while it
// does.
//
// Buckets are a power of two; entries with the same bucket form a list. A resize keeps both tables and moves one bucket
// at each change, so no call is O(n). Scan walks the buckets in the order of the reversed bits of their number (Pieter
// Noordhuis' algorithm, as in Redis): every entry that is there from the first call to the last is seen at least once,
// whatever is added, removed or resized meanwhile.
//
// Threads: the store's loop. Ownership: entries are linked, not owned. Memory: bytes() counts the bucket arrays.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "sidecar/base/random.h"
#include "sidecar/upstream/memory/entry.h"

namespace herdgate::upstream::memory {

class Dictionary {
 public:
  explicit Dictionary(std::uint64_t hash_seed) : hash_seed_(hash_seed) {}
  Dictionary(Dictionary&&) noexcept = default;
  Dictionary& operator=(Dictionary&&) noexcept = default;

  // An empty one with the same hash.
  Dictionary Fresh() const { return Dictionary(hash_seed_); }
  std::uint32_t Hash(std::string_view key) const;
  Entry* Find(std::string_view key) const { return Find(key, Hash(key)); }
  Entry* Find(std::string_view key, std::uint32_t hash) const;

  // Makes room for one more entry if that takes no more than `spare_bytes`; else the lists grow longer for a while.
  void PrepareInsert(std::size_t spare_bytes);
  // REQUIRES: no entry has this key; entry.hash is set.
  void Insert(Entry& entry);
  // REQUIRES: the entry is linked here.
  void Remove(Entry& entry);
  // Moves up to `buckets` buckets of a resize under way.
  void Migrate(std::size_t buckets);
  // Starts to give memory back where most buckets are empty.
  void ShrinkIfSparse();

  using Visit = std::function<void(Entry&)>;
  // Visits one step's entries and returns the next cursor, 0 at the end. `visit` must not change the dictionary.
  std::uint64_t Scan(std::uint64_t cursor, const Visit& visit) const;
  // Every entry. `visit` may free the entry that it is given.
  void ForEach(const Visit& visit) const;

  // A random entry, every one about equally likely; nullptr if empty.
  Entry* Sample(base::Random& random) const;
  // Adds up to `count` neighbours from a random place to `found`; for eviction, where some bias does no harm.
  void SampleRun(base::Random& random, std::size_t count, std::vector<Entry*>& found) const;

  std::size_t size() const { return tables_[0].used + tables_[1].used; }
  std::size_t buckets() const { return tables_[0].size() + tables_[1].size(); }
  std::size_t bytes() const { return buckets() * kBucketBytes; }
  bool migrating() const { return tables_[1].size() != 0; }

 private:
  struct FreeArray {
    void operator()(Entry** array) const;
  };
  struct Table {
    std::unique_ptr<Entry*[], FreeArray> buckets;
    std::size_t mask = 0;
    std::size_t used = 0;
    std::size_t size() const { return buckets ? mask + 1 : 0; }
  };
  static constexpr std::size_t kLeastBuckets = 16;

  static Table MakeTable(std::size_t buckets);
  void StartResize(std::size_t buckets);
  // Buckets counted through both tables.
  Entry* Bucket(std::size_t at) const {
    return at < tables_[0].size() ? tables_[0].buckets[at] : tables_[1].buckets[at - tables_[0].size()];
  }
  void VisitBucket(const Table& table, std::size_t bucket, const Visit& visit) const;

  std::uint64_t hash_seed_;
  std::array<Table, 2> tables_;   // a resize moves from the first to the second
  std::size_t next_to_move_ = 0;  // the first table's buckets below are empty
};

}  // namespace herdgate::upstream::memory

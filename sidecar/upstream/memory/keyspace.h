// Keyspace: the databases of the embedded store: keys, string values, expiries, and the bound on all their bytes.
//
// Bound: bytes() counts every block that malloc gave out for keys and values (with malloc's own header), the bucket
// arrays, and what sessions charged (queued transactions, watched keys, subscriptions). It stays <= max_bytes. What
// does not fit makes room: expired keys first as they are met, then approximated LRU over all keys, volatile or not
// (allkeys-lru as in Redis: of 16 sampled keys the one unused for longest goes). What is larger than the whole bound is
// refused before anything is evicted.
// Expiry: a key whose time has come is deleted when it is met (lazy) and by ExpireSome, which walks all buckets slowly.
//
// Threads: the store's loop. Lifetime: an Entry* is good until the next call that may delete or make room.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/base/random.h"
#include "sidecar/upstream/memory/dictionary.h"
#include "sidecar/upstream/memory/entry.h"

namespace herdgate::upstream::memory {

inline constexpr int kDatabases = 16;

// Told of every change of a key, whoever made it: for WATCH.
class KeyWatcher {
 public:
  virtual ~KeyWatcher() = default;
  virtual void OnChanged(int db, std::string_view key) = 0;
};

struct KeyspaceCounters {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t expired = 0;
  std::uint64_t evicted = 0;
};

class Keyspace {
 public:
  // `watcher` is borrowed.
  Keyspace(std::size_t max_bytes, std::uint64_t seed, KeyWatcher& watcher);
  ~Keyspace();
  Keyspace(const Keyspace&) = delete;
  Keyspace& operator=(const Keyspace&) = delete;

  // The time that expiries are judged by, until the next call.
  void SetNow(Milliseconds now) { now_ = now; }
  Milliseconds now() const { return now_; }

  // The live entry, or nullptr; an expired one is deleted. Read counts a hit or a miss; Peek does not count as a use.
  Entry* Read(int db, std::string_view key);
  Entry* Find(int db, std::string_view key);
  Entry* Peek(int db, std::string_view key);

  // Each returns nullptr or false, and has changed nothing but evicted keys, if there is no memory for it.
  // Creates or replaces the value and sets the expiry. REQUIRES: `value` is no view of an entry.
  Entry* Put(int db, std::string_view key, std::string_view value, Milliseconds expires_at);
  // Makes the value `bytes` long in place: what is new is zero.
  bool Resize(int db, Entry& entry, std::size_t bytes);
  // Creates an entry whose value is `bytes` zeros. REQUIRES: absent.
  Entry* PutZeros(int db, std::string_view key, std::size_t bytes);
  // Gives the entry another key or database, in place of what is there; its value and expiry stay as they are.
  Entry* Move(int db, Entry& entry, int to_db, std::string_view to_key);
  // Makes sure that `bytes` more fit, so that what was estimated with EntryEstimate is not refused afterwards.
  bool Reserve(std::size_t bytes) { return MakeRoom(bytes, nullptr); }
  bool Charge(std::size_t bytes);
  void Release(std::size_t bytes) { charged_ -= bytes; }

  void Delete(int db, Entry& entry);
  void SetExpiry(int db, Entry& entry, Milliseconds expires_at);
  // The value was changed through entry.value.
  void Changed(int db, const Entry& entry) { watcher_.OnChanged(db, entry.key()); }
  void Clear(int db);
  // Tells the watcher nothing: see WatchTable::SwapDatabases.
  void Swap(int first, int second);

  // One step of a scan of `db`, entries whose time has come left out; see Dictionary::Scan.
  std::uint64_t Scan(int db, std::uint64_t cursor, const Dictionary::Visit& visit);
  void ForEach(int db, const Dictionary::Visit& visit);
  Entry* Random(int db);

  // Goes on looking for keys whose time has come, through 1/kSweepParts of every database that has volatile keys. Also
  // lets resizes go on.
  struct Sweep {
    std::size_t seen = 0;
    std::size_t deleted = 0;
  };
  Sweep ExpireSome();
  static constexpr std::size_t kSweepParts = 128;
  bool HasVolatile() const;
  bool migrating() const;

  std::size_t size(int db) const { return At(db).keys.size(); }
  std::size_t volatile_size(int db) const { return At(db).with_expiry; }
  std::size_t total_size() const;
  std::size_t max_bytes() const { return max_bytes_; }
  std::size_t bytes() const { return entry_bytes_ + charged_ + table_bytes_; }
  std::size_t entry_bytes() const { return entry_bytes_; }
  std::size_t charged_bytes() const { return charged_; }
  std::size_t peak_bytes() const { return peak_bytes_; }
  KeyspaceCounters& counters() { return counters_; }
  static std::size_t BytesOf(const Entry& entry);

 private:
  struct Database {
    Dictionary keys;
    std::size_t with_expiry = 0;
    std::uint64_t expiry_cursor = 0;
  };

  Database& At(int db) { return databases_[static_cast<std::size_t>(db)]; }
  const Database& At(int db) const { return databases_[static_cast<std::size_t>(db)]; }
  bool IsDead(const Entry& entry) const { return entry.expires_at != kNever && entry.expires_at <= now_; }
  Entry* Create(int db, std::string_view key, std::size_t value_bytes);
  void Link(int db, Entry& entry);
  void Unlink(int db, Entry& entry);
  bool Replace(Entry& entry, std::string_view value);
  void Free(Entry& entry);
  void Expire(int db, Entry& entry);
  bool MakeRoom(std::size_t bytes, const Entry* keep);
  bool EvictOne(const Entry* keep);
  int PickDatabase(std::size_t at) const;
  std::uint32_t Age(const Entry& entry) const;

  const std::size_t max_bytes_;
  KeyWatcher& watcher_;
  base::Random random_;
  Milliseconds now_ = 0;
  std::vector<Database> databases_;
  std::size_t entry_bytes_ = 0;
  std::size_t table_bytes_ = 0;
  std::size_t charged_ = 0;
  std::size_t peak_bytes_ = 0;
  KeyspaceCounters counters_;
  std::vector<Entry*> sampled_;  // kept for its capacity
};

}  // namespace herdgate::upstream::memory

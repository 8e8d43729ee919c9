#include "sidecar/upstream/memory/keyspace.h"

#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace herdgate::upstream::memory {
namespace {

constexpr std::size_t kSampleRuns = 2;
constexpr std::size_t kSampleRunLength = 8;
constexpr std::size_t kMostSpareGrowth = 1024UL * 1024;
constexpr std::size_t kMigratedPerTick = 512;
constexpr std::size_t kLeastSwept = 64;

// malloc keeps eight bytes in front of each block.
std::size_t BlockBytes(void* block) {
  return block == nullptr ? 0 : malloc_usable_size(block) + sizeof(std::size_t);
}

}  // namespace

Keyspace::Keyspace(std::size_t max_bytes, std::uint64_t seed, KeyWatcher& watcher)
    : max_bytes_(max_bytes), watcher_(watcher), random_(seed) {
  databases_.reserve(kDatabases);
  const std::uint64_t hash_seed = random_.Next();
  for (int db = 0; db < kDatabases; ++db) databases_.push_back({.keys = Dictionary(hash_seed)});
}

Keyspace::~Keyspace() {
  for (Database& database : databases_) {
    database.keys.ForEach([this](Entry& entry) { Free(entry); });
  }
}

std::size_t Keyspace::BytesOf(const Entry& entry) {
  return BlockBytes(const_cast<Entry*>(&entry)) + BlockBytes(entry.value);
}

void Keyspace::Free(Entry& entry) {
  entry_bytes_ -= BytesOf(entry);
  std::free(entry.value);
  std::free(&entry);
}

std::size_t Keyspace::total_size() const {
  std::size_t total = 0;
  for (const Database& database : databases_) total += database.keys.size();
  return total;
}

bool Keyspace::HasVolatile() const {
  return std::any_of(databases_.begin(), databases_.end(), [](const Database& d) { return d.with_expiry != 0; });
}

bool Keyspace::migrating() const {
  return std::any_of(databases_.begin(), databases_.end(), [](const Database& d) { return d.keys.migrating(); });
}

Entry* Keyspace::Peek(int db, std::string_view key) {
  Entry* entry = At(db).keys.Find(key);
  if (entry == nullptr || !IsDead(*entry)) return entry;
  Expire(db, *entry);
  return nullptr;
}

Entry* Keyspace::Find(int db, std::string_view key) {
  Entry* entry = Peek(db, key);
  if (entry != nullptr) entry->used_at = static_cast<std::uint32_t>(now_);
  return entry;
}

Entry* Keyspace::Read(int db, std::string_view key) {
  Entry* entry = Find(db, key);
  ++(entry == nullptr ? counters_.misses : counters_.hits);
  return entry;
}

void Keyspace::Expire(int db, Entry& entry) {
  ++counters_.expired;
  Delete(db, entry);
}

void Keyspace::Link(int db, Entry& entry) {
  Database& database = At(db);
  entry.hash = database.keys.Hash(entry.key());
  const std::size_t spare = max_bytes_ - std::min(max_bytes_, bytes());
  table_bytes_ -= database.keys.bytes();
  database.keys.PrepareInsert(spare);
  table_bytes_ += database.keys.bytes();
  database.keys.Insert(entry);
  if (entry.expires_at != kNever) ++database.with_expiry;
  peak_bytes_ = std::max(peak_bytes_, bytes());
}

void Keyspace::Unlink(int db, Entry& entry) {
  Database& database = At(db);
  table_bytes_ -= database.keys.bytes();
  database.keys.Remove(entry);
  table_bytes_ += database.keys.bytes();
  if (entry.expires_at != kNever) --database.with_expiry;
}

void Keyspace::Delete(int db, Entry& entry) {
  Unlink(db, entry);
  watcher_.OnChanged(db, entry.key());
  Free(entry);
}

// Links a new entry whose value has room for `value_bytes`.
Entry* Keyspace::Create(int db, std::string_view key, std::size_t value_bytes) {
  void* block = std::malloc(sizeof(Entry) + key.size());
  char* value = value_bytes == 0 ? nullptr : static_cast<char*>(std::malloc(value_bytes));
  if (block == nullptr || (value_bytes != 0 && value == nullptr)) {
    std::free(block);
    std::free(value);
    return nullptr;
  }
  auto* entry = new (block) Entry();
  entry->value = value;
  entry->value_bytes = static_cast<std::uint32_t>(value_bytes);
  entry->key_bytes = static_cast<std::uint32_t>(key.size());
  if (!key.empty()) std::memcpy(entry->key_data(), key.data(), key.size());
  entry->used_at = static_cast<std::uint32_t>(now_);
  entry_bytes_ += BytesOf(*entry);
  Link(db, *entry);
  return entry;
}

// Gives `entry` a value of its own block, or writes it into the old block if that fits well.
bool Keyspace::Replace(Entry& entry, std::string_view value) {
  const std::size_t room = entry.value == nullptr ? 0 : malloc_usable_size(entry.value);
  if (entry.value != nullptr && value.size() <= room && room <= 2 * value.size() + 16) {
    if (!value.empty()) std::memmove(entry.value, value.data(), value.size());
  } else {
    char* block = nullptr;
    if (!value.empty()) {
      block = static_cast<char*>(std::malloc(value.size()));
      if (block == nullptr) return false;
      std::memcpy(block, value.data(), value.size());
    }
    entry_bytes_ += BlockBytes(block) - BlockBytes(entry.value);
    std::free(std::exchange(entry.value, block));
    peak_bytes_ = std::max(peak_bytes_, bytes());
  }
  entry.value_bytes = static_cast<std::uint32_t>(value.size());
  entry.form = Form::kSet;
  return true;
}

Entry* Keyspace::Put(int db, std::string_view key, std::string_view value, Milliseconds expires_at) {
  Entry* entry = Find(db, key);
  if (entry == nullptr) {
    if (!MakeRoom(EntryEstimate(key.size(), value.size()), nullptr)) return nullptr;
    entry = Create(db, key, value.size());
    if (entry == nullptr) return nullptr;
    if (!value.empty()) std::memcpy(entry->value, value.data(), value.size());
  } else {
    const std::size_t grown = BlockEstimate(value.size());
    const std::size_t old = BlockBytes(entry->value);
    if (grown > old && !MakeRoom(grown - old, entry)) return nullptr;
    if (!Replace(*entry, value)) return nullptr;
  }
  SetExpiry(db, *entry, expires_at);
  return entry;
}

Entry* Keyspace::PutZeros(int db, std::string_view key, std::size_t size) {
  if (!MakeRoom(EntryEstimate(key.size(), size), nullptr)) return nullptr;
  Entry* entry = Create(db, key, size);
  if (entry == nullptr) return nullptr;
  if (size != 0) std::memset(entry->value, 0, size);
  entry->form = Form::kEdited;
  watcher_.OnChanged(db, key);
  return entry;
}

bool Keyspace::Resize(int db, Entry& entry, std::size_t size) {
  const std::size_t room = entry.value == nullptr ? 0 : malloc_usable_size(entry.value);
  if (size > room) {
    // Grows by half as much again while memory lasts, so that many small APPENDs cost O(n) in all.
    std::size_t wanted = size + std::min(size / 2, kMostSpareGrowth);
    const std::size_t old = BlockBytes(entry.value);
    if (bytes() - old + BlockEstimate(wanted) > max_bytes_) wanted = size;
    if (!MakeRoom(BlockEstimate(wanted) - std::min(old, BlockEstimate(wanted)), &entry)) return false;
    char* block = static_cast<char*>(std::realloc(entry.value, wanted));
    if (block == nullptr) return false;
    entry.value = block;
    entry_bytes_ += BlockBytes(block) - old;
    peak_bytes_ = std::max(peak_bytes_, bytes());
  }
  if (size > entry.value_bytes) std::memset(entry.value + entry.value_bytes, 0, size - entry.value_bytes);
  entry.value_bytes = static_cast<std::uint32_t>(size);
  entry.form = Form::kEdited;
  Changed(db, entry);
  return true;
}

void Keyspace::SetExpiry(int db, Entry& entry, Milliseconds expires_at) {
  Database& database = At(db);
  if (entry.expires_at != kNever) --database.with_expiry;
  if (expires_at != kNever) ++database.with_expiry;
  entry.expires_at = expires_at;
  watcher_.OnChanged(db, entry.key());
}

Entry* Keyspace::Move(int db, Entry& entry, int to_db, std::string_view to_key) {
  if (Entry* old = At(to_db).keys.Find(to_key); old != nullptr && old != &entry) Delete(to_db, *old);
  if (!MakeRoom(EntryEstimate(to_key.size(), 0), &entry)) return nullptr;
  Entry* moved = Create(to_db, to_key, 0);
  if (moved == nullptr) return nullptr;
  moved->value = std::exchange(entry.value, nullptr);
  moved->value_bytes = entry.value_bytes;
  moved->form = entry.form;
  SetExpiry(to_db, *moved, entry.expires_at);
  Delete(db, entry);
  return moved;
}

bool Keyspace::Charge(std::size_t size) {
  if (!MakeRoom(size, nullptr)) return false;
  charged_ += size;
  peak_bytes_ = std::max(peak_bytes_, bytes());
  return true;
}

void Keyspace::Clear(int db) {
  Database& database = At(db);
  database.keys.ForEach([this](Entry& entry) { Free(entry); });
  table_bytes_ -= database.keys.bytes();
  database.keys = database.keys.Fresh();
  database.with_expiry = 0;
  database.expiry_cursor = 0;
}

void Keyspace::Swap(int first, int second) {
  std::swap(At(first), At(second));
}

std::uint64_t Keyspace::Scan(int db, std::uint64_t cursor, const Dictionary::Visit& visit) {
  return At(db).keys.Scan(cursor, [&](Entry& entry) {
    if (!IsDead(entry)) visit(entry);
  });
}

void Keyspace::ForEach(int db, const Dictionary::Visit& visit) {
  At(db).keys.ForEach([&](Entry& entry) {
    if (!IsDead(entry)) visit(entry);
  });
}

Entry* Keyspace::Random(int db) {
  while (Entry* entry = At(db).keys.Sample(random_)) {
    if (!IsDead(*entry)) return entry;
    Expire(db, *entry);
  }
  return nullptr;
}

Keyspace::Sweep Keyspace::ExpireSome() {
  Sweep sweep;
  for (int db = 0; db < kDatabases; ++db) {
    Database& database = At(db);
    table_bytes_ -= database.keys.bytes();
    database.keys.Migrate(kMigratedPerTick);
    database.keys.ShrinkIfSparse();
    table_bytes_ += database.keys.bytes();
    const std::size_t buckets = std::max(kLeastSwept, database.keys.buckets() / kSweepParts);
    for (std::size_t step = 0; step < buckets && database.with_expiry != 0; ++step) {
      sampled_.clear();
      database.expiry_cursor = database.keys.Scan(database.expiry_cursor, [&](Entry& entry) {
        ++sweep.seen;
        if (IsDead(entry)) sampled_.push_back(&entry);
      });
      for (Entry* entry : sampled_) Expire(db, *entry);
      sweep.deleted += sampled_.size();
      if (database.expiry_cursor == 0) break;
    }
  }
  return sweep;
}

std::uint32_t Keyspace::Age(const Entry& entry) const {
  const std::uint32_t age = static_cast<std::uint32_t>(now_) - entry.used_at;
  return age > 0x80000000U ? 0 : age;  // the wall clock went back
}

int Keyspace::PickDatabase(std::size_t at) const {
  int db = 0;
  while (at >= size(db)) at -= size(db++);
  return db;
}

bool Keyspace::EvictOne(const Entry* keep) {
  const std::size_t total = total_size();
  if (total == 0 || (total == 1 && keep != nullptr)) return false;
  int db = 0;
  Entry* oldest = nullptr;
  while (oldest == nullptr) {
    db = PickDatabase(random_.Below(total));
    sampled_.clear();
    for (std::size_t run = 0; run < kSampleRuns; ++run) {
      At(db).keys.SampleRun(random_, kSampleRunLength, sampled_);
    }
    for (Entry* entry : sampled_) {
      if (entry == keep) continue;
      if (IsDead(*entry)) {
        Expire(db, *entry);
        return true;
      }
      if (oldest == nullptr || Age(*entry) > Age(*oldest)) oldest = entry;
    }
  }
  ++counters_.evicted;
  Delete(db, *oldest);
  return true;
}

bool Keyspace::MakeRoom(std::size_t size, const Entry* keep) {
  std::size_t used = bytes();
  if (used + size <= max_bytes_) return true;
  // What can't be evicted: the entry to keep and what sessions charged.
  const std::size_t fixed = charged_ + (keep == nullptr ? 0 : BytesOf(*keep));
  if (size > max_bytes_ || fixed > max_bytes_ - size) return false;
  while (used + size > max_bytes_) {
    if (!EvictOne(keep)) return false;
    used = bytes();
  }
  return true;
}

}  // namespace herdgate::upstream::memory

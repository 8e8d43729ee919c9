#include "sidecar/upstream/memory/dictionary.h"

#include <xxhash.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace herdgate::upstream::memory {
namespace {

constexpr std::size_t kEmptyBucketsPerMove = 16;

std::uint64_t ReverseBits(std::uint64_t value) {
  value = ((value >> 1U) & 0x5555555555555555U) | ((value & 0x5555555555555555U) << 1U);
  value = ((value >> 2U) & 0x3333333333333333U) | ((value & 0x3333333333333333U) << 2U);
  value = ((value >> 4U) & 0x0f0f0f0f0f0f0f0fU) | ((value & 0x0f0f0f0f0f0f0f0fU) << 4U);
  return __builtin_bswap64(value);
}

// Adds one to the cursor, counting from the highest bit of `mask` down.
std::uint64_t NextCursor(std::uint64_t cursor, std::uint64_t mask) {
  return ReverseBits(ReverseBits(cursor | ~mask) + 1);
}

}  // namespace

void Dictionary::FreeArray::operator()(Entry** array) const {
  std::free(array);
}

Dictionary::Table Dictionary::MakeTable(std::size_t buckets) {
  Table table;
  // calloc, because the kernel's zero pages make a large array cheap until it is used.
  auto* array = static_cast<Entry**>(std::calloc(buckets, kBucketBytes));
  if (array == nullptr) return table;
  table.buckets.reset(array);
  table.mask = buckets - 1;
  return table;
}

std::uint32_t Dictionary::Hash(std::string_view key) const {
  return static_cast<std::uint32_t>(XXH3_64bits_withSeed(key.data(), key.size(), hash_seed_));
}

Entry* Dictionary::Find(std::string_view key, std::uint32_t hash) const {
  for (const Table& table : tables_) {
    if (table.used == 0) continue;
    for (Entry* entry = table.buckets[hash & table.mask]; entry != nullptr; entry = entry->next) {
      if (entry->hash == hash && entry->key() == key) return entry;
    }
  }
  return nullptr;
}

void Dictionary::PrepareInsert(std::size_t spare_bytes) {
  if (!tables_[0].buckets) tables_[0] = MakeTable(kLeastBuckets);
  if (!tables_[0].buckets) std::abort();
  if (migrating()) {
    Migrate(1);
  } else if (tables_[0].used >= tables_[0].size() && tables_[0].size() * 2 * kBucketBytes <= spare_bytes) {
    StartResize(tables_[0].size() * 2);
  }
}

void Dictionary::StartResize(std::size_t buckets) {
  tables_[1] = MakeTable(buckets);  // without memory it stays empty, and the lists stay as long as they are
  next_to_move_ = 0;
}

void Dictionary::ShrinkIfSparse() {
  if (migrating()) return;
  if (tables_[0].size() <= kLeastBuckets || size() * 8 > tables_[0].size()) return;
  std::size_t buckets = kLeastBuckets;
  while (buckets < size()) buckets *= 2;
  StartResize(buckets);
}

void Dictionary::Migrate(std::size_t buckets) {
  if (!migrating()) return;
  std::size_t empty_left = buckets * kEmptyBucketsPerMove;
  while (buckets > 0 && tables_[0].used > 0) {
    Entry* entry = std::exchange(tables_[0].buckets[next_to_move_++], nullptr);
    if (entry == nullptr) {
      if (--empty_left == 0) return;
      continue;
    }
    --buckets;
    while (entry != nullptr) {
      Entry* next = entry->next;
      Entry*& head = tables_[1].buckets[entry->hash & tables_[1].mask];
      entry->next = head;
      head = entry;
      --tables_[0].used;
      ++tables_[1].used;
      entry = next;
    }
  }
  if (tables_[0].used == 0) {
    tables_[0] = std::move(tables_[1]);
    tables_[1] = Table();
    next_to_move_ = 0;
  }
}

void Dictionary::Insert(Entry& entry) {
  Table& table = migrating() ? tables_[1] : tables_[0];
  Entry*& head = table.buckets[entry.hash & table.mask];
  entry.next = head;
  head = &entry;
  ++table.used;
}

void Dictionary::Remove(Entry& entry) {
  for (Table& table : tables_) {
    if (table.used == 0) continue;
    for (Entry** link = &table.buckets[entry.hash & table.mask]; *link != nullptr; link = &(*link)->next) {
      if (*link != &entry) continue;
      *link = entry.next;
      --table.used;
      Migrate(1);
      ShrinkIfSparse();
      return;
    }
  }
}

void Dictionary::VisitBucket(const Table& table, std::size_t bucket, const Visit& visit) const {
  for (Entry* entry = table.buckets[bucket]; entry != nullptr;) {
    Entry* next = entry->next;
    visit(*entry);
    entry = next;
  }
}

std::uint64_t Dictionary::Scan(std::uint64_t cursor, const Visit& visit) const {
  if (size() == 0) return 0;
  if (!migrating()) {
    VisitBucket(tables_[0], cursor & tables_[0].mask, visit);
    return NextCursor(cursor, tables_[0].mask);
  }
  const Table& small = tables_[0].mask < tables_[1].mask ? tables_[0] : tables_[1];
  const Table& large = tables_[0].mask < tables_[1].mask ? tables_[1] : tables_[0];
  VisitBucket(small, cursor & small.mask, visit);
  // All buckets of the larger table that the smaller one's bucket expands to.
  do {
    VisitBucket(large, cursor & large.mask, visit);
    cursor = NextCursor(cursor, large.mask);
  } while ((cursor & (small.mask ^ large.mask)) != 0);
  return cursor;
}

void Dictionary::ForEach(const Visit& visit) const {
  for (const Table& table : tables_) {
    for (std::size_t bucket = 0; bucket < table.size(); ++bucket) VisitBucket(table, bucket, visit);
  }
}

Entry* Dictionary::Sample(base::Random& random) const {
  if (size() == 0) return nullptr;
  std::size_t at = random.Below(buckets());
  // About one bucket in eight is used at worst, unless a resize is behind: then the nearest one has to do.
  for (int attempt = 0; attempt < 64 && Bucket(at) == nullptr; ++attempt) at = random.Below(buckets());
  while (Bucket(at) == nullptr) at = at + 1 == buckets() ? 0 : at + 1;
  Entry* head = Bucket(at);
  std::size_t length = 0;
  for (const Entry* entry = head; entry != nullptr; entry = entry->next) ++length;
  for (std::size_t skip = random.Below(length); skip > 0; --skip) head = head->next;
  return head;
}

void Dictionary::SampleRun(base::Random& random, std::size_t count, std::vector<Entry*>& found) const {
  if (size() == 0) return;
  const std::size_t goal = found.size() + count;
  std::size_t at = random.Below(buckets());
  const std::size_t most = std::min(buckets(), count * kEmptyBucketsPerMove);
  for (std::size_t step = 0; found.size() < goal && step < most; ++step) {
    for (Entry* entry = Bucket(at); entry != nullptr && found.size() < goal; entry = entry->next)
      found.push_back(entry);
    if (++at == buckets()) at = 0;
  }
}

}  // namespace herdgate::upstream::memory

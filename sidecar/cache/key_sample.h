// KeySample: the keys that a curve is estimated from, of several policies, in bounded memory: fixed-size SHARDS
// (Waldspurger, Park, Garthwaite, Ahmad, "Efficient MRC construction with SHARDS", FAST 2015).
//
// A key is in the sample if its hash is below its policy's threshold, so all that happens to a key is seen or none of
// it. A sample that is full lowers the threshold of the policy that has most keys in it, and each key that is left
// stands for more: Scale of them. A policy of few keys is seen whole beside one of millions.
// A threshold that is raised brings in keys whose past is not known; they take part at once, but count only once
// Settle says so: until then what is counted still has the weight of the keys below the old threshold.
// Threads: with the owner's mutex. Memory: taken whole when it is made: `keys` records and two bytes a key or more.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace herdgate::cache {

// The curves' time, in units of their owner.
using Tick = std::uint32_t;

// What every record of a sample begins with.
struct SampledKey {
  std::uint64_t hash = 0;
  std::uint16_t next = 0;    // in its chain; the sample's
  std::uint16_t policy = 0;  // kNoPolicy: the record is free
};

// A sample's policies are numbered; so many are told apart.
inline constexpr std::size_t kMostCurves = 32;

template <typename Record>
class KeySample {
 public:
  using Index = std::uint16_t;
  static constexpr Index kNone = 0xffff;
  static constexpr std::uint16_t kNoPolicy = 0xffff;
  static constexpr std::uint32_t kAll = std::numeric_limits<std::uint32_t>::max();

  // REQUIRES: 0 < keys < kNone
  explicit KeySample(std::size_t keys) : records_(keys), heads_(std::bit_ceil(keys), kNone) { Clear(); }

  bool Samples(std::size_t policy, std::uint64_t hash) const { return High(hash) < shares_[policy].threshold; }
  bool Counts(std::size_t policy, std::uint64_t hash) const { return High(hash) < shares_[policy].counted; }
  // How many keys one that is in the sample stands for, and how many one that counts does.
  double Scale(std::size_t policy) const { return OneIn(shares_[policy].threshold); }
  double Weight(std::size_t policy) const { return OneIn(shares_[policy].counted); }
  std::uint32_t threshold(std::size_t policy) const { return shares_[policy].threshold; }
  std::size_t keys(std::size_t policy) const { return shares_[policy].keys; }

  Index Find(std::uint64_t hash) const {
    Index index = heads_[Bucket(hash)];
    while (index != kNone && records_[index].hash != hash) index = records_[index].next;
    return index;
  }
  bool full() const { return free_ == kNone; }
  std::size_t free_keys() const { return records_.size() - used_; }
  // REQUIRES: not full, and the key is sampled and not there.
  Index Add(std::size_t policy, std::uint64_t hash) {
    const Index index = free_;
    Record& record = records_[index];
    free_ = record.next;
    record = Record{};
    record.hash = hash;
    record.policy = static_cast<std::uint16_t>(policy);
    record.next = heads_[Bucket(hash)];
    heads_[Bucket(hash)] = index;
    ++shares_[policy].keys;
    ++used_;
    return index;
  }
  void Remove(Index index) {
    Record& record = records_[index];
    Index* link = &heads_[Bucket(record.hash)];
    while (*link != index) link = &records_[*link].next;
    *link = record.next;
    --shares_[record.policy].keys;
    --used_;
    record.policy = kNoPolicy;
    record.next = free_;
    free_ = index;
  }
  void Clear() {
    std::ranges::fill(heads_, kNone);
    for (std::size_t i = 0; i < records_.size(); ++i) {
      records_[i] = Record{};
      records_[i].policy = kNoPolicy;
      records_[i].next = i + 1 < records_.size() ? static_cast<Index>(i + 1) : kNone;
    }
    free_ = 0;
    used_ = 0;
    for (Share& share : shares_) share.keys = 0;
  }

  Record& operator[](Index index) { return records_[index]; }
  const std::vector<Record>& records() const { return records_; }
  // Calls `use(index, record)` for each key; it may remove that key.
  template <typename Use>
  void Each(Use&& use) {
    for (std::size_t i = 0; i < records_.size(); ++i) {
      if (records_[i].policy != kNoPolicy) use(static_cast<Index>(i), records_[i]);
    }
  }

  std::size_t Largest() const {
    const auto most = std::ranges::max_element(shares_, {}, &Share::keys);
    return static_cast<std::size_t>(most - shares_.begin());
  }
  // One key in eight is no longer sampled: the caller removes those. Returns by what the others' scale has grown.
  double Lower(std::size_t policy) {
    Share& share = shares_[policy];
    const double before = OneIn(share.threshold);
    share.threshold -= share.threshold < 8 ? share.threshold : share.threshold / 8;
    share.counted = std::min(share.counted, share.threshold);
    return OneIn(share.threshold) / before;
  }
  // Twice as many keys are sampled. Returns by what their scale has changed.
  double Raise(std::size_t policy) {
    Share& share = shares_[policy];
    const double before = OneIn(share.threshold);
    share.threshold = share.threshold > kAll / 2 ? kAll : share.threshold * 2;
    return OneIn(share.threshold) / before;
  }
  void Settle(std::size_t policy) { shares_[policy].counted = shares_[policy].threshold; }
  bool settled(std::size_t policy) const { return shares_[policy].counted == shares_[policy].threshold; }
  // The policy begins anew, with all its keys. REQUIRES: none of its keys is there.
  void Restart(std::size_t policy) { shares_[policy] = {}; }

  std::size_t bytes() const {
    return records_.capacity() * sizeof(Record) + heads_.capacity() * sizeof(Index) + sizeof(*this);
  }

 private:
  struct Share {
    std::uint32_t threshold = kAll;
    std::uint32_t counted = kAll;  // <= threshold
    std::size_t keys = 0;
  };

  static std::uint32_t High(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32U); }
  static double OneIn(std::uint32_t threshold) { return 0x1.0p32 / (static_cast<double>(threshold) + 1); }
  std::size_t Bucket(std::uint64_t hash) const { return static_cast<std::size_t>(hash) & (heads_.size() - 1); }

  std::vector<Record> records_;
  std::vector<Index> heads_;  // of the chains, by the hash's low bits
  Index free_ = kNone;        // the first free record
  std::size_t used_ = 0;
  std::array<Share, kMostCurves> shares_{};
};

}  // namespace herdgate::cache

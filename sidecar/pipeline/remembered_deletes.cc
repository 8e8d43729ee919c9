#include "sidecar/pipeline/remembered_deletes.h"

#include <utility>

#include "sidecar/base/log.h"

namespace herdgate::pipeline {
namespace {

using metrics::CounterFamily;
using metrics::GaugeFamily;

constexpr GaugeFamily kKeys{"herdgate_remembered_deletes",
                            "Keys deleted while the upstream is away, still to be deleted there."};
constexpr GaugeFamily kBytes{"herdgate_remembered_delete_bytes", "Bytes that the remembered deletes hold."};
constexpr CounterFamily kTotal{
    "herdgate_remembered_deletes_total",
    "Keys deleted while the upstream was away, by what became of them: replayed, bumped, refused, lost."};

}  // namespace

void RememberedDeletes::Open() {
  const std::lock_guard lock(mutex_);
  if (phase_ == Phase::kShut) {
    told_full_ = false;
    outages_.fetch_add(1, std::memory_order_relaxed);
  }
  unsealed_ |= phase_ == Phase::kSealed;
  phase_ = Phase::kOpen;
}

void RememberedDeletes::Seal() {
  const std::lock_guard lock(mutex_);
  phase_ = Phase::kSealed;
  unsealed_ = false;
}

bool RememberedDeletes::TryClose() {
  const std::lock_guard lock(mutex_);
  if (unsealed_ || !entries_.empty() || !bumps_.empty() || bumps_taken_ > 0) return false;
  phase_ = Phase::kShut;
  return true;
}

Remembered RememberedDeletes::Add(std::span<const Key> keys) {
  std::vector<Bump> covered;  // for the log, which is not written under the mutex
  bool tell_full = false;
  const Remembered result = AddQuietly(keys, covered, tell_full);
  for (const Bump& bump : covered) {
    base::LogWarn("deletes.became_bump", {{"policy", bump.policy}, {"deletes", bump.deletes}});
  }
  if (tell_full) {
    base::LogWarn("deletes.refused", {{"detail", "no more deletes can be remembered while the upstream is away"},
                                      {"max_deletes", options_.max_deletes},
                                      {"max_bytes", options_.max_bytes}});
  }
  return result;
}

Remembered RememberedDeletes::AddQuietly(std::span<const Key> keys, std::vector<Bump>& covered, bool& tell_full) {
  const std::lock_guard lock(mutex_);
  if (phase_ == Phase::kShut) return Remembered::kNotNow;
  if (phase_ == Phase::kSealed) return Remembered::kWait;
  std::vector<const std::string*> inserted;
  for (const Key& key : keys) {
    if (const std::string* const fresh = Insert(key)) inserted.push_back(fresh);
  }
  if (!Fits() && !FitsWithoutGenerations()) {
    for (const std::string* const key : inserted) Erase(entries_.find(*key));
    totals_.refused += keys.size();
    tell_full = !std::exchange(told_full_, true);
    return Remembered::kFull;
  }
  for (const Key& key : keys) {
    if (IsCovered(key)) {
      ++bumps_.find(key.policy)->second;
    } else {
      Entry& entry = entries_.find(key.physical)->second;
      entry.again = entry.taken_by != 0;
    }
  }
  while (!Fits()) covered.push_back(CoverLargest());
  return Remembered::kTaken;
}

RememberedDeletes::Batch RememberedDeletes::TakeBatch(std::size_t max_keys) {
  const std::lock_guard lock(mutex_);
  Batch batch;
  batch.id = ++last_batch_;
  for (auto& [key, entry] : entries_) {
    if (batch.keys.size() >= max_keys) break;
    if (entry.taken_by != 0) continue;
    entry.taken_by = batch.id;
    batch.keys.push_back(key);
  }
  return batch;
}

void RememberedDeletes::Done(const Batch& batch) {
  const std::lock_guard lock(mutex_);
  for (const std::string& key : batch.keys) {
    const auto found = entries_.find(key);
    // A bump has taken it over, or it was deleted again after that.
    if (found == entries_.end() || found->second.taken_by != batch.id) continue;
    ++totals_.replayed;
    if (found->second.again) {
      found->second.taken_by = 0;
      found->second.again = false;
    } else {
      Erase(found);
    }
  }
}

void RememberedDeletes::Lose(const Batch& batch) {
  const std::lock_guard lock(mutex_);
  for (const std::string& key : batch.keys) {
    const auto found = entries_.find(key);
    if (found == entries_.end() || found->second.taken_by != batch.id) continue;
    ++totals_.lost;
    Erase(found);
  }
}

void RememberedDeletes::PutBack(const Batch& batch) {
  const std::lock_guard lock(mutex_);
  for (const std::string& key : batch.keys) {
    const auto found = entries_.find(key);
    if (found == entries_.end() || found->second.taken_by != batch.id) continue;
    found->second.taken_by = 0;
    found->second.again = false;
  }
}

std::vector<RememberedDeletes::Bump> RememberedDeletes::TakeBumps() {
  const std::lock_guard lock(mutex_);
  std::vector<Bump> bumps;
  for (const auto& [policy, deletes] : bumps_) {
    bumps.push_back({.policy = policy, .deletes = deletes});
    deletes_in_bumps_taken_ += deletes;
  }
  bumps_taken_ += bumps.size();
  bumps_.clear();
  return bumps;
}

bool RememberedDeletes::GiveBack(const Bump& bump) {
  if (bumps_taken_ == 0) return false;  // LoseAll has counted it
  --bumps_taken_;
  deletes_in_bumps_taken_ -= bump.deletes;
  return true;
}

void RememberedDeletes::Done(const Bump& bump) {
  const std::lock_guard lock(mutex_);
  if (GiveBack(bump)) totals_.bumped += bump.deletes;
}

void RememberedDeletes::PutBack(const Bump& bump) {
  const std::lock_guard lock(mutex_);
  if (!GiveBack(bump)) return;
  bumps_[bump.policy] += bump.deletes;
  const auto group = groups_.find(bump.policy);
  if (group != groups_.end() && group->second.has_generation) Cover(group);
}

void RememberedDeletes::Lose(const Bump& bump) {
  const std::lock_guard lock(mutex_);
  if (GiveBack(bump)) totals_.lost += bump.deletes;
}

std::uint64_t RememberedDeletes::LoseAll() {
  const std::lock_guard lock(mutex_);
  std::uint64_t lost = entries_.size() + std::exchange(deletes_in_bumps_taken_, 0);
  for (const auto& [policy, deletes] : bumps_) lost += deletes;
  entries_.clear();
  groups_.clear();
  bumps_.clear();
  bytes_ = 0;
  bumps_taken_ = 0;
  totals_.lost += lost;
  return lost;
}

const std::string* RememberedDeletes::Insert(const Key& key) {
  if (IsCovered(key) || entries_.contains(key.physical)) return nullptr;
  auto group = groups_.find(key.policy);
  if (group == groups_.end()) group = groups_.emplace(key.policy, Group{}).first;
  const std::uint64_t bytes = key.physical.size() + kOverheadBytes;
  group->second.has_generation = group->second.has_generation && key.has_generation;
  ++group->second.keys;
  group->second.bytes += bytes;
  bytes_ += bytes;
  return &entries_.emplace(key.physical, Entry{.group = group}).first->first;
}

void RememberedDeletes::Erase(Entries::iterator entry) {
  const auto group = entry->second.group;
  const std::uint64_t bytes = entry->first.size() + kOverheadBytes;
  bytes_ -= bytes;
  group->second.bytes -= bytes;
  if (--group->second.keys == 0) groups_.erase(group);
  entries_.erase(entry);
}

void RememberedDeletes::Cover(Groups::iterator group) {
  bumps_[group->first] += group->second.keys;
  bytes_ -= group->second.bytes;
  std::erase_if(entries_, [&](const auto& entry) { return entry.second.group == group; });
  groups_.erase(group);
}

RememberedDeletes::Bump RememberedDeletes::CoverLargest() {
  auto largest = groups_.end();
  for (auto group = groups_.begin(); group != groups_.end(); ++group) {
    if (!group->second.has_generation) continue;
    if (largest == groups_.end() || group->second.bytes > largest->second.bytes) largest = group;
  }
  Bump bump{.policy = largest->first, .deletes = largest->second.keys};
  Cover(largest);
  return bump;
}

bool RememberedDeletes::FitsWithoutGenerations() const {
  std::uint64_t keys = 0;
  std::uint64_t bytes = 0;
  for (const auto& [policy, group] : groups_) {
    if (group.has_generation) continue;
    keys += group.keys;
    bytes += group.bytes;
  }
  return keys <= options_.max_deletes && bytes <= options_.max_bytes;
}

RememberedDeletes::Stats RememberedDeletes::GetStats() const {
  const std::lock_guard lock(mutex_);
  Stats stats = totals_;
  stats.keys = entries_.size();
  stats.bytes = bytes_;
  stats.bumps = bumps_.size() + bumps_taken_;
  return stats;
}

void RememberedDeletes::Collect(metrics::SampleSink& sink) const {
  const Stats stats = GetStats();
  sink.Add(kKeys, {}, stats.keys);
  sink.Add(kBytes, {}, stats.bytes);
  sink.Add(kTotal, {{"result", "replayed"}}, stats.replayed);
  sink.Add(kTotal, {{"result", "bumped"}}, stats.bumped);
  sink.Add(kTotal, {{"result", "refused"}}, stats.refused);
  sink.Add(kTotal, {{"result", "lost"}}, stats.lost);
}

}  // namespace herdgate::pipeline

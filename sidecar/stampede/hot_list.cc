#include "sidecar/stampede/hot_list.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <tuple>
#include <utility>

namespace herdgate::stampede {
namespace {

constexpr metrics::GaugeFamily kTracked{"herdgate_hot_keys", "Keys whose lookups are counted to find the hot ones."};
constexpr metrics::GaugeFamily kLookups{
    "herdgate_hot_key_lookups",
    "Lookups of the last minutes, older ones counting less: of the hottest key, the next 9 and the next 90, for sure "
    "theirs, and of all others."};

// The values of `keys`, and where each of them ends among the hottest.
constexpr std::array<std::pair<std::string_view, std::size_t>, 3> kTops = {
    {{"first", 1}, {"next_9", 10}, {"next_90", HotList::kTop}}};

// While a loop's mutex is held.
constexpr std::size_t kDetailsAtOnce = 16;

}  // namespace

HotList::HotList(std::size_t loops, const base::Clock& clock) : clock_(clock) {
  for (std::size_t i = 0; i < loops; ++i) sketches_.push_back(std::make_unique<HotSketch>());
}

HotList::Sums HotList::Merge(std::size_t n, base::SteadyTime now) const {
  Sums sums;
  std::uint64_t absent = 0;
  std::unordered_map<std::uint64_t, Sum> by_hash;
  for (const auto& sketch : sketches_) {
    const HotSketch::Counts counts = sketch->CountsAt(now);
    sums.lookups += counts.lookups;
    absent += counts.absent;
    for (const HotSketch::Count& key : counts.keys) {
      Sum& sum = by_hash[key.hash];
      // What exceeds the bound for keys that aren't in; that one is added below, for all loops.
      sum.count += key.count - counts.absent;
      sum.sure += key.sure;
    }
  }
  sums.keys.reserve(by_hash.size());
  for (const auto& [hash, sum] : by_hash) sums.keys.push_back({hash, sum.count + absent, sum.sure});
  const auto end = sums.keys.begin() + static_cast<std::ptrdiff_t>(std::min(n, sums.keys.size()));
  std::partial_sort(sums.keys.begin(), end, sums.keys.end(), [](const Sum& a, const Sum& b) {
    return std::tuple(a.sure, a.count, a.hash) > std::tuple(b.sure, b.count, b.hash);
  });
  return sums;
}

std::vector<HotKey> HotList::Top(std::size_t n, base::SteadyTime now) const {
  const Sums sums = Merge(n, now);
  std::vector<HotKey> keys(std::min(n, sums.keys.size()));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    keys[i].hash = sums.keys[i].hash;
    keys[i].count = sums.keys[i].count;
  }
  AddDetails(keys, now);
  // One that has left all sketches since is hot no more.
  std::erase_if(keys, [](const HotKey& key) { return key.hits + key.misses == 0; });
  for (HotKey& key : keys) {
    key.count = std::max(key.count, key.hits + key.misses);  // lookups since
    key.error = key.count - key.hits - key.misses;
  }
  return keys;
}

void HotList::AddDetails(std::vector<HotKey>& keys, base::SteadyTime now) const {
  for (std::size_t from = 0; from < keys.size(); from += kDetailsAtOnce) {
    const std::span<HotKey> some(keys.data() + from, std::min(kDetailsAtOnce, keys.size() - from));
    std::vector<std::uint64_t> hashes;
    for (const HotKey& key : some) hashes.push_back(key.hash);
    for (const auto& sketch : sketches_) {
      const auto details = sketch->Details(hashes, now);
      for (std::size_t i = 0; i < some.size(); ++i) {
        if (!details[i]) continue;
        some[i].key = details[i]->key;
        some[i].key_cut = details[i]->key_cut;
        if (details[i]->policy != HotSketch::kNoPolicy) some[i].policy = details[i]->policy;
        some[i].hits += details[i]->hits;
        some[i].misses += details[i]->misses;
        for (std::size_t m = 0; m < HotSketch::kMinutes; ++m) some[i].minutes[m] += details[i]->minutes[m];
      }
    }
  }
}

void HotList::ForgetPolicies() {
  for (const auto& sketch : sketches_) sketch->ForgetPolicies();
}

void HotList::Collect(metrics::SampleSink& sink) const {
  const Sums sums = Merge(kTop, clock_.Now());
  sink.Add(kTracked, {}, sums.keys.size());
  std::uint64_t others = sums.lookups;
  std::size_t i = 0;
  for (const auto& [name, end] : kTops) {
    std::uint64_t sure = 0;
    for (; i < std::min(end, sums.keys.size()); ++i) sure += sums.keys[i].sure;
    sink.Add(kLookups, {{"keys", name}}, sure);
    others -= std::min(sure, others);
  }
  sink.Add(kLookups, {{"keys", "other"}}, others);
}

}  // namespace herdgate::stampede

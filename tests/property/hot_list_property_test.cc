// Laws of the list of hot keys, on skewed traffic of several loops: what it says of a key holds, no error is above its
// bound, and no key that is hot is missing (I22).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "sidecar/base/clock.h"
#include "sidecar/base/random.h"
#include "sidecar/stampede/hot_list.h"

namespace herdgate::stampede {
namespace {

using std::chrono::minutes;

constexpr std::size_t kUniverse = 100'000;
constexpr std::uint64_t kSeed = 7;

// Ranks of a Zipf law with this exponent.
class Zipf {
 public:
  explicit Zipf(double exponent) {
    double sum = 0;
    for (std::size_t rank = 1; rank <= kUniverse; ++rank) {
      sum += std::pow(static_cast<double>(rank), -exponent);
      sums_.push_back(sum);
    }
  }
  std::size_t Draw(base::Random& random) const {
    const auto at = std::lower_bound(sums_.begin(), sums_.end(), random.Unit() * sums_.back());
    return static_cast<std::size_t>(at - sums_.begin());
  }

 private:
  std::vector<double> sums_;
};

std::string NameOf(std::size_t rank) {
  return "key:" + std::to_string(rank);
}

// The truth, halved as the list's counts are.
struct Truth {
  std::unordered_map<std::uint64_t, double> counts;
  double lookups = 0;

  void Add(std::uint64_t hash, double weight) {
    counts[hash] += weight;
    lookups += weight;
  }
  void Halve() {
    for (auto& [hash, count] : counts) count /= 2;
    lookups /= 2;
  }
};

void Check(const HotList& list, const Truth& truth, std::size_t loops, double slack, base::SteadyTime now) {
  const double bound = truth.lookups / static_cast<double>(HotSketch::kKeys) + 3 * static_cast<double>(loops);
  std::map<std::uint64_t, HotKey> known;
  for (const HotKey& key : list.Top(loops * HotSketch::kKeys, now)) known.emplace(key.hash, key);
  for (const auto& [hash, key] : known) {
    const auto found = truth.counts.find(hash);
    ASSERT_NE(found, truth.counts.end());
    ASSERT_LE(found->second, static_cast<double>(key.count) + slack) << key.key;
    ASSERT_GE(found->second, static_cast<double>(key.hits + key.misses) - slack) << key.key;
    ASSERT_LE(static_cast<double>(key.error), bound + slack) << key.key;
    ASSERT_EQ(key.count, key.hits + key.misses + key.error);
  }
  std::size_t hot = 0;
  for (const auto& [hash, count] : truth.counts) {
    if (count <= bound) continue;
    ++hot;
    ASSERT_TRUE(known.contains(hash)) << "asked for " << count << " times, known from " << bound;
  }
  ASSERT_GT(hot, 0U) << "the trace has no hot keys";
}

struct Trace {
  double exponent;
  std::size_t loops;
  bool scans;    // one of three lookups is of a key that comes once
  bool sampled;  // one of four is counted, for four
};

void Replay(const Trace& trace, std::uint64_t seed, minutes length) {
  const Zipf zipf(trace.exponent);
  base::Random random(seed);
  HotList list(trace.loops, base::SystemClock());
  Truth truth;
  constexpr int kPerMinute = 20'000;
  base::SteadyTime now(minutes(1000));
  for (int minute = 0; minute < length.count(); ++minute) {
    if (minute > 0 && minute % HotSketch::kHalveEvery.count() == 0) truth.Halve();
    for (int i = 0; i < kPerMinute; ++i) {
      const bool scan = trace.scans && random.Below(3) == 0;
      const std::size_t rank = scan ? kUniverse + static_cast<std::size_t>(minute * kPerMinute + i) : zipf.Draw(random);
      const std::string name = NameOf(rank);
      const cache::HashedKey key = cache::Hashed(name, kSeed);
      const HotLookup lookup{.hit = random.Below(2) == 0, .weight = trace.sampled ? 4U : 1U};
      list.Touch(random.Below(trace.loops), key, lookup, now + std::chrono::milliseconds(i));
      truth.Add(key.hash, lookup.weight);
    }
    now += minutes(1);
  }
  now -= std::chrono::seconds(1);
  // Halving rounds each bound of a loop by less than 3 in all.
  const double slack = length > HotSketch::kHalveEvery ? 3.0 * static_cast<double>(trace.loops) : 0;
  ASSERT_NO_FATAL_FAILURE(Check(list, truth, trace.loops, slack, now));
}

TEST(HotListPropertyTest, CountsHoldWithinTheirErrorsAndErrorsWithinTheBound) {
  for (const double exponent : {0.6, 1.0, 1.3}) {
    for (const std::size_t loops : {1U, 4U}) {
      SCOPED_TRACE("Zipf " + std::to_string(exponent) + ", loops " + std::to_string(loops));
      ASSERT_NO_FATAL_FAILURE(
          Replay({.exponent = exponent, .loops = loops, .scans = false, .sampled = false}, 11, minutes(5)));
    }
  }
}

TEST(HotListPropertyTest, ScansDoNotHideWhatIsHot) {
  ASSERT_NO_FATAL_FAILURE(Replay({.exponent = 1.0, .loops = 2, .scans = true, .sampled = false}, 12, minutes(5)));
}

TEST(HotListPropertyTest, SamplesOfWeightKeepTheBounds) {
  ASSERT_NO_FATAL_FAILURE(Replay({.exponent = 1.0, .loops = 2, .scans = true, .sampled = true}, 13, minutes(5)));
}

TEST(HotListPropertyTest, BoundsOutliveHalving) {
  ASSERT_NO_FATAL_FAILURE(Replay({.exponent = 1.0, .loops = 2, .scans = true, .sampled = false}, 14, minutes(17)));
}

// Zipf 1 over 100,000 keys: the top 20 are far above N/1024, and come in their order but for near ties.
TEST(HotListPropertyTest, TheTopIsTheTop) {
  const Zipf zipf(1.0);
  base::Random random(15);
  HotList list(4, base::SystemClock());
  const base::SteadyTime now(minutes(1000));
  std::vector<int> counts(kUniverse);
  for (int i = 0; i < 300'000; ++i) {
    const std::size_t rank = zipf.Draw(random);
    ++counts[rank];
    const std::string name = NameOf(rank);
    list.Touch(random.Below(4), cache::Hashed(name, kSeed), {.hit = true}, now);
  }
  std::vector<int> sorted = counts;
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  const auto top = list.Top(20, now);
  ASSERT_EQ(top.size(), 20U);
  for (std::size_t i = 0; i < top.size(); ++i) {
    const int truth = counts[std::stoul(top[i].key.substr(4))];
    EXPECT_NEAR(truth, sorted[i], sorted[i] * 0.02 + 2) << "place " << i;
  }
}

}  // namespace
}  // namespace herdgate::stampede

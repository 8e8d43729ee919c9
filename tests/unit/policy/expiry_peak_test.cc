#include "sidecar/policy/expiry_peak.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>

#include "sidecar/base/random.h"

namespace herdgate::policy {
namespace {

TEST(ExpiryPeakTest, TheWorstSecondCounts) {
  ExpiryPeak peak;
  EXPECT_EQ(peak.keys(), 0);
  for (int i = 0; i < 3; ++i) peak.Note(110, 100);
  for (int i = 0; i < 5; ++i) peak.Note(111, 100);
  peak.Note(112, 100);
  EXPECT_EQ(peak.keys(), 5);
}

TEST(ExpiryPeakTest, ASecondThatPassedCountsNoMore) {
  ExpiryPeak peak;
  for (int i = 0; i < 5; ++i) peak.Note(110, 100);
  for (int i = 0; i < 2; ++i) peak.Note(120, 100);
  peak.Note(130, 110);
  EXPECT_EQ(peak.keys(), 5);  // not yet
  peak.Note(130, 111);
  EXPECT_EQ(peak.keys(), 2);
  peak.Note(400, 300);
  EXPECT_EQ(peak.keys(), 1);
}

TEST(ExpiryPeakTest, ExpiriesFarApartMayShareASlot) {
  ExpiryPeak peak;
  for (int i = 0; i < 5; ++i) peak.Note(100 + 1024, 100);
  peak.Note(100, 100);  // the later one is kept
  EXPECT_EQ(peak.keys(), 5);
  for (int i = 0; i < 6; ++i) peak.Note(100 + 2048, 100);
  EXPECT_EQ(peak.keys(), 6);
}

TEST(ExpiryPeakTest, AgreesWithTheDefinitionWithinItsRing) {
  base::Random random(4);
  for (int round = 0; round < 20; ++round) {
    ExpiryPeak peak;
    std::map<std::int64_t, std::int64_t> keys;
    std::int64_t now = 1'000'000;
    for (int i = 0; i < 2'000; ++i) {
      if (random.Below(10) == 0) now += static_cast<std::int64_t>(random.Below(20));
      const std::int64_t due = now + 1 + static_cast<std::int64_t>(random.Below(600));
      peak.Note(due, now);
      ++keys[due];
      keys.erase(keys.begin(), keys.lower_bound(now));
      std::int64_t most = 0;
      for (const auto& [second, count] : keys) most = std::max(most, count);
      ASSERT_EQ(peak.keys(), most) << "round " << round << " note " << i;
    }
  }
}

}  // namespace
}  // namespace herdgate::policy

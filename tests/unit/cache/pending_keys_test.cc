#include "sidecar/cache/pending_keys.h"

#include <gtest/gtest.h>

#include <vector>

#include "sidecar/base/random.h"

namespace herdgate::cache {
namespace {

TEST(PendingKeysTest, HoldsAKeyUntilItsCommandIsAnswered) {
  PendingKeys pending;
  base::Random random(1);
  const std::uint64_t key = random.Next();
  EXPECT_FALSE(pending.MayHold(key));
  pending.Begin();
  pending.Add(key);
  EXPECT_TRUE(pending.MayHold(key));
  EXPECT_FALSE(pending.empty());
  pending.End();
  EXPECT_FALSE(pending.MayHold(key));
  EXPECT_TRUE(pending.empty());
}

TEST(PendingKeysTest, ACommandWithUnknownKeysHoldsAll) {
  PendingKeys pending;
  base::Random random(1);
  pending.Begin();
  pending.AddAll();
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(pending.MayHold(random.Next()));
  pending.End();
  EXPECT_FALSE(pending.MayHold(random.Next()));
}

// However commands overlap: none that is unanswered is forgotten, and an answered one is not held for ever, even if
// the session never is without commands.
TEST(PendingKeysTest, ForgetsInOrderAndInTheEnd) {
  PendingKeys pending;
  base::Random random(2);
  std::vector<std::uint64_t> unanswered;
  int false_alarms = 0;
  constexpr int kSteps = 20'000;
  for (int i = 0; i < kSteps; ++i) {
    if (unanswered.size() < 2 || (unanswered.size() < 16 && random.Below(2) == 0)) {
      unanswered.push_back(random.Next());
      pending.Begin();
      pending.Add(unanswered.back());
    } else {
      unanswered.erase(unanswered.begin());
      pending.End();
    }
    for (const std::uint64_t key : unanswered) ASSERT_TRUE(pending.MayHold(key));
    false_alarms += pending.MayHold(random.Next()) ? 1 : 0;
  }
  EXPECT_LT(false_alarms, kSteps / 10);
}

}  // namespace
}  // namespace herdgate::cache

#include "sidecar/base/ring.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>

#include "sidecar/base/random.h"

namespace herdgate::base {
namespace {

TEST(RingTest, IsEmptyAtFirst) {
  Ring<int> ring;
  EXPECT_TRUE(ring.empty());
  EXPECT_EQ(ring.size(), 0U);
}

TEST(RingTest, TrimOfAnEmptyRingGivesBackItsMemory) {
  Ring<std::shared_ptr<int>> ring;
  const auto value = std::make_shared<int>(1);
  for (int i = 0; i < 100; ++i) ring.Push(value);
  while (!ring.empty()) ring.Pop();
  ring.Trim();
  ring.Push(value);
  EXPECT_EQ(ring.Front(), value);
}

TEST(RingTest, PopReleasesWhatTheElementOwned) {
  Ring<std::shared_ptr<int>> ring;
  const auto value = std::make_shared<int>(1);
  ring.Push(value);
  ring.Pop();
  EXPECT_EQ(value.use_count(), 1);
}

// Any sequence of calls leaves what a deque would hold, in its order.
TEST(RingTest, BehavesAsADequeUnderRandomCalls) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Random random(seed);
    Ring<std::uint64_t> ring;
    std::deque<std::uint64_t> model;
    // Phases of growth and of shrinking, so that Trim and Resize meet wrapped contents.
    for (int step = 0; step < 4000; ++step) {
      const bool growing = (step / 500) % 2 == 0;
      const std::uint64_t choice = random.Below(100);
      if (choice < (growing ? 60U : 35U)) {
        ring.Push(static_cast<std::uint64_t>(step));
        model.push_back(static_cast<std::uint64_t>(step));
      } else if (choice < 95 && !model.empty()) {
        ASSERT_EQ(ring.Front(), model.front());
        ASSERT_EQ(ring.Pop(), model.front());
        model.pop_front();
      } else {
        ring.Trim();
      }
      ASSERT_EQ(ring.size(), model.size());
      if (!model.empty()) {
        const auto index = static_cast<std::size_t>(random.Below(model.size()));
        ASSERT_EQ(ring[index], model[index]) << "seed " << seed << " step " << step;
      }
    }
  }
}

}  // namespace
}  // namespace herdgate::base

#include "sidecar/cache/ghost.h"

#include <gtest/gtest.h>

#include "sidecar/base/random.h"

namespace herdgate::cache {
namespace {

std::uint32_t HashOf(std::uint64_t i) {
  return static_cast<std::uint32_t>(base::Random(i).Next());
}

TEST(GhostTest, RemembersLatelyInsertedKeysOnce) {
  Ghost ghost;
  ghost.Fit(1024);
  for (std::uint64_t i = 0; i < 300; ++i) ghost.Insert(HashOf(i));
  int remembered = 0;
  for (std::uint64_t i = 0; i < 300; ++i) remembered += ghost.Take(HashOf(i)) ? 1 : 0;
  EXPECT_GE(remembered, 285);
  for (std::uint64_t i = 0; i < 300; ++i) EXPECT_FALSE(ghost.Take(HashOf(i)));
}

TEST(GhostTest, ForgetsWhatIsOlderThanItsCapacity) {
  Ghost ghost;
  ghost.Fit(1024);
  for (std::uint64_t i = 0; i < 100; ++i) ghost.Insert(HashOf(i));
  for (std::uint64_t i = 1000; i < 1000 + 1100; ++i) ghost.Insert(HashOf(i));
  for (std::uint64_t i = 0; i < 100; ++i) EXPECT_FALSE(ghost.Take(HashOf(i))) << i;
}

TEST(GhostTest, KeepsMostOfItsCapacity) {
  Ghost ghost;
  ghost.Fit(4096);
  for (std::uint64_t i = 0; i < 20'000; ++i) ghost.Insert(HashOf(i));
  int remembered = 0;
  for (std::uint64_t i = 20'000 - 3000; i < 20'000; ++i) remembered += ghost.Take(HashOf(i)) ? 1 : 0;
  EXPECT_GE(remembered, 2400);
}

TEST(GhostTest, SeldomTakesOneKeyForAnother) {
  Ghost ghost;
  ghost.Fit(4096);
  for (std::uint64_t i = 0; i < 20'000; ++i) ghost.Insert(HashOf(i));
  int wrong = 0;
  for (std::uint64_t i = 100'000; i < 200'000; ++i) wrong += ghost.Take(HashOf(i)) ? 1 : 0;
  EXPECT_LT(wrong, 20);
}

TEST(GhostTest, IsEmptyBeforeItIsFitted) {
  Ghost ghost;
  ghost.Insert(1);
  EXPECT_FALSE(ghost.Take(1));
  EXPECT_EQ(ghost.bytes(), 0U);
}

TEST(GhostTest, CostsFourBytesAKeyOfItsCapacity) {
  Ghost ghost;
  ghost.Fit(1000);
  EXPECT_EQ(ghost.capacity(), 1024U);
  EXPECT_EQ(ghost.bytes(), 4096U);
  ghost.Fit(10);
  EXPECT_EQ(ghost.bytes(), 4096U);
}

}  // namespace
}  // namespace herdgate::cache

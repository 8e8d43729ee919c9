#include "sidecar/stampede/key_history.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "sidecar/base/random.h"

namespace herdgate::stampede {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr base::SteadyTime kStart{std::chrono::hours(5)};

std::uint64_t KeyOf(std::uint64_t number) {
  return base::Random(number).Next();
}

TEST(KeyHistoryTest, KnowsTheLastSet) {
  KeyHistory history;
  EXPECT_FALSE(history.Find(KeyOf(1)));
  history.OnSet(KeyOf(1), seconds(60), milliseconds(200), kStart);
  const auto facts = history.Find(KeyOf(1));
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->delta, milliseconds(200));
  EXPECT_EQ(facts->lifetime, seconds(60));
  EXPECT_EQ(facts->set_at, kStart);
  EXPECT_FALSE(facts->deleted);
}

TEST(KeyHistoryTest, TheHashThatMarksAnEmptySlotIsNoKey) {
  KeyHistory history;
  history.OnSet(0, seconds(60), milliseconds(200), kStart);
  history.OnDeleted(0);
  EXPECT_FALSE(history.Find(0));
}

TEST(KeyHistoryTest, ABlindSetLeavesTheDelta) {
  KeyHistory history;
  history.OnSet(KeyOf(1), seconds(60), milliseconds(200), kStart);
  history.OnSet(KeyOf(1), seconds(30), seconds(0), kStart + seconds(1));
  const auto facts = history.Find(KeyOf(1));
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->delta, milliseconds(200));
  EXPECT_EQ(facts->lifetime, seconds(30));
  EXPECT_EQ(facts->set_at, kStart + seconds(1));
}

TEST(KeyHistoryTest, ADeleteIsKnownUntilTheNextSet) {
  KeyHistory history;
  history.OnSet(KeyOf(1), seconds(60), seconds(0), kStart);
  history.OnDeleted(KeyOf(1));
  history.OnDeleted(KeyOf(2));
  EXPECT_TRUE(history.Find(KeyOf(1))->deleted);
  EXPECT_EQ(history.Find(KeyOf(1))->set_at, kStart);
  history.OnSet(KeyOf(1), seconds(60), seconds(0), kStart + seconds(1));
  EXPECT_FALSE(history.Find(KeyOf(1))->deleted);
  EXPECT_FALSE(history.Find(KeyOf(2)));
}

TEST(KeyHistoryTest, InAFullTableTheKeyWrittenLongestAgoMakesRoom) {
  KeyHistory history(4);
  for (std::uint64_t i = 1; i <= 4; ++i) {
    history.OnSet(KeyOf(i), seconds(60), milliseconds(10), kStart + seconds(i));
  }
  history.OnDeleted(KeyOf(3));
  history.OnSet(KeyOf(1), seconds(60), seconds(0), kStart + seconds(9));
  history.OnSet(KeyOf(5), seconds(60), seconds(0), kStart + seconds(10));
  EXPECT_FALSE(history.Find(KeyOf(2)));
  EXPECT_EQ(history.Find(KeyOf(5))->delta, seconds(0)) << "not the delta of the key that was there";
  for (const std::uint64_t i : {1, 3, 4}) EXPECT_TRUE(history.Find(KeyOf(i))) << i;
}

TEST(KeyHistoryTest, LongTimesAreCutNotWrapped) {
  KeyHistory history;
  history.OnSet(KeyOf(1), std::chrono::hours(24 * 365 * 100), std::chrono::hours(24), kStart);
  EXPECT_EQ(history.Find(KeyOf(1))->lifetime, std::chrono::hours(24 * 365 * 100));
  EXPECT_EQ(history.Find(KeyOf(1))->delta, microseconds(0xffff'ffff));
}

// Two writers and a reader of few slots: whatever is found belongs together.
TEST(KeyHistoryTest, AReaderNeverSeesAHalfWrittenKey) {
  KeyHistory history(4);
  std::atomic<bool> done{false};
  const auto write = [&](std::uint64_t seed) {
    base::Random random(seed);
    for (int i = 0; i < 100'000; ++i) {
      const std::uint64_t n = 1 + random.Below(6);
      const std::uint64_t scale = 1 + random.Below(1000);
      history.OnSet(KeyOf(n), milliseconds(n * scale), microseconds(n * scale), kStart + milliseconds(n * scale));
    }
    done = true;
  };
  std::thread one(write, 1);
  std::thread two(write, 2);
  std::uint64_t found = 0;
  std::uint64_t torn = 0;
  for (std::uint64_t i = 0; !done || found == 0; ++i) {
    const std::uint64_t n = 1 + i % 6;
    const auto facts = history.Find(KeyOf(n));
    if (!facts) continue;
    ++found;
    const auto lifetime = static_cast<std::uint64_t>(facts->lifetime.count());
    const auto delta = static_cast<std::uint64_t>(facts->delta.count());
    const bool whole = lifetime % n == 0 && lifetime == delta && facts->set_at == kStart + facts->lifetime;
    torn += whole ? 0 : 1;
  }
  one.join();
  two.join();
  EXPECT_EQ(torn, 0U);
}

TEST(MissCauseTest, TellsWhyAKeyWasMissed) {
  const KeyFacts facts{.lifetime = seconds(60), .set_at = kStart};
  KeyFacts deleted = facts;
  deleted.deleted = true;
  KeyFacts for_ever = facts;
  for_ever.lifetime = seconds(0);
  EXPECT_EQ(CauseOf(std::nullopt, {}, kStart), MissCause::kCold);
  EXPECT_EQ(CauseOf(facts, {}, kStart + seconds(60)), MissCause::kExpiry);
  EXPECT_EQ(CauseOf(facts, {}, kStart + seconds(59)), MissCause::kEviction);
  EXPECT_EQ(CauseOf(deleted, {}, kStart + seconds(59)), MissCause::kDelete);
  EXPECT_EQ(CauseOf(for_ever, {}, kStart + std::chrono::hours(9)), MissCause::kEviction);
  EXPECT_EQ(CauseOf(facts, kStart + seconds(1), kStart + seconds(2)), MissCause::kBump);
  EXPECT_EQ(CauseOf(std::nullopt, kStart, kStart + seconds(2)), MissCause::kBump);
  EXPECT_EQ(CauseOf(facts, kStart - seconds(1), kStart + seconds(60)), MissCause::kExpiry) << "written since";
}

}  // namespace
}  // namespace herdgate::stampede

#include "sidecar/cache/key_sample.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "sidecar/base/random.h"
#include "sidecar/cache/hashed_key.h"

namespace herdgate::cache {
namespace {

struct Record : SampledKey {
  int note = 0;
};
using Sample = KeySample<Record>;

class KeySampleTest : public testing::Test {
 protected:
  void LowerAndRemove(std::size_t policy) {
    sample_.Lower(policy);
    sample_.Each([&](Sample::Index index, const Record& record) {
      if (record.policy == policy && !sample_.Samples(policy, record.hash)) sample_.Remove(index);
    });
  }

  Sample sample_{100};
  base::Random random_{5};
};

TEST_F(KeySampleTest, FindsWhatWasAddedUntilItIsRemoved) {
  const Sample::Index index = sample_.Add(3, 0x1234'0000'0000'0001);
  sample_.Add(3, 0x5678'0000'0000'0001);  // of the same chain
  EXPECT_EQ(sample_.Find(0x1234'0000'0000'0001), index);
  EXPECT_EQ(sample_.keys(3), 2U);
  sample_.Remove(index);
  EXPECT_EQ(sample_.Find(0x1234'0000'0000'0001), Sample::kNone);
  EXPECT_NE(sample_.Find(0x5678'0000'0000'0001), Sample::kNone);
  EXPECT_EQ(sample_.keys(3), 1U);
}

TEST_F(KeySampleTest, UsesFreedRecordsAsNew) {
  for (std::uint64_t i = 0; i < 100; ++i) sample_[sample_.Add(0, i)].note = 1;
  EXPECT_TRUE(sample_.full());
  sample_.Remove(sample_.Find(50));
  EXPECT_FALSE(sample_.full());
  EXPECT_EQ(sample_[sample_.Add(1, 500)].note, 0);
}

TEST_F(KeySampleTest, LowerTakesOneKeyInEightAndTheOthersStandForThem) {
  Sample sample(40'000);
  for (int i = 0; i < 40'000; ++i) sample.Add(0, random_.Next());
  EXPECT_DOUBLE_EQ(sample.Scale(0), 1);
  EXPECT_NEAR(sample.Lower(0), 8.0 / 7, 1e-6);
  double kept = 0;
  sample.Each([&](Sample::Index, const Record& record) { kept += sample.Samples(0, record.hash) ? 1 : 0; });
  EXPECT_NEAR(kept * sample.Scale(0), 40'000, 800);
  EXPECT_DOUBLE_EQ(sample.Scale(1), 1) << "of another policy";
}

TEST_F(KeySampleTest, KeysThatRaiseBringsCountOnceTheyAreSettled) {
  for (int i = 0; i < 8; ++i) LowerAndRemove(0);
  const double before = sample_.Weight(0);
  const std::uint64_t hash = (std::uint64_t{sample_.threshold(0)} + 1) << 32U;
  sample_.Raise(0);
  EXPECT_TRUE(sample_.Samples(0, hash));
  EXPECT_FALSE(sample_.Counts(0, hash));
  EXPECT_DOUBLE_EQ(sample_.Weight(0), before);
  EXPECT_NEAR(sample_.Scale(0), before / 2, 1e-6);
  sample_.Settle(0);
  EXPECT_TRUE(sample_.Counts(0, hash));
  EXPECT_DOUBLE_EQ(sample_.Weight(0), sample_.Scale(0));
}

TEST_F(KeySampleTest, LargestIsThePolicyWithMostKeys) {
  for (std::uint64_t i = 0; i < 10; ++i) sample_.Add(i < 3 ? 1 : 2, i);
  EXPECT_EQ(sample_.Largest(), 2U);
}

TEST_F(KeySampleTest, LoweredToNothingItSamplesNothing) {
  sample_.Add(0, 0);
  for (int i = 0; i < 1000; ++i) LowerAndRemove(0);
  EXPECT_EQ(sample_.keys(0), 0U);
  EXPECT_EQ(sample_.threshold(0), 0U);
}

TEST(SampleHashTest, TakesAboutItsShareOfKeysThatDifferLittle) {
  for (const std::string& tail : {std::string(), std::string(":profile"), std::string(20, 'x')}) {
    std::set<std::uint64_t> seen;
    int below = 0;
    for (int i = 0; i < 100'000; ++i) {
      const std::uint64_t hash = SampleHash("user:" + std::to_string(i) + tail, 7);
      seen.insert(hash);
      below += hash >> 32U < (std::uint64_t{1} << 32U) / 100 ? 1 : 0;
    }
    EXPECT_EQ(seen.size(), 100'000U) << tail;
    EXPECT_NEAR(below, 1000, 150) << tail;
  }
}

TEST(SampleHashTest, DiffersByTheSeedAndByTrailingZeros) {
  EXPECT_NE(SampleHash("user:1", 1), SampleHash("user:1", 2));
  EXPECT_NE(SampleHash(std::string_view("a\0", 2), 1), SampleHash("a", 1));
  EXPECT_NE(SampleHash("", 1), SampleHash(std::string_view("\0", 1), 1));
}

}  // namespace
}  // namespace herdgate::cache

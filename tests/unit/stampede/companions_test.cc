#include "sidecar/stampede/companions.h"

#include <gtest/gtest.h>

#include <string>

namespace herdgate::stampede {
namespace {

using ms = std::chrono::milliseconds;

class CompanionsTest : public testing::Test {
 protected:
  void Seen(ms gap) { companions_.OnSecondSet(header_, page_, gap, now_); }

  base::SteadyTime now_{std::chrono::hours(1)};
  Companions companions_;
  const cache::HashedKey header_ = cache::Hashed("header", 1);
  const cache::HashedKey page_ = cache::Hashed("page", 1);
};

TEST_F(CompanionsTest, NobodyIsPatientWhereNoneWasSeen) {
  companions_.OnWaitEnded(now_);
  EXPECT_EQ(companions_.Patience(now_), ms(0));
}

TEST_F(CompanionsTest, NobodyIsPatientButShortlyAfterAWait) {
  Seen(ms(1));
  EXPECT_EQ(companions_.Patience(now_), ms(0));
  companions_.OnWaitEnded(now_);
  EXPECT_EQ(companions_.Patience(now_), ms(9));
  now_ += ms(25);
  EXPECT_EQ(companions_.Patience(now_), ms(9));
  now_ += ms(1);
  EXPECT_EQ(companions_.Patience(now_), ms(0));
}

TEST_F(CompanionsTest, PatienceGrowsWithWhatOneTakesUpToALimit) {
  companions_.OnWaitEnded(now_);
  Seen(ms(3));
  EXPECT_EQ(companions_.Patience(now_), ms(17));
  Seen(ms(20));
  EXPECT_EQ(companions_.Patience(now_), ms(25));
  for (int i = 0; i < 100; ++i) Seen(ms(0));
  EXPECT_EQ(companions_.Patience(now_), ms(5)) << "and shrinks again";
}

TEST_F(CompanionsTest, ASetMuchLaterIsNoCompanion) {
  companions_.OnWaitEnded(now_);
  Seen(ms(26));
  EXPECT_EQ(companions_.Patience(now_), ms(0));
}

TEST_F(CompanionsTest, OneIsForgottenWhenNoMoreCome) {
  Seen(ms(1));
  now_ += std::chrono::minutes(10);
  companions_.OnWaitEnded(now_);
  EXPECT_GT(companions_.Patience(now_), ms(0));
  now_ += ms(1);
  EXPECT_EQ(companions_.Patience(now_), ms(0));
}

TEST_F(CompanionsTest, EitherIsKnownByTheOther) {
  EXPECT_EQ(companions_.CompanionOf(page_.hash, now_), "");
  Seen(ms(1));
  EXPECT_EQ(companions_.CompanionOf(page_.hash, now_), "header");
  EXPECT_EQ(companions_.CompanionOf(header_.hash, now_), "page");
  EXPECT_EQ(companions_.CompanionOf(cache::Hashed("other", 1).hash, now_), "");
  now_ += std::chrono::minutes(11);
  EXPECT_EQ(companions_.CompanionOf(page_.hash, now_), "");
}

TEST_F(CompanionsTest, AKeyIsNotItsOwnCompanion) {
  companions_.OnSecondSet(page_, page_, ms(1), now_);
  EXPECT_EQ(companions_.CompanionOf(page_.hash, now_), "");
}

TEST_F(CompanionsTest, LongKeysAreNotRemembered) {
  const std::string text(513, 'x');
  const cache::HashedKey key = cache::Hashed(text, 1);
  companions_.OnSecondSet(header_, key, ms(1), now_);
  EXPECT_EQ(companions_.CompanionOf(key.hash, now_), "");
}

TEST_F(CompanionsTest, OnlySoManyPairsAreRemembered) {
  Seen(ms(1));
  for (int i = 0; i < 1024; ++i) {
    const std::string first = "first" + std::to_string(i);
    const std::string second = "second" + std::to_string(i);
    companions_.OnSecondSet(cache::Hashed(first, 1), cache::Hashed(second, 1), ms(1), now_);
  }
  EXPECT_EQ(companions_.CompanionOf(page_.hash, now_), "");
  EXPECT_EQ(companions_.CompanionOf(cache::Hashed("first0", 1).hash, now_), "second0");
}

}  // namespace
}  // namespace herdgate::stampede

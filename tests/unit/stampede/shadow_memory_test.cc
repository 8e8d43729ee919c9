#include "sidecar/stampede/shadow_memory.h"

#include <gtest/gtest.h>

namespace herdgate::stampede {
namespace {

using std::chrono::milliseconds;

class ShadowMemoryTest : public ::testing::Test {
 protected:
  static OldValue Old(std::size_t bytes) {
    return {.value = std::make_shared<const std::string>(bytes, 'x'), .ended = {}};
  }
  void Put(std::uint64_t key, std::size_t bytes, milliseconds time = ShadowMemory::kMostTime) {
    memory_.Put(key, Old(bytes), now_ + time, now_);
  }
  base::SteadyTime now_{std::chrono::hours(1)};
  ShadowMemory memory_;
};

TEST_F(ShadowMemoryTest, ThatThereIsNoneIsRememberedToo) {
  EXPECT_FALSE(memory_.Find(1, now_));
  memory_.Put(1, {}, now_ + milliseconds(100), now_);
  ASSERT_TRUE(memory_.Find(1, now_));
  EXPECT_EQ(memory_.Find(1, now_)->value, nullptr);
}

TEST_F(ShadowMemoryTest, NothingIsRememberedLongerThanItsShadowNorThanASecond) {
  Put(1, 10, milliseconds(100));
  Put(2, 10, std::chrono::hours(1));
  now_ += milliseconds(99);
  EXPECT_TRUE(memory_.Find(1, now_));
  now_ += milliseconds(1);
  EXPECT_FALSE(memory_.Find(1, now_));
  now_ += milliseconds(899);
  EXPECT_TRUE(memory_.Find(2, now_));
  now_ += milliseconds(1);
  EXPECT_FALSE(memory_.Find(2, now_));
  EXPECT_EQ(memory_.bytes(), 0U);
}

TEST_F(ShadowMemoryTest, ForgottenIsGone) {
  Put(1, 10);
  Put(2, 20);
  memory_.Forget(1);
  EXPECT_FALSE(memory_.Find(1, now_));
  EXPECT_EQ(memory_.bytes(), 20U);
  memory_.ForgetAll();
  EXPECT_EQ(memory_.keys(), 0U);
  EXPECT_EQ(memory_.bytes(), 0U);
}

TEST_F(ShadowMemoryTest, BytesAreBoundedAndTheOldestGoFirst) {
  constexpr std::size_t kThird = ShadowMemory::kMostBytes / 3;
  for (const std::uint64_t key : {1, 2, 3, 4}) Put(key, kThird);
  EXPECT_FALSE(memory_.Find(1, now_));
  EXPECT_TRUE(memory_.Find(4, now_));
  EXPECT_EQ(memory_.bytes(), 3 * kThird);
  Put(5, ShadowMemory::kMostBytes + 1);
  EXPECT_FALSE(memory_.Find(5, now_));
  EXPECT_EQ(memory_.keys(), 3U);
}

TEST_F(ShadowMemoryTest, KeysAreBounded) {
  for (std::uint64_t key = 1; key <= 2 * ShadowMemory::kMostKeys; ++key) Put(key, 1);
  EXPECT_EQ(memory_.keys(), ShadowMemory::kMostKeys);
  EXPECT_EQ(memory_.bytes(), ShadowMemory::kMostKeys);
}

TEST_F(ShadowMemoryTest, PutAgainReplaces) {
  Put(1, 10);
  Put(1, 30);
  EXPECT_EQ(memory_.bytes(), 30U);
  EXPECT_EQ(memory_.Find(1, now_)->value->size(), 30U);
}

}  // namespace
}  // namespace herdgate::stampede

// The shadow's scripts on a real redis-server.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "sidecar/stampede/shadow.h"
#include "tests/unit/command/real_redis.h"

namespace herdgate::stampede {
namespace {

using std::chrono::milliseconds;

struct Read {
  ShadowResult result;
  std::string value;
  milliseconds age;
  milliseconds left;
};

class ShadowRedisTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!redis_.available()) GTEST_SKIP() << "no redis-server on PATH";
    ASSERT_TRUE(connection_.Connect(redis_.socket_path()));
  }
  std::string Do(const Arguments& request) {
    connection_.Send({request});
    return connection_.ReadReply();
  }
  CopyReply Copy(const std::string& key, CopyTerms terms = kTerms) {
    bytes_ = Do(CopyArguments(key, terms));
    const auto parsed = resp::ParseReply(bytes_);
    EXPECT_TRUE(parsed.ok());
    return ReadCopyReply(parsed.value().reply);
  }
  Read ReadOf(const std::string& key) {
    const std::string bytes = Do(ReadShadowArguments(key));
    const auto parsed = resp::ParseReply(bytes);
    EXPECT_TRUE(parsed.ok());
    const ShadowReply read = ReadShadowReply(parsed.value().reply);
    return {read.result, std::string(read.value), read.age, read.left};
  }
  long long Number(const Arguments& request) {
    const std::string reply = Do(request);
    EXPECT_EQ(reply.front(), ':') << reply;
    return std::stoll(reply.substr(1));
  }
  // Until the key has expired.
  void AwaitEnd(const std::string& key) {
    while (Number({"EXISTS", key}) == 1) std::this_thread::sleep_for(milliseconds(1));
  }

  static constexpr CopyTerms kTerms{.below = milliseconds(10000), .window = milliseconds(60000), .max_bytes = 100};
  command::RealRedis redis_;
  command::RedisConnection connection_;
  std::string bytes_;
};

TEST_F(ShadowRedisTest, CopyLivesBeyondTheValueAndTouchesNothingOfIt) {
  const std::string value("a\0:b\r\n", 6);
  Do({"SET", "k", value, "PX", "9000"});
  const CopyReply copied = Copy("k");
  EXPECT_EQ(copied.result, CopyResult::kCopied);
  EXPECT_GT(copied.left, milliseconds(0));
  EXPECT_LE(copied.left, milliseconds(9000));
  EXPECT_EQ(Do({"GET", "k"}), "$6\r\n" + value + "\r\n");
  const long long left = Number({"PTTL", "k"});
  EXPECT_LE(left, 9000);
  EXPECT_GT(left, 0);
  const long long shadow = Number({"PTTL", ShadowNameOf("k")});
  EXPECT_LE(shadow, 69000);
  EXPECT_GE(shadow, 60000);
  EXPECT_EQ(ReadOf("k").result, ShadowResult::kLives);
}

TEST_F(ShadowRedisTest, ExpiredValueIsReadWithItsAge) {
  const std::string value("a\0:b\r\n", 6);
  Do({"SET", "k", value, "PX", "20"});
  if (Copy("k").result == CopyResult::kGone) GTEST_SKIP() << "too slow a machine";
  AwaitEnd("k");
  const Read read = ReadOf("k");
  ASSERT_EQ(read.result, ShadowResult::kOld);
  EXPECT_EQ(read.value, value);
  EXPECT_GE(read.age, milliseconds(0));
  EXPECT_LE(read.age + read.left, milliseconds(60000));
  EXPECT_GT(read.age + read.left, milliseconds(59990));
}

TEST_F(ShadowRedisTest, ValueThatWentBeforeItsEndIsNotReadAndItsShadowGoes) {
  Do({"SET", "k", "v", "PX", "9000"});
  ASSERT_EQ(Copy("k").result, CopyResult::kCopied);
  Do({"DEL", "k"});
  EXPECT_EQ(ReadOf("k").result, ShadowResult::kRemoved);
  EXPECT_EQ(Number({"EXISTS", ShadowNameOf("k")}), 0);
  EXPECT_EQ(ReadOf("k").result, ShadowResult::kNothing);
}

TEST_F(ShadowRedisTest, ShadowThatSomebodyElseHasChangedIsRemoved) {
  for (const Arguments& change : {Arguments{"PERSIST", ShadowNameOf("k")}, Arguments{"SET", ShadowNameOf("k"), "junk"},
                                  Arguments{"SET", ShadowNameOf("k"), "x:junk", "EX", "100"}}) {
    Do({"SET", "k", "v", "PX", "9000"});
    (void)Copy("k");
    Do(change);
    Do({"DEL", "k"});
    EXPECT_EQ(ReadOf("k").result, ShadowResult::kRemoved);
    EXPECT_EQ(Number({"EXISTS", ShadowNameOf("k")}), 0);
  }
}

TEST_F(ShadowRedisTest, OneValueIsCopiedOnceAndTheNextOneReplacesIt) {
  Do({"SET", "k", "v", "PX", "9000"});
  EXPECT_EQ(Copy("k").result, CopyResult::kCopied);
  EXPECT_EQ(Copy("k").result, CopyResult::kThere);
  Do({"SET", "k", "newer", "PX", "9500"});
  EXPECT_EQ(Copy("k").result, CopyResult::kCopied);
  EXPECT_EQ(Do({"GET", ShadowNameOf("k")}), "$11\r\n60000:newer\r\n");
}

TEST_F(ShadowRedisTest, WhereNoShadowIsToBeNoneIsMadeNorRead) {
  Do({"SET", "k", "v", "PX", "9000"});
  Do({"SET", ShadowNameOf("k"), std::string(kNoShadow), "PX", "100000"});
  EXPECT_EQ(Copy("k").result, CopyResult::kThere);
  Do({"DEL", "k"});
  EXPECT_EQ(ReadOf("k").result, ShadowResult::kRemoved);
}

TEST_F(ShadowRedisTest, RemovalThatComesLateLeavesTheWordThatThereIsToBeNone) {
  Do({"SET", ShadowNameOf("k"), "60000:old", "PX", "60000"});
  EXPECT_EQ(Number(RemoveShadowArguments("k")), 1);
  EXPECT_EQ(Number(RemoveShadowArguments("k")), 0);
  Do({"SET", ShadowNameOf("k"), std::string(kNoShadow), "PX", "60000"});
  EXPECT_EQ(Number(RemoveShadowArguments("k")), 0);
  EXPECT_EQ(Number({"EXISTS", ShadowNameOf("k")}), 1);
}

TEST_F(ShadowRedisTest, WhatIsNotToBeCopiedIsNot) {
  EXPECT_EQ(Copy("none").result, CopyResult::kGone);
  Do({"SET", "k", "v"});
  EXPECT_EQ(Copy("k").result, CopyResult::kNoEnd);
  Do({"SET", "k", "v", "PX", "20000"});
  const CopyReply early = Copy("k");
  EXPECT_EQ(early.result, CopyResult::kEarly);
  EXPECT_GT(early.left, milliseconds(10000));
  Do({"SET", "k", std::string(101, 'x'), "PX", "9000"});
  EXPECT_EQ(Copy("k").result, CopyResult::kTooLarge);
  Do({"SET", "k", std::string(100, 'x'), "PX", "9000"});
  EXPECT_EQ(Copy("k").result, CopyResult::kCopied);
  Do({"HSET", "h", "f", "v"});
  Do({"PEXPIRE", "h", "9000"});
  EXPECT_EQ(Copy("h").result, CopyResult::kFailed);
  EXPECT_EQ(Number({"EXISTS", ShadowNameOf("none"), ShadowNameOf("h")}), 0);
}

}  // namespace
}  // namespace herdgate::stampede

// The lease's scripts on a real redis-server: two pods, each with a tracked connection.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "sidecar/base/random.h"
#include "sidecar/stampede/lease.h"
#include "tests/unit/command/real_redis.h"

namespace herdgate::stampede {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLong{60000};

struct Asked {
  AskResult result;
  std::string text;
  milliseconds remaining;
  bool value_lives;
};

// A pod's tracked connection. A push is kept until somebody looks for it.
class Pod {
 public:
  Pod(const command::RealRedis& redis, std::string name) : name_(std::move(name)) {
    EXPECT_TRUE(connection_.Connect(redis.socket_path()));
    Call({"HELLO", "3"});
    Call({"CLIENT", "TRACKING", "ON", "OPTIN"});
  }

  Asked Ask(const std::string& key, FlightId flight, milliseconds lease = kLong) {
    return Tracked(AskArguments(key, Token(flight), lease));
  }
  Asked AskRefresh(const std::string& key, FlightId flight, milliseconds below) {
    return Tracked(AskRefreshArguments(key, Token(flight), kLong, below));
  }
  HeldReply Renew(const std::string& key, FlightId flight, milliseconds lease) {
    return Held(RenewArguments(key, Token(flight), lease));
  }
  HeldReply Release(const std::string& key, FlightId flight) { return Held(ReleaseArguments(key, Token(flight))); }
  std::string Token(FlightId flight) const { return LeaseToken(name_, flight); }

  // All keys that were pushed until now.
  std::vector<std::string> Pushed() {
    Call({"PING"});
    return std::exchange(pushed_, {});
  }
  std::string Call(const std::vector<std::string>& request) {
    connection_.Send({request});
    for (;;) {
      std::string bytes = connection_.ReadReply();
      const auto parsed = resp::ParseReply(bytes);
      if (!parsed.ok() || parsed.value().reply.type != resp::ReplyType::kPush) return bytes;
      for (const resp::Reply& key : parsed.value().reply.elements.back().elements) pushed_.emplace_back(key.text);
    }
  }

 private:
  Asked Tracked(const Arguments& request) {
    Call({"CLIENT", "CACHING", "YES"});
    const std::string bytes = Call(request);
    const auto parsed = resp::ParseReply(bytes);
    EXPECT_TRUE(parsed.ok());
    const AskReply reply = ReadAskReply(parsed.value().reply);
    return {reply.result, std::string(reply.text), reply.remaining, reply.value_lives};
  }
  HeldReply Held(const Arguments& request) {
    const std::string bytes = Call(request);
    const auto parsed = resp::ParseReply(bytes);
    EXPECT_TRUE(parsed.ok());
    return ReadHeldReply(parsed.value().reply);
  }

  const std::string name_;
  command::RedisConnection connection_;
  std::vector<std::string> pushed_;
};

class LeaseRedisTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!redis_.available()) GTEST_SKIP() << "no redis-server on PATH";
    a_ = std::make_unique<Pod>(redis_, "a");
    b_ = std::make_unique<Pod>(redis_, "b");
  }
  std::string App(const std::vector<std::string>& request) { return redis_.Call(request); }
  // Expiries are Redis': waits until it says that `key` is gone.
  void AwaitExpiry(const std::string& key) {
    while (App({"EXISTS", key}) != ":0\r\n") std::this_thread::sleep_for(milliseconds(5));
  }
  using Keys = std::vector<std::string>;

  command::RealRedis redis_;
  std::unique_ptr<Pod> a_;
  std::unique_ptr<Pod> b_;
  const std::string lease_ = LeaseNameOf("k");
};

TEST_F(LeaseRedisTest, AValueIsReadWithWhatItHasLeft) {
  App({"SET", "k", std::string("v\0w", 3), "PX", "50000"});
  const Asked asked = a_->Ask("k", 1);
  EXPECT_EQ(asked.result, AskResult::kValue);
  EXPECT_EQ(asked.text, std::string("v\0w", 3));
  EXPECT_GT(asked.remaining, milliseconds(40000));
  App({"SET", "k", ""});
  EXPECT_EQ(a_->Ask("k", 1).remaining, milliseconds(-1));
  EXPECT_EQ(App({"EXISTS", lease_}), ":0\r\n");
}

TEST_F(LeaseRedisTest, OnePodWinsAndTheOtherIsToldWhoAndForHowLong) {
  const Asked won = a_->Ask("k", 1);
  EXPECT_EQ(won.result, AskResult::kWon);
  EXPECT_FALSE(won.value_lives);
  const Asked lost = b_->Ask("k", 2);
  EXPECT_EQ(lost.result, AskResult::kLost);
  EXPECT_EQ(lost.text, a_->Token(1));
  EXPECT_GT(lost.remaining, milliseconds(50000));
  EXPECT_LE(lost.remaining, kLong);
  EXPECT_EQ(App({"EXISTS", "k"}), ":0\r\n");
}

TEST_F(LeaseRedisTest, TheHolderAskingAgainChangesNothing) {
  a_->Ask("k", 1);
  const Asked again = a_->Ask("k", 1, milliseconds(5));
  EXPECT_EQ(again.result, AskResult::kMine);
  EXPECT_GT(again.remaining, milliseconds(50000));
  EXPECT_EQ(a_->Ask("k", 3).result, AskResult::kLost) << "another flight of the same pod";
}

TEST_F(LeaseRedisTest, OnlyTheHolderReleasesAndRenews) {
  a_->Ask("k", 1);
  EXPECT_EQ(b_->Release("k", 1), HeldReply::kLost);
  EXPECT_EQ(b_->Renew("k", 1, milliseconds(1)), HeldReply::kLost);
  EXPECT_EQ(a_->Release("k", 2), HeldReply::kLost);
  EXPECT_EQ(b_->Ask("k", 2).result, AskResult::kLost);
  EXPECT_EQ(a_->Renew("k", 1, milliseconds(90000)), HeldReply::kHeld);
  EXPECT_GT(b_->Ask("k", 2).remaining, kLong);
  EXPECT_EQ(a_->Release("k", 1), HeldReply::kHeld);
  EXPECT_EQ(b_->Ask("k", 2).result, AskResult::kWon);
}

TEST_F(LeaseRedisTest, ALeaseEndsByItself) {
  a_->Ask("k", 1, milliseconds(30));
  AwaitExpiry(lease_);
  EXPECT_EQ(a_->Renew("k", 1, kLong), HeldReply::kLost);
  EXPECT_EQ(a_->Release("k", 1), HeldReply::kLost);
  EXPECT_EQ(b_->Ask("k", 2).result, AskResult::kWon);
}

TEST_F(LeaseRedisTest, TheValueWakesTheOtherPod) {
  a_->Ask("k", 1);
  b_->Ask("k", 2);
  App({"SET", "k", "v"});
  EXPECT_EQ(b_->Pushed(), Keys{"k"});
  EXPECT_EQ(b_->Ask("k", 2).text, "v");
}

TEST_F(LeaseRedisTest, AReleasedLeaseWakesTheOtherPod) {
  a_->Ask("k", 1);
  b_->Ask("k", 2);
  a_->Release("k", 1);
  EXPECT_EQ(b_->Pushed(), Keys{lease_});
  EXPECT_EQ(b_->Ask("k", 2).result, AskResult::kWon);
}

TEST_F(LeaseRedisTest, AnInvalidationAnywhereTellsTheHolder) {
  a_->Ask("k", 1);
  b_->Call({"DEL", "k"});
  EXPECT_EQ(a_->Pushed(), Keys{}) << "there was nothing to delete, so nobody is told";
  b_->Call(DropArguments("k"));
  EXPECT_EQ(a_->Pushed(), Keys{lease_});
  EXPECT_EQ(a_->Ask("k", 1).result, AskResult::kWon) << "it was not mine any more";
}

TEST_F(LeaseRedisTest, TheWinnersOwnScriptTellsItNothing) {
  a_->Ask("k", 1);
  EXPECT_EQ(a_->Pushed(), Keys{});
}

// What is pushed then says nothing: asking again does.
TEST_F(LeaseRedisTest, TheExpiryThatTheWinnerFindsIsPushedToItAndTheLeaseIsStillIts) {
  App({"DEBUG", "SET-ACTIVE-EXPIRE", "0"});
  App({"SET", "k", "v", "PX", "20"});
  a_->Ask("k", 1);  // tracks it
  std::this_thread::sleep_for(milliseconds(25));
  EXPECT_EQ(a_->Ask("k", 1).result, AskResult::kWon);
  EXPECT_THAT(a_->Pushed(), testing::Contains("k"));
  EXPECT_EQ(a_->Ask("k", 1).result, AskResult::kMine);
  App({"SET", "k", "v"});
  EXPECT_EQ(a_->Pushed(), Keys{"k"}) << "tracked anew";
}

TEST_F(LeaseRedisTest, ARefreshWinsWhileTheValueLivesAndOnlyNearItsEnd) {
  App({"SET", "k", "v", "PX", "30000"});
  const Asked early = a_->AskRefresh("k", 1, milliseconds(5000));
  EXPECT_EQ(early.result, AskResult::kValue);
  EXPECT_EQ(early.text, "v");
  const Asked won = a_->AskRefresh("k", 1, milliseconds(30000));
  EXPECT_EQ(won.result, AskResult::kWon);
  EXPECT_TRUE(won.value_lives);
  EXPECT_EQ(a_->AskRefresh("k", 1, milliseconds(30000)).result, AskResult::kMine);
  EXPECT_EQ(b_->AskRefresh("k", 2, milliseconds(30000)).result, AskResult::kLost);
  EXPECT_EQ(b_->Ask("k", 2).text, "v") << "all others have the value";
  EXPECT_EQ(App({"GET", "k"}), "$1\r\nv\r\n");
  App({"PERSIST", "k"});
  EXPECT_EQ(b_->AskRefresh("k", 2, milliseconds(30000)).result, AskResult::kValue) << "it never ends";
}

TEST_F(LeaseRedisTest, NoLeaseIsForEver) {
  a_->Ask("k", 1);
  App({"PERSIST", lease_});
  EXPECT_EQ(b_->Ask("k", 2, milliseconds(500)).result, AskResult::kLost);
  EXPECT_NE(App({"PTTL", lease_}), ":-1\r\n");
}

TEST_F(LeaseRedisTest, WhatIsNoStringIsUnavailableAndTakesNoLease) {
  App({"RPUSH", "k", "v"});
  const Asked asked = a_->Ask("k", 1);
  EXPECT_EQ(asked.result, AskResult::kUnavailable);
  EXPECT_TRUE(asked.text.starts_with("WRONGTYPE")) << asked.text;
  EXPECT_EQ(App({"EXISTS", lease_}), ":0\r\n");
}

TEST_F(LeaseRedisTest, WithoutPermissionItIsUnavailable) {
  a_->Call({"ACL", "SETUSER", "default", "-eval"});
  const Asked asked = a_->Ask("k", 1);
  EXPECT_EQ(asked.result, AskResult::kUnavailable);
  EXPECT_TRUE(asked.text.starts_with("NOPERM")) << asked.text;
}

// Two pods ask, release, let run out and delete in random orders: never do two hold one lease.
TEST_F(LeaseRedisTest, NeverTwoHolders) {
  base::Random random(7);
  FlightId last = 0;
  FlightId holder = 0;  // by what Redis answered; 0: none, or nobody knows
  int won = 0;
  for (int i = 0; i < 3000; ++i) {
    Pod& pod = random.Below(2) == 0 ? *a_ : *b_;
    const std::uint64_t what = random.Below(10);
    if (what < 6) {
      const Asked asked = pod.Ask("k", ++last);
      ASSERT_EQ(asked.result, holder == 0 ? AskResult::kWon : AskResult::kLost) << "step " << i;
      if (holder != 0) {
        ASSERT_TRUE(asked.text.ends_with(LeaseToken("", holder))) << asked.text;
        continue;
      }
      holder = last;
      ++won;
    } else if (what < 8) {
      const FlightId flight = random.Below(2) == 0 ? holder : last + 1;
      const bool held = a_->Release("k", flight) == HeldReply::kHeld || b_->Release("k", flight) == HeldReply::kHeld;
      ASSERT_EQ(held, holder != 0 && flight == holder);
      if (held) holder = 0;
    } else {
      App(what == 8 ? DropArguments("k") : Arguments{"FLUSHALL"});
      holder = 0;
    }
  }
  EXPECT_GT(won, 300);
}

}  // namespace
}  // namespace herdgate::stampede

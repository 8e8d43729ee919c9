#include "sidecar/pipeline/lease_gate.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "sidecar/base/log.h"
#include "sidecar/upstream/tracking/call_queue.h"

namespace herdgate::pipeline {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class LeaseGateTest : public ::testing::Test {
 protected:
  LeaseGateTest() { base::ConfigureLog(base::LogFormat::kJson, base::LogLevel::kError); }
  int Taken(int tries) {
    int taken = 0;
    for (int i = 0; i < tries; ++i) taken += gate_.Take(now_) ? 1 : 0;
    return taken;
  }

  base::SteadyTime now_{std::chrono::hours(1)};
  LeaseGate gate_;
};

TEST_F(LeaseGateTest, BurstIsBounded) {
  EXPECT_EQ(Taken(1000), LeaseGate::kBurst);
  EXPECT_EQ(gate_.withheld(), 500U);
}

TEST_F(LeaseGateTest, AsksComeBackAtTheRate) {
  Taken(1000);
  now_ += milliseconds(10);
  EXPECT_EQ(Taken(1000), LeaseGate::kAsksPerSecond / 100);
}

TEST_F(LeaseGateTest, QuietTimeIsNotSavedUpBeyondTheBurst) {
  Taken(1000);
  now_ += seconds(100);
  EXPECT_EQ(Taken(1000), LeaseGate::kBurst);
}

TEST_F(LeaseGateTest, ThreadsTogetherGetNoMore) {
  std::vector<int> taken(4);
  {
    std::vector<std::jthread> threads;
    for (int& mine : taken) threads.emplace_back([this, &mine] { mine = Taken(1000); });
  }
  EXPECT_EQ(taken[0] + taken[1] + taken[2] + taken[3], LeaseGate::kBurst);
}

TEST_F(LeaseGateTest, RefusalClosesItForAMinute) {
  gate_.OnError("NOPERM this user has no permissions to run the 'eval' command", now_);
  EXPECT_FALSE(gate_.open());
  now_ += LeaseGate::kOff - milliseconds(1);
  EXPECT_EQ(Taken(10), 0);
  EXPECT_EQ(gate_.withheld(), 0U);
}

TEST_F(LeaseGateTest, AfterTheMinuteOneASecondTries) {
  gate_.OnError("ERR unknown command 'EVAL'", now_);
  now_ += LeaseGate::kOff;
  EXPECT_EQ(Taken(10), 1);
  now_ += LeaseGate::kTryEvery;
  EXPECT_EQ(Taken(10), 1);
  EXPECT_FALSE(gate_.open());
}

TEST_F(LeaseGateTest, AnAskThatIsGrantedAfterTheMinuteOpensIt) {
  gate_.OnError("ERR unknown command 'EVAL'", now_);
  now_ += LeaseGate::kOff;
  gate_.OnGranted(now_);
  EXPECT_TRUE(gate_.open());
  EXPECT_EQ(Taken(10), 10);
}

TEST_F(LeaseGateTest, AnAskThatIsGrantedWithinTheMinuteDoesNot) {
  gate_.OnError("NOPERM no permissions to access a key", now_);
  now_ += seconds(1);
  gate_.OnGranted(now_);
  EXPECT_FALSE(gate_.open());
}

TEST_F(LeaseGateTest, ATryThatIsRefusedClosesItForAnotherMinute) {
  gate_.OnError("ERR unknown command 'EVAL'", now_);
  now_ += LeaseGate::kOff;
  ASSERT_EQ(Taken(1), 1);
  gate_.OnError("ERR unknown command 'EVAL'", now_);
  now_ += LeaseGate::kOff - milliseconds(1);
  EXPECT_EQ(Taken(10), 0);
}

TEST_F(LeaseGateTest, OneLineIsLoggedForEachChange) {
  base::ConfigureLog(base::LogFormat::kJson, base::LogLevel::kInfo);
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 5; ++i) gate_.OnError("NOPERM no", now_);
  now_ += LeaseGate::kOff;
  for (int i = 0; i < 5; ++i) gate_.OnGranted(now_);
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 2);
  EXPECT_NE(log.find("NOPERM no"), std::string::npos);
}

TEST_F(LeaseGateTest, PassingErrorsFailOnlyTheirAsk) {
  for (const char* error : {"LOADING Redis is loading the dataset in memory", "BUSY Redis is busy running a script.",
                            "READONLY You can't write against a read only replica.",
                            "OOM command not allowed when used memory > 'maxmemory'.",
                            "MISCONF Redis is configured to save RDB snapshots", "WRONGTYPE Operation against a key",
                            "NOREPLICAS Not enough good replicas to write.", "CLUSTERDOWN The cluster is down"}) {
    EXPECT_FALSE(RefusesLeases(error)) << error;
  }
  EXPECT_FALSE(RefusesLeases(upstream::kTooLongReply));
}

TEST_F(LeaseGateTest, OtherErrorsAndUnknownRepliesRefuse) {
  for (const char* error :
       {"NOPERM this user has no permissions", "ERR unknown command 'EVAL'", "NOSCRIPT No matching script.",
        "ERR The user executing the script can't run this command or subcommand script", "ERR command not supported",
        ""}) {
    EXPECT_TRUE(RefusesLeases(error)) << error;
  }
}

}  // namespace
}  // namespace herdgate::pipeline

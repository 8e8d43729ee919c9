#include "sidecar/app/bypass.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "sidecar/base/log.h"

namespace herdgate::app {
namespace {

using std::chrono::seconds;

class TestClock final : public base::Clock {
 public:
  base::SteadyTime Now() const override { return now; }
  base::WallTime Wall() const override { return {}; }
  base::SteadyTime now{std::chrono::hours(1)};
};

policy::Policy Named(const std::string& name) {
  policy::Policy policy;
  policy.name = name;
  policy.near.enabled = true;
  policy.version.schema = 7;
  policy.ttl.max = seconds(60);
  policy.refresh.mode = policy::RefreshMode::kSynthetic;
  return policy;
}

class BypassTest : public ::testing::Test {
 protected:
  BypassTest() { base::SetLeastLogLevel(base::LogLevel::kError); }
  ~BypassTest() override { base::SetLeastLogLevel(before_); }

  base::Status Begin(std::vector<std::string> policies, int duration) {
    return bypass_.Set({.active = true, .duration = seconds(duration), .policies = std::move(policies), .by = "alice"});
  }

  const base::LogLevel before_ = base::LeastLogLevel();
  TestClock clock_;
  std::vector<policy::Policy> applied_;
  int applies_ = 0;
  Bypass bypass_{{Named("a"), Named("b")},
                 [this](const std::vector<policy::Policy>& policies) {
                   applied_ = policies;
                   ++applies_;
                 },
                 clock_};
};

TEST_F(BypassTest, ItTurnsOffWhatAnswersInRedisPlaceAndKeepsNamesAndExpiries) {
  ASSERT_TRUE(Begin({}, 10).ok());
  ASSERT_EQ(applied_.size(), 2U);
  for (const policy::Policy& policy : applied_) {
    EXPECT_FALSE(policy.near.enabled);
    EXPECT_EQ(policy.stampede.coalesce, policy::Coalesce::kOff);
    EXPECT_EQ(policy.refresh.mode, policy::RefreshMode::kOff);
    EXPECT_EQ(policy.version, Named("a").version);
    EXPECT_EQ(policy.ttl, Named("a").ttl);
    EXPECT_EQ(policy.offline_reads(), Named("a").offline_reads());
  }
}

TEST_F(BypassTest, ItEndsByItself) {
  ASSERT_TRUE(Begin({}, 10).ok());
  clock_.now += seconds(9);
  bypass_.EverySecond();
  EXPECT_TRUE(bypass_.View().active);
  clock_.now += seconds(1);
  bypass_.EverySecond();
  EXPECT_FALSE(bypass_.View().active);
  EXPECT_EQ(applied_, (std::vector<policy::Policy>{Named("a"), Named("b")}));
  EXPECT_EQ(applies_, 2);
  bypass_.EverySecond();
  EXPECT_EQ(applies_, 2);
}

TEST_F(BypassTest, OnlyTheNamedPoliciesAreBypassed) {
  ASSERT_TRUE(Begin({"b"}, 10).ok());
  EXPECT_EQ(applied_[0], Named("a"));
  EXPECT_FALSE(applied_[1].near.enabled);
  EXPECT_FALSE(Begin({"b", "c"}, 10).ok());
  EXPECT_EQ(bypass_.View().policies, std::vector<std::string>{"b"});
}

TEST_F(BypassTest, AReloadGoesOnUnderIt) {
  ASSERT_TRUE(Begin({}, 10).ok());
  bypass_.SetPolicies({Named("c")});
  ASSERT_EQ(applied_.size(), 1U);
  EXPECT_FALSE(applied_[0].near.enabled);
  ASSERT_TRUE(bypass_.Set({.active = false, .duration = {}, .policies = {}, .by = "bob"}).ok());
  EXPECT_EQ(applied_, std::vector<policy::Policy>{Named("c")});
}

TEST_F(BypassTest, EndingWhatIsNotThereChangesNothing) {
  ASSERT_TRUE(bypass_.Set({.active = false, .duration = {}, .policies = {}, .by = "bob"}).ok());
  EXPECT_EQ(applies_, 0);
}

}  // namespace
}  // namespace herdgate::app

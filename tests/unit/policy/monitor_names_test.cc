#include "sidecar/policy/monitor_names.h"

#include <gtest/gtest.h>

#include "tests/unit/policy/policy_fixtures.h"

namespace herdgate::policy {
namespace {

std::string Shown(const std::string& lines) {
  return ShowMonitored(*ThreePolicies(), lines);
}

TEST(MonitorNamesTest, ArgumentsLoseTheirVersion) {
  EXPECT_EQ(Shown("+1.5 [0 127.0.0.1:6] \"MGET\" \"v7:user:1\" \"free\"\r\n"),
            "+1.5 [0 127.0.0.1:6] \"MGET\" \"user:1\" \"free\"\r\n");
}

TEST(MonitorNamesTest, EscapedQuotesDoNotEndAnArgument) {
  EXPECT_EQ(Shown("+1 [0 a:6] \"SET\" \"v7:user:\\\"v7:user:1\\\"\" \"\\\\\" \"v7:user:2\"\r\n"),
            "+1 [0 a:6] \"SET\" \"user:\\\"v7:user:1\\\"\" \"\\\\\" \"user:2\"\r\n");
}

TEST(MonitorNamesTest, SeveralLinesAndUnfinishedQuotesPass) {
  EXPECT_EQ(Shown("+OK\r\n+1 [0 a:6] \"GET\" \"v7:user:1\"\r\n"), "+OK\r\n+1 [0 a:6] \"GET\" \"user:1\"\r\n");
  EXPECT_EQ(Shown("+1 \"GET\" \"v7:user:1"), "+1 \"GET\" \"user:1");
  EXPECT_EQ(Shown("+1 \"x\\"), "+1 \"x\\");
}

}  // namespace
}  // namespace herdgate::policy

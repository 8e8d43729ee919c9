#include "tests/bench/herd/cases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>

namespace herdgate::bench {
namespace {

using testing::HasSubstr;

std::variant<Options, Usage> Parse(std::initializer_list<const char*> arguments) {
  std::vector<const char*> argv = {"herdgate-herd"};
  argv.insert(argv.end(), arguments);
  return ParseOptions(static_cast<int>(argv.size()), argv.data());
}

Options Good(std::initializer_list<const char*> arguments) {
  const auto parsed = Parse(arguments);
  if (const Usage* usage = std::get_if<Usage>(&parsed)) {
    ADD_FAILURE() << usage->text;
    return {};
  }
  return std::get<Options>(parsed);
}

TEST(Cases, FlagsOverrideWhatTheCaseSets) {
  const Options plain = Good({"--case", "S3"});
  EXPECT_DOUBLE_EQ(plain.plan.slots, 30);
  EXPECT_EQ(plain.plan.expiries, 200U);
  const Options changed = Good({"--slots", "40", "--quick", "--case", "S3", "--expiries", "7"});
  EXPECT_DOUBLE_EQ(changed.plan.slots, 40);
  EXPECT_EQ(changed.plan.expiries, 7U);
  EXPECT_DOUBLE_EQ(changed.plan.ttl, 2);
}

TEST(Cases, AQuickCaseLeavesRoomForEarlyRefresh) {
  EXPECT_DOUBLE_EQ(Good({"--case", "S1", "--quick", "--refresh", "2"}).plan.ttl, 10);
}

TEST(Cases, ANearCacheMayBeLateByAPush) {
  EXPECT_DOUBLE_EQ(Good({"--case", "S1"}).plan.older_allowed, 0);
  EXPECT_DOUBLE_EQ(Good({"--case", "S1", "--near"}).plan.older_allowed, 0.05);
  EXPECT_DOUBLE_EQ(Good({"--case", "S1", "--near", "--older-allowed", "0.01"}).plan.older_allowed, 0.01);
}

TEST(Cases, S3UnprotectedIsTheCliff) {
  const auto runs = RunsOf(Good({"--case", "S3"}));
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_FALSE(runs[0].is_protected);
  EXPECT_NEAR(runs[0].theory.window, 8.67, 0.01);
  EXPECT_EQ(runs[0].plan.expiries, 3U);
  EXPECT_DOUBLE_EQ(runs[1].theory.recomputes, 1);
  EXPECT_EQ(runs[1].sidecars, 10U);
}

TEST(Cases, S6GoesOverTheFleetsWithAndWithoutLeases) {
  const auto runs = RunsOf(Good({"--case", "S6"}));
  ASSERT_EQ(runs.size(), 7U);
  EXPECT_EQ(runs[1].name, "1 sidecar, leases");
  EXPECT_EQ(runs[6].name, "50 sidecars, no leases");
  EXPECT_DOUBLE_EQ(runs[2].theory.recomputes, 1);
  EXPECT_DOUBLE_EQ(runs[5].theory.recomputes, 1);
  EXPECT_GT(runs[6].theory.recomputes, 20);
}

TEST(Cases, WithoutLeasesEarlyRefreshIsBoundedByTheFleetsFormula) {
  const auto runs = RunsOf(Good({"--case", "S1", "--leases", "off", "--refresh", "1", "--only-protected"}));
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_NEAR(runs[0].theory.recomputes, 2.32, 0.01);
}

TEST(Cases, AKilledLeaderCostsASecondComputation) {
  const auto runs = RunsOf(Good({"--case", "S5", "--only-protected"}));
  EXPECT_DOUBLE_EQ(runs[0].theory.recomputes, 2);
  EXPECT_TRUE(runs[0].plan.kill_leader);
  EXPECT_TRUE(runs[0].plan.pinned);
}

TEST(Cases, TheRateOfAKeyIsItsShareOfAll) {
  const auto runs = RunsOf(Good({"--case", "S1", "--rate", "10000", "--keys", "10", "--origins", "per-key"}));
  EXPECT_DOUBLE_EQ(runs[0].theory.recomputes, 200);
}

TEST(Cases, AMistakeIsToldAndEndsWithTwo) {
  for (const auto& arguments : {std::initializer_list<const char*>{"--case", "S9"},
                                {"--rate", "-1"},
                                {"--demo"},
                                {"--target", "127.0.0.1:1"},
                                {"--demo", "--target", "nowhere"},
                                {"--only-protected", "--only-unprotected"},
                                {"--nonsense"}}) {
    const auto parsed = Parse(arguments);
    const Usage* const usage = std::get_if<Usage>(&parsed);
    ASSERT_NE(usage, nullptr) << *arguments.begin();
    EXPECT_EQ(usage->exit_code, 2);
    EXPECT_THAT(usage->text, HasSubstr("herdgate-herd: "));
  }
}

TEST(Cases, TheDemoKnowsItsTarget) {
  const Options options = Good({"--demo", "--target", "127.0.0.1:7000", "--seconds", "5"});
  EXPECT_EQ(options.target.host, "127.0.0.1");
  EXPECT_EQ(options.target.port, 7000);
  EXPECT_DOUBLE_EQ(options.seconds, 5);
}

}  // namespace
}  // namespace herdgate::bench

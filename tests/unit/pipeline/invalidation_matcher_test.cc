#include "sidecar/pipeline/invalidation_matcher.h"

#include <gtest/gtest.h>

#include "sidecar/policy/glob.h"

namespace herdgate::pipeline {
namespace {

using Kind = InvalidationKind;
using Verdict = InvalidationMatcher::Verdict;
using namespace std::string_literals;

class InvalidationMatcherTest : public ::testing::Test {
 protected:
  InvalidationMatcherTest() {
    std::vector<policy::Policy> policies(4);
    policies[0].name = "plain";
    policies[0].match = {"plain:*", "place:*"};
    policies[1].name = "seven";
    policies[1].match = {"u:*"};
    policies[1].version.schema = 7;
    policies[2].name = "counted";
    policies[2].match = {"g:*"};
    policies[2].version.generation = true;
    policies[3].name = "inner";
    policies[3].match = {"plain:inner:*"};
    set_ = std::make_shared<const policy::PolicySet>(policies);
  }
  InvalidationMatcher Of(Kind kind, std::vector<std::string> targets, std::uint64_t generation = 5) const {
    const auto request =
        std::make_shared<const InvalidationRequest>(InvalidationRequest{.kind = kind, .targets = std::move(targets)});
    const std::vector<std::uint64_t> generations = {0, 0, generation, 0};
    return {request, std::make_shared<const policy::Snapshot>(set_, generations)};
  }
  static Verdict VerdictOf(const InvalidationMatcher& matcher, std::string_view key) {
    const InvalidationMatcher::Judged judged = matcher.Judge(key);
    // What is meant is found by the pattern that the upstream is asked.
    if (judged.verdict == Verdict::kMatch) {
      EXPECT_TRUE(policy::GlobMatches(matcher.pattern(), key)) << key;
    }
    return judged.verdict;
  }

  std::shared_ptr<const policy::PolicySet> set_;
};

TEST_F(InvalidationMatcherTest, APrefixIsAskedUnderItsVersion) {
  EXPECT_EQ(Of(Kind::kPrefix, {"plain:"}).pattern(), "plain:*");
  EXPECT_EQ(Of(Kind::kPrefix, {"u:4"}).pattern(), "v7:u:4*");
  EXPECT_EQ(Of(Kind::kPrefix, {"g:"}).pattern(), "g5:g:*");
  EXPECT_EQ(Of(Kind::kPrefix, {"p*[?"}).pattern(), "p\\*\\[\\?*");
  EXPECT_EQ(Of(Kind::kEverything, {}).pattern(), "*");
}

TEST_F(InvalidationMatcherTest, AnswersAreJudgedByTheLogicalKey) {
  const InvalidationMatcher matcher = Of(Kind::kPattern, {"?:1*"});
  EXPECT_EQ(VerdictOf(matcher, "v7:u:12"), Verdict::kMatch);
  EXPECT_EQ(matcher.Judge("v7:u:12").logical, "u:12");
  EXPECT_EQ(matcher.Judge("v7:u:12").policy, 1U);
  EXPECT_EQ(VerdictOf(matcher, "g5:g:1"), Verdict::kMatch);
  EXPECT_EQ(VerdictOf(matcher, "x:1"), Verdict::kMatch);
  EXPECT_EQ(matcher.Judge("x:1").policy, policy::PolicySet::kNone);
  EXPECT_EQ(VerdictOf(matcher, "x:2"), Verdict::kOther);
  EXPECT_EQ(VerdictOf(matcher, "v7:u:2"), Verdict::kOther);
}

TEST_F(InvalidationMatcherTest, OtherVersionsAreHidden) {
  const InvalidationMatcher matcher = Of(Kind::kEverything, {});
  EXPECT_EQ(VerdictOf(matcher, "v6:u:1"), Verdict::kHidden);
  EXPECT_EQ(VerdictOf(matcher, "u:1"), Verdict::kHidden);
  EXPECT_EQ(VerdictOf(matcher, "g4:g:1"), Verdict::kHidden);
  EXPECT_EQ(VerdictOf(matcher, "v6:other"), Verdict::kMatch);  // the app's own
}

TEST_F(InvalidationMatcherTest, TheSidecarsOwnKeysAreNeverMeant) {
  for (const char* key : {"__herdgate:generation:counted", "__herdgate:lease:{plain:1}", "__herdgate:"}) {
    EXPECT_EQ(VerdictOf(Of(Kind::kEverything, {}), key), Verdict::kOwn);
    EXPECT_EQ(VerdictOf(Of(Kind::kPrefix, {"__"}), key), Verdict::kOwn);
  }
}

TEST_F(InvalidationMatcherTest, APolicyMeansItsKeysAndNotThoseOfALongerPrefix) {
  const InvalidationMatcher matcher = Of(Kind::kPolicy, {"plain"});
  EXPECT_EQ(matcher.pattern(), "pla*");
  EXPECT_EQ(VerdictOf(matcher, "plain:1"), Verdict::kMatch);
  EXPECT_EQ(VerdictOf(matcher, "place:1"), Verdict::kMatch);
  EXPECT_EQ(VerdictOf(matcher, "plain:inner:1"), Verdict::kOther);
  EXPECT_EQ(VerdictOf(matcher, "plants"), Verdict::kOther);
  EXPECT_FALSE(matcher.can_bump());
  EXPECT_TRUE(Of(Kind::kPolicy, {"counted"}).can_bump());
  EXPECT_TRUE(Of(Kind::kPolicy, {"nobody"}).policy_gone());
}

TEST_F(InvalidationMatcherTest, WhatHasNoNameYetIsWaitedFor) {
  EXPECT_EQ(Of(Kind::kPrefix, {"g"}, 0).waits_for(), "counted");
  EXPECT_EQ(Of(Kind::kPattern, {"*1"}, 0).waits_for(), "counted");
  EXPECT_EQ(Of(Kind::kKeys, {"u:1", "g:1"}, 0).waits_for(), "counted");
  EXPECT_EQ(Of(Kind::kPolicy, {"counted"}, 0).waits_for(), "counted");
  EXPECT_EQ(Of(Kind::kPrefix, {"plain:"}, 0).waits_for(), "");
  EXPECT_EQ(Of(Kind::kPolicy, {"plain"}, 0).waits_for(), "");
  EXPECT_EQ(Of(Kind::kPrefix, {"g"}, 5).waits_for(), "");
}

TEST_F(InvalidationMatcherTest, KeysMayHoldAnyByte) {
  const std::string prefix = "u:\0\r\n\xff"s;
  const InvalidationMatcher matcher = Of(Kind::kPrefix, {prefix});
  EXPECT_EQ(VerdictOf(matcher, "v7:" + prefix + "\0"s), Verdict::kMatch);
  EXPECT_EQ(VerdictOf(matcher, "v7:u:"), Verdict::kOther);
  EXPECT_EQ(matcher.Physical(prefix), "v7:" + prefix);
}

TEST_F(InvalidationMatcherTest, WithoutPoliciesNamesAreAsTheyAre) {
  const auto request =
      std::make_shared<const InvalidationRequest>(InvalidationRequest{.kind = Kind::kPrefix, .targets = {"v7:u:"}});
  const InvalidationMatcher matcher(request, nullptr);
  EXPECT_EQ(matcher.pattern(), "v7:u:*");
  EXPECT_EQ(matcher.Judge("v7:u:1").verdict, Verdict::kMatch);
  EXPECT_EQ(matcher.Physical("v7:u:1"), "v7:u:1");
  EXPECT_EQ(matcher.waits_for(), "");
}

}  // namespace
}  // namespace herdgate::pipeline

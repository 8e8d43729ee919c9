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

class InvalidationMatcherTagTest : public InvalidationMatcherTest {
 protected:
  InvalidationMatcherTagTest() {
    std::vector<policy::Policy> policies = set_->policies();
    policies[2].tags = {{"g:([0-9]+):.*", "t:{1}"}};
    policies.push_back(policies[2]);
    policies.back().name = "audited";
    policies.back().match = {"a:*"};
    policies.back().mode = policy::Mode::kAudit;
    set_ = std::make_shared<const policy::PolicySet>(policies);
  }
  // In generation 5 of `counted`, where these were invalidated.
  InvalidationMatcher With(const std::string& tag, const policy::TagVersions& versions) const {
    const auto request =
        std::make_shared<const InvalidationRequest>(InvalidationRequest{.kind = Kind::kTag, .targets = {tag}});
    std::vector<policy::TagTablePtr> tags(3);
    tags[2] = std::make_shared<const policy::TagTable>(std::nullopt, 5, versions);
    return {request, std::make_shared<const policy::Snapshot>(set_, std::vector<std::uint64_t>{0, 0, 5}, tags)};
  }
};

TEST_F(InvalidationMatcherTagTest, ATagMeansTheKeysOfEnforcedRulesUnderTheirPresentNames) {
  const InvalidationMatcher matcher = With("t:4", {{"t:4", 9}});
  EXPECT_EQ(matcher.tag_policies(), (std::vector<std::string>{"counted"}));
  EXPECT_EQ(VerdictOf(matcher, "g5.t9:g:4:x"), Verdict::kMatch);
  EXPECT_EQ(VerdictOf(matcher, "g5:g:4:x"), Verdict::kHidden);
  EXPECT_EQ(VerdictOf(matcher, "g5.t8:g:4:x"), Verdict::kHidden);
  EXPECT_EQ(VerdictOf(matcher, "g5:g:5:x"), Verdict::kOther);
  EXPECT_EQ(VerdictOf(matcher, "a:4:x"), Verdict::kOther);
  EXPECT_EQ(VerdictOf(matcher, "plain:4"), Verdict::kOther);
  EXPECT_FALSE(matcher.can_bump());
  EXPECT_EQ(VerdictOf(With("t:4", {}), "g5:g:4:x"), Verdict::kMatch);
}

TEST_F(InvalidationMatcherTagTest, ATagThatNoRuleGivesConcernsNoPolicy) {
  EXPECT_TRUE(With("x:4", {}).tag_policies().empty());
  EXPECT_EQ(With("x:4", {}).Judge("g5:g:4:x").verdict, Verdict::kOther);
}

TEST_F(InvalidationMatcherTagTest, ItWaitsForEveryGeneration) {
  EXPECT_EQ(Of(Kind::kTag, {"t:4"}, 0).waits_for(), "counted");
  EXPECT_EQ(Of(Kind::kTag, {"x"}, 0).waits_for(), "counted");
  EXPECT_EQ(Of(Kind::kTag, {"t:4"}).waits_for(), "");
}

// Of other kinds too, keys are found whatever their tags.
TEST_F(InvalidationMatcherTagTest, PatternsFindKeysWithATag) {
  const auto request =
      std::make_shared<const InvalidationRequest>(InvalidationRequest{.kind = Kind::kPrefix, .targets = {"g:"}});
  const InvalidationMatcher matcher(request, With("t:4", {{"t:4", 9}}).snapshot());
  EXPECT_EQ(VerdictOf(matcher, "g5.t9:g:4:x"), Verdict::kMatch);
  EXPECT_EQ(VerdictOf(matcher, "g5:g:3:x"), Verdict::kMatch);
}

}  // namespace
}  // namespace herdgate::pipeline

#include "sidecar/policy/tag_rules.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace herdgate::policy {
namespace {

std::vector<std::string> TagsOf(const TagRules& rules, std::string_view key) {
  std::vector<std::string> tags;
  rules.ForEach(key, [&](std::string_view tag) { tags.emplace_back(tag); });
  return tags;
}

using Tags = std::vector<std::string>;

TEST(TagRulesTest, AGroupOfTheWholeKeyMakesTheTag) {
  const TagRules rules(
      std::vector<TagRule>{{"user:([0-9]+):(.*)", "tenant:{1}"}, {"user:.*:(cart|order)", "{1}s of {0}"}});
  EXPECT_EQ(TagsOf(rules, "user:42:cart"), (Tags{"tenant:42", "carts of user:42:cart"}));
  EXPECT_EQ(TagsOf(rules, "user:42:name"), (Tags{"tenant:42"}));
  EXPECT_EQ(TagsOf(rules, "user:42"), Tags{});
  EXPECT_EQ(TagsOf(rules, "x:user:42:cart"), Tags{});
}

TEST(TagRulesTest, ATagWithoutGroupsIsTheSameForAllItsKeys) {
  const TagRules rules(std::vector<TagRule>{{".*", "all"}});
  EXPECT_EQ(TagsOf(rules, ""), (Tags{"all"}));
  EXPECT_EQ(TagsOf(rules, "a\nb"), (Tags{"all"}));
}

TEST(TagRulesTest, KeysMayHoldAnyByte) {
  const TagRules rules(std::vector<TagRule>{{"k:([^:]*):.*", "t:{1}"}});
  const std::string key("k:\xff\x00\xc3:rest\n", 12);
  EXPECT_EQ(TagsOf(rules, key), (Tags{std::string("t:\xff\x00\xc3", 5)}));
}

TEST(TagRulesTest, AGroupThatTookNoPartGivesNoTag) {
  const TagRules rules(std::vector<TagRule>{{"user:(?:([0-9]+)|x)(y?)", "t:{1}"}, {"user:.(y?)", "u:{1}"}});
  EXPECT_EQ(TagsOf(rules, "user:7"), (Tags{"t:7", "u:"}));
  EXPECT_EQ(TagsOf(rules, "user:x"), (Tags{"u:"}));
}

TEST(TagRulesTest, ATagThatIsTooLongOrEmptyIsNone) {
  const TagRules rules(std::vector<TagRule>{{"(.*)", "{1}"}});
  EXPECT_EQ(TagsOf(rules, ""), Tags{});
  EXPECT_EQ(TagsOf(rules, std::string(256, 'a')), (Tags{std::string(256, 'a')}));
  EXPECT_EQ(TagsOf(rules, std::string(257, 'a')), Tags{});
}

TEST(TagRulesTest, WhetherAKeyHasATagIsAskedDirectly) {
  const TagRules rules(std::vector<TagRule>{{"user:([0-9]+):.*", "tenant:{1}"}, {"user:.*", "users"}});
  EXPECT_TRUE(rules.Gives("user:42:cart", "tenant:42"));
  EXPECT_TRUE(rules.Gives("user:42:cart", "users"));
  EXPECT_FALSE(rules.Gives("user:42:cart", "tenant:4"));
  EXPECT_TRUE(rules.CanGive("tenant:x"));
  EXPECT_TRUE(rules.CanGive("users"));
  EXPECT_FALSE(rules.CanGive("user"));
  EXPECT_FALSE(rules.CanGive("tenan"));
}

TEST(TagRulesTest, AStarInATagIsNoWildcard) {
  const TagRules rules(std::vector<TagRule>{{"user:(.*)", "a*b{1}"}});
  EXPECT_TRUE(rules.CanGive("a*bc"));
  EXPECT_FALSE(rules.CanGive("axbc"));
}

TEST(TagRulesTest, WhatIsWrongIsSaidInOneLine) {
  const auto message = [](const TagRule& rule) { return TagRules::Check(rule).message(); };
  EXPECT_TRUE(TagRules::Check({"user:([0-9]+)", "tenant:{1}"}).ok());
  EXPECT_TRUE(TagRules::Check({"user:[0-9]+", "users"}).ok());
  EXPECT_EQ(message({"user:(", "t"}), "match: not a regular expression: the parentheses do not match");
  EXPECT_EQ(message({"user:[", "t"}), "match: not a regular expression: a '[' is not closed");
  EXPECT_EQ(message({"(?=a)b", "t"}), "match: not a regular expression: looking ahead or behind is not possible");
  EXPECT_EQ(message({"user:(a)", "t:{2}"}), "tag: there is no group {2}: 'match' has 1, each in parentheses");
  EXPECT_EQ(message({"user:a", "t:{1}"}), "tag: there is no group {1}: 'match' has 0, each in parentheses");
  EXPECT_EQ(message({"user:a", "t:{x}"}), "tag: a brace is part of a group, like {1}; the groups are {0} to {9}");
  EXPECT_EQ(message({"user:a", "t}"}), "tag: a brace is part of a group, like {1}; the groups are {0} to {9}");
  EXPECT_EQ(message({"", "t"}), "match: expected a regular expression of 1 to 1024 bytes");
  EXPECT_EQ(message({"a", ""}), "tag: expected a text of 1 to 256 bytes");
  EXPECT_EQ(message({"a", std::string(257, 't')}), "tag: expected a text of 1 to 256 bytes");
}

TEST(TagRulesTest, WrongRulesGiveNoTag) {
  const TagRules rules(std::vector<TagRule>{{"user:(", "t"}, {".*", "t:{3}"}, {".*", "fine"}});
  EXPECT_EQ(TagsOf(rules, "user:1"), (Tags{"fine"}));
}

// 'a' thousands of times: what an expression that backtracks would not survive.
TEST(TagRulesTest, TimeIsLinearInTheKey) {
  const TagRules rules(std::vector<TagRule>{{"((a*)*)*b", "t"}});
  EXPECT_EQ(TagsOf(rules, std::string(100000, 'a')), Tags{});
}

TEST(TagRulesTest, TheFingerprintTellsRulesApartWhateverTheirOrder) {
  const std::vector<TagRule> one = {{"a", "b"}, {"c", "d"}};
  EXPECT_EQ(TagRules::Fingerprint(one), TagRules::Fingerprint({{"c", "d"}, {"a", "b"}}));
  EXPECT_NE(TagRules::Fingerprint(one), TagRules::Fingerprint({{"a", "b"}}));
  EXPECT_NE(TagRules::Fingerprint({{"ab", "c"}}), TagRules::Fingerprint({{"a", "bc"}}));
  EXPECT_EQ(TagRules::Fingerprint({}), 0U);
}

}  // namespace
}  // namespace herdgate::policy

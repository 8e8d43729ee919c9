#include "sidecar/policy/policy_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sidecar/base/random.h"
#include "sidecar/policy/glob.h"

namespace herdgate::policy {
namespace {

// One policy for each list of patterns.
PolicySet SetOf(const std::vector<std::vector<std::string>>& matches) {
  std::vector<Policy> policies;
  for (const auto& match : matches) {
    policies.push_back({.name = "p" + std::to_string(policies.size()), .match = match, .ttl = {}, .version = {}});
  }
  return PolicySet(std::move(policies));
}

constexpr std::size_t kNone = PolicySet::kNone;

TEST(PolicySetTest, TheLongestLiteralPrefixWins) {
  const PolicySet set = SetOf({{"*"}, {"user:*"}, {"user:admin:*"}, {"us*"}});
  EXPECT_EQ(set.Match("user:1"), 1U);
  EXPECT_EQ(set.Match("user:admin:1"), 2U);
  EXPECT_EQ(set.Match("user:admin"), 1U);
  EXPECT_EQ(set.Match("use"), 3U);
  EXPECT_EQ(set.Match("u"), 0U);
  EXPECT_EQ(set.Match(""), 0U);
  EXPECT_EQ(set.Match("x"), 0U);
}

TEST(PolicySetTest, EqualPrefixesGoByTheOrderOfTheFile) {
  const PolicySet set = SetOf({{"a:*b"}, {"a:*"}, {"a:?"}});
  EXPECT_EQ(set.Match("a:xb"), 0U);
  EXPECT_EQ(set.Match("a:x"), 1U);
}

TEST(PolicySetTest, AShorterPrefixIsTriedWhereTheLongerDoesNotMatch) {
  const PolicySet set = SetOf({{"user:*"}, {"user:1?"}, {"user:12:*"}, {"user:12:x"}});
  EXPECT_EQ(set.Match("user:12"), 1U);
  EXPECT_EQ(set.Match("user:12:y"), 2U);
  EXPECT_EQ(set.Match("user:12:x"), 3U);
  EXPECT_EQ(set.Match("user:123"), 0U);
}

TEST(PolicySetTest, NoPatternNoPolicy) {
  const PolicySet set = SetOf({{"user:*"}, {"cart:?"}});
  EXPECT_EQ(set.Match("user"), kNone);
  EXPECT_EQ(set.Match("cart:12"), kNone);
  EXPECT_EQ(set.Match(""), kNone);
  EXPECT_EQ(SetOf({}).Match("user"), kNone);
}

TEST(PolicySetTest, StarsInTheMiddleAndEscapesMatch) {
  const PolicySet set = SetOf({{"user:*:name"}, {"a\\*b*"}, {"[ab]:*"}, {"q\\[1]"}});
  EXPECT_EQ(set.Match("user:1:name"), 0U);
  EXPECT_EQ(set.Match("user:1:mail"), kNone);
  EXPECT_EQ(set.Match("a*b1"), 1U);
  EXPECT_EQ(set.Match("axb1"), kNone);
  EXPECT_EQ(set.Match("b:1"), 2U);
  EXPECT_EQ(set.Match("q[1]"), 3U);
}

TEST(PolicySetTest, KeysAreBytes) {
  const PolicySet set = SetOf({{std::string("\xff\0*", 3)}, {"\x80*"}});
  EXPECT_EQ(set.Match(std::string_view("\xff\0\x01", 3)), 0U);
  EXPECT_EQ(set.Match("\x80"), 1U);
  EXPECT_EQ(set.Match("\xff"), kNone);
}

TEST(PolicySetTest, AThousandPoliciesAreFoundByOneWalk) {
  std::vector<std::vector<std::string>> matches;
  for (int i = 0; i < 1000; ++i) matches.push_back({"service" + std::to_string(i) + ":*"});
  const PolicySet set = SetOf(matches);
  for (std::size_t i = 0; i < 1000; ++i) {
    ASSERT_EQ(set.Match("service" + std::to_string(i) + ":key"), i);
    ASSERT_EQ(set.Match("service" + std::to_string(i) + "x"), kNone);
  }
}

TEST(PolicySetTest, NestedPrefixesOfAnyDepthAreWalked) {
  std::vector<std::vector<std::string>> matches;
  for (std::size_t i = 1; i <= 1000; ++i) matches.push_back({std::string(i, 'a') + "*"});
  const PolicySet set = SetOf(matches);
  EXPECT_EQ(set.Match(std::string(1, 'a')), 0U);
  EXPECT_EQ(set.Match(std::string(500, 'a') + "b"), 499U);
  EXPECT_EQ(set.Match(std::string(5000, 'a')), 999U);
}

void ExpectSame(const PolicySet& set, std::string_view prefix, std::size_t index) {
  EXPECT_TRUE(set.MatchPrefix(prefix).same) << prefix;
  EXPECT_EQ(set.MatchPrefix(prefix).index, index) << prefix;
}
void ExpectDiffers(const PolicySet& set, std::string_view prefix) {
  EXPECT_FALSE(set.MatchPrefix(prefix).same) << prefix;
  EXPECT_EQ(set.MatchPrefix(prefix).index, kNone) << prefix;
}

TEST(PolicySetTest, APrefixHasOnePolicyOrSeveral) {
  const PolicySet set = SetOf({{"user:*"}, {"user:1:*"}, {"cart:?"}});
  ExpectSame(set, "user:2", 0);
  ExpectSame(set, "user:1:", 1);
  ExpectSame(set, "user:1:x", 1);
  ExpectSame(set, "user:12", 0);
  ExpectSame(set, "x", kNone);
  ExpectDiffers(set, "");
  ExpectDiffers(set, "us");      // inside a label
  ExpectDiffers(set, "user:");   // at a node
  ExpectDiffers(set, "user:1");  // inside a label below it
  ExpectDiffers(set, "cart:");
}

TEST(PolicySetTest, APatternThatMatchesAllIsTheOneOfEveryPrefix) {
  const PolicySet set = SetOf({{"*"}});
  ExpectSame(set, "", 0);
  ExpectSame(set, "x", 0);
}

TEST(PolicySetTest, PatternsOfOnePolicyAreOne) {
  const PolicySet set = SetOf({{"user:*", "us*", "user:1?"}});
  ExpectSame(set, "us", 0);
  ExpectSame(set, "user:1", 0);
  ExpectDiffers(set, "u");
}

TEST(PolicySetTest, PossiblePoliciesAreEachNamedOnce) {
  const PolicySet set = SetOf({{"a:*"}, {"a:x?", "a:y*"}, {"b"}});
  EXPECT_EQ(set.Possible("a:"), (std::vector<std::size_t>{0, 1}));
  EXPECT_EQ(set.Possible("a:y"), (std::vector<std::size_t>{1}));
  EXPECT_EQ(set.Possible(""), (std::vector<std::size_t>{0, 1, 2, kNone}));
  EXPECT_EQ(set.Possible("c"), (std::vector<std::size_t>{kNone}));
}

TEST(PolicySetTest, RequireTakesTheWholeKey) {
  std::vector<Policy> policies(4);
  policies[0].version.require = "user:[0-9]+";
  policies[2].version.require = "(";  // no regular expression
  policies[3].version.require = "a|b";
  const PolicySet set(std::move(policies));
  EXPECT_TRUE(set.Permits(0, "user:12"));
  EXPECT_FALSE(set.Permits(0, "user:12x"));
  EXPECT_FALSE(set.Permits(0, "xuser:12"));
  EXPECT_FALSE(set.Permits(0, ""));
  EXPECT_TRUE(set.Permits(1, "anything"));
  EXPECT_FALSE(set.Permits(2, "("));
  EXPECT_TRUE(set.Permits(3, "b"));
  EXPECT_FALSE(set.Permits(3, "ab"));
}

TEST(PolicySetTest, RequireRefusesWhatWouldTakeTooLong) {
  std::vector<Policy> policies(1);
  policies[0].version.require = "user:.*";
  const PolicySet set(std::move(policies));
  EXPECT_TRUE(set.Permits(0, "user:" + std::string(4091, 'x')));
  EXPECT_FALSE(set.Permits(0, "user:" + std::string(4092, 'x')));
}

// ---- against the definition

struct Naive {
  std::vector<std::vector<std::string>> matches;

  std::size_t Match(std::string_view key) const {
    std::size_t best = kNone;
    std::size_t longest = 0;
    for (std::size_t i = 0; i < matches.size(); ++i) {
      for (const std::string& glob : matches[i]) {
        const std::size_t size = LiteralPrefix(glob).size();
        // As KEYS: a lone '*' and the like match the empty key too.
        const bool matched = GlobMatches(glob, key) || (IsPrefixGlob(glob) && key.starts_with(LiteralPrefix(glob)));
        if (!matched || (best != kNone && size <= longest)) continue;
        best = i;
        longest = size;
      }
    }
    return best;
  }
};

std::string RandomText(base::Random& random, std::string_view letters, std::uint64_t most) {
  std::string text;
  for (std::uint64_t i = random.Below(most + 1); i > 0; --i) text += letters[random.Below(letters.size())];
  return text;
}

Naive RandomMatches(base::Random& random) {
  Naive naive;
  naive.matches.resize(1 + random.Below(8));
  for (auto& match : naive.matches) {
    for (std::uint64_t i = 1 + random.Below(3); i > 0; --i) {
      std::string glob = RandomText(random, "aab:", 5);
      if (random.Below(3) > 0) glob += '*';
      if (random.Below(3) == 0) glob += RandomText(random, "ab*?\\[", 3);
      match.push_back(std::move(glob));
    }
  }
  return naive;
}

TEST(PolicySetTest, MatchAgreesWithTheDefinition) {
  base::Random random(11);
  for (int round = 0; round < 3'000; ++round) {
    const Naive naive = RandomMatches(random);
    const PolicySet set = SetOf(naive.matches);
    for (int i = 0; i < 50; ++i) {
      const std::string key = RandomText(random, "aab:", 8);
      ASSERT_EQ(set.Match(key), naive.Match(key)) << key << " round " << round;
    }
  }
}

TEST(PolicySetTest, WhatKeysOfAPrefixHaveIsAmongWhatIsPossible) {
  base::Random random(12);
  int same = 0;
  int several = 0;
  for (int round = 0; round < 3'000; ++round) {
    const Naive naive = RandomMatches(random);
    const PolicySet set = SetOf(naive.matches);
    const std::string prefix = RandomText(random, "aab:", 4);
    const std::vector<std::size_t> possible = set.Possible(prefix);
    const PolicySet::PrefixMatch match = set.MatchPrefix(prefix);
    std::set<std::size_t> seen;
    for (int i = 0; i < 100; ++i) {
      const std::size_t index = naive.Match(prefix + RandomText(random, "aab:", 5));
      ASSERT_TRUE(std::ranges::count(possible, index) == 1) << prefix << " round " << round;
      ASSERT_TRUE(!match.same || index == match.index) << prefix << " round " << round;
      seen.insert(index);
    }
    same += match.same ? 1 : 0;
    several += seen.size() > 1 ? 1 : 0;
    // Plain prefixes leave nothing in doubt.
    const bool plain = std::ranges::all_of(naive.matches, [](const auto& globs) {
      return std::ranges::all_of(globs, [](const std::string& glob) { return IsPrefixGlob(glob); });
    });
    ASSERT_TRUE(!plain || !match.same || seen.size() == 1U) << prefix;
  }
  EXPECT_GT(same, 500);
  EXPECT_GT(several, 500);
}

}  // namespace
}  // namespace herdgate::policy

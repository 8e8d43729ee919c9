// The names that keys have by their tags.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sidecar/base/random.h"
#include "sidecar/policy/glob.h"
#include "sidecar/policy/key_patterns.h"
#include "sidecar/policy/snapshot.h"
#include "tests/unit/policy/policy_fixtures.h"

namespace herdgate::policy {
namespace {

constexpr std::uint64_t kGeneration = 1763680000123;

std::vector<Policy> TwoPolicies() {
  Policy user = VersionedPolicy("user", "user:*", 7, true);
  user.tags = {{"user:([^:]*):.*", "tenant:{1}"}, {".*:(cart|order)", "{1}"}};
  Policy plain = VersionedPolicy("plain", "p:*", 7, true);
  return {user, plain};
}

Snapshot Bumped(const TagVersions& versions, std::vector<Policy> policies = TwoPolicies()) {
  const auto schema = policies.front().version.schema;
  return Snapshot(std::make_shared<const PolicySet>(std::move(policies)), {kGeneration, 9},
                  {std::make_shared<const TagTable>(schema, kGeneration, versions), nullptr});
}

TEST(TagNamesTest, OnlyKeysWithABumpedTagHaveAnotherName) {
  const Snapshot snapshot = Bumped({{"tenant:42", kGeneration + 5}});
  EXPECT_EQ(snapshot.Physical("user:42:cart"), "v7.1763680000123.t1763680000128:user:42:cart");
  EXPECT_EQ(snapshot.Physical("user:41:cart"), "v7.1763680000123:user:41:cart");
  EXPECT_EQ(snapshot.Physical("p:42:cart"), "v7.9:p:42:cart");
  EXPECT_EQ(snapshot.Physical("other"), "other");
  EXPECT_EQ(snapshot.BasePrefix(0), "v7.1763680000123:");
}

TEST(TagNamesTest, TheGreatestVersionOfAKeysTagsCounts) {
  const auto name = [](const TagVersions& versions) { return Bumped(versions).Physical("user:42:cart"); };
  EXPECT_EQ(name({{"tenant:42", 5}, {"cart", 9}}), "v7.1763680000123.t9:user:42:cart");
  EXPECT_EQ(name({{"tenant:42", 10}, {"cart", 9}}), "v7.1763680000123.t10:user:42:cart");
  EXPECT_EQ(name({{"tenant:42", 10}, {"cart", 11}, {"order", 12}}), "v7.1763680000123.t11:user:42:cart");
}

TEST(TagNamesTest, ATableOfAnotherGenerationDoesNotCount) {
  const auto set = std::make_shared<const PolicySet>(TwoPolicies());
  const auto old = std::make_shared<const TagTable>(7, kGeneration - 1, TagVersions{{"cart", 5}});
  EXPECT_EQ(Snapshot(set, {kGeneration, 9}, {old, nullptr}).Physical("user:1:cart"), "v7.1763680000123:user:1:cart");
}

TEST(TagNamesTest, OnlyWhatIsEnforcedHasThem) {
  std::vector<Policy> policies = TwoPolicies();
  policies[0].mode = Mode::kAudit;
  EXPECT_EQ(Bumped({{"cart", 5}}, policies).Physical("user:1:cart"), "user:1:cart");
}

TEST(TagNamesTest, APrefixIsFoundByItsForm) {
  for (const std::string_view prefix : {"v7.17.t5:", "g17.t5:", "v0.1.t1:"}) {
    EXPECT_EQ(VersionPrefixSize(std::string(prefix) + "user:1"), prefix.size()) << prefix;
  }
  for (const char* text : {"v7.t5:x", "v7.1.t:x", "v7.1.5:x", "v7.1t5:x", "v7.1.t5.t6:x", "g1.t:x", "g1.2:x", "v7.1.t5",
                           "v7.1.T5:x", "g.t5:x", "v7.1.t5x:x"}) {
    EXPECT_EQ(VersionPrefixSize(text), 0U) << text;
  }
  EXPECT_EQ(VersionPrefix(7, 17, 5), "v7.17.t5:");
  EXPECT_EQ(VersionPrefix(std::nullopt, 17, 5), "g17.t5:");
}

// Any key, any tags: the physical name leads back to the logical one, under this version and no other.
TEST(TagNamesTest, NamesGoThereAndBackAndNeverMeet) {
  base::Random random(7);
  constexpr std::string_view kPieces[] = {
      "user:", "p:", "cart", "order", ":", "v7.17:", "v7.17.t5:", "g9:", ".t5", "tenant", "{1}", "42", "", "v7"};
  const auto word = [&] {
    std::string text = random.Below(2) == 0 ? "user:" : "";
    for (std::uint64_t left = random.Below(5); left > 0; --left) text += kPieces[random.Below(std::size(kPieces))];
    return text;
  };
  for (int round = 0; round < 2000; ++round) {
    TagVersions versions;
    for (const char* tag : {"tenant:", "tenant:42", "cart", "order", "tenant:v7.17"}) {
      if (random.Below(2) == 0) versions[tag] = kGeneration + 1 + random.Below(1000);
    }
    std::vector<Policy> policies = TwoPolicies();
    if (random.Below(3) == 0) policies[0].version.schema.reset();
    const Snapshot snapshot = Bumped(versions, policies);
    std::map<std::string, std::string> names;
    for (int i = 0; i < 20; ++i) {
      const std::string key = word();
      // The one form of keys that an app can't have outside every policy.
      if (snapshot.set().Match(key) == PolicySet::kNone && VersionPrefixSize(key) > 0) continue;
      const std::string physical = snapshot.Physical(key);
      ASSERT_EQ(snapshot.Visible(physical), key) << physical;
      ASSERT_EQ(snapshot.Logical(physical), key) << physical;
      ASSERT_EQ(snapshot.Prefix(snapshot.set().Match(key), key), physical.substr(0, physical.size() - key.size()));
      const auto [at, fresh] = names.emplace(physical, key);
      ASSERT_TRUE(fresh || at->second == key) << physical;
    }
  }
}

TEST(TagNamesTest, ABumpOfAnyTagGivesANameThatNeverWas) {
  base::Random random(11);
  const std::string key = "user:42:cart";
  TagVersions versions;
  std::vector<std::string> names = {Bumped(versions).Physical(key)};
  std::uint64_t version = kGeneration;
  for (int round = 0; round < 200; ++round) {
    constexpr const char* kTags[] = {"tenant:42", "cart", "tenant:1", "order"};
    const std::uint64_t tag = random.Below(4);
    versions[kTags[tag]] = version += 1 + random.Below(3);
    const std::string name = Bumped(versions).Physical(key);
    const bool was = std::find(names.begin(), names.end(), name) != names.end();
    ASSERT_EQ(was, tag >= 2) << kTags[tag];
    EXPECT_EQ(name == names.back(), tag >= 2);
    names.push_back(name);
  }
}

TEST(TagNamesTest, ATableWithChangesIsThatOfAllTogether) {
  base::Random random(3);
  const auto set = std::make_shared<const PolicySet>(TwoPolicies());
  TagVersions all;
  TagTablePtr table = std::make_shared<const TagTable>(7, kGeneration, all);
  std::uint64_t version = kGeneration;
  for (int round = 0; round < 2000; ++round) {
    TagVersions changes;
    for (std::uint64_t left = random.Below(4); left > 0; --left)
      changes["tenant:" + std::to_string(random.Below(600))] = ++version;
    for (const auto& [tag, changed] : changes) all[tag] = changed;
    table = table->With(changes);
    const std::string tenant = std::to_string(random.Below(600));
    const auto expected = all.find("tenant:" + tenant);
    const std::uint64_t has = expected == all.end() ? 0 : expected->second;
    ASSERT_EQ(Snapshot(set, {kGeneration, 9}, {table, nullptr}).Physical("user:" + tenant + ":x"),
              VersionPrefix(7, kGeneration, has) + "user:" + tenant + ":x");
  }
  EXPECT_GT(all.size(), 500U);
}

TEST(TagNamesTest, OldNamesAreNotVisible) {
  const Snapshot snapshot = Bumped({{"tenant:42", 50}, {"cart", 60}});
  for (const char* physical :
       {"v7.1763680000123:user:42:cart", "v7.1763680000123.t50:user:42:cart", "v7.1763680000123.t61:user:42:cart",
        "v7.1763680000122.t60:user:42:cart", "v8.1763680000123.t60:user:42:cart"}) {
    EXPECT_EQ(snapshot.Visible(physical), std::nullopt) << physical;
    EXPECT_EQ(snapshot.Logical(physical), "user:42:cart");
  }
  EXPECT_EQ(snapshot.Visible("v7.1763680000123.t60:user:42:cart"), "user:42:cart");
  EXPECT_EQ(snapshot.Visible("v7.9.t5:p:1"), std::nullopt);
}

TEST(TagNamesTest, AListingFindsKeysWhateverTheirTags) {
  const Snapshot snapshot = Bumped({{"tenant:42", 50}});
  const ListingPattern all = TranslateListing(snapshot, "user:4*");
  EXPECT_FALSE(all.exact);
  for (const char* key : {"user:42:cart", "user:41:cart", "user:4"})
    EXPECT_TRUE(GlobMatches(all.physical, snapshot.Physical(key))) << key;
  EXPECT_FALSE(GlobMatches(all.physical, snapshot.Physical("p:4")));
  const ListingPattern one = TranslateListing(snapshot, "user:42:cart");
  EXPECT_EQ(one.physical, snapshot.Physical("user:42:cart"));
  EXPECT_TRUE(one.exact);
  // Without a bumped tag, and under other policies, patterns are as they were.
  EXPECT_EQ(TranslateListing(Bumped({}), "user:4*").physical, "v7.1763680000123:user:4*");
  EXPECT_TRUE(TranslateListing(Bumped({}), "user:4*").exact);
  EXPECT_TRUE(TranslateListing(snapshot, "p:*").exact);
}

TEST(TagNamesTest, PatternsThatOneVersionHasToServeAreRefusedFromTheStart) {
  const Snapshot snapshot = Bumped({});
  EXPECT_EQ(TranslateSort(snapshot, "user:*:cart"), std::nullopt);
  EXPECT_EQ(TranslateTrackingPrefix(snapshot, "user:4"), std::nullopt);
  EXPECT_EQ(TranslateSort(snapshot, "p:*"), "v7.9:p:*");
}

}  // namespace
}  // namespace herdgate::policy

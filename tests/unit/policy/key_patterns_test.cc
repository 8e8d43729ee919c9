#include "sidecar/policy/key_patterns.h"

#include <gtest/gtest.h>

#include "sidecar/policy/glob.h"
#include "sidecar/policy/push_channel.h"
#include "tests/unit/policy/policy_fixtures.h"

namespace herdgate::policy {
namespace {

void ExpectListing(const SnapshotPtr& snapshot, std::string_view glob, std::string_view physical, bool exact) {
  const ListingPattern pattern = TranslateListing(*snapshot, glob);
  EXPECT_EQ(pattern.physical, physical) << glob;
  EXPECT_EQ(pattern.exact, exact) << glob;
}

TEST(KeyPatternsTest, AListingOfOneVersionIsExact) {
  ExpectListing(ThreePolicies(), "user:*", "v7:user:*", true);
  ExpectListing(ThreePolicies(), "user:[0-9]?", "v7:user:[0-9]?", true);
  ExpectListing(ThreePolicies(), "cart:1", "v2.1700:cart:1", true);
  ExpectListing(ThreePolicies(), "gen:*", "g9:gen:*", true);
  ExpectListing(OnePolicy(), "*", "v7:*", true);
  ExpectListing(OnePolicy(), "[a-z]*", "v7:[a-z]*", true);
}

TEST(KeyPatternsTest, AListingOfUnversionedKeysMayMeetVersionedNames) {
  ExpectListing(ThreePolicies(), "free*", "free*", true);
  ExpectListing(ThreePolicies(), "v*", "v*", false);
  ExpectListing(ThreePolicies(), "v7:user:*", "v7:user:*", false);
}

TEST(KeyPatternsTest, AListingOfSeveralVersionsIsWider) {
  ExpectListing(ThreePolicies(), "*", "*", false);
  ExpectListing(ThreePolicies(), "u*", "*u*", false);
  ExpectListing(ThreePolicies(), "*:1", "*:1", false);
  ExpectListing(ThreePolicies(), "[uc]*", "*[uc]*", false);
  // A literal is one key, whatever begins like it.
  ExpectListing(ThreePolicies(), "user", "user", true);
  ExpectListing(ThreePolicies(), "us\\er", "us\\er", true);
}

TEST(KeyPatternsTest, AWiderListingMatchesEveryVersion) {
  for (const char* key : {"user:1", "cart:1", "gen:1", "u", "free:1"}) {
    for (const char* glob : {"*", "u*", "*:1", "[ucg]*", "?*"}) {
      if (!GlobMatches(glob, key)) continue;
      EXPECT_TRUE(GlobMatches(TranslateListing(*ThreePolicies(), glob).physical, ThreePolicies()->Physical(key)))
          << glob << " " << key;
    }
  }
}

TEST(KeyPatternsTest, PoliciesOfOneSchemaAreOneVersion) {
  const auto snapshot =
      std::make_shared<const Snapshot>(std::make_shared<const PolicySet>(std::vector<Policy>{
                                           VersionedPolicy("user", "user:*", 7), VersionedPolicy("rest", "*", 7),
                                           VersionedPolicy("gen", "gen:*", 7, true)}),
                                       std::vector<std::uint64_t>{0, 0, 9});
  ExpectListing(snapshot, "u*", "v7:u*", true);
  ExpectListing(snapshot, "*", "*", false);
  EXPECT_EQ(TranslateSort(*snapshot, "u*"), "v7:u*");
  EXPECT_EQ(TranslateSort(*snapshot, "g*"), std::nullopt);
}

TEST(KeyPatternsTest, UnversionedPoliciesAreOneVersion) {
  const auto snapshot = std::make_shared<const Snapshot>(
      std::make_shared<const PolicySet>(std::vector<Policy>{VersionedPolicy("one", "w1:*", std::nullopt),
                                                            VersionedPolicy("two", "w2:*", std::nullopt),
                                                            VersionedPolicy("user", "user:*", 7)}),
      std::vector<std::uint64_t>{0, 0, 0});
  EXPECT_EQ(TranslateSort(*snapshot, "w*"), "w*");
  EXPECT_EQ(TranslateTrackingPrefix(*snapshot, "w"), "w");
}

TEST(KeyPatternsTest, SortPatternsOfOneVersionGetIt) {
  EXPECT_EQ(TranslateSort(*ThreePolicies(), "user:*"), "v7:user:*");
  EXPECT_EQ(TranslateSort(*ThreePolicies(), "user:*->name"), "v7:user:*->name");
  EXPECT_EQ(TranslateSort(*ThreePolicies(), "weight_*"), "weight_*");
  EXPECT_EQ(TranslateSort(*OnePolicy(), "*"), "v7:*");
  // No glob: these bytes stand for themselves.
  EXPECT_EQ(TranslateSort(*ThreePolicies(), "user:[a]\\*"), "v7:user:[a]\\*");
}

TEST(KeyPatternsTest, SortPatternsThatNameNoKeyStay) {
  EXPECT_EQ(TranslateSort(*OnePolicy(), "#"), "#");
  EXPECT_EQ(TranslateSort(*OnePolicy(), "nosort"), "nosort");
  EXPECT_EQ(TranslateSort(*OnePolicy(), ""), "");
}

TEST(KeyPatternsTest, SortPatternsOfSeveralVersionsHaveNoForm) {
  EXPECT_EQ(TranslateSort(*ThreePolicies(), "*"), std::nullopt);
  EXPECT_EQ(TranslateSort(*ThreePolicies(), "us*"), std::nullopt);
}

TEST(KeyPatternsTest, TrackingPrefixesOfOneVersionGetIt) {
  EXPECT_EQ(TranslateTrackingPrefix(*ThreePolicies(), "user:"), "v7:user:");
  EXPECT_EQ(TranslateTrackingPrefix(*ThreePolicies(), "free"), "free");
  EXPECT_EQ(TranslateTrackingPrefix(*ThreePolicies(), "us"), std::nullopt);
  EXPECT_EQ(TranslateTrackingPrefix(*OnePolicy(), ""), "v7:");
}

TEST(KeyPatternsTest, ChannelsOfKeysGetTheirVersion) {
  EXPECT_EQ(TranslateChannel(*ThreePolicies(), "__keyspace@0__:user:1", false), "__keyspace@0__:v7:user:1");
  EXPECT_EQ(TranslateChannel(*ThreePolicies(), "__keyspace@12__:cart:1", false), "__keyspace@12__:v2.1700:cart:1");
  // A channel is no pattern.
  EXPECT_EQ(TranslateChannel(*ThreePolicies(), "__keyspace@0__:user:*", false), "__keyspace@0__:v7:user:*");
}

TEST(KeyPatternsTest, OtherChannelsStay) {
  for (const char* channel : {"__keyspace@0__:free", "__keyevent@0__:set", "user:1", "__keyspace@x__:user:1",
                              "__keyspace@__:user:1", "__keyspace@0:user:1", "__redis__:invalidate", ""}) {
    EXPECT_EQ(TranslateChannel(*ThreePolicies(), channel, false), channel);
  }
  for (const char* pattern : {"user:*", "*", "__*", "__keyevent@0__:*", "news__:*", "__keyspace@0__:free*", ""}) {
    EXPECT_EQ(TranslateChannel(*ThreePolicies(), pattern, true), pattern);
  }
}

TEST(KeyPatternsTest, ChannelPatternsOfOneVersionGetIt) {
  EXPECT_EQ(TranslateChannel(*ThreePolicies(), "__keyspace@0__:user:*", true), "__keyspace@0__:v7:user:*");
  EXPECT_EQ(TranslateChannel(*ThreePolicies(), "__keyspace@*__:user:*", true), "__keyspace@*__:v7:user:*");
  EXPECT_EQ(TranslateChannel(*OnePolicy(), "__keyspace@0__:*", true), "__keyspace@0__:v7:*");
  // Of every generation: the subscription outlives a bump.
  EXPECT_EQ(TranslateChannel(*ThreePolicies(), "__keyspace@0__:cart:*", true), "__keyspace@0__:v2.[0-9]*:cart:*");
  EXPECT_EQ(TranslateChannel(*ThreePolicies(), "__keyspace@0__:gen:*", true), "__keyspace@0__:g[0-9]*:gen:*");
}

TEST(KeyPatternsTest, ChannelPatternsOfSeveralVersionsAreWider) {
  EXPECT_EQ(TranslateChannel(*ThreePolicies(), "__keyspace@0__:*", true), "__keyspace@0__:***");
  EXPECT_EQ(TranslateChannel(*ThreePolicies(), "__keyspace@0__:u*", true), "__keyspace@0__:**u*");
  // Events too: what names one of them must still match.
  EXPECT_EQ(TranslateChannel(*ThreePolicies(), "__key*__:*", true), "__key*__:***");
  EXPECT_EQ(TranslateChannel(*OnePolicy(), "*__:*", true), "*__:***");
}

TEST(KeyPatternsTest, WhatAnAppSubscribesToIsFoundAgain) {
  for (const SnapshotPtr& snapshot : {ThreePolicies(), OnePolicy()}) {
    for (const char* pattern :
         {"__keyspace@0__:*", "__keyspace@0__:user:*", "__keyspace@*__:cart:*", "__key*__:*", "__keyspace@0__:u*",
          "__keyspace@0__:**", "__keyspace@0__:gen:**", "__keyspace@0__:free", "*", "news.*", "__keyspace@0__:v*",
          "__keyspace@0__:", "__keyevent@0__:*"}) {
      EXPECT_EQ(LogicalChannelPattern(*snapshot, TranslateChannel(*snapshot, pattern, true)), pattern);
    }
    for (const char* channel : {"__keyspace@0__:user:1", "__keyspace@3__:gen:1", "__keyspace@0__:free", "news"}) {
      EXPECT_EQ(LogicalChannel(*snapshot, TranslateChannel(*snapshot, channel, false)), channel);
    }
  }
}

TEST(KeyPatternsTest, WithoutVersionsNothingChanges) {
  const Snapshot snapshot(
      std::make_shared<const PolicySet>(std::vector<Policy>{VersionedPolicy("all", "*", std::nullopt)}), {0});
  EXPECT_EQ(TranslateListing(snapshot, "v*").physical, "v*");
  EXPECT_TRUE(TranslateListing(snapshot, "v*").exact);
  EXPECT_EQ(TranslateChannel(snapshot, "__key*__:*", true), "__key*__:*");
  EXPECT_EQ(TranslateSort(snapshot, "w_*"), "w_*");
}

}  // namespace
}  // namespace herdgate::policy

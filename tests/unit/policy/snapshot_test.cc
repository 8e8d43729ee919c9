#include "sidecar/policy/snapshot.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

#include "tests/unit/policy/policy_fixtures.h"

namespace herdgate::policy {
namespace {

TEST(SnapshotTest, ThePrefixTellsSchemaAndGeneration) {
  EXPECT_EQ(VersionPrefix(7, 0), "v7:");
  EXPECT_EQ(VersionPrefix(7, 1763680000123), "v7.1763680000123:");
  EXPECT_EQ(VersionPrefix(std::nullopt, 1763680000123), "g1763680000123:");
  EXPECT_EQ(VersionPrefix(std::nullopt, 0), "");
  EXPECT_EQ(VersionPrefix(0, 0), "v0:");
}

TEST(SnapshotTest, APrefixIsFoundByItsForm) {
  for (const std::string_view prefix : {"v7:", "v0:", "v7.1763680000123:", "g1763680000123:"}) {
    EXPECT_EQ(VersionPrefixSize(std::string(prefix) + "user:1"), prefix.size()) << prefix;
    EXPECT_EQ(VersionPrefixSize(prefix), prefix.size()) << prefix;
  }
  for (const char* text :
       {"", "v", "v7", "v:", "v:x", "g:", "v7.:", "v.7:", "v7.8", "g7.8:", "w7:", "V7:", "v-7:", "7:"}) {
    EXPECT_EQ(VersionPrefixSize(text), 0U) << text;
  }
}

TEST(SnapshotTest, NamesGoThereAndBack) {
  const SnapshotPtr snapshot = ThreePolicies();
  for (const char* key : {"user:1", "cart:", "gen:x:y", "other", "", "v7:other", "user", "v1:"}) {
    const std::string physical = snapshot->Physical(key);
    EXPECT_EQ(snapshot->Visible(physical), key);
    EXPECT_EQ(snapshot->Logical(physical), key);
  }
  EXPECT_EQ(snapshot->Physical("user:1"), "v7:user:1");
  EXPECT_EQ(snapshot->Physical("cart:1"), "v2.1700:cart:1");
  EXPECT_EQ(snapshot->Physical("gen:1"), "g9:gen:1");
}

TEST(SnapshotTest, OtherVersionsAreNotVisible) {
  const SnapshotPtr snapshot = ThreePolicies();
  for (const char* physical : {"user:1", "v6:user:1", "v7.1:user:1", "g7:user:1", "v2:cart:1", "v2.1699:cart:1",
                               "g8:gen:1", "__herdgate:generation:cart"}) {
    EXPECT_EQ(snapshot->Visible(physical), std::nullopt) << physical;
  }
  EXPECT_EQ(snapshot->Logical("v6:user:1"), "user:1");  // whatever the version
  EXPECT_EQ(snapshot->Logical("v6:other"), "v6:other");
}

TEST(SnapshotTest, OnlyWhatIsEnforcedHasVersions) {
  for (const Mode mode : {Mode::kAudit, Mode::kOff}) {
    Policy policy = VersionedPolicy("user", "user:*", 7, true);
    policy.mode = mode;
    const Snapshot snapshot(std::make_shared<const PolicySet>(std::vector<Policy>{policy}), {5});
    EXPECT_FALSE(snapshot.versions());
    EXPECT_EQ(snapshot.audits_versions(), mode == Mode::kAudit);
    EXPECT_EQ(snapshot.Physical("user:1"), "user:1");
    EXPECT_EQ(snapshot.Visible("user:1"), "user:1");
    EXPECT_FALSE(snapshot.IsWaiting(0));
  }
  EXPECT_TRUE(ThreePolicies()->versions());
  EXPECT_FALSE(ThreePolicies()->audits_versions());
}

TEST(SnapshotTest, AGenerationThatIsNotKnownIsAwaited) {
  const auto set = std::make_shared<const PolicySet>(
      std::vector<Policy>{VersionedPolicy("user", "user:*", 7), VersionedPolicy("cart", "cart:*", 2, true)});
  const Snapshot waiting(set, {});
  EXPECT_FALSE(waiting.IsWaiting(0));
  EXPECT_TRUE(waiting.IsWaiting(1));
  EXPECT_FALSE(waiting.IsWaiting(PolicySet::kNone));
  EXPECT_EQ(waiting.first_waiting(), 1U);
  EXPECT_TRUE(waiting.versions());
  const Snapshot known(set, {0, 5});
  EXPECT_FALSE(known.IsWaiting(1));
  EXPECT_EQ(known.first_waiting(), PolicySet::kNone);
}

TEST(SnapshotTest, NoPolicyNoPrefix) {
  EXPECT_EQ(ThreePolicies()->BasePrefix(PolicySet::kNone), "");
  EXPECT_EQ(ThreePolicies()->Prefix(PolicySet::kNone, "user:1"), "");
}

TEST(SnapshotTest, ItCachesIfOneEnforcedPolicyIsACache) {
  const auto caches = [](Mode mode, bool near) {
    Policy policy = VersionedPolicy("b", "b*", 1);
    policy.mode = mode;
    policy.near.enabled = near;
    const std::vector<Policy> policies = {VersionedPolicy("a", "a*", 1), policy};
    return Snapshot(std::make_shared<const PolicySet>(policies), {}).caches();
  };
  EXPECT_TRUE(caches(Mode::kEnforce, true));
  EXPECT_FALSE(caches(Mode::kEnforce, false));
  EXPECT_FALSE(caches(Mode::kAudit, true));
  EXPECT_FALSE(caches(Mode::kOff, true));
}

TEST(SnapshotTest, ItWatchesIfOneEnforcedPolicyHasANearCacheOrCoalesces) {
  const auto watches = [](Mode mode, bool near, Coalesce coalesce) {
    Policy policy = VersionedPolicy("b", "b*", 1);
    policy.mode = mode;
    policy.near.enabled = near;
    policy.stampede.coalesce = coalesce;
    Policy other = VersionedPolicy("a", "a*", 1);
    other.stampede.coalesce = Coalesce::kOff;
    const Snapshot snapshot(std::make_shared<const PolicySet>(std::vector<Policy>{other, policy}), {});
    EXPECT_EQ(snapshot.nears(), near && mode == Mode::kEnforce);
    EXPECT_EQ(snapshot.IsNear(1), near && mode == Mode::kEnforce);
    return snapshot.watches();
  };
  EXPECT_TRUE(watches(Mode::kEnforce, true, Coalesce::kOff));
  EXPECT_TRUE(watches(Mode::kEnforce, false, Coalesce::kAuto));
  EXPECT_TRUE(watches(Mode::kEnforce, false, Coalesce::kOn));
  EXPECT_FALSE(watches(Mode::kEnforce, false, Coalesce::kOff));
  EXPECT_FALSE(watches(Mode::kAudit, true, Coalesce::kOn));
  EXPECT_FALSE(watches(Mode::kOff, true, Coalesce::kOn));
}

}  // namespace
}  // namespace herdgate::policy

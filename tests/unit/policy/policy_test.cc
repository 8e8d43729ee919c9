#include "sidecar/policy/policy.h"

#include <gtest/gtest.h>

#include <optional>

namespace herdgate::policy {
namespace {

Policy With(bool near, Fallback fallback, std::optional<OfflineReads> reads) {
  Policy policy;
  policy.near.enabled = near;
  policy.offline = {.reads = reads, .fallback = fallback};
  return policy;
}

TEST(PolicyTest, OfflineReadsPassUnlessSomethingMakesThePolicyACache) {
  EXPECT_EQ(Policy{}.offline_reads(), OfflineReads::kPass);
  EXPECT_EQ(With(true, Fallback::kNone, std::nullopt).offline_reads(), OfflineReads::kMiss);
  EXPECT_EQ(With(false, Fallback::kMemory, std::nullopt).offline_reads(), OfflineReads::kMiss);
}

TEST(PolicyTest, OfflineReadsAreWhatIsConfigured) {
  for (const OfflineReads reads : {OfflineReads::kPass, OfflineReads::kMiss, OfflineReads::kError}) {
    for (const bool near : {false, true}) EXPECT_EQ(With(near, Fallback::kNone, reads).offline_reads(), reads);
  }
}

TEST(PolicyTest, OnlyAnEnforcedPolicyThatDoesNotPassIsACache) {
  Policy policy = With(true, Fallback::kNone, std::nullopt);
  EXPECT_TRUE(policy.cache());
  policy.mode = Mode::kAudit;
  EXPECT_FALSE(policy.cache());
  policy.mode = Mode::kOff;
  EXPECT_FALSE(policy.cache());
  EXPECT_FALSE(With(true, Fallback::kNone, OfflineReads::kPass).cache());
  EXPECT_TRUE(With(false, Fallback::kNone, OfflineReads::kError).cache());
  EXPECT_FALSE(Policy{}.cache());
}

}  // namespace
}  // namespace herdgate::policy

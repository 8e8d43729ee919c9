#include "sidecar/config/policy_check.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/config/policy_text.h"

namespace herdgate::config {
namespace {

const char* const kNoOldValues =
    "stampede.on_timeout: stale has nothing to answer with stampede.stale_while_revalidate: 0ms\n";
const char* const kNoNearCache =
    "stampede.on_timeout: stale needs near.enabled: true; with stampede.grace: near, old values are kept in the near "
    "cache only\n";
const char* const kNoLeases =
    "refresh.mode: synthetic needs the leases that stampede.coalesce: off turns off; use auto or on there\n";
const char* const kNoTime = "refresh.mode: synthetic has no time to refresh with a ttl.max below 1s\n";

std::string At(int column, const std::string& problem) {
  return "c:1:" + std::to_string(column) + ": policy 'p': " + problem;
}

TEST(PolicyCheckTest, AWaitLongerThanTheLeaseIsRefused) {
  EXPECT_EQ(Problems(With("stampede: {max_wait: 2001ms, lease: 2s}")),
            At(57, "stampede.max_wait: it is longer than stampede.lease\n"));
  EXPECT_EQ(Problems(With("stampede: {lease: 2s, max_wait: 3s}")),
            At(68, "stampede.max_wait: it is longer than stampede.lease\n"));
  EXPECT_EQ(Problems(With("stampede: {max_wait: 2s, lease: 2s}")), "");
  EXPECT_EQ(Problems(With("stampede: {max_wait: 10s, lease: auto}")), "");
  EXPECT_EQ(Problems(With("stampede: {max_wait: 10s}")), "");
}

TEST(PolicyCheckTest, ALeaseShorterThanTheDefaultWaitIsRefused) {
  EXPECT_EQ(Problems(With("stampede: {lease: 399ms}")),
            At(54, "stampede.lease: it is shorter than stampede.max_wait, which is 400ms; give both\n"));
  EXPECT_EQ(Problems(With("stampede: {lease: 400ms}")), "");
  EXPECT_EQ(Problems(With("stampede: {lease: 250ms, max_wait: 250ms}")), "");
}

TEST(PolicyCheckTest, StaleAfterAWaitNeedsOldValues) {
  EXPECT_EQ(Problems(With("near: {enabled: true}, stampede: {on_timeout: stale, stale_while_revalidate: 0ms}")),
            At(82, kNoOldValues));
  EXPECT_EQ(Problems(With("stampede: {on_timeout: stale}")), At(59, kNoNearCache));
  EXPECT_EQ(Problems(With("near: {enabled: false}, stampede: {on_timeout: stale}")), At(83, kNoNearCache));
  EXPECT_EQ(Problems(With("stampede: {on_timeout: stale, stale_while_revalidate: 0s}")),
            At(59, kNoOldValues) + At(59, kNoNearCache));
  EXPECT_EQ(Problems(With("near: {enabled: true}, stampede: {on_timeout: stale}")), "");
  EXPECT_EQ(Problems(With("near: {enabled: true}, stampede: {on_timeout: stale, stale_while_revalidate: 1ms}")), "");
  EXPECT_EQ(Problems(With("stampede: {on_timeout: miss, stale_while_revalidate: 0ms}")), "");
  EXPECT_EQ(Problems(With("stampede: {on_timeout: error, stale_while_revalidate: 0ms}")), "");
}

TEST(PolicyCheckTest, ARefreshNeedsLeases) {
  EXPECT_EQ(Problems(With("refresh: {mode: synthetic}, stampede: {coalesce: off}")), At(52, kNoLeases));
  EXPECT_EQ(Problems(With("refresh: {mode: synthetic}, stampede: {coalesce: false}")), At(52, kNoLeases));
  EXPECT_EQ(Problems(With("refresh: {mode: synthetic}, stampede: {coalesce: on}")), "");
  EXPECT_EQ(Problems(With("refresh: {mode: synthetic}")), "");
  EXPECT_EQ(Problems(With("refresh: {mode: off, beta: 3}, stampede: {coalesce: off}")), "");
}

TEST(PolicyCheckTest, ARefreshNeedsExpiriesOfASecond) {
  EXPECT_EQ(Problems(With("ttl: {max: 999ms}, refresh: {mode: synthetic}")), At(71, kNoTime));
  EXPECT_EQ(Problems(With("ttl: {max: 1s}, refresh: {mode: synthetic}")), "");
  EXPECT_EQ(Problems(With("ttl: {max: 999ms}, refresh: {mode: off}")), "");
}

// Apps give expiries themselves, and shorter ones than the policy's default.
TEST(PolicyCheckTest, ARefreshNeedsNoTtlRules) {
  EXPECT_EQ(Problems(With("ttl: {missing: allow}, refresh: {mode: synthetic}")), "");
  EXPECT_EQ(Problems(With("ttl: {missing: reject}, refresh: {mode: synthetic}")), "");
  EXPECT_EQ(Problems(With("ttl: {missing: apply, default: 500ms}, refresh: {mode: synthetic}")), "");
}

TEST(PolicyCheckTest, ShadowsNeedNoNearCacheButATimeAndFlights) {
  EXPECT_EQ(Problems(With("stampede: {grace: shadow}")), "");
  EXPECT_EQ(Problems(With("stampede: {grace: shadow, on_timeout: stale}")), "");
  EXPECT_EQ(Problems(With("stampede: {grace: shadow, stale_while_revalidate: 0ms}")),
            At(54, "stampede.grace: shadow has nothing to keep with stampede.stale_while_revalidate: 0ms\n"));
  EXPECT_EQ(Problems(With("stampede: {grace: shadow, coalesce: off}")),
            At(54, "stampede.grace: shadow has no effect with stampede.coalesce: off; use auto or on there\n"));
}

TEST(PolicyCheckTest, RulesOfAPolicyThatIsNotEnforcedAreNoProblem) {
  for (const char* mode : {"audit", "off"}) {
    const std::string text = std::string("mode: ") + mode + ", near: {enabled: true}, ";
    EXPECT_EQ(Problems(With(text + "stampede: {coalesce: on, on_timeout: stale}, refresh: {mode: synthetic}")), "");
  }
}

TEST(PolicyCheckTest, TagsNeedGenerations) {
  const std::string tags = "tags: [{match: 'p:(.*)', tag: 't:{1}'}]";
  const std::string problem = "tags: tags need generations; add version: {generation: true}\n";
  EXPECT_EQ(Problems(With(tags)), At(42, problem));
  EXPECT_EQ(Problems(With(tags + ", version: {schema: 7}")), At(42, problem));
  EXPECT_EQ(Problems(With(tags + ", version: {generation: true}")), "");
  EXPECT_EQ(Problems(With(tags + ", mode: audit, version: {generation: true}")), "");
}

TEST(PolicyCheckTest, NothingIsSaidOfValuesThatAreWrongByThemselves) {
  EXPECT_EQ(Problems(With("stampede: {max_wait: 20s, lease: 2s}")),
            At(57, "stampede.max_wait: expected a duration from 1ms to 10s, with a unit: ms, s, m or h\n"));
  EXPECT_EQ(Problems(With("stampede: {max_wait: 9s, lease: 1ms}")),
            At(68, "stampede.lease: expected auto or a duration from 250ms to 10s, with a unit: ms, s, m or h\n"));
  EXPECT_EQ(Problems(With("near: {enabled: maybe}, stampede: {on_timeout: stale}")),
            At(52, "near.enabled: expected one of true, false\n"));
  EXPECT_EQ(Problems(With("stampede: {on_timeout: stale, grace: extend}")),
            At(73, "stampede.grace: this version does not have it yet; use near or shadow\n"));
  EXPECT_EQ(Problems(With("refresh: {mode: synthetic}, stampede: {coalesce: maybe}")),
            At(85, "stampede.coalesce: expected one of auto, on, off\n"));
  EXPECT_EQ(Problems(With("refresh: {mode: synthetic}, ttl: {max: 0ms}")),
            At(75, "ttl.max: expected a duration from 1ms to 87600h, with a unit: ms, s, m or h\n"));
}

TEST(PolicyCheckTest, AllContradictionsAreNamedAtOnceWithTheirLines) {
  EXPECT_EQ(Problems("policies:\n"
                     "  - name: p\n"
                     "    match: 'p:*'\n"
                     "    ttl: {max: 100ms, min: 200ms}\n"
                     "    stampede:\n"
                     "      coalesce: off\n"
                     "      max_wait: 3s\n"
                     "      lease: 2s\n"
                     "      on_timeout: stale\n"
                     "      stale_while_revalidate: 0ms\n"
                     "    refresh: {mode: synthetic, beta: 0}\n"),
            std::string("c:4:28: policy 'p': ttl.min: it is greater than ttl.max\n") +
                "c:7:17: policy 'p': stampede.max_wait: it is longer than stampede.lease\n" +
                "c:9:19: policy 'p': " + kNoOldValues + "c:9:19: policy 'p': " + kNoNearCache +
                "c:11:21: policy 'p': " + kNoLeases + "c:11:21: policy 'p': " + kNoTime +
                "c:11:38: policy 'p': refresh.beta: expected a number greater than 0 and at most 10, like 1.5\n");
}

}  // namespace
}  // namespace herdgate::config

#include "tests/bench/herd/fleet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace herdgate::bench {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Fleet, ThePolicyHoldsWhatWasAskedFor) {
  SidecarPolicy policy;
  policy.beta = 2;
  policy.near = true;
  policy.lines = {"ttl: {min: 1s}"};
  const std::string text = SidecarConfig("redis://127.0.0.1:7000", policy);
  EXPECT_THAT(text, HasSubstr("upstream: {url: \"redis://127.0.0.1:7000\"}\nloops: 1\n"));
  EXPECT_THAT(text, HasSubstr("  - name: hot\n    match: [\"herd:*\"]\n"));
  EXPECT_THAT(text, HasSubstr("    stampede: {coalesce: on, max_wait: 400ms}\n"));
  EXPECT_THAT(text, HasSubstr("    refresh: {mode: synthetic, beta: 2}\n"));
  EXPECT_THAT(text, HasSubstr("    near: {enabled: true}\n"));
  EXPECT_THAT(text, HasSubstr("    ttl: {min: 1s}\n"));
}

TEST(Fleet, APolicyWithoutProtectionNamesNoneOfIt) {
  SidecarPolicy policy;
  policy.coalesce = "omit";
  const std::string text = SidecarConfig("memory://", policy);
  for (const char* word : {"stampede", "refresh", "near"}) EXPECT_THAT(text, Not(HasSubstr(word)));
}

TEST(Fleet, AProgramThatIsMissingIsToldOf) {
  FleetOptions options;
  options.redis_server = "/nonexistent/redis-server";
  Fleet fleet(options);
  EXPECT_THAT(fleet.StartRedis(), HasSubstr("redis-server did not start"));
}

}  // namespace
}  // namespace herdgate::bench

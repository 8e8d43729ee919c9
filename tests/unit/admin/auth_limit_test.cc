#include "sidecar/admin/auth_limit.h"

#include <gtest/gtest.h>

namespace herdgate::admin {
namespace {

using std::chrono::seconds;

TEST(AuthLimitTest, TenFailuresAreAllowedAndThenOneInTwoSeconds) {
  AuthLimit limit;
  base::SteadyTime now{std::chrono::hours(1)};
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(limit.Allows("1.2.3.4", now)) << i;
    limit.NoteFailure("1.2.3.4", now);
  }
  EXPECT_FALSE(limit.Allows("1.2.3.4", now));
  EXPECT_TRUE(limit.Allows("1.2.3.5", now));
  EXPECT_FALSE(limit.Allows("1.2.3.4", now + seconds(1)));
  now += seconds(2);
  EXPECT_TRUE(limit.Allows("1.2.3.4", now));
  limit.NoteFailure("1.2.3.4", now);
  EXPECT_FALSE(limit.Allows("1.2.3.4", now));
  EXPECT_TRUE(limit.Allows("1.2.3.4", now + seconds(20)));
}

TEST(AuthLimitTest, ManyAddressesCostBoundedMemoryAndDoNotFreeTheWorst) {
  AuthLimit limit;
  const base::SteadyTime now{std::chrono::hours(1)};
  for (int i = 0; i < 10; ++i) limit.NoteFailure("worst", now);
  for (int i = 0; i < 5000; ++i) limit.NoteFailure("address" + std::to_string(i), now);
  EXPECT_EQ(limit.size(), AuthLimit::kMaxAddresses);
  EXPECT_FALSE(limit.Allows("worst", now));
}

}  // namespace
}  // namespace herdgate::admin

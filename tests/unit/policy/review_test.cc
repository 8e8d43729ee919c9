#include "sidecar/policy/review.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/policy/judge_fixture.h"

namespace herdgate::policy {
namespace {

class ReviewTest : public testing::Test {
 protected:
  ReviewTest() {
    Policy audited = TtlPolicy();
    audited.name = "audited";
    audited.mode = Mode::kAudit;
    snapshot_ = SnapshotOf({TtlPolicy(), audited});
  }

  Review review() {
    return {.snapshot = snapshot_,
            .spec = *command::BuiltIn().FindFull("client|tracking"),
            .args = {},
            .raw = {},
            .context = context_,
            .keys = {},
            .edits = edits_,
            .plan = plan_};
  }

  SnapshotPtr snapshot_;
  base::Random random_{1};
  JudgeContext context_{.now = kNow, .random = random_};
  RequestEdits edits_;
  RequestPlan plan_;
};

TEST_F(ReviewTest, ARefusalIsOneErrorLine) {
  review().Refuse(0, Refusal::kRequire, "no");
  EXPECT_TRUE(review().refused());
  EXPECT_EQ(plan_.error, "-ERR herdgate: no\r\n");
}

TEST_F(ReviewTest, TheFirstRefusalStands) {
  review().Refuse(0, Refusal::kRequire, "first");
  review().Refuse(0, Refusal::kCommand, "second");
  EXPECT_EQ(plan_.error, "-ERR herdgate: first\r\n");
  EXPECT_EQ(plan_.refusals.size(), 1U);
}

TEST_F(ReviewTest, AuditCountsEachReasonOnce) {
  review().Refuse(1, Refusal::kRequire, "no");
  review().Refuse(1, Refusal::kRequire, "no");
  review().Refuse(1, Refusal::kCommand, "no");
  EXPECT_FALSE(review().refused());
  EXPECT_EQ(plan_.error, "");
  EXPECT_EQ(plan_.refusals.size(), 2U);
}

TEST_F(ReviewTest, ErrorsNameTheCommandAsItIsWritten) {
  EXPECT_EQ(ShownName(*command::BuiltIn().FindFull("set")), "SET");
  EXPECT_EQ(ShownName(*command::BuiltIn().FindFull("client|tracking")), "CLIENT TRACKING");
}

}  // namespace
}  // namespace herdgate::policy

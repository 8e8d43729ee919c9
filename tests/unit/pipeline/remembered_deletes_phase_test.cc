// When deletes are remembered, and when no more are taken.
#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "sidecar/pipeline/remembered_deletes.h"

namespace herdgate::pipeline {
namespace {

Remembered AddTo(RememberedDeletes& deletes, std::string_view key) {
  const std::vector<RememberedDeletes::Key> keys = {{.physical = key, .policy = "p"}};
  return deletes.Add(keys);
}

TEST(RememberedDeletesPhase, AnOutageCountsOnceHoweverOftenItIsOpened) {
  RememberedDeletes deletes;
  EXPECT_EQ(deletes.outages(), 0U);
  deletes.Open();
  deletes.Open();
  deletes.Seal();
  deletes.Open();
  EXPECT_EQ(deletes.outages(), 1U);
  deletes.Seal();
  ASSERT_TRUE(deletes.TryClose());
  deletes.Open();
  EXPECT_EQ(deletes.outages(), 2U);
}

TEST(RememberedDeletesPhase, SealedTakesNoMoreUntilItIsOpenAgain) {
  RememberedDeletes deletes;
  deletes.Open();
  EXPECT_EQ(AddTo(deletes, "a"), Remembered::kTaken);
  deletes.Seal();
  EXPECT_EQ(AddTo(deletes, "b"), Remembered::kWait);
  EXPECT_FALSE(deletes.TryClose());
  deletes.Open();
  EXPECT_EQ(AddTo(deletes, "b"), Remembered::kTaken);
  deletes.Seal();
  deletes.Done(deletes.TakeBatch(10));
  EXPECT_TRUE(deletes.TryClose());
  EXPECT_EQ(AddTo(deletes, "a"), Remembered::kNotNow);
}

}  // namespace
}  // namespace herdgate::pipeline

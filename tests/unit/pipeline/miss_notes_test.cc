#include "sidecar/pipeline/miss_notes.h"

#include <gtest/gtest.h>

namespace herdgate::pipeline {
namespace {

using stampede::MissCause;

constexpr std::uint64_t kKey = 0xfedcba9876543210U;

TEST(MissNotes, KnowsNothingOfAKeyThatWasNotNoted) {
  const MissNotes notes;
  EXPECT_FALSE(notes.Find(0));
  EXPECT_FALSE(notes.Find(kKey));
}

TEST(MissNotes, KeepsCauseAndRate) {
  MissNotes notes;
  for (const auto cause :
       {MissCause::kCold, MissCause::kExpiry, MissCause::kDelete, MissCause::kEviction, MissCause::kBump}) {
    notes.Set(kKey, {.cause = cause, .rate = 1234.5F});
    ASSERT_TRUE(notes.Find(kKey));
    EXPECT_EQ(notes.Find(kKey)->cause, cause);
    EXPECT_EQ(notes.Find(kKey)->rate, 1234.5F);
  }
}

TEST(MissNotes, TakesNoOtherKeyForIt) {
  MissNotes notes;
  notes.Set(kKey, {});
  EXPECT_FALSE(notes.Find(kKey ^ std::uint64_t{1} << 63U)) << "of the same slot";
  EXPECT_FALSE(notes.Find(kKey ^ 1U));
}

TEST(MissNotes, LaterKeyOfTheSameSlotTakesThePlace) {
  MissNotes notes;
  notes.Set(kKey, {});
  const std::uint64_t other = kKey ^ std::uint64_t{1} << 63U;
  notes.Set(other, {.cause = MissCause::kDelete});
  EXPECT_FALSE(notes.Find(kKey));
  EXPECT_EQ(notes.Find(other)->cause, MissCause::kDelete);
}

}  // namespace
}  // namespace herdgate::pipeline

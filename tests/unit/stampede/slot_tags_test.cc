#include "sidecar/stampede/slot_tags.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace herdgate::stampede {
namespace {

// As CLUSTER KEYSLOT of a redis-server says.
TEST(SlotTagsTest, SlotsAreThoseOfRedisCluster) {
  EXPECT_EQ(SlotOf("123456789"), 12739);
  EXPECT_EQ(SlotOf("foo"), 12182);
  EXPECT_EQ(SlotOf(""), 0);
  EXPECT_EQ(SlotOf("{user1000}.following"), SlotOf("user1000"));
  EXPECT_EQ(SlotOf("{user1000}.following"), 3443);
}

TEST(SlotTagsTest, OnlyTheFirstNonEmptyPairOfBracesIsATag) {
  EXPECT_EQ(HashTagOf("a{b}c{d}"), "b");
  EXPECT_EQ(HashTagOf("a{{b}}c"), "{b");
  EXPECT_EQ(HashTagOf("a{}{b}"), "");
  EXPECT_EQ(HashTagOf("a}b{c"), "");
  EXPECT_EQ(HashTagOf("a{b"), "");
}

TEST(SlotTagsTest, EverySlotHasATagOfItsOwn) {
  std::set<std::string> tags;
  for (std::uint16_t slot = 0; slot < kSlots; ++slot) {
    const std::string tag(TagOfSlot(slot));
    ASSERT_EQ(tag.size(), 3U) << slot;
    ASSERT_EQ(tag.find_first_of(std::string_view("{}\0", 3)), std::string::npos) << slot;
    ASSERT_EQ(SlotOf("{" + tag + "}whatever"), slot);
    tags.insert(tag);
  }
  EXPECT_EQ(tags.size(), kSlots);
}

}  // namespace
}  // namespace herdgate::stampede

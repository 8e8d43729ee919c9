#include "sidecar/stampede/shadow.h"

#include <gtest/gtest.h>

#include "sidecar/base/random.h"
#include "sidecar/stampede/slot_tags.h"

namespace herdgate::stampede {
namespace {

using std::chrono::milliseconds;

resp::Reply Parsed(const std::string& bytes) {
  static std::string held;
  held = bytes;
  const auto parsed = resp::ParseReply(held);
  EXPECT_TRUE(parsed.ok()) << bytes;
  return parsed.value().reply;
}

TEST(ShadowTest, NamesAreInTheKeysSlotAndLeadBack) {
  base::Random random(2);
  static constexpr std::string_view kBytes = "ab{}=:\n\0x";
  for (int i = 0; i < 20000; ++i) {
    std::string key;
    for (std::uint64_t length = random.Below(12); length > 0; --length) key += kBytes[random.Below(kBytes.size())];
    const std::string name = ShadowNameOf(key);
    ASSERT_EQ(SlotOf(name), SlotOf(key)) << key;
    ASSERT_EQ(KeyOfShadow(name), key);
    ASSERT_EQ(KeyOfLease(name), std::nullopt);
  }
}

TEST(ShadowTest, WhatIsNoReplyOfAScriptHasFailed) {
  EXPECT_EQ(ReadCopyReply(Parsed("-NOPERM no\r\n")).error, "NOPERM no");
  EXPECT_EQ(ReadShadowReply(Parsed("-NOPERM no\r\n")).value, "NOPERM no");
  for (const char* reply : {"$-1\r\n", "+OK\r\n", "*0\r\n", "*2\r\n$3\r\nwho\r\n:1\r\n", "*1\r\n$6\r\ncopied\r\n",
                            "*2\r\n$6\r\ncopied\r\n$1\r\n1\r\n", "*2\r\n:1\r\n:1\r\n"})
    EXPECT_EQ(ReadCopyReply(Parsed(reply)).result, CopyResult::kFailed) << reply;
  for (const char* reply : {"$-1\r\n", "*4\r\n$3\r\nwho\r\n$0\r\n\r\n:0\r\n:0\r\n", "*2\r\n$3\r\nold\r\n$1\r\nv\r\n",
                            "*4\r\n$3\r\nold\r\n:1\r\n:0\r\n:0\r\n", "*4\r\n$3\r\nold\r\n$1\r\nv\r\n$1\r\n0\r\n:0\r\n"})
    EXPECT_EQ(ReadShadowReply(Parsed(reply)).result, ShadowResult::kFailed) << reply;
}

}  // namespace
}  // namespace herdgate::stampede

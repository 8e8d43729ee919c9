#include "sidecar/pipeline/scan_reply.h"

#include <gtest/gtest.h>

namespace herdgate::pipeline {
namespace {

std::optional<ScanPage> Read(const std::string& bytes) {
  return ReadScanPage(resp::ParseReply(bytes).value().reply);
}

TEST(ScanReplyTest, APageHasACursorAndKeys) {
  const std::string bytes = "*2\r\n$20\r\n18446744073709551615\r\n*2\r\n$1\r\na\r\n$0\r\n\r\n";
  const auto parsed = resp::ParseReply(bytes);
  const auto page = ReadScanPage(parsed.value().reply);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->cursor, 18446744073709551615U);
  EXPECT_EQ(page->keys, (std::vector<std::string_view>{"a", ""}));
}

TEST(ScanReplyTest, WhatIsNoPageIsRefused) {
  EXPECT_FALSE(Read("*2\r\n$2\r\n1x\r\n*0\r\n"));
  EXPECT_FALSE(Read("*2\r\n$0\r\n\r\n*0\r\n"));
  EXPECT_FALSE(Read("*1\r\n$1\r\n0\r\n"));
  EXPECT_FALSE(Read("-ERR no\r\n"));
}

TEST(ScanReplyTest, RunIdIsALineOfInfo) {
  EXPECT_EQ(RunIdIn("$40\r\n# Server\r\nrun_id:0123abcd\r\ntcp_port:1\r\n"), "0123abcd");
  EXPECT_EQ(RunIdIn("-NOPERM this user\r\n"), "");
}

// The order in which Redis visits a table of sixteen buckets.
TEST(ScanReplyTest, ProgressGrowsInTheOrderOfAScan) {
  double last = -1;
  for (const std::uint64_t cursor : {0U, 8U, 4U, 12U, 2U, 10U, 6U, 14U, 1U, 9U, 5U, 13U, 3U, 11U, 7U, 15U}) {
    EXPECT_GT(ScanProgress(cursor), last);
    last = ScanProgress(cursor);
  }
  EXPECT_EQ(last, 15.0 / 16);
}

}  // namespace
}  // namespace herdgate::pipeline

#include "tests/bench/load/reply_scanner.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

namespace herdgate::bench {
namespace {

using Outcome = ReplyScanner::Outcome;

struct Scan {
  std::vector<ReplyScanner::Reply> replies;
  bool malformed = false;
  std::string error_text;
};

// Feeds the text in two parts, cut at `split`.
Scan ScanSplit(const std::string& text, size_t split) {
  Scan scan;
  ReplyScanner scanner;
  for (const std::string& part : {text.substr(0, split), text.substr(split)}) {
    const char* at = part.data();
    const char* end = at + part.size();
    while (at < end && !scan.malformed) {
      const Outcome outcome = scanner.Feed(&at, end);
      if (outcome == Outcome::kReply) scan.replies.push_back(scanner.reply());
      scan.malformed = outcome == Outcome::kMalformed;
    }
  }
  scan.error_text = scanner.error_text();
  return scan;
}

TEST(ReplyScanner, DescribesEachReplyAtEverySplit) {
  const std::string text =
      "+OK\r\n$5\r\nab\r\nc\r\n$-1\r\n:-12\r\n*3\r\n$1\r\nx\r\n$-1\r\n$0\r\n\r\n*0\r\n*-1\r\n-ERR no\r\n_\r\n";
  for (size_t split = 0; split <= text.size(); ++split) {
    const Scan scan = ScanSplit(text, split);
    ASSERT_FALSE(scan.malformed) << split;
    ASSERT_EQ(scan.replies.size(), 9u) << split;
    std::string types;
    for (const auto& reply : scan.replies) types += reply.type;
    EXPECT_EQ(types, "+$$:***-_");
    EXPECT_EQ(scan.replies[1].length, 5);
    EXPECT_EQ(scan.replies[1].bulk_bytes, 5u);
    EXPECT_EQ(scan.replies[2].length, -1);
    EXPECT_EQ(scan.replies[2].nils, 1u);
    EXPECT_EQ(scan.replies[4].length, 3);
    EXPECT_EQ(scan.replies[4].bulks, 2u);
    EXPECT_EQ(scan.replies[4].nils, 1u);
    EXPECT_EQ(scan.replies[4].bulk_bytes, 1u);
    EXPECT_EQ(scan.replies[6].nils, 1u);
    EXPECT_EQ(scan.replies[8].nils, 1u);
    EXPECT_EQ(scan.error_text, "ERR no");
  }
}

TEST(ReplyScanner, NestedArrayKeepsTheOuterLengthAndCountsFlat) {
  const Scan scan = ScanSplit("*2\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n*1\r\n-ERR x\r\n", 0);
  ASSERT_EQ(scan.replies.size(), 1u);
  EXPECT_EQ(scan.replies[0].length, 2);
  EXPECT_EQ(scan.replies[0].bulks, 2u);
  EXPECT_EQ(scan.replies[0].nested_errors, 1u);
}

TEST(ReplyScanner, RefusesWhatIsNoReply) {
  EXPECT_TRUE(ScanSplit("GET\r\n", 0).malformed);
  EXPECT_TRUE(ScanSplit("$5x\r\n", 0).malformed);
  EXPECT_TRUE(ScanSplit("$1\r\nabc", 0).malformed);
  EXPECT_TRUE(ScanSplit("+OK\rx", 0).malformed);
  EXPECT_TRUE(ScanSplit("$99999999999999999999\r\n", 0).malformed);
}

TEST(ReplyScanner, IncompleteReplyIsNotReported) {
  EXPECT_TRUE(ScanSplit("*2\r\n$1\r\na\r\n$1\r\nb\r", 0).replies.empty());
}

}  // namespace
}  // namespace herdgate::bench

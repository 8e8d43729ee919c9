#include "sidecar/resp/reply_scanner.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace herdgate::resp {
namespace {

class ReplyScannerTest : public testing::Test {
 protected:
  // Whether `reply` is exactly one reply, with and without another one behind it.
  bool IsOneReply(std::string_view reply) {
    for (const std::string_view behind : {"", "+OK\r\n"}) {
      const std::string input = std::string(reply) + std::string(behind);
      scanner_.Reset();
      const ReplyScanner::Progress progress = scanner_.Scan(input);
      if (!progress.complete || progress.bytes != reply.size() || !scanner_.idle() || scanner_.failed()) return false;
    }
    return true;
  }
  bool Fails(std::string_view bytes) {
    scanner_.Reset();
    const ReplyScanner::Progress progress = scanner_.Scan(bytes);
    return scanner_.failed() && progress.bytes == 0 && !progress.complete;
  }

  Limits limits_;
  ReplyScanner scanner_{limits_};
};

TEST_F(ReplyScannerTest, OneLineRepliesEndWithTheirLine) {
  for (const std::string_view reply : {"+OK\r\n", "-ERR no\r\n", ":-12\r\n", "_\r\n", "#t\r\n", ",1.5\r\n", ",inf\r\n",
                                       "(3492890328409238509324850943850943825024385\r\n", "+\r\n"}) {
    EXPECT_TRUE(IsOneReply(reply)) << reply;
  }
}

TEST_F(ReplyScannerTest, LoneNewlineIsText) {
  EXPECT_TRUE(IsOneReply("+a\nb\r\n"));
}

TEST_F(ReplyScannerTest, BulksEndWithTheirBody) {
  for (const std::string_view reply :
       {"$5\r\nhello\r\n", "$0\r\n\r\n", "$-1\r\n", "=7\r\ntxt:abc\r\n", "!5\r\nERR x\r\n", "$4\r\n\r\n\r\n\r\n"}) {
    EXPECT_TRUE(IsOneReply(reply)) << reply;
  }
}

TEST_F(ReplyScannerTest, AggregatesEndWithTheirLastElement) {
  for (const std::string_view reply :
       {"*2\r\n$1\r\na\r\n:1\r\n", "*0\r\n", "*-1\r\n", "%1\r\n+k\r\n*2\r\n:1\r\n:2\r\n", "~2\r\n+a\r\n+b\r\n",
        ">3\r\n+message\r\n+c\r\n$1\r\nx\r\n", "*2\r\n*1\r\n*0\r\n_\r\n", "*1\r\n>2\r\n+subscribe\r\n:1\r\n"}) {
    EXPECT_TRUE(IsOneReply(reply)) << reply;
  }
}

TEST_F(ReplyScannerTest, AttributesBelongToTheReplyBehindThem) {
  EXPECT_TRUE(IsOneReply("|1\r\n+ttl\r\n:3600\r\n$1\r\na\r\n"));
  EXPECT_TRUE(IsOneReply("*2\r\n|1\r\n+k\r\n*1\r\n+v\r\n:1\r\n:2\r\n"));
  EXPECT_TRUE(IsOneReply("|1\r\n+a\r\n+b\r\n|1\r\n+c\r\n+d\r\n-ERR x\r\n"));
  EXPECT_FALSE(IsOneReply("|1\r\n+a\r\n+b\r\n"));
}

TEST_F(ReplyScannerTest, StreamedRepliesEndWithTheirTerminator) {
  for (const std::string_view reply : {"$?\r\n;4\r\nHell\r\n;1\r\no\r\n;0\r\n", "*?\r\n:1\r\n:2\r\n.\r\n",
                                       "%?\r\n+a\r\n:1\r\n.\r\n", "~?\r\n.\r\n", "*2\r\n*?\r\n*1\r\n:1\r\n.\r\n:2\r\n",
                                       "*?\r\n*?\r\n.\r\n$?\r\n;0\r\n.\r\n", "*?\r\n|1\r\n+a\r\n+b\r\n:1\r\n.\r\n"}) {
    EXPECT_TRUE(IsOneReply(reply)) << reply;
  }
}

TEST_F(ReplyScannerTest, KindIsTheFirstByteBehindAttributes) {
  const auto kind_of = [this](std::string_view bytes) {
    scanner_.Reset();
    EXPECT_TRUE(scanner_.Scan(bytes).complete);
    return scanner_.kind();
  };
  EXPECT_EQ(kind_of("-ERR x\r\n"), '-');
  EXPECT_EQ(kind_of("$1\r\na\r\n"), '$');
  EXPECT_EQ(kind_of(">1\r\n+a\r\n"), '>');
  EXPECT_EQ(kind_of("*2\r\n:1\r\n-ERR\r\n"), '*');
  EXPECT_EQ(kind_of("|1\r\n+a\r\n*1\r\n-x\r\n!1\r\nE\r\n"), '!');
  EXPECT_EQ(kind_of("|1\r\n+a\r\n*?\r\n+x\r\n.\r\n~1\r\n+y\r\n"), '~');
}

TEST_F(ReplyScannerTest, KindIsKnownFromTheFirstByteOn) {
  EXPECT_EQ(scanner_.kind(), 0);
  EXPECT_FALSE(scanner_.Scan("*").complete);
  EXPECT_EQ(scanner_.kind(), '*');
  EXPECT_FALSE(scanner_.idle());
}

TEST_F(ReplyScannerTest, LargeBulkPassesInPieces) {
  EXPECT_EQ(scanner_.Scan("$1000000\r\nab").bytes, 12U);
  const std::string piece(250'000, 'x');
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(scanner_.Scan(piece).complete);
  const ReplyScanner::Progress last = scanner_.Scan(std::string(249'998, 'x') + "\r\n+OK\r\n");
  EXPECT_TRUE(last.complete);
  EXPECT_EQ(last.bytes, 250'000U);
}

TEST_F(ReplyScannerTest, BrokenBytesFail) {
  for (const std::string_view bytes : {"x\r\n",
                                       "\r\n",
                                       "$x\r\n",
                                       "$-2\r\n",
                                       "$\r\n",
                                       "$+1\r\n",
                                       "$1\n",
                                       "*-2\r\n",
                                       ">-1\r\n",
                                       "|-1\r\n",
                                       ">?\r\n",
                                       "=?\r\n",
                                       "$9999999999999999999\r\n",
                                       "$1\r\naXX",
                                       "$1\r\na\rX",
                                       ";1\r\n",
                                       ".\r\n",
                                       "*1\r\n.\r\n",
                                       "$?\r\n+x\r\n",
                                       "$?\r\n.\r\n",
                                       "%?\r\n+a\r\n.\r\n",
                                       "*?\r\n|1\r\n+a\r\n+b\r\n.\r\n",
                                       "*?\r\n.x\r\n",
                                       "$00000000000000000000000000000000"}) {
    EXPECT_TRUE(Fails(bytes)) << bytes;
  }
}

TEST_F(ReplyScannerTest, CountOfElementsMayNotOverflow) {
  std::string bytes;
  for (int i = 0; i < 4; ++i) bytes += "%999999999999999999\r\n";
  EXPECT_TRUE(Fails(bytes));
}

TEST_F(ReplyScannerTest, StreamedNestingIsBounded) {
  std::string open;
  for (std::size_t i = 0; i < limits_.max_nesting; ++i) open += "*?\r\n";
  std::string close;
  for (std::size_t i = 0; i < limits_.max_nesting; ++i) close += ".\r\n";
  EXPECT_TRUE(IsOneReply(open + close));
  EXPECT_TRUE(Fails(open + "*?\r\n"));
}

TEST_F(ReplyScannerTest, FixedNestingIsUnbounded) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "*1\r\n";
  EXPECT_TRUE(IsOneReply(deep + ":1\r\n"));
}

TEST_F(ReplyScannerTest, FailedScannerTakesNothingUntilReset) {
  EXPECT_TRUE(Fails("?"));
  EXPECT_EQ(scanner_.Scan("+OK\r\n").bytes, 0U);
  scanner_.Reset();
  EXPECT_TRUE(scanner_.Scan("+OK\r\n").complete);
}

}  // namespace
}  // namespace herdgate::resp

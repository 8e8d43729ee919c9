#include "sidecar/resp/reply.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace herdgate::resp {
namespace {

using base::ErrorCode;

Reply Parsed(std::string_view bytes) {
  const base::Result<ParsedReply> result = ParseReply(bytes);
  EXPECT_TRUE(result.ok()) << bytes << ": " << result.status().message();
  if (!result.ok()) return {};
  EXPECT_EQ(result.value().bytes, bytes.size()) << bytes;
  return result.value().reply;
}

ErrorCode ErrorOf(std::string_view bytes) {
  const base::Result<ParsedReply> result = ParseReply(bytes);
  return result.ok() ? ErrorCode::kOk : result.status().code();
}

void ExpectText(std::string_view bytes, ReplyType type, std::string_view text) {
  const Reply reply = Parsed(bytes);
  EXPECT_EQ(reply.type, type) << bytes;
  EXPECT_EQ(reply.text, text) << bytes;
}

TEST(ReplyTest, TextsLoseTheirSigil) {
  ExpectText("+OK\r\n", ReplyType::kSimple, "OK");
  ExpectText("-ERR x\r\n", ReplyType::kError, "ERR x");
  ExpectText("!5\r\nERR x\r\n", ReplyType::kError, "ERR x");
  ExpectText("$4\r\na\r\nb\r\n", ReplyType::kBulk, "a\r\nb");
  ExpectText("=7\r\ntxt:abc\r\n", ReplyType::kVerbatim, "abc");
}

TEST(ReplyTest, NumbersStayAsWritten) {
  ExpectText(",1.50\r\n", ReplyType::kDouble, "1.50");
  ExpectText("(-12345678901234567890\r\n", ReplyType::kBigNumber, "-12345678901234567890");
  ExpectText(":-12\r\n", ReplyType::kInteger, "-12");
  EXPECT_EQ(Parsed(":-12\r\n").integer, -12);
  EXPECT_EQ(Parsed("#t\r\n").integer, 1);
  EXPECT_EQ(Parsed("#f\r\n").integer, 0);
}

TEST(ReplyTest, EveryNullIsNull) {
  for (const std::string_view bytes : {"_\r\n", "$-1\r\n", "*-1\r\n"}) {
    EXPECT_EQ(Parsed(bytes).type, ReplyType::kNull) << bytes;
  }
}

TEST(ReplyTest, AggregatesHoldTheirElements) {
  const Reply map = Parsed("%2\r\n+a\r\n:1\r\n+b\r\n*2\r\n:2\r\n~1\r\n:3\r\n");
  EXPECT_EQ(map.type, ReplyType::kMap);
  ASSERT_EQ(map.elements.size(), 4U);
  EXPECT_EQ(map.elements[2].text, "b");
  EXPECT_EQ(map.elements[3].elements[1].type, ReplyType::kSet);
  EXPECT_EQ(map.elements[3].elements[1].elements[0].integer, 3);
  EXPECT_EQ(Parsed(">1\r\n+message\r\n").type, ReplyType::kPush);
}

TEST(ReplyTest, AttributesAreDropped) {
  const Reply reply = Parsed("|1\r\n+a\r\n*1\r\n:1\r\n*1\r\n|1\r\n+b\r\n+c\r\n:2\r\n");
  ASSERT_EQ(reply.elements.size(), 1U);
  EXPECT_EQ(reply.elements[0].integer, 2);
}

TEST(ReplyTest, StreamedRepliesAreJoined) {
  ExpectText("$?\r\n;4\r\nHell\r\n;1\r\no\r\n;0\r\n", ReplyType::kBulk, "Hello");
  EXPECT_EQ(Parsed("*?\r\n:1\r\n:2\r\n.\r\n").elements.size(), 2U);
  EXPECT_EQ(Parsed("%?\r\n+a\r\n:1\r\n.\r\n").elements.size(), 2U);
}

TEST(ReplyTest, StreamedStringOutlivesCopiesOfItsTree) {
  Reply copy;
  {
    const Reply first = Parsed("*1\r\n$?\r\n;1\r\na\r\n;0\r\n");
    copy = first;
  }
  EXPECT_EQ(copy.elements[0].text, "a");
}

TEST(ReplyTest, OnlyTheFrontIsTaken) {
  const base::Result<ParsedReply> result = ParseReply("+OK\r\n+next\r\n");
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result.value().bytes, 5U);
}

TEST(ReplyTest, IncompleteBytesSaySo) {
  const std::string_view whole = "|1\r\n+a\r\n_\r\n*4\r\n$1\r\nx\r\n*?\r\n:1\r\n.\r\n$?\r\n;1\r\na\r\n;0\r\n#t\r\n";
  ASSERT_EQ(ErrorOf(whole), ErrorCode::kOk);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(ErrorOf(whole.substr(0, size)), ErrorCode::kInvalidArgument) << size;
  }
}

TEST(ReplyTest, BrokenBytesAreAProtocolError) {
  for (const std::string_view bytes : {"x\r\n",
                                       ":a\r\n",
                                       ":\r\n",
                                       "#x\r\n",
                                       "$x\r\n",
                                       "$-2\r\n",
                                       "$1\r\naX",
                                       "$1\r\na\rX",
                                       "=3\r\ntxt\r\n",
                                       "*-2\r\n",
                                       ">-1\r\n",
                                       ">?\r\n",
                                       "|?\r\n",
                                       "|-1\r\n",
                                       "=?\r\n",
                                       "$?\r\n+a\r\n",
                                       "%?\r\n+a\r\n.\r\n",
                                       "*?\r\n.x\r\n",
                                       ".\r\n",
                                       ";1\r\na\r\n",
                                       "$1\n",
                                       "$11111111111111111111111111"}) {
    EXPECT_EQ(ErrorOf(bytes), ErrorCode::kProtocol) << bytes;
  }
}

TEST(ReplyTest, NestingIsBounded) {
  std::string deep;
  for (int i = 0; i < 128; ++i) deep += "*1\r\n";
  EXPECT_EQ(ErrorOf(deep + ":1\r\n"), ErrorCode::kOk);
  EXPECT_EQ(ErrorOf(deep + "*1\r\n:1\r\n"), ErrorCode::kProtocol);
}

TEST(ReplyTest, ClaimedCountTakesNoMemory) {
  EXPECT_EQ(ErrorOf("*999999999999999999\r\n"), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace herdgate::resp

#include "tests/bench/herd/resp.h"

#include <gtest/gtest.h>

namespace herdgate::bench {
namespace {

struct Parsed {
  RespOutcome outcome;
  RespReply reply;
  std::size_t used = 0;
};

Parsed Parse(std::string_view bytes) {
  Parsed parsed{};
  parsed.outcome = ParseResp(bytes, parsed.reply, parsed.used);
  return parsed;
}

TEST(Resp, ReadsTheRepliesOfGetAndSet) {
  const Parsed value = Parse("$3\r\na\r\n\r\nrest");
  EXPECT_EQ(value.outcome, RespOutcome::kReply);
  EXPECT_EQ(value.reply.kind, RespReply::Kind::kValue);
  EXPECT_EQ(value.reply.text, "a\r\n");
  EXPECT_EQ(value.used, 9U);
  EXPECT_EQ(Parse("$-1\r\n").reply.kind, RespReply::Kind::kNil);
  EXPECT_EQ(Parse("+OK\r\n").reply.kind, RespReply::Kind::kValue);
  const Parsed error = Parse("-ERR no\r\n");
  EXPECT_EQ(error.reply.kind, RespReply::Kind::kError);
  EXPECT_EQ(error.reply.text, "ERR no");
}

TEST(Resp, AnyPrefixOfAReplyNeedsMore) {
  const std::string_view whole = "$3\r\nabc\r\n";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(Parse(whole.substr(0, size)).outcome, RespOutcome::kNeedMore) << size;
  }
  EXPECT_EQ(Parse(whole).outcome, RespOutcome::kReply);
}

TEST(Resp, WhatGetAndSetAreNeverAnsweredIsMalformed) {
  for (const char* bytes : {"*1\r\n", ":1\r\n", "$x\r\n", "$\r\n", "\r\n", "$1x\r\n"}) {
    EXPECT_EQ(Parse(bytes).outcome, RespOutcome::kMalformed) << bytes;
  }
}

TEST(Resp, ACommandCarriesItsLengths) {
  EXPECT_EQ(RespCommand({"GET", ""}), "*2\r\n$3\r\nGET\r\n$0\r\n\r\n");
}

}  // namespace
}  // namespace herdgate::bench

#include "sidecar/pipeline/transaction_block.h"

#include <gtest/gtest.h>

#include <string>

#include "sidecar/resp/encoder.h"

namespace herdgate::pipeline {
namespace {

std::string Requests(std::initializer_list<std::initializer_list<std::string_view>> requests) {
  std::string bytes;
  for (const auto& request : requests) resp::AppendRequest(bytes, request);
  return bytes;
}

std::optional<TransactionBlock> Find(std::string_view bytes) {
  return FindTransactionBlock(bytes, command::BuiltIn(), resp::Limits());
}

TEST(TransactionBlockTest, BlockThatArrivedWholeIsCountedWithItsEnd) {
  const auto block = Find(Requests({{"SET", "a", "1"}, {"get", "a"}, {"EXEC"}, {"GET", "b"}}));
  ASSERT_TRUE(block.has_value());
  EXPECT_EQ(block->commands, 3U);
  EXPECT_FALSE(block->slow);
}

TEST(TransactionBlockTest, EmptyBlockAndDiscardAreBlocks) {
  EXPECT_EQ(Find(Requests({{"EXEC"}}))->commands, 1U);
  EXPECT_EQ(Find(Requests({{"SET", "a", "1"}, {"DISCARD"}}))->commands, 2U);
}

TEST(TransactionBlockTest, BlockWithASlowCommandIsSlow) {
  EXPECT_TRUE(Find(Requests({{"GET", "a"}, {"KEYS", "*"}, {"EXEC"}}))->slow);
}

TEST(TransactionBlockTest, BlockingCommandsBelongToItBecauseTheyNeverBlockThere) {
  EXPECT_EQ(Find(Requests({{"BLPOP", "q", "0"}, {"XREAD", "BLOCK", "0", "STREAMS", "s", "$"}, {"EXEC"}}))->commands,
            3U);
}

TEST(TransactionBlockTest, UnknownCommandsBelongToIt) {
  EXPECT_EQ(Find(Requests({{"NOSUCH", "x"}, {"EXEC"}}))->commands, 2U);
}

TEST(TransactionBlockTest, EmptyRequestsInsideAreSkipped) {
  EXPECT_EQ(Find("\r\n*0\r\n" + Requests({{"GET", "a"}}) + "\r\nEXEC\r\n")->commands, 2U);
}

TEST(TransactionBlockTest, CommandThatChangesTheConnectionNeedsALaneOfItsOwn) {
  for (const auto& request :
       {Requests({{"SELECT", "1"}}), Requests({{"SUBSCRIBE", "c"}}), Requests({{"CLIENT", "ID"}}),
        Requests({{"HELLO", "3"}}), Requests({{"AUTH", "x"}}), Requests({{"RESET"}}), Requests({{"QUIT"}}),
        Requests({{"MONITOR"}}), Requests({{"MULTI"}}), Requests({{"WATCH", "a"}}), Requests({{"WAIT", "0", "0"}}),
        Requests({{"SCRIPT", "KILL"}}), Requests({{"CLIENT", "TRACKING", "ON"}})}) {
    EXPECT_FALSE(Find(Requests({{"GET", "a"}}) + request + Requests({{"EXEC"}})).has_value()) << request;
  }
}

TEST(TransactionBlockTest, BlockCutAnywhereIsNone) {
  const std::string whole = Requests({{"SET", "a", "1"}, {"GET", "a"}, {"EXEC"}});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(Find(std::string_view(whole).substr(0, size)).has_value()) << size;
  }
  EXPECT_TRUE(Find(whole).has_value());
}

TEST(TransactionBlockTest, EndWithWrongArgumentsDoesNotEndIt) {
  EXPECT_FALSE(Find(Requests({{"GET", "a"}, {"EXEC", "x"}})).has_value());
  EXPECT_FALSE(Find(Requests({{"GET", "a"}, {"EXEC", "x"}, {"EXEC"}})).has_value());
}

TEST(TransactionBlockTest, MalformedBytesAreNone) {
  EXPECT_FALSE(Find(Requests({{"GET", "a"}}) + "*x\r\n" + Requests({{"EXEC"}})).has_value());
}

}  // namespace
}  // namespace herdgate::pipeline

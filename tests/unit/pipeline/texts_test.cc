#include "sidecar/pipeline/texts.h"

#include <gtest/gtest.h>

#include "sidecar/command/words.h"

namespace herdgate::pipeline::texts {
namespace {

TEST(TextsTest, EachIsOneWholeLine) {
  for (const std::string_view text : {kOk, kReset, kSyntaxError, kNotAnInteger, kDbOutOfRange, kMaxClients, kNoAuth,
                                      kNoProto, kProtoNotInteger, kBadClientName, kNoSuchClient, kBadClientId,
                                      kInvalidClientId, kBadRedirect, kDebugNotAllowed, kModuleNotAllowed}) {
    EXPECT_TRUE(text.ends_with("\r\n")) << text;
    EXPECT_EQ(text.find('\r'), text.size() - 2) << text;
    EXPECT_TRUE(text.front() == '+' || text.starts_with("-ERR ") || text.starts_with("-NO")) << text;
  }
}

TEST(TextsTest, WordsOfAnErrorHoldNoArguments) {
  EXPECT_EQ(WordsOfError("-ERR unknown command 'PEXPIRE', with args beginning with: 'user:jane@x' '1' \r\n"),
            "ERR unknown command 'PEXPIRE'");
  EXPECT_EQ(WordsOfError("ERR unknown command `X`, with args beginning with: `user:jane@x`, "),
            "ERR unknown command `X`");
  EXPECT_EQ(WordsOfError("-READONLY You can't write\r\n"), "READONLY You can't write");
  EXPECT_EQ(WordsOfError("the connection broke"), "the connection broke");
}

TEST(TextsTest, TheyAgreeWithTheWordsThatWereAskedOfARealServer) {
  EXPECT_EQ(kSyntaxError, command::kSyntaxError);
  EXPECT_EQ(kNotAnInteger, command::kNotIntegerError);
  EXPECT_EQ(kDbOutOfRange, command::kDbIndexError);
  EXPECT_EQ(kMaxClients, command::kMaxClientsError);
  EXPECT_EQ(kNoAuth, command::kNoAuthError);
  EXPECT_EQ(kNoProto, command::kNoProtoError);
  EXPECT_EQ(kProtoNotInteger, command::kProtocolNotIntegerError);
  EXPECT_EQ(kBadClientName, command::kClientNameError);
  EXPECT_EQ(kNoSuchClient, command::kNoSuchClientError);
  EXPECT_EQ(kBadClientId, command::kClientIdNotPositiveError);
  EXPECT_EQ(kInvalidClientId, command::kInvalidClientIdError);
  EXPECT_EQ(kDebugNotAllowed, command::kDebugNotAllowedError);
  EXPECT_EQ(kModuleNotAllowed, command::kModuleNotAllowedError);
}

TEST(TextsTest, UnknownSubcommandNamesBothAsRedisDoes) {
  EXPECT_EQ(UnknownSubcommand("client", "Foo"), "-ERR unknown subcommand 'Foo'. Try CLIENT HELP.\r\n");
  const std::string cut = UnknownSubcommand("CLIENT", std::string(300, 'x'));
  EXPECT_EQ(cut, "-ERR unknown subcommand '" + std::string(128, 'x') + "'. Try CLIENT HELP.\r\n");
  EXPECT_EQ(UnknownSubcommand("CLIENT", "a\r\nb").find('\r'), UnknownSubcommand("CLIENT", "a\r\nb").size() - 2);
}

TEST(TextsTest, BrowsersAreKnownByTheirFirstWord) {
  for (const char* word : {"POST", "post", "Host:", "HOST:"}) EXPECT_TRUE(IsCrossProtocol(word)) << word;
  for (const char* word : {"GET", "POSTS", "Host", "", "PO"}) EXPECT_FALSE(IsCrossProtocol(word)) << word;
}

TEST(TextsTest, EqualsIgnoresCaseOfTheText) {
  EXPECT_TRUE(Equals("SkipMe", "skipme"));
  EXPECT_FALSE(Equals("skipm", "skipme"));
  EXPECT_FALSE(Equals("skipmee", "skipme"));
  EXPECT_TRUE(Equals("", ""));
}

TEST(TextsTest, NamesHoldPrintableCharactersOnly) {
  for (const char* name : {"", "a", "!~", "a-b_c.d:1"}) EXPECT_TRUE(IsPrintableName(name)) << name;
  for (const std::string_view name :
       {std::string_view("a b"), std::string_view("a\n"), std::string_view("\t"), std::string_view("\x7f"),
        std::string_view("\xc3\xa9"), std::string_view("a\0b", 3)}) {
    EXPECT_FALSE(IsPrintableName(name)) << name;
  }
}

}  // namespace
}  // namespace herdgate::pipeline::texts

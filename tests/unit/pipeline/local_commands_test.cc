#include "sidecar/pipeline/local_commands.h"

#include <gtest/gtest.h>

#include "sidecar/command/table.h"
#include "sidecar/resp/encoder.h"

namespace herdgate::pipeline {
namespace {

using Args = std::vector<std::string_view>;

HelloArguments Hello(Args args) {
  args.insert(args.begin(), "HELLO");
  return ParseHello(args);
}

TEST(ParseHelloTest, WithoutArgumentsAsksForNothing) {
  const HelloArguments hello = Hello({});
  EXPECT_EQ(hello.error, "");
  EXPECT_FALSE(hello.proto.has_value());
  EXPECT_FALSE(hello.name.has_value());
  EXPECT_TRUE(hello.auth.empty());
}

TEST(ParseHelloTest, OptionsComeInAnyOrderAndCase) {
  for (const Args& args : {Args{"3", "AUTH", "u", "p", "SETNAME", "n"}, Args{"3", "setname", "n", "auth", "u", "p"}}) {
    const HelloArguments hello = Hello(args);
    EXPECT_EQ(hello.error, "");
    EXPECT_EQ(hello.proto, 3);
    EXPECT_EQ(hello.auth, (std::vector<std::string>{"u", "p"}));
    EXPECT_EQ(hello.name, "n");
  }
}

TEST(ParseHelloTest, MistakesAreWordedAsByRedis) {
  const std::string not_integer = "-ERR Protocol version is not an integer or out of range\r\n";
  const std::string unsupported = "-NOPROTO unsupported protocol version\r\n";
  const std::vector<std::pair<Args, std::string>> cases = {
      {{"x"}, not_integer},
      {{""}, not_integer},
      {{"3.0"}, not_integer},
      {{"03"}, not_integer},
      {{" 3"}, not_integer},
      {{"99999999999999999999"}, not_integer},
      {{"1"}, unsupported},
      {{"4"}, unsupported},
      {{"0"}, unsupported},
      {{"-3"}, unsupported},
      {{"AUTH", "u", "p"}, not_integer},
      {{"3", "NONSENSE"}, "-ERR Syntax error in HELLO option 'NONSENSE'\r\n"},
      {{"3", "AUTH", "u"}, "-ERR Syntax error in HELLO option 'AUTH'\r\n"},
      {{"3", "AUTH"}, "-ERR Syntax error in HELLO option 'AUTH'\r\n"},
      {{"3", "SETNAME"}, "-ERR Syntax error in HELLO option 'SETNAME'\r\n"},
      {{"3", "SETNAME", "a b"}, "-ERR Client names cannot contain spaces, newlines or special characters.\r\n"},
      {{"3", "SETNAME", "n", "x"}, "-ERR Syntax error in HELLO option 'x'\r\n"},
  };
  for (const auto& [args, error] : cases) EXPECT_EQ(Hello(args).error, error) << args[0];
}

TEST(ParseHelloTest, AuthBeforeAMistakeIsStillTaken) {
  const HelloArguments hello = Hello({"3", "AUTH", "u", "p", "NONSENSE"});
  EXPECT_EQ(hello.auth, (std::vector<std::string>{"u", "p"}));
  EXPECT_NE(hello.error, "");
}

TEST(HelloForClientTest, OnlyTheIdIsReplaced) {
  const std::string resp3 =
      "%3\r\n$6\r\nserver\r\n$5\r\nredis\r\n$2\r\nid\r\n:12345\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n";
  EXPECT_EQ(LocalCommands::HelloForClient(resp3, 7),
            "%3\r\n$6\r\nserver\r\n$5\r\nredis\r\n$2\r\nid\r\n:7\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n");
  EXPECT_EQ(LocalCommands::HelloForClient("*2\r\n$2\r\nid\r\n:1\r\n", 123456789), "*2\r\n$2\r\nid\r\n:123456789\r\n");
}

TEST(HelloForClientTest, ErrorsStayAsTheyAre) {
  for (const char* reply : {"-NOPROTO unsupported protocol version\r\n", "-ERR unknown command 'HELLO'\r\n"}) {
    EXPECT_EQ(LocalCommands::HelloForClient(reply, 7), reply);
  }
}

TEST(TrackingInfoForClientTest, OnlyTheRedirectIsReplaced) {
  EXPECT_EQ(
      LocalCommands::TrackingInfoForClient("*4\r\n$5\r\nflags\r\n*1\r\n$2\r\non\r\n$8\r\nredirect\r\n:900\r\n", 5),
      "*4\r\n$5\r\nflags\r\n*1\r\n$2\r\non\r\n$8\r\nredirect\r\n:5\r\n");
  EXPECT_EQ(LocalCommands::TrackingInfoForClient("-NOPERM x\r\n", 5), "-NOPERM x\r\n");
}

bool ChangesLogins(const Args& args) {
  std::string raw;
  resp::AppendRequest(raw, args);
  return LocalCommands::ChangesLogins(*command::BuiltIn().Resolve(args),
                                      {.args = args, .raw = raw, .was_inline = false});
}

TEST(ChangesLoginsTest, WhatAClientWithoutAuthMayDoChangesWithTheDefaultUser) {
  for (const Args& args :
       {Args{"CONFIG", "SET", "requirepass", "x"}, Args{"config", "set", "maxmemory", "1", "RequirePass", ""},
        Args{"ACL", "SETUSER", "default", "off"}, Args{"ACL", "LOAD"}}) {
    EXPECT_TRUE(ChangesLogins(args)) << args[1];
  }
  for (const Args& args : {Args{"CONFIG", "SET", "maxmemory", "1"}, Args{"ACL", "SETUSER", "bob", "off"}, Args{"ACL"},
                           Args{"CONFIG", "GET", "requirepass"}, Args{"ACL", "SETUSER"}, Args{"GET", "requirepass"}}) {
    EXPECT_FALSE(ChangesLogins(args)) << args[0];
  }
}

}  // namespace
}  // namespace herdgate::pipeline

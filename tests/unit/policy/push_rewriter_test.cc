#include <gtest/gtest.h>

#include <string>

#include "sidecar/policy/reply_rewriter.h"
#include "tests/unit/policy/policy_fixtures.h"

namespace herdgate::policy {
namespace {

std::string Pushed(const std::string& frame) {
  return RewritePush(*ThreePolicies(), frame);
}

std::string Invalidate(std::initializer_list<std::string_view> keys) {
  return List({Bulk("invalidate"), Bulks(keys)}, '>');
}

TEST(PushRewriterTest, InvalidationsNameTheKeysOfTheApp) {
  EXPECT_EQ(Pushed(Invalidate({"v7:user:1"})), Invalidate({"user:1"}));
  EXPECT_EQ(Pushed(Invalidate({"v7:user:1", "free", "v6:user:1", "user:1"})), Invalidate({"user:1", "free"}));
  EXPECT_EQ(Pushed(List({Bulk("invalidate"), "_\r\n"}, '>')), List({Bulk("invalidate"), "_\r\n"}, '>'));
}

TEST(PushRewriterTest, InvalidationsInRedirectedMessagesToo) {
  const auto message = [](const std::string& payload) {
    return List({Bulk("message"), Bulk("__redis__:invalidate"), payload});
  };
  EXPECT_EQ(Pushed(message(Bulks({"v7:user:1", "v6:user:1"}))), message(Bulks({"user:1"})));
  EXPECT_EQ(Pushed(message(Bulks({"v6:user:1"}))), "");
  EXPECT_EQ(Pushed(message("$-1\r\n")), message("$-1\r\n"));
}

TEST(PushRewriterTest, InvalidationsOfNoVisibleKeyAreDropped) {
  EXPECT_EQ(Pushed(Invalidate({"v6:user:1"})), "");
  EXPECT_EQ(Pushed(Invalidate({"__herdgate:generation:cart"})), "");
  EXPECT_EQ(Pushed(Invalidate({"v3.1700:cart:1"})), "");
}

TEST(PushRewriterTest, InvalidationsOfAnotherGenerationReachTheApp) {
  // It may still hold what it read before the bump.
  EXPECT_EQ(Pushed(Invalidate({"v2.1699:cart:1", "g8:gen:1"})), Invalidate({"cart:1", "gen:1"}));
}

TEST(PushRewriterTest, KeyspaceMessagesNameTheKeyInTheChannel) {
  for (const char type : {'*', '>'}) {
    EXPECT_EQ(Pushed(Bulks({"message", "__keyspace@0__:v7:user:1", "set"}, type)),
              Bulks({"message", "__keyspace@0__:user:1", "set"}, type));
    EXPECT_EQ(Pushed(Bulks({"message", "__keyspace@15__:v6:user:1", "set"}, type)), "");
    EXPECT_EQ(Pushed(Bulks({"message", "__keyspace@0__:free", "set"}, type)),
              Bulks({"message", "__keyspace@0__:free", "set"}, type));
  }
}

TEST(PushRewriterTest, KeyeventMessagesNameTheKeyInThePayload) {
  EXPECT_EQ(Pushed(Bulks({"message", "__keyevent@0__:set", "v7:user:1"})),
            Bulks({"message", "__keyevent@0__:set", "user:1"}));
  EXPECT_EQ(Pushed(Bulks({"message", "__keyevent@0__:set", "v6:user:1"})), "");
  EXPECT_EQ(Pushed(Bulks({"message", "__keyevent@0__:set", "__herdgate:generation:cart"})), "");
}

TEST(PushRewriterTest, PatternMessagesNameTheAppsOwnPattern) {
  EXPECT_EQ(Pushed(Bulks({"pmessage", "__keyspace@0__:v7:user:*", "__keyspace@0__:v7:user:1", "set"})),
            Bulks({"pmessage", "__keyspace@0__:user:*", "__keyspace@0__:user:1", "set"}));
  EXPECT_EQ(Pushed(Bulks({"pmessage", "__keyspace@0__:v2.[0-9]*:cart:*", "__keyspace@0__:v2.1700:cart:1", "set"})),
            Bulks({"pmessage", "__keyspace@0__:cart:*", "__keyspace@0__:cart:1", "set"}));
  EXPECT_EQ(Pushed(Bulks({"pmessage", "__key*__:***", "__keyevent@0__:set", "v7:user:1"})),
            Bulks({"pmessage", "__key*__:*", "__keyevent@0__:set", "user:1"}));
  EXPECT_EQ(Pushed(Bulks({"pmessage", "*", "__keyspace@0__:v7:user:1", "set"})),
            Bulks({"pmessage", "*", "__keyspace@0__:user:1", "set"}));
}

TEST(PushRewriterTest, WhatOnlyTheWiderPatternMatchesIsDropped) {
  EXPECT_EQ(Pushed(Bulks({"pmessage", "__keyspace@0__:**u*", "__keyspace@0__:v7:user:1", "set"})),
            Bulks({"pmessage", "__keyspace@0__:u*", "__keyspace@0__:user:1", "set"}));
  EXPECT_EQ(Pushed(Bulks({"pmessage", "__keyspace@0__:**u*", "__keyspace@0__:queue", "set"})), "");
  EXPECT_EQ(Pushed(Bulks({"pmessage", "__key*__:**set", "__keyevent@0__:reset", "free"})), "");
  EXPECT_EQ(Pushed(Bulks({"pmessage", "__keyspace@0__:v2.[0-9]*:cart:*", "__keyspace@0__:v2.1699:cart:1", "set"})), "");
}

TEST(PushRewriterTest, ConfirmationsNameTheAppsOwnChannel) {
  const auto confirmed = [](const char* kind, const char* channel, char type) {
    return List({Bulk(kind), Bulk(channel), ":1\r\n"}, type);
  };
  for (const char type : {'*', '>'}) {
    for (const char* kind : {"subscribe", "unsubscribe"}) {
      EXPECT_EQ(Pushed(confirmed(kind, "__keyspace@0__:v7:user:1", type)),
                confirmed(kind, "__keyspace@0__:user:1", type));
      EXPECT_EQ(Pushed(confirmed(kind, "__keyspace@0__:g8:gen:1", type)),
                confirmed(kind, "__keyspace@0__:gen:1", type));
      EXPECT_EQ(Pushed(confirmed(kind, "__keyevent@0__:set", type)), confirmed(kind, "__keyevent@0__:set", type));
    }
    for (const char* kind : {"psubscribe", "punsubscribe"}) {
      EXPECT_EQ(Pushed(confirmed(kind, "__keyspace@*__:v7:user:*", type)),
                confirmed(kind, "__keyspace@*__:user:*", type));
      EXPECT_EQ(Pushed(confirmed(kind, "__keyspace@0__:**u*", type)), confirmed(kind, "__keyspace@0__:u*", type));
    }
  }
  EXPECT_EQ(Pushed("*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n"), "*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n");
  EXPECT_EQ(Pushed(">3\r\n$11\r\nunsubscribe\r\n_\r\n:0\r\n"), ">3\r\n$11\r\nunsubscribe\r\n_\r\n:0\r\n");
}

TEST(PushRewriterTest, OtherFramesStayAsTheyAre) {
  for (const std::string& frame :
       {Bulks({"message", "news", "v7:user:1"}), Bulks({"message", "v7:user:1", "x"}, '>'), Bulks({"pong", ""}),
        Bulks({"smessage", "__keyspace@0__:v7:user:1", "x"}), Bulks({"pmessage", "n*", "news", "v7:user:1"}),
        Bulks({"message", "__keyspace@x__:v7:user:1", "x"}), Bulks({"message"}), Bulks({"invalidate"}),
        List({Bulk("invalidate"), List({":1\r\n"})}, '>'), std::string("+OK\r\n"), std::string(">1\r\n"),
        std::string()}) {
    EXPECT_EQ(Pushed(frame), frame);
  }
}

}  // namespace
}  // namespace herdgate::policy

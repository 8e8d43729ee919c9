#include "sidecar/policy/reply_rewriter.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/policy/policy_fixtures.h"

namespace herdgate::policy {
namespace {

constexpr ReplyShape kShapes[] = {ReplyShape::kPlain,     ReplyShape::kKeys,       ReplyShape::kScan,
                                  ReplyShape::kRandomKey, ReplyShape::kFirstIsKey, ReplyShape::kStreams,
                                  ReplyShape::kNamedKeys, ReplyShape::kExec};

std::string Rewritten(ReplyShape shape, const std::string& reply) {
  return RewriteReply(Work(shape, ThreePolicies()), reply);
}

TEST(ReplyRewriterTest, KeysAreShownByTheirLogicalNames) {
  EXPECT_EQ(Rewritten(ReplyShape::kKeys, Bulks({"v7:user:1", "v2.1700:cart:1", "g9:gen:1", "free"})),
            Bulks({"user:1", "cart:1", "gen:1", "free"}));
  EXPECT_EQ(Rewritten(ReplyShape::kKeys, Bulks({"v7:user:1"}, '~')), Bulks({"user:1"}, '~'));
  EXPECT_EQ(Rewritten(ReplyShape::kKeys, List({"+v7:user:1\r\n", "=13\r\ntxt:v7:user:2\r\n"})),
            List({"+user:1\r\n", "=10\r\ntxt:user:2\r\n"}));
}

TEST(ReplyRewriterTest, KeysOfOtherVersionsAreLeftOut) {
  EXPECT_EQ(Rewritten(ReplyShape::kKeys, Bulks({"v6:user:1", "v7:user:2", "user:3", "v2.1699:cart:1", "v2:cart:1",
                                                "g8:gen:1", "__herdgate:generation:cart", "v6:free"})),
            Bulks({"user:2", "v6:free"}));
  EXPECT_EQ(Rewritten(ReplyShape::kKeys, Bulks({"v6:user:1"})), "*0\r\n");
}

TEST(ReplyRewriterTest, TheCountOfAShortenedListFits) {
  std::string reply = "*12\r\n";
  std::string shown = "*9\r\n";
  for (int i = 0; i < 12; ++i) {
    const bool visible = i % 4 != 0;
    reply += Bulk((visible ? "v7:user:" : "v6:user:") + std::to_string(i));
    if (visible) shown += Bulk("user:" + std::to_string(i));
  }
  EXPECT_EQ(Rewritten(ReplyShape::kKeys, reply), shown);
}

TEST(ReplyRewriterTest, KeysAreFilteredByTheAppsOwnPattern) {
  const std::string reply = Bulks({"v7:user:1", "v7:user:2", "v2.1700:cart:1", "xuser:1"});
  EXPECT_EQ(RewriteReply(Work(ReplyShape::kKeys, ThreePolicies(), "*:1"), reply),
            Bulks({"user:1", "cart:1", "xuser:1"}));
  EXPECT_EQ(RewriteReply(Work(ReplyShape::kKeys, ThreePolicies(), "v*"), reply), "*0\r\n");
}

TEST(ReplyRewriterTest, ScanKeepsItsCursor) {
  EXPECT_EQ(Rewritten(ReplyShape::kScan, List({Bulk("1234"), Bulks({"v7:user:1", "v6:user:2", "free"})})),
            List({Bulk("1234"), Bulks({"user:1", "free"})}));
  EXPECT_EQ(Rewritten(ReplyShape::kScan, List({Bulk("0"), "*0\r\n"})), List({Bulk("0"), "*0\r\n"}));
  // A cursor is no key, even if it looks like one.
  EXPECT_EQ(Rewritten(ReplyShape::kScan, List({Bulk("v7:user:1"), Bulks({"v6:user:2"})})),
            List({Bulk("v7:user:1"), "*0\r\n"}));
}

TEST(ReplyRewriterTest, RandomKeyOfAnotherVersionIsNull) {
  EXPECT_EQ(Rewritten(ReplyShape::kRandomKey, Bulk("v7:user:1")), Bulk("user:1"));
  EXPECT_EQ(Rewritten(ReplyShape::kRandomKey, Bulk("free")), Bulk("free"));
  EXPECT_EQ(Rewritten(ReplyShape::kRandomKey, Bulk("v6:user:1")), "$-1\r\n");
  ReplyWork work = Work(ReplyShape::kRandomKey, ThreePolicies());
  work.proto = 3;
  EXPECT_EQ(RewriteReply(work, Bulk("v6:user:1")), "_\r\n");
}

TEST(ReplyRewriterTest, APoppedKeyIsTheOneThatTheAppNamed) {
  const auto first = [](const std::string& reply) { return Rewritten(ReplyShape::kFirstIsKey, reply); };
  EXPECT_EQ(first(Bulks({"v7:user:1", "v7:user:1"})), Bulks({"user:1", "v7:user:1"}));
  EXPECT_EQ(first(List({Bulk("g9:gen:1"), Bulk("m"), ",1.5\r\n"})), List({Bulk("gen:1"), Bulk("m"), ",1.5\r\n"}));
  EXPECT_EQ(first(List({Bulk("v7:user:1"), Bulks({"v7:user:1", "b"})})),
            List({Bulk("user:1"), Bulks({"v7:user:1", "b"})}));
  EXPECT_EQ(first(List({Bulk("v7:user:1"), List({List({Bulk("m"), Bulk("1")})})})),
            List({Bulk("user:1"), List({List({Bulk("m"), Bulk("1")})})}));
  // A BLPOP that waited across a bump has the name of before.
  EXPECT_EQ(first(Bulks({"v2.1699:cart:1", "a"})), Bulks({"cart:1", "a"}));
}

TEST(ReplyRewriterTest, StreamsAreNamedInBothProtocols) {
  const std::string entries = List({List({Bulk("1-1"), Bulks({"f", "v7:user:1"})})});
  const auto streams = [](const std::string& reply) { return Rewritten(ReplyShape::kStreams, reply); };
  EXPECT_EQ(streams(List({List({Bulk("v7:user:1"), entries}), List({Bulk("v7:user:22"), entries})})),
            List({List({Bulk("user:1"), entries}), List({Bulk("user:22"), entries})}));
  EXPECT_EQ(streams(List({Bulk("v7:user:1"), entries, Bulk("free"), entries}, '%')),
            List({Bulk("user:1"), entries, Bulk("free"), entries}, '%'));
}

TEST(ReplyRewriterTest, AnErrorOfAStreamQuotesTheKeyOfTheApp) {
  ReplyWork work = Work(ReplyShape::kStreams, ThreePolicies());
  work.keys = {{"v7:user:1", "user:1"}};
  EXPECT_EQ(
      RewriteReply(work, "-NOGROUP No such key 'v7:user:1' or consumer group 'v7' in XREADGROUP with GROUP option\r\n"),
      "-NOGROUP No such key 'user:1' or consumer group 'v7' in XREADGROUP with GROUP option\r\n");
}

TEST(ReplyRewriterTest, AnyVersionedNameIsShownAsLogicalInAnArgumentList) {
  const ReplyWork work = Work(ReplyShape::kAnyName, ThreePolicies());
  EXPECT_EQ(RewriteReply(work, List({":1\r\n", Bulks({"MGET", "v7:user:1", "v6:user:2", "v7:free"})})),
            List({":1\r\n", Bulks({"MGET", "user:1", "user:2", "v7:free"})}));
}

TEST(ReplyRewriterTest, NamedKeysAreReplacedAtAnyDepth) {
  ReplyWork work = Work(ReplyShape::kNamedKeys, ThreePolicies());
  work.keys = {{"v7:user:1", "user:1"}, {"v7:user:12", "user:12"}, {"free", "free"}};
  EXPECT_EQ(RewriteReply(work, Bulk("v7:user:1")), Bulk("user:1"));
  EXPECT_EQ(RewriteReply(work, "+v7:user:12\r\n"), "+user:12\r\n");
  const std::string other = List({":1\r\n", "_\r\n", Bulk("v7:user:2"), Bulk("xv7:user:1"), Bulk(""), "$-1\r\n"});
  EXPECT_EQ(RewriteReply(work, List({other, Bulk("v7:user:1"), List({Bulk("v7:user:12"), Bulk("free")}, '%')})),
            List({other, Bulk("user:1"), List({Bulk("user:12"), Bulk("free")}, '%')}));
  EXPECT_EQ(RewriteReply(work, List({"-ERR v7:user:1\r\n", "=13\r\ntxt:v7:user:1\r\n"})),
            List({"-ERR user:1\r\n", "=10\r\ntxt:user:1\r\n"}));
}

TEST(ReplyRewriterTest, ManyNamedKeysAreFoundToo) {
  ReplyWork work = Work(ReplyShape::kNamedKeys, ThreePolicies());
  std::string reply = "*100\r\n";
  std::string shown = reply;
  for (int i = 0; i < 100; ++i) {
    const std::string key = "user:" + std::to_string(i);
    if (i < 99) work.keys.emplace_back("v7:" + key, key);
    reply += Bulk("v7:" + key);
    shown += Bulk((i < 99 ? "" : "v7:") + key);
  }
  EXPECT_EQ(RewriteReply(work, reply), shown);
}

TEST(ReplyRewriterTest, ErrorsNameTheKeysOfTheApp) {
  ReplyWork work = Work(ReplyShape::kNamedKeys, ThreePolicies());
  work.keys = {{"v7:user:1", "user:1"},
               {"v7:user:12", "user:12"},
               {std::string("v7:user:\0x", 10), std::string("user:\0x", 7)},
               {"v7:user:a\r\nb", "user:a\r\nb"}};
  const auto error = [&](const std::string& text) { return RewriteReply(work, "-" + text + "\r\n"); };
  EXPECT_EQ(error("ERR v7:user:12 and 'v7:user:1', v7:user:1."), "-ERR user:12 and 'user:1', user:1.\r\n");
  EXPECT_EQ(error("ERR nothing"), "-ERR nothing\r\n");
  // Redis prints a key up to its first NUL and line ends as spaces.
  EXPECT_EQ(error("ERR 'v7:user:' and 'v7:user:a  b'"), "-ERR 'user:' and 'user:a  b'\r\n");
  EXPECT_EQ(RewriteReply(work, "!14\r\nERR v7:user:12\r\n"), "!11\r\nERR user:12\r\n");
}

TEST(ReplyRewriterTest, ExecAppliesToEveryElementItsOwnWork) {
  ReplyWork exec = Work(ReplyShape::kExec, ThreePolicies());
  exec.queued = {ReplyWork(), Work(ReplyShape::kKeys, ThreePolicies()), Work(ReplyShape::kFirstIsKey, ThreePolicies()),
                 Work(ReplyShape::kScan, ThreePolicies()), ReplyWork()};
  const std::string scan = List({Bulk("0"), Bulks({"v7:user:1"})});
  const std::string scanned = List({Bulk("0"), Bulks({"user:1"})});
  const std::string kept = Bulks({"v7:user:1"});
  EXPECT_EQ(RewriteReply(exec, List({kept, Bulks({"v7:user:1", "user:1"}), "*-1\r\n", scan, kept})),
            List({kept, Bulks({"user:1"}), "*-1\r\n", scanned, kept}));
  EXPECT_EQ(RewriteReply(exec, List({kept, "-ERR v7:user:1\r\n", "_\r\n", scan, kept})),
            List({kept, "-ERR v7:user:1\r\n", "_\r\n", scanned, kept}));
  EXPECT_EQ(RewriteReply(exec, "-EXECABORT v7:user:1\r\n"), "-EXECABORT v7:user:1\r\n");
  EXPECT_EQ(RewriteReply(exec, "*-1\r\n"), "*-1\r\n");
  EXPECT_EQ(RewriteReply(exec, "_\r\n"), "_\r\n");
}

TEST(ReplyRewriterTest, ExecOfAnotherLengthIsRewrittenAsFarAsItFits) {
  ReplyWork exec = Work(ReplyShape::kExec, ThreePolicies());
  exec.queued = {Work(ReplyShape::kKeys, ThreePolicies()), Work(ReplyShape::kKeys, ThreePolicies())};
  const std::string keys = Bulks({"v7:user:1"});
  const std::string shown = Bulks({"user:1"});
  EXPECT_EQ(RewriteReply(exec, List({keys})), List({shown}));
  EXPECT_EQ(RewriteReply(exec, List({keys, keys, keys})), List({shown, shown, keys}));
}

TEST(ReplyRewriterTest, APushInsideExecTakesNoOtherElementsPlace) {
  ReplyWork exec = Work(ReplyShape::kExec, ThreePolicies());
  exec.queued = {ReplyWork(), Work(ReplyShape::kKeys, ThreePolicies())};
  const std::string keys = Bulks({"v7:user:1"});
  const std::string shown = Bulks({"user:1"});
  const std::string message = Bulks({"message", "__keyspace@0__:v7:user:1", "set"}, '>');
  const std::string shown_message = Bulks({"message", "__keyspace@0__:user:1", "set"}, '>');
  EXPECT_EQ(RewriteReply(exec, List({message, ":1\r\n", keys})), List({shown_message, ":1\r\n", shown}));
  // SUBSCRIBE was queued itself.
  const std::string subscribed = List({Bulk("subscribe"), Bulk("__keyspace@0__:v7:user:1"), ":1\r\n"}, '>');
  const std::string shown_subscribed = List({Bulk("subscribe"), Bulk("__keyspace@0__:user:1"), ":1\r\n"}, '>');
  EXPECT_EQ(RewriteReply(exec, List({subscribed, keys})), List({shown_subscribed, shown}));
  // The array has counted a message that would be dropped.
  const std::string foreign = Bulks({"message", "__keyspace@0__:v6:user:1", "set"}, '>');
  EXPECT_EQ(RewriteReply(exec, List({foreign, ":1\r\n", keys})), List({foreign, ":1\r\n", shown}));
}

TEST(ReplyRewriterTest, AttributesAreKeptWhereTheirReplyIs) {
  const std::string attribute = "|1\r\n+ttl\r\n:3600\r\n";
  EXPECT_EQ(
      Rewritten(ReplyShape::kKeys, attribute + List({attribute + Bulk("v7:user:1"), attribute + Bulk("v6:user:1")})),
      attribute + List({attribute + Bulk("user:1")}));
  EXPECT_EQ(Rewritten(ReplyShape::kFirstIsKey, attribute + Bulks({"v7:user:1", "a"})),
            attribute + Bulks({"user:1", "a"}));
}

TEST(ReplyRewriterTest, NullsAndErrorsStayInEveryShape) {
  for (const ReplyShape shape : kShapes) {
    for (const char* reply : {"$-1\r\n", "*-1\r\n", "_\r\n", "-ERR 'v7:user:1'\r\n", "!5\r\nERR x\r\n"}) {
      EXPECT_EQ(Rewritten(shape, reply), reply) << static_cast<int>(shape);
    }
  }
}

TEST(ReplyRewriterTest, RepliesOfAnotherFormStayWhole) {
  const std::string replies[] = {
      "+OK\r\n",
      ":1\r\n",
      "#t\r\n",
      ",1\r\n",
      "(1\r\n",
      List({":1\r\n", ":2\r\n"}),
      List({":1\r\n", ":2\r\n"}, '%'),
      "*0\r\n",
      "%0\r\n",
      "*?\r\n$1\r\na\r\n.\r\n",
      List({Bulks({"v7:user:1"}), "%?\r\n.\r\n"}),
      // A form that is right at first only.
      List({Bulk("v7:user:1"), Bulk("v6:user:1"), ":1\r\n", "*0\r\n"}),
      List({List({Bulk("v7:user:1"), Bulk("x")}), Bulk("y")}),
  };
  for (const ReplyShape shape : kShapes) {
    for (const std::string& reply : replies) {
      if (shape == ReplyShape::kFirstIsKey && reply[4] == '$') continue;  // that is its form
      EXPECT_EQ(Rewritten(shape, reply), reply) << static_cast<int>(shape);
    }
  }
}

TEST(ReplyRewriterTest, BytesThatAreNoRespStayAsTheyAre) {
  for (const ReplyShape shape : kShapes) {
    for (const char* reply :
         {"", "x", "*", "*1", "*1\r\n", "*x\r\n", "$9\r\nv7:user:1", "*1\r\n$5\r\nv7",
          "*999999999999999999\r\n$1\r\na\r\n", "$999999999999999999\r\na\r\n", "=3\r\nabc\r\n", "|1\r\n",
          "|9\r\n+a\r\n", "$4\r\nabcdef\r\n", ";1\r\na\r\n", ".\r\n", ">-1\r\n", "*1\r\n;0\r\n"}) {
      EXPECT_EQ(Rewritten(shape, reply), reply) << static_cast<int>(shape);
    }
  }
}

// The reply is walked once and held once: a long listing must not cost more than its bytes.
TEST(ReplyRewriterTest, ALongListingIsRewrittenWhole) {
  std::string reply = "*100000\r\n";
  std::string body;
  for (int i = 0; i < 100'000; ++i) {
    const std::string key = "user:" + std::to_string(i);
    reply += Bulk((i % 2 == 0 ? "v7:" : "v6:") + key);
    if (i % 2 == 0) body += Bulk(key);
  }
  EXPECT_EQ(Rewritten(ReplyShape::kKeys, reply), "*50000\r\n" + body);
}

}  // namespace
}  // namespace herdgate::policy

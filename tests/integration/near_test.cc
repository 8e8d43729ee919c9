// The near cache on the data path: what is answered in the pod, and that it is never older than it may be.
#include "tests/integration/support/near_fixture.h"
#include "tests/support/relay.h"

namespace herdgate::integration {
namespace {

using std::chrono::milliseconds;

TEST_P(Near, HotKeyIsAnsweredWithoutRedis) {
  RawClient client = Client();
  client.Do({"SET", "n:a", "value"});
  ASSERT_TRUE(Warm(client, "n:a"));
  const double before = CommandCalls("get");
  for (int i = 0; i < 100; ++i) ASSERT_EQ(client.Do({"GET", "n:a"}), "$5\r\nvalue\r\n");
  EXPECT_LE(CommandCalls("get") - before, 1);
}

TEST_P(Near, KeyOfNoNearPolicyIsNever) {
  RawClient client = Client();
  client.Do({"SET", "other", "value"});
  const double before = CommandCalls("get");
  for (int i = 0; i < 50; ++i) client.Do({"GET", "other"});
  EXPECT_EQ(CommandCalls("get") - before, 50);
}

TEST_P(Near, EveryReadOfAValueIsAnswered) {
  RawClient client = Client();
  client.Do({"MSET", "n:a", "value", "n:b", "other"});
  ASSERT_TRUE(Warm(client, "n:a"));
  ASSERT_TRUE(Warm(client, "n:b"));
  ASSERT_TRUE(Warm(client, "n:none"));
  const double before =
      CommandCalls("mget") + CommandCalls("strlen") + CommandCalls("exists") + CommandCalls("getrange");
  EXPECT_EQ(client.Do({"MGET", "n:a", "n:none", "n:b"}), "*3\r\n$5\r\nvalue\r\n$-1\r\n$5\r\nother\r\n");
  EXPECT_EQ(client.Do({"STRLEN", "n:a"}), ":5\r\n");
  EXPECT_EQ(client.Do({"EXISTS", "n:a", "n:b", "n:a"}), ":3\r\n");
  EXPECT_EQ(client.Do({"GETRANGE", "n:a", "-3", "-2"}), "$2\r\nlu\r\n");
  EXPECT_EQ(CommandCalls("mget") + CommandCalls("strlen") + CommandCalls("exists") + CommandCalls("getrange"), before);
  RawClient resp3 = Gate().Resp3Client();
  EXPECT_EQ(resp3.Do({"GET", "n:none"}), "_\r\n");
}

TEST_P(Near, ExpiryIsAnsweredOnlyWhereThereIsNoTimeToTell) {
  RawClient client = Client();
  const auto calls = [] {
    return CommandCalls("ttl") + CommandCalls("pttl") + CommandCalls("expiretime") + CommandCalls("pexpiretime");
  };
  client.Do({"SET", "n:forever", "v"});
  client.Do({"SET", "n:limited", "v", "EX", "100"});
  for (const char* key : {"n:forever", "n:none", "n:limited"}) ASSERT_TRUE(Warm(client, key)) << key;
  const auto answers_at_once = [&](const Words& words, const std::string& reply) {
    const double before = CommandCalls(words[0]);
    return client.Do(words) == reply && CommandCalls(words[0]) == before;
  };
  // A fill asks for PTTL too.
  for (const char* command : {"ttl", "pttl", "expiretime", "pexpiretime"}) {
    EXPECT_TRUE(Eventually([&] { return answers_at_once({command, "n:forever"}, ":-1\r\n"); })) << command;
    EXPECT_TRUE(Eventually([&] { return answers_at_once({command, "n:none"}, ":-2\r\n"); })) << command;
  }
  const double before = calls();
  EXPECT_EQ(client.Do({"TTL", "n:limited"}), ":100\r\n");
  EXPECT_GT(calls(), before);
  // Who gives it an expiry is heard of.
  Direct().Do({"EXPIRE", "n:forever", "1000"});
  EXPECT_TRUE(Eventually([&] { return client.Do({"TTL", "n:forever"}) == ":1000\r\n"; }));
  client.Do({"PERSIST", "n:limited"});
  EXPECT_EQ(client.Do({"TTL", "n:limited"}), ":-1\r\n");
}

TEST_P(Near, FillsAreFewAtOnceAfterTheConnectionWasArmed) {
  RawClient client = Client();
  std::string gets;
  for (int i = 0; i < 3000; ++i) {
    const std::string get = Encode({"GET", "n:" + std::to_string(i)});
    gets += get + get + get;
  }
  client.Send(gets + Encode({"ECHO", "<end>"}));
  client.ReadUntil("<end>\r\n");
  EXPECT_TRUE(Eventually([&] { return Gate().Metric("herdgate_near_fill_refusals_total{reason=\"pace\"}") > 0; }));
}

TEST_P(Near, OwnWriteIsReadAtOnceByEveryClient) {
  std::vector<RawClient> clients = Clients(6);
  clients[0].Do({"SET", "n:a", "0"});
  ASSERT_TRUE(Warm(clients[0], "n:a"));
  for (int i = 1; i <= 300; ++i) {
    const std::string value = std::to_string(i);
    ASSERT_EQ(clients[static_cast<std::size_t>(i) % 6].Do({"SET", "n:a", value}), "+OK\r\n");
    for (RawClient& client : clients) ASSERT_EQ(client.Do({"GET", "n:a"}), Bulk(value));
  }
}

TEST_P(Near, EveryKindOfOwnWriteIsSeen) {
  RawClient client = Client();
  const std::vector<std::pair<Words, std::string>> writes = {
      {{"APPEND", "n:a", "x"}, "$2\r\n1x\r\n"},
      {{"SETRANGE", "n:a", "1", "Z"}, "$2\r\n1Z\r\n"},
      {{"GETSET", "n:a", "g"}, "$1\r\ng\r\n"},
      {{"MSET", "n:b", "1", "n:a", "m"}, "$1\r\nm\r\n"},
      {{"EVAL", "return redis.call('SET', KEYS[1], 'e')", "1", "n:a"}, "$1\r\ne\r\n"},
      {{"EVAL", "return redis.call('SET', 'n:' .. 'a', 'f')", "0"}, "$1\r\nf\r\n"},
      {{"RENAME", "n:b", "n:a"}, "$1\r\n1\r\n"},
      {{"DEL", "n:a"}, "$-1\r\n"},
      {{"FLUSHALL"}, "$-1\r\n"},
  };
  for (const auto& [write, read] : writes) {
    client.Do({"SET", "n:a", "1"});
    ASSERT_TRUE(Warm(client, "n:a"));
    client.Do(write);
    EXPECT_EQ(client.Do({"GET", "n:a"}), read) << write[0];
  }
}

TEST_P(Near, TransactionAndPipelineSeeTheirOwnWrites) {
  RawClient client = Client();
  client.Do({"SET", "n:a", "0"});
  ASSERT_TRUE(Warm(client, "n:a"));
  client.Send(Encode({"SET", "n:a", "1"}) + Encode({"GET", "n:a"}) + Encode({"MULTI"}) + Encode({"SET", "n:a", "2"}) +
              Encode({"GET", "n:a"}) + Encode({"EXEC"}) + Encode({"GET", "n:a"}));
  const auto replies = client.Read(7);
  EXPECT_EQ(replies[1], "$1\r\n1\r\n");
  EXPECT_EQ(replies[5], "*2\r\n+OK\r\n$1\r\n2\r\n");
  EXPECT_EQ(replies[6], "$1\r\n2\r\n");
}

TEST_P(Near, ReadBehindAScriptSeesWhatItWroteWithoutSayingSo) {
  RawClient client = Client();
  const std::string script = "return redis.call('SET', 'n:' .. 'a', ARGV[1])";
  client.Do({"SET", "n:a", "0"});
  for (int i = 1; i <= 200; ++i) {
    ASSERT_TRUE(Warm(client, "n:a"));
    const std::string value = std::to_string(i);
    client.Send(Encode({"EVAL", script, "0", value}) + Encode({"GET", "n:a"}));
    ASSERT_EQ(client.Read(), "+OK\r\n");
    ASSERT_EQ(client.Read(), Bulk(value));
  }
}

TEST_P(Near, TransactionThatSwapsAndRunsAScriptVoidsAll) {
  RawClient client = Client();
  RawClient other = Client();
  RawClient direct = Direct();
  direct.Do({"SET", "n:a", "old"});
  direct.Do({"SELECT", "1"});
  direct.Do({"SET", "n:a", "new"});
  client.Do({"MULTI"});
  client.Do({"SWAPDB", "0", "1"});
  client.Do({"EVAL", "return 1", "0"});
  ASSERT_TRUE(Warm(other, "n:a")) << "between the queueing and EXEC";
  EXPECT_EQ(client.Do({"EXEC"}), "*2\r\n+OK\r\n:1\r\n");
  EXPECT_EQ(other.Do({"GET", "n:a"}), Bulk("new"));
}

TEST_P(Near, EachKeyOfAnMgetCountsForItsOwnPolicy) {
  RawClient client = Client();
  client.Do({"MSET", "n:a", "1", "n:b", "1", "u:a", "1"});
  client.Do({"MGET", "n:a", "u:a", "n:b"});
  const std::string hits = "herdgate_lookups_total{outcome=\"hit\",policy=";
  EXPECT_TRUE(Gate().MetricBecomes(hits + "\"near\"", 2));
  EXPECT_TRUE(Gate().MetricBecomes(hits + "\"versioned\"", 1));
}

TEST_P(Near, ForeignWriteIsSeenSoon) {
  RawClient client = Client();
  RawClient direct = Direct();
  for (int i = 0; i < 50; ++i) {
    client.Do({"SET", "u:a", "old"});
    ASSERT_TRUE(Warm(client, "u:a"));
    direct.Do({"SET", "v7:u:a", "new"});
    ASSERT_TRUE(Eventually([&] { return client.Do({"GET", "u:a"}) == "$3\r\nnew\r\n"; }));
  }
}

TEST_P(Near, ExpiryIsKept) {
  RawClient client = Client();
  client.Do({"SET", "n:a", "v", "PX", "400"});
  client.Do({"GET", "n:a"});
  client.Do({"GET", "n:a"});
  EXPECT_TRUE(Eventually([&] { return client.Do({"GET", "n:a"}) == "$-1\r\n"; }));
  EXPECT_EQ(Direct().Do({"EXISTS", "n:a"}), ":0\r\n");
}

TEST_P(Near, ForeignFlushVoidsAll) {
  RawClient client = Client();
  client.Do({"SET", "n:a", "v"});
  ASSERT_TRUE(Warm(client, "n:a"));
  Direct().Do({"FLUSHALL"});
  EXPECT_TRUE(Eventually([&] { return client.Do({"GET", "n:a"}) == "$-1\r\n"; }));
}

TEST_P(Near, LossOfTheTrackedConnectionVoidsAll) {
  RawClient client = Client();
  RawClient direct = Direct();
  client.Do({"SET", "n:a", "old"});
  ASSERT_TRUE(Warm(client, "n:a"));
  // Nobody is told of this write: the connection that tracks is killed in the same transaction.
  direct.Send(Encode({"MULTI"}) + Encode({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"}) +
              Encode({"SET", "n:a", "new"}) + Encode({"EXEC"}));
  direct.Read(4);
  EXPECT_TRUE(Eventually([&] {
    RawClient fresh = Client();
    return fresh.Do({"GET", "n:a"}) == "$3\r\nnew\r\n";
  }));
  RawClient other = Client();
  EXPECT_TRUE(Warm(other, "n:a")) << "armed again";
  EXPECT_EQ(other.Do({"GET", "n:a"}), "$3\r\nnew\r\n");
}

TEST_P(Near, OtherDatabasesAndUsersAreNotAnsweredFromHere) {
  Direct().Do({"ACL", "SETUSER", "blind", "on", ">pw", "+@all", "~other*"});
  RawClient client = Client();
  client.Do({"SET", "n:a", "v"});
  ASSERT_TRUE(Warm(client, "n:a"));
  RawClient blind = Client();
  EXPECT_EQ(blind.Do({"AUTH", "blind", "pw"}), "+OK\r\n");
  EXPECT_TRUE(blind.Do({"GET", "n:a"}).starts_with("-NOPERM"));
  RawClient elsewhere = Client();
  elsewhere.Do({"SELECT", "1"});
  EXPECT_EQ(elsewhere.Do({"GET", "n:a"}), "$-1\r\n");
  Direct().Do({"ACL", "DELUSER", "blind"});
}

TEST_P(Near, HitsStandInTheirPlaceAmongOtherReplies) {
  RawClient client = Client();
  client.Do({"MSET", "n:a", "here", "x", "0"});
  client.Do({"SET", "u:a", "versioned"});
  ASSERT_TRUE(Warm(client, "n:a"));
  ASSERT_TRUE(Warm(client, "u:a"));
  ASSERT_TRUE(Warm(client, "n:none"));
  std::string all;
  std::string expected;
  for (int i = 1; i <= 200; ++i) {
    all += Encode({"GET", "n:a"}) + Encode({"INCR", "x"}) + Encode({"get", "u:a"}) + Encode({"GET", "n:none"}) +
           Encode({"PING"});
    expected += "$4\r\nhere\r\n:" + std::to_string(i) + "\r\n$9\r\nversioned\r\n$-1\r\n+PONG\r\n";
  }
  client.Send(all + Encode({"ECHO", "<end>"}));
  EXPECT_EQ(client.ReadUntil("<end>\r\n"), expected + "$5\r\n<end>\r\n");
}

TEST_P(Near, LongPipelineOfHitsAndLongValuesAreWhole) {
  RawClient client = Client();
  const std::string long_value(60'000, 'L');
  client.Do({"MSET", "n:a", std::string(100, 'a'), "n:long", long_value});
  ASSERT_TRUE(Warm(client, "n:a"));
  ASSERT_TRUE(Warm(client, "n:long"));
  std::string all;
  std::string expected;
  for (int i = 0; i < 20'000; ++i) {  // more than fits where replies are written in place
    all += Encode({"GET", i % 1000 == 0 ? "n:long" : "n:a"});
    expected += Bulk(i % 1000 == 0 ? long_value : std::string(100, 'a'));
  }
  client.set_patience(milliseconds(10'000));
  client.Send(all + Encode({"ECHO", "<end>"}));
  EXPECT_TRUE(client.ReadUntil("<end>\r\n") == expected + "$5\r\n<end>\r\n");
}

TEST_P(Near, StateOfTheClientIsKeptInMind) {
  RawClient client = Client();
  client.Do({"SET", "n:a", "v"});
  ASSERT_TRUE(Warm(client, "n:a"));
  client.Send(Encode({"CLIENT", "REPLY", "SKIP"}) + Encode({"GET", "n:a"}) + Encode({"PING"}));
  EXPECT_EQ(client.Read(), "+PONG\r\n");
  client.Send(Encode({"CLIENT", "REPLY", "OFF"}) + Encode({"GET", "n:a"}) + Encode({"CLIENT", "REPLY", "ON"}));
  EXPECT_EQ(client.Read(), "+OK\r\n");
  client.Send(Encode({"MULTI"}) + Encode({"GET", "n:a"}) + Encode({"EXEC"}));
  EXPECT_EQ(client.Read(3)[2], "*1\r\n$1\r\nv\r\n");
  EXPECT_TRUE(client.Do({"GET", "n:a", "n:a"}).starts_with("-ERR wrong number of arguments"));
  client.Do({"SUBSCRIBE", "channel"});
  EXPECT_TRUE(client.Do({"GET", "n:a"}).starts_with("-ERR Can't execute 'get'"));
}

TEST_P(Near, EveryGetIsCountedOnceByCommandAndOutcome) {
  RawClient client = Client();
  client.Do({"SET", "n:a", "v"});
  constexpr int kGets = 400;
  for (int i = 0; i < kGets; ++i) client.Do({"GET", i % 4 == 0 ? "n:none" : "n:a"});
  EXPECT_TRUE(Gate().MetricBecomes("herdgate_commands_total{command=\"get\",outcome=\"ok\"", kGets));
  EXPECT_EQ(Gate().Metric("herdgate_lookups_total{"), kGets);
  EXPECT_GT(Hits(), kGets / 2);
  EXPECT_GT(Gate().Metric("herdgate_lookups_total{outcome=\"negative_hit\""), kGets / 8);
  EXPECT_GT(Gate().Metric("herdgate_near_hit_age_seconds_count"), 0);
}

TEST_P(Near, MgetAsksOnlyForWhatIsNotHere) {
  RawClient client = Client();
  client.Do({"MSET", "n:a", "1", "n:b", "2", "u:c", "3"});
  client.Do({"RPUSH", "n:list", "x"});
  for (const char* key : {"n:a", "u:c", "n:none"}) ASSERT_TRUE(Warm(client, key)) << key;
  RawClient monitor = Direct();
  monitor.Do({"MONITOR"});
  const Words mget = {"MGET", "n:a", "n:list", "n:b", "n:a", "u:c", "n:none", "n:b"};
  EXPECT_EQ(client.Do(mget), "*7\r\n$1\r\n1\r\n$-1\r\n$1\r\n2\r\n$1\r\n1\r\n$1\r\n3\r\n$-1\r\n$1\r\n2\r\n");
  client.Do({"ECHO", "x"});
  client.Do({"SET", "other", "<end>"});
  const std::string seen = monitor.ReadUntil("<end>");
  EXPECT_NE(seen.find("\"MGET\" \"n:list\" \"n:b\" \"n:b\"\r\n"), std::string::npos) << seen;
  RawClient resp3 = Gate().Resp3Client();
  EXPECT_EQ(resp3.Do({"MGET", "n:none", "n:list", "u:c"}), "*3\r\n_\r\n_\r\n$1\r\n3\r\n");
}

TEST_P(Near, MgetInPartsStandsInItsPlaceAndSeesOwnWrites) {
  RawClient client = Client();
  client.Do({"MSET", "n:a", "1", "n:b", "2"});
  ASSERT_TRUE(Warm(client, "n:a"));
  std::string all;
  std::string expected;
  for (int i = 1; i <= 200; ++i) {
    const std::string value = std::to_string(i);
    const std::string cold = "n:cold" + value;
    all += Encode({"MGET", "n:a", cold}) + Encode({"SET", cold, value}) + Encode({"MGET", "n:a", cold}) +
           Encode({"GET", "n:a"});
    expected += "*2\r\n$1\r\n1\r\n$-1\r\n+OK\r\n*2\r\n$1\r\n1\r\n" + Bulk(value) + "$1\r\n1\r\n";
  }
  client.Send(all + Encode({"ECHO", "<end>"}));
  EXPECT_EQ(client.ReadUntil("<end>\r\n"), expected + "$5\r\n<end>\r\n");
  client.Send(Encode({"SET", "n:a", "new"}) + Encode({"MGET", "n:b", "n:a"}));
  EXPECT_EQ(client.Read(2)[1], "*2\r\n$1\r\n2\r\n$3\r\nnew\r\n");
  client.Send(Encode({"CLIENT", "REPLY", "SKIP"}) + Encode({"MGET", "n:b", "n:x"}) + Encode({"PING"}));
  EXPECT_EQ(client.Read(), "+PONG\r\n");
}

TEST_P(Near, MgetCountsOneOutcomeForEachKey) {
  RawClient client = Client();
  client.Do({"MSET", "n:a", "1", "n:b", "2"});
  constexpr int kMgets = 300;
  for (int i = 0; i < kMgets; ++i) client.Do({"MGET", "n:a", "n:cold" + std::to_string(i), "n:b"});
  EXPECT_TRUE(Gate().MetricBecomes("herdgate_lookups_total{", 3 * kMgets));
  EXPECT_GT(Hits(), kMgets);
  EXPECT_EQ(Gate().Metric("herdgate_lookups_total{outcome=\"plain_miss\""), kMgets);
}

TEST_P(Near, MgetOutlivesTheLossOfItsLane) {
  RawClient client = Client();
  client.Do({"MSET", "n:a", "1", "n:b", "2"});
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(Warm(client, "n:a"));
    client.Send(Encode({"MGET", "n:a", "n:cold" + std::to_string(i), "n:b"}));
    Direct().Do({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
    ASSERT_EQ(client.Read(), "*3\r\n$1\r\n1\r\n$-1\r\n$1\r\n2\r\n");
    ASSERT_TRUE(Gate().MetricBecomes("herdgate_near_mode{mode=\"tracked\"", 1));
  }
}

TEST_P(Near, WrongTypeIsRedisToSay) {
  RawClient client = Client();
  client.Do({"RPUSH", "n:l", "x"});
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(client.Do({"GET", "n:l"}).starts_with("-WRONGTYPE"));
}

// The upstream closes behind its error, and what it had said before still waits for a fence.
TEST_P(Near, ReplyThatWaitsIsShownThoughTheUpstreamHasClosed) {
  RawClient client = Client();
  client.Send(Encode({"NOSUCH"}) + Encode({"SELECT", "1"}) + "*1\r\n$536870913\r\n");
  EXPECT_TRUE(client.Read().starts_with("-ERR unknown command"));
  EXPECT_EQ(client.Read(), "+OK\r\n");
  EXPECT_EQ(client.Read(), "-ERR Protocol error: invalid bulk length\r\n");
  EXPECT_TRUE(client.EndsSoon());
}

// A script's reply waits until its writes are known here; what it published came before.
TEST_P(Near, MessageOfAScriptToItsOwnClientStaysBeforeTheReply) {
  RawClient client = Gate().Resp3Client();
  client.Do({"SUBSCRIBE", "c"});
  client.Send(Encode({"EVAL", "return redis.call('PUBLISH', 'c', 'm')", "0"}) + Encode({"PING"}));
  const std::string message = ">3\r\n" + Bulk("message") + Bulk("c") + Bulk("m");
  EXPECT_EQ(client.Read(), message);
  EXPECT_EQ(client.Read(), ":1\r\n");
  EXPECT_EQ(client.Read(), "+PONG\r\n");
}

HERDGATE_WITH_LOOPS(Near);

// What the tracked connection says comes late: what the pod must know of its own writes, it can't have from there.
class NearBehindLatePushes : public Near {
 protected:
  void SetUp() override {
    Near::SetUp();
    if (IsSkipped()) return;
    relay_.Only("\r\nTRACKING\r\n");
    Restart(relay_.Url(), {.loops = GetParam(), .policies = kNear});
    ASSERT_TRUE(Gate().MetricBecomes("herdgate_near_mode{mode=\"tracked\"", 1));
    RawClient client = Client();
    client.Do({"SET", "n:a", "old"});
    ASSERT_TRUE(Warm(client, "n:a"));
    relay_.delay_ms = 300;
  }

 private:
  herdgate::testing::Relay relay_{Redis().port()};
};

TEST_P(NearBehindLatePushes, LargeOwnWriteIsReadAtOnceByEveryClient) {
  const std::string value(400 * 1024, 'v');
  ASSERT_EQ(Client().Do({"SET", "n:a", value}), "+OK\r\n");
  for (RawClient& client : Clients(2 * GetParam())) EXPECT_TRUE(client.Do({"GET", "n:a"}) == Bulk(value));
}

TEST_P(NearBehindLatePushes, LargeOwnAppendIsReadAtOnceByEveryClient) {
  const std::string more(400 * 1024, 'v');
  ASSERT_EQ(Client().Do({"APPEND", "n:a", more}), ":409603\r\n");
  for (RawClient& client : Clients(2 * GetParam())) EXPECT_TRUE(client.Do({"GET", "n:a"}) == Bulk("old" + more));
}

TEST_P(NearBehindLatePushes, ReadSentWhileAScriptsReplyWaitsSeesWhatItWrote) {
  RawClient client = Client();
  RawClient direct = Direct();
  client.Say({"EVAL", "return redis.call('SET', 'n:' .. 'a', 'new')", "0"});
  ASSERT_TRUE(Eventually([&] { return direct.Do({"GET", "n:a"}) == Bulk("new"); }));
  // The script's reply has come after these, and waits for the pushes.
  for (int i = 0; i < 5; ++i) Gate().Get("/metrics");
  client.Say({"GET", "n:a"});
  EXPECT_EQ(client.Read(), "+OK\r\n");
  EXPECT_EQ(client.Read(), Bulk("new"));
}

TEST_P(NearBehindLatePushes, ReadBehindAScriptWithoutAReplySeesWhatItWrote) {
  RawClient client = Client();
  client.Send(Encode({"CLIENT", "REPLY", "OFF"}) +
              Encode({"EVAL", "return redis.call('SET', 'n:' .. 'a', 'new')", "0"}) +
              Encode({"CLIENT", "REPLY", "ON"}));
  EXPECT_EQ(client.Read(), "+OK\r\n");
  EXPECT_EQ(client.Do({"GET", "n:a"}), Bulk("new"));
}

TEST_P(NearBehindLatePushes, ReadNeverGoesBackBehindOneThatShowedAKeyUnnamed) {
  const std::vector<std::pair<Words, std::string>> reads = {
      {{"EVAL_RO", "return redis.call('GET', 'n:' .. 'a')", "0"}, Bulk("1")},
      {{"SORT", "list", "BY", "nosort", "GET", "n:*"}, "*1\r\n" + Bulk("2")},
      {{"SORT_RO", "list", "BY", "nosort", "GET", "n:*"}, "*1\r\n" + Bulk("3")}};
  RawClient client = Client();
  Direct().Do({"RPUSH", "list", "a"});
  for (std::size_t i = 0; i < reads.size(); ++i) {
    ASSERT_TRUE(Warm(client, "n:a"));
    const std::string value = std::to_string(i + 1);
    Direct().Do({"SET", "n:a", value});
    EXPECT_EQ(client.Do(reads[i].first), reads[i].second);
    EXPECT_EQ(client.Do({"GET", "n:a"}), Bulk(value)) << reads[i].first[0];
  }
}

HERDGATE_WITH_LOOPS(NearBehindLatePushes);

}  // namespace
}  // namespace herdgate::integration

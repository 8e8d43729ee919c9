// Policies on the data path: requests that stream, transactions in both forms, blocking commands, pub/sub, tracking.
// What each command becomes is tested in tests/unit/policy.
#include "tests/integration/support/sidecar_test.h"

namespace herdgate::integration {
namespace {

using std::chrono::milliseconds;

constexpr const char* kPolicies = R"(
policies:
  - {name: all, match: ["*"], ttl: {missing: apply, default: 1h, min: 10s, max: 24h, jitter: 10%}, version: {schema: 3}}
  - {name: strict, match: ["strict:*"], ttl: {missing: reject}}
  - {name: user, match: ["user:*"], version: {schema: 7, generation: true}}
)";

class PolicyFlow : public SidecarTest {
 protected:
  void SetUp() override {
    SidecarTest::SetUp();
    if (!IsSkipped()) Restart({.loops = GetParam(), .policies = kPolicies});
  }
  // The milliseconds that a key has left, by its physical name.
  static std::int64_t Left(const std::string& physical) {
    return std::stoll(Direct().Do({"PTTL", physical}).substr(1));
  }
  static void ExpectDefault(const std::string& physical) {
    EXPECT_GT(Left(physical), 3600 * 900 - 5000) << physical;
    EXPECT_LE(Left(physical), 3600 * 1000) << physical;
  }
};

TEST_P(PolicyFlow, LargeSetIsRenamedAndExpiresWhileItStreams) {
  const std::string value(10 << 20U, 'x');
  RawClient client = Client();
  EXPECT_EQ(client.Do({"SET", "big", value}), "+OK\r\n");
  EXPECT_TRUE(client.Do({"GET", "big"}) == Bulk(value));
  EXPECT_EQ(Direct().Do({"STRLEN", "v3:big"}), ":10485760\r\n");
  ExpectDefault("v3:big");
}

TEST_P(PolicyFlow, LargeSetWithOptionsBehindItsValueIsHeldWhole) {
  const std::string value(1 << 20U, 'x');
  RawClient client = Client();
  EXPECT_EQ(client.Do({"SET", "big", value, "EX", "100000000", "NX"}), "+OK\r\n");
  EXPECT_LE(Left("v3:big"), 24 * 3600 * 1000);
  EXPECT_EQ(client.Do({"SET", "big", "y", "NX"}), "$-1\r\n");
}

TEST_P(PolicyFlow, LargeMsetIsRenamedAtEveryKey) {
  const std::string value(300 << 10U, 'x');
  RawClient client = Client();
  EXPECT_EQ(client.Do({"MSET", "a", value, "b", value, "c", value}), "+OK\r\n");
  EXPECT_EQ(Direct().Do({"EXISTS", "v3:a", "v3:b", "v3:c"}), ":3\r\n");
  ExpectDefault("v3:c");
}

TEST_P(PolicyFlow, LargeWriteThatIsRefusedLeavesTheConnectionInStep) {
  const std::string value(2 << 20U, 'x');
  RawClient client = Client();
  EXPECT_EQ(client.Do({"SET", "strict:a", value}), "-ERR herdgate: policy 'strict' requires a TTL on SET\r\n");
  EXPECT_EQ(client.Do({"PING"}), "+PONG\r\n");
  EXPECT_EQ(Direct().Do({"DBSIZE"}), ":1\r\n") << "the generation's counter and nothing else";
}

TEST_P(PolicyFlow, LargeHashGetsItsExpiryBehindTheStream) {
  const std::string value(1 << 20U, 'x');
  RawClient client = Client();
  client.Send(Encode({"HSET", "h", "f", value}) + Encode({"HGET", "h", "g"}));
  EXPECT_EQ(client.Read(), ":1\r\n");
  EXPECT_EQ(client.Read(), "$-1\r\n");
  ExpectDefault("v3:h");
}

TEST_P(PolicyFlow, TransactionInOneWriteIsRenamedInItsArray) {
  RawClient client = Client();
  client.Send(Encode({"MULTI"}) + Encode({"RPUSH", "l", "a"}) + Encode({"LMPOP", "1", "l", "LEFT"}) +
              Encode({"SET", "k", "v"}) + Encode({"KEYS", "*"}) + Encode({"EXEC"}));
  for (const char* reply : {"+OK\r\n", "+QUEUED\r\n", "+QUEUED\r\n", "+QUEUED\r\n", "+QUEUED\r\n"})
    EXPECT_EQ(client.Read(), reply);
  EXPECT_EQ(client.Read(), "*4\r\n:1\r\n*2\r\n$1\r\nl\r\n*1\r\n$1\r\na\r\n+OK\r\n*1\r\n$1\r\nk\r\n");
  ExpectDefault("v3:k");
}

TEST_P(PolicyFlow, TransactionInStepsIsRenamedAfterADiscardedOne) {
  RawClient client = Client();
  client.Do({"RPUSH", "l", "a"});
  client.Do({"MULTI"});
  client.Do({"SET", "x", "1"});
  EXPECT_EQ(client.Do({"DISCARD"}), "+OK\r\n");
  client.Do({"MULTI"});
  client.Do({"LMPOP", "1", "l", "LEFT"});
  EXPECT_EQ(client.Do({"EXEC"}), "*1\r\n*2\r\n$1\r\nl\r\n*1\r\n$1\r\na\r\n");
}

TEST_P(PolicyFlow, TransactionThatLeavesAKeyWithoutExpiryIsDiscarded) {
  const std::string refusal = "-EXECABORT herdgate: policy 'strict' requires a TTL on SET\r\n";
  RawClient client = Client();
  client.Do({"MULTI"});
  EXPECT_EQ(client.Do({"SET", "strict:a", "1"}), "+QUEUED\r\n");
  client.Do({"SET", "k", "1"});
  EXPECT_EQ(client.Do({"EXEC"}), refusal);
  client.Send(Encode({"MULTI"}) + Encode({"SET", "strict:a", "1"}) + Encode({"EXEC"}) + Encode({"GET", "k"}));
  EXPECT_EQ(client.Read(3).back(), refusal);
  EXPECT_EQ(client.Read(), "$-1\r\n");
}

TEST_P(PolicyFlow, TransactionThatGivesTheExpiryLaterIsTaken) {
  RawClient client = Client();
  client.Send(Encode({"MULTI"}) + Encode({"SET", "strict:a", "1"}) + Encode({"EXPIRE", "strict:a", "100"}) +
              Encode({"EXEC"}));
  EXPECT_EQ(client.Read(4).back(), "*2\r\n+OK\r\n:1\r\n");
  EXPECT_GT(Left("strict:a"), 90000);
}

TEST_P(PolicyFlow, CommandRefusedInsideATransactionAbortsIt) {
  RawClient client = Client();
  client.Do({"MULTI"});
  EXPECT_TRUE(
      client.Do({"EVAL", "return redis.call('GET', 'user:' .. ARGV[1])", "0", "1"}).starts_with("-ERR herdgate"));
  client.Do({"SET", "k", "1"});
  EXPECT_EQ(client.Do({"EXEC"}), "-EXECABORT Transaction discarded because of previous errors.\r\n");
  EXPECT_EQ(client.Do({"GET", "k"}), "$-1\r\n");
}

TEST_P(PolicyFlow, TransactionThatSelectsGivesItsKeysTheirExpiryInTheirDatabase) {
  RawClient client = Client();
  client.Send(Encode({"MULTI"}) + Encode({"HSET", "h", "f", "1"}) + Encode({"SELECT", "1"}) + Encode({"EXEC"}));
  EXPECT_EQ(client.Read(4).back(), "*2\r\n:1\r\n+OK\r\n");
  EXPECT_TRUE(Eventually([&] { return Left("v3:h") > 0; }));
}

TEST_P(PolicyFlow, WaitingPopSaysTheNameThatWasAsked) {
  RawClient waiting = Client();
  waiting.Say({"BLPOP", "q", "r", "5"});
  ASSERT_TRUE(UpstreamBlocks(1));
  Client().Do({"RPUSH", "r", "x"});
  EXPECT_EQ(waiting.Read(), "*2\r\n$1\r\nr\r\n$1\r\nx\r\n");
}

TEST_P(PolicyFlow, RandomKeyIsOneOfTheVersionInForce) {
  RawClient direct = Direct();
  for (int i = 0; i < 200; ++i) direct.Do({"SET", "v2:other" + std::to_string(i), "x"});
  RawClient client = Client();
  EXPECT_EQ(client.Do({"RANDOMKEY"}), "$-1\r\n");
  client.Do({"SET", "mine", "x"});
  client.Send(Encode({"RANDOMKEY"}) + Encode({"PING"}) + Encode({"RANDOMKEY"}));
  EXPECT_EQ(client.Read(), "$4\r\nmine\r\n");
  EXPECT_EQ(client.Read(), "+PONG\r\n");
  EXPECT_EQ(client.Read(), "$4\r\nmine\r\n");
}

TEST_P(PolicyFlow, KeyspaceNotificationsNameLogicalKeys) {
  Direct().Do({"CONFIG", "SET", "notify-keyspace-events", "KEA"});
  for (const bool resp3 : {false, true}) {
    RawClient listener = resp3 ? Gate().Resp3Client() : Client();
    const std::string kind = resp3 ? ">" : "*";
    EXPECT_EQ(listener.Do({"SUBSCRIBE", "__keyspace@0__:seen"}),
              kind + "3\r\n$9\r\nsubscribe\r\n$19\r\n__keyspace@0__:seen\r\n:1\r\n");
    RawClient client = Client();
    client.Do({"SET", "unseen", "1"});
    client.Do({"DEL", "seen"});
    client.Do({"LPUSH", "seen", "1"});
    EXPECT_EQ(listener.Read(), kind + "3\r\n$7\r\nmessage\r\n$19\r\n__keyspace@0__:seen\r\n$5\r\nlpush\r\n");
    client.Do({"DEL", "seen"});
  }
  Direct().Do({"CONFIG", "SET", "notify-keyspace-events", ""});
}

TEST_P(PolicyFlow, InvalidationsNameLogicalKeysAndABumpVoidsAll) {
  RawClient tracker = Gate().Resp3Client();
  EXPECT_EQ(tracker.Do({"CLIENT", "TRACKING", "ON"}), "+OK\r\n");
  tracker.Do({"GET", "user:1"});
  Client().Do({"SET", "user:1", "x", "EX", "100"});
  EXPECT_EQ(tracker.Read(), ">2\r\n$10\r\ninvalidate\r\n*1\r\n$6\r\nuser:1\r\n");
  EXPECT_EQ(tracker.Do({"GET", "user:1"}), "$1\r\nx\r\n");
  Direct().Do({"SET", "__herdgate:generation:user", "9000000000000"});
  EXPECT_EQ(tracker.Read(), ">2\r\n$10\r\ninvalidate\r\n_\r\n");
  EXPECT_EQ(tracker.Do({"GET", "user:1"}), "_\r\n");
}

TEST_P(PolicyFlow, SubscriberInResp2IsRefusedByTheNameThatItWrote) {
  RawClient client = Client();
  client.Do({"SUBSCRIBE", "c"});
  EXPECT_TRUE(client.Do({"EXPIRE", "k", "600"}).starts_with("-ERR Can't execute 'expire'"));
  EXPECT_TRUE(client.Do({"GETSET", "k", "v"}).starts_with("-ERR Can't execute 'getset'"));
}

TEST_P(PolicyFlow, SilentClientsWritesAreJudgedToo) {
  RawClient client = Client();
  client.Say({"CLIENT", "REPLY", "OFF"});
  client.Say({"SET", "quiet", "1"});
  client.Say({"HSET", "hash", "f", "1"});
  client.Say({"KEYS", "*"});
  EXPECT_EQ(client.Do({"CLIENT", "REPLY", "ON"}), "+OK\r\n");
  ExpectDefault("v3:quiet");
  ExpectDefault("v3:hash");
}

TEST_P(PolicyFlow, ReloadLeavesAWaitingPopItsOldName) {
  RawClient waiting = Client();
  waiting.Say({"BLPOP", "q", "5"});
  ASSERT_TRUE(UpstreamBlocks(1));
  Gate().Reload(R"(policies: [{name: all, match: ["*"], version: {schema: 4}}])");
  RawClient client = Client();
  ASSERT_TRUE(Eventually([&] {
    return client.Do({"SET", "k", "1"}) == "+OK\r\n" && Direct().Do({"EXISTS", "v4:k"}) == ":1\r\n";
  }));
  Direct().Do({"RPUSH", "v3:q", "x"});
  EXPECT_EQ(waiting.Read(), "*2\r\n$1\r\nq\r\n$1\r\nx\r\n");
}

TEST_P(PolicyFlow, KeysWhoseGenerationIsUnknownWaitForTheUpstreamAndThenSayWhy) {
  const Sidecar alone("redis://127.0.0.1:1",
                      {.loops = GetParam(), .timeout = milliseconds(300), .policies = kPolicies});
  RawClient client = alone.Client();
  client.set_patience(milliseconds(4000));
  const std::string answer = client.Do({"GET", "user:1"});
  EXPECT_NE(answer.find("is unavailable: "), std::string::npos) << answer;
}

HERDGATE_WITH_LOOPS(PolicyFlow);

}  // namespace
}  // namespace herdgate::integration

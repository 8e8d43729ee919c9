// Transactions: one write or step by step, with all that changes the connection inside, and how they end.
#include "tests/integration/support/sidecar_test.h"

namespace herdgate::integration {
namespace {

class Transaction : public SidecarTest {};

TEST_P(Transaction, AnswersAreThoseOfRedis) {
  SameAsRedis({{"MULTI"}, {"SET", "a", "1"}, {"INCR", "a"}, {"GET", "a"}, {"EXEC"}, {"GET", "a"}});
  SameAsRedis({{"MULTI"}, {"SET", "a", "1"}, {"DISCARD"}, {"GET", "a"}});
  SameAsRedis({{"EXEC"}, {"DISCARD"}, {"MULTI"}, {"MULTI"}, {"WATCH", "a"}, {"SET", "a", "1"}, {"EXEC"}, {"GET", "a"}});
  SameAsRedis({{"MULTI"}, {"EXEC"}, {"MULTI"}, {"DISCARD"}, {"UNWATCH"}});
  SameAsRedis({{"MULTI"}, {"NOSUCH"}, {"SET", "a", "1"}, {"EXEC"}, {"GET", "a"}});
  SameAsRedis({{"MULTI"}, {"GET"}, {"EXEC"}, {"EXEC"}, {"GET", "a"}});
  SameAsRedis({{"MULTI", "x"}, {"EXEC"}, {"MULTI"}, {"EXEC", "x"}, {"EXEC"}, {"GET", "a"}});
  SameAsRedis({{"SET", "a", "x"}, {"MULTI"}, {"INCR", "a"}, {"LPUSH", "a", "1"}, {"GET", "a"}, {"EXEC"}});
  SameAsRedis({{"MULTI"}, {"BLPOP", "q", "0"}, {"XREAD", "BLOCK", "0", "STREAMS", "s", "$"}, {"EXEC"}});
  SameAsRedis({{"WATCH", "a"}, {"SET", "a", "2"}, {"MULTI"}, {"GET", "a"}, {"EXEC"}, {"GET", "a"}});
  SameAsRedis({{"WATCH", "a"}, {"SET", "a", "2"}, {"UNWATCH"}, {"MULTI"}, {"GET", "a"}, {"EXEC"}});
  SameAsRedis({{"WATCH"}, {"WATCH", "a", "b"}, {"WATCH", "c"}, {"MULTI"}, {"DISCARD"}, {"GET", "a"}});
  SameAsRedis({{"MULTI"}, {"EVAL", "return redis.call('incr', KEYS[1])", "1", "n"}, {"KEYS", "*"}, {"EXEC"}});
  SameAsRedis({{"MULTI"}, {"SUBSCRIBE"}, {"CLIENT", "NOSUCH"}, {"EXEC"}});
}

TEST_P(Transaction, StateChangesInsideTakeEffectAsInRedis) {
  SameAsRedis(
      {{"MULTI"}, {"SELECT", "5"}, {"SET", "a", "five"}, {"EXEC"}, {"GET", "a"}, {"SELECT", "0"}, {"GET", "a"}});
  SameAsRedis({{"MULTI"}, {"SELECT", "5"}, {"DISCARD"}, {"SET", "a", "zero"}, {"SELECT", "0"}, {"GET", "a"}});
  SameAsRedis({{"MULTI"}, {"SELECT", "99"}, {"GET", "a"}, {"EXEC"}, {"GET", "a"}});
  SameAsRedis({{"MULTI"}, {"CLIENT", "SETNAME", "inside"}, {"CLIENT", "GETNAME"}, {"EXEC"}, {"CLIENT", "GETNAME"}});
  SameAsRedis(
      {{"HSET", "h", "f", "v"}, {"MULTI"}, {"CLIENT", "REPLY", "ON"}, {"HGETALL", "h"}, {"EXEC"}, {"GET", "x"}});
  SameAsRedis({{"MULTI"}, {"RESET"}, {"GET", "a"}, {"EXEC"}, {"SET", "a", "1"}, {"MULTI"}, {"GET", "a"}, {"EXEC"}});
  SameAsRedis({{"SELECT", "4"},
               {"WATCH", "a"},
               {"MULTI"},
               {"SET", "a", "4"},
               {"EXEC"},
               {"GET", "a"},
               {"SELECT", "0"},
               {"GET", "a"}});
  SameAsRedis({{"WATCH", "a"},
               {"SELECT", "4"},
               {"SET", "a", "4"},
               {"MULTI"},
               {"GET", "a"},
               {"EXEC"},
               {"SET", "b", "4"},
               {"SELECT", "0"},
               {"GET", "a"},
               {"GET", "b"}});
  SameAsRedis({{"CLIENT", "SETNAME", "n"}, {"MULTI"}, {"SELECT", "2"}, {"EXEC"}, {"CLIENT", "GETNAME"}});
  SameAsRedis({{"MULTI"}, {"AUTH", "x"}, {"GET", "a"}, {"EXEC"}, {"GET", "a"}});
  SameAsRedis({{"MULTI"},
               {"CLIENT", "TRACKING", "ON"},
               {"EXEC"},
               {"GET", "a"},
               {"CLIENT", "GETREDIR"},
               {"CLIENT", "TRACKING", "OFF"},
               {"CLIENT", "GETREDIR"}});
}

TEST_P(Transaction, HelloInsideChangesTheProtocol) {
  for (const Way way : {Way::kEach, Way::kWhole}) {
    RawClient client = Client();
    const Script script = {{"HSET", "h", "f", "v"}, {"MULTI"},      {"HELLO", "3"}, {"HGETALL", "h"}, {"EXEC"},
                           {"HGETALL", "h"},        {"GET", "none"}};
    const std::string answers = Play(client, script, way);
    EXPECT_NE(answers.find("%1\r\n$1\r\nf\r\n$1\r\nv\r\n%1\r\n$1\r\nf\r\n$1\r\nv\r\n_\r\n"), std::string::npos)
        << answers;
  }
}

TEST_P(Transaction, SubscribeInsideLeavesTheClientSubscribed) {
  SameAsRedis({{"MULTI"}, {"SUBSCRIBE", "c"}, {"EXEC"}, {"GET", "a"}, {"PING"}, {"UNSUBSCRIBE"}, {"GET", "a"}});
  SameAsRedis({{"HELLO", "3"},
               {"MULTI"},
               {"SUBSCRIBE", "c"},
               {"GET", "a"},
               {"EXEC"},
               {"GET", "a"},
               {"UNSUBSCRIBE", "c"},
               {"GET", "a"}},
              [](std::string text) { return text.substr(text.find("+OK")); }, {Way::kEach, Way::kWhole});
  RawClient client = Client();
  client.Send(Encode({"MULTI"}) + Encode({"SUBSCRIBE", "c"}) + Encode({"EXEC"}));
  client.Read(3);
  EXPECT_EQ(Direct().Do({"PUBLISH", "c", "hello"}), ":1\r\n");
  EXPECT_EQ(client.Read(), "*3\r\n" + Bulk("message") + Bulk("c") + Bulk("hello"));
}

TEST_P(Transaction, RefusedMultiLeavesSubscriptionsInStep) {
  const Script script = {Frames(2, {"SUBSCRIBE", "a", "b"}),
                         {"MULTI"},
                         {"HELLO", "3"},
                         {"UNSUBSCRIBE", "a"},
                         {"PING"},
                         Frames(2, {"PSUBSCRIBE", "p", "q"}),
                         {"UNSUBSCRIBE"},
                         Frames(2, {"PUNSUBSCRIBE"}),
                         {"GET", "k"}};
  for (int round = 0; round < 10; ++round) SameAsRedis(script);
  RawClient client = Client();
  client.Send(Encode({"SUBSCRIBE", "a"}) + Encode({"MULTI"}) + Encode({"HELLO", "3"}) + Encode({"UNSUBSCRIBE", "a"}));
  client.Read(4);
  EXPECT_EQ(client.Do({"MULTI"}), "+OK\r\n");
  EXPECT_EQ(client.Do({"INCR", "n"}), "+QUEUED\r\n");
  EXPECT_EQ(client.Do({"EXEC"}), "*1\r\n:1\r\n");
}

TEST_P(Transaction, QuitInsideIsAnsweredAndDropsTheTransaction) {
  RawClient client = Client();
  client.Send(Encode({"MULTI"}) + Encode({"SET", "a", "1"}) + Encode({"QUIT"}) + Encode({"EXEC"}));
  EXPECT_EQ(client.ReadToEnd(), "+OK\r\n+QUEUED\r\n+OK\r\n");
  EXPECT_EQ(Direct().Do({"GET", "a"}), "$-1\r\n");
}

TEST_P(Transaction, WatchedKeyChangedByAnotherClientAbortsIt) {
  RawClient client = Client();
  RawClient other = Client();
  EXPECT_EQ(client.Do({"WATCH", "a"}), "+OK\r\n");
  EXPECT_EQ(other.Do({"SET", "a", "theirs"}), "+OK\r\n");
  EXPECT_EQ(Play(client, {{"MULTI"}, {"SET", "a", "mine"}, {"EXEC"}, {"GET", "a"}}, Way::kWhole),
            "+OK\r\n+QUEUED\r\n*-1\r\n" + Bulk("theirs") + Bulk("<end of the script>"));
  // The watch is over: the next one succeeds.
  EXPECT_EQ(Play(client, {{"MULTI"}, {"SET", "a", "mine"}, {"EXEC"}}, Way::kEach),
            "+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n" + Bulk("<end of the script>"));
}

TEST_P(Transaction, WholeOneStaysOnTheSharedLane) {
  RawClient client = Client();
  client.Do({"PING"});
  client.Send(Encode({"MULTI"}) + Encode({"SET", "a", "1"}) + Encode({"EXEC"}));
  EXPECT_EQ(client.Read(3).back(), "*1\r\n+OK\r\n");
  EXPECT_TRUE(Gate().MetricBecomes("herdgate_whole_transactions_total", 1));
  EXPECT_EQ(Gate().Metric("herdgate_client_pins_total{reason=\"multi\"}"), 0);
}

TEST_P(Transaction, StepByStepOneTakesADedicatedLaneAndGivesItBack) {
  RawClient client = Client();
  const double before = Gate().Metric("herdgate_upstream_lanes{use=\"dedicated\"}");
  EXPECT_EQ(client.Do({"MULTI"}), "+OK\r\n");
  EXPECT_TRUE(Gate().MetricBecomes("herdgate_upstream_lanes{use=\"dedicated\"}", before + 1));
  EXPECT_EQ(client.Do({"SET", "a", "1"}), "+QUEUED\r\n");
  EXPECT_EQ(client.Do({"EXEC"}), "*1\r\n+OK\r\n");
  EXPECT_TRUE(Gate().MetricBecomes("herdgate_upstream_lanes{use=\"dedicated\"}", before));
  EXPECT_EQ(Gate().Metric("herdgate_client_pins_total{reason=\"multi\"}"), 1);
  EXPECT_EQ(Gate().Metric("herdgate_whole_transactions_total"), 0);
}

TEST_P(Transaction, GivenBackLaneCarriesNothingOverToTheNextClient) {
  for (int i = 0; i < 20; ++i) {
    RawClient client = Client();
    ASSERT_EQ(client.Do({"WATCH", "a"}), "+OK\r\n");
    ASSERT_EQ(client.Do({"SET", "a", std::to_string(i)}), "+OK\r\n");
    const bool unwatched = i % 3 == 0;
    if (unwatched) client.Do({"UNWATCH"});
    ASSERT_EQ(client.Do({"MULTI"}), "+OK\r\n");
    ASSERT_EQ(client.Do({"GET", "a"}), "+QUEUED\r\n");
    if (i % 3 == 1) {
      ASSERT_EQ(client.Do({"DISCARD"}), "+OK\r\n");
    } else {
      ASSERT_EQ(client.Do({"EXEC"}), unwatched ? "*1\r\n" + Bulk(std::to_string(i)) : "*-1\r\n");
    }
  }
}

TEST_P(Transaction, DisconnectInsideDropsIt) {
  RawClient client = Client();
  client.Do({"MULTI"});
  client.Do({"SET", "a", "1"});
  client.Close();
  EXPECT_EQ(Client().Do({"GET", "a"}), "$-1\r\n");
  EXPECT_TRUE(Eventually([&] { return UpstreamClientsWith("multi=1") == 0; }));
}

TEST_P(Transaction, LargeCommandInsideIsQueued) {
  const std::string big(1024 * 1024, 'b');
  RawClient client = Client();
  client.Send(Encode({"MULTI"}) + Encode({"SET", "big", big}) + Encode({"STRLEN", "big"}) + Encode({"EXEC"}));
  EXPECT_EQ(client.Read(4),
            (std::vector<std::string>{"+OK\r\n", "+QUEUED\r\n", "+QUEUED\r\n", "*2\r\n+OK\r\n:1048576\r\n"}));
  EXPECT_EQ(client.Do({"PING"}), "+PONG\r\n");
}

TEST_P(Transaction, ManyClientsAtOnceStayAtomic) {
  std::vector<RawClient> clients = Clients(9);
  for (int round = 0; round < 30; ++round) {
    for (RawClient& client : clients) {
      client.Send(Encode({"MULTI"}) + Encode({"INCR", "x"}) + Encode({"INCR", "y"}) + Encode({"EXEC"}));
    }
    for (RawClient& client : clients) {
      const std::string result = client.Read(4).back();
      const std::string first = result.substr(4, result.find('\r', 4) - 4);
      ASSERT_EQ(result, "*2\r\n" + first + "\r\n" + first + "\r\n");
    }
  }
}

HERDGATE_WITH_LOOPS(Transaction);

}  // namespace
}  // namespace herdgate::integration

// Pub/sub: exact subscriptions on a lane of the client's own, in both protocols, and the way back.
#include "tests/integration/support/sidecar_test.h"

namespace herdgate::integration {
namespace {

class PubSub : public SidecarTest {};

// HELLO's answer holds the connection's id.
std::string BehindHello(std::string text) {
  const auto at = text.find("$7\r\nmodules\r\n*0\r\n");
  return at == std::string::npos ? text : text.substr(at);
}

TEST_P(PubSub, Resp2AnswersAreThoseOfRedis) {
  SameAsRedis({Frames(3, {"SUBSCRIBE", "a", "b", "a"}),
               {"GET", "k"},
               {"PING"},
               {"PING", "x"},
               Frames(2, {"PSUBSCRIBE", "p*", "q*"}),
               {"SSUBSCRIBE", "s"},
               {"CLIENT", "ID"},
               {"SELECT", "1"},
               {"MULTI"},
               {"HELLO", "3"},
               {"NOSUCH"},
               {"SUBSCRIBE"},
               {"UNSUBSCRIBE", "a"},
               {"PUNSUBSCRIBE", "nope"},
               Frames(1, {"UNSUBSCRIBE"}),
               Frames(2, {"PUNSUBSCRIBE"}),
               {"SUNSUBSCRIBE"},
               {"GET", "k"},
               {"UNSUBSCRIBE"},
               {"PUNSUBSCRIBE"},
               {"SUNSUBSCRIBE"},
               Frames(2, {"UNSUBSCRIBE", "x", "y"}),
               {"GET", "k"}});
}

TEST_P(PubSub, Resp3AnswersAreThoseOfRedis) {
  SameAsRedis({{"HELLO", "3"},
               Frames(2, {"SUBSCRIBE", "a", "b"}),
               {"GET", "k"},
               {"PING"},
               {"HSET", "h", "f", "v"},
               {"HGETALL", "h"},
               {"PSUBSCRIBE", "p*"},
               {"SELECT", "1"},
               {"HGETALL", "h"},
               {"SELECT", "0"},
               {"EVAL", "return 1", "0"},
               {"MULTI"},
               {"HGETALL", "h"},
               {"EXEC"},
               Frames(2, {"UNSUBSCRIBE"}),
               {"PUNSUBSCRIBE"},
               {"UNSUBSCRIBE"},
               {"HGETALL", "h"}},
              BehindHello);
}

TEST_P(PubSub, SubscriberThatGoesBackToResp2GetsArrays) {
  const auto talk = [](RawClient client) {
    client.Do({"HELLO", "3"});
    std::string answers = client.Do({"SUBSCRIBE", "c"});
    client.Do({"HELLO", "2"});
    answers += client.Do({"GET", "k"});
    Direct().Do({"PUBLISH", "c", "m"});
    answers += client.Read();
    answers += client.Do({"UNSUBSCRIBE"});
    return answers + client.Do({"GET", "k"});
  };
  EXPECT_EQ(talk(Direct()), talk(Client()));
}

TEST_P(PubSub, ResetEndsSubscriptionsAndProtocol) {
  SameAsRedis({Frames(2, {"SUBSCRIBE", "a", "b"}), {"RESET"}, {"GET", "k"}, {"PING"}});
  SameAsRedis({{"HELLO", "3"}, {"SUBSCRIBE", "a"}, {"RESET"}, {"GET", "k"}, {"PING"}}, BehindHello);
  EXPECT_TRUE(Eventually([] { return Direct().Do({"PUBSUB", "NUMSUB", "a"}) == "*2\r\n$1\r\na\r\n:0\r\n"; }));
}

TEST_P(PubSub, MessagesArriveAndTheConnectionIsOfUseAfterwards) {
  RawClient client = Client();
  RawClient publisher = Client();
  EXPECT_EQ(client.Do({"SUBSCRIBE", "news"}), "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n");
  EXPECT_EQ(client.Do({"PSUBSCRIBE", "n*"}), "*3\r\n$10\r\npsubscribe\r\n$2\r\nn*\r\n:2\r\n");
  EXPECT_EQ(publisher.Do({"PUBLISH", "news", "one"}), ":2\r\n");
  EXPECT_EQ(client.Read(), "*3\r\n" + Bulk("message") + Bulk("news") + Bulk("one"));
  EXPECT_EQ(client.Read(), "*4\r\n" + Bulk("pmessage") + Bulk("n*") + Bulk("news") + Bulk("one"));
  EXPECT_EQ(publisher.Do({"PUBSUB", "NUMSUB", "news"}), "*2\r\n$4\r\nnews\r\n:1\r\n");
  client.Say({"UNSUBSCRIBE"});
  client.Say({"PUNSUBSCRIBE"});
  EXPECT_EQ(client.Read(2).back(), "*3\r\n$12\r\npunsubscribe\r\n$2\r\nn*\r\n:0\r\n");
  EXPECT_EQ(client.Do({"SET", "k", "v"}), "+OK\r\n");
  EXPECT_EQ(client.Do({"EVAL", "return 7", "0"}), ":7\r\n");
  EXPECT_EQ(publisher.Do({"PUBLISH", "news", "two"}), ":0\r\n");
}

TEST_P(PubSub, LaneOfAFormerSubscriberIsUsedAgain) {
  RawClient client = Client();
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(client.Do({"SUBSCRIBE", "c"}).front(), '*');
    EXPECT_EQ(client.Do({"UNSUBSCRIBE"}).front(), '*');
    EXPECT_EQ(client.Do({"GET", "k"}), "$-1\r\n");
  }
  EXPECT_TRUE(Gate().MetricBecomes("herdgate_commands_total{command=\"unsubscribe\",outcome=\"ok\"}", 20));
  EXPECT_LT(Gate().Metric("herdgate_upstream_connections_opened_total"), 16 + 4 * GetParam());
}

TEST_P(PubSub, Resp3MessagesStandBetweenPipelinedReplies) {
  RawClient client = Gate().Resp3Client();
  EXPECT_EQ(client.Do({"SUBSCRIBE", "c"}), ">3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
  std::string pipeline;
  for (int i = 0; i < 200; ++i) pipeline += Encode({"PUBLISH", "c", std::to_string(i)}) + Encode({"INCR", "n"});
  client.Send(pipeline);
  int replies = 0;
  int messages = 0;
  for (int i = 0; i < 600; ++i) {
    const std::string frame = client.Read();
    if (frame.starts_with(">3\r\n$7\r\nmessage\r\n")) {
      ASSERT_EQ(frame, ">3\r\n" + Bulk("message") + Bulk("c") + Bulk(std::to_string(messages++)));
    } else {
      ASSERT_EQ(frame, replies % 2 == 0 ? ":1\r\n" : ":" + std::to_string(replies / 2 + 1) + "\r\n");
      ++replies;
    }
  }
  EXPECT_EQ(messages, 200);
  EXPECT_EQ(replies, 400);
}

TEST_P(PubSub, LargeListOfChannelsIsSubscribed) {
  RawClient client = Client();
  Words words = {"SUBSCRIBE"};
  for (int i = 0; i < 30000; ++i) words.push_back("a-channel-with-a-long-name-" + std::to_string(i));
  client.Say(words);
  const auto frames = client.Read(30000);
  ASSERT_EQ(frames.size(), 30000U) << frames.back();
  EXPECT_EQ(frames.back(), "*3\r\n$9\r\nsubscribe\r\n" + Bulk(words.back()) + ":30000\r\n");
  EXPECT_EQ(Direct().Do({"PUBLISH", words[6000], "m"}), ":1\r\n");
  EXPECT_EQ(client.Read(), "*3\r\n" + Bulk("message") + Bulk(words[6000]) + Bulk("m"));
  words[0] = "UNSUBSCRIBE";
  client.Say(words);
  EXPECT_EQ(client.Read(30000).back(), "*3\r\n$11\r\nunsubscribe\r\n" + Bulk(words.back()) + ":0\r\n");
  EXPECT_EQ(client.Do({"GET", "k"}), "$-1\r\n");
}

TEST_P(PubSub, LargeMessagesPass) {
  const std::string large(3 * 1024 * 1024, 'm');
  for (const bool resp3 : {false, true}) {
    RawClient client = resp3 ? Gate().Resp3Client() : Client();
    client.Do({"SUBSCRIBE", "c"});
    ASSERT_EQ(Client().Do({"PUBLISH", "c", large}), ":1\r\n");
    EXPECT_TRUE(client.Read() == (resp3 ? ">3\r\n" : "*3\r\n") + Bulk("message") + Bulk("c") + Bulk(large));
  }
}

TEST_P(PubSub, SlowSubscriberIsClosedByRedisLimitAndNobodyElseWaits) {
  Direct().Do({"CONFIG", "SET", "client-output-buffer-limit", "pubsub 4mb 4mb 10"});
  RawClient slow(DialTcp(Gate().port(), 4096));
  RawClient quick = Client();
  slow.Do({"SUBSCRIBE", "c"});
  const std::string message(256 * 1024, 'x');
  RawClient publisher = Client();
  bool alone = false;
  for (int i = 0; i < 400 && !alone; ++i) {
    alone = publisher.Do({"PUBLISH", "c", message}) == ":0\r\n";
    ASSERT_EQ(quick.Do({"PING"}), "+PONG\r\n");
  }
  Direct().Do({"CONFIG", "SET", "client-output-buffer-limit", "pubsub 32mb 8mb 60"});
  EXPECT_TRUE(alone) << "Redis kept the slow subscriber: its lane was read on";
  EXPECT_TRUE(slow.ReadToEnd().find(kSilence) == std::string::npos);
}

TEST_P(PubSub, DisconnectOfASubscriberEndsItsSubscription) {
  RawClient client = Client();
  client.Do({"SUBSCRIBE", "c"});
  EXPECT_EQ(Direct().Do({"PUBLISH", "c", "x"}), ":1\r\n");
  client.Close();
  EXPECT_TRUE(Eventually([] { return Direct().Do({"PUBLISH", "c", "x"}) == ":0\r\n"; }));
}

TEST_P(PubSub, HundredSubscribersGetEveryMessageOnce) {
  std::vector<RawClient> clients = Clients(100);
  for (RawClient& client : clients) client.Do({"SUBSCRIBE", "all"});
  EXPECT_EQ(Client().Do({"PUBLISH", "all", "1"}), ":100\r\n");
  EXPECT_EQ(Client().Do({"PUBLISH", "all", "2"}), ":100\r\n");
  for (RawClient& client : clients) {
    EXPECT_EQ(client.Read(), "*3\r\n" + Bulk("message") + Bulk("all") + Bulk("1"));
    EXPECT_EQ(client.Read(), "*3\r\n" + Bulk("message") + Bulk("all") + Bulk("2"));
  }
}

TEST_P(PubSub, SelectBehindTheLastUnsubscribeHoldsForTheNextDedicatedCommand) {
  SameAsRedis({{"SELECT", "3"},
               {"SET", "k", "v"},
               {"SELECT", "0"},
               {"HELLO", "3"},
               {"SUBSCRIBE", "c"},
               {"UNSUBSCRIBE", "c"},
               {"SELECT", "3"},
               {"UNSUBSCRIBE"},
               {"GET", "k"}},
              [](std::string text) { return text.substr(text.find("subscribe")); });
}

HERDGATE_WITH_LOOPS(PubSub);

}  // namespace
}  // namespace herdgate::integration

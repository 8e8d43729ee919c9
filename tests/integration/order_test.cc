// Order: what a client writes in one go is executed and answered in the order it wrote it, whichever lanes carry it.
#include "tests/integration/support/sidecar_test.h"

namespace herdgate::integration {
namespace {

class Order : public SidecarTest {};

TEST_P(Order, PipelineAcrossLanesIsAnsweredAsByRedis) {
  SameAsRedis({{"SET", "a", "1"},
               {"GET", "a"},
               {"EVAL", "redis.call('incr', KEYS[1]) return redis.call('get', KEYS[1])", "1", "a"},
               {"GET", "a"},
               {"SELECT", "3"},
               {"SET", "a", "three"},
               {"GET", "a"},
               {"SELECT", "0"},
               {"GET", "a"},
               {"CLIENT", "SETNAME", "me"},
               {"CLIENT", "GETNAME"},
               {"MULTI"},
               {"INCR", "a"},
               {"GET", "a"},
               {"EXEC"},
               {"GET", "a"},
               {"RPUSH", "q", "x"},
               {"BLPOP", "q", "0"},
               {"GET", "a"},
               {"KEYS", "*"},
               {"SORT", "q"},
               {"WATCH", "a"},
               {"MULTI"},
               {"GET", "a"},
               {"EXEC"},
               {"SELECT", "3"},
               {"INCRBY", "n", "5"},
               {"EVAL", "return redis.call('get', 'n')", "0"},
               {"GET", "n"},
               {"NOSUCH", "x"},
               {"SELECT", "0"}});
}

TEST_P(Order, HelloInsideAPipelineChangesTheProtocolOfWhatFollows) {
  const auto mask = [](std::string text) {
    for (const char* field : {"$2\r\nid\r\n:"}) {
      for (std::size_t at = text.find(field); at != std::string::npos; at = text.find(field, at + 1)) {
        const auto from = at + std::string(field).size();
        text.replace(from, text.find('\r', from) - from, "ID");
      }
    }
    return text;
  };
  SameAsRedis({{"HSET", "h", "f", "1"},
               {"HGETALL", "h"},
               {"HELLO", "3"},
               {"HGETALL", "h"},
               {"GET", "none"},
               {"ZADD", "z", "1.5", "m"},
               {"ZSCORE", "z", "m"},
               {"HELLO", "2"},
               {"HGETALL", "h"},
               {"GET", "none"},
               {"HELLO"},
               {"HELLO", "3", "SETNAME", "x"},
               {"CLIENT", "GETNAME"},
               {"HELLO", "4"},
               {"HELLO", "x"},
               {"HELLO", "3", "NONSENSE"},
               {"HELLO", "3", "SETNAME", "a b"},
               {"HELLO", "3", "AUTH", "default"},
               {"GET", "none"},
               {"HELLO", "2"}},
              mask);
}

TEST_P(Order, NothingBehindABlockingCommandIsAnsweredBeforeIt) {
  RawClient client = Client();
  client.Send(Encode({"SET", "k", "old"}) + Encode({"BLPOP", "q", "0"}) + Encode({"GET", "k"}) + Encode({"PING"}));
  EXPECT_EQ(client.Read(), "+OK\r\n");
  ASSERT_TRUE(UpstreamBlocks(1));
  EXPECT_EQ(client.Peek(), "");
  Direct().Do({"SET", "k", "new"});
  Direct().Do({"RPUSH", "q", "x"});
  EXPECT_EQ(client.Read(), "*2\r\n$1\r\nq\r\n$1\r\nx\r\n");
  EXPECT_EQ(client.Read(), Bulk("new"));
  EXPECT_EQ(client.Read(), "+PONG\r\n");
}

TEST_P(Order, LocalCommandsBehindABlockingOneTakeEffectAfterIt) {
  RawClient victim = Client();
  const std::string id = std::to_string(Number(victim.Do({"CLIENT", "ID"})));
  RawClient client = Client();
  client.Send(Encode({"BLPOP", "q", "0"}) + Encode({"CLIENT", "KILL", "ID", id}));
  ASSERT_TRUE(UpstreamBlocks(1));
  EXPECT_EQ(victim.Do({"PING"}), "+PONG\r\n");
  Direct().Do({"RPUSH", "q", "x"});
  EXPECT_EQ(client.Read(), "*2\r\n$1\r\nq\r\n$1\r\nx\r\n");
  EXPECT_EQ(client.Read(), ":1\r\n");
  EXPECT_TRUE(victim.EndsSoon());
}

TEST_P(Order, QuitBehindABlockingCommandWaitsForIt) {
  RawClient client = Client();
  client.Send(Encode({"BLPOP", "q", "0"}) + Encode({"QUIT"}) + Encode({"PING"}));
  ASSERT_TRUE(UpstreamBlocks(1));
  EXPECT_FALSE(client.Ended());
  Direct().Do({"RPUSH", "q", "x"});
  EXPECT_EQ(client.ReadToEnd(), "*2\r\n$1\r\nq\r\n$1\r\nx\r\n+OK\r\n");
}

TEST_P(Order, ClientThatWritesAHundredThousandCommandsBeforeItReadsGetsAllReplies) {
  RawClient client = Client();
  constexpr int kCommands = 100000;
  std::string all;
  for (int i = 0; i < kCommands; ++i) all += Encode({"ECHO", std::to_string(i)});
  // Blind: nothing is read before everything is written.
  std::size_t sent = 0;
  while (sent < all.size()) {
    const std::size_t taken = client.SendBlind(std::string_view(all).substr(sent));
    ASSERT_GT(taken, 0U) << "the sidecar stopped reading after " << sent << " bytes";
    sent += taken;
  }
  std::string expected;
  for (int i = 0; i < kCommands; ++i) expected += Bulk(std::to_string(i));
  EXPECT_TRUE(client.ReadUntil(Bulk(std::to_string(kCommands - 1))) == expected);
}

TEST_P(Order, DeepPipelineOfAlternatingLanesKeepsItsOrder) {
  RawClient client = Client();
  std::string all;
  std::string expected;
  for (int i = 1; i <= 3000; ++i) {
    const std::string number = std::to_string(i);
    all += Encode({"INCR", "n"}) + Encode({"EVAL", "return redis.call('get', KEYS[1])", "1", "n"});
    expected += ":" + number + "\r\n" + Bulk(number);
  }
  client.Send(all);
  EXPECT_TRUE(client.ReadUntil(Bulk("3000")) == expected);
}

TEST_P(Order, TwoClientsOfOneLaneGetOnlyTheirOwnReplies) {
  std::vector<RawClient> clients = Clients(12);
  for (int round = 0; round < 50; ++round) {
    for (std::size_t i = 0; i < clients.size(); ++i) {
      const std::string own = std::to_string(i) + "-" + std::to_string(round);
      clients[i].Send(Encode({"ECHO", own}) + Encode({"SET", "k" + std::to_string(i), own}) +
                      Encode({"GET", "k" + std::to_string(i)}));
    }
    for (std::size_t i = 0; i < clients.size(); ++i) {
      const std::string own = std::to_string(i) + "-" + std::to_string(round);
      ASSERT_EQ(clients[i].Read(3), (std::vector<std::string>{Bulk(own), "+OK\r\n", Bulk(own)}));
    }
  }
}

TEST_P(Order, DatabasesDoNotMixAcrossClients) {
  std::vector<RawClient> clients = Clients(8);
  for (std::size_t i = 0; i < clients.size(); ++i) {
    ASSERT_EQ(clients[i].Do({"SELECT", std::to_string(i)}), "+OK\r\n");
    ASSERT_EQ(clients[i].Do({"SET", "who", std::to_string(i)}), "+OK\r\n");
  }
  for (std::size_t i = 0; i < clients.size(); ++i) EXPECT_EQ(clients[i].Do({"GET", "who"}), Bulk(std::to_string(i)));
}

TEST_P(Order, ScriptThatNeverEndsIsKilledFromAnotherClient) {
  Direct().Do({"CONFIG", "SET", "lua-time-limit", "20"});
  std::vector<RawClient> clients = Clients(4);
  clients[1].Do({"SELECT", "5"});
  clients[0].Say({"EVAL", "while true do end", "0"});
  ASSERT_TRUE(Eventually([&] { return clients[2].Do({"GET", "a"}).starts_with("-BUSY"); }));
  EXPECT_EQ(clients[1].Do({"SCRIPT", "KILL"}), "+OK\r\n");
  EXPECT_EQ(clients[0].Read().front(), '-');
  EXPECT_EQ(clients[0].Do({"PING"}), "+PONG\r\n");
  EXPECT_EQ(clients[1].Do({"SCRIPT", "KILL"}), "-NOTBUSY No scripts in execution right now.\r\n");
  EXPECT_EQ(clients[1].Do({"SET", "a", "five"}), "+OK\r\n");
  EXPECT_EQ(clients[2].Do({"GET", "a"}), "$-1\r\n");
  Direct().Do({"CONFIG", "SET", "lua-time-limit", "5000"});
}

TEST_P(Order, UnixSocketsServeAlikeOnBothSides) {
  const Sidecar other("unix://" + Redis().socket() + "?db=3", {.loops = GetParam()});
  ASSERT_TRUE(other.started());
  RawClient client(DialUnix(other.socket()));
  EXPECT_EQ(client.Do({"SET", "a", "three"}), "+OK\r\n");
  EXPECT_EQ(client.Do({"SELECT", "0"}), "+OK\r\n");
  EXPECT_EQ(client.Do({"GET", "a"}), "$-1\r\n");
  EXPECT_EQ(client.Do({"RESET"}), "+RESET\r\n");
  EXPECT_EQ(client.Do({"GET", "a"}), Bulk("three"));
  RawClient direct = Direct();
  direct.Do({"SELECT", "3"});
  EXPECT_EQ(direct.Do({"GET", "a"}), Bulk("three"));
  const std::string info = Text(client.Do({"CLIENT", "INFO"}));
  EXPECT_NE(info.find(" addr=" + other.socket() + ":0 laddr=" + other.socket() + ":0 "), std::string::npos) << info;
  EXPECT_NE(info.find(" flags=U "), std::string::npos) << info;
}

HERDGATE_WITH_LOOPS(Order);

}  // namespace
}  // namespace herdgate::integration

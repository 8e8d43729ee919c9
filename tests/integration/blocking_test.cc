// Blocking commands: each waits on a lane of its own, wakes, times out, is unblocked and killed as in Redis.
#include "tests/integration/support/sidecar_test.h"

namespace herdgate::integration {
namespace {

class Blocking : public SidecarTest {};

TEST_P(Blocking, AnswersAreThoseOfRedis) {
  SameAsRedis({{"BLPOP", "q", "0.01"},
               {"BLPOP", "q"},
               {"BLPOP", "q", "-1"},
               {"BLPOP", "q", "x"},
               {"SET", "s", "1"},
               {"BLPOP", "s", "0"},
               {"RPUSH", "q", "a", "b", "c"},
               {"BLPOP", "none", "q", "0"},
               {"BRPOP", "q", "0"},
               {"BLMOVE", "q", "r", "LEFT", "RIGHT", "0"},
               {"BRPOPLPUSH", "r", "q", "0"},
               {"BLMPOP", "0", "1", "q", "LEFT"},
               {"BZPOPMIN", "z", "0.01"},
               {"ZADD", "z", "1", "m", "2", "n"},
               {"BZPOPMAX", "z", "0"},
               {"BZMPOP", "0", "1", "z", "MIN"},
               {"XADD", "st", "1-1", "f", "v"},
               {"XREAD", "BLOCK", "10", "STREAMS", "st", "$"},
               {"XREAD", "BLOCK", "0", "STREAMS", "st", "0"},
               {"XREAD", "STREAMS", "st", "0"},
               {"WAIT", "0", "10"},
               {"GET", "s"}});
  SameAsRedis({{"HELLO", "3"}, {"BLPOP", "q", "0.01"}, {"BZPOPMIN", "z", "0.01"}, {"GET", "s"}},
              [](std::string text) { return text.substr(text.find("modules")); });
}

TEST_P(Blocking, PushWakesOneWaiterEach) {
  std::vector<RawClient> waiters = Clients(6);
  for (RawClient& waiter : waiters) waiter.Say({"BLPOP", "q", "0"});
  ASSERT_TRUE(UpstreamBlocks(6));
  RawClient pusher = Client();
  for (int i = 0; i < 6; ++i) EXPECT_EQ(pusher.Do({"RPUSH", "q", "x"}), ":1\r\n");
  for (RawClient& waiter : waiters) EXPECT_EQ(waiter.Read(), "*2\r\n$1\r\nq\r\n$1\r\nx\r\n");
  EXPECT_EQ(pusher.Do({"LLEN", "q"}), ":0\r\n");
}

TEST_P(Blocking, UnblockByVirtualIdReachesEveryLoop) {
  std::vector<RawClient> waiters = Clients(3);
  RawClient master = Client();
  for (std::size_t i = 0; i < waiters.size(); ++i) {
    const std::string id = std::to_string(Number(waiters[i].Do({"CLIENT", "ID"})));
    EXPECT_EQ(master.Do({"CLIENT", "UNBLOCK", id}), ":0\r\n");
    waiters[i].Say({"BLPOP", "q", "0"});
    ASSERT_TRUE(UpstreamBlocks(1));
    if (i % 2 == 0) {
      EXPECT_EQ(master.Do({"CLIENT", "UNBLOCK", id}), ":1\r\n");
      EXPECT_EQ(waiters[i].Read(), "*-1\r\n");
    } else {
      EXPECT_EQ(master.Do({"CLIENT", "UNBLOCK", id, "ERROR"}), ":1\r\n");
      EXPECT_EQ(waiters[i].Read(), "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n");
    }
    EXPECT_EQ(waiters[i].Do({"PING"}), "+PONG\r\n");
  }
  EXPECT_EQ(master.Do({"CLIENT", "UNBLOCK", "999999"}), ":0\r\n");
}

TEST_P(Blocking, UnblockErrorsAreThoseOfRedis) {
  SameAsRedis({{"CLIENT", "UNBLOCK"},
               {"CLIENT", "UNBLOCK", "x"},
               {"CLIENT", "UNBLOCK", "999999"},
               {"CLIENT", "UNBLOCK", "999999", "NONSENSE"},
               {"CLIENT", "UNBLOCK", "-5"},
               {"CLIENT", "UNBLOCK", "999999", "TIMEOUT", "x"}});
}

TEST_P(Blocking, DisconnectOfAWaiterLosesNoElement) {
  for (const bool abort : {false, true}) {
    RawClient waiter = Client();
    waiter.Say({"BLPOP", "q", "0"});
    ASSERT_TRUE(UpstreamBlocks(1));
    if (abort) {
      waiter.Abort();
    } else {
      waiter.Close();
    }
    ASSERT_TRUE(UpstreamBlocks(0));
    EXPECT_EQ(Client().Do({"RPUSH", "q", "kept"}), ":1\r\n");
    EXPECT_EQ(Client().Do({"LPOP", "q"}), Bulk("kept"));
  }
}

TEST_P(Blocking, HalfCloseOfAWaiterIsADisconnect) {
  RawClient waiter = Client();
  waiter.Say({"BLPOP", "q", "0"});
  ASSERT_TRUE(UpstreamBlocks(1));
  waiter.HalfClose();
  ASSERT_TRUE(UpstreamBlocks(0));
  EXPECT_EQ(waiter.ReadToEnd(), "");
}

TEST_P(Blocking, KilledWaiterIsClosedAndNoLongerBlocks) {
  RawClient waiter = Client();
  const std::string id = std::to_string(Number(waiter.Do({"CLIENT", "ID"})));
  waiter.Say({"BLPOP", "q", "0"});
  ASSERT_TRUE(UpstreamBlocks(1));
  EXPECT_EQ(Client().Do({"CLIENT", "KILL", "ID", id}), ":1\r\n");
  EXPECT_EQ(waiter.ReadToEnd(), "");
  EXPECT_TRUE(UpstreamBlocks(0));
}

TEST_P(Blocking, OthersOnTheSameLoopAreServedMeanwhile) {
  std::vector<RawClient> waiters = Clients(20);
  for (RawClient& waiter : waiters) waiter.Say({"BRPOP", "q", "0"});
  ASSERT_TRUE(UpstreamBlocks(20));
  std::vector<RawClient> others = Clients(6);
  for (RawClient& other : others) EXPECT_EQ(other.Do({"INCR", "n"}).front(), ':');
}

TEST_P(Blocking, WaiterInItsOwnDatabaseIsWokenThere) {
  RawClient waiter = Client();
  waiter.Do({"SELECT", "7"});
  waiter.Say({"BLPOP", "q", "0"});
  ASSERT_TRUE(UpstreamBlocks(1));
  RawClient pusher = Client();
  EXPECT_EQ(pusher.Do({"RPUSH", "q", "zero"}), ":1\r\n");
  pusher.Do({"SELECT", "7"});
  EXPECT_EQ(pusher.Do({"RPUSH", "q", "seven"}), ":1\r\n");
  EXPECT_EQ(waiter.Read(), "*2\r\n$1\r\nq\r\n$5\r\nseven\r\n");
  EXPECT_EQ(waiter.Do({"RPUSH", "own", "x"}), ":1\r\n");
  EXPECT_EQ(pusher.Do({"LLEN", "own"}), ":1\r\n");
}

TEST_P(Blocking, WaitWaitsForTheClientsOwnWrites) {
  RawClient client = Client();
  EXPECT_EQ(client.Do({"SET", "a", "1"}), "+OK\r\n");
  EXPECT_EQ(client.Do({"WAIT", "0", "0"}), ":0\r\n");
  EXPECT_EQ(client.Do({"WAIT", "1", "20"}), ":0\r\n");
  EXPECT_EQ(client.Do({"WAIT", "x", "20"}), "-ERR value is not an integer or out of range\r\n");
  EXPECT_EQ(client.Do({"GET", "a"}), Bulk("1"));
}

TEST_P(Blocking, LaneOfAWaiterComesBack) {
  RawClient client = Client();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.Do({"BLPOP", "q", "0.001"}), "*-1\r\n");
  EXPECT_TRUE(Gate().MetricBecomes("herdgate_client_pins_total{reason=\"blocked\"}", 20));
  EXPECT_LT(Gate().Metric("herdgate_upstream_connections_opened_total"), 16 + 4 * GetParam());
}

HERDGATE_WITH_LOOPS(Blocking);

}  // namespace
}  // namespace herdgate::integration

// Faults of the upstream: absent, killed, frozen, closing idle connections, full. Who did not need it notices nothing.
#include "tests/integration/support/sidecar_test.h"

namespace herdgate::integration {
namespace {

using std::chrono::milliseconds;

class UpstreamFaults : public ::testing::TestWithParam<unsigned> {
 protected:
  void SetUp() override {
    if (!RedisProcess::Installed()) GTEST_SKIP() << "redis-server is not installed";
  }
  void Front(const std::string& url, Sidecar::Choices choices = {}) {
    choices.loops = GetParam();
    gate_ = std::make_unique<Sidecar>(url, choices);
    ASSERT_TRUE(gate_->started());
  }
  RawClient Client() const { return gate_->Client(); }
  std::vector<RawClient> Clients(std::size_t count) const {
    std::vector<RawClient> clients;
    for (std::size_t i = 0; i < count; ++i) clients.push_back(Client());
    for (RawClient& client : clients) EXPECT_EQ(client.Do({"PING"}), "+PONG\r\n");
    return clients;
  }
  std::unique_ptr<Sidecar> gate_;
};

TEST_P(UpstreamFaults, AbsentAtTheStartIsSaidAndHealsByItself) {
  const std::uint16_t port = FreePort();
  Front("redis://127.0.0.1:" + std::to_string(port), {.timeout = milliseconds(300)});
  EXPECT_EQ(gate_->Get("/livez").status, 200);
  EXPECT_EQ(gate_->Get("/startupz").status, 200);
  EXPECT_TRUE(Eventually([&] {
    return gate_->Get("/readyz?verbose").body.find("[-]upstream failed: connection refused") != std::string::npos ||
           gate_->Get("/readyz?verbose").body.find("[-]upstream failed: Connection refused") != std::string::npos;
  })) << gate_->Get("/readyz?verbose").body;
  RawClient client = Client();
  const auto before = std::chrono::steady_clock::now();
  for (const Words& words : {Words{"GET", "a"}, Words{"BLPOP", "q", "0"}, Words{"MULTI"}, Words{"SUBSCRIBE", "c"},
                             Words{"SELECT", "3"}, Words{"HELLO", "3"}, Words{"EVAL", "return 1", "0"}}) {
    const std::string answer = client.Do(words);
    EXPECT_TRUE(answer.starts_with("-ERR herdgate: upstream redis://127.0.0.1:" + std::to_string(port)))
        << words[0] << answer;
    EXPECT_NE(answer.find("onnection refused"), std::string::npos) << answer;
  }
  EXPECT_LT(std::chrono::steady_clock::now() - before, milliseconds(3000));
  EXPECT_EQ(client.Do({"CLIENT", "SETNAME", "still-here"}), "+OK\r\n");
  EXPECT_TRUE(gate_->MetricBecomes("herdgate_upstream_up", 0));
  const RedisProcess redis({}, port);
  EXPECT_TRUE(Eventually([&] { return client.Do({"SET", "a", "1"}) == "+OK\r\n"; }));
  EXPECT_EQ(client.Do({"GET", "a"}), Bulk("1"));
  EXPECT_TRUE(
      Eventually([&] { return gate_->Get("/readyz?verbose").body.find("[+]upstream ok") != std::string::npos; }));
  EXPECT_TRUE(gate_->MetricBecomes("herdgate_upstream_up", 1));
}

TEST_P(UpstreamFaults, CommandsWrittenBeforeItComesAreServedWhenItComesInTime) {
  const std::uint16_t port = FreePort();
  Front("redis://127.0.0.1:" + std::to_string(port), {.timeout = milliseconds(8000)});
  std::vector<RawClient> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(Client());
  for (RawClient& client : clients)
    client.Send(Encode({"INCR", "n"}) + Encode({"MULTI"}) + Encode({"INCR", "m"}) + Encode({"EXEC"}) +
                Encode({"SELECT", "2"}) + Encode({"INCR", "n"}));
  const RedisProcess redis({}, port);
  for (RawClient& client : clients) {
    const auto replies = client.Read(6);
    EXPECT_EQ(replies[0].front(), ':');
    EXPECT_EQ(replies[1], "+OK\r\n");
    EXPECT_EQ(replies[3].substr(0, 5), "*1\r\n:");
    EXPECT_EQ(replies[5].front(), ':');
  }
  EXPECT_EQ(redis.Client().Do({"GET", "n"}), Bulk("3"));
}

TEST_P(UpstreamFaults, IdleClientsNoticeNothingOfARestart) {
  RedisProcess redis;
  Front(redis.Url());
  std::vector<RawClient> clients = Clients(9);
  for (std::size_t i = 0; i < clients.size(); ++i) {
    clients[i].Do({"CLIENT", "SETNAME", "n" + std::to_string(i)});
    clients[i].Do({"SELECT", std::to_string(i)});
  }
  RawClient resp3 = gate_->Resp3Client();
  redis.Kill();
  ASSERT_TRUE(redis.Start());
  for (std::size_t i = 0; i < clients.size(); ++i) {
    EXPECT_EQ(clients[i].Do({"SET", "k", std::to_string(i)}), "+OK\r\n");
    EXPECT_EQ(clients[i].Do({"CLIENT", "GETNAME"}), Bulk("n" + std::to_string(i)));
    RawClient direct = redis.Client();
    direct.Do({"SELECT", std::to_string(i)});
    EXPECT_EQ(direct.Do({"GET", "k"}), Bulk(std::to_string(i)));
  }
  EXPECT_EQ(resp3.Do({"GET", "none"}), "_\r\n");
}

TEST_P(UpstreamFaults, SubscribersAndWaitersAreClosedWhenItDies) {
  RedisProcess redis;
  Front(redis.Url());
  std::vector<RawClient> clients = Clients(4);
  clients[0].Do({"SUBSCRIBE", "c"});
  clients[1].Say({"BLPOP", "q", "0"});
  clients[2].Do({"WATCH", "k"});
  ASSERT_TRUE(Eventually([&] {
    return Text(redis.Client().Do({"INFO", "clients"})).find("blocked_clients:1") != std::string::npos;
  }));
  redis.Kill();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(clients[static_cast<std::size_t>(i)].EndsSoon()) << i;
  ASSERT_TRUE(redis.Start());
  EXPECT_EQ(clients[3].Do({"PING"}), "+PONG\r\n");
}

TEST_P(UpstreamFaults, ReadInFlightIsRepeatedAndWriteInFlightClosesItsClient) {
  RedisProcess redis;
  Front(redis.Url(), {.timeout = milliseconds(8000)});
  redis.Client().Do({"SET", "k", "before"});
  RawClient reader = Client();
  RawClient writer = Client();
  RawClient mixed = Client();
  RawClient idle = Client();
  for (RawClient* client : {&reader, &writer, &mixed, &idle}) ASSERT_EQ(client->Do({"PING"}), "+PONG\r\n");
  redis.Freeze();
  // Frozen, it takes what is sent and answers nothing.
  const double sent = gate_->Metric("herdgate_upstream_sent_bytes_total");
  reader.Send(Encode({"GET", "k"}) + Encode({"STRLEN", "k"}));
  writer.Say({"INCR", "n"});
  mixed.Send(Encode({"GET", "k"}) + Encode({"SET", "x", "1"}));
  ASSERT_TRUE(Eventually([&] { return gate_->Metric("herdgate_upstream_sent_bytes_total") >= sent + 100; }));
  redis.Kill();
  EXPECT_EQ(writer.ReadToEnd(), "");
  EXPECT_EQ(mixed.ReadToEnd(), "");
  ASSERT_TRUE(redis.Start());
  redis.Client().Do({"SET", "k", "after"});
  // "after" or nothing: the retry may arrive before this SET.
  const auto replies = reader.Read(2);
  EXPECT_TRUE(replies[0] == "$-1\r\n" || replies[0] == Bulk("after")) << replies[0];
  EXPECT_TRUE(replies[1] == ":0\r\n" || replies[1] == ":5\r\n") << replies[1];
  EXPECT_EQ(idle.Do({"GET", "k"}), Bulk("after"));
  EXPECT_EQ(reader.Do({"GET", "k"}), Bulk("after"));
  EXPECT_TRUE(gate_->MetricBecomes("herdgate_client_connections_closed_total{reason=\"upstream_lost\"}", 2));
  EXPECT_GE(gate_->Metric("herdgate_upstream_retries_total"), 2);
}

TEST_P(UpstreamFaults, KillsUnderTrafficNeverMixUpReplies) {
  RedisProcess redis;
  Front(redis.Url());
  for (int round = 0; round < 4; ++round) {
    std::vector<RawClient> clients;
    for (int i = 0; i < 12; ++i) clients.push_back(Client());
    std::string pipeline;
    for (std::size_t i = 0; i < clients.size(); ++i) {
      pipeline.clear();
      for (int k = 0; k < 400; ++k) {
        pipeline += Encode({"ECHO", std::to_string(i) + ":" + std::to_string(k)});
        if (k % 100 == 50 && i % 3 == 0) pipeline += Encode({"SET", "w", "x"});
      }
      clients[i].Send(pipeline);
    }
    redis.Kill();
    ASSERT_TRUE(redis.Start());
    for (std::size_t i = 0; i < clients.size(); ++i) {
      int next = 0;
      while (next < 400) {
        const std::string reply = clients[i].Read();
        if (reply == "+OK\r\n") continue;
        if (reply == kEnd) break;
        // Refused while there was no connection: an error that names the upstream.
        if (!reply.starts_with("-ERR herdgate: upstream")) {
          ASSERT_EQ(reply, Bulk(std::to_string(i) + ":" + std::to_string(next))) << "client " << i;
        }
        ++next;
      }
    }
  }
  EXPECT_EQ(Client().Do({"PING"}), "+PONG\r\n");
}

TEST_P(UpstreamFaults, FrozenUpstreamHoldsItsClientsAndServesThemAfterwards) {
  RedisProcess redis;
  Front(redis.Url(), {.timeout = milliseconds(400)});
  std::vector<RawClient> clients = Clients(3);
  redis.Freeze();
  for (RawClient& client : clients) client.Say({"INCR", "n"});
  // What needs a new connection is refused in time, with the reason.
  RawClient fresh = Client();
  const std::string refused = fresh.Do({"SELECT", "9"});
  EXPECT_TRUE(refused.starts_with("-ERR herdgate: upstream ")) << refused;
  EXPECT_EQ(clients[0].Peek(), "");
  EXPECT_EQ(gate_->Get("/livez").status, 200);
  redis.Thaw();
  for (RawClient& client : clients) EXPECT_EQ(client.Read().front(), ':');
  EXPECT_TRUE(Eventually([&] { return fresh.Do({"SELECT", "9"}) == "+OK\r\n"; }));
}

TEST_P(UpstreamFaults, LocalAnswersWaitInOrderBehindAFrozenUpstream) {
  RedisProcess redis;
  Front(redis.Url());
  RawClient client = Client();
  ASSERT_EQ(client.Do({"PING"}), "+PONG\r\n");
  redis.Freeze();
  constexpr int kPairs = 40000;
  std::string pipeline;
  std::string expected;
  for (int i = 0; i < kPairs; ++i) {
    pipeline += Encode({"INCR", "n"}) + Encode({"CLIENT", "SETNAME", "x"});
    expected += ":" + std::to_string(i + 1) + "\r\n+OK\r\n";
  }
  client.Send(pipeline);
  // Others of the loop are served meanwhile.
  RawClient other = Client();
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(other.Do({"CLIENT", "SETNAME", "y"}), "+OK\r\n");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds(1500));
  redis.Thaw();
  EXPECT_TRUE(client.ReadUntil(":" + std::to_string(kPairs) + "\r\n+OK\r\n") == expected);
}

TEST_P(UpstreamFaults, IdleTimeoutOfTheUpstreamIsNotNoticed) {
  RedisProcess redis({"--timeout", "1"});
  Front(redis.Url());
  std::vector<RawClient> clients = Clients(3);
  RawClient blocked = Client();
  blocked.Do({"BLPOP", "q", "0.01"});
  const double before = gate_->Metric("herdgate_upstream_errors_total{reason=\"closed\"}");
  ASSERT_TRUE(Eventually([&] { return gate_->Metric("herdgate_upstream_errors_total{reason=\"closed\"}") > before; }));
  for (int round = 0; round < 40; ++round) {
    for (RawClient& client : clients) ASSERT_EQ(client.Do({"INCR", "n"}).front(), ':');
  }
  EXPECT_EQ(blocked.Do({"BLPOP", "q", "0.01"}), "*-1\r\n");
  EXPECT_EQ(gate_->Metric("herdgate_clients_lost_total"), 0);
}

TEST_P(UpstreamFaults, FullUpstreamIsToldAndTheSharedLaneGoesOn) {
  RedisProcess redis;
  Front(redis.Url(), {.timeout = milliseconds(300)});
  std::vector<RawClient> clients = Clients(4);
  std::vector<RawClient> crowd;
  redis.Client().Do({"CONFIG", "SET", "maxclients", "40"});
  for (int i = 0; i < 60; ++i) crowd.push_back(redis.Client());
  ASSERT_TRUE(Eventually([&] { return crowd.back().Ended(); }));
  RawClient client = Client();
  EXPECT_EQ(client.Do({"SET", "a", "1"}), "+OK\r\n");
  std::string answer;
  std::vector<RawClient> waiters;
  for (int i = 0; i < 10 && answer.empty(); ++i) {
    // Spare lanes may serve the first of them.
    waiters.push_back(Client());
    answer = waiters.back().Do({"BLPOP", "q", "0.01"});
    if (answer == "*-1\r\n") {
      waiters.back().Do({"SUBSCRIBE", "c"});
      answer.clear();
    }
  }
  EXPECT_TRUE(answer.starts_with("-ERR herdgate: upstream")) << answer;
  EXPECT_NE(answer.find("max number of clients"), std::string::npos) << answer;
  EXPECT_EQ(client.Do({"GET", "a"}), Bulk("1"));
  crowd.clear();
  EXPECT_TRUE(Eventually([&] { return client.Do({"BLPOP", "q", "0.01"}) == "*-1\r\n"; }));
}

TEST_P(UpstreamFaults, TransactionRefusedHalfWayExecutesNothing) {
  RedisProcess redis;
  Front(redis.Url(), {.timeout = milliseconds(300)});
  RawClient client = Client();
  ASSERT_EQ(client.Do({"PING"}), "+PONG\r\n");
  const std::uint16_t port = redis.port();
  redis.Kill();
  client.Send(Encode({"MULTI"}) + Encode({"SET", "a", "1"}));
  client.Send(Encode({"SET", "b", "1"}) + Encode({"EXEC"}));
  for (const std::string& reply : client.Read(4))
    EXPECT_TRUE(reply.starts_with("-ERR herdgate: upstream") || reply == kEnd) << reply;
  RedisProcess back({}, port);
  RawClient again = Client();
  std::string exist;
  EXPECT_TRUE(Eventually([&] { return (exist = again.Do({"EXISTS", "a", "b"})) == ":0\r\n"; })) << exist;
}

TEST_P(UpstreamFaults, LargeRequestToAnAbsentUpstreamIsRefusedOnce) {
  Front("redis://127.0.0.1:" + std::to_string(FreePort()), {.timeout = milliseconds(200)});
  RawClient client = Client();
  const std::string big(6 * 1024 * 1024, 'x');
  client.Send(Encode({"SET", "a", big}) + Encode({"SET", "b", big}) + Encode({"PING"}));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(client.Read().starts_with("-ERR herdgate: upstream"));
  EXPECT_EQ(client.Do({"CLIENT", "SETNAME", "x"}), "+OK\r\n");
}

HERDGATE_WITH_LOOPS(UpstreamFaults);

}  // namespace
}  // namespace herdgate::integration

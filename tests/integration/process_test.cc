// The process: how it starts, refuses to start, logs, and ends. With the real binary.
#include <gtest/gtest.h>

#include "tests/integration/support/http_get.h"
#include "tests/integration/support/sidecar_process.h"

namespace herdgate::integration {
namespace {

using std::chrono::milliseconds;

class Process : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!SidecarProcess::Built()) GTEST_SKIP() << "not built: " << SidecarProcess::Binary();
    if (!RedisProcess::Installed()) GTEST_SKIP() << "redis-server is not installed";
  }
  // Serves on port_ and telemetry_.
  Words Serve(const std::string& upstream, const Words& more = {}) {
    port_ = FreePort();
    telemetry_ = FreePort();
    Words words = {"serve",  "--listen",    "tcp://127.0.0.1:" + std::to_string(port_), "--upstream",
                   upstream, "--telemetry", "127.0.0.1:" + std::to_string(telemetry_)};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  bool Serves() const {
    return Eventually([this] { return RawClient(DialTcp(port_)).Do({"PING"}) == "+PONG\r\n"; });
  }
  RawClient Client() const { return RawClient(DialTcp(port_)); }

  std::uint16_t port_ = 0;
  std::uint16_t telemetry_ = 0;
};

// One line that begins with the program's name.
testing::AssertionResult RefusesWith(const Words& arguments, int code) {
  SidecarProcess process(arguments);
  if (!process.Ends()) return testing::AssertionFailure() << "it runs on: " << process.Output();
  const std::string output = process.Output();
  if (process.ExitCode() != code) return testing::AssertionFailure() << process.ExitCode() << ": " << output;
  if (output.empty() || output.find('\n') != output.size() - 1) return testing::AssertionFailure() << output;
  return testing::AssertionSuccess();
}

TEST_F(Process, PortInUseIsOneLineAndExitCode2) {
  const RedisProcess redis;
  const std::string taken = "127.0.0.1:" + std::to_string(redis.port());
  EXPECT_TRUE(RefusesWith({"serve", "--listen", "tcp://" + taken, "--upstream", "memory://"}, 2));
  EXPECT_TRUE(RefusesWith({"serve", "--listen", "tcp://127.0.0.1:" + std::to_string(FreePort()), "--upstream",
                           "memory://", "--telemetry", taken},
                          2));
}

TEST_F(Process, UnknownFlagIsOneLineAndExitCode2) {
  EXPECT_TRUE(RefusesWith({"serve", "--no-such-flag"}, 2));
  EXPECT_TRUE(RefusesWith({"serve", "--upstream", "http://x"}, 2));
  EXPECT_TRUE(RefusesWith({"serve", "--listen", "tcp://nowhere"}, 2));
}

TEST_F(Process, BadConfigurationIsExitCode2) {
  const TempDir directory;
  EXPECT_TRUE(RefusesWith({"serve", "--config", directory / "missing.yaml"}, 2));
  std::ofstream(directory / "bad.yaml") << "listen: [tcp://127.0.0.1:0]\nnonsense: 1\n";
  EXPECT_TRUE(RefusesWith({"serve", "--config", directory / "bad.yaml"}, 2));
  EXPECT_TRUE(RefusesWith({"check", directory / "bad.yaml"}, 2));
}

TEST_F(Process, SigtermAnswersWhatIsInFlightAndEnds) {
  RedisProcess redis;
  SidecarProcess process(Serve(redis.Url()));
  ASSERT_TRUE(Serves());
  RawClient idle = Client();
  idle.Do({"PING"});
  RawClient busy = Client();
  busy.Do({"PING"});
  redis.Freeze();
  busy.Send(Encode({"SET", "a", "1"}) + Encode({"GET", "a"}));
  // Taken: the sidecar reads in the order of arrival, and telemetry shows it.
  ASSERT_TRUE(Eventually([&] {
    return SumOfSamples(HttpGet(telemetry_, "/metrics").body, "herdgate_client_received_bytes_total") >= 14 * 3 + 47;
  }));
  process.Signal(SIGTERM);
  EXPECT_TRUE(idle.EndsSoon());
  EXPECT_EQ(DialTcp(port_), -1);
  redis.Thaw();
  EXPECT_EQ(busy.ReadToEnd(), "+OK\r\n" + Bulk("1"));
  EXPECT_TRUE(process.Ends());
  EXPECT_EQ(process.ExitCode(), 0);
}

TEST_F(Process, SigtermWaitsForABlockedClientAtMostTheDrainTime) {
  const RedisProcess redis;
  SidecarProcess process(Serve(redis.Url()));
  ASSERT_TRUE(Serves());
  RawClient waiter = Client();
  waiter.Say({"BLPOP", "q", "0"});
  ASSERT_TRUE(Eventually([&] {
    return Text(redis.Client().Do({"INFO", "clients"})).find("blocked_clients:1") != std::string::npos;
  }));
  const auto begin = std::chrono::steady_clock::now();
  process.Signal(SIGTERM);
  EXPECT_TRUE(process.Ends(milliseconds(4000)));
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(took, milliseconds(1400));
  EXPECT_LT(took, milliseconds(2500));
  EXPECT_EQ(process.ExitCode(), 0);
  EXPECT_EQ(waiter.ReadToEnd(), "");
}

TEST_F(Process, BlockedClientServedWhileDrainingGetsItsElement) {
  const RedisProcess redis;
  SidecarProcess process(Serve(redis.Url()));
  ASSERT_TRUE(Serves());
  RawClient waiter = Client();
  waiter.Say({"BLPOP", "q", "0"});
  ASSERT_TRUE(Eventually([&] {
    return Text(redis.Client().Do({"INFO", "clients"})).find("blocked_clients:1") != std::string::npos;
  }));
  process.Signal(SIGTERM);
  ASSERT_TRUE(Eventually([&] { return DialTcp(port_) == -1; }));
  redis.Client().Do({"RPUSH", "q", "x"});
  EXPECT_EQ(waiter.ReadToEnd(), "*2\r\n$1\r\nq\r\n$1\r\nx\r\n");
  EXPECT_TRUE(process.Ends());
  EXPECT_EQ(process.ExitCode(), 0);
}

TEST_F(Process, SubscribersAndTransactionsDoNotDelayTheEnd) {
  const RedisProcess redis;
  SidecarProcess process(Serve(redis.Url()));
  ASSERT_TRUE(Serves());
  RawClient subscriber = Client();
  subscriber.Do({"SUBSCRIBE", "c"});
  RawClient in_multi = Client();
  in_multi.Do({"MULTI"});
  RawClient monitor = Client();
  monitor.Do({"MONITOR"});
  const auto begin = std::chrono::steady_clock::now();
  process.Signal(SIGTERM);
  EXPECT_TRUE(process.Ends());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds(1400));
  EXPECT_EQ(process.ExitCode(), 0);
}

TEST_F(Process, LogsHoldNoKeyNoValueAndNoPassword) {
  const RedisProcess redis({"--requirepass", "url-password"});
  const std::string url = "redis://:url-password@127.0.0.1:" + std::to_string(redis.port());
  SidecarProcess process(Serve(url, {"--log-level", "debug"}));
  ASSERT_TRUE(Serves());
  RawClient client = Client();
  client.Do({"SET", "secret-key", "secret-value"});
  client.Do({"AUTH", "wrong-password"});
  client.Do({"HELLO", "3", "AUTH", "some-user", "wrong-password", "SETNAME", "client-name"});
  client.Do({"SUBSCRIBE", "secret-channel"});
  RawClient broken = Client();
  broken.Send("*1\r\n$secret-header\r\n");
  broken.ReadToEnd();
  process.Signal(SIGTERM);
  ASSERT_TRUE(process.Ends());
  const std::string log = process.Output();
  EXPECT_NE(log.find("\"listener.started\""), std::string::npos) << log;
  for (const char* secret : {"secret", "password", "some-user", "client-name"}) {
    EXPECT_EQ(log.find(secret), std::string::npos) << secret << "\n" << log;
  }
}

TEST_F(Process, MemoryUpstreamServesWithoutAnyRedis) {
  SidecarProcess process(Serve("memory://"));
  ASSERT_TRUE(Serves());
  RawClient client = Client();
  EXPECT_EQ(client.Do({"SET", "a", "1", "EX", "100"}), "+OK\r\n");
  EXPECT_EQ(client.Do({"INCR", "a"}), ":2\r\n");
  client.Send(Encode({"MULTI"}) + Encode({"GET", "a"}) + Encode({"TTL", "a"}) + Encode({"EXEC"}));
  EXPECT_EQ(client.Read(4).back(), "*2\r\n$1\r\n2\r\n:100\r\n");
  EXPECT_EQ(client.Do({"WATCH", "a"}), "+OK\r\n");
  Client().Do({"SET", "a", "3"});
  client.Do({"MULTI"});
  EXPECT_EQ(client.Do({"EXEC"}), "*-1\r\n");
  RawClient subscriber = Client();
  EXPECT_EQ(subscriber.Do({"SUBSCRIBE", "c"}).front(), '*');
  EXPECT_EQ(client.Do({"PUBLISH", "c", "m"}), ":1\r\n");
  EXPECT_EQ(subscriber.Read(), "*3\r\n" + Bulk("message") + Bulk("c") + Bulk("m"));
  const std::string refused = client.Do({"LPUSH", "l", "x"});
  EXPECT_TRUE(refused.starts_with("-ERR")) << refused;
  EXPECT_NE(refused.find("LPUSH"), std::string::npos) << refused;
  RawClient resp3 = Client();
  EXPECT_EQ(resp3.Do({"HELLO", "3"}).front(), '%');
  EXPECT_EQ(resp3.Do({"GET", "none"}), "_\r\n");
  process.Signal(SIGTERM);
  EXPECT_TRUE(process.Ends());
  EXPECT_EQ(process.ExitCode(), 0);
}

// The name resolves to another address after a restart: needs a private /etc/hosts, so a mount namespace.
TEST_F(Process, NameOfTheUpstreamIsResolvedAgainAtEveryReconnect) {
  if (std::system("unshare -m true 2>/dev/null") != 0) GTEST_SKIP() << "no mount namespaces here";
  const std::uint16_t redis_port = FreePort();
  const TempDir directory;
  const std::string hosts = directory / "hosts";
  std::ofstream(hosts) << "127.0.0.1 the-upstream\n";
  auto first = std::make_unique<RedisProcess>(Words{"--bind", "127.0.0.1"}, redis_port);
  first->Client().Do({"SET", "who", "first"});
  Words serve = Serve("redis://the-upstream:" + std::to_string(redis_port));
  std::string line = "mount --bind " + hosts + " /etc/hosts && exec " + SidecarProcess::Binary();
  for (const std::string& word : serve) line += " '" + word + "'";
  const pid_t process = Spawn({"unshare", "-m", "sh", "-c", line}, directory / "out");
  ASSERT_TRUE(Serves());
  RawClient client = Client();
  EXPECT_EQ(client.Do({"GET", "who"}), Bulk("first"));
  RedisProcess second(Words{"--bind", "127.0.0.2"}, redis_port);
  RawClient direct(DialUnix(second.socket()));
  direct.Do({"SET", "who", "second"});
  std::ofstream(hosts, std::ios::trunc) << "127.0.0.2 the-upstream\n";
  first = nullptr;
  EXPECT_TRUE(Eventually([&] { return client.Do({"GET", "who"}) == Bulk("second"); }));
  kill(process, SIGTERM);
  waitpid(process, nullptr, 0);
}

}  // namespace
}  // namespace herdgate::integration

// Large values, slow sockets, clients that do not read, and the limits that keep one client's appetite its own.
#include <fstream>

#include "tests/integration/support/sidecar_test.h"

namespace herdgate::integration {
namespace {

using std::chrono::milliseconds;

class Large : public SidecarTest {
 protected:
  static constexpr std::size_t kMiB = 1024 * 1024;
  static std::string Noise(std::size_t bytes) {
    std::string text(bytes, '\0');
    std::uint64_t state = 88172645463325252ULL;
    for (char& c : text) {
      state ^= state << 13U;
      state ^= state >> 7U;
      state ^= state << 17U;
      c = static_cast<char>(state);
    }
    return text;
  }
  // Of this process, which is the sidecar too.
  static std::size_t ResidentBytes() {
    std::ifstream statm("/proc/self/statm");
    std::size_t pages = 0;
    statm >> pages >> pages;
    return pages * 4096;
  }
};

TEST_P(Large, TenMegabytesPassBothWays) {
  const std::string value = Noise(10 * kMiB);
  for (const bool resp3 : {false, true}) {
    RawClient client = resp3 ? Gate().Resp3Client() : Client();
    EXPECT_EQ(client.Do({"SET", "big", value}), "+OK\r\n");
    EXPECT_TRUE(client.Do({"GET", "big"}) == Bulk(value));
    EXPECT_TRUE(client.Do({"ECHO", value}) == Bulk(value));
  }
  EXPECT_TRUE(Direct().Do({"GET", "big"}) == Bulk(value));
}

TEST_P(Large, PipelineOfLargeAndSmallKeepsItsOrder) {
  const std::string value = Noise(2 * kMiB);
  RawClient client = Client();
  std::string all;
  for (int i = 0; i < 5; ++i)
    all += Encode({"SET", "k", value}) + Encode({"STRLEN", "k"}) + Encode({"GET", "k"}) + Encode({"INCR", "n"});
  client.Send(all);
  for (int i = 1; i <= 5; ++i) {
    ASSERT_EQ(client.Read(), "+OK\r\n");
    ASSERT_EQ(client.Read(), ":" + std::to_string(value.size()) + "\r\n");
    ASSERT_TRUE(client.Read() == Bulk(value));
    ASSERT_EQ(client.Read(), ":" + std::to_string(i) + "\r\n");
  }
  EXPECT_TRUE(Eventually([&] { return Gate().Metric("herdgate_client_pins_total{reason=\"large_request\"}") >= 1; }));
}

TEST_P(Large, MillionElementsPass) {
  RawClient client = Client();
  EXPECT_EQ(client.Do({"EVAL", "for i=1,1000000 do redis.call('rpush', KEYS[1], i) end return 1", "1", "list"}),
            ":1\r\n");
  client.Say({"LRANGE", "list", "0", "-1"});
  const std::string reply = client.Read();
  EXPECT_TRUE(reply.starts_with("*1000000\r\n$1\r\n1\r\n"));
  EXPECT_TRUE(reply.ends_with("$7\r\n1000000\r\n"));
  EXPECT_EQ(client.Do({"PING"}), "+PONG\r\n");
}

TEST_P(Large, RequestOfManyArgumentsPasses) {
  Words words = {"RPUSH", "list"};
  for (int i = 0; i < 300000; ++i) words.push_back(std::to_string(i));
  RawClient client = Client();
  EXPECT_EQ(client.Do(words), ":300000\r\n");
  EXPECT_EQ(client.Do({"LINDEX", "list", "299999"}), Bulk("299999"));
}

// A policy that changes requests: what passes unjudged has another key than the app's other commands.
constexpr const char* kVersioned = "policies:\n  - {name: all, match: [\"*\"], version: {schema: 7}}\n";

TEST_P(Large, RequestOfManyArgumentsIsJudgedThoughItsHeaderComesAlone) {
  Restart({.loops = GetParam(), .policies = kVersioned});
  std::string request = Encode({"MSET"});
  constexpr int kPairs = 50000;
  for (int i = 0; i < kPairs; ++i) {
    for (const std::string& word : {"k" + std::to_string(i), std::string("v")}) request += Bulk(word);
  }
  const std::string header = "*" + std::to_string(2 * kPairs + 1) + "\r\n";
  request.replace(0, request.find('$'), header);
  RawClient client = Client();
  client.Send(header);
  // The header is read by itself: the same loop has answered another client since.
  for (RawClient& other : Clients(2 * GetParam())) other.Do({"PING"});
  client.Send(std::string_view(request).substr(header.size()));
  EXPECT_EQ(client.Read(), "+OK\r\n");
  EXPECT_EQ(client.Do({"GET", "k49999"}), Bulk("v"));
  EXPECT_EQ(Direct().Do({"EXISTS", "v7:k0", "v7:k49999"}), ":2\r\n");
  EXPECT_EQ(Direct().Do({"EXISTS", "k0", "k49999"}), ":0\r\n");
}

TEST_P(Large, NumberOfArgumentsThatIsOnlyDeclaredTakesNoMemory) {
  Restart({.loops = GetParam(), .policies = kVersioned});
  RawClient client = Client();
  client.Do({"PING"});
  const std::size_t before = ResidentBytes();
  const std::string value = Noise(400 * 1024);
  client.Send("*2147483647\r\n" + Bulk("HSET") + Bulk("key") + Bulk("field") + Bulk(value));
  EXPECT_TRUE(Eventually([&] { return Gate().Metric("herdgate_client_pins_total{reason=\"large_request\"}") >= 1; }));
  EXPECT_LT(ResidentBytes(), before + 64 * kMiB);
  client.Close();
  EXPECT_EQ(Client().Do({"HGET", "key", "field"}), "$-1\r\n");
}

TEST_P(Large, SlowUploadHoldsUpNobodyElse) {
  const std::string value = Noise(4 * kMiB);
  const std::string request = Encode({"SET", "big", value});
  RawClient slow = Client();
  std::vector<RawClient> others = Clients(3);
  const std::size_t step = 128 * 1024;
  for (std::size_t at = 0; at < request.size(); at += step) {
    slow.Send(std::string_view(request).substr(at, step));
    for (RawClient& other : others) ASSERT_EQ(other.Do({"SET", "k", "v"}), "+OK\r\n");
  }
  EXPECT_EQ(slow.Read(), "+OK\r\n");
  EXPECT_EQ(Direct().Do({"STRLEN", "big"}), ":" + std::to_string(value.size()) + "\r\n");
}

TEST_P(Large, UploadThatBreaksOffExecutesNothing) {
  const std::string request = Encode({"SET", "big", Noise(4 * kMiB)});
  const double before = Gate().Metric("herdgate_upstream_lanes{use=\"dedicated\"}");
  RawClient client = Client();
  client.Send(std::string_view(request).substr(0, request.size() - 100));
  client.Close();
  EXPECT_EQ(Client().Do({"EXISTS", "big"}), ":0\r\n");
  EXPECT_TRUE(Gate().MetricBecomes("herdgate_upstream_lanes{use=\"dedicated\"}", before));
  EXPECT_EQ(Direct().Do({"EXISTS", "big"}), ":0\r\n");
}

TEST_P(Large, ClientThatDoesNotReadHoldsUpNobodyElse) {
  Client().Do({"SET", "big", Noise(8 * kMiB)});
  RawClient lazy(DialTcp(Gate().port(), 4096));
  std::string requests;
  for (int i = 0; i < 20; ++i) requests += Encode({"GET", "big"});
  lazy.SendBlind(requests);
  std::vector<RawClient> others = Clients(3);
  for (int round = 0; round < 50; ++round) {
    for (RawClient& other : others) ASSERT_EQ(other.Do({"INCR", "n"}).front(), ':');
  }
  // Late, but whole.
  for (int i = 0; i < 20; ++i) ASSERT_EQ(lazy.Read().size(), 8 * kMiB + 12);
}

TEST_P(Large, ClientBeyondTheOutputLimitIsClosedAndItsMemoryComesBack) {
  Restart({.loops = GetParam(), .output_limit = 24 * kMiB});
  Client().Do({"SET", "big", Noise(4 * kMiB)});
  const std::size_t before = ResidentBytes();
  RawClient lazy(DialTcp(Gate().port(), 4096));
  std::string requests;
  for (int i = 0; i < 40; ++i) requests += Encode({"GET", "big"});
  lazy.SendBlind(requests);
  EXPECT_TRUE(Gate().MetricBecomes("herdgate_client_connections_closed_total{reason=\"output_limit\"}", 1));
  EXPECT_TRUE(Gate().MetricBecomes("herdgate_client_output_bytes", 0));
#ifdef __SANITIZE_ADDRESS__
  (void)before;  // the sanitizer keeps what was freed
#else
  EXPECT_LT(ResidentBytes(), before + 160 * kMiB);
#endif
  EXPECT_EQ(Client().Do({"PING"}), "+PONG\r\n");
}

TEST_P(Large, ClientWithoutARoomForOneMoreIsToldSo) {
  Restart({.loops = GetParam(), .max_clients = 5});
  // The connections that waited for the start may still be counted.
  std::vector<RawClient> clients;
  ASSERT_TRUE(Eventually([&] {
    RawClient client = Client();
    if (client.Do({"PING"}) == "+PONG\r\n") clients.push_back(std::move(client));
    return clients.size() == 5;
  }));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Client().ReadToEnd(), "-ERR max number of clients reached\r\n");
  EXPECT_EQ(clients[4].Do({"PING"}), "+PONG\r\n");
  clients.pop_back();
  EXPECT_TRUE(Eventually([&] { return Client().Do({"PING"}) == "+PONG\r\n"; }));
  EXPECT_TRUE(Eventually([&] { return Gate().Metric("herdgate_client_connections_rejected_total") >= 3; }));
}

TEST_P(Large, DedicatedLaneBeyondTheCapIsRefusedAsAtMaxclients) {
  // The sidecar itself may hold some of them.
  Restart({.loops = GetParam(), .max_dedicated = 6});
  std::vector<RawClient> waiters;
  int blocked = 0;
  std::string refusal;
  while (refusal.empty() && blocked < 7) {
    waiters.push_back(Client());
    EXPECT_EQ(waiters.back().Do({"SET", "k", "v"}), "+OK\r\n");
    waiters.back().Say({"BLPOP", "q", "0"});
    if (Eventually([&] { return waiters.back().Ended() || BlockedNow(blocked + 1); }) && !waiters.back().Ended()) {
      ++blocked;
    } else {
      refusal = waiters.back().ReadToEnd();
    }
  }
  EXPECT_EQ(refusal, "-ERR max number of clients reached\r\n");
  EXPECT_GE(blocked, 3);
  EXPECT_LE(blocked, 6);
  RawClient other = Client();
  EXPECT_EQ(other.Do({"GET", "k"}), Bulk("v"));
  waiters.clear();
  ASSERT_TRUE(UpstreamBlocks(0));
  EXPECT_EQ(other.Do({"BLPOP", "q", "0.01"}), "*-1\r\n");
  EXPECT_TRUE(Gate().MetricBecomes("herdgate_lane_cap_refusals_total", 1));
}

TEST_P(Large, HalfCloseBehindAPipelineGetsAllReplies) {
  for (const bool alternating : {false, true}) {
    RawClient client = Client();
    std::string all;
    for (int i = 0; i < 3000; ++i) {
      all += Encode({"INCR", alternating ? "m" : "n"});
      if (alternating) all += Encode({"EVAL", "return redis.call('get', KEYS[1])", "1", "m"});
    }
    client.Send(all);
    client.HalfClose();
    const std::string replies = client.ReadToEnd();
    EXPECT_TRUE(replies.ends_with(alternating ? Bulk("3000") : ":3000\r\n")) << replies.size();
  }
}

TEST_P(Large, HalfCloseBehindMoreThanIsHeldGetsAllReplies) {
  RawClient client = Client();
  std::string all = Encode({"EVAL", "local n = 0 for i=1,3000000 do n = n + i end return 1", "0"});
  const std::string value(20000, 'v');
  for (int i = 0; i < 200; ++i) all += Encode({"SETRANGE", "k", "0", value}) + Encode({"EVAL", "return 1", "0"});
  client.Send(all);
  client.HalfClose();
  std::string expected = ":1\r\n";
  for (int i = 0; i < 200; ++i) expected += ":20000\r\n:1\r\n";
  EXPECT_EQ(client.ReadToEnd(), expected);
}

TEST_P(Large, DisconnectInTheMiddleHurtsNobodyElse) {
  Client().Do({"SET", "big", Noise(3 * kMiB)});
  std::vector<RawClient> others = Clients(3);
  for (int round = 0; round < 12; ++round) {
    RawClient client = Client();
    client.SendBlind(Encode({"GET", "big"}) + Encode({"EVAL", "return 1", "0"}) + "*3\r\n$3\r\nSET\r\n$1\r\nk");
    if (round % 3 == 1) client.Read();
    if (round % 2 == 0) {
      client.Abort();
    } else {
      client.Close();
    }
    for (RawClient& other : others) ASSERT_EQ(other.Do({"ECHO", std::to_string(round)}), Bulk(std::to_string(round)));
  }
  EXPECT_TRUE(Gate().MetricBecomes("herdgate_client_connections", 3));
}

HERDGATE_WITH_LOOPS(Large);

class Huge : public Large {};

TEST_P(Huge, SixtyFourMegabytesPass) {
  const std::string value = Noise(64 * kMiB);
  RawClient client = Client();
  EXPECT_EQ(client.Do({"SET", "huge", value}), "+OK\r\n");
  EXPECT_TRUE(client.Do({"GET", "huge"}) == Bulk(value));
}

INSTANTIATE_TEST_SUITE_P(With, Huge, ::testing::Values(1U), LoopsName);

}  // namespace
}  // namespace herdgate::integration

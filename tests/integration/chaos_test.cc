// Chaos: many clients doing everything at once, some of them dying, the upstream dying under them. Seeded;
// HERDGATE_TEST_SEED takes other paths.
#include <atomic>
#include <cstdlib>
#include <random>
#include <thread>

#include "tests/integration/support/sidecar_test.h"

namespace herdgate::integration {
namespace {

class Chaos : public SidecarTest {
 protected:
  using Random = std::mt19937;

  // A few commands that leave the connection in whatever state they like.
  static std::string Disorder(Random& random) {
    static const std::vector<std::vector<Words>> kTopics = {
        {{"SET", "k", "v"}, {"GET", "k"}, {"DEL", "k"}, {"INCR", "n"}},
        {{"MULTI"}, {"SET", "k", "v"}, {"SELECT", "3"}, {"EXEC"}},
        {{"MULTI"}, {"INCR", "n"}, {"EXEC"}},
        {{"MULTI"}, {"CLIENT", "SETNAME", "x"}, {"DISCARD"}},
        {{"WATCH", "k"}, {"GET", "k"}, {"UNWATCH"}},
        {{"SUBSCRIBE", "a", "b"}, {"PING"}, {"UNSUBSCRIBE"}},
        {{"HELLO", "3"}, {"SUBSCRIBE", "c"}, {"GET", "k"}, {"UNSUBSCRIBE", "c"}, {"HELLO", "2"}},
        {{"BLPOP", "q", "0.01"}, {"RPUSH", "q", "x"}, {"BLPOP", "q", "0.01"}},
        {{"EVAL", "return 1", "0"}, {"GET", "k"}, {"KEYS", "*"}},
        {{"CLIENT", "REPLY", "SKIP"}, {"GET", "k"}, {"CLIENT", "LIST"}},
        {{"CLIENT", "REPLY", "OFF"}, {"SET", "k", "v"}, {"CLIENT", "REPLY", "ON"}},
        {{"CLIENT", "TRACKING", "ON"}, {"GET", "k"}, {"SET", "k", "v"}, {"CLIENT", "TRACKING", "OFF"}},
        {{"SELECT", "2"}, {"GET", "k"}, {"SELECT", "0"}, {"CLIENT", "INFO"}},
        {{"CLIENT", "KILL", "ID", "1"}, {"CLIENT", "UNBLOCK", "2"}, {"CLIENT", "LIST", "TYPE", "normal"}},
        {{"PUBLISH", "a", "m"}, {"PUBLISH", "c", "m"}, {"NOSUCH"}},
        {{"CONFIG", "SET", "hz", "10"}, {"INFO"}, {"WAIT", "0", "1"}, {"SCRIPT", "KILL"}},
        {{"MONITOR"}, {"GET", "k"}},
        {{"SET", "big", std::string(300 * 1024, 'b')}, {"GET", "big"}},
    };
    std::string bytes;
    for (const Words& words : kTopics[random() % kTopics.size()]) {
      bytes += Encode(words);
      if (random() % 12 == 0) break;
    }
    return bytes;
  }

  // One client's life after another, until told to stop. Every client that is not dropped half-way resets itself and
  // must then get exactly its own answer.
  void Live(unsigned seed, bool upstream_dies, const std::atomic<bool>& stop, std::atomic<int>& whole) {
    Random random(seed);
    while (!stop) {
      RawClient client = Client();
      std::string bytes;
      for (std::size_t i = random() % 5; i-- > 0;) bytes += Disorder(random);
      const std::string own = std::to_string(seed) + "-" + std::to_string(random());
      bytes += Encode({"CLIENT", "REPLY", "ON"}) + Encode({"RESET"}) + Encode({"ECHO", own});
      if (random() % 3 == 0) {
        for (std::size_t at = 0; at < bytes.size();) {
          const std::size_t piece = 1 + random() % 200;
          if (!client.Send(std::string_view(bytes).substr(at, piece))) break;
          at += piece;
        }
      } else {
        client.Send(bytes);
      }
      if (random() % 6 == 0) {
        client.Abort();
        continue;
      }
      const std::string answers = client.ReadUntil(Bulk(own));
      if (answers.ends_with(Bulk(own))) {
        ++whole;
      } else {
        EXPECT_TRUE(upstream_dies || answers.ends_with(kEnd))
            << answers.substr(answers.size() - std::min<std::size_t>(answers.size(), 300));
        EXPECT_FALSE(answers.ends_with(kSilence))
            << answers.substr(answers.size() - std::min<std::size_t>(answers.size(), 300));
      }
    }
  }

  void Run(RedisProcess* dies) {
    std::atomic<bool> stop{false};
    std::atomic<int> whole{0};
    std::vector<std::thread> threads;
    const char* given = std::getenv("HERDGATE_TEST_SEED");
    const unsigned first = given == nullptr ? 1 : static_cast<unsigned>(std::atoi(given));
    for (unsigned seed = first; seed < first + 4; ++seed) {
      threads.emplace_back([this, seed, dies, &stop, &whole] { Live(seed, dies != nullptr, stop, whole); });
    }
    for (int round = 0; round < 4; ++round) {
      const int before = whole;
      EXPECT_TRUE(Eventually([&] { return whole >= before + 60; }));
      if (dies == nullptr) continue;
      dies->Kill();
      EXPECT_TRUE(dies->Start());
    }
    stop = true;
    for (std::thread& thread : threads) thread.join();
  }
};

TEST_P(Chaos, EveryClientGetsItsOwnAnswersAndNothingIsLeftBehind) {
  Run(nullptr);
  EXPECT_TRUE(Gate().MetricBecomes("herdgate_client_connections", 0));
  EXPECT_TRUE(Gate().MetricBecomes("herdgate_client_output_bytes", 0));
  // What is left are the sidecar's own.
  EXPECT_TRUE(
      Eventually([&] { return Gate().Metric("herdgate_upstream_lanes{use=\"dedicated\"}") <= 2.0 * GetParam(); }));
  EXPECT_TRUE(UpstreamBlocks(0));
  EXPECT_EQ(Client().Do({"PING"}), "+PONG\r\n");
}

TEST_P(Chaos, UpstreamThatDiesAgainAndAgainMixesNothingUp) {
  RedisProcess mortal;
  Restart(mortal.Url(), {.loops = GetParam(), .timeout = std::chrono::milliseconds(500)});
  Run(&mortal);
  EXPECT_TRUE(Eventually([&] { return Client().Do({"PING"}) == "+PONG\r\n"; }));
  EXPECT_TRUE(Gate().MetricBecomes("herdgate_client_connections", 0));
  EXPECT_TRUE(
      Eventually([&] { return Gate().Metric("herdgate_upstream_lanes{use=\"dedicated\"}") <= 2.0 * GetParam(); }));
}

TEST_P(Chaos, StopUnderTrafficEndsCleanly) {
  std::atomic<bool> stop{false};
  std::atomic<int> asked{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      while (!stop) {
        RawClient client = Client();
        const Words question = i == 0   ? Words{"CONFIG", "SET", "hz", "10"}
                               : i == 1 ? Words{"CLIENT", "LIST"}
                               : i == 2 ? Words{"SELECT", "4"}
                                        : Words{"BLPOP", "q", "0.02"};
        for (int k = 0; k < 20 && client.connected(); ++k) {
          const std::string reply = client.Do(question);
          if (reply == kEnd || reply == kSilence) break;
          ++asked;
        }
      }
    });
  }
  EXPECT_TRUE(Eventually([&] { return asked > 200; }));
  Gate().Stop();
  stop = true;
  for (std::thread& thread : threads) thread.join();
}

HERDGATE_WITH_LOOPS(Chaos);

}  // namespace
}  // namespace herdgate::integration

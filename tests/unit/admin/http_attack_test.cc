// The telemetry listener under attack: it keeps answering probes, and the process does not grow.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "sidecar/admin/telemetry_server.h"
#include "tests/unit/admin/raw_client.h"

namespace herdgate::admin {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::EndsWith;
using testing::StartsWith;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMemoryTells = false;  // shadow memory and quarantine grow on their own
#else
constexpr bool kMemoryTells = true;
#endif
constexpr long kMaxGrowthBytes = 8L << 20U;
constexpr std::size_t kChunkedBytes = std::size_t{64} << 20U;

long ResidentBytes() {
  long size = 0;
  long resident = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%ld %ld", &size, &resident) != 2) resident = 0;
    std::fclose(file);
  }
  return resident * sysconf(_SC_PAGESIZE);
}

class HttpAttackTest : public testing::Test {
 protected:
  void SetUp() override {
    const base::Result<std::uint16_t> port = server_.Start();
    ASSERT_TRUE(port.ok()) << port.status().message();
    port_ = port.value();
    for (int i = 0; i < 20; ++i) Probe();  // what the first requests allocate is not growth
    slowest_ = milliseconds(0);
  }

  void Probe() {
    const auto start = steady_clock::now();
    RawClient client(port_);
    ASSERT_TRUE(client.Send(GetRequest(probes_ % 2 == 0 ? "/livez" : "/metrics")));
    const std::string answer = client.ReadAnswer();
    ASSERT_THAT(answer, StartsWith("HTTP/1.1 200 ")) << "probe " << probes_;
    slowest_ = std::max(slowest_, std::chrono::duration_cast<milliseconds>(steady_clock::now() - start));
    ++probes_;
  }

  // Runs the attacks at once, each again and again until all have done `rounds`, and probes all the while.
  void ProbeDuring(const std::vector<std::function<void()>>& attacks, int rounds) {
    const long before = ResidentBytes();
    std::atomic<bool> done{false};
    std::vector<std::atomic<int>> finished(attacks.size());
    std::vector<std::thread> attackers;
    for (std::size_t i = 0; i < attacks.size(); ++i) {
      attackers.emplace_back([&, i] {
        while (!done) {
          attacks[i]();
          ++finished[i];
        }
      });
    }
    const int first = probes_;
    long peak = before;
    while (!HasFatalFailure() && (probes_ < first + 50 || std::any_of(finished.begin(), finished.end(),
                                                                      [&](const auto& n) { return n < rounds; }))) {
      Probe();
      peak = std::max(peak, ResidentBytes());
    }
    done = true;
    for (std::thread& attacker : attackers) attacker.join();
    EXPECT_LT(slowest_, milliseconds(1000));
    if (kMemoryTells) {
      EXPECT_LT(peak - before, kMaxGrowthBytes);
    }
    RecordProperty("slowest_probe_ms", static_cast<int>(slowest_.count()));
    RecordProperty("growth_kib", static_cast<int>((peak - before) / 1024));
    RecordProperty("probes", probes_ - first);
  }

  // A request of 20,000 headers, about 360 kB.
  void SendManyHeaders() {
    std::string line;
    RawClient client(port_);
    client.Send("GET /metrics HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < 20'000; ++i) {
      line = "X-" + std::to_string(i) + ": 0123456\r\n";
      if (!client.Send(line)) break;
    }
    client.Send("\r\n");
    EXPECT_THAT(client.ReadToEnd(), testing::AnyOf(StartsWith("HTTP/1.1 431 "), ""));
  }

  // A body of 64 MiB in chunks, sent for as long as the server takes it.
  void SendChunkedBody() {
    RawClient client(port_);
    client.Send("POST /metrics HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
    for (std::size_t sent = 0; sent < kChunkedBytes && client.Send(chunk); sent += 0x10000) {
    }
    EXPECT_THAT(client.ReadToEnd(), testing::AnyOf(StartsWith("HTTP/1.1 411 "), ""));
  }

  // 200 connections at once, each of which sends a byte of a request now and then; who is thrown out comes back.
  void HoldSlowConnections() {
    std::vector<std::unique_ptr<RawClient>> slow(200);
    for (int round = 0; round < 10; ++round) {
      for (auto& client : slow) {
        if (client == nullptr || !client->Send("G")) client = std::make_unique<RawClient>(port_);
      }
      std::this_thread::sleep_for(milliseconds(20));
    }
  }

  // 64 connections that ask for everything and read nothing.
  void TakeNothing() {
    std::string many;
    for (int i = 0; i < 100; ++i) many += GetRequest("/metrics");
    std::vector<std::unique_ptr<RawClient>> greedy(64);
    for (auto& client : greedy) {
      client = std::make_unique<RawClient>(port_);
      client->Send(many);
    }
    std::this_thread::sleep_for(milliseconds(50));
  }

  const std::shared_ptr<const std::string> text_ = std::make_shared<const std::string>(60'000, 'x');
  TelemetryServer server_{{.listen = {.host = "127.0.0.1", .port = 0, .path = ""}},
                          {.metrics = [this] { return text_; },
                           .health = [] { return Health{.live = true, .started = true, .ready = true}; }}};
  std::uint16_t port_ = 0;
  int probes_ = 0;
  milliseconds slowest_{0};
};

TEST_F(HttpAttackTest, TwentyThousandHeadersAreRefused) {
  ProbeDuring({[this] { SendManyHeaders(); }}, 20);
}

TEST_F(HttpAttackTest, AChunkedBodyOf64MiBIsNotTaken) {
  ProbeDuring({[this] { SendChunkedBody(); }}, 20);
}

TEST_F(HttpAttackTest, TwoHundredSlowConnectionsCannotLockOutAProbe) {
  ProbeDuring({[this] { HoldSlowConnections(); }}, 3);
}

TEST_F(HttpAttackTest, ClientsThatNeverReadAreBounded) {
  ProbeDuring({[this] { TakeNothing(); }}, 3);
}

TEST_F(HttpAttackTest, AllAtOnceItStillAnswersProbesAndDoesNotGrow) {
  ProbeDuring({[this] { SendManyHeaders(); }, [this] { SendChunkedBody(); }, [this] { HoldSlowConnections(); },
               [this] { TakeNothing(); }},
              3);
}

}  // namespace
}  // namespace herdgate::admin

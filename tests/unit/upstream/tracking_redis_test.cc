// Tracking before a real redis-server, and before a relay that makes faults.
#include <random>
#include <thread>

#include "sidecar/upstream/tracking/tracking.h"
#include "tests/support/relay.h"
#include "tests/unit/upstream/tracking_node.h"

namespace herdgate::upstream {
namespace {

using integration::Eventually;
using integration::RedisProcess;
using integration::Words;
using std::chrono::milliseconds;

class TrackingRedisTest : public ::testing::Test {
 protected:
  void SetUp() override {
    base::ConfigureLog(base::LogFormat::kJson, base::LogLevel::kError);
    if (!RedisProcess::Installed()) GTEST_SKIP() << "redis-server is not installed";
    StartRedis();
  }
  void StartRedis(Words options = {}) {
    redis_ = nullptr;
    redis_ = std::make_unique<RedisProcess>(std::move(options));
  }
  RedisProcess& redis() { return *redis_; }
  std::string Do(const Words& words) { return redis_->Client().Do(words); }
  // The ids of the tracked connections.
  Words TrackedIds() {
    Words ids;
    const std::string list = integration::Text(Do({"CLIENT", "LIST"}));
    for (std::size_t at = 0; at < list.size(); at = list.find('\n', at) + 1) {
      const std::string line = list.substr(at, list.find('\n', at) - at);
      if (line.find("name=herdgate-near") != std::string::npos) ids.push_back(line.substr(3, line.find(' ') - 3));
    }
    return ids;
  }

 private:
  std::unique_ptr<RedisProcess> redis_;
};

TEST_F(TrackingRedisTest, ForeignWriteRevokesWhatWasRead) {
  Do({"SET", "k", "1"});
  TrackingNode node(redis().Url());
  ASSERT_TRUE(node.Armed());
  ASSERT_TRUE(node.Fills("k", "1"));
  Do({"SET", "k", "2"});
  EXPECT_TRUE(node.HoldsNot("k"));
  EXPECT_TRUE(node.Fills("k", "2"));
}

TEST_F(TrackingRedisTest, CreatingAMissingKeyRevokesItsNil) {
  TrackingNode node(redis().Url());
  ASSERT_TRUE(node.Armed());
  ASSERT_TRUE(node.Fills("k", "<nil>"));
  Do({"SET", "k", "1"});
  EXPECT_TRUE(node.HoldsNot("k"));
}

TEST_F(TrackingRedisTest, ExpiryIsToldInAdvanceAndPushed) {
  Do({"SET", "k", "1", "PX", "300"});
  TrackingNode node(redis().Url());
  ASSERT_TRUE(node.Armed());
  ASSERT_TRUE(node.Fills("k", "1"));
  const Filled fill = node.sink.fills().back();
  EXPECT_GT(fill.pttl_ms, 0);
  EXPECT_LE(fill.pttl_ms, 300);
  EXPECT_TRUE(node.HoldsNot("k"));
}

TEST_F(TrackingRedisTest, FlushIsToldAtOnce) {
  Do({"SET", "k", "1"});
  TrackingNode node(redis().Url());
  ASSERT_TRUE(node.Armed());
  ASSERT_TRUE(node.Fills("k", "1"));
  Do({"FLUSHALL"});
  EXPECT_TRUE(node.HoldsNot("k"));
  EXPECT_EQ(node.sink.Count("flush"), 1U);
}

TEST_F(TrackingRedisTest, DatabaseOfTheUrlIsRead) {
  auto client = redis().Client();
  client.Do({"SELECT", "3"});
  client.Do({"SET", "k", "three"});
  TrackingNode node(redis().Url() + "/3");
  ASSERT_TRUE(node.Armed());
  EXPECT_TRUE(node.Fills("k", "three"));
}

TEST_F(TrackingRedisTest, FenceShowsWritesOfScriptsThatNameNoKeys) {
  TrackingNode node(redis().Url());
  ASSERT_TRUE(node.Armed());
  auto client = redis().Client();
  for (int i = 0; i < 300; ++i) {
    const std::string value = std::to_string(i);
    client.Do({"EVAL", "redis.call('SET', 'k' .. '1', ARGV[1])", "0", value});
    ASSERT_TRUE(node.Fence());
    // Nothing older is held, whatever was read in between.
    const auto held = node.sink.Value("k1");
    ASSERT_TRUE(!held || *held == value) << *held << " after " << value;
    ASSERT_TRUE(node.Fill("k1"));
  }
}

TEST_F(TrackingRedisTest, FillsAndForeignWritesAtRandomEndWithTheLastValues) {
  TrackingNode node(redis().Url());
  ASSERT_TRUE(node.Armed());
  const Words keys = {"a", "b", "c", "d"};
  std::thread writer([&] {
    auto client = redis().Client();
    std::mt19937 random(7);
    for (int i = 0; i < 3000; ++i) {
      const std::string& key = keys[random() % keys.size()];
      if (random() % 10 == 0) {
        client.Do({"DEL", key});
      } else {
        client.Do({"SET", key, std::to_string(i)});
      }
    }
  });
  std::mt19937 random(8);
  for (int i = 0; i < 3000; ++i) node.Fill(keys[random() % keys.size()]);
  writer.join();
  ASSERT_TRUE(node.Fence());
  for (const std::string& key : keys) {
    const auto held = node.sink.Value(key);
    const std::string reply = Do({"GET", key});
    const std::string now = reply == "$-1\r\n" ? "<nil>" : integration::Text(reply);
    EXPECT_TRUE(!held || *held == now) << key << " is " << now << ", held as " << *held;
    EXPECT_TRUE(node.Fills(key, now));
  }
  EXPECT_EQ(node.sink.Count("armed"), 1U);
}

TEST_F(TrackingRedisTest, KilledConnectionIsALossAndComesBack) {
  Do({"SET", "k", "1"});
  TrackingNode node(redis().Url());
  ASSERT_TRUE(node.Armed());
  ASSERT_TRUE(node.Fills("k", "1"));
  ASSERT_EQ(TrackedIds().size(), 1U);
  Do({"CLIENT", "KILL", "ID", TrackedIds()[0]});
  ASSERT_TRUE(Eventually([&] { return node.sink.Count("lost connection") == 1; }));
  EXPECT_EQ(node.sink.Value("k"), std::nullopt);
  ASSERT_TRUE(Eventually([&] { return node.sink.Count("armed") == 2; }));
  EXPECT_EQ(node.sink.Count("flush"), 0U);
  EXPECT_TRUE(node.Fills("k", "1"));
}

TEST_F(TrackingRedisTest, FrozenServerIsGivenUpAndFoundAgain) {
  Do({"SET", "k", "1"});
  TrackingNode node(redis().Url());
  ASSERT_TRUE(node.Armed());
  ASSERT_TRUE(node.Fills("k", "1"));
  redis().Freeze();
  EXPECT_TRUE(Eventually([&] { return node.sink.Count("lost silent") == 1; }));
  EXPECT_EQ(node.sink.Value("k"), std::nullopt);
  EXPECT_FALSE(node.Fence());
  redis().Thaw();
  EXPECT_TRUE(node.Armed());
  EXPECT_TRUE(node.Fills("k", "1"));
}

TEST_F(TrackingRedisTest, RestartedServerFlushes) {
  Do({"SET", "k", "1"});
  TrackingNode node(redis().Url());
  ASSERT_TRUE(node.Armed());
  ASSERT_TRUE(node.Fills("k", "1"));
  redis().Kill();
  ASSERT_TRUE(node.Off(TrackingFault::kConnection));
  ASSERT_TRUE(redis().Start());
  ASSERT_TRUE(node.Armed());
  EXPECT_EQ(node.sink.Count("flush"), 1U);
  EXPECT_TRUE(node.Fills("k", "<nil>"));
}

TEST_F(TrackingRedisTest, UserWithoutTrackingHasNoNearCache) {
  Do({"ACL", "SETUSER", "app", "on", ">secret", "~*", "+@all", "-client|tracking"});
  TrackingNode node("redis://app:secret@127.0.0.1:" + std::to_string(redis().port()));
  EXPECT_TRUE(node.Off(TrackingFault::kRefused));
  EXPECT_EQ(node.sink.Lines(), Words{});
  // Allowed later, without a restart.
  Do({"ACL", "SETUSER", "app", "+client|tracking"});
  EXPECT_TRUE(node.Armed());
}

TEST_F(TrackingRedisTest, UserWithoutInfoHasOne) {
  Do({"ACL", "SETUSER", "app", "on", ">secret", "~*", "+@all", "-info"});
  TrackingNode node("redis://app:secret@127.0.0.1:" + std::to_string(redis().port()));
  EXPECT_TRUE(node.Armed());
}

// Apps count, list and evict the keys of the same database.
TEST_F(TrackingRedisTest, CanaryIsNeverFoundAmongTheKeys) {
  TrackingNode node(redis().Url());
  ASSERT_TRUE(node.Armed());
  integration::RawClient direct = redis().Client();
  std::uint64_t seen = 0;
  EXPECT_TRUE(Eventually([&] {
    seen += direct.Do({"DBSIZE"}) == ":0\r\n" ? 0 : 1;
    return node.tracking().metrics().push_lag.Snapshot().Count() >= 5;
  }));
  EXPECT_EQ(seen, 0U);
}

TEST_F(TrackingRedisTest, ServerThatBecomesAReplicaIsALoss) {
  TrackingNode node(redis().Url());
  ASSERT_TRUE(node.Armed());
  RedisProcess other;
  Do({"REPLICAOF", "127.0.0.1", std::to_string(other.port())});
  EXPECT_TRUE(node.Off(TrackingFault::kReadOnly));
  Do({"REPLICAOF", "NO", "ONE"});
  EXPECT_TRUE(node.Armed());
}

// ---- behind a relay

TEST_F(TrackingRedisTest, RelayThatSwallowsPushesIsNeverTrusted) {
  testing::Relay relay(redis().port());
  relay.drops_pushes = true;
  TrackingNode node(relay.Url());
  EXPECT_TRUE(node.Off(TrackingFault::kCanary));
  EXPECT_FALSE(node.Fill("k"));
  EXPECT_EQ(node.sink.Lines(), Words{});
}

TEST_F(TrackingRedisTest, RelayThatBeginsToSwallowPushesIsFoundOut) {
  testing::Relay relay(redis().port());
  Do({"SET", "k", "1"});
  TrackingNode node(relay.Url());
  ASSERT_TRUE(node.Armed());
  ASSERT_TRUE(node.Fills("k", "1"));
  relay.drops_pushes = true;
  Do({"SET", "k", "2"});
  EXPECT_TRUE(node.HoldsNot("k"));
  EXPECT_EQ(node.sink.Count("lost canary"), 1U);
  relay.drops_pushes = false;
  ASSERT_TRUE(node.Armed());
  EXPECT_TRUE(node.Fills("k", "2"));
}

TEST_F(TrackingRedisTest, CutsAtRandomNeverLeaveAnOldValue) {
  testing::Relay relay(redis().port());
  TrackingNode node(relay.Url());
  auto client = redis().Client();
  for (int i = 0; i < 25; ++i) {
    const std::string value = std::to_string(i);
    ASSERT_TRUE(node.Armed());
    node.Fill("k");
    client.Do({"SET", "k", value});
    if (i % 2 == 0) relay.Cut();
    node.Fence();
    const auto held = node.sink.Value("k");
    // Held or lost, but never what was before the write.
    ASSERT_TRUE(!held || *held == value) << *held << " after " << value;
  }
}

TEST_F(TrackingRedisTest, HangingRelayIsGivenUp) {
  testing::Relay relay(redis().port());
  TrackingNode node(relay.Url());
  ASSERT_TRUE(node.Armed());
  relay.holds = true;
  EXPECT_TRUE(Eventually([&] { return node.sink.Count("lost silent") == 1; }));
  relay.holds = false;
  EXPECT_TRUE(node.Armed());
}

TEST_F(TrackingRedisTest, SlowRelayIsMeasured) {
  testing::Relay relay(redis().port());
  relay.delay_ms = 30;
  TrackingNode node(relay.Url());
  ASSERT_TRUE(node.Armed());
  const auto lag = node.tracking().metrics().push_lag.Snapshot();
  ASSERT_GT(lag.Count(), 0U);
  EXPECT_GE(lag.sum / lag.Count(), 20'000'000U);
  Do({"SET", "k", "1"});
  ASSERT_TRUE(node.Fills("k", "1"));
  EXPECT_GE(node.sink.fills().back().rtt, milliseconds(20));
}

}  // namespace
}  // namespace herdgate::upstream

// Tracking over a pair of RESP2 connections: before a real redis-server without HELLO, and before a relay that makes
// faults on one of the two.
#include <random>
#include <thread>

#include "sidecar/upstream/tracking/broadcast_lane.h"
#include "tests/support/relay.h"
#include "tests/unit/upstream/tracking_node.h"

namespace herdgate::upstream {
namespace {

using integration::Bulk;
using integration::Encode;
using integration::Eventually;
using integration::RawClient;
using integration::RedisProcess;
using integration::Words;
using std::chrono::milliseconds;

// What the two connections say of themselves, for the relay.
const std::string kReader = "herdgate-near\r\n";
const std::string kSubscriber = "herdgate-near-push\r\n";

class BroadcastLaneRedisTest : public ::testing::Test {
 protected:
  void SetUp() override {
    base::ConfigureLog(base::LogFormat::kJson, base::LogLevel::kError);
    if (!RedisProcess::Installed()) GTEST_SKIP() << "redis-server is not installed";
    StartRedis({"--rename-command", "HELLO", ""});
  }
  void StartRedis(Words options) {
    redis_ = nullptr;
    redis_ = std::make_unique<RedisProcess>(std::move(options));
  }
  RedisProcess& redis() { return *redis_; }
  std::string Do(const Words& words) { return redis_->Client().Do(words); }
  // What Redis holds, as the fake sink says it.
  std::string AtRedis(const std::string& key) {
    const std::string reply = Do({"GET", key});
    return reply == "$-1\r\n" ? "<nil>" : integration::Text(reply);
  }
  std::string UserUrl() { return "redis://app:secret@127.0.0.1:" + std::to_string(redis().port()); }
  // No canary and no silence comes between.
  static TrackingOptions Patient() {
    TrackingOptions options = TrackingNode::Fast();
    options.canary_every = std::chrono::hours(1);
    options.dead_after = std::chrono::seconds(10);
    return options;
  }
  // Changes whenever Redis has answered a fill.
  std::string Reads() {
    const std::string stats = integration::Text(Do({"INFO", "commandstats"}));
    const auto at = stats.find("cmdstat_pttl:calls=");
    return at == std::string::npos ? std::string() : stats.substr(at, stats.find(',', at) - at);
  }
  // How many connections Redis knows by that name.
  int Named(const std::string& name) {
    const std::string list = Do({"CLIENT", "LIST"});
    int count = 0;
    for (auto at = list.find(" name=" + name); at != std::string::npos; at = list.find(" name=" + name, at + 1))
      ++count;
    return count;
  }
  static bool Broadcasts(TrackingNode& node) {
    return node.Armed() && node.tracking().mode() == TrackingMode::kBroadcast;
  }
  // Nothing older than the last write is held once its push is here, however the two raced.
  static void WriteAndFillAtRandom(TrackingNode& node, RedisProcess& redis, const Words& keys, int writes) {
    std::thread writer([&] {
      auto client = redis.Client();
      std::mt19937 random(7);
      for (int i = 0; i < writes; ++i) {
        const std::string& key = keys[random() % keys.size()];
        client.Do(random() % 10 == 0 ? Words{"DEL", key} : Words{"SET", key, std::to_string(i)});
      }
    });
    std::mt19937 random(8);
    for (int i = 0; i < writes; ++i) node.Fill(keys[random() % keys.size()]);
    writer.join();
  }

 private:
  std::unique_ptr<RedisProcess> redis_;
};

// ---- the order that fences rest on

TEST_F(BroadcastLaneRedisTest, NameOfAWrittenKeyComesBeforeThePongAskedForAfterItsReply) {
  RawClient subscriber = redis().Client();
  const std::string id = std::to_string(integration::Number(subscriber.Do({"CLIENT", "ID"})));
  ASSERT_EQ(subscriber.Do({"CLIENT", "TRACKING", "ON", "REDIRECT", id, "BCAST"}), "+OK\r\n");
  ASSERT_TRUE(subscriber.Do({"SUBSCRIBE", "__redis__:invalidate"}).starts_with("*3\r\n$9\r\nsubscribe"));
  RawClient writer = redis().Client();
  const Words write = {"EVAL", "redis.call('SET', 'k' .. '1', '1')", "0"};
  const std::string message = "*3\r\n" + Bulk("message") + Bulk("__redis__:invalidate") + "*1\r\n" + Bulk("k1");
  for (int i = 0; i < 20000; ++i) {
    ASSERT_EQ(writer.Do(write), "$-1\r\n");
    ASSERT_EQ(subscriber.Do({"PING"}), message) << "trial " << i;
    ASSERT_EQ(subscriber.Read(), "*2\r\n$4\r\npong\r\n$0\r\n\r\n");
  }
}

TEST_F(BroadcastLaneRedisTest, FenceShowsWritesOfScriptsThatNameNoKeys) {
  TrackingNode node(redis().Url());
  ASSERT_TRUE(Broadcasts(node));
  auto client = redis().Client();
  for (int i = 0; i < 300; ++i) {
    const std::string value = std::to_string(i);
    client.Do({"EVAL", "redis.call('SET', 'k' .. '1', ARGV[1])", "0", value});
    ASSERT_TRUE(node.Fence());
    const auto held = node.sink.Value("k1");
    ASSERT_TRUE(!held || *held == value) << *held << " after " << value;
    ASSERT_TRUE(node.Fill("k1"));
  }
}

// ---- what is told

TEST_F(BroadcastLaneRedisTest, ForeignWriteRevokesWhatWasRead) {
  Do({"SET", "k", "1"});
  TrackingNode node(redis().Url());
  ASSERT_TRUE(Broadcasts(node));
  ASSERT_TRUE(node.Fills("k", "1"));
  ASSERT_TRUE(node.Fills("none", "<nil>"));
  Do({"SET", "k", "2"});
  Do({"SET", "none", "1"});
  EXPECT_TRUE(node.HoldsNot("k"));
  EXPECT_TRUE(node.HoldsNot("none"));
  EXPECT_TRUE(node.Fills("k", "2"));
}

TEST_F(BroadcastLaneRedisTest, WriteToTheKeyInAnotherDatabaseRevokesToo) {
  auto client = redis().Client();
  client.Do({"SELECT", "3"});
  client.Do({"SET", "k", "three"});
  TrackingNode node(redis().Url() + "/3");
  ASSERT_TRUE(Broadcasts(node));
  ASSERT_TRUE(node.Fills("k", "three"));
  Do({"SET", "k", "zero"});
  EXPECT_TRUE(node.HoldsNot("k"));
  EXPECT_TRUE(node.Fills("k", "three"));
}

TEST_F(BroadcastLaneRedisTest, ExpiryIsToldInAdvanceAndPushed) {
  Do({"SET", "k", "1", "PX", "300"});
  TrackingNode node(redis().Url());
  ASSERT_TRUE(Broadcasts(node));
  ASSERT_TRUE(node.Fills("k", "1"));
  const Filled fill = node.sink.fills().back();
  EXPECT_GT(fill.pttl_ms, 0);
  EXPECT_LE(fill.pttl_ms, 300);
  EXPECT_TRUE(node.HoldsNot("k"));
}

TEST_F(BroadcastLaneRedisTest, FlushIsToldAtOnce) {
  Do({"SET", "k", "1"});
  TrackingNode node(redis().Url());
  ASSERT_TRUE(Broadcasts(node));
  ASSERT_TRUE(node.Fills("k", "1"));
  Do({"FLUSHALL"});
  EXPECT_TRUE(node.HoldsNot("k"));
  EXPECT_EQ(node.sink.Count("flush"), 1U);
}

TEST_F(BroadcastLaneRedisTest, PublishedTextDoesNoHarm) {
  TrackingNode node(redis().Url());
  ASSERT_TRUE(Broadcasts(node));
  EXPECT_EQ(Do({"PUBLISH", "__redis__:invalidate", "k"}), ":1\r\n");
  EXPECT_TRUE(node.Fence());
  EXPECT_EQ(node.sink.Lines(), Words{"armed"});
}

TEST_F(BroadcastLaneRedisTest, FillsAndForeignWritesAtRandomEndWithTheLastValues) {
  const Words keys = {"a", "b", "c", "d"};
  TrackingNode node(redis().Url());
  ASSERT_TRUE(Broadcasts(node));
  WriteAndFillAtRandom(node, redis(), keys, 3000);
  ASSERT_TRUE(node.Fence());
  for (const std::string& key : keys) {
    const std::string now = AtRedis(key);
    const auto held = node.sink.Value(key);
    EXPECT_TRUE(!held || *held == now) << key << " is " << now << ", held as " << *held;
    EXPECT_TRUE(node.Fills(key, now));
  }
  EXPECT_EQ(node.sink.Count("armed"), 1U);
}

// ---- which upstreams

TEST_F(BroadcastLaneRedisTest, ServerWithoutClientHasNone) {
  StartRedis({"--rename-command", "HELLO", "", "--rename-command", "CLIENT", ""});
  TrackingNode node(redis().Url());
  EXPECT_TRUE(node.Off(TrackingFault::kNoResp3));
  EXPECT_EQ(node.sink.Lines(), Words{});
}

TEST_F(BroadcastLaneRedisTest, UserNeedsTrackingAndTheChannel) {
  Do({"ACL", "SETUSER", "app", "on", ">secret", "~*", "+@all", "-client|tracking", "resetchannels"});
  TrackingNode node(UserUrl());
  EXPECT_TRUE(node.Off(TrackingFault::kRefused));
  Do({"ACL", "SETUSER", "app", "+client|tracking"});
  EXPECT_FALSE(node.Fill("k"));
  Do({"ACL", "SETUSER", "app", "&__redis__:invalidate"});
  EXPECT_TRUE(Broadcasts(node));
  EXPECT_EQ(node.sink.Lines(), Words{"armed"});
}

TEST_F(BroadcastLaneRedisTest, ServerWithResp3GetsNoPair) {
  StartRedis({});
  TrackingNode node(redis().Url());
  ASSERT_TRUE(node.Armed());
  EXPECT_EQ(node.tracking().mode(), TrackingMode::kTracked);
  EXPECT_EQ(Named("herdgate-near-push "), 0);
}

TEST_F(BroadcastLaneRedisTest, RestartedServerFlushes) {
  Do({"SET", "k", "1"});
  TrackingNode node(redis().Url());
  ASSERT_TRUE(Broadcasts(node));
  ASSERT_TRUE(node.Fills("k", "1"));
  redis().Kill();
  ASSERT_TRUE(node.Off(TrackingFault::kConnection));
  ASSERT_TRUE(redis().Start());
  ASSERT_TRUE(Broadcasts(node));
  EXPECT_EQ(node.sink.Count("flush"), 1U);
  EXPECT_TRUE(node.Fills("k", "<nil>"));
}

// ---- behind a relay

TEST_F(BroadcastLaneRedisTest, CutOfEitherIsALossOfBoth) {
  testing::Relay relay(redis().port());
  Do({"SET", "k", "1"});
  TrackingNode node(relay.Url());
  std::size_t losses = 0;
  for (const std::string& which : {kSubscriber, kReader}) {
    ASSERT_TRUE(Broadcasts(node));
    ASSERT_TRUE(node.Fills("k", "1"));
    const std::size_t armed = node.sink.Count("armed");
    relay.Only(which);
    relay.Cut();
    ASSERT_TRUE(Eventually([&] { return node.sink.Count("lost connection") == losses + 1; }));
    ++losses;
    EXPECT_EQ(node.sink.Value("k"), std::nullopt);
    ASSERT_TRUE(Eventually([&] { return node.sink.Count("armed") == armed + 1; }));
    EXPECT_TRUE(Eventually([&] { return Named("herdgate-near ") == 1 && Named("herdgate-near-push ") == 1; }));
  }
}

TEST_F(BroadcastLaneRedisTest, PauseOfEitherIsALossOfBoth) {
  testing::Relay relay(redis().port());
  Do({"SET", "k", "1"});
  TrackingNode node(relay.Url());
  std::size_t losses = 0;
  for (const std::string& which : {kSubscriber, kReader}) {
    ASSERT_TRUE(Broadcasts(node));
    ASSERT_TRUE(node.Fills("k", "1"));
    relay.Only(which);
    relay.holds = true;
    // Written while nobody hears of it.
    const std::string value = std::to_string(losses + 2);
    Do({"SET", "k", value});
    ASSERT_TRUE(Eventually([&] {
      return node.sink.Count("lost silent") + node.sink.Count("lost canary") + node.sink.Count("lost connection") ==
             losses + 1;
    }));
    ++losses;
    EXPECT_EQ(node.sink.Value("k"), std::nullopt);
    relay.holds = false;
    ASSERT_TRUE(Broadcasts(node));
    EXPECT_TRUE(node.Fills("k", value));
    Do({"SET", "k", "1"});
    EXPECT_TRUE(node.HoldsNot("k"));
  }
}

TEST_F(BroadcastLaneRedisTest, LatePushesLeaveNoValueThatWasOvertaken) {
  testing::Relay relay(redis().port());
  const Words keys = {"a", "b", "c", "d"};
  TrackingNode node(relay.Url());
  ASSERT_TRUE(Broadcasts(node));
  relay.Only(kSubscriber);
  relay.delay_ms = 60;
  for (int round = 0; round < 5; ++round) {
    WriteAndFillAtRandom(node, redis(), keys, 300);
    // As late as the pushes are, no later.
    ASSERT_TRUE(node.Fence());
    for (const std::string& key : keys) {
      const std::string now = AtRedis(key);
      const auto held = node.sink.Value(key);
      ASSERT_TRUE(!held || *held == now) << key << " is " << now << ", held as " << *held;
    }
  }
  EXPECT_EQ(node.sink.Count("armed"), 1U);
}

TEST_F(BroadcastLaneRedisTest, OldValueStaysAsLongAsItsPushIsUnderWay) {
  testing::Relay relay(redis().port());
  Do({"SET", "k", "old"});
  TrackingNode node(relay.Url(), Patient());
  ASSERT_TRUE(Broadcasts(node));
  ASSERT_TRUE(node.Fills("k", "old"));
  relay.Only(kSubscriber);
  relay.delay_ms = 1000;
  Do({"SET", "k", "new"});
  EXPECT_EQ(node.sink.Value("k"), "old");
  EXPECT_TRUE(node.HoldsNot("k"));
}

TEST_F(BroadcastLaneRedisTest, LateValueThatWasOvertakenNeverGetsIn) {
  testing::Relay relay(redis().port());
  TrackingNode node(relay.Url(), Patient());
  ASSERT_TRUE(Broadcasts(node));
  relay.Only(kReader);
  relay.delay_ms = 60;
  for (int i = 0; i < 10; ++i) {
    const std::string key = "k" + std::to_string(i);
    Do({"SET", key, "old"});
    ASSERT_TRUE(node.Fence());
    const std::size_t before = node.sink.fills().size();
    const std::string reads = Reads();
    ASSERT_TRUE(node.Fill(key));
    ASSERT_TRUE(Eventually([&] { return Reads() != reads; }));
    Do({"SET", key, "new"});
    ASSERT_TRUE(Eventually([&] { return node.sink.fills().size() > before; }));
    EXPECT_EQ(node.sink.fills().back().value, "old");
    ASSERT_TRUE(node.Fence());
    EXPECT_EQ(node.sink.Value(key), std::nullopt);
  }
}

TEST_F(BroadcastLaneRedisTest, SwallowedMessagesAreNeverTrusted) {
  testing::Relay relay(redis().port());
  relay.drops_pushes = true;
  TrackingNode node(relay.Url());
  EXPECT_TRUE(node.Off(TrackingFault::kCanary));
  EXPECT_FALSE(node.Fill("k"));
  EXPECT_EQ(node.sink.Lines(), Words{});
}

TEST_F(BroadcastLaneRedisTest, RelayThatBeginsToSwallowMessagesIsFoundOut) {
  testing::Relay relay(redis().port());
  Do({"SET", "k", "1"});
  TrackingNode node(relay.Url());
  ASSERT_TRUE(Broadcasts(node));
  ASSERT_TRUE(node.Fills("k", "1"));
  relay.drops_pushes = true;
  Do({"SET", "k", "2"});
  EXPECT_TRUE(node.HoldsNot("k"));
  EXPECT_EQ(node.sink.Count("lost canary"), 1U);
  relay.drops_pushes = false;
  ASSERT_TRUE(Broadcasts(node));
  EXPECT_TRUE(node.Fills("k", "2"));
}

TEST_F(BroadcastLaneRedisTest, CutsOfOneAtRandomNeverLeaveAnOldValue) {
  testing::Relay relay(redis().port());
  TrackingNode node(relay.Url());
  auto client = redis().Client();
  std::mt19937 random(9);
  for (int i = 0; i < 30; ++i) {
    const std::string value = std::to_string(i);
    ASSERT_TRUE(Broadcasts(node));
    node.Fill("k");
    client.Do({"SET", "k", value});
    relay.Only(random() % 2 == 0 ? kReader : kSubscriber);
    if (random() % 2 == 0) relay.Cut();
    node.Fence();
    const auto held = node.sink.Value("k");
    ASSERT_TRUE(!held || *held == value) << *held << " after " << value;
  }
}

}  // namespace
}  // namespace herdgate::upstream

// Generations on a real redis-server: the rules of generation_rules.h, seen from several processes.
#include "sidecar/pipeline/generations.h"

#include <set>
#include <thread>

#include "tests/unit/pipeline/generations_fixture.h"

namespace herdgate::pipeline {
namespace {

using base::ErrorCode;
using integration::Eventually;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_F(GenerationsTest, FirstGenerationIsTheWallClock) {
  const std::uint64_t before = NowMs();
  StartNodes(1);
  EXPECT_GE(nodes[0]->value(), before);
  EXPECT_LE(nodes[0]->value(), NowMs());
  EXPECT_EQ(Counter(), nodes[0]->value());
  EXPECT_EQ(nodes[0]->Metric("herdgate_policy_generation_known"), 1);
  EXPECT_EQ(nodes[0]->Metric("herdgate_generation_tracking"), 1);
  EXPECT_EQ(nodes[0]->Metric("herdgate_policy_generation_changes_total"), 0);
}

TEST_F(GenerationsTest, AllProcessesTakeTheCounterThatIsThere) {
  Do({"SET", kCounter, "4000000000000"});  // ahead of every clock
  StartNodes(3);
  EXPECT_TRUE(AllBecome(4000000000000));
}

TEST_F(GenerationsTest, BumpIsPublishedBeforeItReturnsAndSoonKnownToAll) {
  StartNodes(3);
  for (int i = 0; i < 20; ++i) {
    Node& node = *nodes[static_cast<std::size_t>(i) % 3];
    const std::uint64_t before = node.value();
    const auto bumped = node.Bump();
    ASSERT_TRUE(bumped.ok()) << bumped.status().message();
    EXPECT_EQ(node.value(), bumped.value());
    EXPECT_GT(bumped.value(), before);
    EXPECT_EQ(Counter(), bumped.value());
    EXPECT_TRUE(AllBecome(bumped.value(), seconds(1)));
  }
  EXPECT_EQ(nodes[0]->Metric("herdgate_policy_generation_bumps_total"), 7);
  EXPECT_EQ(nodes[0]->Metric("herdgate_policy_generation_changes_total"), 20);
}

TEST_F(GenerationsTest, PushesAloneTellOfEveryChange) {
  StartNodes(3, false);
  for (std::uint64_t round = 0; round < 30; ++round) {
    const auto bumped = nodes[round % 3]->Bump();
    ASSERT_TRUE(bumped.ok());
    ASSERT_TRUE(AllBecome(bumped.value())) << round;
    // Changes that come while the one before is being read.
    std::string burst;
    for (std::uint64_t i = 1; i <= 20; ++i) {
      burst += integration::Encode({"SET", kCounter, std::to_string(bumped.value() + i)});
      if (i % 5 == 0) burst += integration::Encode({"DEBUG", "SLEEP", "0.0005"});
    }
    auto client = redis().Client();
    client.Send(burst);
    ASSERT_TRUE(AllBecome(bumped.value() + 20)) << round;
  }
}

TEST_F(GenerationsTest, BumpReturnsWhenEveryLoopHasTheValueAndNotBefore) {
  StartNodes(1);
  Node& node = *nodes[0];
  const std::uint64_t before = node.value();
  node.holds = true;
  auto bumped = node.StartBump();
  ASSERT_TRUE(Eventually([&] { return node.value() > before; }));
  node.Run([] {});
  EXPECT_EQ(bumped.wait_for(milliseconds(20)), std::future_status::timeout);
  node.Release();
  EXPECT_EQ(bumped.get().value(), node.value());
}

TEST_F(GenerationsTest, BumpBeforeTheFirstReadWaitsForTheConnection) {
  Node node(redis().Url());
  const auto bumped = node.Bump();
  ASSERT_TRUE(bumped.ok());
  EXPECT_EQ(Counter(), bumped.value());
}

TEST_F(GenerationsTest, DeletedOrFlushedCounterIsRestoredByThoseWhoWatchedIt) {
  StartNodes(3);
  ASSERT_TRUE(AllBecome(nodes[0]->Bump().value()));
  const std::uint64_t value = Counter();
  for (const integration::Words& loss : {integration::Words{"DEL", kCounter}, integration::Words{"FLUSHALL"},
                                         integration::Words{"RENAME", kCounter, "elsewhere"}}) {
    ASSERT_FALSE(Do(loss).starts_with('-'));
    EXPECT_TRUE(CounterBecomes(value)) << loss[0];
    EXPECT_TRUE(AllBecome(value));
  }
}

TEST_F(GenerationsTest, EvictedCounterIsRestored) {
  StartNodes(3);
  const std::uint64_t value = Counter();
  // A limit below what Redis itself needs: it evicts all it has.
  ASSERT_EQ(Do({"CONFIG", "SET", "maxmemory-policy", "allkeys-lru", "maxmemory", "1"}), "+OK\r\n");
  EXPECT_TRUE(Eventually([&] { return Do({"DBSIZE"}) == ":0\r\n"; }));
  ASSERT_EQ(Do({"CONFIG", "SET", "maxmemory", "0"}), "+OK\r\n");
  EXPECT_TRUE(CounterBecomes(value));
  EXPECT_TRUE(AllBecome(value));
}

TEST_F(GenerationsTest, EmptyRestartBeginsAboveTheGenerationBefore) {
  StartNodes(3);
  const std::uint64_t before = nodes[1]->Bump().value();
  ASSERT_TRUE(AllBecome(before));
  redis().Kill();
  ASSERT_TRUE(redis().Start());
  ASSERT_TRUE(Eventually([&] { return nodes[0]->value() > before; }));
  EXPECT_TRUE(Eventually([&] { return AllBecome(Counter(), milliseconds(50)); }));
  EXPECT_GT(Counter(), before);
}

TEST_F(GenerationsTest, EmptyRestartWithAClockBehindStillBeginsAbove) {
  StartNodes(1);
  const std::uint64_t before = nodes[0]->Bump().value();
  nodes[0]->clock.offset_ms = -3600000;
  redis().Kill();
  ASSERT_TRUE(redis().Start());
  EXPECT_TRUE(AllBecome(before + 1));
  EXPECT_TRUE(CounterBecomes(before + 1));
  EXPECT_EQ(nodes[0]->Bump().value(), before + 2);
}

TEST_F(GenerationsTest, RestartWithAnOlderDumpIsRaisedToWhatWasSeen) {
  StartNodes(3);
  ASSERT_EQ(Do({"SAVE"}), "+OK\r\n");
  const std::uint64_t before = nodes[2]->Bump().value();
  ASSERT_TRUE(AllBecome(before));
  redis().Kill();
  ASSERT_TRUE(redis().Start());
  EXPECT_TRUE(CounterBecomes(before));
  EXPECT_TRUE(AllBecome(before));
}

TEST_F(GenerationsTest, CounterSetBackOrSpoiledByHandIsRaised) {
  StartNodes(3);
  const std::uint64_t value = Counter();
  for (const char* rubbish : {"5", "0", "-1", "soon", "", "99999999999999999999"}) {
    ASSERT_EQ(Do({"SET", kCounter, rubbish}), "+OK\r\n");
    EXPECT_TRUE(CounterBecomes(value)) << rubbish;
  }
  Do({"DEL", kCounter});
  Do({"LPUSH", kCounter, "x"});
  EXPECT_TRUE(CounterBecomes(value));
  EXPECT_TRUE(AllBecome(value));
}

TEST_F(GenerationsTest, RacingBumpsAreAllDifferentAndGoUp) {
  StartNodes(3);
  constexpr int kBumps = 60;
  std::vector<std::vector<std::uint64_t>> results(nodes.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < kBumps; ++n) {
        const auto bumped = nodes[i]->Bump();
        ASSERT_TRUE(bumped.ok()) << bumped.status().message();
        ASSERT_GE(nodes[i]->value(), bumped.value());
        results[i].push_back(bumped.value());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<std::uint64_t> all;
  for (const auto& result : results) {
    EXPECT_TRUE(std::is_sorted(result.begin(), result.end()));
    all.insert(result.begin(), result.end());
  }
  EXPECT_EQ(all.size(), nodes.size() * kBumps);
  EXPECT_EQ(Counter(), *all.rbegin());
  EXPECT_TRUE(AllBecome(*all.rbegin()));
}

TEST_F(GenerationsTest, BumpsBetweenLossesOfTheCounterNeverRepeatNorGoBack) {
  StartNodes(3);
  std::atomic<bool> stop{false};
  std::thread vandal([&] {
    integration::RawClient client = redis().Client();
    for (int i = 0; !stop; ++i) {
      client.Do(i % 3 == 0 ? integration::Words{"FLUSHALL"} : integration::Words{"DEL", kCounter});
      std::this_thread::sleep_for(milliseconds(1));
    }
  });
  std::uint64_t last = 0;
  for (int i = 0; i < 150; ++i) {
    const auto bumped = nodes[static_cast<std::size_t>(i) % 3]->Bump();
    ASSERT_TRUE(bumped.ok());
    // The bumper before may not have raised the counter again yet; its own value never goes back all the same.
    if (i % 3 == 0) {
      EXPECT_GT(bumped.value(), last);
      last = bumped.value();
    }
  }
  stop = true;
  vandal.join();
  EXPECT_TRUE(Eventually([&] { return Counter() >= last && AllBecome(Counter(), milliseconds(50)); }));
}

TEST_F(GenerationsTest, PoliciesHaveGenerationsOfTheirOwn) {
  Node node(redis().Url(), {Versioned("a"), Versioned("b")});
  ASSERT_TRUE(node.Knows(0) && node.Knows(1));
  const std::uint64_t b = node.value(1);
  const std::uint64_t a = node.Bump("a").value();
  EXPECT_EQ(node.value(0), a);
  EXPECT_EQ(node.value(1), b);
}

TEST_F(GenerationsTest, CountersLiveInTheDatabaseOfTheUrl) {
  Node node(redis().Url() + "/3");
  ASSERT_TRUE(node.Knows());
  auto client = redis().Client();
  EXPECT_EQ(client.Do({"EXISTS", kCounter}), ":0\r\n");
  client.Do({"SELECT", "3"});
  EXPECT_EQ(integration::Text(client.Do({"GET", kCounter})), std::to_string(node.value()));
}

}  // namespace
}  // namespace herdgate::pipeline

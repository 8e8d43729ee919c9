#include "sidecar/upstream/memory/store.h"

#include <gtest/gtest.h>

#include "tests/unit/upstream/memory_command_generator.h"
#include "tests/unit/upstream/memory_store_fixture.h"

namespace herdgate::upstream::memory {
namespace {

using namespace std::chrono_literals;

TEST(MemoryStore, HelloGivesSevenPairsAndTheClientsId) {
  TestStore store;
  TestClient second(store.store);
  EXPECT_EQ(
      second({"HELLO", "3"}),
      "%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:2\r\n"
      "$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n");
  EXPECT_EQ(second({"GET", "none"}), "_\r\n");
  EXPECT_EQ(store({"GET", "none"}), "$-1\r\n");
}

TEST(MemoryStore, UnsupportedCommandIsNamedWithTheWayOut) {
  TestStore store;
  EXPECT_EQ(store({"LPUSH", "k", "v"}),
            "-ERR herdgate: the embedded store has no 'LPUSH'; use a Redis upstream (upstream.url: redis://...)\r\n");
  EXPECT_EQ(store({"client", "tracking", "on"}),
            "-ERR herdgate: the embedded store has no 'client tracking'; use a Redis upstream (upstream.url: "
            "redis://...)\r\n");
}

TEST(MemoryStore, SubcommandThatRedisLacksTooGetsRedisWords) {
  TestStore store;
  EXPECT_EQ(store({"client", "maint_notifications", "on"}),
            "-ERR unknown subcommand 'maint_notifications'. Try CLIENT HELP.\r\n");
}

TEST(MemoryStore, UnsupportedCommandAbortsTheTransaction) {
  TestStore store;
  EXPECT_EQ(store({"MULTI"}), "+OK\r\n");
  (void)store({"LPUSH", "k", "v"});
  EXPECT_EQ(store({"SET", "k", "v"}), "+QUEUED\r\n");
  EXPECT_EQ(store({"EXEC"}), "-EXECABORT Transaction discarded because of previous errors.\r\n");
  EXPECT_EQ(store({"EXISTS", "k"}), ":0\r\n");
}

TEST(MemoryStore, KeyIsGoneTheMillisecondItExpires) {
  TestStore store;
  EXPECT_EQ(store({"SET", "k", "v", "PX", "1000"}), "+OK\r\n");
  store.clock.Advance(999ms);
  EXPECT_EQ(store({"GET", "k"}), "$1\r\nv\r\n");
  EXPECT_EQ(store({"PTTL", "k"}), ":1\r\n");
  store.clock.Advance(1ms);
  EXPECT_EQ(store({"GET", "k"}), "$-1\r\n");
}

TEST(MemoryStore, DatabasesAreApart) {
  TestStore store;
  EXPECT_EQ(store({"SET", "k", "zero"}), "+OK\r\n");
  EXPECT_EQ(store({"SELECT", "15"}), "+OK\r\n");
  EXPECT_EQ(store({"GET", "k"}), "$-1\r\n");
  EXPECT_EQ(store({"SELECT", "16"}), "-ERR DB index is out of range\r\n");
}

TEST(MemoryStore, WatchedKeyThatChangesEmptiesExec) {
  TestStore store;
  TestClient other(store.store);
  EXPECT_EQ(store({"WATCH", "k"}), "+OK\r\n");
  EXPECT_EQ(other({"SET", "k", "v"}), "+OK\r\n");
  EXPECT_EQ(store({"MULTI"}), "+OK\r\n");
  EXPECT_EQ(store({"SET", "k", "mine"}), "+QUEUED\r\n");
  EXPECT_EQ(store({"EXEC"}), "*-1\r\n");
  EXPECT_EQ(store({"GET", "k"}), "$1\r\nv\r\n");
}

TEST(MemoryStore, WatchedKeyThatExpiresUnseenEmptiesExec) {
  TestStore store;
  (void)store({"SET", "k", "v", "PX", "10"});
  (void)store({"WATCH", "k"});
  store.clock.Advance(10ms);
  (void)store({"MULTI"});
  EXPECT_EQ(store({"EXEC"}), "*-1\r\n");
}

TEST(MemoryStore, WatchOfAKeyThatHadExpiredDoesNotEmptyExec) {
  TestStore store;
  (void)store({"SET", "k", "v", "PX", "10"});
  store.clock.Advance(10ms);
  (void)store({"WATCH", "k"});
  (void)store.store.Tick();
  (void)store({"MULTI"});
  EXPECT_EQ(store({"EXEC"}), "*0\r\n");
}

// Under eviction at every step no command may hold on to a key that has gone; the sanitizers watch this one.
TEST(MemoryStore, RandomCommandsKeepTinyStoresWithinTheirBound) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const std::size_t max_bytes = 8000 + seed * 1000;
    TestStore store(max_bytes);
    std::vector<std::unique_ptr<TestClient>> clients;
    for (int i = 0; i < 4; ++i) clients.push_back(std::make_unique<TestClient>(store.store));
    CommandGenerator generator(seed);
    for (int step = 0; step < 4000; ++step) {
      std::vector<std::string> command = generator.Next();
      if (generator.Chance(3)) command.back() += std::string(generator.Below(3000), '7');
      if (generator.Chance(50)) command = {"setrange", "k1", std::to_string(generator.Below(20000)), "x"};
      store.clock.Advance(std::chrono::milliseconds(generator.Below(3)));
      const std::vector<std::string_view> args(command.begin(), command.end());
      const std::string reply = clients[generator.Below(clients.size())]->Call(args);
      ASSERT_FALSE(reply.empty()) << command[0];
      ASSERT_LE(store.store.keys().bytes(), max_bytes) << command[0] << " with seed " << seed;
      if (generator.Chance(20)) (void)store.store.Tick();
    }
    clients.clear();
    EXPECT_EQ(store.store.keys().charged_bytes(), 0U);
    EXPECT_GT(store.store.keys().counters().evicted, 0U);
  }
}

}  // namespace
}  // namespace herdgate::upstream::memory

#include "sidecar/upstream/memory/store.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace herdgate::upstream::memory

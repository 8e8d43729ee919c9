// What the comparison with redis-server leaves out: time, order, bounds, and replies that are the store's own.
#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "sidecar/resp/reply.h"
#include "tests/unit/upstream/memory_store_fixture.h"

namespace herdgate::upstream::memory {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMebibyte = 1024UL * 1024;
constexpr const char* kOutOfMemory = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";

std::string Field(const std::string& info, const std::string& name) {
  std::smatch found;
  return std::regex_search(info, found, std::regex("(^|\r\n)" + name + ":([^\r]*)\r\n")) ? found[2].str() : "absent";
}

TEST(MemoryCommands, TtlCountsDownInSecondsAndMilliseconds) {
  TestStore store;
  (void)store({"SET", "k", "v", "EX", "100"});
  store.clock.Advance(1499ms);
  EXPECT_EQ(store({"PTTL", "k"}), ":98501\r\n");
  EXPECT_EQ(store({"TTL", "k"}), ":99\r\n");
  store.clock.Advance(2ms);
  EXPECT_EQ(store({"TTL", "k"}), ":98\r\n");
  EXPECT_EQ(store({"PEXPIRETIME", "k"}), ":1700000100000\r\n");
}

TEST(MemoryCommands, CounterOfARateLimiterStartsAgainWhenItsWindowEnds) {
  TestStore store;
  EXPECT_EQ(store({"INCR", "hits"}), ":1\r\n");
  EXPECT_EQ(store({"EXPIRE", "hits", "60"}), ":1\r\n");
  store.clock.Advance(59s);
  EXPECT_EQ(store({"INCR", "hits"}), ":2\r\n");
  EXPECT_EQ(store({"TTL", "hits"}), ":1\r\n");
  store.clock.Advance(1s);
  EXPECT_EQ(store({"INCR", "hits"}), ":1\r\n");
  EXPECT_EQ(store({"TTL", "hits"}), ":-1\r\n");
}

TEST(MemoryCommands, ExpiryTravelsWithRenameCopyAndMove) {
  TestStore store;
  (void)store({"SET", "k", "v", "PX", "5000"});
  (void)store({"RENAME", "k", "renamed"});
  (void)store({"COPY", "renamed", "copied"});
  (void)store({"MOVE", "renamed", "3"});
  EXPECT_EQ(store({"PTTL", "copied"}), ":5000\r\n");
  (void)store({"SELECT", "3"});
  EXPECT_EQ(store({"PTTL", "renamed"}), ":5000\r\n");
  store.clock.Advance(5s);
  EXPECT_EQ(store({"EXISTS", "renamed"}), ":0\r\n");
}

TEST(MemoryCommands, IdleTimeCountsFromTheLastUse) {
  TestStore store;
  (void)store({"SET", "k", "v"});
  store.clock.Advance(10s);
  EXPECT_EQ(store({"OBJECT", "IDLETIME", "k"}), ":10\r\n");
  (void)store({"TTL", "k"});
  EXPECT_EQ(store({"OBJECT", "IDLETIME", "k"}), ":10\r\n") << "looking at the TTL is no use";
  (void)store({"GET", "k"});
  EXPECT_EQ(store({"OBJECT", "IDLETIME", "k"}), ":0\r\n");
}

TEST(MemoryCommands, ScanWalksAllKeysOfTheDatabase) {
  TestStore store;
  std::set<std::string> expected;
  for (int i = 0; i < 3000; ++i) {
    const std::string key = (i % 3 == 0 ? "user:" : "page:") + std::to_string(i);
    (void)store({"SET", key, "v"});
    if (i % 3 == 0) expected.insert(key);
  }
  std::set<std::string> found;
  std::string cursor = "0";
  do {
    const std::string bytes = store({"SCAN", cursor, "MATCH", "user:*", "COUNT", "100"});
    const auto parsed = resp::ParseReply(bytes);
    ASSERT_TRUE(parsed.ok());
    cursor = parsed.value().reply.elements.at(0).text;
    for (const resp::Reply& key : parsed.value().reply.elements.at(1).elements) found.emplace(key.text);
  } while (cursor != "0");
  EXPECT_EQ(found, expected);
}

TEST(MemoryCommands, ScanAndKeysLeaveOutWhatHasExpired) {
  TestStore store;
  (void)store({"SET", "dead", "v", "PX", "1"});
  (void)store({"SET", "live", "v"});
  store.clock.Advance(1ms);
  EXPECT_EQ(store({"KEYS", "*"}), "*1\r\n$4\r\nlive\r\n");
  EXPECT_EQ(store({"SCAN", "0"}), "*2\r\n$1\r\n0\r\n*1\r\n$4\r\nlive\r\n");
  EXPECT_EQ(store({"RANDOMKEY"}), "$4\r\nlive\r\n");
}

TEST(MemoryCommands, TransactionThatDoesNotFitIsRefusedWhileItQueues) {
  TestStore store(kMebibyte);
  TestClient other(store.store);
  (void)other({"SET", "k", "v"});
  (void)store({"MULTI"});
  const std::string value(300000, 'v');
  EXPECT_EQ(store({"SET", "a", value}), "+QUEUED\r\n");
  EXPECT_EQ(store({"SET", "b", value}), "+QUEUED\r\n");
  EXPECT_EQ(store({"SET", "c", value}), "+QUEUED\r\n");
  EXPECT_EQ(store({"SET", "d", value}), kOutOfMemory);
  EXPECT_EQ(store({"EXEC"}), "-EXECABORT Transaction discarded because of previous errors.\r\n");
  EXPECT_EQ(store.store.keys().charged_bytes(), 0U);
  EXPECT_EQ(store({"SET", "a", std::string(900000, 'v')}), "+OK\r\n");
}

TEST(MemoryCommands, QueueGivesItsMemoryBackAsItRuns) {
  TestStore store(kMebibyte);
  (void)store({"MULTI"});
  const std::string value(300000, 'v');
  for (const char* key : {"a", "b", "c"}) EXPECT_EQ(store({"SET", key, value}), "+QUEUED\r\n");
  EXPECT_EQ(store({"EXEC"}), "*3\r\n+OK\r\n+OK\r\n+OK\r\n");
  EXPECT_EQ(store({"EXISTS", "a", "b", "c"}), ":3\r\n");
  EXPECT_EQ(store.store.keys().charged_bytes(), 0U);
}

TEST(MemoryCommands, SubscriptionsAndWatchesAreBoundedAndGivenBack) {
  TestStore store(kMebibyte);
  {
    TestClient greedy(store.store);
    std::string last;
    for (int i = 0; i < 10000; ++i) last = greedy({"SUBSCRIBE", "channel:" + std::to_string(i)});
    EXPECT_EQ(last, kOutOfMemory);
    EXPECT_LE(store.store.keys().bytes(), kMebibyte);
  }
  {
    TestClient greedy(store.store);
    std::string last;
    for (int i = 0; i < 10000; ++i) last = greedy({"WATCH", "key:" + std::to_string(i)});
    EXPECT_EQ(last, kOutOfMemory);
  }
  EXPECT_EQ(store.store.keys().charged_bytes(), 0U);
}

TEST(MemoryCommands, WatchThatHasFiredGivesItsMemoryBack) {
  TestStore store;
  TestClient other(store.store);
  (void)store({"WATCH", "a", "b", "c"});
  EXPECT_GT(store.store.keys().charged_bytes(), 0U);
  (void)other({"SET", "b", "v"});
  EXPECT_EQ(store.store.keys().charged_bytes(), 0U);
  EXPECT_EQ(store.store.watches().watchers(), 0U);
}

TEST(MemoryCommands, FlushFiresWatchesOfKeysThatWereThere) {
  TestStore store;
  TestClient absent(store.store);
  TestClient present(store.store);
  (void)store({"SET", "here", "v"});
  (void)absent({"WATCH", "nothing"});
  (void)present({"WATCH", "here"});
  (void)store({"FLUSHALL"});
  for (TestClient* client : {&absent, &present}) (void)(*client)({"MULTI"});
  EXPECT_EQ(absent({"EXEC"}), "*0\r\n");
  EXPECT_EQ(present({"EXEC"}), "*-1\r\n");
}

TEST(MemoryCommands, MsetThatDoesNotFitWritesNothing) {
  TestStore store(kMebibyte);
  (void)store({"SET", "a", "old"});
  EXPECT_EQ(store({"MSET", "a", std::string(600000, 'v'), "b", std::string(600000, 'v')}), kOutOfMemory);
  EXPECT_EQ(store({"EXISTS", "b"}), ":0\r\n");
}

TEST(MemoryCommands, ReplyThatWouldTakeTooMuchMemoryIsAnErrorInItsPlace) {
  TestStore store;
  const std::string value(kMebibyte, 'v');
  (void)store({"SET", "k", value});
  const std::string reply = store({"MGET", "k", "k", "k", "k", "k"});
  std::string expected = "*5\r\n";
  for (int i = 0; i < 3; ++i) resp::AppendBulk(expected, value);
  for (int i = 0; i < 2; ++i) expected += "-ERR herdgate: the reply is larger than the embedded store can give\r\n";
  EXPECT_TRUE(reply == expected);
}

TEST(MemoryCommands, SubscriberFarBehindIsKilledBehindTheCommand) {
  TestStore store;
  TestClient slow(store.store);
  (void)slow({"SUBSCRIBE", "c"});
  slow.unsent = 33 * kMebibyte;
  EXPECT_EQ(store({"PUBLISH", "c", "m"}), ":1\r\n");
  EXPECT_TRUE(slow.killed);
}

TEST(MemoryCommands, InfoHasWhatReadyChecksAndFrameworksRead) {
  TestStore store(kMebibyte);
  (void)store({"SET", "k", "v", "EX", "10"});
  (void)store({"SET", "l", "v"});
  const std::string info = store({"INFO"});
  EXPECT_EQ(Field(info, "redis_version"), "7.0.15");
  EXPECT_EQ(Field(info, "redis_mode"), "standalone");
  EXPECT_EQ(Field(info, "loading"), "0");
  EXPECT_EQ(Field(info, "role"), "master");
  EXPECT_EQ(Field(info, "maxmemory"), "1048576");
  EXPECT_EQ(Field(info, "maxmemory_policy"), "allkeys-lru");
  EXPECT_EQ(Field(info, "connected_clients"), "1");
  EXPECT_EQ(Field(info, "db0"), "keys=2,expires=1,avg_ttl=0");
  EXPECT_EQ(Field(store({"INFO", "keyspace"}), "redis_version"), "absent");
}

TEST(MemoryCommands, CommandListsWhatTheStoreHasAndNothingElse) {
  TestStore store;
  EXPECT_EQ(store({"COMMAND", "INFO", "lpush"}), "*1\r\n$-1\r\n");
  EXPECT_EQ(store({"COMMAND", "INFO", "client|tracking"}), "*1\r\n$-1\r\n");
  const std::string bytes = store({"COMMAND"});
  const auto parsed = resp::ParseReply(bytes);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(":" + std::to_string(parsed.value().reply.elements.size()) + "\r\n", store({"COMMAND", "COUNT"}));
  for (const resp::Reply& command : parsed.value().reply.elements) {
    EXPECT_EQ(command.elements.size(), 10U);
    EXPECT_EQ(store({"COMMAND", "DOCS", command.elements[0].text}).substr(0, 3), "*2\r");
  }
}

TEST(MemoryCommands, YoungerConnectionCommandsAreThere) {
  TestStore store;
  EXPECT_EQ(store({"CLIENT", "SETINFO", "LIB-NAME", "redis-py"}), "+OK\r\n");
  EXPECT_EQ(store({"CLIENT", "SETINFO", "lib-ver", "a b"}),
            "-ERR lib-ver cannot contain spaces, newlines or special characters.\r\n");
  EXPECT_EQ(store({"CLIENT", "NO-TOUCH", "on"}), "+OK\r\n");
  EXPECT_NE(store({"CLIENT", "INFO"}).find(" lib-name=redis-py lib-ver=\n"), std::string::npos);
}

TEST(MemoryCommands, ClientInfoHasTheFieldsOfRedis7InOrder) {
  TestStore store;
  (void)store({"CLIENT", "SETNAME", "me"});
  (void)store({"SELECT", "4"});
  store.clock.Advance(3s);
  EXPECT_TRUE(std::regex_search(
      store({"CLIENT", "INFO"}),
      std::regex(
          "^\\$\\d+\r\nid=1 addr= laddr= fd=-1 name=me age=3 idle=0 flags=N db=4 sub=0 psub=0 ssub=0 multi=-1 qbuf=0 "
          "qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 omem=0 tot-mem=\\d+ events=r cmd=client\\|info "
          "user=default redir=-1 resp=2\n\r\n$")))
      << store({"CLIENT", "INFO"});
}

TEST(MemoryCommands, ConfigCanBeReadAndNotSet) {
  TestStore store;
  EXPECT_EQ(store({"CONFIG", "GET", "MAXMEMORY", "data*"}),
            "*4\r\n$9\r\ndatabases\r\n$2\r\n16\r\n$9\r\nmaxmemory\r\n$8\r\n67108864\r\n");
  EXPECT_EQ(store({"CONFIG", "SET", "maxmemory", "1"}).substr(0, 15), "-ERR herdgate: ");
}

TEST(MemoryCommands, TimeIsTheClocks) {
  TestStore store;
  store.clock.Advance(123ms);
  EXPECT_EQ(store({"TIME"}), "*2\r\n$10\r\n1700000000\r\n$6\r\n123000\r\n");
}

}  // namespace
}  // namespace herdgate::upstream::memory

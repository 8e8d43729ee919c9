// The embedded store and a real redis-server are given the same commands, in pipelines, on several connections: they
// must answer with the same bytes. What depends on time, on the order of a hash table or on ids is left out.
#include <cstdlib>
#include <deque>

#include "tests/unit/upstream/memory_command_generator.h"
#include "tests/unit/upstream/memory_differential_fixture.h"

namespace herdgate::upstream::memory {
namespace {

// SET and GETEX carry a note, containers have more subcommands, and two subcommands are younger than 7.0.
constexpr std::string_view kSameInfo =
    "get setex psetex setnx getset getdel mget mset msetnx append strlen incr decr incrby decrby incrbyfloat "
    "getrange setrange substr setbit getbit bitcount del unlink exists expire pexpire expireat pexpireat ttl "
    "pttl expiretime pexpiretime persist type keys scan randomkey rename renamenx copy touch dbsize flushdb "
    "flushall move swapdb multi exec discard watch unwatch subscribe psubscribe ssubscribe unsubscribe "
    "punsubscribe sunsubscribe publish spublish ping echo hello auth select reset quit info time lastsave "
    "wait lolwut role readonly readwrite asking client|id client|info client|list object|encoding "
    "memory|usage config|get pubsub|channels command|count none";
constexpr std::string_view kWithTooFew =
    "get set mget mset append incr del exists expire ttl type keys scan rename copy move swapdb select multi "
    "exec watch subscribe publish echo auth wait getex object client";
constexpr std::string_view kWithTooMany =
    "get incr ttl type keys rename move swapdb select echo dbsize exec multi time publish strlen append";

TEST_F(MemoryDifferential, RandomStreamsGetTheSameBytes) {
  const char* override_seed = std::getenv("HERDGATE_TEST_SEED");
  const std::uint64_t seed = override_seed == nullptr ? 20251120 : std::strtoull(override_seed, nullptr, 10);
  CommandGenerator generator(seed);
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::size_t commands = 0;
  std::deque<std::string> history;
  while (commands < 250000) {
    std::vector<Command> batch;
    const std::size_t length = 1 + generator.Below(generator.Chance(4) ? 20 : 4);
    for (std::size_t i = 0; i < length; ++i) batch.push_back(generator.Next());
    commands += length;
    const std::size_t connection = generator.Below(kConnections);
    history.push_back("[" + std::to_string(connection) + "] " + Show(batch));
    if (history.size() > 20) history.pop_front();
    ASSERT_TRUE(Compare(connection, batch)) << "after " << commands << " commands, the last being\n"
                                            << testing::PrintToString(history);
  }
  EXPECT_LT(errors_, commands * 9 / 20) << "most of the stream is refused, so little is compared";
}

TEST_F(MemoryDifferential, GlobsMatchTheSameNames) {
  base::Random random(77);
  constexpr std::string_view kLetters = "ab-]^[\\*?";
  const auto word = [&](std::size_t longest) {
    std::string text;
    for (std::size_t i = random.Below(longest + 1); i > 0; --i) text += kLetters[random.Below(kLetters.size())];
    return text;
  };
  for (int round = 0; round < 1500; ++round) {
    std::vector<Command> batch = {{"flushdb"}, {"set", word(6), "v"}, {"randomkey"}};
    for (int i = 0; i < 12; ++i) {
      const std::string pattern = word(7);
      batch.push_back({"keys", pattern});
      batch.push_back({"scan", "0", "match", pattern, "count", "1000"});
    }
    ASSERT_TRUE(Compare(0, batch));
  }
}

TEST_F(MemoryDifferential, CommandInfoIsTheSameForEveryCommandThatTheStoreHas) {
  for (const std::string& name : CommandGenerator::Split(kSameInfo)) {
    EXPECT_TRUE(Compare(0, {{"hello", "2"}, {"command", "info", name}, {"hello", "3"}, {"command", "info", name}}))
        << name;
  }
}

TEST_F(MemoryDifferential, EveryCommandRefusesTooFewAndTooManyArgumentsAlike) {
  for (const std::string& name : CommandGenerator::Split(kWithTooFew)) {
    EXPECT_TRUE(Compare({name})) << name;
    EXPECT_TRUE(Compare({"multi"}) && Compare({name}) && Compare({"exec"})) << name;
  }
  for (const std::string& name : CommandGenerator::Split(kWithTooMany)) {
    EXPECT_TRUE(Compare({name, "a", "b", "c", "d", "e"})) << name;
  }
}

TEST_F(MemoryDifferential, PastExpiriesHideTheKey) {
  EXPECT_TRUE(Compare(0, {{"set", "k", "v", "exat", "1"}, {"get", "k"}, {"exists", "k"}, {"ttl", "k"}, {"type", "k"}}));
  EXPECT_TRUE(Compare(0, {{"set", "k", "v"}, {"expire", "k", "-1"}, {"get", "k"}, {"dbsize"}}));
  EXPECT_TRUE(Compare(0, {{"set", "k", "v"}, {"getex", "k", "pxat", "1"}, {"get", "k"}, {"dbsize"}}));
  EXPECT_TRUE(
      Compare(0, {{"watch", "k"}, {"multi"}, {"set", "k", "v", "pxat", "1"}, {"get", "k"}, {"exec"}, {"get", "k"}}));
}

TEST_F(MemoryDifferential, MessagesStandWhereRedisPutsThem) {
  for (const std::string proto : {"2", "3"}) {
    EXPECT_TRUE(Compare(0, {{"hello", proto}, {"subscribe", "a", "b"}, {"psubscribe", "?"}, {"ssubscribe", "a"}}));
    EXPECT_TRUE(
        Compare(1, {{"publish", "a", "1"}, {"spublish", "a", "2"}, {"publish", "none", "3"}, {"publish", "b", "4"}}));
    EXPECT_TRUE(
        Compare(0, {{"ping"}, {"ping", "x"}, {"get", "k"}, {"publish", "a", "own"}, {"unsubscribe", "a", "b"}}));
    EXPECT_TRUE(Compare(0, {{"punsubscribe"}, {"sunsubscribe"}, {"get", "k"}, {"reset"}}));
    EXPECT_TRUE(Compare(
        0,
        {{"hello", proto}, {"multi"}, {"subscribe", "a"}, {"publish", "a", "x"}, {"get", "k"}, {"exec"}, {"reset"}}));
    EXPECT_TRUE(
        Compare(0, {{"hello", proto}, {"unsubscribe"}, {"punsubscribe", "x", "y"}, {"sunsubscribe"}, {"reset"}}));
  }
}

TEST_F(MemoryDifferential, ProtocolChangesInsideATransaction) {
  EXPECT_TRUE(
      Compare(0, {{"multi"}, {"get", "none"}, {"hello", "3"}, {"get", "none"}, {"config", "get", "save"}, {"exec"}}));
  EXPECT_TRUE(Compare(0, {{"multi"}, {"select", "3"}, {"set", "k", "v"}, {"select", "0"}, {"exists", "k"}, {"exec"}}));
  EXPECT_TRUE(Compare(0, {{"multi"}, {"set", "k", "v"}, {"reset"}, {"exec"}, {"get", "k"}}));
}

TEST_F(MemoryDifferential, QuitAnswersAndCloses) {
  EXPECT_TRUE(Compare(0, {{"set", "k", "v"}, {"quit"}, {"get", "k"}}));
  EXPECT_TRUE(Compare(1, {{"multi"}, {"quit"}}));
  EXPECT_TRUE(Compare(2, {{"post", "/"}}));
}

}  // namespace
}  // namespace herdgate::upstream::memory

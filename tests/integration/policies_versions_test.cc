// Versioned keys: two schemas on one Redis never meet, keys that become too long, and reloads under load.
#include <atomic>
#include <set>
#include <thread>

#include "tests/integration/support/sidecar_test.h"

namespace herdgate::integration {
namespace {

std::string Schema(int number, const std::string& match = "*") {
  return "policies:\n  - {name: all, match: [\"" + match +
         "\"], mode: enforce, version: {schema: " + std::to_string(number) + "}}\n";
}

// The strings of an array, in order.
std::vector<std::string> Strings(const std::string& reply) {
  std::vector<std::string> strings;
  for (std::size_t at = reply.find("\r\n$"); at != std::string::npos; at = reply.find("\r\n$", at)) {
    const std::size_t length = std::stoul(reply.substr(at + 3));
    const std::size_t begin = reply.find("\r\n", at + 3) + 2;
    strings.push_back(reply.substr(begin, length));
    at = begin + length;
  }
  std::sort(strings.begin(), strings.end());
  return strings;
}

class Versions : public SidecarTest {
 protected:
  // Two deployments in front of one Redis: Six() and Seven().
  void Deploy() {
    Restart({.loops = GetParam(), .policies = Schema(6)});
    seven_ = std::make_unique<Sidecar>(Redis().Url(), Sidecar::Choices{.loops = GetParam(), .policies = Schema(7)});
    ASSERT_TRUE(seven_->started());
  }
  void TearDown() override {
    seven_ = nullptr;
    SidecarTest::TearDown();
  }
  RawClient Six() { return Gate().Client(); }
  RawClient Seven() { return seven_->Client(); }
  Sidecar& SevenGate() { return *seven_; }

  // One key of each type.
  static void Fill(RawClient& client, const std::string& value) {
    client.Do({"SET", "string", value});
    client.Do({"RPUSH", "list", value});
    client.Do({"HSET", "hash", "f", value});
    client.Do({"SADD", "set", value});
    client.Do({"ZADD", "zset", "1", value});
    client.Do({"XADD", "stream", "1-1", "f", value});
  }
  // All keys that SCAN shows, page by page.
  static std::vector<std::string> Scan(RawClient& client, Words more) {
    std::vector<std::string> keys;
    std::string cursor = "0";
    do {
      Words words = {"SCAN", cursor};
      words.insert(words.end(), more.begin(), more.end());
      const std::string page = client.Do(words);
      const std::size_t begin = page.find("\r\n", 4) + 2;
      cursor = page.substr(begin, page.find("\r\n", begin) - begin);
      const std::vector<std::string> found = Strings(page.substr(page.find("\r\n", begin)));
      keys.insert(keys.end(), found.begin(), found.end());
    } while (cursor != "0");
    std::sort(keys.begin(), keys.end());
    return keys;
  }

  const std::vector<std::string> all_ = {"hash", "list", "set", "stream", "string", "zset"};

 private:
  std::unique_ptr<Sidecar> seven_;
};

TEST_P(Versions, NoSchemaReadsWhatAnotherWrote) {
  Deploy();
  RawClient six = Six();
  RawClient seven = Seven();
  Fill(six, "of six");
  const std::vector<std::pair<Words, std::string>> reads = {
      {{"GET", "string"}, "$-1\r\n"},
      {{"MGET", "string", "list"}, "*2\r\n$-1\r\n$-1\r\n"},
      {{"EXISTS", "string", "list", "hash", "set", "zset", "stream"}, ":0\r\n"},
      {{"TYPE", "list"}, "+none\r\n"},
      {{"LRANGE", "list", "0", "-1"}, "*0\r\n"},
      {{"HGETALL", "hash"}, "*0\r\n"},
      {{"SMEMBERS", "set"}, "*0\r\n"},
      {{"SUNION", "set", "set"}, "*0\r\n"},
      {{"ZRANGE", "zset", "0", "-1"}, "*0\r\n"},
      {{"XRANGE", "stream", "-", "+"}, "*0\r\n"},
      {{"XREAD", "STREAMS", "stream", "0"}, "*-1\r\n"},
      {{"BLPOP", "list", "0.01"}, "*-1\r\n"},
      {{"BZPOPMIN", "zset", "0.01"}, "*-1\r\n"},
      {{"LMPOP", "1", "list", "LEFT"}, "*-1\r\n"},
      {{"DUMP", "string"}, "$-1\r\n"},
      {{"OBJECT", "ENCODING", "hash"}, "$-1\r\n"},
      {{"COPY", "string", "other"}, ":0\r\n"},
      {{"RENAME", "string", "other"}, "-ERR no such key\r\n"},
      {{"MOVE", "string", "1"}, ":0\r\n"},
      {{"DEL", "string", "list"}, ":0\r\n"},
      {{"EXPIRE", "string", "1"}, ":0\r\n"},
      {{"EVAL", "return redis.call('GET', KEYS[1])", "1", "string"}, "$-1\r\n"},
      {{"KEYS", "*"}, "*0\r\n"},
      {{"KEYS", "s*"}, "*0\r\n"},
      {{"KEYS", "v6:*"}, "*0\r\n"},
      {{"KEYS", "*6:*"}, "*0\r\n"},
      {{"RANDOMKEY"}, "$-1\r\n"},
      {{"GET", "v6:string"}, "$-1\r\n"},
      {{"GET", "v7:string"}, "$-1\r\n"},
      {{"SORT", "list", "ALPHA"}, "*0\r\n"}};
  for (const auto& [words, reply] : reads) EXPECT_EQ(seven.Do(words), reply) << words[0] << " " << words.back();
  for (const Words& more : {Words{}, {"MATCH", "s*"}, {"COUNT", "1"}, {"TYPE", "string"}, {"MATCH", "*6*"}}) {
    EXPECT_EQ(Scan(seven, more), std::vector<std::string>());
  }
  EXPECT_EQ(six.Do({"GET", "string"}), Bulk("of six"));
  EXPECT_EQ(Direct().Do({"DBSIZE"}), ":6\r\n") << "reading another schema's names left something";
}

TEST_P(Versions, EachSchemaListsItsOwnKeysByTheNamesOfTheApp) {
  Deploy();
  RawClient six = Six();
  RawClient seven = Seven();
  Fill(six, "of six");
  Fill(seven, "of seven");
  six.Do({"SET", "only-six", "v"});
  EXPECT_EQ(seven.Do({"GET", "string"}), Bulk("of seven"));
  EXPECT_EQ(six.Do({"GET", "string"}), Bulk("of six"));
  std::vector<std::string> with_six = all_;
  with_six.insert(std::upper_bound(with_six.begin(), with_six.end(), "only-six"), "only-six");
  EXPECT_EQ(Strings(seven.Do({"KEYS", "*"})), all_);
  EXPECT_EQ(Strings(six.Do({"KEYS", "*"})), with_six);
  EXPECT_EQ(Strings(seven.Do({"KEYS", "st?*"})), std::vector<std::string>({"stream", "string"}));
  EXPECT_EQ(Scan(seven, {}), all_);
  EXPECT_EQ(Scan(six, {"COUNT", "1"}), with_six);
  EXPECT_EQ(Scan(seven, {"MATCH", "*s*t", "COUNT", "2"}), std::vector<std::string>({"list", "set", "zset"}));
  EXPECT_EQ(Scan(seven, {"TYPE", "zset"}), std::vector<std::string>({"zset"}));
  std::set<std::string> random;
  for (int i = 0; i < 50; ++i) random.insert(Text(seven.Do({"RANDOMKEY"})));
  for (const std::string& key : random) EXPECT_NE(std::find(all_.begin(), all_.end(), key), all_.end()) << key;
  EXPECT_GT(random.size(), 1U);
  seven.Do({"MULTI"});
  seven.Do({"KEYS", "z*"});
  seven.Do({"LMPOP", "1", "list", "LEFT"});
  EXPECT_EQ(seven.Do({"EXEC"}), "*2\r\n*1\r\n$4\r\nzset\r\n*2\r\n$4\r\nlist\r\n*1\r\n$8\r\nof seven\r\n");
  const std::vector<std::string> physical = Strings(Direct().Do({"KEYS", "*"}));
  for (const std::string& key : physical) EXPECT_TRUE(key.starts_with("v6:") || key.starts_with("v7:")) << key;
  EXPECT_EQ(physical.size(), 12U);
}

TEST_P(Versions, RepliesNameTheKeysOfTheApp) {
  Deploy();
  RawClient seven = Seven();
  Fill(seven, "v");
  EXPECT_EQ(seven.Do({"BLPOP", "none", "list", "1"}), "*2\r\n$4\r\nlist\r\n$1\r\nv\r\n");
  EXPECT_EQ(seven.Do({"BZMPOP", "1", "2", "none", "zset", "MIN"}),
            "*2\r\n$4\r\nzset\r\n*1\r\n*2\r\n$1\r\nv\r\n$1\r\n1\r\n");
  EXPECT_EQ(seven.Do({"XREAD", "STREAMS", "stream", "0"}),
            "*1\r\n*2\r\n$6\r\nstream\r\n*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n");
  const std::string error = seven.Do({"XREADGROUP", "GROUP", "g", "c", "STREAMS", "stream", ">"});
  EXPECT_NE(error.find("No such key 'stream' or consumer group 'g'"), std::string::npos) << error;
  EXPECT_EQ(seven.Do({"EVAL", "return KEYS[1]", "1", "string"}), Bulk("string"));
  seven.Do({"HELLO", "3"});
  EXPECT_EQ(seven.Do({"XREAD", "STREAMS", "stream", "0"}),
            "%1\r\n$6\r\nstream\r\n*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n");
}

TEST_P(Versions, PushesAndNotificationsAreOfTheOwnSchemaOnly) {
  Deploy();
  RawClient direct = Direct();
  direct.Do({"CONFIG", "SET", "notify-keyspace-events", "KEA"});
  RawClient tracking = SevenGate().Resp3Client();
  tracking.Do({"CLIENT", "TRACKING", "ON"});
  tracking.Do({"GET", "string"});
  RawClient listening = Seven();
  listening.Do({"PSUBSCRIBE", "__keyspace@0__:*"});
  RawClient events = Seven();
  EXPECT_EQ(events.Do({"SUBSCRIBE", "__keyevent@0__:set"}),
            "*3\r\n$9\r\nsubscribe\r\n$18\r\n__keyevent@0__:set\r\n:1\r\n");
  RawClient six = Six();
  RawClient seven = Seven();
  six.Do({"SET", "string", "of six"});
  seven.Do({"SET", "string", "of seven"});
  EXPECT_EQ(tracking.Read(), ">2\r\n$10\r\ninvalidate\r\n*1\r\n$6\r\nstring\r\n");
  EXPECT_EQ(listening.Read(),
            "*4\r\n$8\r\npmessage\r\n$16\r\n__keyspace@0__:*\r\n$21\r\n__keyspace@0__:string\r\n$3\r\nset\r\n");
  EXPECT_EQ(events.Read(), "*3\r\n$7\r\nmessage\r\n$18\r\n__keyevent@0__:set\r\n$6\r\nstring\r\n");
  // Nothing of the other schema stood before or stands behind.
  EXPECT_EQ(tracking.Do({"PING"}), "+PONG\r\n");
  EXPECT_EQ(listening.Do({"PING"}), "*2\r\n$4\r\npong\r\n$0\r\n\r\n");
  EXPECT_EQ(events.Do({"PING"}), "*2\r\n$4\r\npong\r\n$0\r\n\r\n");
  direct.Do({"CONFIG", "SET", "notify-keyspace-events", ""});
}

TEST_P(Versions, KeyThatBecomesTooLongIsRefusedAndNotCut) {
  const std::size_t limit = 1U << 20U;
  Direct().Do({"CONFIG", "SET", "proto-max-bulk-len", std::to_string(limit)});
  Restart({.loops = GetParam(), .policies = Schema(7)});
  RawClient client = Client();
  const std::string longest(limit - 3, 'k');
  for (const std::string& key : {longest + "k", longest + "kkk"}) {
    const std::string answer = client.Do({"SET", key, "v"});
    EXPECT_TRUE(answer.starts_with("-ERR herdgate: ")) << answer.substr(0, 200);
    EXPECT_LT(answer.size(), 300U) << "an error holds no key";
    EXPECT_TRUE(client.Do({"GET", key}).starts_with("-ERR herdgate: "));
  }
  EXPECT_EQ(Direct().Do({"DBSIZE"}), ":0\r\n");
  EXPECT_EQ(client.Do({"SET", longest, "v"}), "+OK\r\n");
  EXPECT_EQ(Direct().Do({"EXISTS", "v7:" + longest}), ":1\r\n");
  EXPECT_EQ(client.Do({"GET", longest}), Bulk("v"));
  Direct().Do({"CONFIG", "SET", "proto-max-bulk-len", std::to_string(512U << 20U)});
}

TEST_P(Versions, ScriptsThatBuildKeyNamesAndMigrateAreRefused) {
  Deploy();
  RawClient seven = Seven();
  for (const Words& words : {Words{"EVAL", "return redis.call('GET', 'user:' .. ARGV[1])", "0", "1"},
                             {"EVAL", "return redis.call('SET', KEYS[1] .. ':x', 'v')", "1", "k"},
                             {"MIGRATE", "127.0.0.1", "1", "k", "0", "10"}}) {
    const std::string answer = seven.Do(words);
    EXPECT_TRUE(answer.starts_with("-ERR herdgate: ")) << words[1] << ": " << answer;
  }
  EXPECT_EQ(Direct().Do({"DBSIZE"}), ":0\r\n");
  EXPECT_EQ(seven.Do({"EVAL", "return 1", "0"}), ":1\r\n");
}

// A pipeline that a reload falls into is answered in order, one reply a command, and nothing is written under a name
// that neither schema gives.
TEST_P(Versions, ReloadSwapsPoliciesUnderRunningPipelines) {
  Restart({.loops = GetParam(), .policies = Schema(6)});
  std::atomic<bool> enough{false};
  std::atomic<int> rounds{0};
  std::vector<std::string> wrong(4);
  std::vector<std::thread> threads;
  for (std::size_t number = 0; number < wrong.size(); ++number) {
    threads.emplace_back([&, number] {
      RawClient client = Client();
      const std::string key = "key:" + std::to_string(number);
      for (int round = 0; !enough && wrong[number].empty(); ++round) {
        std::string pipeline;
        for (int i = 0; i < 50; ++i)
          pipeline += Encode({"SET", key, std::to_string(i)}) + Encode({"ECHO", std::to_string(i)});
        client.Send(pipeline + Encode({"MULTI"}) + Encode({"SET", key, "t"}) + Encode({"GET", key}) + Encode({"EXEC"}));
        for (int i = 0; i < 50; ++i) {
          if (client.Read() != "+OK\r\n" || client.Read() != Bulk(std::to_string(i))) wrong[number] = "pipeline";
        }
        client.Read(3);
        if (const std::string exec = client.Read(); !exec.starts_with("*2\r\n+OK\r\n$")) wrong[number] = exec;
        ++rounds;
      }
    });
  }
  for (int reload = 0; reload < 40; ++reload) {
    Gate().Reload(Schema(6 + reload % 2));
    const int seen = rounds;
    EXPECT_TRUE(Eventually([&] { return rounds > seen + 1; }));
  }
  enough = true;
  for (std::thread& thread : threads) thread.join();
  for (const std::string& one : wrong) EXPECT_EQ(one, "");
  const std::vector<std::string> keys = Strings(Direct().Do({"KEYS", "*"}));
  for (const std::string& key : keys) EXPECT_TRUE(key.starts_with("v6:key:") || key.starts_with("v7:key:")) << key;
  EXPECT_EQ(keys.size(), 8U);
  RawClient client = Client();
  client.Do({"SET", "key:0", "last"});
  EXPECT_EQ(Direct().Do({"GET", "v7:key:0"}), Bulk("last"));
  Gate().Reload("policies: []\n");
  EXPECT_TRUE(Eventually([&] { return client.Do({"GET", "key:0"}) == "$-1\r\n"; })) << "no policy, no version";
}

HERDGATE_WITH_LOOPS(Versions);

}  // namespace
}  // namespace herdgate::integration

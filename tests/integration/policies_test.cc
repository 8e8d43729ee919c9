// TTL policies at work: what a refused write leaves behind, transactions, audit mode, and what every expiry is.
#include <algorithm>

#include "tests/integration/support/monitor.h"
#include "tests/integration/support/sidecar_test.h"

namespace herdgate::integration {
namespace {

constexpr const char* kReject = R"(policies:
  - {name: user, match: ["user:*"], mode: enforce, ttl: {missing: reject, max: 1h}}
)";
constexpr const char* kApply = R"(policies:
  - {name: user, match: ["user:*"], mode: enforce, ttl: {missing: apply, default: 100s, min: 10s, max: 1h}}
)";

std::string Required(const std::string& command) {
  return "-ERR herdgate: policy 'user' requires a TTL on " + command + "\r\n";
}

class TtlPolicies : public SidecarTest {
 protected:
  void Enforce(const std::string& policies) { Restart({.loops = GetParam(), .policies = policies}); }
  static long long Pttl(const std::string& key) { return Number(Direct().Do({"PTTL", key})); }
};

TEST_P(TtlPolicies, RejectedWriteLeavesNoTrace) {
  Enforce(kReject);
  RawClient direct = Direct();
  const std::string payload = [&] {
    direct.Do({"SET", "source", "v"});
    return Text(direct.Do({"DUMP", "source"}));
  }();
  direct.Do({"FLUSHALL"});
  Monitor monitor(Direct());
  const std::vector<std::pair<std::string, Words>> refused = {{"SET", {"SET", "user:1", "v"}},
                                                              {"SET", {"set", "user:1", "v", "NX", "GET"}},
                                                              {"SETNX", {"SETNX", "user:1", "v"}},
                                                              {"GETSET", {"GETSET", "user:1", "v"}},
                                                              {"GETEX", {"GETEX", "user:1", "PERSIST"}},
                                                              {"PERSIST", {"PERSIST", "user:1"}},
                                                              {"RESTORE", {"RESTORE", "user:1", "0", payload}}};
  RawClient client = Client();
  std::string all;
  std::string answers;
  for (const auto& [command, words] : refused) {
    EXPECT_EQ(client.Do(words), Required(command)) << words[0];
    all += Encode(words) + Encode({"PING"});
    answers += Required(command) + "+PONG\r\n";
  }
  client.Send(all + Encode({"ECHO", "end"}));
  EXPECT_EQ(client.ReadUntil("end\r\n"), answers + Bulk("end")) << "in a pipeline";
  EXPECT_EQ(monitor.Commands(direct, "user:1"), "");
  EXPECT_EQ(direct.Do({"DBSIZE"}), ":0\r\n");
  EXPECT_EQ(client.Do({"SET", "other:1", "v"}), "+OK\r\n");
  EXPECT_EQ(client.Do({"SET", "user:1", "v", "EX", "50"}), "+OK\r\n");
  EXPECT_EQ(direct.Do({"DBSIZE"}), ":2\r\n");
}

TEST_P(TtlPolicies, TransactionIsJudgedAtExec) {
  Enforce(kReject);
  for (const bool at_once : {false, true}) {
    const auto run = [&](std::initializer_list<Words> commands) {
      RawClient client = Client();
      std::string all;
      std::string answers;
      for (const Words& words : commands) {
        all += Encode(words);
        if (!at_once) answers += client.Do(words);
      }
      client.Send((at_once ? all : std::string()) + Encode({"ECHO", "end"}));
      answers += client.ReadUntil("end\r\n");
      return answers.substr(0, answers.rfind("$3\r\nend"));
    };
    Direct().Do({"FLUSHALL"});
    const std::string refusal = "-EXECABORT herdgate: policy 'user' requires a TTL on SET\r\n";
    EXPECT_EQ(run({{"MULTI"}, {"SET", "user:1", "v"}, {"INCR", "count"}, {"EXEC"}, {"PING"}}),
              "+OK\r\n+QUEUED\r\n+QUEUED\r\n" + refusal + "+PONG\r\n");
    EXPECT_EQ(Direct().Do({"DBSIZE"}), ":0\r\n") << "no part of it was executed";
    // As Django's set_many does it.
    EXPECT_EQ(run({{"MULTI"},
                   {"MSET", "user:1", "a", "user:2", "b"},
                   {"EXPIRE", "user:1", "50"},
                   {"EXPIRE", "user:2", "50"},
                   {"EXEC"}}),
              "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n+OK\r\n:1\r\n:1\r\n");
    EXPECT_GT(Pttl("user:2"), 0);
    EXPECT_EQ(run({{"MULTI"}, {"SET", "user:3", "v"}, {"EXPIRE", "user:4", "50"}, {"EXEC"}}),
              "+OK\r\n+QUEUED\r\n+QUEUED\r\n" + refusal);
    EXPECT_EQ(run({{"WATCH", "user:1"}, {"MULTI"}, {"SET", "user:3", "v"}, {"DISCARD"}, {"GET", "user:3"}}),
              "+OK\r\n+OK\r\n+QUEUED\r\n+OK\r\n$-1\r\n");
    EXPECT_EQ(run({{"MULTI"}, {"SET", "user:5", "v"}, {"NOSUCH"}, {"EXEC"}}).substr(0, 21),
              "+OK\r\n+QUEUED\r\n-ERR un");
    EXPECT_EQ(Direct().Do({"DBSIZE"}), ":2\r\n");
  }
}

TEST_P(TtlPolicies, EveryWriteLeavesAnExpiryWithinTheBounds) {
  Enforce(kApply);
  const std::vector<Words> writes = {{"SET", "user:k", "v"},
                                     {"SET", "user:k", "v", "EX", "1"},
                                     {"SET", "user:k", "v", "PX", "99999999"},
                                     {"SETEX", "user:k", "999999", "v"},
                                     {"SETNX", "user:k", "v"},
                                     {"GETSET", "user:k", "v"},
                                     {"MSET", "user:k", "v", "other", "v"},
                                     {"MSETNX", "user:k", "v"},
                                     {"INCR", "user:k"},
                                     {"APPEND", "user:k", "v"},
                                     {"SETRANGE", "user:k", "2", "v"},
                                     {"SETBIT", "user:k", "2", "1"},
                                     {"BITFIELD", "user:k", "SET", "u8", "0", "1"},
                                     {"HSET", "user:k", "f", "v"},
                                     {"HINCRBYFLOAT", "user:k", "f", "1"},
                                     {"LPUSH", "user:k", "v"},
                                     {"SADD", "user:k", "v"},
                                     {"ZADD", "user:k", "1", "v"},
                                     {"XADD", "user:k", "*", "f", "v"},
                                     {"PFADD", "user:k", "v"},
                                     {"GEOADD", "user:k", "1", "1", "v"},
                                     {"XGROUP", "CREATE", "user:k", "g", "$", "MKSTREAM"},
                                     {"COPY", "source", "user:k"},
                                     {"RENAME", "source", "user:k"},
                                     {"SUNIONSTORE", "user:k", "set"},
                                     {"SORT", "list", "STORE", "user:k"},
                                     {"RPOPLPUSH", "list", "user:k"},
                                     {"SMOVE", "set", "user:k", "m"},
                                     {"BITOP", "NOT", "user:k", "source"},
                                     {"ZRANGESTORE", "user:k", "zset", "0", "-1"},
                                     {"EVAL", "return redis.call('SET', KEYS[1], 'v')", "1", "user:k"}};
  RawClient client = Client();
  for (const bool in_multi : {false, true}) {
    for (const Words& words : writes) {
      Direct().Do({"FLUSHALL"});
      for (const Words& given : std::initializer_list<Words>{
               {"SET", "source", "1"}, {"SADD", "set", "m"}, {"RPUSH", "list", "1"}, {"ZADD", "zset", "1", "m"}}) {
        Direct().Do(given);
      }
      if (in_multi) client.Do({"MULTI"});
      const std::string answer = client.Do(words);
      const std::string executed = in_multi ? client.Do({"EXEC"}) : answer;
      EXPECT_EQ(("\n" + executed).find("\n-"), std::string::npos) << words[0] << ": " << executed;
      // A follow-up may come a moment after the reply.
      EXPECT_TRUE(Eventually([] { return Pttl("user:k") > 0; })) << words[0] << ": " << Pttl("user:k");
      EXPECT_LE(Pttl("user:k"), 3600 * 1000) << words[0];
      EXPECT_GT(Pttl("user:k"), 8 * 1000) << words[0];
      EXPECT_EQ(Direct().Do({"PERSIST", "other"}), ":0\r\n") << "a key that no policy matches has no TTL";
    }
  }
}

TEST_P(TtlPolicies, JitterOnlyShortens) {
  Enforce(R"(policies:
  - {name: user, match: ["user:*"], mode: enforce, ttl: {missing: apply, default: 1000s, jitter: 20%}}
)");
  RawClient client = Client();
  std::vector<long long> ttls;
  for (int i = 0; i < 200; ++i) {
    const std::string key = "user:" + std::to_string(i);
    client.Do(i % 2 == 0 ? Words{"SET", key, "v"} : Words{"SET", key, "v", "EX", "1000"});
    ttls.push_back(Pttl(key));
  }
  std::sort(ttls.begin(), ttls.end());
  EXPECT_LE(ttls.back(), 1000 * 1000);
  EXPECT_GT(ttls.front(), 790 * 1000);
  // 200 draws of a fifth: their ends are near the bounds, and they are no two or three values.
  EXPECT_LT(ttls.front(), 820 * 1000);
  EXPECT_GT(ttls.back(), 980 * 1000);
  EXPECT_GT(std::distance(ttls.begin(), std::unique(ttls.begin(), ttls.end())), 150);
}

TEST_P(TtlPolicies, AuditChangesNoByte) {
  const Script script = {{"SET", "user:1", "v"},
                         {"SETNX", "user:2", "v"},
                         {"MSET", "user:3", "v", "user:4", "v"},
                         {"HSET", "user:5", "f", "v"},
                         {"MULTI"},
                         {"SET", "user:6", "v"},
                         {"PERSIST", "user:6"},
                         {"EXEC"},
                         {"EVAL", "return redis.call('SET', 'user:' .. ARGV[1], 'v')", "0", "7"},
                         {"SORT", "user:8", "BY", "user:*"},
                         {"KEYS", "user:?"},
                         {"RESTORE", "user:9", "0", "user: no payload"},
                         {"EXPIRE", "user:1", "99999999"},
                         {"GETEX", "user:1", "PERSIST"},
                         {"MIGRATE", "127.0.0.1", "1", "user:none", "0", "10"},
                         {"SET", "user:1", "v", "EX", "abc"}};
  const auto run = [&](const std::string& policies) {
    Direct().Do({"FLUSHALL"});
    Enforce(policies);
    RawClient direct = Direct();
    Monitor monitor(Direct());
    RawClient client = Client();
    const std::string answers = Play(client, script, Way::kEach);
    return answers + monitor.Commands(direct, "user:");
  };
  const std::string plain = run("");
  const std::string audited = run(R"(policies:
  - name: user
    match: ["user:*"]
    mode: audit
    ttl: {missing: reject, default: 1m, max: 1h, jitter: 50%}
    version: {schema: 7, require: "no key"}
)");
  EXPECT_EQ(audited, plain);
  EXPECT_NE(plain.find("[0] \"SET\" \"user:1\" \"v\"\n"), std::string::npos) << "the monitor saw something";
}

// SET is so near to a TTL that a policy may ask for it; HSET has no form with one.
TEST_P(TtlPolicies, CommandThatCanNotCarryATtlIsNotRefused) {
  Enforce(kReject);
  RawClient client = Client();
  EXPECT_EQ(client.Do({"HSET", "user:1", "f", "v"}), ":1\r\n");
  EXPECT_EQ(client.Do({"GET", "user:2"}), "$-1\r\n");
  EXPECT_EQ(client.Do({"SET", "user:3"}), "-ERR wrong number of arguments for 'set' command\r\n");
  EXPECT_EQ(client.Do({"SET", "user:3", "v", "EX", "0"}), "-ERR invalid expire time in 'set' command\r\n");
}

HERDGATE_WITH_LOOPS(TtlPolicies);

}  // namespace
}  // namespace herdgate::integration

// Tags on a real redis-server: what several processes know of each other's bumps, and what becomes of a lost log.
#include <set>
#include <thread>

#include "sidecar/pipeline/generations.h"
#include "tests/unit/pipeline/generations_fixture.h"

namespace herdgate::pipeline {
namespace {

using base::ErrorCode;
using integration::Eventually;
using integration::Words;
using std::chrono::milliseconds;
using std::chrono::seconds;

policy::Policy Tagged(const std::string& name, std::vector<policy::TagRule> rules = {{"[^:]*:([0-9]+):.*", "t:{1}"}}) {
  policy::Policy policy = Versioned(name);
  policy.tags = std::move(rules);
  return policy;
}

class GenerationsTagsTest : public GenerationsTest {
 protected:
  static constexpr const char* kLog = "__herdgate:tags:user";
  static constexpr const char* kKey = "user:1:a";

  void StartTagged(std::size_t count, bool asks = true) {
    for (std::size_t i = 0; i < count; ++i)
      nodes.push_back(std::make_unique<Node>(redis().Url(), std::vector{Tagged("user")}, seconds(5), asks));
    for (const auto& node : nodes) ASSERT_TRUE(node->Knows());
  }
  bool AllName(const std::string& key, const std::string& name, milliseconds patience = integration::kPatience) {
    return Eventually(
        [&] { return std::ranges::all_of(nodes, [&](const auto& node) { return node->Physical(key) == name; }); },
        patience);
  }
  // All know a name, and it is the same.
  bool AllAgree(const std::string& key, milliseconds patience = integration::kPatience) {
    return Eventually(
        [&] {
          const std::string name = nodes[0]->Physical(key);
          return !name.empty() &&
                 std::ranges::all_of(nodes, [&](const auto& node) { return node->Physical(key) == name; });
        },
        patience);
  }
};

TEST_F(GenerationsTagsTest, ABumpRenamesTheTagsKeysEverywhereAndNoOthers) {
  StartTagged(3, false);
  const std::string other = nodes[0]->Physical("user:2:a");
  std::set<std::string> names = {nodes[0]->Physical(kKey)};
  for (std::size_t i = 0; i < 20; ++i) {
    Node& node = *nodes[i % 3];
    const auto bumped = node.BumpTag("t:1");
    ASSERT_TRUE(bumped.ok()) << bumped.status().message();
    EXPECT_EQ(bumped.value().generation, node.value());
    EXPECT_GT(bumped.value().version, node.value());
    const std::string name = node.Physical(kKey);
    EXPECT_EQ(name, policy::VersionPrefix({}, node.value(), bumped.value().version) + kKey);
    EXPECT_TRUE(names.insert(name).second);
    EXPECT_TRUE(AllName(kKey, name, seconds(1)));
    EXPECT_TRUE(AllName("user:2:a", other));
  }
  EXPECT_EQ(nodes[0]->Metric("herdgate_policy_tag_bumps_total"), 7);
  EXPECT_EQ(nodes[0]->Metric("herdgate_policy_tags"), 1);
  EXPECT_EQ(nodes[0]->Metric("herdgate_policy_generation_bumps_total"), 0);
}

TEST_F(GenerationsTagsTest, NothingIsStoredBeforeTheFirstBump) {
  StartTagged(1);
  EXPECT_EQ(Do({"EXISTS", kLog}), ":0\r\n");
  EXPECT_EQ(Do({"GET", kCounter}), "$13\r\n" + std::to_string(nodes[0]->value()) + "\r\n");
}

TEST_F(GenerationsTagsTest, ANewcomerReadsTheWholeLog) {
  StartTagged(1);
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(nodes[0]->BumpTag("t:" + std::to_string(i % 40)).ok());
  StartTagged(1);
  for (int i = 0; i < 40; ++i) {
    const std::string key = "user:" + std::to_string(i) + ":a";
    EXPECT_EQ(nodes[1]->Physical(key), nodes[0]->Physical(key));
    EXPECT_NE(nodes[1]->Physical(key).find(".t"), std::string::npos);
  }
}

TEST_F(GenerationsTagsTest, BumpsOfManyProcessesAtOnceAllCount) {
  StartTagged(3);
  std::vector<std::future<base::Result<TagBump>>> bumps;
  for (std::size_t i = 0; i < 90; ++i) bumps.push_back(nodes[i % 3]->StartTagBump("t:" + std::to_string(i)));
  std::set<std::uint64_t> versions;
  for (std::size_t i = 0; i < bumps.size(); ++i) {
    const auto bumped = bumps[i].get();
    ASSERT_TRUE(bumped.ok()) << bumped.status().message();
    ASSERT_NE(bumped.value().version, 0U);
    EXPECT_TRUE(versions.insert(bumped.value().version).second);
  }
  for (int i = 0; i < 90; ++i) {
    const std::string key = "user:" + std::to_string(i) + ":a";
    EXPECT_TRUE(AllAgree(key));
    EXPECT_NE(nodes[0]->Physical(key).find(".t"), std::string::npos) << key;
  }
}

TEST_F(GenerationsTagsTest, BumpReturnsWhenEveryLoopHasTheNameAndNotBefore) {
  StartTagged(1);
  const std::string before = nodes[0]->Physical(kKey);
  nodes[0]->holds = true;
  auto bumped = nodes[0]->StartTagBump("t:1");
  ASSERT_TRUE(Eventually([&] { return nodes[0]->Physical(kKey) != before; }));
  EXPECT_EQ(bumped.wait_for(milliseconds(20)), std::future_status::timeout);
  nodes[0]->Release();
  EXPECT_TRUE(bumped.get().ok());
}

TEST_F(GenerationsTagsTest, ANewGenerationForgetsTheTags) {
  StartTagged(2);
  ASSERT_TRUE(nodes[0]->BumpTag("t:1").ok());
  const auto bumped = nodes[1]->Bump();
  ASSERT_TRUE(bumped.ok());
  EXPECT_TRUE(AllName(kKey, "g" + std::to_string(bumped.value()) + ":" + kKey));
  EXPECT_EQ(Do({"EXISTS", kLog}), ":0\r\n");
  ASSERT_TRUE(nodes[0]->BumpTag("t:1").ok());
  EXPECT_TRUE(AllAgree(kKey));
  EXPECT_NE(nodes[1]->Physical(kKey).find(".t"), std::string::npos);
}

TEST_F(GenerationsTagsTest, ALostLogIsWrittenAgainByWhoKnowsIt) {
  StartTagged(3);
  ASSERT_TRUE(nodes[0]->BumpTag("t:2").ok());
  ASSERT_TRUE(nodes[0]->BumpTag("t:1").ok());
  const std::string name = nodes[0]->Physical(kKey);
  ASSERT_TRUE(AllName(kKey, name));
  const std::uint64_t generation = nodes[0]->value();
  for (const Words& loss :
       {Words{"DEL", kLog}, Words{"FLUSHALL"}, Words{"DEL", kCounter}, Words{"SETRANGE", kLog, "0", "junk"},
        Words{"SET", kCounter, std::to_string(generation)}, Words{"RENAME", kLog, "elsewhere"}}) {
    ASSERT_FALSE(Do(loss).starts_with('-'));
    // What has gone to the middle of the log is noticed by newcomers alone.
    if (loss[0] == "SETRANGE") Do({"DEL", kLog});
    const auto whole = [&] {
      const std::string log = integration::Text(Do({"GET", kLog}));
      return log.find(" t:1\n") != std::string::npos && log.find(" t:2\n") != std::string::npos &&
             integration::Text(Do({"GET", kCounter})).find('.') != std::string::npos;
    };
    EXPECT_TRUE(Eventually(whole)) << loss[0];
    EXPECT_TRUE(AllName(kKey, name)) << loss[0];
    Node newcomer(redis().Url(), {Tagged("user")});
    ASSERT_TRUE(newcomer.Knows());
    EXPECT_EQ(newcomer.Physical(kKey), name) << loss[0];
  }
}

// Its name from before any bump would be the old one.
TEST_F(GenerationsTagsTest, WhereNobodyKnowsALostLogANewGenerationBegins) {
  StartTagged(1);
  ASSERT_TRUE(nodes[0]->BumpTag("t:1").ok());
  const std::uint64_t generation = nodes[0]->value();
  nodes.clear();
  Do({"DEL", kLog});
  StartTagged(2);
  EXPECT_GT(nodes[0]->value(), generation);
  EXPECT_TRUE(AllBecome(nodes[0]->value()));
}

TEST_F(GenerationsTagsTest, ACutLogIsALostOne) {
  StartTagged(1);
  ASSERT_TRUE(nodes[0]->BumpTag("t:1").ok());
  ASSERT_TRUE(nodes[0]->BumpTag("t:2").ok());
  const std::uint64_t generation = nodes[0]->value();
  nodes.clear();
  const std::string log = integration::Text(Do({"GET", kLog}));
  Do({"SET", kLog, log.substr(log.find('\n') + 1)});
  StartTagged(1);
  EXPECT_GT(nodes[0]->value(), generation);
}

TEST_F(GenerationsTagsTest, EmptyRestartOfTheUpstreamBringsNoOldNameBack) {
  StartTagged(2);
  std::set<std::string> names = {nodes[0]->Physical(kKey)};
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(nodes[0]->BumpTag("t:1").ok());
    names.insert(nodes[0]->Physical(kKey));
  }
  redis().Kill();
  ASSERT_TRUE(redis().Start());
  ASSERT_TRUE(Eventually([&] {
    return !nodes[0]->Physical(kKey).empty() && !names.contains(nodes[0]->Physical(kKey)) &&
           !names.contains(nodes[1]->Physical(kKey));
  }));
  EXPECT_TRUE(AllAgree(kKey));
}

TEST_F(GenerationsTagsTest, RestartWithAnOlderDumpIsRaisedToWhatWasSeen) {
  StartTagged(2);
  ASSERT_TRUE(nodes[0]->BumpTag("t:2").ok());
  ASSERT_EQ(Do({"SAVE"}), "+OK\r\n");
  ASSERT_TRUE(nodes[0]->BumpTag("t:1").ok());
  const std::string name = nodes[0]->Physical(kKey);
  ASSERT_TRUE(AllName(kKey, name));
  redis().Kill();
  ASSERT_TRUE(redis().Start());
  EXPECT_TRUE(Eventually([&] { return integration::Text(Do({"GET", kLog})).find(" t:1\n") != std::string::npos; }));
  EXPECT_TRUE(AllName(kKey, name));
}

// A failover: the new master lacks what one process saw acknowledged, and another process goes on from there.
TEST_F(GenerationsTagsTest, ALogThatPartedInAFailoverIsNotTaken) {
  for (const std::int64_t ahead_ms : {-60'000, 60'000}) {
    SCOPED_TRACE(ahead_ms);
    nodes.clear();
    Do({"FLUSHALL"});
    StartTagged(1);
    ASSERT_TRUE(nodes[0]->BumpTag("t:10").ok());
    const std::string counter = Do({"GET", kCounter});
    const CounterReading reading = ReadCounter(resp::ParseReply(counter).value().reply);
    TagLog other;
    ASSERT_TRUE(other.Take(reading.value, reading.tags, integration::Text(Do({"GET", kLog}))));
    nodes[0]->clock.offset_ms = 60'000;
    ASSERT_TRUE(nodes[0]->BumpTag("t:12").ok());
    nodes[0]->clock.offset_ms = 0;
    const std::string before = nodes[0]->Physical("user:13:a");
    const std::uint64_t version = NowMs() + 60'000 + static_cast<std::uint64_t>(ahead_ms) + 1000;
    for (const std::uint64_t i : {3, 4}) {
      const std::string tag = "t:1" + std::to_string(i);
      other.Written(reading.value, other.NextLine(reading.value, tag, version + i, reading.tags.rules));
    }
    Do({"EVAL", "redis.call('SET', KEYS[1], ARGV[1]) redis.call('SET', KEYS[2], ARGV[2])", "2", kCounter, kLog,
        CounterText(reading.value, other.mark()), other.Whole().text});
    EXPECT_TRUE(Eventually([&] { return nodes[0]->value() > reading.value; }));
    EXPECT_NE(nodes[0]->Physical("user:13:a"), before);
    EXPECT_EQ(Do({"EXISTS", kLog}), ":0\r\n");
  }
}

TEST_F(GenerationsTagsTest, ABumpThatALostConnectionHidIsReadOnTheNext) {
  StartTagged(2, false);
  for (int i = 0; i < 5; ++i) {
    // Both connections go before the bump, and its push with them.
    Do({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
    const auto bumped = nodes[0]->BumpTag("t:1");
    ASSERT_TRUE(bumped.ok()) << bumped.status().message();
    EXPECT_TRUE(AllName(kKey, nodes[0]->Physical(kKey)));
  }
}

TEST_F(GenerationsTagsTest, ABumpUnderWayIsTriedAgainOnTheNextConnection) {
  StartTagged(1);
  const std::string before = nodes[0]->Physical(kKey);
  redis().Freeze();
  auto bumped = nodes[0]->StartTagBump("t:1");
  nodes[0]->Run([] {});
  redis().Kill();
  ASSERT_TRUE(redis().Start());
  const auto result = bumped.get();
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_NE(nodes[0]->Physical(kKey), before);
}

TEST_F(GenerationsTagsTest, PollsEverySecondWhereTrackingIsRefused) {
  StartRedis({"--rename-command", "CLIENT", ""});
  StartTagged(2);
  ASSERT_TRUE(nodes[0]->BumpTag("t:1").ok());
  EXPECT_TRUE(AllName(kKey, nodes[0]->Physical(kKey), seconds(3)));
}

TEST_F(GenerationsTagsTest, AReloadToOtherRulesBeginsAGenerationIfATagWasBumped) {
  Node node(redis().Url(), {Tagged("user")});
  ASSERT_TRUE(node.Knows());
  const std::uint64_t first = node.value();
  node.Apply({Tagged("user", {{"[^:]*:[0-9]+:(.*)", "t:{1}"}})});
  EXPECT_TRUE(node.Knows());
  EXPECT_EQ(node.value(), first) << "nothing was hidden";
  ASSERT_TRUE(node.BumpTag("t:a").ok());
  for (const auto& rules : {std::vector<policy::TagRule>{}, std::vector<policy::TagRule>{{".*", "all"}}}) {
    const std::uint64_t before = node.value();
    node.Apply({Tagged("user", rules)});
    ASSERT_TRUE(node.Knows());
    EXPECT_GT(node.value(), before);
    if (!rules.empty()) break;
    node.Apply({Tagged("user")});
    ASSERT_TRUE(node.Knows());
    ASSERT_TRUE(node.BumpTag("t:1").ok());
  }
}

TEST_F(GenerationsTagsTest, AReloadWithTheSameRulesKeepsNames) {
  Node node(redis().Url(), {Tagged("user"), Tagged("cart")});
  ASSERT_TRUE(node.Knows(0) && node.Knows(1));
  ASSERT_TRUE(node.BumpTag("t:1").ok());
  const std::string name = node.Physical(kKey);
  node.Apply({Tagged("cart"), Tagged("user")});
  EXPECT_EQ(node.Physical(kKey), name);
  policy::Policy schema = Tagged("user");
  schema.version.schema = 7;
  node.Apply({schema});
  EXPECT_EQ(node.Physical(kKey), "v7." + name.substr(1));
}

TEST_F(GenerationsTagsTest, AProcessWithOtherRulesMakesItABumpOfThePolicy) {
  StartTagged(1);
  Node other(redis().Url(), {Tagged("user", {{".*", "all"}})});
  ASSERT_TRUE(other.Knows());
  const std::uint64_t before = nodes[0]->value();
  ASSERT_TRUE(nodes[0]->BumpTag("t:1").ok());
  EXPECT_TRUE(Eventually([&] { return other.value() > before && nodes[0]->value() == other.value(); }));
  EXPECT_EQ(nodes[0]->Physical(kKey), other.Physical(kKey));
}

TEST_F(GenerationsTagsTest, OnlyPoliciesWithRulesAreAsked) {
  Node node(redis().Url(), {Versioned("plain"), Tagged("user")});
  ASSERT_TRUE(node.Knows(0) && node.Knows(1));
  EXPECT_EQ(node.BumpTag("t:1", "plain").status().message(), "policy 'plain' has no rules for tags");
  EXPECT_EQ(node.BumpTag("t:1", "nobody").status().code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(node.BumpTag("t:1", "user").ok());
}

TEST_F(GenerationsTagsTest, BumpThatIsRefusedChangesNothing) {
  Do({"ACL", "SETUSER", "reader", "on", ">secret", "+@all", "-append", "~*"});
  const std::string url = "redis://reader:secret@127.0.0.1:" + std::to_string(redis().port());
  Node node(url, {Tagged("user")});
  ASSERT_TRUE(node.Knows());
  ASSERT_TRUE(node.BumpTag("t:2").ok()) << "the first one is a SET";
  const std::string name = node.Physical(kKey);
  const auto bumped = node.BumpTag("t:1");
  EXPECT_EQ(bumped.status().code(), ErrorCode::kUnavailable);
  EXPECT_NE(bumped.status().message().find("NOPERM"), std::string::npos) << bumped.status().message();
  EXPECT_EQ(node.Physical(kKey), name);
  ASSERT_TRUE(node.Bump().ok()) << "the connection is none the worse";
}

}  // namespace
}  // namespace herdgate::pipeline

// Generations where the upstream is old, denies, is gone, hangs or loses the connection, and over reloads.
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

class GenerationsFaultsTest : public GenerationsTest {
 protected:
  // The names of the connections that Redis has, in the order of their ids.
  std::string Clients() { return integration::Text(Do({"CLIENT", "LIST"})); }
  long long CallsOf(const std::string& command) {
    const std::string stats = integration::Text(Do({"INFO", "commandstats"}));
    const auto at = stats.find("cmdstat_" + command + ":calls=");
    return at == std::string::npos ? 0 : std::atoll(stats.c_str() + stats.find('=', at) + 1);
  }
  void KillControlLanes() {
    const std::string list = Clients();
    for (std::size_t at = 0; (at = list.find("id=", at)) != std::string::npos; ++at) {
      if (at > 0 && list[at - 1] != '\n') continue;
      const std::string line = list.substr(at, list.find('\n', at) - at);
      if (line.find("name=herdgate-control") == std::string::npos) continue;
      Do({"CLIENT", "KILL", "ID", line.substr(3, line.find(' ') - 3)});
    }
  }
};

TEST_F(GenerationsFaultsTest, PollsEverySecondWhereTrackingIsRefused) {
  StartRedis({"--rename-command", "CLIENT", ""});
  StartNodes(3);
  EXPECT_EQ(nodes[0]->Metric("herdgate_generation_tracking"), 0);
  const auto bumped = nodes[0]->Bump();
  ASSERT_TRUE(bumped.ok());
  EXPECT_TRUE(AllBecome(bumped.value(), seconds(3)));
  // Nobody can say what was missed between two looks.
  Do({"DEL", kCounter});
  EXPECT_TRUE(Eventually([&] { return nodes[0]->value() > bumped.value() && AllBecome(Counter(), milliseconds(10)); }));
}

TEST_F(GenerationsFaultsTest, SpeaksResp2WithAnUpstreamThatHasNoHello) {
  StartRedis({"--rename-command", "HELLO", ""});
  StartNodes(2);
  EXPECT_EQ(nodes[0]->Metric("herdgate_generation_tracking"), 0);
  EXPECT_EQ(nodes[0]->Metric("herdgate_generation_errors_total"), 0);
  const auto bumped = nodes[0]->Bump();
  ASSERT_TRUE(bumped.ok());
  EXPECT_TRUE(AllBecome(bumped.value(), seconds(3)));
}

TEST_F(GenerationsFaultsTest, NothingIsOpenedWithoutAnEnforcedGeneration) {
  policy::Policy audited = Versioned("audited");
  audited.mode = policy::Mode::kAudit;
  policy::Policy off = Versioned("off");
  off.mode = policy::Mode::kOff;
  policy::Policy plain = Versioned("plain");
  plain.version = {.schema = 7, .generation = false, .require = {}};
  Node node(redis().Url(), {audited, off, plain});
  node.Run([] {});
  EXPECT_EQ(node.Bump("audited").status().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(node.Bump("plain").status().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(node.Bump("nobody").status().message(), "there is no policy 'nobody'");
  EXPECT_EQ(Clients().find("herdgate-control"), std::string::npos);
  EXPECT_EQ(Do({"DBSIZE"}), ":0\r\n");
  EXPECT_EQ(node.Metric("herdgate_generation_tracking"), 0);
}

TEST_F(GenerationsFaultsTest, LastKnownGenerationHoldsWhileTheUpstreamIsGone) {
  Node node(redis().Url(), {Versioned("user")}, milliseconds(300));
  ASSERT_TRUE(node.Knows());
  const std::uint64_t before = node.value();
  redis().Kill();
  EXPECT_TRUE(Eventually([&] { return node.Metric("herdgate_generation_errors_total") > 1; }));
  EXPECT_EQ(node.value(), before);
  EXPECT_EQ(node.Metric("herdgate_policy_generation_known"), 1);
  EXPECT_EQ(node.Metric("herdgate_generation_tracking"), 0);
}

TEST_F(GenerationsFaultsTest, BumpEndsAtTheTimeoutOfTheUpstream) {
  Node node(redis().Url(), {Versioned("user")}, milliseconds(300));
  ASSERT_TRUE(node.Knows());
  redis().Kill();
  const auto start = std::chrono::steady_clock::now();
  const auto first = node.StartBump();
  auto second = node.StartBump();
  const auto bumped = second.get();
  EXPECT_EQ(bumped.status().code(), ErrorCode::kTimeout);
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(300));
  EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(3));
}

TEST_F(GenerationsFaultsTest, BumpUnderWayIsTriedAgainOnTheNextConnection) {
  StartNodes(1);
  redis().Freeze();
  auto bumped = nodes[0]->StartBump();
  std::this_thread::sleep_for(milliseconds(20));  // the request is most likely on its way
  redis().Kill();
  ASSERT_TRUE(redis().Start());
  const auto result = bumped.get();
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_TRUE(CounterBecomes(nodes[0]->value()));
}

TEST_F(GenerationsFaultsTest, FrozenUpstreamIsGivenUpAndFoundAgain) {
  Node node(redis().Url(), {Versioned("user")}, milliseconds(300));
  ASSERT_TRUE(node.Knows());
  redis().Freeze();
  EXPECT_TRUE(Eventually([&] { return node.Metric("herdgate_generation_errors_total") > 0; }));
  redis().Thaw();
  // What a frozen upstream was asked it may still do: bumps go on above it.
  EXPECT_TRUE(Eventually([&] { return node.Bump().ok(); }));
  EXPECT_TRUE(CounterBecomes(node.value()));
}

TEST_F(GenerationsFaultsTest, BumpThatALostConnectionHidIsReadOnTheNext) {
  StartNodes(3);
  for (int i = 0; i < 5; ++i) {
    KillControlLanes();
    // By somebody who is not one of the nodes.
    const std::uint64_t bumped = std::max(NowMs(), nodes[0]->value() + 1);
    Do({"SET", kCounter, std::to_string(bumped)});
    EXPECT_TRUE(AllBecome(bumped, seconds(3)));
  }
}

TEST_F(GenerationsFaultsTest, LossOfTheCounterInAGapBeginsAnewAndNotWithTheOldOne) {
  StartNodes(1);
  const std::uint64_t before = nodes[0]->value();
  auto client = redis().Client();
  // All in one turn of Redis: the node comes back after the bump and the loss, and has seen neither.
  client.Say({"MULTI"});
  client.Say({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
  client.Say({"SET", kCounter, std::to_string(before + 1)});
  client.Say({"DEL", kCounter});
  client.Say({"EXEC"});
  EXPECT_TRUE(Eventually([&] { return nodes[0]->value() > before + 1; }));
  EXPECT_TRUE(CounterBecomes(nodes[0]->value()));
}

TEST_F(GenerationsFaultsTest, RefusedWritesAreCountedAndNotRepeatedAtOnce) {
  Do({"ACL", "SETUSER", "reader", "on", ">secret", "+@all", "-set", "~*"});
  const std::string url = "redis://reader:secret@127.0.0.1:" + std::to_string(redis().port());
  Node node(url);
  EXPECT_TRUE(Eventually([&] { return node.Metric("herdgate_generation_errors_total") > 0; }));
  const auto bumped = node.Bump();
  ASSERT_FALSE(bumped.ok());
  EXPECT_EQ(bumped.status().code(), ErrorCode::kUnavailable);
  EXPECT_NE(bumped.status().message().find("NOPERM"), std::string::npos) << bumped.status().message();
  std::this_thread::sleep_for(milliseconds(1500));
  EXPECT_LT(CallsOf("get"), 12);
  EXPECT_EQ(node.value(), 0);
  // Somebody else may write it.
  Do({"SET", kCounter, "1763680000123"});
  EXPECT_TRUE(Eventually([&] { return node.value() == 1763680000123; }));
}

TEST_F(GenerationsFaultsTest, WrongPasswordIsTriedSlowly) {
  Node node("redis://nobody:wrong@127.0.0.1:" + std::to_string(redis().port()));
  EXPECT_TRUE(Eventually([&] { return node.Metric("herdgate_generation_errors_total") > 1; }));
  const long long before = CallsOf("auth");
  std::this_thread::sleep_for(milliseconds(1000));
  EXPECT_LT(CallsOf("auth") - before, 60);
  EXPECT_EQ(node.value(), 0);
}

TEST_F(GenerationsFaultsTest, ReloadKeepsGenerationsByTheNameOfThePolicy) {
  Node node(redis().Url(), {Versioned("a"), Versioned("b")});
  ASSERT_TRUE(node.Knows(0) && node.Knows(1));
  const std::uint64_t a = node.Bump("a").value();
  const std::uint64_t b = node.Bump("b").value();
  policy::Policy plain;
  plain.name = "plain";
  plain.match = {"p:*"};
  node.Apply({plain, Versioned("b"), Versioned("a"), Versioned("c")});
  EXPECT_EQ(node.value(0), 0);
  EXPECT_EQ(node.value(1), b);
  EXPECT_EQ(node.value(2), a);
  EXPECT_TRUE(node.Knows(3));
}

TEST_F(GenerationsFaultsTest, PolicyThatComesBackIsReadBeforeItIsKnown) {
  Node node(redis().Url(), {Versioned("a"), Versioned("user")});
  ASSERT_TRUE(node.Knows(1));
  const std::uint64_t before = node.value(1);
  node.Apply({Versioned("a")});
  Do({"SET", kCounter, std::to_string(before + 5)});
  node.Apply({Versioned("a"), Versioned("user")});
  ASSERT_TRUE(node.Knows(1));
  EXPECT_EQ(node.value(1), before + 5);
}

TEST_F(GenerationsFaultsTest, ConnectionGoesWithTheLastGenerationAndComesBackWithTheNext) {
  Node node(redis().Url());
  ASSERT_TRUE(node.Knows());
  node.Apply({});
  EXPECT_TRUE(Eventually([&] { return Clients().find("herdgate-control") == std::string::npos; }));
  node.Apply({Versioned("user")});
  EXPECT_TRUE(node.Knows());
  EXPECT_EQ(node.value(), Counter());
}

TEST_F(GenerationsFaultsTest, StoppingEndsWhatIsUnderWay) {
  auto node = std::make_unique<Node>(redis().Url());
  ASSERT_TRUE(node->Knows());
  redis().Freeze();
  auto bumped = node->StartBump();
  node->Run([] {});
  node = nullptr;
  EXPECT_EQ(bumped.get().status().code(), ErrorCode::kUnavailable);
  redis().Thaw();
}

}  // namespace
}  // namespace herdgate::pipeline

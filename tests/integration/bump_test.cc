// herdgate bump: what it writes, what it prints, and how it fails.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include "sidecar/app/bump.h"
#include "tests/integration/support/sidecar_process.h"

namespace herdgate::integration {
namespace {

using std::chrono::milliseconds;

constexpr const char* kCounter = "__herdgate:generation:user";

class BumpTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!RedisProcess::Installed()) GTEST_SKIP() << "redis-server is not installed";
  }
  static config::Options Options(const std::string& url) {
    config::Options options;
    options.upstream.url = base::ParseUpstreamUrl(url).value();
    options.upstream.timeout = milliseconds(400);
    policy::Policy user;
    user.name = "user";
    user.match = {"user:*"};
    user.version.generation = true;
    policy::Policy plain;
    plain.name = "plain";
    plain.match = {"plain:*"};
    options.policies = {user, plain};
    return options;
  }
};

TEST_F(BumpTest, PrintsTheNewGenerationThatTheCounterThenHas) {
  const RedisProcess redis;
  RawClient client = redis.Client();
  std::uint64_t last = 0;
  for (const std::string& url : {redis.Url(), "unix://" + redis.socket()}) {
    const app::BumpOutcome outcome = app::Bump(Options(url), "user");
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.err, "");
    EXPECT_EQ(outcome.out, Text(client.Do({"GET", kCounter})) + "\n");
    const std::uint64_t value = std::strtoull(outcome.out.c_str(), nullptr, 10);
    EXPECT_GT(value, last);
    last = value;
  }
}

TEST_F(BumpTest, CounterThatIsLostRightBehindItIsWrittenAgain) {
  const RedisProcess redis;
  RawClient client = redis.Client();
  client.Do({"SET", kCounter, "5"});
  std::thread vandal([&] {
    const auto bumped = [&] { return Text(client.Do({"GET", kCounter})).size() > 1; };
    EXPECT_TRUE(Eventually(bumped));
    client.Do({"DEL", kCounter});
  });
  const app::BumpOutcome outcome = app::Bump(Options(redis.Url()), "user");
  vandal.join();
  EXPECT_EQ(Text(client.Do({"GET", kCounter})) + "\n", outcome.out);
}

TEST_F(BumpTest, NothingToBumpIsAMistakeOfTheCaller) {
  const RedisProcess redis;
  const auto refused = [&](const std::string& url, const std::string& policy) {
    const app::BumpOutcome outcome = app::Bump(Options(url), policy);
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_EQ(outcome.out, "");
    return outcome.err;
  };
  EXPECT_EQ(refused(redis.Url(), "nobody"), "herdgate: there is no policy 'nobody'\n");
  EXPECT_EQ(refused(redis.Url(), "plain"),
            "herdgate: policy 'plain' has no generations: it needs mode: enforce and version: {generation: true}\n");
  EXPECT_EQ(refused("memory://", "user"),
            "herdgate: the embedded store (memory://) lives inside the running process, out of reach of bump\n");
}

TEST_F(BumpTest, UpstreamThatIsGoneOrRefusesIsNamed) {
  RedisProcess redis;
  ASSERT_EQ(redis.Client().Do({"ACL", "SETUSER", "default", "-set"}), "+OK\r\n");
  app::BumpOutcome outcome = app::Bump(Options(redis.Url()), "user");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_TRUE(outcome.err.starts_with("herdgate: " + redis.Url() + ": NOPERM ")) << outcome.err;
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1);
  redis.Kill();
  outcome = app::Bump(Options(redis.Url()), "user");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.out, "");
  EXPECT_NE(outcome.err.find("onnection refused\n"), std::string::npos) << outcome.err;
}

TEST_F(BumpTest, BinaryReadsTheFile) {
  if (!SidecarProcess::Built()) GTEST_SKIP() << "the program is not built";
  const RedisProcess redis;
  const TempDir directory;
  const std::string file = directory / "herdgate.yaml";
  std::ofstream(file) << "upstream: {url: \"" << redis.Url() << "\"}\n"
                      << "policies: [{name: user, match: [\"user:*\"], version: {generation: true}}]\n";
  SidecarProcess bump({"bump", file, "user"});
  EXPECT_EQ(bump.ExitCode(), 0);
  EXPECT_EQ(bump.Output(), Text(redis.Client().Do({"GET", kCounter})) + "\n");
  SidecarProcess nobody({"bump", file, "nobody"});
  EXPECT_EQ(nobody.ExitCode(), 2);
  EXPECT_EQ(nobody.Output(), "herdgate: there is no policy 'nobody'\n");
}

}  // namespace
}  // namespace herdgate::integration

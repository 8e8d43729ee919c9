// Reloading the configuration of a running process: by signal, by file, by the swap of a mounted folder. With the real
// binary.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/integration/support/http_get.h"
#include "tests/integration/support/sidecar_process.h"

namespace herdgate::integration {
namespace {

namespace fs = std::filesystem;

class Reload : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!SidecarProcess::Built()) GTEST_SKIP() << "not built: " << SidecarProcess::Binary();
  }

  // A configuration file's text: what every file here has, and `more`.
  std::string Text(const std::string& more) const {
    return "listen: 127.0.0.1:" + std::to_string(port_) +
           "\ntelemetry: {listen: 127.0.0.1:" + std::to_string(telemetry_) + "}\nupstream: {url: memory://}\n" + more;
  }
  static std::string Policy(const std::string& name) {
    return "policies: [{name: " + name + ", match: '" + name + ":*'}]\n";
  }
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(directory_ / (name + ".new")) << text;
    fs::rename(directory_ / (name + ".new"), directory_ / name);
  }
  void Serve(const Words& more = {}) {
    Words words = {"serve", "--config", directory_ / "herdgate.yaml", "--log-format", "json"};
    words.insert(words.end(), more.begin(), more.end());
    process_.emplace(words);
    ASSERT_TRUE(Eventually([this] { return RawClient(DialTcp(port_)).Do({"PING"}) == "+PONG\r\n"; }));
  }
  // A scrape is kept for a second: patience is part of the asking.
  bool Shows(const std::string& metric, double value) const {
    return Eventually([&] { return SumOfSamples(HttpGet(telemetry_, "/metrics").body, metric) == value; });
  }
  bool Logs(const std::string& text) const {
    return Eventually([&] { return process_->Output().find(text) != std::string::npos; });
  }
  // The label of herdgate_config_info.
  std::string Hash() const {
    const std::string text = HttpGet(telemetry_, "/metrics").body;
    const std::string before = "herdgate_config_info{hash=\"";
    const auto at = text.find(before);
    return at == std::string::npos ? "" : text.substr(at + before.size(), 16);
  }

  const TempDir directory_;
  const std::uint16_t port_ = FreePort();
  const std::uint16_t telemetry_ = FreePort();
  std::optional<SidecarProcess> process_;
};

constexpr const char* kApplied = "herdgate_config_reloads_total{result=\"applied\"}";
constexpr const char* kRefused = "herdgate_config_reloads_total{result=\"refused\"}";
constexpr const char* kUnchanged = "herdgate_config_reloads_total{result=\"unchanged\"}";
constexpr const char* kSuccess = "herdgate_config_last_reload_success";

TEST_F(Reload, SighupOfAnUnchangedFileIsCountedAndChangesNothing) {
  Write("herdgate.yaml", Text(Policy("a")));
  Serve();
  const std::string hash = Hash();
  EXPECT_EQ(hash.size(), 16U);
  process_->Signal(SIGHUP);
  EXPECT_TRUE(Shows(kUnchanged, 1));
  EXPECT_TRUE(Shows(kApplied, 0));
  EXPECT_EQ(Hash(), hash);
  process_->Signal(SIGTERM);
  EXPECT_TRUE(process_->Ends());
  EXPECT_EQ(process_->ExitCode(), 0);
}

TEST_F(Reload, SighupAppliesANewFile) {
  // Reached by a link out of its folder, so that no event tells of it.
  fs::create_directory(directory_ / "elsewhere");
  Write("elsewhere/herdgate.yaml", Text(Policy("a")));
  fs::create_symlink("elsewhere/herdgate.yaml", directory_ / "herdgate.yaml");
  Serve();
  const std::string hash = Hash();
  Write("elsewhere/herdgate.yaml", Text(Policy("b")));
  process_->Signal(SIGHUP);
  EXPECT_TRUE(Shows(kApplied, 1));
  EXPECT_TRUE(Shows(kSuccess, 1));
  EXPECT_NE(Hash(), hash);
  EXPECT_TRUE(Logs("\"reload.applied\""));
  EXPECT_TRUE(Logs("\"SIGHUP\""));
  EXPECT_TRUE(Logs(Hash())) << process_->Output();
}

TEST_F(Reload, ConnectedClientsComeUnderTheNewPolicies) {
  const auto text = [&](int schema) {
    return Text("policies: [{name: a, match: 'a:*', version: {schema: " + std::to_string(schema) + "}}]\n");
  };
  Write("herdgate.yaml", text(6));
  Serve({"--loops", "2"});
  RawClient one(DialTcp(port_));
  RawClient other(DialTcp(port_));
  EXPECT_EQ(one.Do({"SET", "a:1", "six"}), "+OK\r\n");
  EXPECT_EQ(other.Do({"GET", "a:1"}), Bulk("six"));
  Write("herdgate.yaml", text(7));
  EXPECT_TRUE(Eventually([&] { return one.Do({"GET", "a:1"}) == "$-1\r\n"; }));
  EXPECT_TRUE(Eventually([&] { return other.Do({"GET", "a:1"}) == "$-1\r\n"; }));
  EXPECT_EQ(one.Do({"SET", "a:1", "seven"}), "+OK\r\n");
  Write("herdgate.yaml", text(6) + "loops: x\n");
  EXPECT_TRUE(Shows(kRefused, 1));
  EXPECT_EQ(other.Do({"GET", "a:1"}), Bulk("seven"));
  Write("herdgate.yaml", text(6));
  EXPECT_TRUE(Eventually([&] { return one.Do({"GET", "a:1"}) == Bulk("six"); }));
}

TEST_F(Reload, RulesOfStampedesComeIntoForceAtOnce) {
  const auto text = [&](const std::string& more) {
    return Text("policies:\n  - {name: a, match: 'a:*'" + more + "}\n");
  };
  constexpr const char* kLookups = "herdgate_lookups_total{";
  Write("herdgate.yaml", text(", stampede: {coalesce: off}"));
  Serve();
  RawClient client(DialTcp(port_));
  EXPECT_EQ(client.Do({"SET", "a:1", "v"}), "+OK\r\n");
  EXPECT_EQ(client.Do({"GET", "a:1"}), Bulk("v"));
  EXPECT_TRUE(Shows(kLookups, 0)) << "nobody has to know who reads what";
  Write("herdgate.yaml", text(", stampede: {coalesce: on, max_wait: 300ms, lease: 300ms}, refresh: {mode: synthetic}"));
  EXPECT_TRUE(Shows(kApplied, 1));
  const std::string hash = Hash();
  EXPECT_EQ(client.Do({"GET", "a:1"}), Bulk("v"));
  EXPECT_TRUE(Shows(kLookups, 1));
  Write("herdgate.yaml", text(", stampede: {max_wait: 300ms, lease: 299ms}"));
  EXPECT_TRUE(Shows(kRefused, 1));
  EXPECT_TRUE(Logs("herdgate.yaml:5:50: policy 'a': stampede.max_wait: it is longer than stampede.lease"))
      << process_->Output();
  EXPECT_EQ(Hash(), hash);
}

TEST_F(Reload, ABadFileKeepsTheOldOneAndSaysWhy) {
  Write("herdgate.yaml", Text(Policy("a")));
  Serve();
  const std::string hash = Hash();
  Write("herdgate.yaml", Text("policies: [{name: A, match: a}]\nloops: none\n"));
  EXPECT_TRUE(Shows(kSuccess, 0));
  EXPECT_TRUE(Shows(kRefused, 1));
  EXPECT_EQ(Hash(), hash);
  EXPECT_TRUE(Logs("herdgate.yaml:4:19: policies[0]: name: expected"));
  EXPECT_TRUE(Logs("herdgate.yaml:5:8: loops: expected"));
  EXPECT_EQ(RawClient(DialTcp(port_)).Do({"PING"}), "+PONG\r\n");
  Write("herdgate.yaml", Text(Policy("a")));
  EXPECT_TRUE(Shows(kSuccess, 1));
  EXPECT_TRUE(Shows(kApplied, 0));
}

TEST_F(Reload, TheSwapOfAMountedConfigMapIsNoticed) {
  for (const char* version : {"..1", "..2"}) fs::create_directory(directory_ / version);
  Write("..1/herdgate.yaml", Text(Policy("a")));
  Write("..2/herdgate.yaml", Text(Policy("b")));
  fs::create_symlink("..1", directory_ / "..data");
  fs::create_symlink("..data/herdgate.yaml", directory_ / "herdgate.yaml");
  Serve();
  fs::create_symlink("..2", directory_ / "..data_tmp");
  fs::rename(directory_ / "..data_tmp", directory_ / "..data");
  fs::remove_all(directory_ / "..1");
  EXPECT_TRUE(Shows(kApplied, 1));
  EXPECT_TRUE(Logs("\"reason\":\"file\""));
}

TEST_F(Reload, WhatNeedsARestartIsNamedInTheLog) {
  Write("herdgate.yaml", Text(Policy("a")));
  Serve();
  Write("herdgate.yaml", Text(Policy("b") + "loops: 3\nlimits: {max_clients: 77}\nlog: {level: warn}\n"));
  EXPECT_TRUE(Shows(kApplied, 1));
  EXPECT_TRUE(Shows("herdgate_config_pending_restart", 2));
  EXPECT_TRUE(Logs("\"loops, limits.max_clients\"")) << process_->Output();
  EXPECT_TRUE(Shows("herdgate_client_connections_max", 10000));
}

TEST_F(Reload, FlagsOverrideTheFileAgain) {
  Write("herdgate.yaml", Text(Policy("a")));
  Serve({"--loops", "1", "--max-clients", "50"});
  Write("herdgate.yaml", Text(Policy("b") + "limits: {max_clients: 77}\n"));
  EXPECT_TRUE(Shows(kApplied, 1));
  EXPECT_TRUE(Shows("herdgate_config_pending_restart", 0));
}

TEST_F(Reload, SighupWithoutAFileDoesNotEndTheProcess) {
  process_.emplace(Words{"serve", "--listen", "127.0.0.1:" + std::to_string(port_), "--telemetry",
                         "127.0.0.1:" + std::to_string(telemetry_), "--upstream", "memory://"});
  ASSERT_TRUE(Eventually([this] { return RawClient(DialTcp(port_)).Do({"PING"}) == "+PONG\r\n"; }));
  process_->Signal(SIGHUP);
  EXPECT_TRUE(Shows(kUnchanged, 1));
  EXPECT_EQ(RawClient(DialTcp(port_)).Do({"PING"}), "+PONG\r\n");
}

TEST_F(Reload, NeitherLogNorHashTellsAPassword) {
  const auto text = [&](const std::string& password) {
    return "listen: 127.0.0.1:" + std::to_string(port_) +
           "\ntelemetry: {listen: 127.0.0.1:" + std::to_string(telemetry_) +
           "}\nupstream: {url: 'redis://:" + password + "@127.0.0.1:1'}\n";
  };
  Write("herdgate.yaml", text("s3cret-one"));
  process_.emplace(Words{"serve", "--config", directory_ / "herdgate.yaml", "--log-level", "debug"});
  ASSERT_TRUE(Eventually([this] { return !Hash().empty(); }));
  const std::string hash = Hash();
  Write("herdgate.yaml", text("s3cret-two"));
  EXPECT_TRUE(Shows("herdgate_config_pending_restart", 1));
  EXPECT_TRUE(Logs("\"upstream.url\""));
  EXPECT_EQ(Hash(), hash);
  Write("herdgate.yaml", text("s3cret-three@127.0.0.1:x/"));
  EXPECT_TRUE(Shows(kRefused, 1));
  EXPECT_EQ(process_->Output().find("s3cret"), std::string::npos) << process_->Output();
}

}  // namespace
}  // namespace herdgate::integration

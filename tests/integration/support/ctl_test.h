// CtlTest: a sidecar process with the HTTP API in front of a real Redis, and `herdgate ctl` processes that ask it.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "sidecar/admin/token_file.h"
#include "tests/integration/support/pty_process.h"
#include "tests/integration/support/sidecar_process.h"

namespace herdgate::integration {

class CtlTest : public ::testing::Test {
 protected:
  struct Ran {
    int code = -1;
    std::string output;  // stdout and stderr
  };

  void SetUp() override {
    if (!SidecarProcess::Built()) GTEST_SKIP() << "not built: " << SidecarProcess::Binary();
    if (!RedisProcess::Installed()) GTEST_SKIP() << "redis-server is not installed";
    // What the person who runs the tests has set is not the test's.
    for (const char* const name : {"HERDGATE_URL", "HERDGATE_TOKEN", "NO_COLOR", "LC_ALL", "LC_CTYPE"}) unsetenv(name);
    setenv("XDG_STATE_HOME", directory_.path().c_str(), 1);
    setenv("LANG", "C.UTF-8", 1);
    setenv("TERM", "xterm", 1);
    Redis().Client().Do({"FLUSHALL"});
    std::ofstream(directory_ / "ops") << kSecret << "\n";
    std::ofstream(directory_ / "reader") << kReaderSecret << "\n";
    std::ofstream(directory_ / "tokens") << admin::TokenLine("ops", "read,inspect,invalidate,purge_all,operate",
                                                             kSecret)
                                         << "\n"
                                         << admin::TokenLine("reader", "read", kReaderSecret) << "\n";
    ASSERT_TRUE(Serve());
  }

  static RedisProcess& Redis() {
    static RedisProcess redis;
    return redis;
  }
  bool Serve() {
    port_ = FreePort();
    admin_ = FreePort();
    std::ofstream(directory_ / "herdgate.yaml")
        << "listen: [tcp://127.0.0.1:" << port_ << "]\nupstream: {url: " << Redis().Url() << "}\nloops: 1\n"
        << "telemetry: {listen: off}\nadmin: {listen: 127.0.0.1:" << admin_
        << ", tokens_file: " << directory_ / "tokens"
        << "}\npolicies:\n"
        << "  - {name: user, match: [\"user:*\"], stampede: {coalesce: on}}\n"
        << "  - {name: page, match: [\"page:*\"], version: {generation: true}}\n";
    sidecar_ = std::make_unique<SidecarProcess>(Words{"serve", "--config", directory_ / "herdgate.yaml"});
    return Eventually([this] { return Run({"status", "--json"}).code == 0; });
  }
  void EndSidecar() { sidecar_ = nullptr; }

  // `token` is the name of one of the files.
  Words Command(const Words& words, const std::string& token = "ops") const {
    Words all = {SidecarProcess::Binary(), "ctl", "--url", Url()};
    if (!token.empty()) all.insert(all.end(), {"--token-file", directory_ / token});
    all.insert(all.end(), words.begin(), words.end());
    return all;
  }
  Ran Run(const Words& words, const std::string& token = "ops") const {
    const Words all = Command(words, token);
    SidecarProcess process(Words(all.begin() + 1, all.end()));
    EXPECT_TRUE(process.Ends(std::chrono::seconds(30))) << process.Output();
    Ran ran{process.Ends(std::chrono::milliseconds(0)) ? process.ExitCode() : -1, process.Output()};
    // Whatever it was asked: a secret is never shown.
    EXPECT_EQ(ran.output.find(kSecret), std::string::npos);
    EXPECT_EQ(ran.output.find(kReaderSecret), std::string::npos);
    return ran;
  }
  nlohmann::json Json(Words words) const {
    words.emplace_back("--json");
    const Ran ran = Run(words);
    EXPECT_EQ(ran.code, 0) << ran.output;
    return nlohmann::json::parse(ran.output, nullptr, false);
  }
  std::string Url() const { return "http://127.0.0.1:" + std::to_string(admin_); }
  RawClient Client() const { return RawClient(DialTcp(port_)); }
  // user:0 to user:<count - 1>.
  static void Fill(int count) {
    RawClient client = Redis().Client();
    for (int i = 0; i < count; ++i) client.Do({"SET", "user:" + std::to_string(i), "value"});
  }
  // Keys of Fill's that are there.
  static std::string Users() { return Redis().Client().Do({"EVAL", "return #redis.call('KEYS', 'user:*')", "0"}); }
  // The newest job's.
  std::string State() const {
    const nlohmann::json jobs = Json({"jobs"});
    return jobs["items"].empty() ? "" : jobs["items"][0]["state"].get<std::string>();
  }

  static constexpr const char* kSecret = "hg_the-secret-of-ops";
  static constexpr const char* kReaderSecret = "hg_the-secret-of-reader";
  const TempDir directory_;
  std::uint16_t port_ = 0;
  std::uint16_t admin_ = 0;
  std::unique_ptr<SidecarProcess> sidecar_;
};

}  // namespace herdgate::integration

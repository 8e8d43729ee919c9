// SidecarTest: a redis-server shared by the program, emptied for each test, and a sidecar in front of it with the
// number of loops that the test's parameter says.
//
// SameAsRedis plays a script to Redis and to the sidecar and compares every byte of the answers, in three ways: command
// by command, as one write, and split at every byte.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/support/redis_process.h"
#include "tests/integration/support/sidecar.h"

namespace herdgate::integration {

struct Step {
  Step(std::initializer_list<const char*> said) : words(said.begin(), said.end()) {}
  Step(std::size_t answers, Words said) : words(std::move(said)), frames(answers) {}

  Words words;
  std::size_t frames = 1;  // how many frames answer it
};
inline Step Frames(std::size_t answers, Words words) {
  return {answers, std::move(words)};
}
inline Step Silent(Words words) {
  return {0, std::move(words)};
}
using Script = std::vector<Step>;
using Mask = std::function<std::string(std::string)>;

enum class Way : unsigned char { kEach, kWhole, kBytes };

inline std::string Play(RawClient& client, const Script& script, Way way) {
  const std::string mark = "<end of the script>";
  std::string answers;
  std::string all;
  for (const Step& step : script) {
    all += Encode(step.words);
    if (way != Way::kEach) continue;
    client.Say(step.words);
    for (const std::string& frame : client.Read(step.frames)) answers += frame;
  }
  if (way == Way::kWhole) client.Send(all + Encode({"PING", mark}));
  if (way == Way::kEach) client.Say({"PING", mark});
  if (way == Way::kBytes) {
    for (const char byte : all + Encode({"PING", mark})) client.Send(std::string_view(&byte, 1));
  }
  return answers + client.ReadUntil(mark + "\r\n");
}

class SidecarTest : public ::testing::TestWithParam<unsigned> {
 protected:
  void SetUp() override {
    if (!RedisProcess::Installed()) GTEST_SKIP() << "redis-server is not installed";
    Redis().Client().Do({"FLUSHALL"});
    Restart({.loops = GetParam()});
  }
  void TearDown() override { sidecar_ = nullptr; }

  // One for the whole program: what a test changes in its configuration, it restores.
  static RedisProcess& Redis() {
    static RedisProcess redis;
    return redis;
  }
  Sidecar& Gate() { return *sidecar_; }
  void Restart(const Sidecar::Choices& choices) { Restart(Redis().Url(), choices); }
  void Restart(const std::string& upstream, const Sidecar::Choices& choices) {
    sidecar_ = std::make_unique<Sidecar>(upstream, choices);
    ASSERT_TRUE(sidecar_->started());
    // What the upstream has is asked at the start and told to every loop; a 7.2 command tells when that is done.
    for (unsigned i = 0; i < choices.loops; ++i) {
      RawClient client = Client();
      ASSERT_TRUE(Eventually([&] { return client.Do({"CLIENT", "NO-TOUCH", "off"}).starts_with("-ERR unknown"); }));
    }
  }
  static RawClient Direct() { return Redis().Client(); }
  RawClient Client() { return Gate().Client(); }
  // Clients until one is on each loop: connections are dealt in turn.
  std::vector<RawClient> Clients(std::size_t count) {
    std::vector<RawClient> clients;
    for (std::size_t i = 0; i < count; ++i) clients.push_back(Client());
    for (RawClient& client : clients) client.Do({"PING"});
    return clients;
  }

  void SameAsRedis(const Script& script, const Mask& mask = nullptr,
                   std::initializer_list<Way> ways = {Way::kEach, Way::kWhole, Way::kBytes}) {
    for (const Way way : ways) {
      const auto run = [&](RawClient client) {
        Direct().Do({"FLUSHALL"});
        client.set_patience(std::chrono::milliseconds(4000));
        const std::string answers = Play(client, script, way);
        return mask ? mask(answers) : answers;
      };
      EXPECT_EQ(run(Direct()), run(Client())) << "first Redis, then the sidecar; way " << static_cast<int>(way);
    }
  }
  // How many connections of the upstream have `flag` in CLIENT LIST, asked directly.
  static int UpstreamClientsWith(const std::string& part) {
    RawClient direct = Direct();
    const std::string list = Text(direct.Do({"CLIENT", "LIST"}));
    int count = 0;
    for (std::size_t at = list.find(part); at != std::string::npos; at = list.find(part, at + 1)) ++count;
    return count;
  }
  static bool BlockedNow(int clients) {
    const std::string field = "blocked_clients:" + std::to_string(clients) + "\r\n";
    return Text(Direct().Do({"INFO", "clients"})).find(field) != std::string::npos;
  }
  static bool UpstreamBlocks(int clients) {
    return Eventually([&] { return BlockedNow(clients); });
  }

 private:
  std::unique_ptr<Sidecar> sidecar_;
};

inline std::string LoopsName(const ::testing::TestParamInfo<unsigned>& info) {
  return std::to_string(info.param) + (info.param == 1 ? "Loop" : "Loops");
}

}  // namespace herdgate::integration

// The same facts with one loop and with several.
#define HERDGATE_WITH_LOOPS(Suite) \
  INSTANTIATE_TEST_SUITE_P(With, Suite, ::testing::Values(1U, 3U), ::herdgate::integration::LoopsName)

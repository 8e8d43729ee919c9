// Nodes on one real redis-server of the test's own.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "tests/unit/pipeline/generation_node.h"

namespace herdgate::pipeline {

class GenerationsTest : public ::testing::Test {
 protected:
  static constexpr const char* kCounter = "__herdgate:generation:user";

  void SetUp() override {
    base::ConfigureLog(base::LogFormat::kJson, base::LogLevel::kError);
    if (!integration::RedisProcess::Installed()) GTEST_SKIP() << "redis-server is not installed";
    StartRedis();
  }
  void StartRedis(integration::Words options = {}) {
    redis_ = nullptr;
    redis_ = std::make_unique<integration::RedisProcess>(std::move(options));
  }
  integration::RedisProcess& redis() { return *redis_; }
  std::string Do(const integration::Words& words) { return redis_->Client().Do(words); }
  std::uint64_t Counter() { return std::strtoull(integration::Text(Do({"GET", kCounter})).c_str(), nullptr, 10); }
  // Makes `count` nodes that know the generation.
  void StartNodes(std::size_t count, bool asks = true) {
    for (std::size_t i = 0; i < count; ++i) {
      nodes.push_back(
          std::make_unique<Node>(redis().Url(), std::vector{Versioned("user")}, std::chrono::seconds(5), asks));
    }
    for (const auto& node : nodes) ASSERT_TRUE(node->Knows());
  }
  bool AllBecome(std::uint64_t value, std::chrono::milliseconds patience = integration::kPatience) {
    return integration::Eventually(
        [&] { return std::ranges::all_of(nodes, [&](const auto& node) { return node->value() == value; }); }, patience);
  }
  bool CounterBecomes(std::uint64_t value) {
    return integration::Eventually([&] { return Counter() == value; });
  }
  static std::uint64_t NowMs() {
    return static_cast<std::uint64_t>(base::SystemClock().Wall().time_since_epoch().count());
  }

  std::vector<std::unique_ptr<Node>> nodes;

 private:
  std::unique_ptr<integration::RedisProcess> redis_;
};

}  // namespace herdgate::pipeline

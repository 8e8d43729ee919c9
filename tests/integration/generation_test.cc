// Generations on the embedded store, which neither tracks nor outlives its process.
#include "sidecar/upstream/memory/memory_connector.h"
#include "tests/unit/pipeline/generation_node.h"

namespace herdgate::pipeline {
namespace {

TEST(MemoryGenerationTest, PoliciesOfAnEmbeddedStoreHaveGenerationsToo) {
  base::ConfigureLog(base::LogFormat::kJson, base::LogLevel::kError);
  upstream::MemoryServer store({.max_bytes = std::size_t{8} << 20U, .seed = 1});
  store.Start();
  {
    Node node("memory://", {Versioned("user")}, std::chrono::seconds(5), true, upstream::MakeMemoryConnector(store));
    ASSERT_TRUE(node.Knows());
    EXPECT_EQ(node.Metric("herdgate_generation_tracking"), 0);
    EXPECT_EQ(node.Metric("herdgate_generation_errors_total"), 0);
    for (int i = 0; i < 20; ++i) {
      const std::uint64_t before = node.value();
      const auto bumped = node.Bump();
      ASSERT_TRUE(bumped.ok()) << bumped.status().message();
      EXPECT_GT(bumped.value(), before);
      EXPECT_EQ(node.value(), bumped.value());
    }
  }
  store.Stop();
}

TEST(MemoryGenerationTest, PoliciesOfAnEmbeddedStoreHaveTagsToo) {
  upstream::MemoryServer store({.max_bytes = std::size_t{8} << 20U, .seed = 1});
  store.Start();
  {
    policy::Policy policy = Versioned("user");
    policy.tags = {{"user:([0-9]+):.*", "t:{1}"}};
    Node node("memory://", {policy}, std::chrono::seconds(5), true, upstream::MakeMemoryConnector(store));
    ASSERT_TRUE(node.Knows());
    const std::string other = node.Physical("user:2:a");
    for (int i = 0; i < 20; ++i) {
      const std::string before = node.Physical("user:1:a");
      const auto bumped = node.BumpTag("t:1");
      ASSERT_TRUE(bumped.ok()) << bumped.status().message();
      ASSERT_NE(bumped.value().version, 0U);
      EXPECT_NE(node.Physical("user:1:a"), before);
    }
    EXPECT_EQ(node.Physical("user:2:a"), other);
    EXPECT_EQ(node.Metric("herdgate_generation_errors_total"), 0);
  }
  store.Stop();
}

TEST(MemoryGenerationTest, LostCounterBeginsAnewAtTheNextLook) {
  upstream::MemoryServer store({.max_bytes = std::size_t{8} << 20U, .seed = 1});
  store.Start();
  {
    Node node("memory://", {Versioned("user")}, std::chrono::seconds(5), true, upstream::MakeMemoryConnector(store));
    ASSERT_TRUE(node.Knows());
    const std::uint64_t before = node.value();
    integration::RawClient client(store.Connect().value());
    EXPECT_EQ(client.Do({"FLUSHALL"}), "+OK\r\n");
    EXPECT_TRUE(integration::Eventually([&] { return node.value() > before; }));
    EXPECT_EQ(integration::Text(client.Do({"GET", "__herdgate:generation:user"})), std::to_string(node.value()));
  }
  store.Stop();
}

}  // namespace
}  // namespace herdgate::pipeline

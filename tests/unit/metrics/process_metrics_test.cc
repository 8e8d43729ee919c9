#include "sidecar/metrics/process_metrics.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "sidecar/base/log.h"

namespace herdgate::metrics {
namespace {

// name{label values} -> value
std::map<std::string, double> Scrape(Registry& registry) {
  std::map<std::string, double> all;
  for (const FamilySamples& family : registry.Collect()) {
    for (const Series& series : family.series) {
      std::string name(family.family.name);
      for (const auto& [label, value] : series.labels) name.append(" ").append(value);
      all[name] = series.value;
    }
  }
  return all;
}

class FakeProcTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = std::filesystem::path(testing::TempDir()) / ("herdgate_proc_" + std::to_string(getpid()));
    std::filesystem::create_directories(root_ / "self/fd");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  void Write(const std::string& path, const std::string& text) { std::ofstream(root_ / path) << text; }

  std::filesystem::path root_;
  Registry registry_;
};

TEST_F(FakeProcTest, ReadsStatPastANameWithBlanksAndBrackets) {
  Write("self/stat",
        "7 (a b) c) S 1 1 1 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 3 0 12345 8192000 1500 184467 1 1 0 0\n");
  Write("stat", "cpu  1 2 3\nbtime 1700000000\nprocesses 5\n");
  Write("self/fd/0", "");
  Write("self/fd/1", "");
  Write("self/fd/2", "");
  const ProcessMetrics process(registry_, {"1.2.3", "abc"}, root_.string());
  const std::map<std::string, double> scrape = Scrape(registry_);
  const auto hertz = static_cast<double>(sysconf(_SC_CLK_TCK));
  EXPECT_DOUBLE_EQ(scrape.at("process_cpu_seconds_total"), 300 / hertz);
  EXPECT_DOUBLE_EQ(scrape.at("process_virtual_memory_bytes"), 8192000);
  EXPECT_DOUBLE_EQ(scrape.at("process_resident_memory_bytes"), 1500.0 * static_cast<double>(sysconf(_SC_PAGESIZE)));
  EXPECT_DOUBLE_EQ(scrape.at("process_start_time_seconds"), 1700000000 + 12345 / hertz);
  EXPECT_DOUBLE_EQ(scrape.at("process_open_fds"), 2);
}

TEST_F(FakeProcTest, WhatCannotBeReadIsLeftOutNotZero) {
  std::filesystem::remove_all(root_);
  const ProcessMetrics process(registry_, {"1.2.3", "abc"}, root_.string());
  const std::map<std::string, double> scrape = Scrape(registry_);
  for (const char* name : {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds",
                           "process_start_time_seconds"}) {
    EXPECT_EQ(scrape.count(name), 0U) << name;
  }
  EXPECT_EQ(scrape.count("herdgate_build_info 1.2.3 abc") + scrape.count("herdgate_build_info abc 1.2.3"), 1U);
}

TEST_F(FakeProcTest, ACutOrGarbledStatIsLeftOut) {
  for (const char* text : {"", "7 (x", "7 (x) S 1 1", "7 (x) S 1 1 1 0 -1 4 1 0 0 0 x y 0 0 20 0 3 0 z z z 1\n"}) {
    Write("self/stat", text);
    Registry registry;
    const ProcessMetrics process(registry, {"1.2.3", "abc"}, root_.string());
    EXPECT_EQ(Scrape(registry).count("process_resident_memory_bytes"), 0U) << text;
  }
}

TEST(ProcessMetricsTest, ShowsThisProcessAsItIs) {
  Registry registry;
  const ProcessMetrics process(registry, {"0.1.0", "unknown"});
  const std::map<std::string, double> scrape = Scrape(registry);
  EXPECT_GT(scrape.at("process_resident_memory_bytes"), 1 << 20);
  EXPECT_GT(scrape.at("process_virtual_memory_bytes"), scrape.at("process_resident_memory_bytes"));
  EXPECT_GE(scrape.at("process_open_fds"), 3);
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_DOUBLE_EQ(scrape.at("process_max_fds"), static_cast<double>(limit.rlim_cur));
  const auto now = static_cast<double>(time(nullptr));
  EXPECT_LE(scrape.at("process_start_time_seconds"), now + 1);
  EXPECT_GT(scrape.at("process_start_time_seconds"), now - 600);
}

TEST(ProcessMetricsTest, CountsLogLinesByLevel) {
  Registry registry;
  const ProcessMetrics process(registry, {"0.1.0", "unknown"});
  const double before = Scrape(registry).at("herdgate_log_messages_total warn");
  base::LogWarn("test.line");
  EXPECT_EQ(Scrape(registry).at("herdgate_log_messages_total warn"), before + 1);
}

}  // namespace
}  // namespace herdgate::metrics

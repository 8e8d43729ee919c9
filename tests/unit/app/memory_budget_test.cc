#include "sidecar/app/memory_budget.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "sidecar/app/command_line.h"

namespace herdgate::app {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;

config::Options Read(const std::string& text) {
  const config::Loaded loaded = config::LoadText(text, "c");
  for (const config::Problem& problem : loaded.problems) ADD_FAILURE() << problem.ToString();
  return loaded.options;
}

constexpr const char* kNear = "policies: [{name: a, match: a, near: {enabled: true}}]\n";

TEST(MemoryBudgetTest, ANearCacheLargerThanTheLimitIsAProblemWithBothFigures) {
  EXPECT_EQ(MemoryProblem(Read(kNear), 63 * kMiB),
            "near.max_bytes (64MiB): it is larger than the memory limit of this process's cgroup (63MiB); lower it, or "
            "raise the limit");
  EXPECT_EQ(MemoryProblem(Read(kNear), 64 * kMiB), "");
  EXPECT_EQ(MemoryProblem(Read(kNear), std::nullopt), "");
}

TEST(MemoryBudgetTest, WhatIsNotUsedDoesNotCount) {
  EXPECT_EQ(MemoryProblem({}, 1), "");
  for (const char* more : {"mode: audit, near: {enabled: true}", "mode: off, near: {enabled: true}",
                           "near: {enabled: false}", "mode: audit, offline: {fallback: memory}"}) {
    EXPECT_EQ(MemoryProblem(Read("policies: [{name: a, match: a, " + std::string(more) + "}]"), 1), "") << more;
  }
}

TEST(MemoryBudgetTest, TheEmbeddedStoreCountsWhereItIsUsed) {
  const std::string store = "upstream: {url: 'memory://'}\nmemory: {max_bytes: 10MiB}\n";
  EXPECT_EQ(
      MemoryProblem(Read(store), 9 * kMiB),
      "memory.max_bytes (10MiB): it is larger than the memory limit of this process's cgroup (9MiB); lower it, or "
      "raise the limit");
  EXPECT_EQ(MemoryProblem(Read(store + kNear), 74 * kMiB), "");
  EXPECT_EQ(MemoryProblem(Read(store + kNear), 73 * kMiB),
            "near.max_bytes (64MiB) and memory.max_bytes (10MiB): together they are larger than the memory limit of "
            "this process's cgroup (73MiB); lower it, or raise the limit");
  const std::string fallback = "policies: [{name: a, match: a, offline: {fallback: memory}}]";
  EXPECT_NE(MemoryProblem(Read(fallback), 63 * kMiB), "");
  EXPECT_EQ(MemoryProblem(Read(fallback), 64 * kMiB), "");
}

// The program's arguments, with a root directory in which the memory limit is 32 MiB.
class MemoryLimitTest : public ::testing::Test {
 protected:
  MemoryLimitTest() {
    std::string name = (fs::temp_directory_path() / "memory_budget_test.XXXXXX").string();
    root_ = mkdtemp(name.data());
    fs::create_directories(root_ / "proc/self");
    fs::create_directories(root_ / "sys/fs/cgroup");
    std::ofstream(root_ / "proc/self/cgroup") << "0::/\n";
    std::ofstream(root_ / "sys/fs/cgroup/memory.max") << 32 * kMiB << "\n";
  }
  ~MemoryLimitTest() override { fs::remove_all(root_); }

  std::string file() const { return (root_ / "c.yaml").string(); }
  void Write(const std::string& text) const { std::ofstream(file()) << text; }
  CommandLine Serve(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {"herdgate", "serve", "--config", file()};
    words.insert(words.end(), more.begin(), more.end());
    std::vector<const char*> argv;
    for (const std::string& word : words) argv.push_back(word.c_str());
    return ParseCommandLine(static_cast<int>(argv.size()), argv.data(), root_);
  }

  fs::path root_;
};

TEST_F(MemoryLimitTest, TheProcessRefusesToStartWithOneLine) {
  Write(kNear);
  const CommandLine line = Serve();
  EXPECT_EQ(line.action, CommandLine::Action::kExit);
  EXPECT_EQ(line.exit_code, kExitUsage);
  EXPECT_EQ(line.err,
            "herdgate: near.max_bytes (64MiB): it is larger than the memory limit of this process's cgroup (32MiB); "
            "lower it, or raise the limit\n");
}

TEST_F(MemoryLimitTest, ThePlaceInTheFileIsNamed) {
  Write("near: {max_bytes: 33MiB}\n" + std::string(kNear));
  EXPECT_EQ(Serve().err, "herdgate: " + file() +
                             ":1:19: near.max_bytes (33MiB): it is larger than the memory limit of this process's "
                             "cgroup (32MiB); lower it, or raise the limit\n");
  EXPECT_EQ(Serve({"--near-max-bytes", "32MiB"}).action, CommandLine::Action::kServe);
}

TEST_F(MemoryLimitTest, CheckAndExplainSayNothingOfThisMachine) {
  Write(kNear);
  for (const char* command : {"check", "explain"}) {
    const std::string name = file();
    const char* argv[] = {"herdgate", command, name.c_str(), "a"};
    EXPECT_EQ(ParseCommandLine(std::string_view(command) == "check" ? 3 : 4, argv, root_).exit_code, kExitOk);
  }
}

TEST_F(MemoryLimitTest, AReloadThatWouldUseTooMuchIsRefused) {
  Write("near: {max_bytes: 64MiB}\n");
  const CommandLine line = Serve();
  ASSERT_EQ(line.action, CommandLine::Action::kServe) << line.err;
  EXPECT_TRUE(line.load_again().problems.empty());
  Write("near: {max_bytes: 64MiB}\n" + std::string(kNear));
  EXPECT_EQ(line.load_again().problems.size(), 1U);
  // The process still has the limit that it started with.
  Write("near: {max_bytes: 1MiB}\n" + std::string(kNear));
  EXPECT_EQ(line.load_again().problems.size(), 1U);
}

}  // namespace
}  // namespace herdgate::app

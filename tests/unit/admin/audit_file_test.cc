#include "sidecar/admin/audit_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

namespace herdgate::admin {
namespace {

class AuditFileTest : public ::testing::Test {
 protected:
  AuditFileTest() {
    std::string name = (std::filesystem::temp_directory_path() / "audit_file.XXXXXX").string();
    folder_ = mkdtemp(name.data());
    path_ = folder_ / "audit.jsonl";
  }
  ~AuditFileTest() override { std::filesystem::remove_all(folder_); }

  std::string Content() const {
    std::ifstream file(path_);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // What the other end of a pipe or terminal gives.
  static std::string Read(int fd) {
    std::string text(100, 0);
    const ssize_t got = read(fd, text.data(), text.size());
    text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return text;
  }

  std::filesystem::path folder_;
  std::filesystem::path path_;
};

// As on a full disk: no file of this process grows beyond `bytes` while it lives.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit now{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &now);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, SIG_DFL);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
};

TEST_F(AuditFileTest, ALineThatDoesNotFitLeavesNothingAndTheNextIsWhole) {
  ASSERT_TRUE(AppendLine(path_, "first\n"));
  bool written = true;
  {
    const FullDisk disk(10);
    written = AppendLine(path_, "second\n");
  }
  EXPECT_FALSE(written);
  EXPECT_EQ(Content(), "first\n");
  EXPECT_TRUE(AppendLine(path_, "third\n"));
  EXPECT_EQ(Content(), "first\nthird\n");
}

TEST_F(AuditFileTest, AFileThatCannotBeWrittenIsAnError) {
  EXPECT_FALSE(AppendLine(folder_, "line\n"));
  EXPECT_FALSE(AppendLine(folder_ / "no" / "where", "line\n"));
  if (std::filesystem::is_character_file("/dev/full")) {
    EXPECT_FALSE(AppendLine("/dev/full", "line\n"));
  }
}

TEST_F(AuditFileTest, APipeTakesLinesWhileSomebodyReadsIt) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_FALSE(AppendLine(path_, "nobody\n"));
  const int reader = open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  EXPECT_TRUE(AppendLine(path_, "line\n"));
  EXPECT_EQ(Read(reader), "line\n");
  close(reader);
}

TEST_F(AuditFileTest, AFullPipeIsAnErrorAndNotWaitedFor) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  const int reader = open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  const std::string line(4096, 'x');
  int taken = 0;
  while (taken < 10'000 && AppendLine(path_, line)) ++taken;
  EXPECT_GT(taken, 0);
  EXPECT_LT(taken, 10'000);
  close(reader);
}

TEST_F(AuditFileTest, StdoutMayBeAPipeOrATerminal) {
  int pipes[2] = {-1, -1};
  ASSERT_EQ(pipe2(pipes, O_CLOEXEC), 0);
  EXPECT_TRUE(AppendLine("/proc/self/fd/" + std::to_string(pipes[1]), "line\n"));
  EXPECT_EQ(Read(pipes[0]), "line\n");
  // Whoever else writes there must not find it changed.
  EXPECT_EQ(fcntl(pipes[1], F_GETFL) & O_NONBLOCK, 0);
  close(pipes[0]);
  close(pipes[1]);
  EXPECT_TRUE(AppendLine("/dev/null", "line\n"));
  int master = -1;
  int terminal = -1;
  if (openpty(&master, &terminal, nullptr, nullptr, nullptr) != 0) GTEST_SKIP() << "no pseudo terminals here";
  EXPECT_TRUE(AppendLine("/proc/self/fd/" + std::to_string(terminal), "line\n"));
  EXPECT_EQ(Read(master), "line\r\n");
  close(master);
  close(terminal);
}

}  // namespace
}  // namespace herdgate::admin

#include "sidecar/base/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace herdgate::base {
namespace {

using std::chrono::milliseconds;

// Sends file descriptor 2 somewhere else for the life of the object.
class StderrTo {
 public:
  explicit StderrTo(int target) : saved_(dup(STDERR_FILENO)) { dup2(target, STDERR_FILENO); }
  ~StderrTo() {
    dup2(saved_, STDERR_FILENO);
    close(saved_);
    ConfigureLog(LogFormat::kAuto, LogLevel::kInfo);
  }
  StderrTo(const StderrTo&) = delete;
  StderrTo& operator=(const StderrTo&) = delete;

 private:
  int saved_;
};

class Pipe {
 public:
  Pipe() { EXPECT_EQ(pipe2(ends_, O_NONBLOCK), 0); }
  ~Pipe() {
    close(ends_[0]);
    close(ends_[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int writer() const { return ends_[1]; }
  std::string Drain() const {
    std::string all;
    char buffer[4096];
    for (ssize_t n = 0; (n = read(ends_[0], buffer, sizeof buffer)) > 0;)
      all.append(buffer, static_cast<std::size_t>(n));
    return all;
  }

 private:
  int ends_[2] = {-1, -1};
};

template <typename Body>
std::string Captured(LogFormat format, LogLevel least, Body body) {
  const Pipe pipe;
  const StderrTo redirect(pipe.writer());
  ConfigureLog(format, least);
  body();
  return pipe.Drain();
}

TEST(LogTest, AnEventIsOneLineOnStderr) {
  const std::string out = Captured(LogFormat::kText, LogLevel::kInfo, [] {
    LogInfo("listener.started", {{"address", "127.0.0.1:6380"}});
  });
  EXPECT_EQ(out.substr(out.find('Z') + 1), " INFO listener.started address=127.0.0.1:6380\n");
}

TEST(LogTest, TheLeastLevelCanBeChangedLater) {
  const std::string out = Captured(LogFormat::kText, LogLevel::kError, [] {
    LogInfo("one");
    SetLeastLogLevel(LogLevel::kInfo);
    EXPECT_EQ(LeastLogLevel(), LogLevel::kInfo);
    LogInfo("two");
  });
  EXPECT_EQ(out.find("one"), std::string::npos);
  EXPECT_NE(out.find(" INFO two"), std::string::npos);
}

TEST(LogTest, AutoIsJsonWhenStderrIsNoTerminal) {
  const std::string out = Captured(LogFormat::kAuto, LogLevel::kInfo, [] { LogWarn("x.y", {{"n", 1}}); });
  EXPECT_EQ(out.substr(out.find(",\"level\"")), ",\"level\":\"warn\",\"event\":\"x.y\",\"n\":1}\n");
}

TEST(LogTest, AutoIsTextWhenStderrIsATerminal) {
  const int master = posix_openpt(O_RDWR | O_NOCTTY);
  // A chroot or a spare container may have /dev without devpts; then there is no terminal to test with.
  if (master < 0 && (errno == ENOENT || errno == ENODEV)) {
    GTEST_SKIP() << "no pseudo terminals here (devpts is not mounted)";
  }
  ASSERT_GE(master, 0);
  ASSERT_EQ(grantpt(master), 0);
  ASSERT_EQ(unlockpt(master), 0);
  char name[128];
  ASSERT_EQ(ptsname_r(master, name, sizeof name), 0);
  const int terminal = open(name, O_RDWR | O_NOCTTY);
  ASSERT_GE(terminal, 0);
  {
    const StderrTo redirect(terminal);
    ConfigureLog(LogFormat::kAuto, LogLevel::kInfo);
    LogInfo("x.y");
  }
  char buffer[256];
  const ssize_t n = read(master, buffer, sizeof buffer);
  ASSERT_GT(n, 0);
  EXPECT_NE(std::string(buffer, static_cast<std::size_t>(n)).find("Z INFO x.y"), std::string::npos);
  close(terminal);
  close(master);
}

TEST(LogTest, BelowTheLeastLevelNothingIsWrittenOrCounted) {
  const std::uint64_t before = LogLines(LogLevel::kInfo);
  const std::string out = Captured(LogFormat::kText, LogLevel::kWarn, [] {
    LogDebug("a");
    LogInfo("b");
  });
  EXPECT_EQ(out, "");
  EXPECT_EQ(LogLines(LogLevel::kInfo), before);
}

TEST(LogTest, LinesAreCountedByLevel) {
  const std::uint64_t debug = LogLines(LogLevel::kDebug);
  const std::uint64_t error = LogLines(LogLevel::kError);
  const std::string out = Captured(LogFormat::kText, LogLevel::kDebug, [] {
    LogDebug("a");
    LogError("b");
    LogError("c");
  });
  EXPECT_EQ(LogLines(LogLevel::kDebug), debug + 1);
  EXPECT_EQ(LogLines(LogLevel::kError), error + 2);
  EXPECT_NE(out.find(" ERROR c\n"), std::string::npos);
}

TEST(LogTest, LinesOfManyThreadsDoNotMix) {
  const std::string out = Captured(LogFormat::kText, LogLevel::kInfo, [] {
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([] {
        for (int i = 0; i < 50; ++i) LogInfo("thread.line", {{"pad", "0123456789"}});
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  int lines = 0;
  for (std::size_t at = 0, end = 0; (end = out.find('\n', at)) != std::string::npos; at = end + 1, ++lines) {
    EXPECT_EQ(out.substr(at + 24, end - at - 24), " INFO thread.line pad=0123456789");
  }
  EXPECT_EQ(lines, 200);
}

TEST(LogRateLimitTest, LetsOneThroughPerPeriodAndReportsTheRest) {
  LogRateLimit limit(milliseconds(100));
  const SteadyTime start = SteadyTime(milliseconds(5000));
  std::uint64_t suppressed = 99;
  EXPECT_TRUE(limit.Allow(start, suppressed));
  EXPECT_EQ(suppressed, 0U);
  EXPECT_FALSE(limit.Allow(start, suppressed));
  EXPECT_FALSE(limit.Allow(start + milliseconds(99), suppressed));
  EXPECT_TRUE(limit.Allow(start + milliseconds(100), suppressed));
  EXPECT_EQ(suppressed, 2U);
  EXPECT_TRUE(limit.Allow(start + milliseconds(500), suppressed));
  EXPECT_EQ(suppressed, 0U);
}

TEST(LogRateLimitTest, OfManyThreadsAtOnceExactlyOnePasses) {
  LogRateLimit limit(milliseconds(1000));
  const SteadyTime now = SteadyTime(milliseconds(5000));
  std::atomic<int> passed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      std::uint64_t suppressed = 0;
      for (int i = 0; i < 100; ++i) passed += limit.Allow(now, suppressed) ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(passed, 1);
  std::uint64_t suppressed = 0;
  EXPECT_TRUE(limit.Allow(now + milliseconds(1000), suppressed));
  EXPECT_EQ(suppressed, 399U);
}

}  // namespace
}  // namespace herdgate::base

// PtyProcess: a program on a terminal of its own, which the test reads and types on.
//
// Threads: one owner. Ownership: the process and its terminal; both are gone when it is.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tests/integration/support/raw_client.h"

namespace herdgate::integration {

class PtyProcess {
 public:
  // A chroot or a spare container may have /dev without devpts; then there is no terminal to test with.
  static bool Possible() {
    const int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0) return errno != ENOENT && errno != ENODEV;
    close(master);
    return true;
  }

  explicit PtyProcess(const Words& command, unsigned short columns = 100, unsigned short rows = 30) {
    std::vector<char*> argv;
    for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    const winsize size{rows, columns, 0, 0};
    pid_ = forkpty(&fd_, nullptr, nullptr, &size);
    if (pid_ != 0) return;
    execv(argv[0], argv.data());
    _exit(127);
  }
  ~PtyProcess() {
    if (pid_ > 0) kill(pid_, SIGKILL);
    Reap();
    if (fd_ >= 0) close(fd_);
  }
  PtyProcess(const PtyProcess&) = delete;
  PtyProcess& operator=(const PtyProcess&) = delete;

  void Type(std::string_view text) const { EXPECT_EQ(write(fd_, text.data(), text.size()), std::ssize(text)); }
  // Reads until `part` has come, at or behind where the last Shows found its part.
  bool Shows(std::string_view part, std::chrono::milliseconds patience = kPatience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    for (;;) {
      const std::size_t at = output_.find(part, seen_);
      if (at != std::string::npos) {
        seen_ = at + part.size();
        return true;
      }
      if (std::chrono::steady_clock::now() > deadline || !Read()) return false;
    }
  }
  // Reads to the end; its code, or 128 and the signal's number. -1: it does not end.
  int ExitCode(std::chrono::milliseconds patience = kPatience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (Read()) {
      if (std::chrono::steady_clock::now() > deadline) return -1;
    }
    return Reap();
  }
  // All that came so far.
  const std::string& output() const { return output_; }

 private:
  // False at the end.
  bool Read() {
    pollfd look{fd_, POLLIN, 0};
    if (poll(&look, 1, 50) <= 0) return true;
    char piece[4096];
    const ssize_t got = read(fd_, piece, sizeof piece);
    if (got <= 0) return false;
    output_.append(piece, static_cast<std::size_t>(got));
    return true;
  }
  int Reap() {
    int status = 0;
    if (pid_ > 0 && waitpid(pid_, &status, 0) == pid_) {
      code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      pid_ = -1;
    }
    return code_;
  }

  int fd_ = -1;
  pid_t pid_ = -1;
  int code_ = -1;
  std::string output_;
  std::size_t seen_ = 0;
};

}  // namespace herdgate::integration

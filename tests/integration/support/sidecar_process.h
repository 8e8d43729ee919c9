// SidecarProcess: the real binary, for facts about a process: signals, exit codes, what it prints.
//
// Threads: one owner. Ownership: the process, killed if it still runs; its output in a file.
#pragma once

#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "tests/integration/support/redis_process.h"

namespace herdgate::integration {

class SidecarProcess {
 public:
  // Stands beside this test program's folder.
  static std::string Binary() {
    std::error_code ignored;
    return std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path().parent_path() / "herdgate";
  }
  static bool Built() { return access(Binary().c_str(), X_OK) == 0; }

  explicit SidecarProcess(Words arguments) {
    Words command = {Binary()};
    command.insert(command.end(), arguments.begin(), arguments.end());
    pid_ = Spawn(command, directory_ / "out");
  }
  ~SidecarProcess() {
    if (pid_ > 0) kill(pid_, SIGKILL);
    ExitCode();
  }
  SidecarProcess(const SidecarProcess&) = delete;
  SidecarProcess& operator=(const SidecarProcess&) = delete;

  void Signal(int signal) const { kill(pid_, signal); }
  // Whether it ends in time; its code is then known.
  bool Ends(std::chrono::milliseconds patience = kPatience) {
    return Eventually([this] { return pid_ < 0 || Reap(WNOHANG); }, patience);
  }
  // Waits for the end. 128 and the signal's number if a signal ended it.
  int ExitCode() {
    if (pid_ > 0) Reap(0);
    return code_;
  }
  std::string Output() const {
    std::ifstream file(directory_ / "out");
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  bool Reap(int options) {
    int status = 0;
    if (waitpid(pid_, &status, options) != pid_) return false;
    code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    pid_ = -1;
    return true;
  }

  const TempDir directory_;
  pid_t pid_ = -1;
  int code_ = -1;
};

}  // namespace herdgate::integration

// Process: a child program with its output in a file, ended with its owner.
//
// Threads: one owner. The child gets SIGKILL if this process dies.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace herdgate::differential {

class Process {
 public:
  Process() = default;
  ~Process() { Stop(); }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Starts argv[0] (found on PATH) with `preload` as LD_PRELOAD if it is not empty; stdout and stderr go to `log`.
  void Start(const std::vector<std::string>& argv, const std::string& preload, const std::string& log);
  // SIGTERM, and SIGKILL after two seconds. Returns when it is gone.
  void Stop();
  bool Running();
  // How it ended: "exit 1", "signal 11 (Segmentation fault)", or "running".
  std::string Fate();

 private:
  pid_t pid_ = -1;
  int status_ = 0;
};

// A TCP port on 127.0.0.1 that was free a moment ago. 0: none.
int FreePort();

}  // namespace herdgate::differential

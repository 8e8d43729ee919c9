// Child is a process that this program started: stopped with it, whatever way it ends. Threads: one.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace herdgate::bench {

class Child {
 public:
  // Starts `words` (the program and its arguments) with its output in the file `log`.
  Child(const std::vector<std::string>& words, std::string log);
  // SIGTERM, and SIGKILL if it isn't gone after 5 seconds.
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  bool alive();
  // SIGTERM now; the destructor waits.
  void Terminate();
  // The end of what it wrote.
  std::string LastWords() const;

 private:
  pid_t pid_ = -1;
  std::string log_;
};

}  // namespace herdgate::bench

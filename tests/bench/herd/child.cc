#include "tests/bench/herd/child.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <ctime>
#include <fstream>
#include <iterator>
#include <utility>

namespace herdgate::bench {
namespace {

constexpr std::size_t kLastWords = 400;
constexpr int kStopTries = 500;  // of 10 ms

// In the new process, after fork: nothing but system calls.
[[noreturn]] void Become(const std::vector<char*>& words, const char* log) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  const int out = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(in, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
  // A Ctrl-C is for this program, which then stops its children in order.
  setpgid(0, 0);
  execvp(words.front(), words.data());
  _exit(127);
}

}  // namespace

Child::Child(const std::vector<std::string>& words, std::string log) : log_(std::move(log)) {
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) Become(arguments, log_.c_str());
}

Child::~Child() {
  Terminate();
  const timespec pause{0, 10'000'000};
  for (int i = 0; i < kStopTries && alive(); ++i) nanosleep(&pause, nullptr);
  if (!alive()) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

bool Child::alive() {
  if (pid_ > 0 && waitpid(pid_, nullptr, WNOHANG) != 0) pid_ = -1;
  return pid_ > 0;
}

void Child::Terminate() {
  if (alive()) kill(pid_, SIGTERM);
}

std::string Child::LastWords() const {
  std::ifstream file(log_);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return text.size() <= kLastWords ? text : text.substr(text.size() - kLastWords);
}

}  // namespace herdgate::bench

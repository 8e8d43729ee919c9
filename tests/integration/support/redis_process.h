// RedisProcess: a redis-server of the test's own, on a port and a Unix socket, without persistence.
//
// Threads: one owner. Ownership: the process and its directory; both are gone when it is.
#pragma once

#include <fcntl.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/integration/support/raw_client.h"

namespace herdgate::integration {

class TempDir {
 public:
  TempDir() {
    std::string path = (std::filesystem::temp_directory_path() / "herdgate-it-XXXXXX").string();
    if (mkdtemp(path.data()) != nullptr) path_ = path;
  }
  ~TempDir() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Starts `command` with its output in `log`; the child's id.
inline pid_t Spawn(const Words& command, const std::string& log) {
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const pid_t child = fork();
  if (child != 0) return child;
  const int out = open(log.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  dup2(out, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
  // Blocked signals are inherited; the child decides for itself.
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execvp(argv[0], argv.data());
  _exit(127);
}

class RedisProcess {
 public:
  explicit RedisProcess(Words options = {}) : port_(FreePort()), options_(std::move(options)) {
    // A port may be taken between the choice and the bind.
    for (int attempt = 0; attempt < 5 && !Launch() && pid_ < 0; ++attempt) port_ = FreePort();
  }
  RedisProcess(Words options, std::uint16_t port) : port_(port), options_(std::move(options)) { Start(); }
  ~RedisProcess() { Kill(); }
  RedisProcess(const RedisProcess&) = delete;
  RedisProcess& operator=(const RedisProcess&) = delete;

  static bool Installed() { return std::system("command -v redis-server >/dev/null 2>&1") == 0; }

  // Again on its port, which a connection of another process may hold for a moment.
  bool Start() {
    for (int attempt = 0; attempt < 5; ++attempt) {
      if (Launch()) return true;
      if (pid_ >= 0) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
    return false;
  }
  void Kill() { End(SIGKILL); }
  void End(int signal) {
    if (pid_ <= 0) return;
    kill(pid_, signal);
    waitpid(std::exchange(pid_, -1), nullptr, 0);
    std::error_code ignored;
    std::filesystem::remove(socket(), ignored);
  }
  void Freeze() const { kill(pid_, SIGSTOP); }
  void Thaw() const { kill(pid_, SIGCONT); }

  std::uint16_t port() const { return port_; }
  std::string Url() const { return "redis://127.0.0.1:" + std::to_string(port_); }
  std::string socket() const { return directory_ / "s"; }
  pid_t pid() const { return pid_; }
  RawClient Client() const { return RawClient(DialTcp(port_)); }

 private:
  // False if the process has ended, most likely for its port, and then there is no pid_; or if it does not answer.
  bool Launch() {
    Words command = {"redis-server",
                     "--port",
                     std::to_string(port_),
                     "--unixsocket",
                     socket(),
                     "--save",
                     "",
                     "--appendonly",
                     "no",
                     "--dir",
                     directory_.path(),
                     "--enable-debug-command",
                     "yes"};
    command.insert(command.end(), options_.begin(), options_.end());
    pid_ = Spawn(command, directory_ / "log");
    bool ended = false;
    const bool answers = Eventually([&] {
      ended = waitpid(pid_, nullptr, WNOHANG) == pid_;
      return ended || (RawClient(DialUnix(socket())).connected() && Answers());
    });
    if (ended) pid_ = -1;
    return answers && !ended;
  }
  bool Answers() const {
    RawClient client(DialUnix(socket()));
    const std::string reply = client.Do({"PING"});
    return reply == "+PONG\r\n" || reply.starts_with("-NOAUTH");
  }

  const TempDir directory_;
  std::uint16_t port_;
  const Words options_;
  pid_t pid_ = -1;
};

}  // namespace herdgate::integration

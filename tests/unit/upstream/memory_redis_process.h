// A real redis-server on a Unix socket in a directory of its own, for tests that compare the embedded store with it.
#pragma once

#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace herdgate::upstream::memory {

class RedisProcess {
 public:
  RedisProcess() {
    std::string pattern = (std::filesystem::temp_directory_path() / "herdgate-redis-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) return;
    directory_ = pattern;
    std::vector<std::string> words = {"redis-server",
                                      "--port",
                                      "0",
                                      "--unixsocket",
                                      socket_path(),
                                      "--save",
                                      "",
                                      "--dir",
                                      directory_,
                                      "--maxmemory",
                                      "64mb",
                                      "--maxmemory-policy",
                                      "allkeys-lru",
                                      "--logfile",
                                      directory_ + "/log"};
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    if (posix_spawnp(&pid_, "redis-server", nullptr, nullptr, argv.data(), environ) != 0) pid_ = -1;
  }
  ~RedisProcess() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    if (!directory_.empty()) std::filesystem::remove_all(directory_);
  }
  RedisProcess(const RedisProcess&) = delete;
  RedisProcess& operator=(const RedisProcess&) = delete;

  static bool Installed() {
    const char* path = std::getenv("PATH");
    std::string rest = path == nullptr ? "" : path;
    while (!rest.empty()) {
      const std::size_t colon = rest.find(':');
      if (access((rest.substr(0, colon) + "/redis-server").c_str(), X_OK) == 0) return true;
      rest = colon == std::string::npos ? "" : rest.substr(colon + 1);
    }
    return false;
  }

  // A blocking connection, or -1 if the server does not come up within ten seconds.
  int Connect() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket_path().copy(address.sun_path, sizeof address.sun_path - 1);
    for (int attempt = 0; attempt < 1000; ++attempt) {
      const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
      close(fd);
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return -1;
  }

 private:
  std::string socket_path() const { return directory_ + "/s"; }

  std::string directory_;
  pid_t pid_ = -1;
};

}  // namespace herdgate::upstream::memory

// RequestDecoder against the redis-server of this machine: the same bytes, well formed and not, to both.
//
// Every request in the streams names an unknown command, so that Redis' error repeats the arguments as it understood
// them. From what the decoder says we write the bytes that Redis should answer, and compare all of them up to the
// close.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "sidecar/base/random.h"
#include "sidecar/resp/encoder.h"
#include "sidecar/resp/request_decoder.h"

namespace herdgate::resp {
namespace {

// A redis-server on a Unix socket in a directory of its own. Owns both.
class Server {
 public:
  explicit Server(const std::string& password) {
    std::string directory = (std::filesystem::temp_directory_path() / "herdgate-resp-XXXXXX").string();
    if (mkdtemp(directory.data()) == nullptr) return;
    directory_ = directory;
    process_ = fork();
    if (process_ == 0) Run(password);
    for (int attempt = 0; attempt < 500 && !ready_ && waitpid(process_, nullptr, WNOHANG) == 0; ++attempt) {
      const int fd = Connect();
      ready_ = fd >= 0;
      if (ready_) close(fd);
      if (!ready_) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  ~Server() {
    if (process_ > 0 && waitpid(process_, nullptr, WNOHANG) == 0) {
      kill(process_, SIGKILL);
      waitpid(process_, nullptr, 0);
    }
    std::error_code ignored;
    if (!directory_.empty()) std::filesystem::remove_all(directory_, ignored);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  bool ready() const { return ready_; }

  // All that the server answers to `bytes` and the end of input behind them.
  std::string Answer(std::string_view bytes) const {
    const int fd = Connect();
    while (!bytes.empty()) {
      const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) break;  // closed already: an error
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    shutdown(fd, SHUT_WR);
    std::string answer;
    std::array<char, 4096> chunk{};
    for (ssize_t got = 0; (got = recv(fd, chunk.data(), chunk.size(), 0)) > 0;) {
      answer.append(chunk.data(), static_cast<std::size_t>(got));
    }
    close(fd);
    return answer;
  }

 private:
  [[noreturn]] void Run(const std::string& password) const {
    const int null = open("/dev/null", O_RDWR);
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", path().c_str(), "--save", "", "--requirepass",
           password.c_str(), "--dir", directory_.c_str(), static_cast<char*>(nullptr));
    _exit(127);
  }

  std::string path() const { return directory_ + "/s"; }

  int Connect() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path().c_str(), sizeof(address.sun_path) - 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return fd;
    close(fd);
    return -1;
  }

  std::string directory_;
  pid_t process_ = -1;
  bool ready_ = false;
};

// What Redis 7.0 says of a command that it does not know: at most 128 bytes of the name and about as many of the rest,
// each up to its first NUL, on one line.
std::string UnknownCommand(const Request& request) {
  constexpr std::size_t kShown = 128;
  const auto shown = [](std::string_view arg, std::size_t most) {
    return std::string(arg.substr(0, std::min(arg.find('\0'), most)));
  };
  std::string rest;
  for (std::size_t i = 1; i < request.args.size() && rest.size() < kShown; ++i) {
    rest += "'" + shown(request.args[i], kShown - rest.size()) + "' ";
  }
  return "ERR unknown command '" + shown(request.args[0], kShown) + "', with args beginning with: " + rest;
}

std::string ExpectedAnswer(std::string_view bytes, bool unauthenticated) {
  const Limits limits;
  RequestDecoder decoder(limits);
  decoder.set_unauthenticated(unauthenticated);
  std::string answer;
  while (true) {
    Request request;
    switch (decoder.Decode(bytes, request)) {
      case RequestDecoder::Outcome::kNeedMore:
        return answer;
      case RequestDecoder::Outcome::kError:
        AppendError(answer, "ERR Protocol error: " + decoder.error());
        return answer;
      case RequestDecoder::Outcome::kRequest:
        AppendError(answer, UnknownCommand(request));
        break;
      case RequestDecoder::Outcome::kSkip:
        break;
    }
    bytes.remove_prefix(decoder.consumed());
  }
}

constexpr std::string_view kParts[] = {"*",
                                       "$",
                                       "\r\n",
                                       "\n",
                                       "\r",
                                       "*1\r\n",
                                       "*2\r\n",
                                       "*3\r\n",
                                       "$3\r\nXET\r\n",
                                       "$1\r\na\r\n",
                                       "$0\r\n\r\n",
                                       "*0\r\n",
                                       "*-1\r\n",
                                       "$-1\r\n",
                                       ":1\r\n",
                                       "01",
                                       "-",
                                       "9",
                                       "XING\r\n",
                                       "\"",
                                       "'",
                                       "\\x4",
                                       "\\n",
                                       " ",
                                       "\v",
                                       "\t",
                                       "$3\rXXETab",
                                       "*1\rX",
                                       "$5\r\n\r\n*1\r\r\n",
                                       "X a b\n",
                                       "X \"a\\x41\\tb\" 'c\\'d'\r\n",
                                       "2147483648",
                                       "536870913",
                                       "$16385\r\n",
                                       "*11\r\n",
                                       "$16384\r\n",
                                       "*10\r\n",
                                       "\x80\xff"};

std::string RandomStream(base::Random& random) {
  std::string bytes;
  for (std::size_t left = 1 + random.Below(10); left > 0; --left) {
    if (random.Below(12) == 0) {
      bytes += static_cast<char>(random.Below(256));
    } else {
      bytes += kParts[random.Below(std::size(kParts))];
    }
  }
  return bytes;
}

constexpr std::string_view kTails[] = {"*x\r\n",
                                       "*\r\n",
                                       "*+1\r\n",
                                       "*01\r\n",
                                       "*-0\r\n",
                                       "*-\r\n",
                                       "*2147483647\r\n",
                                       "*2147483648\r\n",
                                       "*-1\r\n",
                                       "*-9223372036854775808\r\n",
                                       "*-9223372036854775809\r\n",
                                       "*1\r\n$x\r\n",
                                       "*1\r\n$-1\r\n",
                                       "*1\r\n$-0\r\n",
                                       "*1\r\n$536870912\r\n",
                                       "*1\r\n$536870913\r\n",
                                       "*1\r\n$9223372036854775807\r\n",
                                       "*1\r\n$9223372036854775808\r\n",
                                       "*1\r\n:1\r\n",
                                       "*1\r\n\r\n",
                                       "*1\r\n\x80\r\n",
                                       "*1\r\n$1\r",
                                       "*1\r\n:1\r",
                                       "*11\r\n",
                                       "*10\r\n$1\r\nX\r\n$16385\r\n",
                                       "*2\r\n$1\r\nX\r\n$16384\r\n",
                                       "X \"a\r\n",
                                       "X 'a\r\n",
                                       "X \"a\"b\r\n",
                                       "X a\"b\" c\r\n",
                                       "\"\"\r\n",
                                       "''\n",
                                       " \r\n",
                                       "\v\r\n",
                                       "X\r\rX\n",
                                       "X \"\\xzz\\\r\n"};

std::vector<std::string> ChosenStreams() {
  const std::string endless(70'000, '1');
  const std::string before = "*2\r\n$4\r\nXCHO\r\n$1\r\na\r\n";
  std::vector<std::string> streams = {endless, "*" + endless, "*1\r\n$" + endless, std::string("*\0\r\n", 4) + endless,
                                      std::string("X\0\r\n", 4) + endless};
  for (const std::string_view tail : kTails) {
    streams.push_back(before + std::string(tail) + "X\r\n");
  }
  return streams;
}

void Compare(const std::string& password) {
  const Server server(password);
  if (!server.ready()) GTEST_SKIP() << "no redis-server on PATH";
  const bool unauthenticated = !password.empty();
  for (const std::string& stream : ChosenStreams()) {
    ASSERT_EQ(server.Answer(stream), ExpectedAnswer(stream, unauthenticated)) << stream.substr(0, 100);
  }
  base::Random random(21);
  int refused = 0;
  int understood = 0;
  for (int round = 0; round < 5'000; ++round) {
    const std::string stream = RandomStream(random);
    const std::string answer = server.Answer(stream);
    ASSERT_EQ(answer, ExpectedAnswer(stream, unauthenticated)) << "round " << round << ": " << stream;
    refused += answer.find("ERR Protocol error") != std::string::npos ? 1 : 0;
    understood += answer.find("ERR unknown command") != std::string::npos ? 1 : 0;
  }
  EXPECT_GT(refused, 500) << "the streams must reach the errors";
  EXPECT_GT(understood, 500) << "and requests that are understood";
}

TEST(RespDifferentialTest, RedisAnswersWhatTheDecoderSays) {
  Compare("");
}

TEST(RespDifferentialTest, RedisHoldsUnauthenticatedClientsToTheSameLimits) {
  Compare("secret");
}

}  // namespace
}  // namespace herdgate::resp

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>

#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "sidecar/upstream/connector.h"
#include "tests/support/loop_turns.h"
#include "tests/support/peer_socket.h"

namespace herdgate::upstream {
namespace {

using base::UpstreamUrl;
using std::chrono::milliseconds;
using ::testing::HasSubstr;
using testing::PeerSocket;
using testing::RunFor;
using testing::RunTurns;
using testing::RunUntil;

// A listening TCP socket on 127.0.0.1, and its port.
std::pair<PeerSocket, std::uint16_t> ListenTcp(int backlog = 16) {
  PeerSocket listener(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(bind(listener.fd(), reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
  EXPECT_EQ(listen(listener.fd(), backlog), 0);
  socklen_t size = sizeof name;
  EXPECT_EQ(getsockname(listener.fd(), reinterpret_cast<sockaddr*>(&name), &size), 0);
  return {std::move(listener), ntohs(name.sin_port)};
}

UpstreamUrl Redis(const std::string& host, std::uint16_t port) {
  UpstreamUrl url;
  url.host = host;
  url.port = port;
  return url;
}
UpstreamUrl Unix(const std::string& path) {
  UpstreamUrl url;
  url.kind = UpstreamUrl::Kind::kUnix;
  url.path = path;
  return url;
}

class SocketConnectorTest : public ::testing::Test {
 protected:
  ~SocketConnectorTest() override {
    attempt_.reset();
    RunTurns(loop_);
  }

  void Start(const UpstreamUrl& url, milliseconds timeout = milliseconds(10000)) {
    connector_ = MakeSocketConnector(url);
    attempt_ = connector_->Connect(loop_, timeout, [this](base::Result<int> socket) {
      ++calls_;
      if (socket.ok()) {
        connected_ = PeerSocket(socket.value());
      } else {
        error_ = socket.status().message();
      }
    });
    EXPECT_EQ(calls_, 0) << "never before Connect has returned";
  }
  bool Ends() {
    return RunUntil(loop_, [&] { return calls_ > 0; });
  }

  net::Loop loop_{0};
  std::unique_ptr<Connector> connector_;
  std::unique_ptr<Connector::Attempt> attempt_;
  PeerSocket connected_;
  std::string error_;
  int calls_ = 0;
};

TEST_F(SocketConnectorTest, ConnectsOverTcpWithoutDelays) {
  const auto [listener, port] = ListenTcp();
  Start(Redis("127.0.0.1", port));
  ASSERT_TRUE(Ends());
  ASSERT_EQ(error_, "");
  const PeerSocket accepted(accept4(listener.fd(), nullptr, nullptr, SOCK_NONBLOCK));
  EXPECT_GE(accepted.fd(), 0);
  int no_delay = 0;
  socklen_t size = sizeof no_delay;
  getsockopt(connected_.fd(), IPPROTO_TCP, TCP_NODELAY, &no_delay, &size);
  EXPECT_NE(no_delay, 0);
  EXPECT_NE(fcntl(connected_.fd(), F_GETFL) & O_NONBLOCK, 0);
}

// The name has an IPv6 and an IPv4 address on most machines, and nothing listens on the first.
TEST_F(SocketConnectorTest, TriesEveryAddressOfAName) {
  const auto [listener, port] = ListenTcp();
  Start(Redis("localhost", port));
  ASSERT_TRUE(Ends());
  EXPECT_EQ(error_, "");
}

TEST_F(SocketConnectorTest, ConnectsOverAUnixSocket) {
  std::string directory = (std::filesystem::temp_directory_path() / "connector_test_XXXXXX").string();
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  const std::string path = directory + "/s";
  const PeerSocket listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::strncpy(name.sun_path, path.c_str(), sizeof name.sun_path - 1);
  ASSERT_EQ(bind(listener.fd(), reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
  ASSERT_EQ(listen(listener.fd(), 1), 0);
  Start(Unix(path));
  EXPECT_TRUE(Ends());
  EXPECT_EQ(error_, "");
  std::filesystem::remove_all(directory);
}

TEST_F(SocketConnectorTest, SaysThatAPortIsClosed) {
  auto [listener, port] = ListenTcp();
  listener.Close();
  Start(Redis("127.0.0.1", port));
  ASSERT_TRUE(Ends());
  EXPECT_EQ(error_, "Connection refused");
}

TEST_F(SocketConnectorTest, SaysThatEveryAddressOfANameRefused) {
  auto [listener, port] = ListenTcp();
  listener.Close();
  Start(Redis("localhost", port));
  ASSERT_TRUE(Ends());
  EXPECT_EQ(error_, "Connection refused");
}

TEST_F(SocketConnectorTest, SaysThatAUnixSocketIsMissing) {
  Start(Unix("/nonexistent/s"));
  ASSERT_TRUE(Ends());
  EXPECT_EQ(error_, "No such file or directory");
}

TEST_F(SocketConnectorTest, SaysThatANameIsUnknown) {
  Start(Redis("bad host", 1));
  ASSERT_TRUE(Ends());
  EXPECT_THAT(error_, HasSubstr("name resolution failed: "));
}

TEST_F(SocketConnectorTest, GivesUpAfterTheTimeout) {
  const auto [listener, port] = ListenTcp(0);
  // A full queue drops what comes next, so a connection neither comes nor fails.
  std::vector<PeerSocket> fill;
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(port);
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (int i = 0; i < 4; ++i) {
    fill.emplace_back(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    (void)connect(fill.back().fd(), reinterpret_cast<sockaddr*>(&name), sizeof name);
  }
  Start(Redis("127.0.0.1", port), milliseconds(50));
  ASSERT_TRUE(Ends());
  EXPECT_EQ(error_, "connection timed out");
}

TEST_F(SocketConnectorTest, ACancelledAttemptTellsNothing) {
  const auto [listener, port] = ListenTcp();
  Start(Redis("127.0.0.1", port));
  attempt_.reset();
  RunFor(loop_, milliseconds(20));
  EXPECT_EQ(calls_, 0);
}

TEST_F(SocketConnectorTest, ACancelledNameLookupTellsNothing) {
  const auto [listener, port] = ListenTcp();
  Start(Redis("localhost", port));
  attempt_.reset();
  RunFor(loop_, milliseconds(50));
  EXPECT_EQ(calls_, 0);
}

TEST_F(SocketConnectorTest, AnAttemptMayBeDestroyedByItsOwnCallback) {
  const auto [listener, port] = ListenTcp();
  connector_ = MakeSocketConnector(Redis("127.0.0.1", port));
  attempt_ = connector_->Connect(loop_, milliseconds(10000), [this](base::Result<int> socket) {
    ++calls_;
    connected_ = PeerSocket(socket.value());
    loop_.DestroyLater(std::move(attempt_));
  });
  EXPECT_TRUE(Ends());
}

TEST_F(SocketConnectorTest, ItsNameHoldsNoPassword) {
  UpstreamUrl url = Redis("10.0.0.1", 7000);
  url.password = "secret";
  const std::string name = MakeSocketConnector(url)->name();
  EXPECT_THAT(name, HasSubstr("10.0.0.1:7000"));
  EXPECT_THAT(name, ::testing::Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace herdgate::upstream

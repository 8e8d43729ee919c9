#include "sidecar/net/listener.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

#include "tests/support/loop_turns.h"
#include "tests/support/peer_socket.h"

namespace herdgate::net {
namespace {

using base::ListenAddress;
using ::testing::HasSubstr;
using testing::PeerSocket;
using testing::RunTurns;
using testing::RunUntil;

ListenAddress Tcp(const std::string& host, std::uint16_t port = 0) {
  return {.kind = ListenAddress::Kind::kTcp, .host = host, .port = port, .path = {}};
}
ListenAddress Unix(const std::string& path) {
  return {.kind = ListenAddress::Kind::kUnix, .host = {}, .port = 0, .path = path};
}

PeerSocket DialTcp(std::uint16_t port) {
  PeerSocket peer(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(port);
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(peer.fd(), reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
  return peer;
}
// Not connected if nobody listens.
bool DialUnix(PeerSocket& peer, const std::string& path) {
  peer = PeerSocket(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::strncpy(name.sun_path, path.c_str(), sizeof name.sun_path - 1);
  return connect(peer.fd(), reinterpret_cast<sockaddr*>(&name), sizeof name) == 0;
}

class ListenerTest : public ::testing::Test {
 protected:
  ListenerTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "listener_test_XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
  }
  ~ListenerTest() override {
    listener_.reset();
    RunTurns(loop_);
    for (const int fd : accepted_) close(fd);
    std::filesystem::remove_all(directory_);
  }

  void Start(const ListenAddress& address) {
    auto bound = Listener::Bind(address);
    ASSERT_TRUE(bound.ok()) << bound.status().message();
    listener_ = std::move(bound.value());
    listener_->Start(loop_, [this](int fd, Peer peer) {
      accepted_.push_back(fd);
      peers_.push_back(std::move(peer));
    });
  }
  bool Accepted(std::size_t count) {
    return RunUntil(loop_, [&] { return accepted_.size() >= count; });
  }
  std::string Path(const std::string& name) const { return directory_ + "/" + name; }

  Loop loop_{0};
  std::string directory_;
  std::unique_ptr<Listener> listener_;
  std::vector<int> accepted_;
  std::vector<Peer> peers_;
};

TEST_F(ListenerTest, PicksAPortForPortZero) {
  Start(Tcp("127.0.0.1"));
  EXPECT_NE(listener_->address().port, 0);
  EXPECT_EQ(listener_->ToString(), "tcp://127.0.0.1:" + std::to_string(listener_->address().port));
}

TEST_F(ListenerTest, DealsAcceptedConnectionsWithTheirPeers) {
  Start(Tcp("127.0.0.1"));
  const PeerSocket first = DialTcp(listener_->address().port);
  const PeerSocket second = DialTcp(listener_->address().port);
  ASSERT_TRUE(Accepted(2));
  EXPECT_THAT(peers_[0].address, HasSubstr("127.0.0.1:"));
  EXPECT_EQ(peers_[0].local_address, "127.0.0.1:" + std::to_string(listener_->address().port));
  EXPECT_TRUE(peers_[0].is_loopback);
  EXPECT_FALSE(peers_[0].is_unix);
  EXPECT_NE(peers_[0].address, peers_[1].address);
}

TEST_F(ListenerTest, HandsOverDescriptorsThatDoNotBlock) {
  Start(Tcp("127.0.0.1"));
  const PeerSocket peer = DialTcp(listener_->address().port);
  ASSERT_TRUE(Accepted(1));
  EXPECT_NE(fcntl(accepted_[0], F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(fcntl(accepted_[0], F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(ListenerTest, AcceptsManyConnectionsAtOnce) {
  Start(Tcp("127.0.0.1"));
  std::vector<PeerSocket> peers;
  for (int i = 0; i < 200; ++i) peers.push_back(DialTcp(listener_->address().port));
  EXPECT_TRUE(Accepted(200));
}

TEST_F(ListenerTest, SaysThatThePortIsInUse) {
  Start(Tcp("127.0.0.1"));
  const auto second = Listener::Bind(listener_->address());
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.status().message(),
              HasSubstr("cannot listen on " + listener_->ToString() + ": the port is in use"));
}

TEST_F(ListenerTest, SaysThatTheHostIsUnknown) {
  const auto bound = Listener::Bind(Tcp("bad host", 1234));
  ASSERT_FALSE(bound.ok());
  EXPECT_THAT(bound.status().message(), HasSubstr("bad host"));
}

TEST_F(ListenerTest, AcceptsNothingMoreAfterStop) {
  Start(Tcp("127.0.0.1"));
  listener_->Stop();
  const PeerSocket peer = DialTcp(listener_->address().port);
  RunTurns(loop_, 50);
  EXPECT_TRUE(accepted_.empty());
}

TEST_F(ListenerTest, ListensOnIpv6) {
  auto bound = Listener::Bind(Tcp("::1"));
  if (!bound.ok()) GTEST_SKIP() << "no IPv6 here";
  EXPECT_THAT(bound.value()->ToString(), HasSubstr("[::1]:"));
}

TEST_F(ListenerTest, ListensOnAUnixSocket) {
  Start(Unix(Path("s")));
  PeerSocket peer;
  ASSERT_TRUE(DialUnix(peer, Path("s")));
  ASSERT_TRUE(Accepted(1));
  EXPECT_TRUE(peers_[0].is_unix);
  EXPECT_TRUE(peers_[0].is_loopback);
  EXPECT_EQ(peers_[0].address, Path("s") + ":0");
}

TEST_F(ListenerTest, LetsEveryUserConnectToItsUnixSocket) {
  const mode_t before = umask(0077);
  Start(Unix(Path("s")));
  umask(before);
  struct stat about {};
  ASSERT_EQ(stat(Path("s").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0666U);
}

TEST_F(ListenerTest, RemovesItsUnixSocketAtTheEnd) {
  Start(Unix(Path("s")));
  EXPECT_TRUE(std::filesystem::exists(Path("s")));
  listener_.reset();
  EXPECT_FALSE(std::filesystem::exists(Path("s")));
}

TEST_F(ListenerTest, ReplacesAUnixSocketThatNobodyListensOn) {
  {
    const PeerSocket stale(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::strncpy(name.sun_path, Path("s").c_str(), sizeof name.sun_path - 1);
    ASSERT_EQ(bind(stale.fd(), reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
  }
  ASSERT_TRUE(std::filesystem::exists(Path("s")));
  Start(Unix(Path("s")));
  PeerSocket peer;
  EXPECT_TRUE(DialUnix(peer, Path("s")));
}

TEST_F(ListenerTest, LeavesAUnixSocketOnWhichAnotherListens) {
  Start(Unix(Path("s")));
  const auto second = Listener::Bind(Unix(Path("s")));
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.status().message(), HasSubstr("another process listens there"));
  PeerSocket peer;
  EXPECT_TRUE(DialUnix(peer, Path("s")));
}

// A process that has stopped accepting still owns its socket; asking must not hang either.
TEST_F(ListenerTest, LeavesAUnixSocketWhoseBacklogIsFull) {
  const PeerSocket busy(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::strncpy(name.sun_path, Path("s").c_str(), sizeof name.sun_path - 1);
  ASSERT_EQ(bind(busy.fd(), reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
  ASSERT_EQ(listen(busy.fd(), 0), 0);
  PeerSocket first;
  ASSERT_TRUE(DialUnix(first, Path("s")));
  EXPECT_FALSE(Listener::Bind(Unix(Path("s"))).ok());
}

TEST_F(ListenerTest, DoesNotRemoveAFileThatIsNoSocket) {
  std::ofstream(Path("file")) << "precious";
  const auto bound = Listener::Bind(Unix(Path("file")));
  ASSERT_FALSE(bound.ok());
  EXPECT_THAT(bound.status().message(), HasSubstr("is not a socket"));
  EXPECT_TRUE(std::filesystem::exists(Path("file")));
}

TEST_F(ListenerTest, LeavesTheUnixSocketOfASuccessor) {
  Start(Unix(Path("s")));
  std::filesystem::remove(Path("s"));
  auto successor = Listener::Bind(Unix(Path("s")));
  ASSERT_TRUE(successor.ok());
  listener_.reset();
  PeerSocket peer;
  EXPECT_TRUE(DialUnix(peer, Path("s")));
}

TEST_F(ListenerTest, SaysThatAUnixPathIsTooLong) {
  const auto bound = Listener::Bind(Unix(Path(std::string(200, 'x'))));
  ASSERT_FALSE(bound.ok());
  EXPECT_THAT(bound.status().message(), HasSubstr("longer than 107 bytes"));
}

TEST_F(ListenerTest, SaysThatADirectoryIsMissing) {
  const auto bound = Listener::Bind(Unix(Path("missing/s")));
  ASSERT_FALSE(bound.ok());
  EXPECT_THAT(bound.status().message(), HasSubstr("No such file or directory"));
}

// Out of descriptors, the queue is emptied by closing what comes, and accepting goes on when there are some again.
TEST_F(ListenerTest, ClosesConnectionsWhileDescriptorsRunOut) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "UndefinedBehaviorSanitizer looks at types through a pipe, which needs descriptors";
#endif
  Start(Tcp("127.0.0.1"));
  PeerSocket refused = DialTcp(listener_->address().port);
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit old = limit;
  limit.rlim_cur = static_cast<rlim_t>(refused.fd()) + 1;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  // Fill what is free below the limit.
  std::vector<PeerSocket> fill;
  for (int fd = dup(0); fd >= 0; fd = dup(0)) fill.emplace_back(fd);
  RunTurns(loop_, 20);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
  fill.clear();
  EXPECT_TRUE(accepted_.empty());
  (void)refused.Receive();
  EXPECT_TRUE(refused.ended());
  const PeerSocket next = DialTcp(listener_->address().port);
  EXPECT_TRUE(Accepted(1));
}

}  // namespace
}  // namespace herdgate::net

#include "sidecar/upstream/memory/memory_server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "sidecar/base/random.h"
#include "sidecar/resp/encoder.h"

namespace herdgate::upstream {
namespace {

constexpr std::size_t kMebibyte = 1024UL * 1024;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
constexpr std::string_view kOutOfMemory = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";

// The other end of a connection, used by blocking calls with a deadline.
class Lane {
 public:
  explicit Lane(MemoryServer& server) {
    auto connected = server.Connect();
    if (connected.ok()) fd_ = connected.value();
    fcntl(fd_, F_SETFL, fcntl(fd_, F_GETFL) & ~O_NONBLOCK);
  }
  ~Lane() { close(fd_); }
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  void Send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  void Command(std::initializer_list<std::string_view> args) const {
    std::string out;
    resp::AppendRequest(out, args);
    Send(out);
  }
  // The next `count` bytes; fewer if the connection ends or nothing comes for ten seconds.
  std::string Read(std::size_t count) const {
    std::string bytes;
    while (bytes.size() < count) {
      pollfd ready{.fd = fd_, .events = POLLIN, .revents = 0};
      if (poll(&ready, 1, 10000) != 1) break;
      const std::size_t before = bytes.size();
      bytes.resize(std::min(count, before + 256 * 1024));
      const ssize_t got = read(fd_, bytes.data() + before, bytes.size() - before);
      bytes.resize(before + (got > 0 ? static_cast<std::size_t>(got) : 0));
      if (got <= 0) break;
    }
    return bytes;
  }
  void Expect(std::string_view reply) const { EXPECT_EQ(Read(reply.size()), reply); }
  bool AtEnd() const { return Read(1).empty(); }
  void HalfClose() const { shutdown(fd_, SHUT_WR); }
  int fd() const { return fd_; }

 private:
  int fd_ = -1;
};

std::size_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

struct Running {
  explicit Running(std::size_t max_bytes = 64 * kMebibyte) : server({.max_bytes = max_bytes, .seed = 3}) {
    server.Start();
  }
  MemoryServer server;
};

TEST(MemoryServer, AnswersAPipelineInOrder) {
  Running running;
  const Lane lane(running.server);
  std::string requests;
  std::string replies;
  for (int i = 0; i < 5000; ++i) {
    const std::string key = "k" + std::to_string(i);
    resp::AppendRequest(requests, {"SET", key, key});
    resp::AppendRequest(requests, {"GET", key});
    replies += "+OK\r\n";
    resp::AppendBulk(replies, key);
  }
  std::thread writer([&] { lane.Send(requests); });
  lane.Expect(replies);
  writer.join();
}

TEST(MemoryServer, ServesConnectionsMadeBeforeItStarts) {
  MemoryServer server({.seed = 3});
  const Lane lane(server);
  lane.Command({"PING"});
  server.Start();
  lane.Expect("+PONG\r\n");
}

TEST(MemoryServer, ConnectionIsANonBlockingSocketThatNoChildInherits) {
  Running running;
  auto connected = running.server.Connect();
  ASSERT_TRUE(connected.ok());
  EXPECT_NE(fcntl(connected.value(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(fcntl(connected.value(), F_GETFD) & FD_CLOEXEC, 0);
  close(connected.value());
}

TEST(MemoryServer, StopClosesConnectionsAndRefusesNewOnes) {
  Running running;
  const Lane lane(running.server);
  lane.Command({"PING"});
  lane.Expect("+PONG\r\n");
  running.server.Stop();
  EXPECT_TRUE(lane.AtEnd());
  const auto refused = running.server.Connect();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.status().code(), base::ErrorCode::kUnavailable);
}

TEST(MemoryServer, LargeValueGoesInAndOutWhole) {
  Running running;
  const Lane lane(running.server);
  base::Random random(4);
  std::string value(20 * kMebibyte, '\0');
  for (char& c : value) c = static_cast<char>(random.Next());
  lane.Command({"SET", "k", value});
  lane.Expect("+OK\r\n");
  lane.Command({"GET", "k"});
  std::string reply;
  resp::AppendBulk(reply, value);
  EXPECT_TRUE(lane.Read(reply.size()) == reply);
}

TEST(MemoryServer, ValueBeyondTheBoundIsRefusedAndTheConnectionGoesOn) {
  Running running(4 * kMebibyte);
  const Lane lane(running.server);
  lane.Command({"SET", "small", "v"});
  lane.Expect("+OK\r\n");
  // Held whole, but too large for the store; and too large to be held.
  for (const std::size_t size : {4 * kMebibyte, 12 * kMebibyte}) {
    lane.Command({"SET", "large", std::string(size, 'v')});
    lane.Expect(kOutOfMemory);
  }
  lane.Command({"GET", "small"});
  lane.Expect("$1\r\nv\r\n");
}

TEST(MemoryServer, RequestTooLargeToHoldAbortsTheTransaction) {
  Running running(4 * kMebibyte);
  const Lane lane(running.server);
  lane.Command({"MULTI"});
  lane.Command({"SET", "large", std::string(12 * kMebibyte, 'v')});
  lane.Command({"EXEC"});
  lane.Expect("+OK\r\n" + std::string(kOutOfMemory) +
              "-EXECABORT Transaction discarded because of previous errors.\r\n");
}

TEST(MemoryServer, MessagesReachOtherConnections) {
  Running running;
  const Lane subscriber(running.server);
  const Lane publisher(running.server);
  subscriber.Command({"SUBSCRIBE", "news"});
  subscriber.Expect("*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n");
  publisher.Command({"PUBLISH", "news", "hello"});
  publisher.Expect(":1\r\n");
  subscriber.Expect("*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhello\r\n");
}

TEST(MemoryServer, SubscriberThatDoesNotReadIsClosedAt32Megabytes) {
  Running running;
  const Lane subscriber(running.server);
  const Lane publisher(running.server);
  subscriber.Command({"SUBSCRIBE", "news"});
  subscriber.Expect("*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n");
  const std::string message(kMebibyte, 'm');
  for (int i = 0; i < 40; ++i) {
    publisher.Command({"PUBLISH", "news", message});
    const std::string reply = publisher.Read(4);
    if (reply == ":0\r\n") {
      EXPECT_GE(i, 32);
      return;
    }
    ASSERT_EQ(reply, ":1\r\n");
  }
  FAIL() << "still subscribed after 40 MiB";
}

TEST(MemoryServer, LargeRepliesWaitForTheReaderAndAllArrive) {
  Running running;
  const Lane lane(running.server);
  const std::string value(4 * kMebibyte, 'v');
  lane.Command({"SET", "k", value});
  lane.Expect("+OK\r\n");
  malloc_trim(0);
  const std::size_t before = ResidentBytes();
  std::string requests;
  for (int i = 0; i < 100; ++i) resp::AppendRequest(requests, {"GET", "k"});
  lane.Send(requests);
  std::size_t most = 0;
  for (int i = 0; i < 100; ++i) {
    lane.Expect("$4194304\r\n");
    ASSERT_EQ(lane.Read(value.size() + 2).size(), value.size() + 2);
    most = std::max(most, ResidentBytes());
  }
  lane.Command({"PING"});
  lane.Expect("+PONG\r\n");
  if (!kSanitized) {
    EXPECT_LT(most - before, 120 * kMebibyte) << "of 400 MiB of replies asked for at once";
  }
}

TEST(MemoryServer, QuitAnswersAndCloses) {
  Running running;
  const Lane lane(running.server);
  lane.Send("PING\r\nQUIT\r\nPING\r\n");
  lane.Expect("+PONG\r\n+OK\r\n");
  EXPECT_TRUE(lane.AtEnd());
}

TEST(MemoryServer, HalfCloseIsAnsweredThenClosed) {
  Running running;
  const Lane lane(running.server);
  lane.Command({"ECHO", "last"});
  lane.HalfClose();
  lane.Expect("$4\r\nlast\r\n");
  EXPECT_TRUE(lane.AtEnd());
}

TEST(MemoryServer, ClosedConnectionNoLongerWatchesOrListens) {
  Running running;
  const Lane stays(running.server);
  {
    const Lane goes(running.server);
    goes.Send("WATCH k\r\nSUBSCRIBE c\r\n");
    goes.Expect("+OK\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
  }
  std::string receivers = ":1\r\n";
  for (int attempt = 0; attempt < 1000 && receivers == ":1\r\n"; ++attempt) {
    stays.Command({"PUBLISH", "c", "m"});
    receivers = stays.Read(4);
  }
  EXPECT_EQ(receivers, ":0\r\n");
  stays.Command({"SET", "k", "v"});
  stays.Expect("+OK\r\n");
}

TEST(MemoryServer, GarbageNeitherCrashesNorBlocksOthers) {
  Running running(4 * kMebibyte);
  const Lane good(running.server);
  base::Random random(8);
  constexpr std::string_view kPieces[] = {"*3\r\n",      "$3\r\nSET\r\n",   "$-1\r\n",   "\r\n",   "*-1\r\n",
                                          "$1\r\nk\r\n", "*2000000000\r\n", "GET k\r\n", "\"",     "$536870912\r\n",
                                          "*1\r\n",      "$4\r\nEXEC\r\n",  "MULTI\r\n", "\xff\0x"};
  for (int round = 0; round < 300; ++round) {
    const Lane bad(running.server);
    for (std::size_t i = random.Below(30); i > 0; --i) {
      if (random.Below(4) == 0) {
        std::string noise(random.Below(40), '\0');
        for (char& c : noise) c = static_cast<char>(random.Next());
        bad.Send(noise);
      } else {
        bad.Send(kPieces[random.Below(std::size(kPieces))]);
      }
    }
    good.Command({"PING"});
    ASSERT_EQ(good.Read(7), "+PONG\r\n") << round;
  }
}

TEST(MemoryServer, StatsTellOfKeysAndBytes) {
  Running running(8 * kMebibyte);
  const Lane lane(running.server);
  lane.Send("SET a 1\r\nSET b 2\r\nGET a\r\nGET none\r\n");
  lane.Expect("+OK\r\n+OK\r\n$1\r\n1\r\n$-1\r\n");
  MemoryStats stats;
  for (int attempt = 0; attempt < 500 && stats.commands < 4; ++attempt) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    stats = running.server.Stats();
  }
  EXPECT_EQ(stats.keys, 2U);
  EXPECT_GT(stats.bytes, 100U);
  EXPECT_EQ(stats.max_bytes, 8 * kMebibyte);
  EXPECT_EQ(stats.connections, 1U);
  EXPECT_EQ(stats.hits, 1U);
  EXPECT_EQ(stats.misses, 1U);
}

TEST(MemoryServer, ManyThreadsMayConnectAtOnce) {
  Running running;
  std::atomic<int> answered{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        const Lane lane(running.server);
        lane.Command({"INCR", "n"});
        if (lane.Read(4).starts_with(":")) ++answered;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answered, 200);
}

}  // namespace
}  // namespace herdgate::upstream

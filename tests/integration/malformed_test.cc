// Bytes that are no requests: Redis' own words, then the end; what stood before them is answered.
#include <random>

#include "tests/integration/support/sidecar_test.h"

namespace herdgate::integration {
namespace {

class Malformed : public SidecarTest {
 protected:
  // Everything up to the end, from both.
  void ClosesAsRedis(const std::string& bytes) {
    RawClient direct = Direct();
    direct.Send(bytes);
    const std::string expected = direct.ReadToEnd();
    RawClient client = Client();
    client.Send(bytes);
    EXPECT_EQ(expected, client.ReadToEnd()) << bytes.substr(0, 60);
    RawClient slow = Client();
    for (const char byte : bytes.substr(0, 3000)) slow.Send(std::string_view(&byte, 1));
    slow.Send(bytes.substr(std::min<std::size_t>(bytes.size(), 3000)));
    EXPECT_EQ(expected, slow.ReadToEnd()) << "byte by byte: " << bytes.substr(0, 60);
  }
};

TEST_P(Malformed, IsAnsweredAndClosedAsByRedis) {
  for (const std::string bytes : {"*x\r\n", "*1000000000000\r\n", "*2147483648\r\n", "*1\r\nGET\r\n", "*1\r\n:3\r\n",
                                  "*1\r\n$x\r\n", "*1\r\n$-5\r\n", "*1\r\n$\r\n", "*2\r\n$3\r\nGET\r\n*1\r\n",
                                  "*1\r\n$999999999999\r\n", "\"unbalanced\r\n", "'\r\n", "GET \"a\"b\r\n"}) {
    ClosesAsRedis(bytes);
    ClosesAsRedis(Encode({"SET", "a", "1"}) + Encode({"GET", "a"}) + bytes + Encode({"SET", "a", "never"}));
    EXPECT_EQ(Direct().Do({"GET", "a"}), Bulk("1"));
  }
}

TEST_P(Malformed, TooLongLinesAreRefusedAsByRedis) {
  ClosesAsRedis(std::string(70000, 'x'));
  ClosesAsRedis("*" + std::string(70000, '1'));
  ClosesAsRedis("*1\r\n$" + std::string(70000, '1'));
}

TEST_P(Malformed, BehindAnUnansweredCommandComesAfterItsReply) {
  RawClient client = Client();
  client.Send(Encode({"BLPOP", "q", "0"}) + "*x\r\n");
  ASSERT_TRUE(UpstreamBlocks(1));
  EXPECT_EQ(client.Peek(), "");
  Direct().Do({"RPUSH", "q", "x"});
  EXPECT_EQ(client.ReadToEnd(), "*2\r\n$1\r\nq\r\n$1\r\nx\r\n-ERR Protocol error: invalid multibulk length\r\n");
}

TEST_P(Malformed, EmptyRequestsAreSkippedAndInlineOnesServed) {
  RawClient client = Client();
  client.Send("\r\n*0\r\n*-1\r\n\r\nPING\r\nset a \"x\\x41\\n\"\nGET a\r\n");
  EXPECT_EQ(client.Read(), "+PONG\r\n");
  EXPECT_EQ(client.Read(), "+OK\r\n");
  EXPECT_EQ(client.Read(), Bulk("xA\n"));
}

TEST_P(Malformed, BrowserIsClosedWithoutAWord) {
  for (const std::string bytes :
       {"POST / HTTP/1.1\r\nHost: localhost\r\n\r\n", "Host: localhost\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"}) {
    RawClient direct = Direct();
    direct.Send(bytes);
    RawClient client = Client();
    client.Send(bytes);
    EXPECT_EQ(direct.ReadToEnd(), client.ReadToEnd());
  }
}

TEST_P(Malformed, GarbageNeverHarmsTheNextClient) {
  std::mt19937 random(20261120);
  const std::string alphabet = "*$:+-_>%~,#(|!=\r\n0123456789GETSXab\"'\\ \0\xff";
  for (int round = 0; round < 300; ++round) {
    std::string bytes;
    const std::size_t length = 1 + random() % 400;
    for (std::size_t i = 0; i < length; ++i)
      bytes += round % 2 == 0 ? static_cast<char>(random()) : alphabet[random() % alphabet.size()];
    RawClient client = Client();
    client.Send(bytes);
    if (round % 3 == 0) client.HalfClose();
    if (round % 50 == 0) {
      RawClient good = Client();
      ASSERT_EQ(good.Do({"ECHO", "fine"}), Bulk("fine")) << "round " << round;
    }
  }
  EXPECT_EQ(Client().Do({"PING"}), "+PONG\r\n");
  EXPECT_TRUE(Gate().MetricBecomes("herdgate_client_connections", 0));
}

TEST_P(Malformed, ThousandConnectionsComeAndGoAtOnce) {
  std::vector<RawClient> clients;
  for (int i = 0; i < 1000; ++i) {
    clients.push_back(Client());
    ASSERT_TRUE(clients.back().connected());
    clients.back().Say({"ECHO", std::to_string(i)});
  }
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(clients[static_cast<std::size_t>(i)].Read(), Bulk(std::to_string(i)));
  for (std::size_t i = 0; i < clients.size(); i += 2) clients[i].Abort();
  clients.clear();
  EXPECT_TRUE(Gate().MetricBecomes("herdgate_client_connections", 0));
  EXPECT_EQ(Client().Do({"PING"}), "+PONG\r\n");
}

TEST_P(Malformed, ReplyTheUpstreamNeverOwedClosesNobody) {
  // Redis ends a connection whose request is too large with a protocol error: only its own client may feel it.
  RawClient other = Client();
  other.Do({"PING"});
  RawClient client = Client();
  client.Send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000000000\r\n" + std::string(1000000, 'x'));
  // Redis closes with bytes unread, so its words may be lost on the way, to its own clients too.
  const std::string answer = client.ReadToEnd();
  EXPECT_TRUE(answer.empty() || answer == "-ERR Protocol error: invalid bulk length\r\n") << answer;
  EXPECT_EQ(other.Do({"PING"}), "+PONG\r\n");
}

HERDGATE_WITH_LOOPS(Malformed);

}  // namespace
}  // namespace herdgate::integration

#include "sidecar/upstream/handshake.h"

#include <gtest/gtest.h>

namespace herdgate::upstream {
namespace {

using Progress = Handshake::Progress;

constexpr std::string_view kHello2 = "*4\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n$2\r\nid\r\n:42\r\n";
constexpr std::string_view kHello3 = "%2\r\n$7\r\nversion\r\n$5\r\n7.2.4\r\n$2\r\nid\r\n:7\r\n";
constexpr std::string_view kHello2Request = "*2\r\n$5\r\nHELLO\r\n$1\r\n2\r\n";
constexpr std::string_view kSelect5Request = "*2\r\n$6\r\nSELECT\r\n$1\r\n5\r\n";

IdentityPtr As(std::vector<std::string> auth) {
  return std::make_shared<const Identity>(Identity{.auth = std::move(auth)});
}
Handshake Own(int proto, std::uint32_t db, std::vector<std::string> auth = {}) {
  const IdentityPtr own = As(std::move(auth));
  return {LaneKey{proto, db, own}, own};
}

TEST(HandshakeTest, SaysHelloOnly) {
  Handshake handshake = Own(2, 0);
  EXPECT_EQ(handshake.Start(), kHello2Request);
  EXPECT_EQ(handshake.Take(kHello2), Progress::kDone);
  EXPECT_EQ(handshake.result().hello, kHello2);
  EXPECT_EQ(handshake.result().id, 42);
  EXPECT_EQ(handshake.result().version, "7.0.15");
  EXPECT_FALSE(handshake.result().unauthenticated);
}

TEST(HandshakeTest, SpeaksResp3) {
  Handshake handshake = Own(3, 0);
  EXPECT_EQ(handshake.Start(), "*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n");
  EXPECT_EQ(handshake.Take(kHello3), Progress::kDone);
  EXPECT_EQ(handshake.result().id, 7);
}

TEST(HandshakeTest, AuthenticatesAndSelectsAllAtOnce) {
  Handshake handshake = Own(2, 5, {"user", "secret"});
  EXPECT_EQ(handshake.Start(), "*3\r\n$4\r\nAUTH\r\n$4\r\nuser\r\n$6\r\nsecret\r\n" + std::string(kHello2Request) +
                                   std::string(kSelect5Request));
  EXPECT_EQ(handshake.Take("+OK\r\n"), Progress::kMore);
  EXPECT_EQ(handshake.Take(kHello2), Progress::kMore);
  EXPECT_EQ(handshake.Take("+OK\r\n"), Progress::kDone);
}

TEST(HandshakeTest, TakesAnswersInPiecesOfEverySize) {
  const std::string answers = "+OK\r\n" + std::string(kHello2) + "+OK\r\n";
  for (std::size_t size = 1; size <= answers.size(); ++size) {
    Handshake handshake = Own(2, 5, {"secret"});
    (void)handshake.Start();
    Progress progress = Progress::kMore;
    for (std::size_t at = 0; at < answers.size(); at += size) {
      ASSERT_EQ(progress, Progress::kMore) << size;
      progress = handshake.Take(std::string_view(answers).substr(at, size));
    }
    ASSERT_EQ(progress, Progress::kDone) << size;
    EXPECT_EQ(handshake.rest(), "");
  }
}

TEST(HandshakeTest, ShowsWhatFollowsTheAnswers) {
  Handshake handshake = Own(2, 0);
  (void)handshake.Start();
  EXPECT_EQ(handshake.Take(std::string(kHello2) + "+more\r\n"), Progress::kDone);
  EXPECT_EQ(handshake.rest(), "+more\r\n");
}

TEST(HandshakeTest, IsRefusedWhenThePasswordIsWrong) {
  Handshake handshake = Own(2, 0, {"secret"});
  (void)handshake.Start();
  EXPECT_EQ(handshake.Take("-WRONGPASS no\r\n"), Progress::kRefused);
  EXPECT_EQ(handshake.error(), "-WRONGPASS no");
}

TEST(HandshakeTest, IsRefusedWhenTheDatabaseDoesNotExist) {
  Handshake handshake = Own(2, 99);
  (void)handshake.Start();
  EXPECT_EQ(handshake.Take(std::string(kHello2) + "-ERR DB index is out of range\r\n"), Progress::kRefused);
  EXPECT_EQ(handshake.error(), "-ERR DB index is out of range");
}

TEST(HandshakeTest, AnUpstreamWithoutHelloServesResp2) {
  Handshake handshake = Own(2, 5);
  (void)handshake.Start();
  EXPECT_EQ(handshake.Take("-ERR unknown command `HELLO`\r\n+OK\r\n"), Progress::kDone);
  EXPECT_EQ(handshake.result().hello, "");
  EXPECT_EQ(handshake.result().hello_error, "-ERR unknown command `HELLO`");
}

// Otherwise the commands for one database would silently go to another.
TEST(HandshakeTest, IsRefusedByAnUpstreamWithoutHelloWhenTheDatabaseDoesNotExist) {
  Handshake handshake = Own(2, 99);
  (void)handshake.Start();
  EXPECT_EQ(handshake.Take("-ERR unknown command `HELLO`\r\n-ERR DB index is out of range\r\n"), Progress::kRefused);
}

TEST(HandshakeTest, AnUpstreamWithoutHelloRefusesResp3) {
  Handshake handshake = Own(3, 0);
  (void)handshake.Start();
  EXPECT_EQ(handshake.Take("-ERR unknown command `HELLO`\r\n"), Progress::kRefused);
}

TEST(HandshakeTest, IsUnauthenticatedWhereThePasswordIsMissing) {
  Handshake handshake = Own(2, 5);
  (void)handshake.Start();
  EXPECT_EQ(handshake.Take("-NOAUTH Authentication required.\r\n-NOAUTH Authentication required.\r\n"),
            Progress::kDone);
  EXPECT_TRUE(handshake.result().unauthenticated);
  EXPECT_EQ(handshake.result().hello_error, "-NOAUTH Authentication required.");
}

TEST(HandshakeTest, IsToldThatTheUpstreamIsFullOrProtected) {
  for (const std::string reason : {"ERR max number of clients reached", "DENIED Redis is running in protected mode"}) {
    Handshake handshake = Own(2, 0, {"secret"});
    (void)handshake.Start();
    EXPECT_EQ(handshake.Take("-" + reason + "\r\n"), Progress::kUnavailable);
    EXPECT_EQ(handshake.error(), reason);
  }
}

TEST(HandshakeTest, IsToldThatTheUpstreamSpeaksAnotherProtocol) {
  Handshake handshake = Own(2, 0);
  (void)handshake.Start();
  EXPECT_EQ(handshake.Take("HTTP/1.1 400 Bad Request\r\n\r\n"), Progress::kUnavailable);
}

TEST(HandshakeTest, SelectsTheDatabaseBeforeAClientsUserIsNamed) {
  const IdentityPtr own = As({"own"});
  Handshake handshake({2, 5, As({"user", "pw"})}, own);
  EXPECT_EQ(handshake.Start(), "*2\r\n$4\r\nAUTH\r\n$3\r\nown\r\n" + std::string(kSelect5Request) +
                                   "*3\r\n$4\r\nAUTH\r\n$4\r\nuser\r\n$2\r\npw\r\n" + std::string(kHello2Request) +
                                   std::string(kSelect5Request));
  EXPECT_EQ(handshake.Take("+OK\r\n+OK\r\n+OK\r\n" + std::string(kHello2) + "-NOPERM no SELECT\r\n"), Progress::kDone);
  EXPECT_EQ(handshake.result().select_error, "-NOPERM no SELECT");
}

TEST(HandshakeTest, AClientsUserOnADatabaseThatDoesNotExistIsRefused) {
  Handshake handshake({2, 99, As({"user", "pw"})}, As({}));
  (void)handshake.Start();
  EXPECT_EQ(handshake.Take("-ERR DB index is out of range\r\n+OK\r\n" + std::string(kHello2) +
                           "-ERR DB index is out of range\r\n"),
            Progress::kRefused);
}

TEST(HandshakeTest, StartForgetsTheLastConnection) {
  Handshake handshake = Own(2, 0);
  (void)handshake.Start();
  (void)handshake.Take("*4\r\n$7\r\nver");
  (void)handshake.Start();
  EXPECT_EQ(handshake.Take(kHello2), Progress::kDone);
  EXPECT_EQ(handshake.result().id, 42);
}

}  // namespace
}  // namespace herdgate::upstream

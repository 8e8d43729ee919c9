#include "sidecar/admin/http_connection.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace herdgate::admin {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using Ended = HttpConnection::Ended;

constexpr const char* kGet = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";

// A connection over a socket pair, with time in the test's hand.
class HttpConnectionTest : public testing::Test {
 protected:
  void Open(HttpLimits limits = {}) {
    limits_ = limits;
    std::array<int, 2> pair{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair.data()), 0);
    client_ = pair[0];
    connection_.emplace(pair[1], limits_, now_);
  }
  void TearDown() override {
    if (client_ >= 0) close(client_);
  }

  Ended Turn() {
    return connection_->OnReady(now_, [this](const RequestHead& head, std::string_view body, std::string_view) {
      targets_.emplace_back(head.target);
      bodies_.emplace_back(body);
      return answer_;
    });
  }
  Ended Send(std::string_view text) {
    EXPECT_EQ(send(client_, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
    return Turn();
  }
  std::string Received() {
    std::string all;
    std::array<char, 65536> chunk;
    for (ssize_t got = 0; (got = recv(client_, chunk.data(), chunk.size(), 0)) > 0;) {
      all.append(chunk.data(), static_cast<std::size_t>(got));
    }
    return all;
  }

  HttpLimits limits_;
  base::SteadyTime now_{std::chrono::hours(1)};
  int client_ = -1;
  std::optional<HttpConnection> connection_;
  std::string answer_ = "answer";
  std::vector<std::string> targets_;
  std::vector<std::string> bodies_;
};

TEST_F(HttpConnectionTest, AnswersARequestThatComesByteByByte) {
  Open();
  for (const char* at = kGet; *at != 0; ++at) EXPECT_EQ(Send(std::string_view(at, 1)), Ended::kNo);
  EXPECT_EQ(Received(), "answer");
  EXPECT_THAT(targets_, ElementsAre("/a"));
}

TEST_F(HttpConnectionTest, AnswersPipelinedRequestsInOrderOneATurn) {
  Open();
  EXPECT_EQ(Send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\nGET /3 HTT"), Ended::kNo);
  EXPECT_THAT(targets_, ElementsAre("/1"));
  ASSERT_TRUE(connection_->wants_turn());
  EXPECT_EQ(Turn(), Ended::kNo);
  EXPECT_THAT(targets_, ElementsAre("/1", "/2"));
  ASSERT_TRUE(connection_->wants_turn());
  EXPECT_EQ(Turn(), Ended::kNo);
  EXPECT_FALSE(connection_->wants_turn());
  EXPECT_EQ(Send("P/1.1\r\nHost: a\r\n\r\n"), Ended::kNo);
  EXPECT_THAT(targets_, ElementsAre("/1", "/2", "/3"));
  EXPECT_EQ(Received(), "answeransweranswer");
}

TEST_F(HttpConnectionTest, ReadsABodyWithinTheLimitBeforeItAnswers) {
  HttpLimits limits;
  limits.max_body_bytes = 5;
  Open(limits);
  EXPECT_EQ(Send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel"), Ended::kNo);
  EXPECT_TRUE(targets_.empty());
  EXPECT_EQ(Send("lo"), Ended::kNo);
  EXPECT_THAT(bodies_, ElementsAre("hello"));
}

TEST_F(HttpConnectionTest, AHeadThatNeverEndsIsRefusedAtTheLimit) {
  HttpLimits limits;
  limits.max_head_bytes = 100;
  Open(limits);
  EXPECT_EQ(Send("GET / HTTP/1.1\r\nX: " + std::string(81, 'x')), Ended::kNo);  // 100 bytes
  EXPECT_EQ(connection_->TakeRefusal(), 431);
  EXPECT_THAT(Received(), StartsWith("HTTP/1.1 431 "));
}

TEST_F(HttpConnectionTest, AHeadOfExactlyTheLimitIsTaken) {
  HttpLimits limits;
  limits.max_head_bytes = std::string_view(kGet).size();
  Open(limits);
  EXPECT_EQ(Send(kGet), Ended::kNo);
  EXPECT_THAT(targets_, ElementsAre("/a"));
}

TEST_F(HttpConnectionTest, AHeadThatEndsBeyondTheLimitIsRefusedEvenIfABodyMayFollow) {
  HttpLimits limits;
  limits.max_head_bytes = 40;
  limits.max_body_bytes = 1000;
  Open(limits);
  EXPECT_EQ(Send("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(20, 'x') + "\r\n\r\n"), Ended::kNo);
  EXPECT_EQ(connection_->TakeRefusal(), 431);
}

TEST_F(HttpConnectionTest, ARefusalLingersUntilTheClientHasClosed) {
  Open();
  EXPECT_EQ(Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"), Ended::kNo);
  EXPECT_THAT(Received(), StartsWith("HTTP/1.1 413 "));
  EXPECT_EQ(Send("some body"), Ended::kNo);
  EXPECT_TRUE(targets_.empty());
  close(client_);
  client_ = -1;
  EXPECT_EQ(Turn(), Ended::kAfterRefusal);
}

TEST_F(HttpConnectionTest, LingeringEndsByTimeToo) {
  Open();
  EXPECT_EQ(Send("nonsense\r\n\r\n"), Ended::kNo);
  EXPECT_LE(connection_->deadline(), now_ + std::chrono::seconds(1));
  EXPECT_EQ(connection_->OnDeadline(connection_->deadline()), Ended::kAfterRefusal);
}

TEST_F(HttpConnectionTest, TheDeadlineOfAHeadDoesNotMoveWithItsBytes) {
  Open();
  EXPECT_EQ(Send("GET"), Ended::kNo);
  const base::SteadyTime deadline = connection_->deadline();
  EXPECT_EQ(deadline, now_ + limits_.request_timeout);
  for (int i = 0; i < 5; ++i) {
    now_ += milliseconds(300);
    EXPECT_EQ(Send("x"), Ended::kNo);
    EXPECT_EQ(connection_->deadline(), deadline);
  }
  EXPECT_EQ(connection_->OnDeadline(deadline), Ended::kNo);
  EXPECT_THAT(Received(), StartsWith("HTTP/1.1 408 "));
}

TEST_F(HttpConnectionTest, AConnectionThatSaysNothingIsClosedWithoutAWord) {
  Open();
  EXPECT_EQ(connection_->OnDeadline(connection_->deadline()), Ended::kTimedOut);
  EXPECT_EQ(Received(), "");
}

TEST_F(HttpConnectionTest, BetweenRequestsTheIdleTimeHoldsAndTheNextRequestStartsItsOwn) {
  Open();
  EXPECT_EQ(Send(kGet), Ended::kNo);
  EXPECT_EQ(connection_->deadline(), now_ + limits_.idle_timeout);
  now_ += std::chrono::seconds(60);
  EXPECT_EQ(Send("G"), Ended::kNo);
  EXPECT_EQ(connection_->deadline(), now_ + limits_.request_timeout);
}

TEST_F(HttpConnectionTest, AnIdleConnectionEndsQuietly) {
  Open();
  EXPECT_EQ(Send(kGet), Ended::kNo);
  EXPECT_EQ(connection_->OnDeadline(connection_->deadline()), Ended::kAfterAnswer);
}

TEST_F(HttpConnectionTest, ConnectionCloseIsHonoured) {
  Open();
  EXPECT_EQ(Send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), Ended::kAfterAnswer);
  EXPECT_EQ(Received(), "answer");
}

TEST_F(HttpConnectionTest, AClientThatDoesNotReadIsNotReadFromAndTimesOut) {
  Open();
  answer_ = std::string(4 << 20, 'x');
  EXPECT_EQ(Send(kGet), Ended::kNo);
  EXPECT_GT(connection_->held_bytes(), 0U);
  EXPECT_EQ(connection_->events(), POLLOUT);
  EXPECT_EQ(Send(kGet), Ended::kNo);
  EXPECT_EQ(targets_.size(), 1U);
  EXPECT_EQ(connection_->deadline(), now_ + limits_.write_timeout);
  EXPECT_EQ(connection_->OnDeadline(connection_->deadline()), Ended::kTimedOut);
}

TEST_F(HttpConnectionTest, ALargeAnswerArrivesWholeAndItsMemoryIsGivenBack) {
  Open();
  answer_ = std::string(4 << 20, 'x');
  EXPECT_EQ(Send(kGet), Ended::kNo);
  std::string all = Received();
  while (connection_->held_bytes() > 0) {
    ASSERT_EQ(Turn(), Ended::kNo);
    all += Received();
  }
  EXPECT_EQ(all, answer_);
  EXPECT_EQ(connection_->events(), POLLIN);
}

TEST_F(HttpConnectionTest, AClientThatClosesEndsItInEveryPhase) {
  Open();
  close(client_);
  client_ = -1;
  EXPECT_EQ(Turn(), Ended::kByClient);

  Open();
  answer_ = std::string(4 << 20, 'x');
  EXPECT_EQ(Send(kGet), Ended::kNo);
  close(client_);
  client_ = -1;
  EXPECT_EQ(Turn(), Ended::kByClient);
}

}  // namespace
}  // namespace herdgate::admin

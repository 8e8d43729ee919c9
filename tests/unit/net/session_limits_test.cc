// Sessions whose input or output is out of the ordinary: malformed, too large to be held, or read slowly.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/net/session_fixture.h"

namespace herdgate::net {
namespace {

using testing::FakeHandler;
using testing::RunTurns;

class SessionLimitsTest : public SessionFixture {};

// ---- malformed input

TEST_F(SessionLimitsTest, MalformedInputIsAnsweredBehindTheRequestsBeforeIt) {
  Open();
  EXPECT_EQ(Ask("a\r\n*1\r\n+OK\r\nb\r\n"), "+a\r\n-ERR Protocol error: expected '$', got '+'\r\n");
  EXPECT_TRUE(client_.ended());
  EXPECT_EQ(ClosedFor(CloseReason::kProtocolError), 1U);
  EXPECT_EQ(metrics_.protocol_errors.value(), 1U);
}

TEST_F(SessionLimitsTest, MalformedInputWaitsForTheRepliesOwedBeforeIt) {
  Open();
  handler_.on_request = [](Session& session, const resp::Request&) {
    session.replies().Expect();
    return Verdict::kDone;
  };
  EXPECT_EQ(Ask("a\r\n*-5x\r\n"), "");
  Pass("+lane\r\n", 1);
  Turn();
  EXPECT_EQ(client_.Receive(), "+lane\r\n-ERR Protocol error: invalid multibulk length\r\n");
  EXPECT_TRUE(client_.ended());
}

// ---- large requests

std::string LargeRequestText(std::size_t bytes) {
  return "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$" + std::to_string(bytes) + "\r\n" + std::string(bytes, 'v') + "\r\n";
}

class LargeRequestTest : public SessionFixture {
 protected:
  LargeRequestTest() {
    Open({.max_held_request = 1000});
    handler_.on_large = [this](Session& session, const LargeRequest& head) {
      ++asked_;
      args_.assign(head.args.begin(), head.args.end());
      declared_ = head.declared_args;
      if (waits_-- > 0) return Verdict::kWait;
      session.replies().Expect();
      return Verdict::kDone;
    };
  }
  // Sends all of it, in pieces that the socket takes.
  void SendAll(std::string_view bytes) {
    while (!bytes.empty()) {
      bytes.remove_prefix(client_.TrySend(bytes));
      RunTurns(loop_, 1);
    }
    Turn();
  }

  int asked_ = 0;
  int waits_ = 0;
  std::vector<std::string> args_;
  std::size_t declared_ = 0;
};

TEST_F(LargeRequestTest, IsStreamedFromItsFirstByteToItsLast) {
  const std::string request = LargeRequestText(500000);
  SendAll(request);
  EXPECT_TRUE(handler_.streamed == request);
  EXPECT_EQ(handler_.stream_ends, 1);
  EXPECT_EQ(args_, (std::vector<std::string>{"SET", "k"}));
  EXPECT_EQ(declared_, 3U);
}

TEST_F(LargeRequestTest, AWholeRequestBeyondTheLimitInOneReadIsNotStreamed) {
  client_.Send(LargeRequestText(2000));
  Turn();
  EXPECT_EQ(asked_, 0);
  EXPECT_EQ(handler_.requests.size(), 1U);
}

TEST_F(LargeRequestTest, MayWaitAndIsThenStreamedWhole) {
  waits_ = 1;
  const std::string request = LargeRequestText(3000);
  client_.Send(std::string_view(request).substr(0, 100));
  Turn();
  client_.Send(std::string_view(request).substr(100, 500));
  Turn();
  EXPECT_EQ(handler_.streamed, "");
  session_->Resume();
  Turn();
  EXPECT_EQ(handler_.streamed, request.substr(0, 600));
  client_.Send(std::string_view(request).substr(600));
  client_.Send("next\r\n");
  Turn();
  EXPECT_EQ(handler_.streamed, request);
  EXPECT_EQ(handler_.requests, std::vector<std::string>{"next"});
}

// A request that waited until all of it had arrived is an ordinary request.
TEST_F(LargeRequestTest, ThatArrivedWholeWhileItWaitedIsHandledAsARequest) {
  waits_ = 1;
  const std::string request = LargeRequestText(3000);
  client_.Send(std::string_view(request).substr(0, 100));
  Turn();
  client_.Send(std::string_view(request).substr(100));
  Turn();
  session_->Resume();
  Turn();
  EXPECT_EQ(handler_.requests.size() + static_cast<std::size_t>(handler_.stream_ends), 1U);
}

TEST_F(LargeRequestTest, IsStreamedTheSameWayAtEverySplitPoint) {
  const std::string request = LargeRequestText(1500) + "next\r\n";
  for (std::size_t cut = 1; cut < 60; ++cut) {
    handler_.streamed.clear();
    handler_.requests.clear();
    client_.Send(std::string_view(request).substr(0, cut));
    Turn();
    client_.Send(std::string_view(request).substr(cut, 700));
    Turn();
    client_.Send(std::string_view(request).substr(cut + 700));
    Turn();
    Pass("+OK\r\n", asked_ > 0 && handler_.stream_ends > 0 ? 1 : 0);
    ASSERT_EQ(handler_.streamed, request.substr(0, request.size() - 6)) << cut;
    ASSERT_EQ(handler_.requests, std::vector<std::string>{"next"}) << cut;
    handler_.stream_ends = 0;
  }
}

TEST_F(LargeRequestTest, ReadingCanBeStoppedInsideOnStream) {
  handler_.on_stream = [](Session& session, std::string_view, bool) { session.SetReading(false); };
  const std::string request = LargeRequestText(300000);
  std::size_t sent = 0;
  for (int i = 0; i < 20; ++i) {
    sent += client_.TrySend(std::string_view(request).substr(sent));
    RunTurns(loop_, 1);
  }
  EXPECT_LT(handler_.streamed.size(), request.size());
  handler_.on_stream = [](Session&, std::string_view, bool) {};
  session_->SetReading(true);
  SendAll(std::string_view(request).substr(sent));
  EXPECT_TRUE(handler_.streamed == request);
}

TEST_F(LargeRequestTest, ItsClientMayGoAwayInTheMiddle) {
  client_.Send(std::string_view(LargeRequestText(3000)).substr(0, 1000));
  Turn();
  ASSERT_EQ(asked_, 1);
  client_.Close();
  Turn();
  EXPECT_EQ(handler_.closed, 1);
}

TEST_F(LargeRequestTest, RepliesOwedBeforeItAreWrittenThoughItNeverEnds) {
  handler_.on_request = [](Session& session, const resp::Request&) {
    session.replies().Expect();
    return Verdict::kDone;
  };
  client_.Send("a\r\n" + LargeRequestText(3000).substr(0, 1000));
  client_.HalfClose();
  Turn();
  EXPECT_EQ(handler_.closed, 0);
  Pass("+a\r\n", 1);
  Turn();
  EXPECT_EQ(client_.Receive(), "+a\r\n");
  EXPECT_EQ(handler_.closed, 1);
}

TEST_F(LargeRequestTest, ThatTurnsOutMalformedIsAnsweredAndClosed) {
  handler_.on_request = [](Session& session, const resp::Request&) {
    session.replies().Expect();
    return Verdict::kDone;
  };
  client_.Send("a\r\n*3\r\n$3\r\nSET\r\n$2000\r\n" + std::string(1000, 'k'));
  Turn();
  client_.Send(std::string(1000, 'k') + "\r\n$nonsense\r\n");
  Turn();
  ASSERT_EQ(asked_, 1);
  EXPECT_EQ(client_.Receive(), "");
  Pass("+a\r\n", 1);
  Turn();
  EXPECT_EQ(client_.Receive(), "+a\r\n-ERR Protocol error: invalid bulk length\r\n");
  EXPECT_TRUE(client_.ended());
}

TEST_F(LargeRequestTest, DrainDoesNotWaitForARequestThatHasNotEnded) {
  client_.Send(std::string_view(LargeRequestText(3000)).substr(0, 1000));
  Turn();
  session_->Drain(CloseReason::kShutdown);
  Turn();
  EXPECT_EQ(handler_.closed, 1);
}

TEST_F(LargeRequestTest, KillInsideOnStreamIsSafe) {
  handler_.on_stream = [](Session& session, std::string_view, bool) { session.Kill(CloseReason::kKilled); };
  client_.Send(std::string_view(LargeRequestText(3000)).substr(0, 1000));
  Turn();
  EXPECT_EQ(handler_.closed, 1);
}

// ---- slow readers

class SlowReaderTest : public SessionFixture {
 protected:
  void OpenWith(std::size_t max_output) {
    Open({.max_output = max_output});
    handler_.on_request = [](Session& session, const resp::Request& request) {
      FakeHandler::Answer(session, std::string(static_cast<std::size_t>(std::stoi(std::string(request.args[0]))), 'x'));
      return Verdict::kDone;
    };
  }
};

TEST_F(SlowReaderTest, GetsEveryByteLater) {
  OpenWith(10000000);
  client_.Send("1000000\r\n");
  Turn();
  std::string got;
  for (int i = 0; i < 1000 && got.size() < 1000003; ++i) {
    got += client_.Receive();
    RunTurns(loop_, 1);
  }
  EXPECT_EQ(got.size(), 1000003U);
  EXPECT_EQ(metrics_.output_bytes.value(), 0);
}

TEST_F(SlowReaderTest, ItsBacklogIsToldUntilItIsDrained) {
  OpenWith(10000000);
  client_.Send("500000\r\n");
  Turn();
  ASSERT_FALSE(handler_.backlogs.empty());
  EXPECT_GT(handler_.backlogs.back(), 0U);
  EXPECT_EQ(metrics_.output_bytes.value(), static_cast<std::int64_t>(handler_.backlogs.back()));
  for (int i = 0; i < 1000 && handler_.backlogs.back() > 0; ++i) {
    (void)client_.Receive();
    RunTurns(loop_, 1);
  }
  EXPECT_EQ(handler_.backlogs.back(), 0U);
}

TEST_F(SlowReaderTest, IsClosedBeyondTheLimit) {
  OpenWith(100000);
  client_.Send("500000\r\n");
  Turn();
  EXPECT_EQ(ClosedFor(CloseReason::kOutputLimit), 1U);
  EXPECT_EQ(metrics_.output_bytes.value(), 0);
}

TEST_F(SlowReaderTest, RepliesHeldBehindAnOpenSlotCountToo) {
  OpenWith(100000);
  (void)session_->replies().Open();
  session_->replies().Expect();
  Pass(std::string(200000, 'x'), 1);
  Turn();
  EXPECT_EQ(ClosedFor(CloseReason::kOutputLimit), 1U);
}

TEST_F(SlowReaderTest, ThatGoesAwayIsClosed) {
  OpenWith(10000000);
  client_.Send("500000\r\n");
  Turn();
  client_.Close();
  Turn();
  EXPECT_EQ(handler_.closed, 1);
  EXPECT_EQ(metrics_.output_bytes.value(), 0);
}

}  // namespace
}  // namespace herdgate::net

#include "sidecar/net/session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/unit/net/session_fixture.h"

namespace herdgate::net {
namespace {

using testing::FakeHandler;
using testing::PeerSocket;
using testing::RunTurns;

constexpr std::string_view kPing = "*1\r\n$4\r\nPING\r\n";

class SessionTest : public SessionFixture {};

TEST_F(SessionTest, AnswersARequest) {
  Open();
  EXPECT_EQ(Ask(kPing), "+PING\r\n");
}

TEST_F(SessionTest, AnswersAPipelineInOrder) {
  Open();
  EXPECT_EQ(Ask("a\r\nb\r\nc\r\n"), "+a\r\n+b\r\n+c\r\n");
}

TEST_F(SessionTest, AnswersThePipelineTheSameWayAtEverySplitPoint) {
  Open();
  const std::string pipeline = "*2\r\n$1\r\na\r\n$3\r\nx\ry\r\nplain words\r\n*1\r\n$1\r\nc\r\n*0\r\n\r\nlast\n";
  const std::string expected = "+a\r\n+plain\r\n+c\r\n+last\r\n";
  for (std::size_t first = 0; first <= pipeline.size(); ++first) {
    for (std::size_t second = first; second <= pipeline.size(); ++second) {
      std::string got = Ask(std::string_view(pipeline).substr(0, first));
      got += Ask(std::string_view(pipeline).substr(first, second - first));
      got += Ask(std::string_view(pipeline).substr(second));
      ASSERT_EQ(got, expected) << first << " " << second;
    }
  }
}

TEST_F(SessionTest, WritesTheRepliesOfOneTurnAtOnce) {
  Open();
  client_.Send("a\r\nb\r\n");
  std::size_t at_second = 1;
  handler_.on_request = [&](Session& session, const resp::Request& request) {
    if (request.args[0] == "b") at_second = client_.Receive().size();
    FakeHandler::Answer(session, "x");
    return Verdict::kDone;
  };
  Turn();
  EXPECT_EQ(at_second, 0U);
  EXPECT_EQ(client_.Receive(), "+x\r\n+x\r\n");
}

TEST_F(SessionTest, ShowsTheHandlerTheBytesBehindARequest) {
  Open();
  std::string behind;
  handler_.on_request = [&](Session& session, const resp::Request&) {
    behind = session.BytesBehind();
    return Verdict::kDone;
  };
  client_.Send("a\r\nrest");
  Turn();
  EXPECT_EQ(behind, "rest");
}

// ---- waiting

TEST_F(SessionTest, ARequestThatHadToWaitComesAgainAfterResume) {
  Open();
  int tries = 0;
  handler_.on_request = [&](Session& session, const resp::Request& request) {
    if (request.args[0] == "wait" && ++tries == 1) return Verdict::kWait;
    FakeHandler::Answer(session, request.args[0]);
    return Verdict::kDone;
  };
  EXPECT_EQ(Ask("a\r\nwait\r\nb\r\n"), "+a\r\n");
  EXPECT_TRUE(session_->paused());
  EXPECT_EQ(Ask("c\r\n"), "");
  session_->Resume();
  Turn();
  EXPECT_EQ(client_.Receive(), "+wait\r\n+b\r\n+c\r\n");
  EXPECT_EQ(tries, 2);
}

TEST_F(SessionTest, EveryRequestMayWaitAtEverySplitPoint) {
  Open();
  const std::string pipeline = "*2\r\n$1\r\na\r\n$2\r\n\r\n\r\nb b\r\n*1\r\n$1\r\nc\r\n";
  bool waited = false;
  handler_.on_request = [&](Session& session, const resp::Request& request) {
    waited = !waited;
    if (waited) return Verdict::kWait;
    FakeHandler::Answer(session, request.args[0]);
    return Verdict::kDone;
  };
  for (std::size_t cut = 0; cut <= pipeline.size(); ++cut) {
    client_.Send(std::string_view(pipeline).substr(0, cut));
    Turn();
    client_.Send(std::string_view(pipeline).substr(cut));
    for (int i = 0; i < 8; ++i) {
      Turn();
      session_->Resume();
    }
    Turn();
    ASSERT_EQ(client_.Receive(), "+a\r\n+b\r\n+c\r\n") << cut;
  }
}

TEST_F(SessionTest, PauseInsideARequestHoldsTheNextOne) {
  Open();
  handler_.on_request = [&](Session& session, const resp::Request& request) {
    FakeHandler::Answer(session, request.args[0]);
    if (request.args[0] == "a") session.Pause();
    return Verdict::kDone;
  };
  EXPECT_EQ(Ask("a\r\nb\r\n"), "+a\r\n");
  session_->Resume();
  Turn();
  EXPECT_EQ(client_.Receive(), "+b\r\n");
}

TEST_F(SessionTest, ResumeInsideTheRequestThatPausedGoesOn) {
  Open();
  handler_.on_request = [&](Session& session, const resp::Request& request) {
    session.Pause();
    FakeHandler::Answer(session, request.args[0]);
    session.Resume();
    return Verdict::kDone;
  };
  EXPECT_EQ(Ask("a\r\nb\r\nc"), "+a\r\n+b\r\n");
  EXPECT_EQ(Ask("\r\n"), "+c\r\n");
}

TEST_F(SessionTest, ResumeDoesNotDecodeInsideItsCaller) {
  Open();
  handler_.on_request = [](Session&, const resp::Request&) { return Verdict::kWait; };
  (void)Ask("a\r\n");
  handler_.on_request = [](Session& session, const resp::Request&) {
    FakeHandler::Answer(session, "now");
    return Verdict::kDone;
  };
  session_->Resume();
  EXPECT_TRUE(handler_.requests.empty());
  Turn();
  EXPECT_EQ(client_.Receive(), "+now\r\n");
}

TEST_F(SessionTest, PauseAfterResumeStillHolds) {
  Open();
  handler_.on_request = [](Session&, const resp::Request&) { return Verdict::kWait; };
  (void)Ask("a\r\n");
  int tries = 0;
  handler_.on_request = [&](Session&, const resp::Request&) {
    ++tries;
    return Verdict::kDone;
  };
  session_->Resume();
  session_->Pause();
  Turn();
  EXPECT_EQ(tries, 0);
  session_->Resume();
  Turn();
  EXPECT_EQ(tries, 1);
}

TEST_F(SessionTest, StopsReadingWhenTooMuchInputWaits) {
  Open({.max_waiting_input = 10000});
  session_->Pause();
  std::size_t sent = 0;
  const std::string line(1000, 'x');
  for (int i = 0; i < 2000; ++i) {
    sent += client_.TrySend(line);
    RunTurns(loop_, 1);
  }
  EXPECT_LT(session_->input_bytes(), 10000 + Loop::kMaxRead);
  EXPECT_LT(sent, 2000U * 1000U);
}

TEST_F(SessionTest, ReadsEverythingOnceWaitingInputHasItsTurn) {
  Open({.max_waiting_input = 10000});
  session_->Pause();
  std::string pipeline;
  for (int i = 0; i < 20000; ++i) pipeline += "*2\r\n$1\r\na\r\n$10\r\n0123456789\r\n";
  std::size_t sent = 0;
  std::string got;
  for (int i = 0; i < 5000 && handler_.requests.size() < 20000; ++i) {
    sent += client_.TrySend(std::string_view(pipeline).substr(sent));
    if (i % 3 == 2) session_->Resume();
    if (i % 3 == 0) session_->Pause();
    RunTurns(loop_, 2);
    got += client_.Receive();
  }
  EXPECT_EQ(handler_.requests.size(), 20000U);
}

// A partial request larger than the limit for waiting input must not keep the socket unread for ever.
TEST_F(SessionTest, ReadsTheRestOfALargeHeldRequestAfterResume) {
  Open({.max_held_request = 4000000, .max_waiting_input = 10000});
  session_->Pause();
  const std::string request = "*2\r\n$1\r\na\r\n$3000000\r\n" + std::string(3000000, 'x') + "\r\n";
  std::size_t sent = client_.TrySend(request);
  for (int i = 0; i < 10; ++i) {
    RunTurns(loop_, 1);
    sent += client_.TrySend(std::string_view(request).substr(sent));
  }
  ASSERT_LT(sent, request.size());
  session_->Resume();
  for (int i = 0; i < 100; ++i) {
    RunTurns(loop_, 1);
    sent += client_.TrySend(std::string_view(request).substr(sent));
  }
  EXPECT_EQ(client_.Receive(), "+a\r\n");
}

// ---- the end of a session

TEST_F(SessionTest, ClosesWhenTheClientCloses) {
  Open();
  client_.Close();
  Turn();
  EXPECT_EQ(handler_.closed, 1);
  EXPECT_EQ(ClosedFor(CloseReason::kClient), 1U);
  EXPECT_EQ(sessions_->size(), 0U);
}

TEST_F(SessionTest, AnswersEverythingThatWasAskedBeforeAHalfClose) {
  Open();
  client_.Send("a\r\nb\r\n");
  client_.HalfClose();
  Turn();
  EXPECT_EQ(client_.Receive(), "+a\r\n+b\r\n");
  EXPECT_TRUE(client_.ended());
  EXPECT_EQ(handler_.half_closes, 1);
  EXPECT_EQ(handler_.closed, 1);
}

TEST_F(SessionTest, StaysAfterAHalfCloseUntilTheLastReplyIsWritten) {
  Open();
  handler_.on_request = [](Session& session, const resp::Request&) {
    session.replies().Expect();
    return Verdict::kDone;
  };
  client_.Send("a\r\nb\r\n");
  client_.HalfClose();
  Turn();
  EXPECT_EQ(handler_.closed, 0);
  Pass("+1\r\n", 1);
  Turn();
  EXPECT_EQ(handler_.closed, 0);
  Pass("+2\r\n", 1);
  Turn();
  EXPECT_EQ(client_.Receive(), "+1\r\n+2\r\n");
  EXPECT_EQ(handler_.closed, 1);
}

TEST_F(SessionTest, DecodesWaitingInputAfterAHalfClose) {
  Open();
  handler_.on_request = [](Session&, const resp::Request&) { return Verdict::kWait; };
  client_.Send("a\r\nb\r\n");
  client_.HalfClose();
  Turn();
  EXPECT_EQ(handler_.closed, 0);
  handler_.on_request = [](Session& session, const resp::Request& request) {
    FakeHandler::Answer(session, request.args[0]);
    return Verdict::kDone;
  };
  session_->Resume();
  Turn();
  EXPECT_EQ(client_.Receive(), "+a\r\n+b\r\n");
  EXPECT_EQ(handler_.closed, 1);
}

TEST_F(SessionTest, ReadsInputThatWasNotReadAtTheHalfClose) {
  Open({.max_waiting_input = 1000});
  session_->Pause();
  std::string pipeline;
  for (int i = 0; i < 1000; ++i) pipeline += "*1\r\n$1\r\na\r\n";
  client_.Send(pipeline);
  Turn();
  client_.Send(pipeline);
  client_.HalfClose();
  Turn();
  session_->Resume();
  std::string got;
  for (int i = 0; i < 20; ++i) {
    Turn();
    got += client_.Receive();
  }
  EXPECT_EQ(handler_.requests.size(), 2000U);
  EXPECT_EQ(got.size(), 2000U * 4);
  EXPECT_EQ(handler_.closed, 1);
}

TEST_F(SessionTest, AnIncompleteRequestAtTheHalfCloseIsForgotten) {
  Open();
  client_.Send("a\r\n*2\r\n$1\r\nb");
  client_.HalfClose();
  Turn();
  EXPECT_EQ(client_.Receive(), "+a\r\n");
  EXPECT_EQ(handler_.closed, 1);
}

TEST_F(SessionTest, DrainAnswersWhatIsOwedAndTakesNothingMore) {
  Open();
  handler_.on_request = [](Session& session, const resp::Request&) {
    session.replies().Expect();
    return Verdict::kDone;
  };
  client_.Send("a\r\n");
  Turn();
  session_->Drain(CloseReason::kShutdown);
  client_.Send("b\r\n");
  Turn();
  EXPECT_EQ(handler_.requests, std::vector<std::string>{"a"});
  Pass("+1\r\n", 1);
  Turn();
  EXPECT_EQ(client_.Receive(), "+1\r\n");
  EXPECT_TRUE(client_.ended());
  EXPECT_EQ(ClosedFor(CloseReason::kShutdown), 1U);
}

TEST_F(SessionTest, DrainInsideARequestWritesItsReplyAndNoOther) {
  Open();
  handler_.on_request = [](Session& session, const resp::Request& request) {
    FakeHandler::Answer(session, request.args[0]);
    session.Drain(CloseReason::kQuit);
    return Verdict::kDone;
  };
  EXPECT_EQ(Ask("quit\r\nb\r\n"), "+quit\r\n");
  EXPECT_TRUE(client_.ended());
  EXPECT_EQ(handler_.requests, std::vector<std::string>{"quit"});
  EXPECT_EQ(ClosedFor(CloseReason::kQuit), 1U);
}

TEST_F(SessionTest, DrainOfAPausedSessionDropsItsWaitingRequest) {
  Open();
  handler_.on_request = [](Session&, const resp::Request&) { return Verdict::kWait; };
  (void)Ask("a\r\n");
  session_->Drain(CloseReason::kShutdown);
  Turn();
  EXPECT_EQ(handler_.closed, 1);
}

TEST_F(SessionTest, DrainWritesABacklogBeforeItCloses) {
  Open();
  const std::string large(500000, 'x');
  handler_.on_request = [&](Session& session, const resp::Request&) {
    FakeHandler::Answer(session, large);
    session.Drain(CloseReason::kQuit);
    return Verdict::kDone;
  };
  client_.Send("a\r\n");
  std::string got;
  for (int i = 0; i < 1000 && !client_.ended(); ++i) {
    RunTurns(loop_, 1);
    got += client_.Receive();
  }
  EXPECT_TRUE(got == "+" + large + "\r\n");
  EXPECT_EQ(handler_.closed, 1);
}

TEST_F(SessionTest, KillInsideARequestStopsDecodingAtOnce) {
  Open();
  handler_.on_request = [](Session& session, const resp::Request&) {
    session.Kill(CloseReason::kKilled);
    return Verdict::kDone;
  };
  client_.Send("a\r\nb\r\n");
  Turn();
  EXPECT_EQ(handler_.requests, std::vector<std::string>{"a"});
  EXPECT_EQ(handler_.closed, 1);
  EXPECT_EQ(ClosedFor(CloseReason::kKilled), 1U);
}

TEST_F(SessionTest, KillWritesWhatWasAlreadyAnswered) {
  Open();
  handler_.on_request = [](Session& session, const resp::Request&) {
    FakeHandler::Answer(session, "last");
    session.Kill(CloseReason::kKilled);
    return Verdict::kDone;
  };
  EXPECT_EQ(Ask("a\r\n"), "+last\r\n");
  EXPECT_EQ(metrics_.sent_bytes.value(), 7U);
}

TEST_F(SessionTest, KillIsHeardOnce) {
  Open();
  handler_.on_closed = [](Session& session) { session.Kill(CloseReason::kKilled); };
  session_->Kill(CloseReason::kKilled);
  Turn();
  EXPECT_EQ(handler_.closed, 1);
}

TEST_F(SessionTest, KillInsideOnBacklogIsSafe) {
  Open();
  handler_.on_backlog = [](Session& session, std::size_t) { session.Kill(CloseReason::kKilled); };
  handler_.on_request = [](Session& session, const resp::Request&) {
    FakeHandler::Answer(session, std::string(500000, 'x'));
    return Verdict::kDone;
  };
  client_.Send("a\r\n");
  Turn();
  EXPECT_EQ(handler_.closed, 1);
}

TEST_F(SessionTest, KillInsideOnHalfCloseIsSafe) {
  Open();
  handler_.on_half_close = [](Session& session) { session.Kill(CloseReason::kClient); };
  client_.HalfClose();
  Turn();
  EXPECT_EQ(handler_.closed, 1);
}

TEST_F(SessionTest, ResumeAndDrainOfAClosedSessionDoNothing) {
  Open();
  handler_.on_closed = [](Session& session) {
    session.Pause();
    session.Resume();
    session.Drain(CloseReason::kQuit);
  };
  session_->Kill(CloseReason::kKilled);
  Turn();
  EXPECT_EQ(handler_.closed, 1);
}

// ---- malformed input

TEST_F(SessionTest, MalformedInputIsAnsweredBehindTheRequestsBeforeIt) {
  Open();
  EXPECT_EQ(Ask("a\r\n*1\r\n+OK\r\nb\r\n"), "+a\r\n-ERR Protocol error: expected '$', got '+'\r\n");
  EXPECT_TRUE(client_.ended());
  EXPECT_EQ(ClosedFor(CloseReason::kProtocolError), 1U);
  EXPECT_EQ(metrics_.protocol_errors.value(), 1U);
}

TEST_F(SessionTest, MalformedInputWaitsForTheRepliesOwedBeforeIt) {
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

class LargeRequestTest : public SessionTest {
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

class SlowReaderTest : public SessionTest {
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

// ---- what CLIENT LIST shows

TEST_F(SessionTest, CountsWhatItReadsAndWrites) {
  Open();
  (void)Ask(kPing);
  EXPECT_EQ(metrics_.received_bytes.value(), kPing.size());
  EXPECT_EQ(metrics_.sent_bytes.value(), 7U);
}

TEST_F(SessionTest, KnowsWhenItsLastRequestCame) {
  Open();
  const auto before = session_->last_request_at();
  (void)Ask(kPing);
  EXPECT_GT(session_->last_request_at(), before);
  EXPECT_LE(session_->opened_at(), before);
}

}  // namespace
}  // namespace herdgate::net

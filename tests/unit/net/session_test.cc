#include "sidecar/net/session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/unit/net/session_fixture.h"

namespace herdgate::net {
namespace {

using testing::FakeHandler;
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

TEST_F(SessionTest, TellsAtOnceOfAHalfCloseBehindUnreadInput) {
  Open();
  session_->SetReading(false);
  client_.Send("a\r\n");
  client_.HalfClose();
  handler_.on_half_close = [](Session& session) { session.Kill(CloseReason::kClient); };
  Turn();
  EXPECT_EQ(handler_.half_closes, 1);
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

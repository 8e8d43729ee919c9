#include "sidecar/net/session_set.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/net/session_fixture.h"

namespace herdgate::net {
namespace {

using testing::PeerSocket;

class SessionSetTest : public SessionFixture {
 protected:
  SessionSetTest() {
    Open();
    (void)Connect(second_);
  }

  PeerSocket second_;
};

TEST_F(SessionSetTest, CountsItsSessions) {
  EXPECT_EQ(sessions_->size(), 2U);
  EXPECT_EQ(handler_.opened, 2);
  EXPECT_EQ(metrics_.connections.value(), 2);
  EXPECT_EQ(metrics_.connections_opened.value(), 2U);
  client_.Close();
  Turn();
  EXPECT_EQ(sessions_->size(), 1U);
  EXPECT_EQ(metrics_.connections.value(), 1);
}

TEST_F(SessionSetTest, TellsWheneverASessionHasGone) {
  std::vector<std::size_t> left;
  sessions_->set_on_gone([&] { left.push_back(sessions_->size()); });
  client_.Close();
  Turn();
  second_.Close();
  Turn();
  EXPECT_EQ(left, (std::vector<std::size_t>{1, 0}));
}

TEST_F(SessionSetTest, DrainAllClosesIdleSessionsAndWaitsForTheOthers) {
  handler_.on_request = [](Session& session, const resp::Request&) {
    session.replies().Expect();
    return Verdict::kDone;
  };
  client_.Send("a\r\n");
  Turn();
  sessions_->DrainAll(CloseReason::kShutdown);
  Turn();
  EXPECT_EQ(sessions_->size(), 1U);
  Pass("+1\r\n", 1);
  Turn();
  EXPECT_EQ(client_.Receive(), "+1\r\n");
  EXPECT_EQ(sessions_->size(), 0U);
  EXPECT_EQ(ClosedFor(CloseReason::kShutdown), 2U);
}

TEST_F(SessionSetTest, KillAllClosesEverySession) {
  sessions_->KillAll(CloseReason::kShutdown);
  EXPECT_EQ(sessions_->size(), 0U);
  EXPECT_EQ(handler_.closed, 2);
}

TEST_F(SessionSetTest, ASessionMayKillTheOthersFromInsideForEach) {
  int visits = 0;
  sessions_->ForEach([&](Session&) {
    ++visits;
    sessions_->KillAll(CloseReason::kKilled);
  });
  EXPECT_EQ(visits, 1);
  EXPECT_EQ(sessions_->size(), 0U);
}

TEST_F(SessionSetTest, OneSessionMayKillAnotherFromInsideARequest) {
  handler_.on_request = [this](Session& session, const resp::Request&) {
    sessions_->ForEach([&](Session& other) {
      if (&other != &session) other.Kill(CloseReason::kKilled);
    });
    testing::FakeHandler::Answer(session, "done");
    return Verdict::kDone;
  };
  EXPECT_EQ(Ask("kill\r\n"), "+done\r\n");
  (void)second_.Receive();
  EXPECT_TRUE(second_.ended());
  EXPECT_EQ(sessions_->size(), 1U);
}

TEST_F(SessionSetTest, ItsEndClosesEverySession) {
  sessions_.reset();
  EXPECT_EQ(handler_.closed, 2);
  Turn();
  (void)client_.Receive();
  EXPECT_TRUE(client_.ended());
}

}  // namespace
}  // namespace herdgate::net

// Session: large requests that the handler wants whole.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "sidecar/net/session.h"
#include "tests/unit/net/session_fixture.h"

namespace herdgate::net {
namespace {

using testing::FakeHandler;

class SessionLargeTest : public SessionFixture {};

TEST_F(SessionLargeTest, HoldsALargeRequestThatTheHandlerWantsWhole) {
  Open({.max_held_request = 100});
  int asked = 0;
  handler_.on_large = [&](Session&, const LargeRequest&) {
    ++asked;
    return Verdict::kHold;
  };
  const std::string request = "*2\r\n$1\r\na\r\n$1000\r\n" + std::string(1000, 'x') + "\r\n";
  EXPECT_EQ(Ask(std::string_view(request).substr(0, 300)), "");
  EXPECT_EQ(Ask(std::string_view(request).substr(300, 300)), "");
  EXPECT_EQ(Ask(std::string_view(request).substr(600)), "+a\r\n");
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(handler_.streamed, "");
}

TEST_F(SessionLargeTest, AsksAgainWhenAHeldRequestGrowsBeyondWhatCanBeHeld) {
  Open({.max_held_request = 100, .max_whole_request = 1000});
  std::vector<bool> may_hold;
  handler_.on_large = [&](Session& session, const LargeRequest& head) {
    may_hold.push_back(head.may_hold);
    if (head.may_hold) return Verdict::kHold;
    FakeHandler::Answer(session, "refused");
    return Verdict::kDone;
  };
  EXPECT_EQ(Ask("*3\r\n$1\r\na\r\n$500\r\n" + std::string(500, 'x')), "");
  EXPECT_EQ(Ask("\r\n$2000\r\nx"), "+refused\r\n");
  EXPECT_EQ(may_hold, (std::vector<bool>{true, false}));
  EXPECT_EQ(Ask(std::string(1999, 'x') + "\r\nb\r\n"), "+b\r\n");
}

TEST_F(SessionLargeTest, ShowsTheHandlerTheBytesOfALargeRequestFromItsFirst) {
  Open({.max_held_request = 100});
  std::string bytes;
  handler_.on_large = [&](Session&, const LargeRequest& head) {
    bytes = head.bytes;
    return Verdict::kDone;
  };
  (void)Ask("b\r\n*2\r\n$1\r\na\r\n$1000\r\nxy");
  EXPECT_EQ(bytes, "*2\r\n$1\r\na\r\n$1000\r\nxy");
}

}  // namespace
}  // namespace herdgate::net

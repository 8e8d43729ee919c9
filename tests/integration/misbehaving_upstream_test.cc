// An upstream that breaks the protocol: no client ever gets another's reply, or half of one and then something else.
#include <gtest/gtest.h>

#include <deque>

#include "tests/integration/support/fake_upstream.h"
#include "tests/integration/support/sidecar.h"

namespace herdgate::integration {
namespace {

using std::chrono::milliseconds;

class MisbehavingUpstream : public ::testing::Test {
 protected:
  // The lane that carries `request`, which the test's client has just sent. Others (spares, discovery) stay silent.
  RawClient LaneWith(const std::string& request) {
    RawClient* found = nullptr;
    Eventually([&] {
      RawClient lane = upstream_.Take(milliseconds(1));
      if (lane.connected()) {
        FakeUpstream::Greet(lane);
        lanes_.push_back(std::move(lane));
      }
      for (RawClient& known : lanes_) {
        if (known.connected() && known.Peek().find(request) != std::string::npos) found = &known;
      }
      return found != nullptr;
    });
    if (found == nullptr) {
      ADD_FAILURE() << "no lane carried the request";
      return RawClient(-1);
    }
    RawClient taken = std::move(*found);  // leaves one that is not connected
    taken.ReadUntil(request);
    return taken;
  }

  FakeUpstream upstream_;
  std::deque<RawClient> lanes_;
};

TEST_F(MisbehavingUpstream, ThatSpeaksSomethingElseIsNamedInTheError) {
  const Sidecar gate(upstream_.Url(), {.timeout = milliseconds(300)});
  RawClient client = gate.Client();
  client.Say({"GET", "a"});
  std::string answer;
  for (int i = 0; i < 200 && client.Peek().empty(); ++i) {
    RawClient lane = upstream_.Take();
    lane.Send("HTTP/1.1 400 Bad Request\r\n\r\n");
    lane.HalfClose();
  }
  answer = client.Read();
  EXPECT_TRUE(answer.starts_with("-ERR herdgate: upstream " + upstream_.Url() + " is unavailable")) << answer;
  EXPECT_NE(answer.find("does not speak the Redis protocol"), std::string::npos) << answer;
}

TEST_F(MisbehavingUpstream, ThatAcceptsAndSaysNothingIsGivenUpInTime) {
  const Sidecar gate(upstream_.Url(), {.timeout = milliseconds(200)});
  RawClient client = gate.Client();
  const auto begin = std::chrono::steady_clock::now();
  const std::string answer = client.Do({"GET", "a"});
  EXPECT_TRUE(answer.starts_with("-ERR herdgate: upstream")) << answer;
  EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds(2000));
}

TEST_F(MisbehavingUpstream, ReplyCutInTheMiddleClosesItsClient) {
  const Sidecar gate(upstream_.Url(), {});
  RawClient client = gate.Client();
  client.Say({"GET", "a"});
  RawClient lane = LaneWith(Encode({"GET", "a"}));
  lane.Send("$10\r\nhalf");
  ASSERT_TRUE(Eventually([&] { return client.Peek() == "$10\r\nhalf"; }));
  lane.Close();
  EXPECT_EQ(client.ReadToEnd(), "$10\r\nhalf") << "a repeated reply would stand behind half of the first";
}

TEST_F(MisbehavingUpstream, ReadBehindAnUndeliveredCutIsRepeated) {
  const Sidecar gate(upstream_.Url(), {});
  RawClient first = gate.Client();
  RawClient second = gate.Client();
  first.Say({"GET", "a"});
  RawClient lane = LaneWith(Encode({"GET", "a"}));
  second.Say({"GET", "b"});
  lane.ReadUntil(Encode({"GET", "b"}));
  lane.Send("$3\r\none\r\n");
  EXPECT_EQ(first.Read(), Bulk("one"));
  lane.Close();
  RawClient again = LaneWith(Encode({"GET", "b"}));
  again.Send("$3\r\ntwo\r\n");
  EXPECT_EQ(second.Read(), Bulk("two"));
  first.Say({"GET", "c"});
  again.ReadUntil(Encode({"GET", "c"}));
  again.Send("$5\r\nthree\r\n");
  EXPECT_EQ(first.Read(), Bulk("three"));
}

TEST_F(MisbehavingUpstream, ReadThatFailsTwiceClosesItsClient) {
  const Sidecar gate(upstream_.Url(), {});
  RawClient client = gate.Client();
  client.Say({"GET", "a"});
  LaneWith(Encode({"GET", "a"})).Close();
  LaneWith(Encode({"GET", "a"})).Close();
  EXPECT_EQ(client.ReadToEnd(), "");
}

TEST_F(MisbehavingUpstream, WriteIsNeverRepeated) {
  const Sidecar gate(upstream_.Url(), {});
  RawClient client = gate.Client();
  client.Say({"SET", "a", "1"});
  LaneWith(Encode({"SET", "a", "1"})).Close();
  EXPECT_EQ(client.ReadToEnd(), "");
  RawClient other = gate.Client();
  other.Say({"GET", "b"});
  RawClient lane = LaneWith(Encode({"GET", "b"}));
  for (RawClient& seen : lanes_) EXPECT_EQ(seen.Peek().find("SET"), std::string::npos);
}

TEST_F(MisbehavingUpstream, ReplyThatNobodyAskedForGoesToNobody) {
  const Sidecar gate(upstream_.Url(), {});
  RawClient client = gate.Client();
  client.Say({"GET", "a"});
  RawClient lane = LaneWith(Encode({"GET", "a"}));
  lane.Send("$1\r\n1\r\n$5\r\nstray\r\n");
  EXPECT_EQ(client.Read(), Bulk("1"));
  EXPECT_TRUE(lane.EndsSoon()) << "a connection out of step is not used again";
  client.Say({"GET", "b"});
  RawClient fresh = LaneWith(Encode({"GET", "b"}));
  fresh.Send("$1\r\n2\r\n");
  EXPECT_EQ(client.Read(), Bulk("2"));
}

TEST_F(MisbehavingUpstream, BytesThatAreNoReplyCloseWhoWaited) {
  const Sidecar gate(upstream_.Url(), {});
  RawClient client = gate.Client();
  RawClient idle = gate.Client();
  client.Say({"INCR", "a"});
  RawClient lane = LaneWith(Encode({"INCR", "a"}));
  lane.Send("what?\r\n");
  EXPECT_EQ(client.ReadToEnd(), "");
  idle.Say({"GET", "b"});
  RawClient fresh = LaneWith(Encode({"GET", "b"}));
  fresh.Send("_\r\n");
  EXPECT_EQ(idle.Read(), "_\r\n");
}

TEST_F(MisbehavingUpstream, SlowReplyInManyPiecesArrivesWhole) {
  const Sidecar gate(upstream_.Url(), {});
  RawClient client = gate.Client();
  client.Send(Encode({"GET", "a"}) + Encode({"CLIENT", "SETNAME", "x"}) + Encode({"GET", "b"}));
  RawClient lane = LaneWith(Encode({"GET", "a"}));
  for (const char byte : std::string("$5\r\nhello\r\n*2\r\n$1\r\nx\r\n:5\r\n")) lane.Send(std::string_view(&byte, 1));
  EXPECT_EQ(client.Read(), Bulk("hello"));
  EXPECT_EQ(client.Read(), "+OK\r\n");
  EXPECT_EQ(client.Read(), "*2\r\n$1\r\nx\r\n:5\r\n");
}

}  // namespace
}  // namespace herdgate::integration

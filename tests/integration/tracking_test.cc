// CLIENT TRACKING: on a lane of the client's own, with and without a redirect, compared with Redis.
#include "tests/integration/support/sidecar_test.h"

namespace herdgate::integration {
namespace {

class Tracking : public SidecarTest {
 protected:
  static std::string Id(RawClient& client) { return std::to_string(Number(client.Do({"CLIENT", "ID"}))); }
};

std::string BehindHello(std::string text) {
  const auto at = text.find("$7\r\nmodules\r\n");
  return at == std::string::npos ? text : text.substr(at);
}

TEST_P(Tracking, AnswersAreThoseOfRedis) {
  const Script errors = {{"CLIENT", "TRACKING"},
                         {"CLIENT", "TRACKING", "MAYBE"},
                         {"CLIENT", "TRACKING", "ON", "NONSENSE"},
                         {"CLIENT", "TRACKING", "ON", "REDIRECT", "999999"},
                         {"CLIENT", "TRACKING", "ON", "REDIRECT", "x"},
                         {"CLIENT", "TRACKING", "ON", "REDIRECT"},
                         {"CLIENT", "TRACKING", "ON", "PREFIX", "a"},
                         {"CLIENT", "TRACKING", "ON", "OPTIN", "OPTOUT"},
                         {"CLIENT", "CACHING", "YES"},
                         {"CLIENT", "TRACKING", "ON", "OPTIN"},
                         {"CLIENT", "CACHING", "YES"},
                         {"CLIENT", "CACHING", "NO"},
                         {"CLIENT", "TRACKING", "ON", "BCAST"},
                         {"CLIENT", "TRACKINGINFO"},
                         {"CLIENT", "GETREDIR"},
                         {"CLIENT", "TRACKING", "OFF"},
                         {"CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "a", "PREFIX", "ab"},
                         {"CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "a", "PREFIX", "b"},
                         {"CLIENT", "TRACKINGINFO"},
                         {"CLIENT", "TRACKING", "OFF"},
                         {"CLIENT", "TRACKINGINFO"},
                         {"CLIENT", "GETREDIR"},
                         {"GET", "x"}};
  SameAsRedis(errors);
  Script resp3 = {{"HELLO", "3"}};
  resp3.insert(resp3.end(), errors.begin(), errors.end());
  SameAsRedis(resp3, BehindHello);
}

TEST_P(Tracking, Resp3ClientGetsInvalidationsBetweenReplies) {
  SameAsRedis({{"HELLO", "3"},
               {"CLIENT", "TRACKING", "ON"},
               {"GET", "a"},
               Frames(2, {"SET", "a", "1"}),
               {"GET", "a"},
               {"SELECT", "1"},
               Frames(1, {"SET", "a", "one"}),
               {"SELECT", "0"},
               Frames(2, {"SET", "a", "2"}),
               {"MULTI"},
               {"GET", "a"},
               {"EXEC"},
               Frames(2, {"FLUSHDB"}),
               {"CLIENT", "TRACKING", "OFF"},
               {"GET", "a"},
               {"SET", "a", "3"}},
              BehindHello);
}

TEST_P(Tracking, WriteOfAnotherClientInvalidates) {
  RawClient client = Gate().Resp3Client();
  RawClient writer = Client();
  EXPECT_EQ(client.Do({"CLIENT", "TRACKING", "ON"}), "+OK\r\n");
  EXPECT_EQ(client.Do({"GET", "a"}), "_\r\n");
  writer.Do({"SET", "a", "1"});
  EXPECT_EQ(client.Read(), ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n");
  EXPECT_EQ(client.Do({"GET", "a"}), Bulk("1"));
}

TEST_P(Tracking, RedirectNamesAVirtualIdOnAnyLoop) {
  for (int shift = 0; shift < 3; ++shift) {
    RawClient target = Client();
    const std::string id = Id(target);
    std::vector<RawClient> others = Clients(static_cast<std::size_t>(shift));
    RawClient client = Client();
    EXPECT_EQ(target.Do({"SUBSCRIBE", "__redis__:invalidate"}).front(), '*');
    EXPECT_EQ(client.Do({"CLIENT", "TRACKING", "ON", "REDIRECT", id}), "+OK\r\n");
    EXPECT_EQ(client.Do({"CLIENT", "GETREDIR"}), ":" + id + "\r\n");
    EXPECT_EQ(client.Do({"GET", "k"}).substr(0, 1), "$");
    EXPECT_EQ(Client().Do({"SET", "k", "v"}), "+OK\r\n");
    EXPECT_EQ(target.Read(), "*3\r\n" + Bulk("message") + Bulk("__redis__:invalidate") + "*1\r\n" + Bulk("k"));
  }
}

TEST_P(Tracking, RedirectToAClientThatSubscribesLaterWorks) {
  RawClient target = Client();
  const std::string id = Id(target);
  RawClient client = Client();
  EXPECT_EQ(client.Do({"CLIENT", "TRACKING", "ON", "REDIRECT", id}), "+OK\r\n");
  EXPECT_EQ(target.Do({"GET", "unrelated"}), "$-1\r\n");
  EXPECT_EQ(target.Do({"SUBSCRIBE", "__redis__:invalidate"}).front(), '*');
  client.Do({"GET", "k"});
  Client().Do({"SET", "k", "v"});
  EXPECT_EQ(target.Read(), "*3\r\n" + Bulk("message") + Bulk("__redis__:invalidate") + "*1\r\n" + Bulk("k"));
}

TEST_P(Tracking, TrackingInfoNamesTheVirtualTarget) {
  RawClient target = Client();
  const std::string id = Id(target);
  RawClient client = Client();
  client.Do({"CLIENT", "TRACKING", "ON", "REDIRECT", id});
  EXPECT_NE(client.Do({"CLIENT", "TRACKINGINFO"}).find("$8\r\nredirect\r\n:" + id + "\r\n"), std::string::npos);
}

TEST_P(Tracking, LossOfTheRedirectTargetIsTold) {
  RawClient target = Client();
  const std::string id = Id(target);
  RawClient client = Gate().Resp3Client();
  target.Do({"SUBSCRIBE", "__redis__:invalidate"});
  EXPECT_EQ(client.Do({"CLIENT", "TRACKING", "ON", "REDIRECT", id}), "+OK\r\n");
  client.Do({"GET", "k"});
  target.Close();
  ASSERT_TRUE(Eventually([] { return Direct().Do({"PUBLISH", "__redis__:invalidate", "x"}) == ":0\r\n"; }));
  Client().Do({"SET", "k", "v"});
  const std::string push = client.Read();
  EXPECT_TRUE(push.starts_with(">2\r\n$21\r\ntracking-redir-broken\r\n")) << push;
}

TEST_P(Tracking, RedirectToItselfIsAsInRedis) {
  const auto talk = [](RawClient client) {
    Direct().Do({"FLUSHALL"});
    client.Do({"HELLO", "3"});
    const std::string id = Id(client);
    std::string answers = client.Do({"CLIENT", "TRACKING", "ON", "REDIRECT", id});
    for (const Words& words : {Words{"GET", "k"}, Words{"SET", "k", "v"}, Words{"GET", "k"}})
      answers += client.Do(words);
    client.Send(Encode({"CLIENT", "GETREDIR"}) + Encode({"ECHO", "end"}));
    answers += client.ReadUntil(Bulk("end"));
    const auto at = answers.find(":" + id);
    return at == std::string::npos ? answers : answers.replace(at, id.size() + 1, ":itself");
  };
  EXPECT_EQ(talk(Direct()), talk(Client()));
}

TEST_P(Tracking, ClientThatOptsInAtConnectIsServed) {
  // rueidis: all of it in one write.
  RawClient client = Client();
  client.Send(Encode({"HELLO", "3"}) + Encode({"CLIENT", "TRACKING", "ON", "OPTIN"}) + Encode({"SELECT", "2"}) +
              Encode({"CLIENT", "CACHING", "YES"}) + Encode({"MULTI"}) + Encode({"PTTL", "k"}) + Encode({"GET", "k"}) +
              Encode({"EXEC"}));
  const auto frames = client.Read(8);
  EXPECT_EQ(frames.back(), "*2\r\n:-2\r\n_\r\n");
  RawClient writer = Client();
  writer.Do({"SELECT", "2"});
  writer.Do({"SET", "k", "v"});
  EXPECT_EQ(client.Read(), ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n");
}

TEST_P(Tracking, SwitchingOffGivesTheClientBackToTheSharedLane) {
  RawClient client = Gate().Resp3Client();
  client.Do({"CLIENT", "TRACKING", "ON"});
  EXPECT_TRUE(Gate().MetricBecomes("herdgate_client_pins_total{reason=\"tracking\"}", 1));
  const double before = Gate().Metric("herdgate_upstream_lanes{use=\"dedicated\"}");
  EXPECT_EQ(client.Do({"CLIENT", "TRACKING", "OFF"}), "+OK\r\n");
  EXPECT_TRUE(Gate().MetricBecomes("herdgate_upstream_lanes{use=\"dedicated\"}", before - 1));
  EXPECT_EQ(client.Do({"GET", "a"}), "_\r\n");
}

// Whoever asks for the writes to all keys is not told of those that are the sidecars' own.
TEST_P(Tracking, KeysOfTheSidecarsAreNotShown) {
  Restart({.loops = GetParam(), .policies = "policies:\n  - {name: all, match: ['*'], near: {enabled: true}}\n"});
  RawClient direct = Direct();
  RawClient resp3 = Gate().Resp3Client();
  resp3.Do({"CLIENT", "TRACKING", "ON", "BCAST"});
  RawClient subscriber = Client();
  RawClient resp2 = Client();
  const std::string id = Id(subscriber);
  subscriber.Do({"SUBSCRIBE", "__redis__:invalidate"});
  ASSERT_EQ(resp2.Do({"CLIENT", "TRACKING", "ON", "BCAST", "REDIRECT", id}), "+OK\r\n");
  direct.Do({"SET", "__herdgate:canary:1", "1"});
  direct.Do({"SET", "a", "1"});
  direct.Send(Encode({"MULTI"}) + Encode({"SET", "__herdgate:canary:1", "2"}) + Encode({"SET", "b", "1"}) +
              Encode({"EXEC"}));
  direct.Read(4);
  for (const char* key : {"a", "b"}) {
    EXPECT_EQ(resp3.Read(), ">2\r\n" + Bulk("invalidate") + "*1\r\n" + Bulk(key));
    EXPECT_EQ(subscriber.Read(), "*3\r\n" + Bulk("message") + Bulk("__redis__:invalidate") + "*1\r\n" + Bulk(key));
  }
}

HERDGATE_WITH_LOOPS(Tracking);

}  // namespace
}  // namespace herdgate::integration

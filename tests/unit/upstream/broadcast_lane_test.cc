// Tracking over a pair of RESP2 connections, against an upstream that the test plays.
#include "sidecar/upstream/tracking/broadcast_lane.h"

#include "tests/unit/upstream/tracking_fixture.h"

namespace herdgate::upstream {
namespace {

using std::chrono::milliseconds;

const std::string kPong = "*2\r\n$4\r\npong\r\n$0\r\n\r\n";

class BroadcastLaneTest : public TrackingFixture {
 protected:
  BroadcastLaneTest() { resp3_ = false; }

  void StartArmed() {
    Start();
    ASSERT_TRUE(Becomes(TrackingMode::kBroadcast));
    ASSERT_EQ(sink_.Lines(), Lines{"armed"});
    asked_.clear();
    asked_to_subscribe_.clear();
    first_ = {tracked_peer_, subscribed_peer_};
  }
  void StartFilling(const std::string& key) {
    StartArmed();
    Hold("<none>");
    Fill(key);
    Turn();
  }
  // `command` of the subscribed connection is answered with `reply`; kNothing holds the answer back.
  void AnswerSubscriber(const std::string& command, const std::string& reply) {
    on_subscriber_ = [command, reply](const Lines& words) {
      const std::string said = words[0] == "CLIENT" ? words[0] + " " + words[1] : words[0];
      return said == command ? std::optional<std::string>(reply) : std::nullopt;
    };
  }
  void AnswerEveryone(const std::string& command, const std::string& reply) {
    answer_ = [command, reply](const Lines& words) {
      return words[0] == command ? std::optional<std::string>(reply) : std::nullopt;
    };
  }
  static std::string Fully(std::string_view value) { return Bulk(value) + ":-1\r\n"; }
  // Both connections were given up for `fault`; the pair is made again.
  void ExpectLost(const std::string& fault) {
    EXPECT_EQ(sink_.Count("lost " + fault), 1U);
    answer_ = [](const Lines&) { return std::nullopt; };
    on_subscriber_ = nullptr;
    ASSERT_TRUE(RunUntil([&] { return sink_.Count("armed") == 2; }));
    EXPECT_EQ(tracking_->mode(), TrackingMode::kBroadcast);
    EXPECT_NE(tracked_peer_, first_.at(0));
    EXPECT_NE(subscribed_peer_, first_.at(1));
    for (const std::size_t peer : first_) {
      connector_.peers[peer].Receive();
      EXPECT_TRUE(connector_.peers[peer].ended() || connector_.peers[peer].fd() < 0);
    }
  }

  std::vector<std::size_t> first_;  // the peers of the first pair that was armed
};

// ---- arming

TEST_F(BroadcastLaneTest, UpstreamWithoutHelloGetsAPair) {
  Start();
  EXPECT_EQ(tracking_->mode(), TrackingMode::kProbing);
  ASSERT_TRUE(Becomes(TrackingMode::kBroadcast));
  EXPECT_TRUE(tracking_->armed());
  EXPECT_EQ(sink_.Lines(), Lines{"armed"});
  EXPECT_EQ(asked_to_subscribe_,
            (Lines{"CLIENT SETNAME herdgate-near-push", "CLIENT ID", "CLIENT TRACKING ON REDIRECT 7 BCAST",
                   "CLIENT TRACKINGINFO", "INFO server", "SUBSCRIBE __redis__:invalidate"}));
  ASSERT_EQ(asked_.size(), 5U);
  EXPECT_EQ(asked_[2], "INFO server");
  EXPECT_TRUE(asked_[3].starts_with("GET __herdgate:canary:"));
  EXPECT_TRUE(asked_[4].starts_with("PTTL __herdgate:canary:"));
}

TEST_F(BroadcastLaneTest, RefusedResp3GetsAPair) {
  AnswerEveryone("HELLO", "-NOPROTO unsupported protocol version\r\n");
  Start();
  EXPECT_TRUE(Becomes(TrackingMode::kBroadcast));
}

TEST_F(BroadcastLaneTest, RefusedLoginGetsNone) {
  AnswerEveryone("HELLO", "-WRONGPASS invalid username-password pair or user is disabled.\r\n");
  Start();
  EXPECT_TRUE(BecomesOff(TrackingFault::kRefused));
  EXPECT_EQ(asked_to_subscribe_, Lines{});
}

TEST_F(BroadcastLaneTest, UpstreamWithoutTrackingEitherTurnsItOff) {
  AnswerEveryone("CLIENT", "-ERR unknown command 'CLIENT', with args beginning with: 'ID' \r\n");
  Start();
  EXPECT_TRUE(BecomesOff(TrackingFault::kNoResp3));
  EXPECT_EQ(sink_.Lines(), Lines{});
}

TEST_F(BroadcastLaneTest, RefusalsOfArmingTurnItOff) {
  const std::vector<std::tuple<std::string, std::string, TrackingFault>> refusals = {
      {"CLIENT ID", "-ERR unknown subcommand 'ID'. Try CLIENT HELP.\r\n", TrackingFault::kNoResp3},
      {"CLIENT ID", "+OK\r\n", TrackingFault::kProtocol},
      {"CLIENT TRACKING", "-ERR Unknown subcommand or wrong number of arguments\r\n", TrackingFault::kNoResp3},
      {"CLIENT TRACKING", "-NOPERM no\r\n", TrackingFault::kRefused},
      {"CLIENT TRACKING", "-LOADING wait\r\n", TrackingFault::kConnection},
      {"CLIENT TRACKINGINFO", "*2\r\n$5\r\nflags\r\n*1\r\n$3\r\noff\r\n", TrackingFault::kProtocol},
      {"SUBSCRIBE", "-NOPERM no channel\r\n", TrackingFault::kRefused},
      {"SUBSCRIBE", "+OK\r\n", TrackingFault::kProtocol},
      {"INFO", "$9\r\nrun_id:xy\r\n", TrackingFault::kProtocol},  // another server than the one that is read
  };
  Start();
  for (const auto& [command, reply, fault] : refusals) {
    tracking_->Stop();
    AnswerSubscriber(command, reply);
    tracking_->Start();
    EXPECT_TRUE(BecomesOff(fault)) << command << " " << reply;
    EXPECT_FALSE(tracking_->Fill("k", {}));
  }
  EXPECT_EQ(sink_.Lines(), Lines{});
}

TEST_F(BroadcastLaneTest, VersionIsWhatInfoSays) {
  version_ = "6.2.7";
  Start();
  EXPECT_TRUE(BecomesOff(TrackingFault::kOldVersion));
  version_ = "7.0.0";
  EXPECT_TRUE(Becomes(TrackingMode::kBroadcast));
}

TEST_F(BroadcastLaneTest, UpstreamThatHidesInfoIsTried) {
  AnswerEveryone("INFO", "-NOPERM no\r\n");
  Start();
  EXPECT_TRUE(Becomes(TrackingMode::kBroadcast));
}

TEST_F(BroadcastLaneTest, SwallowedMessagesTurnItOff) {
  pushes_ = false;
  tracking_options_.canary_within = milliseconds(5);
  Start();
  ASSERT_TRUE(BecomesOff(TrackingFault::kCanary));
  EXPECT_EQ(sink_.Lines(), Lines{});
}

TEST_F(BroadcastLaneTest, UpstreamThatLearnsResp3IsTracked) {
  StartArmed();
  resp3_ = true;
  connector_.peers[subscribed_peer_].Close();
  EXPECT_TRUE(Becomes(TrackingMode::kTracked));
}

// ---- fills, with nothing that orders them against what is written

TEST_F(BroadcastLaneTest, FillIsReadInOneWriteWithoutCaching) {
  StartFilling("k");
  EXPECT_EQ(asked_, (Lines{"GET k", "PTTL k"}));
  Say(Bulk("v") + ":1500\r\n");
  EXPECT_EQ(sink_.Lines(), Lines{"fill k=v"});
  EXPECT_EQ(sink_.fills().at(0).pttl_ms, 1500);
}

TEST_F(BroadcastLaneTest, MissingKeyIsNil) {
  StartArmed();
  Fill("k");
  Turn();
  EXPECT_EQ(sink_.Lines(), Lines{"fill k nil"});
}

TEST_F(BroadcastLaneTest, WriteToldBeforeTheValueComesKeepsItOut) {
  StartFilling("k");
  SayToSubscriber(Written("k"));
  Say(Fully("old"));
  EXPECT_EQ(sink_.Lines(), (Lines{"invalidate k", "fill k=old"}));
  EXPECT_EQ(sink_.Value("k"), std::nullopt);
}

TEST_F(BroadcastLaneTest, WriteToldLateDropsWhatWasPublished) {
  StartFilling("k");
  Say(Fully("old"));
  EXPECT_EQ(sink_.Value("k"), "old");
  SayToSubscriber(Written("k"));
  EXPECT_EQ(sink_.Value("k"), std::nullopt);
}

// All orders in which the two connections may bring what happened in one order at the upstream.
TEST_F(BroadcastLaneTest, NoOrderOfTheTwoConnectionsLeavesAnOldValue) {
  StartArmed();
  Hold("<none>");
  // R: the read; w, W: writes around it; P, Q: their messages come. The value is what Redis held at R.
  const std::vector<std::pair<std::string, std::string>> histories = {
      {"RwPv", ""},   {"RwvP", ""},   {"wRPv", ""},   {"wPRv", "1"},  {"wRvP", ""},   {"RvwP", ""},  {"RwWPvQ", ""},
      {"RwWvPQ", ""}, {"wRWPvQ", ""}, {"wRWvPQ", ""}, {"wPRWvQ", ""}, {"wPRvWQ", ""}, {"wRWPQv", ""}};
  for (const auto& [history, held] : histories) {
    int at_redis = 0;
    std::string read;
    for (const char step : history) {
      if (step == 'w' || step == 'W') ++at_redis;
      if (step == 'P' || step == 'Q') SayToSubscriber(Written("k"));
      if (step == 'v') Say(Fully(read));
      if (step != 'R') continue;
      Fill("k");
      Turn();
      read = std::to_string(at_redis);
    }
    EXPECT_EQ(sink_.Value("k").value_or(""), held) << history;
    SayToSubscriber(Written("k"));
  }
}

TEST_F(BroadcastLaneTest, MessageNamesSeveralKeys) {
  StartArmed();
  SayToSubscriber(Message("*2\r\n" + Bulk("a") + Bulk("b")));
  EXPECT_EQ(sink_.Lines(), (Lines{"invalidate a", "invalidate b"}));
  EXPECT_EQ(tracking_->metrics().pushes.value(), 2U);
}

TEST_F(BroadcastLaneTest, MessageInPiecesIsOne) {
  StartArmed();
  const std::string message = Written("some-key");
  SayToSubscriber(message.substr(0, 30));
  EXPECT_EQ(sink_.Lines(), Lines{});
  SayToSubscriber(message.substr(30));
  EXPECT_EQ(sink_.Lines(), Lines{"invalidate some-key"});
}

TEST_F(BroadcastLaneTest, NullMessageFlushes) {
  StartFilling("k");
  SayToSubscriber(Message("$-1\r\n"));
  Say(Fully("old"));
  SayToSubscriber(Message("*-1\r\n"));
  EXPECT_EQ(sink_.Lines(), (Lines{"flush", "fill k=old", "flush"}));
  EXPECT_EQ(sink_.Value("k"), std::nullopt);
}

TEST_F(BroadcastLaneTest, TextThatSomebodyPublishesThereIsIgnored) {
  StartArmed();
  SayToSubscriber(Message(Bulk("k")));
  EXPECT_EQ(sink_.Lines(), Lines{});
  EXPECT_TRUE(tracking_->armed());
}

// ---- fences

TEST_F(BroadcastLaneTest, FenceIsDoneBehindTheMessagesBeforeIt) {
  StartArmed();
  AnswerSubscriber("PING", kNothing);
  tracking_->Fence([&](bool held) { sink_.OnInvalidate(held ? "<done>" : "<not>"); });
  tracking_->Fence([&](bool held) { sink_.OnInvalidate(held ? "<done>" : "<not>"); });
  Turn();
  EXPECT_EQ(asked_to_subscribe_, Lines{"PING"});
  EXPECT_EQ(asked_, Lines{});
  SayToSubscriber(Written("k") + kPong + Written("l"));
  EXPECT_EQ(sink_.Lines(), (Lines{"invalidate k", "invalidate <done>", "invalidate <done>", "invalidate l"}));
}

TEST_F(BroadcastLaneTest, FenceWaitsForAPingOfItsOwn) {
  StartArmed();
  AnswerSubscriber("PING", kNothing);
  int done = 0;
  tracking_->Fence([&](bool) { ++done; });
  Turn();
  tracking_->Fence([&](bool) { ++done; });
  Turn();
  SayToSubscriber(kPong);
  EXPECT_EQ(done, 1);
  SayToSubscriber(kPong);
  EXPECT_EQ(done, 2);
}

TEST_F(BroadcastLaneTest, FenceDuringALongScriptFailsBehindTheLoss) {
  StartArmed();
  AnswerSubscriber("PING", "-BUSY Redis is busy running a script.\r\n");
  tracking_->Fence([&](bool held) { sink_.OnInvalidate(held ? "<done>" : "<not>"); });
  Turn();
  EXPECT_EQ(sink_.Lines(), (Lines{"lost connection", "invalidate <not>"}));
}

// ---- the pair is one

TEST_F(BroadcastLaneTest, LossOfTheSubscribedConnectionIsALossOfBoth) {
  StartFilling("k");
  AnswerSubscriber("PING", kNothing);
  tracking_->Fence([&](bool held) { sink_.OnInvalidate(held ? "<done>" : "<not>"); });
  Turn();
  connector_.peers[subscribed_peer_].Close();
  testing::RunTurns(loop_);
  EXPECT_EQ(sink_.Lines(), (Lines{"lost connection", "failed k lost", "invalidate <not>"}));
  ExpectLost("connection");
}

TEST_F(BroadcastLaneTest, LossOfTheReadingConnectionIsALossOfBoth) {
  StartFilling("k");
  AnswerSubscriber("PING", kNothing);
  tracking_->Fence([&](bool held) { sink_.OnInvalidate(held ? "<done>" : "<not>"); });
  Turn();
  connector_.peers[tracked_peer_].Close();
  testing::RunTurns(loop_);
  EXPECT_EQ(sink_.Lines(), (Lines{"lost connection", "failed k lost", "invalidate <not>"}));
  ExpectLost("connection");
}

TEST_F(BroadcastLaneTest, SubscribedConnectionThatHangsIsGivenUp) {
  tracking_options_.dead_after = milliseconds(20);
  StartArmed();
  AnswerSubscriber("PING", kNothing);
  const auto serve = [&] {
    tracking_->EverySecond();
    return sink_.Count("lost silent") == 1;
  };
  ASSERT_TRUE(RunUntil(serve));
  ExpectLost("silent");
}

TEST_F(BroadcastLaneTest, ReadingConnectionThatHangsIsGivenUp) {
  tracking_options_.dead_after = milliseconds(20);
  StartArmed();
  Hold("<none>");
  Fill("k");
  // The other one goes on.
  ASSERT_TRUE(RunUntil([&] {
    connector_.peers[subscribed_peer_].TrySend(Written("other"));
    return sink_.Count("lost silent") == 1;
  }));
  ExpectLost("silent");
}

TEST_F(BroadcastLaneTest, BothAreAskedWhenIdle) {
  StartArmed();
  loop_.RefreshNow();
  tracking_->EverySecond();
  Turn();
  EXPECT_EQ(asked_, Lines{"PING"});
  EXPECT_EQ(asked_to_subscribe_, Lines{"PING"});
  EXPECT_TRUE(tracking_->armed());
}

TEST_F(BroadcastLaneTest, MissedCanaryIsALoss) {
  tracking_options_.canary_every = milliseconds(0);
  tracking_options_.canary_within = milliseconds(10);
  StartArmed();
  pushes_ = false;
  tracking_->EverySecond();
  ASSERT_TRUE(RunUntil([&] { return sink_.Count("lost canary") == 1; }));
  pushes_ = true;
  ExpectLost("canary");
}

TEST_F(BroadcastLaneTest, AnswersThatCannotBeAreALoss) {
  const std::vector<std::string> nonsense = {
      Message(":1\r\n"),                                                     // no keys
      Message("*1\r\n*0\r\n"),                                               // no key
      "*3\r\n" + Bulk("message") + Bulk("other") + "*1\r\n" + Bulk("k"),     // not the channel
      "*2\r\n" + Bulk("message") + Bulk("__redis__:invalidate"),             // too short
      kPong,                                                                 // nobody asked
      "*3\r\n" + Bulk("unsubscribe") + Bulk("__redis__:invalidate") + ":0",  // the rest of it below
      "*0\r\n",
      "+OK\r\n",
      "what\r\n",
      Push("k"),
  };
  StartArmed();
  for (std::size_t i = 0; i < nonsense.size(); ++i) {
    SayToSubscriber(nonsense[i]);
    if (!nonsense[i].ends_with("\r\n")) SayToSubscriber("\r\n");
    EXPECT_EQ(sink_.Count("lost protocol"), i + 1) << nonsense[i];
    ASSERT_TRUE(RunUntil([&] { return sink_.Count("armed") == i + 2; }));
  }
}

TEST_F(BroadcastLaneTest, PlainPongMeansNotSubscribed) {
  StartArmed();
  AnswerSubscriber("PING", "+PONG\r\n");
  tracking_->Fence([&](bool held) { EXPECT_FALSE(held); });
  Turn();
  ExpectLost("protocol");
}

TEST_F(BroadcastLaneTest, PushOverResp2IsALoss) {
  StartArmed();
  Say(Push("k"));
  ExpectLost("protocol");
}

TEST_F(BroadcastLaneTest, StopWithinAMessageIsSafe) {
  StartArmed();
  sink_.on_line = [this](const std::string& line) {
    if (line == "invalidate a") tracking_->Stop();
  };
  SayToSubscriber(Message("*2\r\n" + Bulk("a") + Bulk("b")) + Written("c"));
  EXPECT_EQ(sink_.Lines(), (Lines{"invalidate a", "lost stopped"}));
  tracking_->Start();
  EXPECT_TRUE(Becomes(TrackingMode::kBroadcast));
}

TEST_F(BroadcastLaneTest, StopWhileItIsMadeIsSafe) {
  Start();
  for (int turns = 0; turns < 12; ++turns) {
    tracking_->Start();
    for (int i = 0; i < turns; ++i) {
      RunUntil([] { return true; });
      testing::RunTurns(loop_, 1);
    }
    tracking_->Stop();
    testing::RunTurns(loop_);
    EXPECT_EQ(tracking_->fault(), TrackingFault::kStopped);
  }
}

TEST_F(BroadcastLaneTest, CapOfDedicatedLanesTurnsItOff) {
  options_.max_dedicated = 1;
  Start();
  EXPECT_TRUE(BecomesOff(TrackingFault::kConnection));
}

TEST_F(BroadcastLaneTest, ModeIsShownByTheMetrics) {
  StartArmed();
  metrics::Registry registry;
  const auto registration = registry.Register([this](metrics::SampleSink& sink) { tracking_->Collect(sink); });
  std::vector<std::string> modes;
  for (const metrics::FamilySamples& family : registry.Collect()) {
    if (family.family.name != "herdgate_near_mode") continue;
    for (const metrics::Series& series : family.series) {
      for (const auto& [label, text] : series.labels) {
        if (label == "mode" && series.value == 1) modes.emplace_back(text);
      }
    }
  }
  EXPECT_EQ(modes, Lines{"broadcast"});
}

}  // namespace
}  // namespace herdgate::upstream

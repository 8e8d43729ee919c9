// Tracking whose connection hangs, breaks, lies or is stopped, against an upstream that the test plays.
#include "sidecar/upstream/tracking/tracking.h"
#include "tests/unit/upstream/tracking_fixture.h"

namespace herdgate::upstream {
namespace {

using std::chrono::milliseconds;

class TrackingFaultsTest : public TrackingFixture {
 protected:
  // After which the connection is given up for `fault`, and made again.
  void ExpectLost(const std::string& fault) {
    answer_ = [](const Lines&) { return std::nullopt; };
    ASSERT_TRUE(RunUntil([&] { return sink_.Count("armed") == 2; }));
    EXPECT_EQ(sink_.Count("lost " + fault), 1U);
    EXPECT_TRUE(tracking_->armed());
  }
  double Metric(std::string_view name, std::string_view value) {
    metrics::Registry registry;
    const auto registration = registry.Register([this](metrics::SampleSink& sink) { tracking_->Collect(sink); });
    for (const metrics::FamilySamples& family : registry.Collect()) {
      if (family.family.name != name) continue;
      for (const metrics::Series& series : family.series) {
        for (const auto& [label, text] : series.labels) {
          if (text == value) return series.value;
        }
      }
    }
    return -1;
  }
};

TEST_F(TrackingFaultsTest, LossEndsFillsAndComesBack) {
  tracking_options_.max_in_flight = 1;
  StartArmed();
  Hold();
  Fill("asked");
  Fill("queued");
  Turn();
  connector_.peers[tracked_peer_].Close();
  testing::RunTurns(loop_);
  EXPECT_EQ(sink_.Lines(), (Lines{"lost connection", "failed asked lost", "failed queued lost"}));
  ExpectLost("connection");
  EXPECT_EQ(tracking_->metrics().fills[static_cast<std::size_t>(FillResult::kLost)].value(), 2U);
}

TEST_F(TrackingFaultsTest, ConnectionThatOwesAnAnswerTooLongIsGivenUp) {
  tracking_options_.dead_after = milliseconds(20);
  StartArmed();
  Hold();
  testing::RunFor(loop_, milliseconds(2));
  tracking_->EverySecond();
  ASSERT_TRUE(RunUntil([&] { return sink_.Count("lost silent") == 1; }));
  ExpectLost("silent");
  EXPECT_EQ(Metric("herdgate_near_connection_losses_total", "silent"), 1);
}

TEST_F(TrackingFaultsTest, ConnectionThatOwesNothingMayBeSilent) {
  tracking_options_.dead_after = milliseconds(5);
  StartArmed();
  testing::RunFor(loop_, milliseconds(30));
  EXPECT_TRUE(tracking_->armed());
}

TEST_F(TrackingFaultsTest, BytesKeepAConnectionAlive) {
  tracking_options_.dead_after = milliseconds(200);
  StartArmed();
  Hold();
  Fill("k");
  Turn();
  // A push every 50 ms for longer than dead_after.
  for (int i = 0; i < 8; ++i) {
    Say(Push("other"));
    testing::RunFor(loop_, milliseconds(50));
  }
  EXPECT_TRUE(tracking_->armed());
}

TEST_F(TrackingFaultsTest, IdleConnectionIsPinged) {
  StartArmed();
  loop_.RefreshNow();
  tracking_->EverySecond();
  Turn();
  EXPECT_EQ(asked_, Lines{"PING"});
  EXPECT_TRUE(tracking_->armed());
}

TEST_F(TrackingFaultsTest, MissedCanaryIsALoss) {
  tracking_options_.canary_every = milliseconds(0);
  tracking_options_.canary_within = milliseconds(10);
  StartArmed();
  pushes_ = false;
  tracking_->EverySecond();
  ASSERT_TRUE(RunUntil([&] { return sink_.Count("lost canary") == 1; }));
  pushes_ = true;
  ExpectLost("canary");
}

TEST_F(TrackingFaultsTest, CanaryIsRepeated) {
  tracking_options_.canary_every = milliseconds(0);
  StartArmed();
  for (int i = 0; i < 3; ++i) {
    tracking_->EverySecond();
    Turn();
  }
  EXPECT_EQ(tracking_->metrics().push_lag.Snapshot().Count(), 4U);
  // Nobody else hears of them.
  EXPECT_EQ(sink_.Lines(), Lines{});
}

TEST_F(TrackingFaultsTest, CanaryThatFindsNoRoomProvesNothing) {
  tracking_options_.canary_every = milliseconds(0);
  StartArmed();
  answer_ = [](const Lines& words) {
    return words[0] == "SET" ? std::optional<std::string>("-OOM command not allowed\r\n") : std::nullopt;
  };
  for (int i = 0; i < 5; ++i) {
    tracking_->EverySecond();
    Turn();
  }
  EXPECT_TRUE(tracking_->armed());
  EXPECT_EQ(tracking_->metrics().canary_skips.value(), 5U);
}

TEST_F(TrackingFaultsTest, CanaryThatCannotBeDeletedProvesAsMuch) {
  tracking_options_.canary_every = milliseconds(0);
  answer_ = [](const Lines& words) {
    return words[0] == "DEL" ? std::optional<std::string>("-NOPERM no\r\n") : std::nullopt;
  };
  StartArmed();
  for (int i = 0; i < 3; ++i) {
    tracking_->EverySecond();
    Turn();
  }
  EXPECT_TRUE(tracking_->armed());
  EXPECT_EQ(tracking_->metrics().push_lag.Snapshot().Count(), 4U);
  EXPECT_EQ(tracking_->metrics().canary_skips.value(), 0U);
}

TEST_F(TrackingFaultsTest, UpstreamThatBecomesAReplicaIsALoss) {
  tracking_options_.canary_every = milliseconds(0);
  StartArmed();
  answer_ = [](const Lines& words) {
    return words[0] == "SET" ? std::optional<std::string>("-READONLY no\r\n") : std::nullopt;
  };
  tracking_->EverySecond();
  ASSERT_TRUE(RunUntil([&] { return sink_.Count("lost read_only") == 1; }));
  EXPECT_TRUE(BecomesOff(TrackingFault::kReadOnly));
}

TEST_F(TrackingFaultsTest, UnansweredCanaryWritesAreALossInTheEnd) {
  tracking_options_.canary_every = milliseconds(0);
  tracking_options_.canary_within = milliseconds(2);
  tracking_options_.canary_skips = 3;
  StartArmed();
  answer_ = [](const Lines& words) {
    return words[0] == "SET" || words[0] == "DEL" ? std::optional<std::string>(kNothing) : std::nullopt;
  };
  for (int i = 0; i < 2; ++i) {
    tracking_->EverySecond();
    ASSERT_TRUE(RunUntil([&] { return tracking_->metrics().canary_skips.value() == static_cast<unsigned>(i) + 1; }));
  }
  // Its push came all the same, or not: nobody can tell. It is armed until it was in vain too often.
  tracking_->EverySecond();
  EXPECT_TRUE(RunUntil([&] { return sink_.Count("lost connection") == 1; }));
}

TEST_F(TrackingFaultsTest, AnswersThatCannotBeAreALoss) {
  const std::vector<std::string> nonsense = {
      "-ERR no\r\n",                                     // to CACHING
      "+OK\r\n:1\r\n",                                   // to GET
      "+OK\r\n$1\r\nv\r\n+OK\r\n",                       // to PTTL
      "+OK\r\n$1\r\nv\r\n:-1\r\n:1\r\n",                 // nobody asked
      "what\r\n",                                        // no RESP
      ">2\r\n$10\r\ninvalidate\r\n:1\r\n",               // no keys
      ">2\r\n$10\r\ninvalidate\r\n*1\r\n*0\r\n",         // no key
      "+OK\r\n*1\r\n$200000\r\n" + std::string(9, 'x'),  // a value that is not one
  };
  StartArmed();
  for (std::size_t i = 0; i < nonsense.size(); ++i) {
    Hold();
    Fill("k");
    Turn();
    Say(nonsense[i]);
    if (i + 1 == nonsense.size()) Say(std::string(100000, 'x'));
    EXPECT_EQ(sink_.Count("lost protocol"), i + 1) << nonsense[i];
    EXPECT_EQ(sink_.Value("k"), std::nullopt);
    answer_ = [](const Lines&) { return std::nullopt; };
    ASSERT_TRUE(RunUntil([&] { return sink_.Count("armed") == i + 2; }));
  }
}

// A script that runs long is no sign of a server that can't track.
TEST_F(TrackingFaultsTest, BusyServerIsALostConnection) {
  StartArmed();
  Hold();
  Fill("k");
  Turn();
  Say("-BUSY Redis is busy running a script.\r\n");
  EXPECT_EQ(sink_.Count("lost connection"), 1U);
  answer_ = [](const Lines&) { return std::nullopt; };
  EXPECT_TRUE(RunUntil([&] { return sink_.Count("armed") == 2; }));
}

TEST_F(TrackingFaultsTest, AnotherServerFlushes) {
  StartArmed();
  run_id_ = "second";
  connector_.peers[tracked_peer_].Close();
  ASSERT_TRUE(RunUntil([&] { return sink_.Count("armed") == 2; }));
  EXPECT_EQ(sink_.Lines(), (Lines{"lost connection", "flush", "armed"}));
}

TEST_F(TrackingFaultsTest, TheSameServerDoesNotFlush) {
  StartArmed();
  connector_.peers[tracked_peer_].Close();
  ASSERT_TRUE(RunUntil([&] { return sink_.Count("armed") == 2; }));
  EXPECT_EQ(sink_.Lines(), (Lines{"lost connection", "armed"}));
}

TEST_F(TrackingFaultsTest, StopEndsEverythingAndStartBeginsAnew) {
  StartArmed();
  Hold();
  Fill("k");
  Turn();
  bool failed = false;
  tracking_->Fence([&](bool held) { failed = !held; });
  tracking_->Stop();
  EXPECT_EQ(sink_.Lines(), (Lines{"lost stopped", "failed k lost"}));
  EXPECT_TRUE(failed);
  EXPECT_EQ(tracking_->fault(), TrackingFault::kStopped);
  testing::RunFor(loop_, milliseconds(20));
  EXPECT_EQ(tracking_->fault(), TrackingFault::kStopped);
  answer_ = [](const Lines&) { return std::nullopt; };
  tracking_->Start();
  EXPECT_TRUE(Becomes(TrackingMode::kTracked));
}

TEST_F(TrackingFaultsTest, StopWithinACallIsSafe) {
  StartArmed();
  sink_.on_line = [this](const std::string& line) {
    if (line == "invalidate a" || line == "fill k=1") tracking_->Stop();
  };
  Say(">2\r\n$10\r\ninvalidate\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n");
  EXPECT_EQ(sink_.Lines(), (Lines{"invalidate a", "lost stopped"}));
  tracking_->Start();
  ASSERT_TRUE(Becomes(TrackingMode::kTracked));
  Hold();
  Fill("k");
  Fill("l");
  Turn();
  sink_.Lines();
  Say(Found("1") + Found("2"));
  EXPECT_EQ(sink_.Lines(), (Lines{"fill k=1", "lost stopped", "failed l lost"}));
}

TEST_F(TrackingFaultsTest, ModeIsShownByTheMetrics) {
  Start();
  EXPECT_EQ(Metric("herdgate_near_mode", "probing"), 1);
  ASSERT_TRUE(Becomes(TrackingMode::kTracked));
  EXPECT_EQ(Metric("herdgate_near_mode", "probing"), 0);
  EXPECT_EQ(Metric("herdgate_near_mode", "tracked"), 1);
  tracking_->Stop();
  EXPECT_EQ(Metric("herdgate_near_mode", "tracked"), 0);
  EXPECT_EQ(Metric("herdgate_near_mode", "stopped"), 1);
}

TEST_F(TrackingFaultsTest, UpstreamThatIsGoneIsNotAskedOftenByTheTrackedConnection) {
  options_.timeout = milliseconds(50);
  options_.backoff_first = milliseconds(20);
  options_.backoff_last = milliseconds(1000);
  connector_.fail_with = "connection refused";
  Start();
  testing::RunFor(loop_, milliseconds(1000));
  EXPECT_LT(connector_.attempts, 10);
}

}  // namespace
}  // namespace herdgate::upstream

// The prober, and how few attempts a process with many lanes makes.
#include "sidecar/upstream/prober.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <vector>

#include "tests/unit/upstream/lane_fixture.h"

namespace herdgate::upstream {
namespace {

using std::chrono::milliseconds;
using testing::RunFor;
using testing::RunTurns;
using testing::RunUntil;
using State = Breaker::State;

constexpr std::string_view kPing = "*1\r\n$4\r\nPING\r\n";

class FakeHost final : public Prober::Host {
 public:
  void OnReachable(Lane& lane) override {
    ++reachable;
    on_reachable(lane);
  }
  void OnProbeLost() override { ++lost; }

  int reachable = 0;
  int lost = 0;
  std::function<void(Lane&)> on_reachable = [](Lane&) {};
};

class ProberTest : public LaneFixture {
 protected:
  ProberTest() {
    options_.idle_dedicated = 0;
    pool_ = std::make_unique<LanePool>(Context(), in_use_);
    prober_ = std::make_unique<Prober>(*pool_, LaneKey{2, 0, identity_}, host_);
    breaker_.SetOnChange([this](State to, std::string_view) {
      ++changes_;
      if (to == State::kOpen) loop_.Post([this] { prober_->Start(); });
    });
  }
  ~ProberTest() override {
    held_.clear();
    prober_->Stop();
    pool_->CloseAll();
    prober_.reset();
    pool_.reset();
  }
  void Open() {
    breaker_.OnFailed("Connection refused");
    ASSERT_EQ(breaker_.state(), State::kOpen);
  }
  // Waits for the prober's next connection and answers its handshake; then it asks.
  void GreetProbe() {
    const std::size_t before = greeted_;
    ASSERT_TRUE(RunUntil(loop_, [&] { return connector_.peers.size() > before; }));
    greeted_ = connector_.peers.size();
    ASSERT_TRUE(RunUntil(loop_, [&] { return !upstream().Receive().empty(); }));
    upstream().Send(hello_reply_);
    Turn();
  }
  void AnswerProbe(std::string_view answer = "+PONG\r\n") {
    GreetProbe();
    ASSERT_EQ(Heard(), kPing);
    Say(answer);
  }
  std::string hello_reply_{kHelloReply};
  std::atomic<std::size_t> in_use_{0};
  std::unique_ptr<LanePool> pool_;
  FakeHost host_;
  std::unique_ptr<Prober> prober_;
  std::vector<std::shared_ptr<Lane>> held_;
  int changes_ = 0;
};

TEST_F(ProberTest, HandsTheHostALaneOfAnUpstreamThatAnswers) {
  Open();
  host_.on_reachable = [&](Lane& lane) {
    EXPECT_EQ(breaker_.state(), State::kHalfOpen);
    EXPECT_TRUE(lane.Send("del x\r\n", sink_, Plain()));
  };
  AnswerProbe();
  EXPECT_EQ(host_.reachable, 1);
  EXPECT_EQ(Heard(), "del x\r\n");
  sink_.on_replies = [&](Lane&) {
    breaker_.Close();
    prober_->Done();
  };
  Say(":1\r\n");
  EXPECT_EQ(sink_.replies, ":1\r\n");
  EXPECT_EQ(breaker_.state(), State::kClosed);
  EXPECT_FALSE(prober_->started());
  EXPECT_EQ(connections_.load(), 0);
  RunFor(loop_, milliseconds(100));
  EXPECT_EQ(connector_.attempts, 1);
  EXPECT_EQ(in_use_.load(), 0U);
}

TEST_F(ProberTest, ReopensWhenTheReplayFailed) {
  Open();
  AnswerProbe();
  prober_->Again();
  EXPECT_EQ(breaker_.state(), State::kOpen);
  EXPECT_EQ(breaker_.Get().reason, Breaker::kReplayFailed);
  EXPECT_EQ(connections_.load(), 0);
  AnswerProbe();
  EXPECT_EQ(host_.reachable, 2);
  EXPECT_EQ(breaker_.state(), State::kHalfOpen);
}

TEST_F(ProberTest, ReopensWhenItsLaneBreaks) {
  Open();
  AnswerProbe();
  upstream().Close();
  ASSERT_TRUE(RunUntil(loop_, [&] { return host_.lost == 1; }));
  EXPECT_EQ(breaker_.state(), State::kOpen);
  EXPECT_EQ(breaker_.Get().reason, Breaker::kProbeFailed);
  AnswerProbe();
  EXPECT_EQ(host_.reachable, 2);
}

TEST_F(ProberTest, GoesOnWhenTheBreakerOpenedBeforeTheHostClosedIt) {
  Open();
  AnswerProbe();
  breaker_.OnSilent("no answer");
  breaker_.Close();
  prober_->Done();
  EXPECT_EQ(breaker_.state(), State::kOpen);
  breaker_.OnSilenceEnded();
  AnswerProbe();
  EXPECT_EQ(host_.reachable, 2);
}

TEST_F(ProberTest, WaitsOnOneConnectionUntilNoLaneIsSilent) {
  breaker_.OnReady();
  breaker_.OnSilent("no answer");
  AnswerProbe();
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(breaker_.state(), State::kOpen);
    std::string heard;
    ASSERT_TRUE(RunUntil(loop_, [&] { return !(heard += upstream().Receive()).empty(); }));
    ASSERT_EQ(heard, kPing);
    if (i == 3) breaker_.OnSilenceEnded();
    Say("+PONG\r\n");
  }
  EXPECT_EQ(host_.reachable, 1);
  EXPECT_EQ(connector_.attempts, 1);
}

TEST_F(ProberTest, AnUpstreamThatLoadsItsDataIsHalfOpenAndAskedAgain) {
  Open();
  AnswerProbe("-LOADING Redis is loading the dataset in memory\r\n");
  EXPECT_EQ(breaker_.state(), State::kHalfOpen);
  EXPECT_EQ(host_.reachable, 0);
  EXPECT_TRUE(breaker_.MayConnect());
  AnswerProbe();
  EXPECT_EQ(host_.reachable, 1);
}

TEST_F(ProberTest, AnUpstreamThatRefusesTheSidecarIsHalfOpenForItsOtherUsers) {
  hello_reply_ = "-WRONGPASS no\r\n";
  identity_ = std::make_shared<const Identity>(Identity{.auth = {"secret"}});
  prober_ = std::make_unique<Prober>(*pool_, LaneKey{2, 0, identity_}, host_);
  Open();
  GreetProbe();
  EXPECT_EQ(breaker_.state(), State::kHalfOpen);
  EXPECT_EQ(host_.reachable, 0);
  connector_.fail_with = "Connection refused";
  ASSERT_TRUE(RunUntil(loop_, [&] { return breaker_.state() == State::kOpen; }));
  EXPECT_EQ(breaker_.Get().reason, Breaker::kProbeFailed);
}

TEST_F(ProberTest, GivesUpOnAnUpstreamThatAcceptsAndSaysNothing) {
  options_.timeout = milliseconds(40);
  Open();
  ASSERT_TRUE(RunUntil(loop_, [&] { return connector_.peers.size() == 3; }));
  EXPECT_LE(connections_.load(), 1);
  EXPECT_EQ(breaker_.state(), State::kOpen);
  greeted_ = 3;
  AnswerProbe();
  EXPECT_EQ(host_.reachable, 1);
}

TEST_F(ProberTest, GivesUpOnAnUpstreamThatGreetsAndSaysNothing) {
  options_.timeout = milliseconds(40);
  Open();
  GreetProbe();
  AnswerProbe();
  EXPECT_EQ(host_.reachable, 1);
  EXPECT_EQ(connector_.attempts, 2);
}

TEST_F(ProberTest, DoesNothingMoreWhenItIsStopped) {
  Open();
  GreetProbe();
  prober_->Stop();
  EXPECT_EQ(connections_.load(), 0);
  const int attempts = connector_.attempts;
  RunFor(loop_, milliseconds(100));
  EXPECT_EQ(connector_.attempts, attempts);
  EXPECT_EQ(breaker_.state(), State::kOpen);
}

// ---- all lanes of a process

class ManyLanesTest : public ProberTest {
 protected:
  static constexpr std::uint32_t kLanes = 30;

  ManyLanesTest() {
    options_ = UpstreamOptions{.idle_dedicated = 0};
    host_.on_reachable = [&](Lane&) {
      breaker_.Close();
      prober_->Done();
    };
  }
  void MakeLanes() {
    for (std::uint32_t db = 0; db < kLanes; ++db) held_.push_back(pool_->Shared({2, db, identity_}, false));
  }
  std::size_t Ready() const {
    return static_cast<std::size_t>(std::count_if(
        held_.begin(), held_.end(), [](const auto& lane) { return lane->state() == Lane::State::kReady; }));
  }
  void ServeUntilAllAreReady(milliseconds limit) {
    ASSERT_TRUE(RunUntil(
        loop_,
        [&] {
          ServeEach();
          return Ready() == kLanes && breaker_.closed();
        },
        limit));
  }
  // Some have been given up meanwhile.
  void ServeEach() {
    for (auto& peer : connector_.peers) {
      const std::string heard = peer.Receive();
      if (heard.find("HELLO") != std::string::npos) peer.TrySend(kHelloReply);
      if (heard.find("SELECT") != std::string::npos) peer.TrySend("+OK\r\n");
      if (heard.find("PING") != std::string::npos) peer.TrySend("+PONG\r\n");
    }
  }
  void BreakAll() {
    for (auto& peer : connector_.peers) peer.Close();
    connector_.peers.clear();
    ASSERT_TRUE(RunUntil(loop_, [&] { return Ready() == 0; }));
  }
};

TEST_F(ManyLanesTest, AllConnectAtOnceAtTheStart) {
  MakeLanes();
  ServeUntilAllAreReady(milliseconds(5000));
  EXPECT_EQ(connector_.attempts, static_cast<int>(kLanes));
  EXPECT_EQ(changes_, 0);
}

TEST_F(ManyLanesTest, MakeFewAttemptsAtAnUpstreamThatRefusesAndComeBackWithinASecond) {
  MakeLanes();
  ServeUntilAllAreReady(milliseconds(5000));
  connector_.attempts = 0;
  connector_.fail_with = "Connection refused";
  BreakAll();
  for (int second = 1; second <= 3; ++second) {
    const int before = connector_.attempts;
    // Clients that come meanwhile change nothing.
    held_.push_back(pool_->Shared({2, kLanes + static_cast<std::uint32_t>(second), identity_}, false));
    RunFor(loop_, milliseconds(1000));
    EXPECT_LT(connector_.attempts - before, 10) << second;
    EXPECT_GT(connector_.attempts - before, 0) << second;
  }
  EXPECT_EQ(breaker_.state(), State::kOpen);
  held_.resize(kLanes);
  connector_.fail_with.clear();
  ServeUntilAllAreReady(milliseconds(1000));
}

TEST_F(ManyLanesTest, MakeFewAttemptsAtAnUpstreamThatCannotBeReached) {
  MakeLanes();
  ServeUntilAllAreReady(milliseconds(5000));
  connector_.attempts = 0;
  connector_.hang = true;
  BreakAll();
  for (int second = 1; second <= 3; ++second) {
    const int before = connector_.attempts;
    RunFor(loop_, milliseconds(1000));
    EXPECT_LT(connector_.attempts - before, 10) << second;
  }
  EXPECT_EQ(breaker_.state(), State::kOpen);
}

TEST_F(ManyLanesTest, ALoneLossIsMendedWithoutOpening) {
  MakeLanes();
  ServeUntilAllAreReady(milliseconds(5000));
  connector_.peers.front().Close();
  ASSERT_TRUE(RunUntil(loop_, [&] { return Ready() == kLanes - 1; }));
  ServeUntilAllAreReady(milliseconds(1000));
  EXPECT_EQ(changes_, 0);
}

TEST_F(ManyLanesTest, ALaneThatIsMadeWhileTheUpstreamIsAwayRefusesAfterItsTimeout) {
  options_.timeout = milliseconds(60);
  connector_.fail_with = "Connection refused";
  Open();
  const auto lane = pool_->Shared({2, 0, identity_}, false);
  EXPECT_EQ(lane->state(), Lane::State::kWaiting);
  ASSERT_TRUE(lane->Send("a\r\n", sink_, Plain()));
  ASSERT_TRUE(RunUntil(loop_, [&] { return !sink_.refused.empty(); }));
  EXPECT_THAT(sink_.refused[0], ::testing::HasSubstr("is unavailable: Connection refused"));
  RunFor(loop_, milliseconds(5));
  loop_.RefreshNow();
  EXPECT_FALSE(lane->Send("b\r\n", sink_, Plain()));
  held_.push_back(lane);
}

// ---- the pool's look for silence, the breaker and the prober together

TEST_F(ManyLanesTest, AnUpstreamThatHangsAndWakesUpIsNoticedBothTimes) {
  options_.timeout = milliseconds(80);
  breaker_.WatchSilence(true);
  held_.push_back(pool_->Shared({2, 0, identity_}, false));
  ASSERT_TRUE(RunUntil(loop_, [&] {
    ServeEach();
    return Ready() == 1;
  }));
  RunFor(loop_, milliseconds(300));  // the pool looks each second whether it should
  Pending pending = Degradable(true);
  ASSERT_TRUE(held_[0]->Send("get 1\r\n", sink_, pending));
  ASSERT_TRUE(RunUntil(
      loop_, [&] { return breaker_.state() == State::kOpen; }, milliseconds(1500)));
  EXPECT_EQ(breaker_.Get().reason, Breaker::kSilent);
  pool_->Abandon();
  EXPECT_EQ(sink_.story, "!");
  RunFor(loop_, milliseconds(200));
  EXPECT_EQ(breaker_.state(), State::kOpen);
  connector_.peers[0].Send("+late\r\n");
  ASSERT_TRUE(RunUntil(
      loop_,
      [&] {
        ServeEach();
        return breaker_.closed();
      },
      milliseconds(1000)));
  EXPECT_EQ(sink_.story, "!");
  EXPECT_EQ(host_.reachable, 1);
}

}  // namespace
}  // namespace herdgate::upstream

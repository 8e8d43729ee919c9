// ShadowDesk and ShadowStage before an upstream that the test plays.
#include "sidecar/pipeline/shadow_desk.h"

#include "sidecar/base/log.h"
#include "sidecar/pipeline/shadow_stage.h"
#include "tests/unit/pipeline/flight_desk_fixture.h"

namespace herdgate::pipeline {
namespace {

using std::chrono::milliseconds;

class ShadowDeskTest : public FlightDeskFixture {
 protected:
  ShadowDeskTest() {
    base::ConfigureLog(base::LogFormat::kJson, base::LogLevel::kError);
    policy::Policy shadowed = Coalescing("user");
    shadowed.stampede.grace = policy::Grace::kShadow;
    policy::Policy versioned = Coalescing("ver");
    versioned.version.schema = 7;
    versioned.version.generation = true;
    set_ = std::make_shared<const policy::PolicySet>(std::vector{shadowed, versioned});
    guards_.Set(set_.get());
  }
  ShadowDesk& Desk() { return desk_->shadows(); }
  static base::SteadyTime Now() { return base::SystemClock().Now(); }
  // What it is answered is in told_, with `name`: the old value, or "-" for none.
  bool Ask(const std::string& name, bool elsewhere = false) {
    return Desk().Ask(elsewhere ? *other_ : *home_, "user:1", [this, name](const stampede::OldValue& old) {
      told_.push_back(name + " " + (old.value ? *old.value : "-"));
    });
  }
  Strings Told() { return std::exchange(told_, {}); }
  static std::string Old(std::string_view value) {
    return "+OK\r\n*4\r\n" + Bulk("old") + Bulk(value) + ":5\r\n:9000\r\n";
  }
  static std::string Nothing() { return "+OK\r\n*4\r\n" + Bulk("nothing") + Bulk("") + ":0\r\n:0\r\n"; }
  // How many scripts were asked for since the last call.
  std::size_t Scripts() {
    const auto asked = std::exchange(asked_, {});
    return static_cast<std::size_t>(
        std::ranges::count_if(asked, [](const auto& line) { return line.starts_with("EVAL"); }));
  }
  bool Removed() {
    const auto asked = std::exchange(asked_, {});
    std::string removal;
    for (const std::string& word : stampede::RemoveShadowArguments("user:1"))
      removal += (removal.empty() ? "" : " ") + word;
    return std::ranges::find(asked, removal) != asked.end();
  }
  void Remember() {
    ASSERT_TRUE(Ask("first"));
    Turns();
    Reply(Old("v"));
    ASSERT_EQ(Told(), Strings{"first v"});
    ASSERT_TRUE(Desk().Find("user:1", Now()));
    asked_.clear();
  }

  Strings told_;
};

TEST_F(ShadowDeskTest, AllWhoAskMeanwhileGetOneAnswerAndItIsRemembered) {
  StartDesk();
  EXPECT_TRUE(Ask("a"));
  EXPECT_TRUE(Ask("b", true));
  Turns();
  EXPECT_TRUE(Ask("c"));
  EXPECT_EQ(Told(), Strings{});
  Turns();
  EXPECT_EQ(Scripts(), 1U);
  Reply(Old("v"));
  Strings told = Told();
  std::ranges::sort(told);
  EXPECT_EQ(told, (Strings{"a v", "b v", "c v"}));
  const auto known = Desk().Find("user:1", Now());
  ASSERT_TRUE(known && known->value);
  EXPECT_EQ(*known->value, "v");
  EXPECT_LE(known->ended, Now() - milliseconds(5));
}

TEST_F(ShadowDeskTest, ThatThereIsNoneIsRememberedToo) {
  StartDesk();
  EXPECT_TRUE(Ask("a"));
  Turns();
  Reply(Nothing());
  EXPECT_EQ(Told(), Strings{"a -"});
  const auto known = Desk().Find("user:1", Now());
  ASSERT_TRUE(known);
  EXPECT_EQ(known->value, nullptr);
}

TEST_F(ShadowDeskTest, WhatIsForgottenWhileItIsReadReachesOnlyThoseWhoAskedBefore) {
  StartDesk();
  EXPECT_TRUE(Ask("before"));
  Turns();
  Desk().Forget("user:1");
  EXPECT_TRUE(Ask("behind"));
  Turns();
  EXPECT_EQ(Scripts(), 2U);
  Reply(Old("v"));
  EXPECT_EQ(Told(), Strings{"before v"});
  EXPECT_FALSE(Desk().Find("user:1", Now()));
  Reply(Nothing());
  EXPECT_EQ(Told(), Strings{"behind -"});
}

TEST_F(ShadowDeskTest, PushOfTheKeyOrOfItsShadowForgets) {
  StartDesk();
  for (const std::string& name : {std::string("user:1"), stampede::ShadowNameOf("user:1")}) {
    Remember();
    desk_->OnInvalidated("user:2");
    EXPECT_TRUE(Desk().Find("user:1", Now()));
    desk_->OnInvalidated(name);
    EXPECT_FALSE(Desk().Find("user:1", Now())) << name;
  }
  Remember();
  desk_->OnAllInvalidated();
  EXPECT_FALSE(Desk().Find("user:1", Now()));
}

TEST_F(ShadowDeskTest, CommandThatWritesForgetsWhenItIsSentAndWhenItIsAnswered) {
  StartDesk();
  ShadowStage stage(*home_, Desk(), guards_);
  stage.SetUsed(true);
  const NearNote::Key key{.name = "user:1", .policy = 0};
  Remember();
  policy::RequestPlan plan;
  stage.OnWriteSent(key, 1, &plan, true);
  EXPECT_FALSE(Desk().Find("user:1", Now()));
  ASSERT_EQ(plan.follow_ups.size(), 1U);
  EXPECT_TRUE(plan.follow_ups[0].removes);
  EXPECT_EQ(plan.follow_ups[0].key, stampede::ShadowNameOf("user:1"));
  Remember();  // before the command was carried out
  stage.OnWriteAnswered(key, false);
  EXPECT_FALSE(Desk().Find("user:1", Now()));
  Turns();
  EXPECT_FALSE(Removed()) << "its own connection does that";
}

TEST_F(ShadowDeskTest, WhatItsOwnConnectionCannotRemoveIsRemovedHere) {
  StartDesk();
  ShadowStage stage(*home_, Desk(), guards_);
  stage.SetUsed(true);
  const NearNote::Key key{.name = "user:1", .policy = 0};
  policy::RequestPlan plan;
  stage.OnWriteSent(key, 1, &plan, false);  // another user
  Turns();
  EXPECT_TRUE(Removed());
  EXPECT_TRUE(plan.follow_ups.empty());
  stage.OnWriteSent(key, 1, nullptr, true);
  Turns();
  EXPECT_TRUE(Removed());
  stage.OnWriteAnswered(key, true);
  Turns();
  EXPECT_TRUE(Removed());
}

TEST_F(ShadowDeskTest, RemovalIsSentAgainWhenItsConnectionWasLost) {
  StartDesk();
  Desk().Remove("user:1");
  Turns();
  EXPECT_TRUE(Removed());
  answer_ = [](const Lines&) { return std::nullopt; };  // as an upstream answers
  connector_.peers[tracked_peer_].Close();
  ASSERT_TRUE(RunUntil([&] { return !tracking_->armed(); }));
  ASSERT_TRUE(RunUntil([&] { return tracking_->armed() && Removed(); }));
}

TEST_F(ShadowDeskTest, WithoutAConnectionNobodyIsAsked) {
  StartDesk();
  EXPECT_TRUE(Ask("lost"));
  Turns();
  tracking_->Stop();
  Turns();
  EXPECT_EQ(Told(), Strings{"lost -"});
  EXPECT_FALSE(Desk().Find("user:1", Now()));
  EXPECT_FALSE(Ask("late"));
}

TEST_F(ShadowDeskTest, AnswerIsNotAwaitedForLong) {
  StartDesk();
  EXPECT_TRUE(Ask("a"));
  ASSERT_TRUE(RunUntil([&] { return !told_.empty(); }));
  EXPECT_EQ(Told(), Strings{"a -"});
  EXPECT_EQ(Metric("herdgate_shadow_reads_total", {"late"}), 1);
  Reply(Old("v"));
  EXPECT_EQ(Told(), Strings{});
  EXPECT_FALSE(Desk().Find("user:1", Now()));
}

TEST_F(ShadowDeskTest, RefusedScriptsAreNotTriedForAMinute) {
  StartDesk();
  EXPECT_TRUE(Ask("a"));
  Turns();
  Reply("+OK\r\n-NOPERM this user has no permissions to run the 'eval' command\r\n");
  EXPECT_EQ(Told(), Strings{"a -"});
  EXPECT_FALSE(Ask("b"));
}

TEST_F(ShadowDeskTest, CopyIsMadeOnceInALife) {
  StartDesk();
  const ShadowDesk::Copy copy{.physical = "user:1", .hash = 1, .terms = {milliseconds(1000), milliseconds(5000), 100}};
  EXPECT_TRUE(Desk().MayCopy(1, Now()));
  Desk().TakeCopy(copy, Now());
  EXPECT_FALSE(Desk().MayCopy(1, Now()));
  Turns();
  EXPECT_EQ(Scripts(), 1U);
  Reply("*2\r\n" + Bulk("copied") + ":9000\r\n");
  EXPECT_FALSE(Desk().MayCopy(1, Now() + milliseconds(8000)));
  EXPECT_TRUE(Desk().MayCopy(1, Now() + milliseconds(9001)));
  Desk().OnNewLife(1);
  EXPECT_TRUE(Desk().MayCopy(1, Now()));
  EXPECT_EQ(Metric("herdgate_shadow_copies_total", {"copied"}), 1);
  ASSERT_TRUE(guards_.history().Find(1)) << "the script told its end";
}

TEST_F(ShadowDeskTest, CopiesOfASecondAreBounded) {
  StartDesk();
  const auto now = Now();
  for (std::uint64_t key = 1; key <= 1000; ++key) {
    Desk().TakeCopy({.physical = "user:" + std::to_string(key), .hash = key, .terms = {}}, now);
  }
  Turns();
  EXPECT_EQ(Scripts(), 50U);
}

}  // namespace
}  // namespace herdgate::pipeline

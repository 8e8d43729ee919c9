#include "sidecar/stampede/guard.h"

#include <gtest/gtest.h>

#include "tests/unit/stampede/guard_fixture.h"

namespace herdgate::stampede {
namespace {

class GuardTest : public GuardFixture {};

// ---- terms

TEST_F(GuardTest, TermsStartFromDefaultsUntilComputingWasMeasured) {
  const Guard guard(PageOf(), history_, events_);
  const FlightTerms terms = guard.Terms();
  EXPECT_EQ(terms.max_wait, milliseconds(400));
  EXPECT_EQ(terms.release_step, milliseconds(100));
  EXPECT_EQ(terms.overtime, milliseconds(200));
  EXPECT_EQ(terms.lease_time, milliseconds(1000));
  EXPECT_EQ(terms.lease_cap, seconds(30));
  EXPECT_TRUE(terms.waits_while_leading);
  EXPECT_TRUE(terms.timeout_is_miss);
}

TEST_F(GuardTest, TermsFollowWhatComputingTakes) {
  Guard guard(PageOf(), history_, events_);
  for (int i = 0; i < 20; ++i) Recompute(guard, milliseconds(300));
  EXPECT_NEAR(static_cast<double>(guard.Terms().lease_time.count()), 900, 900 * 0.03);
  EXPECT_EQ(guard.Terms().release_step, milliseconds(150));
}

TEST_F(GuardTest, TermsStayWithinBounds) {
  Guard fast(PageOf(), history_, events_);
  Recompute(fast, milliseconds(2));
  EXPECT_EQ(fast.Terms().lease_time, milliseconds(250));
  EXPECT_EQ(fast.Terms().release_step, milliseconds(5));
  Guard slow(PageOf(), history_, events_);
  Recompute(slow, seconds(9));
  EXPECT_EQ(slow.Terms().lease_time, seconds(10));
  EXPECT_EQ(slow.Terms().release_step, milliseconds(250));
}

TEST_F(GuardTest, AConfiguredLeaseIsTakenAsItIs) {
  policy::Policy policy = PageOf();
  policy.stampede.lease = milliseconds(700);
  policy.stampede.max_wait = milliseconds(123);
  Guard guard(policy, history_, events_);
  Recompute(guard, seconds(2));
  EXPECT_EQ(guard.Terms().lease_time, milliseconds(700));
  EXPECT_EQ(guard.Terms().max_wait, milliseconds(123));
}

TEST_F(GuardTest, OnlyAnErrorKeepsWhoTimedOutFromComputing) {
  policy::Policy policy = PageOf();
  policy.stampede.on_timeout = policy::OnTimeout::kError;
  EXPECT_FALSE(Guard(policy, history_, events_).Terms().timeout_is_miss);
  policy.stampede.on_timeout = policy::OnTimeout::kStale;
  EXPECT_TRUE(Guard(policy, history_, events_).Terms().timeout_is_miss);
}

// ---- reloads

TEST_F(GuardTest, FitsWhileNameAndPatternsAreTheSame) {
  const policy::Policy policy = PageOf();
  const Guard guard(policy, history_, events_);
  policy::Policy other = policy;
  other.stampede.max_wait = milliseconds(50);
  other.stampede.coalesce = policy::Coalesce::kAuto;
  other.refresh = {.mode = policy::RefreshMode::kSynthetic, .beta = 5};
  EXPECT_TRUE(guard.Fits(other));
  other.name = "pages";
  EXPECT_FALSE(guard.Fits(other));
  other = policy;
  other.match.emplace_back("p:*");
  EXPECT_FALSE(guard.Fits(other));
}

TEST_F(GuardTest, TakesOnOtherRulesAndKeepsWhatItLearned) {
  policy::Policy policy = PageOf();
  Guard guard(policy, history_, events_);
  Recompute(guard, milliseconds(300));
  EXPECT_FALSE(guard.refreshes());
  policy.stampede.max_wait = milliseconds(50);
  policy.refresh = {.mode = policy::RefreshMode::kSynthetic, .beta = 5};
  guard.Adopt(policy);
  EXPECT_EQ(guard.Terms().max_wait, milliseconds(50));
  EXPECT_TRUE(guard.refreshes());
  EXPECT_EQ(guard.refresh().beta(), 5);
  EXPECT_EQ(guard.learning().delta(), milliseconds(300));
}

TEST_F(GuardTest, TakesOnWhetherItHasToLearn) {
  policy::Policy policy = PageOf();
  policy.stampede.coalesce = policy::Coalesce::kAuto;
  Guard guard(policy, history_, events_);
  EXPECT_FALSE(guard.learning().eligible());
  policy.stampede.coalesce = policy::Coalesce::kOn;
  guard.Adopt(policy);
  EXPECT_TRUE(guard.learning().eligible());
  EXPECT_TRUE(guard.learning().MayRefresh(now_));
}

// ---- what is counted

TEST_F(GuardTest, EveryCallerIsARecomputeOrSparedOne) {
  Guard guard(PageOf(), history_, events_);
  Wakes(guard, Answer::kLead);
  guard.OnTurnedAway(kKey);
  guard.OnStale(kKey, milliseconds(20));
  guard.OnStale(kKey, milliseconds(20));
  Wakes(guard, Answer::kTimeout, 2);
  Wakes(guard, Answer::kMiss);
  Ends(guard, {.answered = 7});
  Wakes(guard, Answer::kValue, 7);
  auto values = Scrape(guard);
  EXPECT_EQ(values["herdgate_recomputes_total{page}"], 1 + 1 + 2 + 1);
  EXPECT_EQ(values["herdgate_recomputes_avoided_total{page}"], 2 + 7);
}

TEST_F(GuardTest, WaitersForAnotherPodAreSparedToo) {
  Guard guard(PageOf(), history_, events_);
  Wakes(guard, Answer::kValue, 3);
  EXPECT_EQ(Scrape(guard)["herdgate_recomputes_avoided_total{page}"], 3);
  EXPECT_EQ(Scrape(guard)["herdgate_recomputes_total{page}"], 0);
}

TEST_F(GuardTest, TheTimeSparedIsThatOfTheKey) {
  Guard guard(PageOf(), history_, events_);
  Recompute(guard, milliseconds(100));
  history_.OnSet(kKey, seconds(60), milliseconds(300), now_);
  Wakes(guard, Answer::kValue, 2);
  guard.OnStale(kKey, milliseconds(1));
  EXPECT_NEAR(Scrape(guard)["herdgate_recompute_seconds_avoided_total{page}"], 0.9, 1e-9);
}

TEST_F(GuardTest, WhoLeadsHasNotWaited) {
  Guard guard(PageOf(), history_, events_);
  Wakes(guard, Answer::kLead);
  Wakes(guard, Answer::kMiss);
  EXPECT_EQ(Scrape(guard)["herdgate_waited_seconds_total{page}"], 0);
  EXPECT_EQ(Scrape(events_.histograms())["herdgate_waiter_wait_seconds{}"], 0);
  Wakes(guard, Answer::kValue);
  Wakes(guard, Answer::kTimeout);
  EXPECT_NEAR(Scrape(guard)["herdgate_waited_seconds_total{page}"], 0.2, 1e-9);
  EXPECT_EQ(Scrape(events_.histograms())["herdgate_waiter_wait_seconds{}"], 2);
}

TEST_F(GuardTest, WhoKeptItsValueWasSparedNothing) {
  Guard guard(PageOf(), history_, events_);
  Wakes(guard, Answer::kKeep, 1, Mode::kRefresh);
  Wakes(guard, Answer::kValue, 1, Mode::kRefresh);
  auto values = Scrape(guard);
  EXPECT_EQ(values["herdgate_recomputes_avoided_total{page}"], 0);
  EXPECT_EQ(values["herdgate_recomputes_total{page}"], 0);
  EXPECT_EQ(values["herdgate_waited_seconds_total{page}"], 0);
}

TEST_F(GuardTest, AnErrorIsNoRecompute) {
  policy::Policy policy = PageOf();
  policy.stampede.on_timeout = policy::OnTimeout::kError;
  Guard guard(policy, history_, events_);
  Wakes(guard, Answer::kTimeout, 2);
  EXPECT_EQ(Scrape(guard)["herdgate_recomputes_total{page}"], 0);
}

TEST_F(GuardTest, AFlightIsAnEventWithAllItsCallers) {
  Guard guard(PageOf(), history_, events_);
  Recompute(guard, milliseconds(200));
  Wakes(guard, Answer::kLead);
  guard.OnTurnedAway(kKey);
  guard.OnStale(kKey, milliseconds(20));
  Wakes(guard, Answer::kTimeout);
  EXPECT_EQ(Ends(guard, {.answered = 7, .duration = milliseconds(250)}), 1U);
  const StampedeEvent event = events_.Newest(1).at(0);
  EXPECT_EQ(event.policy, "page");
  EXPECT_EQ(event.key, "page:home");
  EXPECT_EQ(event.hash, kKey);
  EXPECT_EQ(event.cause, MissCause::kExpiry);
  EXPECT_EQ(event.size, 1U + 7 + 1 + 2);
  EXPECT_EQ(event.avoided, 7U + 1);
  EXPECT_EQ(event.began, base::WallTime(milliseconds(999'750)));
  EXPECT_NEAR(event.unprotected_size, 200, 1e-6);
}

TEST_F(GuardTest, WhatBelongsToAnEarlierFlightIsNotToldOfTheNext) {
  Guard guard(PageOf(), history_, events_);
  for (int i = 0; i < 10; ++i) guard.OnTurnedAway(kKey);  // another pod leads
  Wakes(guard, Answer::kLead);
  guard.OnTurnedAway(kKey);
  Ends(guard, {.answered = 5});
  EXPECT_EQ(events_.Newest(1).at(0).size, 1U + 5 + 1);
  Ends(guard, {.answered = 5});
  EXPECT_EQ(events_.Newest(1).at(0).size, 1U + 5);
}

TEST_F(GuardTest, ALeaderThatWasLetGoBeforeIsOneCaller) {
  Guard guard(PageOf(), history_, events_);
  guard.OnTurnedAway(kKey);
  Ends(guard, {.answered = 4, .let_go = true});
  EXPECT_EQ(events_.Newest(1).at(0).size, 1U + 4);
  EXPECT_EQ(Scrape(guard)["herdgate_recomputes_total{page}"], 1);
}

TEST_F(GuardTest, SmallFlightsAreNoEvents) {
  Guard guard(PageOf(), history_, events_);
  EXPECT_EQ(Ends(guard, {.answered = 3}), 0U);
  EXPECT_EQ(events_.totals().flights, 1U);
}

TEST_F(GuardTest, ARefreshSparesWhoComesAfterTheLife) {
  Guard guard(PageOf(), history_, events_);
  Wakes(guard, Answer::kLead, 1, Mode::kRefresh);
  guard.OnStale(kKey, milliseconds(20));
  Ends(guard, {.mode = Mode::kRefresh, .answered = 6});
  EXPECT_EQ(events_.Newest(1).at(0).avoided, 7U);
  EXPECT_TRUE(events_.Newest(1).at(0).refresh);
  Ends(guard, {.mode = Mode::kRefresh});
  EXPECT_EQ(events_.totals().avoided, 7U) << "nobody came, nobody was spared";
}

TEST_F(GuardTest, ManyKeysAreForgottenRatherThanKept) {
  Guard guard(PageOf(), history_, events_);
  guard.OnTurnedAway(kKey);
  for (std::uint64_t key = 1; key <= 5000; ++key) guard.OnTurnedAway(key);
  Ends(guard, {.answered = 10});
  EXPECT_EQ(events_.Newest(1).at(0).size, 1U + 10);
  EXPECT_EQ(Scrape(guard)["herdgate_recomputes_total{page}"], 5002) << "but all are counted";
}

}  // namespace
}  // namespace herdgate::stampede

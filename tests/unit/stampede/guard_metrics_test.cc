#include <gtest/gtest.h>

#include "sidecar/stampede/guard.h"
#include "tests/unit/stampede/guard_fixture.h"

namespace herdgate::stampede {
namespace {

class GuardMetricsTest : public GuardFixture {};

TEST_F(GuardMetricsTest, RowsAreThereFromTheStart) {
  const auto values = Scrape(Guard(PageOf(), history_, events_));
  for (const char* name :
       {"herdgate_flights_ended_total{cold,filled,page}", "herdgate_flights_ended_total{cold,no_set,page}",
        "herdgate_recomputes_total{page}", "herdgate_recomputes_avoided_total{page}",
        "herdgate_recompute_seconds_avoided_total{page}", "herdgate_waited_seconds_total{page}",
        "herdgate_suspect_stale_sets_total{shortened,page}", "herdgate_misses_without_set_total{page}",
        "herdgate_orphan_sets_total{page}", "herdgate_uncacheable_keys{page}"}) {
    ASSERT_TRUE(values.contains(name)) << name;
    EXPECT_EQ(values.at(name), 0) << name;
  }
  EXPECT_EQ(values.at("herdgate_learning_info{page,eligible}"), 1);
}

// So that 30 policies take less than half of a scrape.
TEST_F(GuardMetricsTest, APolicyCostsFewSeries) {
  policy::Policy policy = PageOf();
  EXPECT_LE(SeriesOf(Guard(policy, history_, events_)), 14U);
  policy.refresh.mode = policy::RefreshMode::kSynthetic;
  EXPECT_LE(SeriesOf(Guard(policy, history_, events_)), 26U);
}

TEST_F(GuardMetricsTest, RowsOfARefreshComeWithIt) {
  policy::Policy policy = PageOf();
  policy.refresh.mode = policy::RefreshMode::kSynthetic;
  Guard guard(policy, history_, events_);
  EXPECT_TRUE(Scrape(guard).contains("herdgate_flights_ended_total{refresh,filled,page}"));
  EXPECT_EQ(guard.refresh().Choose(kKey, {.session = 1}, now_), Choice::kChosen);
  EXPECT_EQ(Scrape(guard)["herdgate_refreshes_total{chosen,page}"], 1);
  policy.refresh.mode = policy::RefreshMode::kOff;
  guard.Adopt(policy);
  EXPECT_EQ(Scrape(guard)["herdgate_refreshes_total{chosen,page}"], 1) << "what was counted stays";
  EXPECT_FALSE(Scrape(guard).contains("herdgate_refreshes_total{budget,page}"));
}

TEST_F(GuardMetricsTest, FlightsAreCountedByModeAndOutcome) {
  Guard guard(PageOf(), history_, events_);
  Ends(guard, {.outcome = Outcome::kLeaderGone});
  Ends(guard, {.outcome = Outcome::kTainted, .mode = Mode::kRefresh});
  auto values = Scrape(guard);
  EXPECT_EQ(values["herdgate_flights_ended_total{cold,leader_gone,page}"], 1);
  EXPECT_EQ(values["herdgate_flights_ended_total{refresh,tainted,page}"], 1);
}

TEST_F(GuardMetricsTest, SuspectSetsAreCountedByWhatWasDone) {
  policy::Policy policy = PageOf();
  policy.stampede.stale_set = policy::StaleSet::kDrop;
  Guard guard(policy, history_, events_);
  EXPECT_FALSE(Scrape(guard).contains("herdgate_suspect_stale_sets_total{shortened,page}"));
  guard.OnSuspectSet(SuspectSet::kShortened);
  guard.OnSuspectSet(SuspectSet::kDropped);
  auto values = Scrape(guard);
  EXPECT_EQ(values["herdgate_suspect_stale_sets_total{shortened,page}"], 1);
  EXPECT_EQ(values["herdgate_suspect_stale_sets_total{dropped,page}"], 1);
}

TEST_F(GuardMetricsTest, WhatWasLearnedIsShown) {
  policy::Policy policy = PageOf();
  policy.stampede.coalesce = policy::Coalesce::kAuto;
  Guard guard(policy, history_, events_);
  guard.learning().OnSet(kKey, {.session = 1}, now_);
  guard.learning().OnEvidence(Evidence::kCounter);
  auto values = Scrape(guard);
  EXPECT_EQ(values["herdgate_orphan_sets_total{page}"], 1);
  EXPECT_EQ(values["herdgate_learning_info{page,demoted}"], 1);
  EXPECT_EQ(values["herdgate_learning_evidence_total{counter,page}"], 1);
  EXPECT_FALSE(values.contains("herdgate_learning_evidence_total{edit,page}"));
}

TEST_F(GuardMetricsTest, HistogramsAreOfAllPolicies) {
  Guard guard(PageOf(), history_, events_);
  Recompute(guard, milliseconds(200));
  guard.OnFill({.kind = OpenMisses::Fill::Kind::kOrphan});
  guard.OnRefreshed(milliseconds(1500));
  guard.OnStale(kKey, milliseconds(30));
  Ends(guard, {.answered = 7});
  auto values = Scrape(events_.histograms());
  EXPECT_EQ(values["herdgate_recompute_seconds{}"], 1);
  EXPECT_EQ(values["herdgate_refresh_gap_seconds{}"], 1);
  EXPECT_EQ(values["herdgate_stale_age_seconds{}"], 1);
  EXPECT_EQ(values["herdgate_flight_size{}"], 1);
  EXPECT_EQ(values["herdgate_flight_duration_seconds{}"], 1);
}

}  // namespace
}  // namespace herdgate::stampede

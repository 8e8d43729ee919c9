#include "sidecar/stampede/stampede_events.h"

#include <gtest/gtest.h>

#include <set>

namespace herdgate::stampede {
namespace {

using std::chrono::milliseconds;

FlightSummary ColdFlight() {
  return {.policy = "page",
          .key = "page:home",
          .hash = 0x1234'5678'9abc'def0U,
          .cause = MissCause::kExpiry,
          .duration = milliseconds(210),
          .waited = 190,
          .stale = 4,
          .nil = 5,
          .pods = 3,
          .rate = 1000,
          .delta = milliseconds(200)};
}

TEST(StampedeEventsTest, TellsWhatHappened) {
  StampedeEvents events;
  EXPECT_EQ(events.Add(ColdFlight()), 1U);
  const auto newest = events.Newest(10);
  ASSERT_EQ(newest.size(), 1U);
  EXPECT_EQ(newest[0].number, 1U);
  EXPECT_EQ(newest[0].policy, "page");
  EXPECT_EQ(newest[0].key, "page:home");
  EXPECT_EQ(newest[0].cause, MissCause::kExpiry);
  EXPECT_EQ(newest[0].size, 200U);
  EXPECT_EQ(newest[0].pods, 3U);
  EXPECT_DOUBLE_EQ(newest[0].unprotected_size, 200);
}

TEST(StampedeEventsTest, OnlyWhoGotAValueWasSpared) {
  StampedeEvents events;
  events.Add(ColdFlight());
  EXPECT_EQ(events.Newest(1)[0].avoided, 194U) << "not the leader, not the five that were answered nil";
  const StampedeEvents::Totals totals = events.totals();
  EXPECT_EQ(totals.flights, 1U);
  EXPECT_EQ(totals.recomputes, 6U);
  EXPECT_EQ(totals.avoided, 194U);
  EXPECT_EQ(totals.time_avoided, 194 * milliseconds(200));
}

// Every caller of a flight recomputed or was spared it.
TEST(StampedeEventsTest, RecomputesAndThoseAvoidedAreAllCallers) {
  StampedeEvents events;
  std::uint64_t callers = 0;
  for (std::uint32_t i = 0; i < 50; ++i) {
    FlightSummary flight = ColdFlight();
    flight.waited = i * 7 % 13;
    flight.stale = i % 3;
    flight.nil = i % 5;
    callers += flight.size();
    events.Add(flight);
  }
  EXPECT_EQ(events.totals().recomputes + events.totals().avoided, callers);
}

TEST(StampedeEventsTest, ARefreshSparedOnlyTheReadsAfterTheLife) {
  StampedeEvents events;
  FlightSummary flight = ColdFlight();
  flight.refresh = true;
  flight.waited = flight.stale = flight.nil = 0;
  events.Add(flight);
  EXPECT_EQ(events.totals().avoided, 0U) << "the value lived until its SET";
  flight.after_life = 12;
  events.Add(flight);
  EXPECT_EQ(events.totals().avoided, 12U);
}

TEST(StampedeEventsTest, SmallFlightsAreCountedButAreNoEvents) {
  StampedeEvents events;
  FlightSummary flight = ColdFlight();
  flight.waited = 3;
  flight.stale = flight.nil = 0;
  EXPECT_EQ(events.Add(flight), 0U);
  EXPECT_TRUE(events.Newest(10).empty());
  EXPECT_EQ(events.totals().flights, 1U);
  flight.waited = 4;
  EXPECT_EQ(events.Add(flight), 1U);
}

TEST(StampedeEventsTest, CountsEventsByCause) {
  StampedeEvents events;
  for (std::size_t cause = 0; cause < kMissCauses; ++cause) {
    FlightSummary flight = ColdFlight();
    flight.cause = static_cast<MissCause>(cause);
    for (std::size_t i = 0; i <= cause; ++i) events.Add(flight);
  }
  for (std::size_t cause = 0; cause < kMissCauses; ++cause) EXPECT_EQ(events.totals().events[cause], cause + 1);
}

TEST(StampedeEventsTest, KeepsTheNewest) {
  StampedeEvents events;
  for (int i = 0; i < 1000; ++i) events.Add(ColdFlight());
  const auto newest = events.Newest(10'000);
  ASSERT_EQ(newest.size(), StampedeEvents::kKept);
  for (std::size_t i = 0; i < newest.size(); ++i) EXPECT_EQ(newest[i].number, 1000 - i);
  EXPECT_EQ(events.Newest(3).size(), 3U);
  EXPECT_TRUE(events.Newest(0).empty());
}

TEST(StampedeEventsTest, LongKeysAreCut) {
  StampedeEvents events;
  FlightSummary flight = ColdFlight();
  const std::string key(100'000, 'k');
  flight.key = key;
  events.Add(flight);
  EXPECT_EQ(events.Newest(1)[0].key.size(), StampedeEvents::kMaxKeyBytes);
  EXPECT_TRUE(events.Newest(1)[0].key_cut);
  EXPECT_EQ(RedactedKey(events.Newest(1)[0]), ">256 bytes #12345678");
}

TEST(StampedeEventsTest, ARedactedKeyShowsNothingOfIt) {
  StampedeEvents events;
  events.Add(ColdFlight());
  EXPECT_EQ(RedactedKey(events.Newest(1)[0]), "9 bytes #12345678");
}

TEST(StampedeEventsTest, EveryCauseHasItsOwnName) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kMissCauses; ++i) names.insert(NameOf(static_cast<MissCause>(i)));
  EXPECT_EQ(names.size(), kMissCauses);
}

}  // namespace
}  // namespace herdgate::stampede

// For ThreadSanitizer: loops, a reload, the timer and a scrape at once; and that nothing is lost among them.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "sidecar/base/random.h"
#include "sidecar/stampede/guards.h"

namespace herdgate::stampede {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kLoops = 3;
constexpr int kRounds = 3000;

policy::Policy PageOf(int version) {
  policy::Policy policy;
  policy.name = "page";
  policy.match = {"page:*"};
  policy.stampede.coalesce = version % 2 == 0 ? policy::Coalesce::kOn : policy::Coalesce::kAuto;
  policy.stampede.max_wait = milliseconds(100 + version);
  policy.refresh = {.mode = version % 3 == 0 ? policy::RefreshMode::kOff : policy::RefreshMode::kSynthetic,
                    .beta = 1.0 + version % 3};
  return policy;
}

// Eight callers: one leads, five wait, one is turned away, one gets an old value.
void Stampede(Guard& guard, std::uint64_t key, base::SteadyTime now) {
  const FlightEnd end{.key = std::make_shared<const std::string>("page:1"), .answered = 5};
  guard.Terms();
  guard.OnWake(key, {.answer = Answer::kLead});
  guard.OnTurnedAway(key);
  guard.OnStale(key, milliseconds(5));
  guard.learning().OnNil(key, 1, now);
  guard.OnFill(guard.learning().OnSet(key, {.session = 1, .lifetime = seconds(60)}, now + milliseconds(3)));
  for (int i = 0; i < 5; ++i) guard.OnWake(key, {.answer = Answer::kValue, .waited = milliseconds(3)});
  guard.OnFlightEnd(key, end, MissCause::kExpiry, 10, now, base::WallTime());
  guard.OnSuspectSet(SuspectSet::kShortened);
  guard.OnRefreshed(milliseconds(100));
}

double ValueOf(Guards& guards, std::string_view name) {
  metrics::Registry registry;
  const auto registration = registry.Register([&](metrics::SampleSink& sink) { guards.Collect(sink); });
  double value = 0;
  for (const metrics::FamilySamples& family : registry.Collect()) {
    if (family.family.name != name) continue;
    for (const metrics::Series& series : family.series) {
      const bool histogram = family.family.kind == metrics::MetricKind::kHistogram;
      value += histogram ? static_cast<double>(series.histogram.Count()) : series.value;
    }
  }
  return value;
}

TEST(GuardThreadsTest, NothingIsLostBetweenLoopsReloadsAndScrapes) {
  Guards guards;
  const policy::PolicySet first({PageOf(0)});
  guards.Set(&first);
  std::atomic<int> running{kLoops};
  std::vector<std::thread> threads;
  for (int loop = 0; loop < kLoops; ++loop) {
    threads.emplace_back([&, loop] {
      base::Random random(static_cast<std::uint64_t>(loop) + 1);
      for (int i = 0; i < kRounds; ++i) {
        const auto list = guards.list();
        Guard& guard = *(*list)[0];
        guard.refresh().Due({.left = seconds(1), .lifetime = seconds(9), .delta = milliseconds(9), .rate = 9}, random);
        Stampede(guard, 1 + random.Below(50), base::SteadyTime(seconds(100) + milliseconds(i)));
      }
      --running;
    });
  }
  for (int i = 1; running.load() > 0; ++i) {
    const policy::PolicySet set({PageOf(i)});
    guards.Set(&set);
    guards.EverySecond(base::SteadyTime(seconds(100 + i)));
    ValueOf(guards, "herdgate_recomputes_total");
  }
  for (std::thread& thread : threads) thread.join();
  constexpr double kFlights = kLoops * kRounds;
  EXPECT_EQ(ValueOf(guards, "herdgate_recomputes_total"), 2 * kFlights);
  EXPECT_EQ(ValueOf(guards, "herdgate_recomputes_avoided_total"), 6 * kFlights);
  EXPECT_EQ(ValueOf(guards, "herdgate_waiter_wait_seconds"), 5 * kFlights);
  EXPECT_EQ(ValueOf(guards, "herdgate_flight_size"), kFlights);
  EXPECT_EQ(ValueOf(guards, "herdgate_flights_ended_total"), kFlights);
  EXPECT_EQ(ValueOf(guards, "herdgate_suspect_stale_sets_total"), kFlights);
}

}  // namespace
}  // namespace herdgate::stampede

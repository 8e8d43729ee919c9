#include "sidecar/stampede/guards.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace herdgate::stampede {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

policy::Policy Of(std::string name, policy::Coalesce coalesce = policy::Coalesce::kOn) {
  policy::Policy policy;
  policy.match = {name + ":*"};
  policy.name = std::move(name);
  policy.stampede.coalesce = coalesce;
  return policy;
}

TEST(GuardsTest, EachPolicyThatCoalescesHasOne) {
  Guards guards;
  policy::Policy audited = Of("b");
  audited.mode = policy::Mode::kAudit;
  const policy::PolicySet set({Of("a"), audited, Of("c", policy::Coalesce::kOff), Of("d", policy::Coalesce::kAuto)});
  const auto list = guards.Set(&set);
  ASSERT_EQ(list->size(), 4U);
  EXPECT_EQ((*list)[0]->name(), "a");
  EXPECT_EQ((*list)[1], nullptr);
  EXPECT_EQ((*list)[2], nullptr);
  EXPECT_EQ((*list)[3]->name(), "d");
  EXPECT_EQ(guards.list(), list);
}

TEST(GuardsTest, NoPoliciesNoGuards) {
  Guards guards;
  EXPECT_TRUE(guards.list()->empty());
  EXPECT_TRUE(guards.Set(nullptr)->empty());
}

TEST(GuardsTest, AGuardOutlivesAReloadInAnotherPlace) {
  Guards guards;
  const policy::PolicySet before({Of("a"), Of("b")});
  const auto old = *guards.Set(&before);
  policy::Policy changed = Of("b");
  changed.stampede.max_wait = milliseconds(70);
  const policy::PolicySet after({changed, Of("c"), Of("a", policy::Coalesce::kAuto)});
  const auto now = *guards.Set(&after);
  EXPECT_EQ(now[0], old[1]);
  EXPECT_EQ(now[0]->Terms().max_wait, milliseconds(70));
  EXPECT_EQ(now[2], old[0]);
  EXPECT_FALSE(now[2]->learning().eligible());
}

TEST(GuardsTest, OtherPatternsAreOtherKeys) {
  Guards guards;
  const policy::PolicySet before({Of("a")});
  const auto old = *guards.Set(&before);
  policy::Policy changed = Of("a");
  changed.match = {"other:*"};
  const policy::PolicySet after({changed});
  EXPECT_NE((*guards.Set(&after))[0], old[0]);
}

TEST(GuardsTest, TheSameSetAgainChangesNothing) {
  Guards guards;
  const policy::PolicySet set({Of("a"), Of("b", policy::Coalesce::kAuto)});
  const auto first = *guards.Set(&set);
  first[1]->learning().OnEvidence(Evidence::kQueue);
  EXPECT_EQ(*guards.Set(&set), first);
  EXPECT_EQ(first[1]->learning().stats().standing, Learning::Standing::kDemoted);
}

TEST(GuardsTest, WhatEachPolicyLearnedIsToldOnce) {
  Guards guards;
  const policy::PolicySet set({Of("a", policy::Coalesce::kAuto), Of("off", policy::Coalesce::kOff), Of("b")});
  const auto list = guards.Set(&set);
  const base::SteadyTime now(seconds(100));
  EXPECT_TRUE(guards.EverySecond(now).empty());
  (*list)[0]->learning().OnEvidence(Evidence::kQueue);
  const auto changes = guards.EverySecond(now);
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].policy, "a");
  EXPECT_EQ(changes[0].change.to, Learning::Standing::kDemoted);
  EXPECT_TRUE(guards.EverySecond(now).empty());
}

TEST(GuardsTest, AScrapeShowsAllPoliciesAndTheirSum) {
  Guards guards;
  const policy::PolicySet set({Of("a"), Of("off", policy::Coalesce::kOff), Of("b")});
  const auto list = guards.Set(&set);
  const FlightEnd end{.key = std::make_shared<const std::string>("a:1"), .answered = 9};
  (*list)[0]->OnFlightEnd(1, end, MissCause::kEviction, 0, base::SteadyTime(), base::WallTime());
  metrics::Registry registry;
  const auto registration = registry.Register([&](metrics::SampleSink& sink) { guards.Collect(sink); });
  std::set<std::string> policies;
  double stampedes = 0;
  for (const metrics::FamilySamples& family : registry.Collect()) {
    for (const metrics::Series& series : family.series) {
      if (family.family.name == "herdgate_recomputes_total") policies.insert(series.labels.at(0).second);
      if (family.family.name == "herdgate_stampedes_total" && series.labels.at(0).second == "eviction") {
        stampedes += series.value;
      }
    }
  }
  EXPECT_EQ(policies, (std::set<std::string>{"a", "b"}));
  EXPECT_EQ(stampedes, 1);
}

}  // namespace
}  // namespace herdgate::stampede

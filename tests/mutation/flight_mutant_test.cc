// The histories of whole sidecars notice that a rule of flights is gone, in the product itself.
//
// tests/CMakeLists.txt has the linker pass the calls of some functions of flights to those below.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>
#include <string>

#include "sidecar/pipeline/flight_desk.h"
#include "sidecar/stampede/flight_table.h"
#include "tests/integration/flight_histories/world.h"

namespace herdgate::stampede {
namespace {

enum class LeftOut : std::uint8_t {
  kNothing,
  kTaint,     // the pod's own removals taint nothing
  kLateLife,  // what came late is stored in full
  kDrop,      // a removal leaves the leases of other pods alone
  kWaiting,   // who finds nothing leads, whoever else does
};

std::atomic<LeftOut> left_out{LeftOut::kNothing};
std::atomic<std::uint64_t> calls{0};

// All flights of this program are without the rule as long as one of these lives.
class FlightMutant {
 public:
  explicit FlightMutant(LeftOut rule) {
    calls = 0;
    left_out = rule;
  }
  ~FlightMutant() { left_out = LeftOut::kNothing; }
  FlightMutant(const FlightMutant&) = delete;
  FlightMutant& operator=(const FlightMutant&) = delete;

  // Calls to which the rule applied: 0 if the linker does not pass them here.
  static std::uint64_t Calls() { return calls; }
};

bool IsLeftOut(LeftOut rule) {
  if (left_out != rule) return false;
  ++calls;
  return true;
}

}  // namespace

// What the linker makes of the names: __real_ is the product's, __wrap_ is what is called instead.
#define HERDGATE_TABLE "_ZN8herdgate8stampede11FlightTable"
#define HERDGATE_TIME \
  "NSt6chrono10time_pointINS6_3_V212steady_clockENS6_8durationIlSt5ratioILl1ELl1000000000EEEEEERNS0_4TodoE"
#define HERDGATE_SET_TIME \
  "NSt6chrono10time_pointINS9_3_V212steady_clockENS9_8durationIlSt5ratioILl1ELl1000000000EEEEEERNS0_4TodoE"
#define HERDGATE_BEGIN_TIME \
  "NSt6chrono10time_pointINSC_3_V212steady_clockENSC_8durationIlSt5ratioILl1ELl1000000000EEEEEERNS0_4TodoE"

bool RealTaint(FlightTable* table, const cache::HashedKey& key, base::SteadyTime now,
               Todo& todo) asm("__real_" HERDGATE_TABLE "5TaintERKNS_5cache9HashedKeyE" HERDGATE_TIME);
bool OurTaint(FlightTable* table, const cache::HashedKey& key, base::SteadyTime now,
              Todo& todo) asm("__wrap_" HERDGATE_TABLE "5TaintERKNS_5cache9HashedKeyE" HERDGATE_TIME);
bool OurTaint(FlightTable* table, const cache::HashedKey& key, base::SteadyTime now, Todo& todo) {
  return IsLeftOut(LeftOut::kTaint) || RealTaint(table, key, now, todo);
}

SetPlan RealOnSetSent(FlightTable* table, const cache::HashedKey& key, const Caller& caller, base::SteadyTime now,
                      Todo& todo) asm("__real_" HERDGATE_TABLE
                                      "9OnSetSentERKNS_5cache9HashedKeyERKNS0_6CallerE" HERDGATE_SET_TIME);
SetPlan OurOnSetSent(FlightTable* table, const cache::HashedKey& key, const Caller& caller, base::SteadyTime now,
                     Todo& todo) asm("__wrap_" HERDGATE_TABLE
                                     "9OnSetSentERKNS_5cache9HashedKeyERKNS0_6CallerE" HERDGATE_SET_TIME);
SetPlan OurOnSetSent(FlightTable* table, const cache::HashedKey& key, const Caller& caller, base::SteadyTime now,
                     Todo& todo) {
  SetPlan plan = RealOnSetSent(table, key, caller, now, todo);
  if (plan.tainted && IsLeftOut(LeftOut::kLateLife)) plan.tainted = false;
  return plan;
}

Begun RealBegin(FlightTable* table, const cache::HashedKey& key, const Caller& caller, const FlightTerms& terms,
                base::SteadyTime now, Todo& todo) asm("__real_" HERDGATE_TABLE
                                                      "5BeginERKNS_5cache9HashedKeyERKNS0_6CallerERKNS0_"
                                                      "11FlightTermsE" HERDGATE_BEGIN_TIME);
Begun OurBegin(FlightTable* table, const cache::HashedKey& key, const Caller& caller, const FlightTerms& terms,
               base::SteadyTime now, Todo& todo) asm("__wrap_" HERDGATE_TABLE
                                                     "5BeginERKNS_5cache9HashedKeyERKNS0_6CallerERKNS0_"
                                                     "11FlightTermsE" HERDGATE_BEGIN_TIME);
Begun OurBegin(FlightTable* table, const cache::HashedKey& key, const Caller& caller, const FlightTerms& terms,
               base::SteadyTime now, Todo& todo) {
  FlightTerms impatient = terms;
  if (IsLeftOut(LeftOut::kWaiting)) impatient.may_wait = false;
  return RealBegin(table, key, caller, impatient, now, todo);
}

#define HERDGATE_DROP "_ZN8herdgate8pipeline10FlightDesk9DropLeaseENSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE"
void RealDropLease(pipeline::FlightDesk* desk, std::string key) asm("__real_" HERDGATE_DROP);
void OurDropLease(pipeline::FlightDesk* desk, std::string key) asm("__wrap_" HERDGATE_DROP);
void OurDropLease(pipeline::FlightDesk* desk, std::string key) {
  if (!IsLeftOut(LeftOut::kDrop)) RealDropLease(desk, std::move(key));
}

namespace {

using integration::flights::Findings;
using integration::flights::StaleSet;
using integration::flights::World;
using integration::flights::WorldChoices;

// Where every late SET is dropped, each that is stored shows.
const WorldChoices kDrops = {.terms = {.stale_set = StaleSet::kDrop}};

class FlightHistoriesMutant : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!integration::RedisProcess::Installed()) GTEST_SKIP() << "redis-server is not installed";
  }
  // Whether one of many histories breaks the rule. Mostly the first does; a slow machine makes some that show nothing.
  static bool Breaks(const std::string& rule, WorldChoices choices) {
    choices.terms.lag = 100'000;
    choices.terms.slack = 10'000'000;
    for (int i = 0; i < kHistories; ++i, ++choices.seed) {
      World world(choices);
      const Findings found = world.Run([] { World::Sleep(1500); });
      const auto is_it = [&](const std::string& each) { return each.starts_with(rule + " "); };
      if (std::ranges::any_of(found.violations, is_it)) return true;
    }
    return false;
  }
  static constexpr int kHistories = 20;
};

TEST_F(FlightHistoriesMutant, ShowThatARemovalTaintsNothing) {
  const FlightMutant mutant(LeftOut::kTaint);
  EXPECT_TRUE(Breaks("I9", kDrops));
  EXPECT_GT(FlightMutant::Calls(), 0U);
}

TEST_F(FlightHistoriesMutant, ShowThatLateSetsAreStoredInFull) {
  const FlightMutant mutant(LeftOut::kLateLife);
  EXPECT_TRUE(Breaks("I9", kDrops));
  EXPECT_GT(FlightMutant::Calls(), 0U);
}

TEST_F(FlightHistoriesMutant, ShowThatNobodyWaits) {
  const FlightMutant mutant(LeftOut::kWaiting);
  EXPECT_TRUE(Breaks("I6", {}));
  EXPECT_GT(FlightMutant::Calls(), 0U);
}

TEST_F(FlightHistoriesMutant, ShowThatLeasesOutliveARemoval) {
  const FlightMutant mutant(LeftOut::kDrop);
  EXPECT_TRUE(Breaks("I9", kDrops));
  EXPECT_GT(FlightMutant::Calls(), 0U);
}

}  // namespace
}  // namespace herdgate::stampede

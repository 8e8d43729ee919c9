#include "sidecar/pipeline/generation_plan.h"

#include <gtest/gtest.h>

#include <string>

namespace herdgate::pipeline {
namespace {

using Kind = GenerationWish::Kind;
using Log = GenerationPlan::Log;
using Reading = CounterReading::Kind;

constexpr std::uint64_t kRules = 77;
constexpr base::WallTime kNow{std::chrono::milliseconds(500)};

class GenerationPlanTest : public ::testing::Test {
 protected:
  // What a process knows that has seen these tags bumped, in generation 100.
  void Knows(const std::vector<std::string>& tags) {
    memory = {.last_seen = 100, .watched = true};
    std::uint64_t version = 200;
    for (const std::string& tag : tags) log.Written(100, log.NextLine(100, tag, ++version, kRules));
    reading = {.kind = Reading::kValue, .value = 100, .tags = log.mark()};
  }
  GenerationPlan Plan(Kind kind, bool intact, std::uint64_t rules = kRules) const {
    const auto plan = PlanWrite(
        {.kind = kind, .tag = "new"},
        {.reading = reading, .intact = intact, .covered = covered, .memory = memory, .log = log, .rules = rules}, kNow);
    EXPECT_TRUE(plan.has_value());
    return plan.value_or(GenerationPlan{});
  }

  CounterReading reading{.kind = Reading::kValue, .value = 100};
  CounterMemory memory{.last_seen = 100, .watched = true};
  TagLog log;
  bool covered = false;
};

TEST_F(GenerationPlanTest, TheFirstTagBeginsTheLog) {
  const GenerationPlan plan = Plan(Kind::kTag, false);
  EXPECT_EQ(plan.log, Log::kReplace);
  EXPECT_EQ(plan.line.text, "500 3 new\n");
  EXPECT_TRUE(plan.counter.starts_with("100.500.500.10.77.")) << plan.counter;
}

TEST_F(GenerationPlanTest, TheNextOneIsAppended) {
  Knows({"one"});
  const GenerationPlan plan = Plan(Kind::kTag, true);
  EXPECT_EQ(plan.log, Log::kAppend);
  EXPECT_EQ(plan.line.text, "500 3 new\n");
  EXPECT_TRUE(plan.counter.starts_with("100.500.201.20.77.")) << plan.counter;
}

TEST_F(GenerationPlanTest, AVersionIsAboveAllBeforeWhateverTheClock) {
  Knows({"one"});
  reading.tags.version = 800;
  EXPECT_EQ(Plan(Kind::kTag, true).line.mark.version, 801U);
  reading = {.kind = Reading::kValue, .value = 900};
  log = {};
  EXPECT_EQ(Plan(Kind::kTag, false).line.mark.version, 901U);
}

TEST_F(GenerationPlanTest, WhatIsNotAsItShouldBeMakesATagABump) {
  Knows({"one"});
  const auto renewed = [&](bool intact, std::string_view reason) {
    const GenerationPlan plan = Plan(Kind::kTag, intact);
    EXPECT_EQ(plan.counter, "500") << reason;
    EXPECT_EQ(plan.log, Log::kRemove) << reason;
    EXPECT_EQ(plan.renewed_for, reason);
  };
  renewed(false, "log");
  reading.tags.rules = 78;
  renewed(true, "rules");
  reading.tags = {};
  renewed(false, "log");
  reading = {.kind = Reading::kMissing};
  renewed(false, "counter");
  reading = {.kind = Reading::kValue, .value = 99};
  renewed(false, "counter");
}

TEST_F(GenerationPlanTest, TooManyTagsMakeTheNextABumpButNotOneThatIsThere) {
  memory = {.last_seen = 100, .watched = true};
  std::uint64_t version = 200;
  for (std::size_t i = 1; i < TagLog::kMostTags; ++i)
    log.Written(100, log.NextLine(100, std::to_string(i), ++version, kRules));
  reading = {.kind = Reading::kValue, .value = 100, .tags = log.mark()};
  EXPECT_NE(Plan(Kind::kTag, true).log, Log::kRemove);
  log.Written(100, log.NextLine(100, "last", ++version, kRules));
  reading.tags = log.mark();
  EXPECT_EQ(Plan(Kind::kTag, true).log, Log::kRemove);
  EXPECT_EQ(Plan(Kind::kTag, true).renewed_for, "tags");
  log.Written(100, log.NextLine(100, "new", ++version, kRules));
  reading.tags = log.mark();
  EXPECT_NE(Plan(Kind::kTag, true).log, Log::kRemove);
}

TEST_F(GenerationPlanTest, ABumpRemovesTheLog) {
  EXPECT_EQ(Plan(Kind::kBump, false).log, Log::kKeep);
  Knows({"one"});
  EXPECT_EQ(Plan(Kind::kBump, true).log, Log::kRemove);
  EXPECT_EQ(Plan(Kind::kBump, true).counter, "500");
}

TEST_F(GenerationPlanTest, WhatIsAsItShouldBeIsNotWritten) {
  EXPECT_FALSE(Plan(Kind::kRaise, false).writes);
  Knows({"one"});
  EXPECT_FALSE(Plan(Kind::kRaise, true).writes);
  EXPECT_EQ(Plan(Kind::kRaise, true).generation, 100U);
}

TEST_F(GenerationPlanTest, WhoKnowsALostLogWritesItAgain) {
  Knows({"one", "two"});
  const GenerationPlan plan = Plan(Kind::kRaise, false);
  EXPECT_EQ(plan.generation, 100U);
  EXPECT_EQ(plan.log, Log::kReplace);
  EXPECT_EQ(plan.line.text, "201 3 one\n202 3 two\n");
  EXPECT_TRUE(plan.counter.starts_with("100.202.202.20.77.")) << plan.counter;
}

TEST_F(GenerationPlanTest, WhoDoesNotKnowALostLogBeginsAGeneration) {
  Knows({"one"});
  log = {};
  EXPECT_EQ(Plan(Kind::kRaise, false).counter, "500");
  memory = {};
  EXPECT_EQ(Plan(Kind::kRaise, false).counter, "500");
  Knows({"one"});
  reading.tags.version = 300;
  EXPECT_EQ(Plan(Kind::kRaise, false).counter, "500") << "more than the process knows";
}

TEST_F(GenerationPlanTest, ACounterThatLostItsMarkIsRaisedToIt) {
  Knows({"one", "two"});
  for (const CounterReading& lost :
       {CounterReading{.kind = Reading::kValue, .value = 100}, CounterReading{.kind = Reading::kValue, .value = 99},
        CounterReading{.kind = Reading::kMissing}, CounterReading{.kind = Reading::kUnreadable}}) {
    reading = lost;
    EXPECT_TRUE(Plan(Kind::kRaise, false).counter.starts_with("100.202.202.20.77."))
        << Plan(Kind::kRaise, false).counter;
    EXPECT_EQ(Plan(Kind::kRaise, false).log, Log::kReplace);
  }
}

TEST_F(GenerationPlanTest, OtherRulesThanTheLogsBeginAGeneration) {
  Knows({"one"});
  EXPECT_EQ(Plan(Kind::kRaise, true, 78).counter, "500");
  EXPECT_EQ(Plan(Kind::kRaise, false, 0).counter, "500");
  reading = {.kind = Reading::kMissing};
  EXPECT_EQ(Plan(Kind::kRaise, false, 0).counter, "500") << "not the one that was seen";
  EXPECT_EQ(Plan(Kind::kRaise, false, 0).log, Log::kRemove);
  log = {};
  reading = {.kind = Reading::kValue, .value = 100, .tags = {.version = 201, .base = 201, .bytes = 10, .rules = 5}};
  EXPECT_EQ(Plan(Kind::kRaise, false).counter, "500") << "somebody else's";
}

// Two logs that parted in a failover; this one is behind the process' own.
TEST_F(GenerationPlanTest, AnOlderLogIsRaisedOnlyIfAllOfItIsKnown) {
  Knows({"one", "two"});
  reading.tags.version = 201;
  EXPECT_EQ(Plan(Kind::kRaise, false).counter, "500");
  covered = true;
  EXPECT_TRUE(Plan(Kind::kRaise, false).counter.starts_with("100.202.202.20.77."));
}

TEST_F(GenerationPlanTest, AnotherLogOfTheSameVersionIsNotWrittenOver) {
  Knows({"one", "two"});
  reading.tags.digest += 1;
  EXPECT_EQ(Plan(Kind::kRaise, false).counter, "500");
}

TEST_F(GenerationPlanTest, TagsOfAnOlderGenerationAreNotForgotten) {
  Knows({"one"});
  reading.value = 99;
  EXPECT_EQ(Plan(Kind::kRaise, false).counter, "500");
}

TEST_F(GenerationPlanTest, CounterTextIsReadBack) {
  Knows({"one", "two"});
  resp::Reply reply;
  const std::string text = CounterText(100, log.mark());
  const std::string raw = "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
  EXPECT_EQ(ReadCounter(resp::ParseReply(raw).value().reply), reading);
  EXPECT_EQ(CounterText(100, {}), "100");
}

TEST_F(GenerationPlanTest, AMarkThatCantBeIsUnreadable) {
  for (const std::string text :
       {"100.201", "100.201.201.20", "100.201.201.20.77", "100.201.201.20.77.1.1", "100.201.201.20.", "100.",
        "100.99.99.20.77.1", "100.201.202.20.77.1", "100.201.201.0.77.1", "100.201.201.20.0.1",
        "100.201.201.99999999999.77.1", "100.201.201.20.-7.1", "100,201.201.20.77.1"}) {
    const std::string raw = "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
    EXPECT_EQ(ReadCounter(resp::ParseReply(raw).value().reply).kind, Reading::kUnreadable) << text;
  }
}

}  // namespace
}  // namespace herdgate::pipeline

#include "sidecar/pipeline/generation_rules.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "sidecar/base/random.h"

namespace herdgate::pipeline {
namespace {

using Kind = GenerationStep::Kind;
using Reading = CounterReading::Kind;

base::WallTime At(std::int64_t ms) {
  return base::WallTime(std::chrono::milliseconds(ms));
}
CounterReading Value(std::uint64_t value) {
  return {Reading::kValue, value};
}
constexpr CounterReading kMissing{Reading::kMissing, 0};
constexpr CounterReading kUnreadable{Reading::kUnreadable, 0};
constexpr CounterReading kError{Reading::kError, 0};

CounterReading Read(std::string_view raw) {
  return ReadCounter(resp::ParseReply(raw).value().reply);
}

TEST(GenerationRulesTest, CounterOfAPolicyIsAnOwnKey) {
  EXPECT_EQ(GenerationKey("user"), "__herdgate:generation:user");
}

TEST(GenerationRulesTest, OnlyAPositiveDecimalNumberIsAValue) {
  struct Case {
    std::string_view raw;
    Reading kind;
    std::uint64_t value;
  };
  for (const Case& c : {
           Case{"$13\r\n1763680000123\r\n", Reading::kValue, 1763680000123},
           Case{"$1\r\n1\r\n", Reading::kValue, 1},
           Case{"$18\r\n999999999999999999\r\n", Reading::kValue, kMaxGeneration},
           Case{"$19\r\n1000000000000000000\r\n", Reading::kUnreadable, 0},
           Case{"$30\r\n999999999999999999999999999999\r\n", Reading::kUnreadable, 0},
           Case{"$1\r\n0\r\n", Reading::kUnreadable, 0},
           Case{"$2\r\n-5\r\n", Reading::kUnreadable, 0},
           Case{"$0\r\n\r\n", Reading::kUnreadable, 0},
           Case{"$4\r\n12x4\r\n", Reading::kUnreadable, 0},
           Case{"$3\r\n 12\r\n", Reading::kUnreadable, 0},
           Case{"-WRONGTYPE Operation against a key\r\n", Reading::kUnreadable, 0},
           Case{"$-1\r\n", Reading::kMissing, 0},
           Case{"_\r\n", Reading::kMissing, 0},
           Case{"-LOADING Redis is loading\r\n", Reading::kError, 0},
           Case{"-NOPERM no\r\n", Reading::kError, 0},
           Case{"*0\r\n", Reading::kError, 0},
       }) {
    EXPECT_EQ(Read(c.raw).kind, c.kind) << c.raw;
    EXPECT_EQ(Read(c.raw).value, c.value) << c.raw;
  }
}

TEST(GenerationRulesTest, WhatIsReadIsJudgedByWhatWasSeen) {
  struct Case {
    const char* what;
    CounterReading reading;
    CounterMemory memory;
    std::int64_t now;
    GenerationStep step;
  };
  for (const Case& c : {
           Case{"a first value is taken", Value(7), {0, false}, 100, {Kind::kTake, 7}},
           Case{"the same value is taken", Value(100), {100, true}, 500, {Kind::kTake, 100}},
           Case{"a higher value is taken", Value(101), {100, true}, 500, {Kind::kTake, 101}},
           Case{"a value ahead of the clock is taken", Value(900), {100, true}, 500, {Kind::kTake, 900}},
           Case{"a lower value is raised", Value(99), {100, true}, 500, {Kind::kRaise, 100}},
           Case{"a lower value is raised over a gap too", Value(99), {100, false}, 500, {Kind::kRaise, 100}},
           Case{"never seen: the clock", kMissing, {0, false}, 500, {Kind::kCreate, 500}},
           Case{"a lost counter that was watched is restored", kMissing, {100, true}, 500, {Kind::kCreate, 100}},
           Case{"after a gap: the clock", kMissing, {100, false}, 500, {Kind::kCreate, 500}},
           Case{"after a gap, clock behind: above", kMissing, {800, false}, 500, {Kind::kCreate, 801}},
           Case{"after a gap, clock equal: above", kMissing, {500, false}, 500, {Kind::kCreate, 501}},
           Case{"a clock before 1970 still gives a value", kMissing, {0, false}, -5, {Kind::kCreate, 1}},
           Case{"rubbish at a watched counter is replaced", kUnreadable, {100, true}, 500, {Kind::kRaise, 100}},
           Case{"rubbish after a gap is replaced by more", kUnreadable, {100, false}, 500, {Kind::kRaise, 500}},
           Case{"rubbish that was always there", kUnreadable, {0, false}, 500, {Kind::kRaise, 500}},
           Case{"an error says nothing", kError, {100, true}, 500, {Kind::kKeep, 0}},
           Case{"an error says nothing at the start", kError, {0, false}, 500, {Kind::kKeep, 0}},
           Case{"the end of numbers is no overflow",
                kMissing,
                {kMaxGeneration, false},
                5,
                {Kind::kCreate, kMaxGeneration}},
       }) {
    EXPECT_EQ(JudgeCounter(c.reading, c.memory, At(c.now)), c.step) << c.what;
  }
}

TEST(GenerationRulesTest, BumpIsAboveTheClockTheCounterAndWhatWasSeen) {
  EXPECT_EQ(NextGeneration(Value(100), {100, true}, At(500)), 500U);
  EXPECT_EQ(NextGeneration(Value(500), {500, true}, At(500)), 501U);
  EXPECT_EQ(NextGeneration(Value(900), {100, true}, At(500)), 901U);
  EXPECT_EQ(NextGeneration(Value(100), {900, true}, At(500)), 901U);
  EXPECT_EQ(NextGeneration(kMissing, {0, false}, At(500)), 500U);
  EXPECT_EQ(NextGeneration(kMissing, {900, true}, At(500)), 901U);
  EXPECT_EQ(NextGeneration(kUnreadable, {900, true}, At(500)), 901U);
  EXPECT_EQ(NextGeneration(kError, {900, true}, At(500)), std::nullopt);
  EXPECT_EQ(NextGeneration(Value(kMaxGeneration), {1, true}, At(500)), std::nullopt);
}

// A model of several processes on one counter that is bumped, lost and set back at random, over connections that break.
// Nobody steps in between another's read and its conditional write: that is what the conditions are for.
struct Process {
  CounterMemory memory;
  std::int64_t skew = 0;  // of its clock
};

struct World {
  base::Random random;
  CounterReading counter = kMissing;
  std::uint64_t acknowledged = 0;  // the highest bump that has returned
  std::int64_t now = 100000;
  std::array<Process, 3> processes{};

  void Read(Process& process) {
    const GenerationStep step = JudgeCounter(counter, process.memory, At(now + process.skew));
    ASSERT_GE(step.value, process.memory.last_seen) << "a value went back";
    counter = Value(step.value);
    process.memory = {step.value, true};
  }
  void Bump(Process& process) {
    const auto next = NextGeneration(counter, process.memory, At(now + process.skew));
    ASSERT_TRUE(next.has_value());
    ASSERT_GT(*next, process.memory.last_seen);
    counter = Value(*next);
    process.memory = {*next, true};
    acknowledged = std::max(acknowledged, *next);
  }
  void Disturb(Process& process) {
    switch (random.Below(6)) {
      case 0:
        return Bump(process);
      case 1:
        counter = kMissing;
        return;
      case 2:
        counter = kUnreadable;
        return;
      case 3:
        // By hand. If everybody who knows better is away, that is believed until one of them is back.
        if (KnownToAWatcher()) counter = Value(1 + random.Below(counter.value + 1));
        return;
      case 4:
        process.memory.watched = false;  // its connection is gone: it sees nothing until it reads again
        return;
      default:
        return;
    }
  }
  bool KnownToAWatcher() const {
    return std::any_of(processes.begin(), processes.end(), [&](const Process& process) {
      return process.memory.watched && process.memory.last_seen >= acknowledged;
    });
  }
  // Pushes make readers read; what they write is pushed again.
  void Settle() {
    for (Process& process : processes) {
      if (!process.memory.watched && random.Below(3) == 0) Read(process);
    }
    for (int round = 0; round < 2; ++round) {
      for (Process& process : processes) {
        if (process.memory.watched) Read(process);
      }
    }
  }
};

TEST(GenerationRulesTest, NoHistoryOfLossesEverBringsAnOlderGenerationBack) {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    World world{.random = base::Random(seed)};
    for (int step = 0; step < 300; ++step) {
      world.now += 1 + static_cast<std::int64_t>(world.random.Below(50));
      world.Disturb(world.processes[world.random.Below(world.processes.size())]);
      world.Settle();
      for (const Process& process : world.processes) {
        if (!process.memory.watched) continue;
        ASSERT_GE(process.memory.last_seen, world.acknowledged) << "seed " << seed << ", step " << step;
        ASSERT_EQ(process.memory.last_seen, world.counter.value) << "seed " << seed << ", step " << step;
      }
    }
  }
}

TEST(GenerationRulesTest, NoProcessGoesBackWhateverTheClocksSay) {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    World world{.random = base::Random(seed)};
    for (int step = 0; step < 300 && !HasFatalFailure(); ++step) {
      Process& process = world.processes[world.random.Below(world.processes.size())];
      process.skew = static_cast<std::int64_t>(world.random.Below(200000)) - 100000;
      world.Disturb(process);
      world.Settle();
    }
  }
}

}  // namespace
}  // namespace herdgate::pipeline

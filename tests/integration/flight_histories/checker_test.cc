// The checker finds what it should and nothing else.
#include "tests/integration/flight_histories/checker.h"

#include <gmock/gmock.h>

namespace herdgate::integration::flights {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr Micros kMs = 1000;

class FlightChecker : public ::testing::Test {
 protected:
  // Times in milliseconds; each event takes one, each line of the log stands in the middle of its event.
  Event& Add(Act act, int pod, int connection, const std::string& key, Micros at) {
    Event event{.act = act, .pod = pod, .connection = connection, .key = key};
    event.invoked = kStart + at * kMs;
    event.returned = event.invoked + kMs;
    event.result = Result::kOk;
    history_.events.push_back(event);
    return history_.events.back();
  }
  void Log(Micros at, Words words) { history_.log.push_back({kStart + at * kMs + kMs / 2, std::move(words)}); }

  Event& Shown(int pod, const std::string& key, const std::string& value, Micros at) {
    Event& event = Add(Act::kGet, pod, 100 + pod, key, at);
    event.value = value;
    return event;
  }
  Event& Nil(int pod, int connection, const std::string& key, Micros at) {
    Event& event = Add(Act::kGet, pod, connection, key, at);
    event.result = Result::kNil;
    return event;
  }
  Event& Set(int pod, int connection, const std::string& key, const std::string& value, Micros at, int px = 60000) {
    Log(at, {"SET", key, value, "PX", std::to_string(px)});
    Event& event = Add(Act::kSet, pod, connection, key, at);
    event.value = value;
    event.px = px;
    event.plain = true;
    return event;
  }
  // The same after a nil that came at `miss`.
  Event& Fill(int pod, int connection, const std::string& key, const std::string& value, Micros miss, Micros at) {
    Nil(pod, connection, key, miss);
    Event& event = Set(pod, connection, key, value, at);
    event.follows_miss = event.follows_at_once = event.miss_was_early = true;
    event.first_miss = event.miss_invoked = kStart + miss * kMs;
    event.miss_returned = event.miss_invoked + kMs;
    return event;
  }
  void Remove(int pod, const std::string& key, Micros at) {
    Log(at, {"DEL", key});
    Add(Act::kRemove, pod, 200 + pod, key, at);
  }
  // The first words of what is found.
  std::vector<std::string> Found() const {
    std::vector<std::string> rules;
    for (const std::string& each : Checker::Check(history_).violations) rules.push_back(each.substr(0, each.find(' ')));
    return rules;
  }

  static constexpr Micros kStart = 1'700'000'000'000'000;
  History history_;
};

TEST_F(FlightChecker, AMissItsSetAndReadsAreFine) {
  Fill(0, 1, "tidy:0", "a", 0, 10);
  Shown(0, "tidy:0", "a", 20);
  Shown(1, "tidy:0", "a", 20);
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(FlightChecker, ValuesOfNobodyAndOfOtherKeysAreFound) {
  Set(0, 1, "tidy:0", "a", 10);
  Shown(0, "tidy:0", "b", 20);
  Shown(0, "tidy:1", "a", 20);
  Shown(0, "tidy:0", "a", 5);
  EXPECT_THAT(Found(), ElementsAre("I1", "I1", "I1"));
}

TEST_F(FlightChecker, AValueThatARemovalInThePodHasEndedIsFound) {
  Set(0, 1, "tidy:0", "a", 10);
  Remove(0, "tidy:0", 20);
  Shown(0, "tidy:0", "a", 22);
  EXPECT_THAT(Found(), ElementsAre("I3"));
}

TEST_F(FlightChecker, NewsForAnotherPodTakesItsTimeOnlyWhereThereIsANearCache) {
  Set(0, 1, "tidy:0", "a", 10);
  Remove(0, "tidy:0", 20);
  Shown(1, "tidy:0", "a", 40);
  EXPECT_THAT(Found(), ElementsAre("I2"));
  history_.terms.near = true;
  EXPECT_THAT(Found(), IsEmpty());
  Shown(1, "tidy:0", "a", 500);
  EXPECT_THAT(Found(), ElementsAre("I2"));
}

TEST_F(FlightChecker, AnOldValueMayBeShownForItsWindowOnly) {
  history_.terms.near = true;
  history_.terms.lag = 10 * kMs;
  history_.terms.stale_window = 200 * kMs;
  Set(0, 1, "tidy:0", "a", 0, 100);
  Shown(0, "tidy:0", "a", 290);
  EXPECT_THAT(Found(), IsEmpty());
  Shown(0, "tidy:0", "a", 400);
  EXPECT_THAT(Found(), ElementsAre("I2"));
}

TEST_F(FlightChecker, TwoLeadersAtOneTimeAreFound) {
  Nil(0, 1, "tidy:0", 0);
  Nil(1, 2, "tidy:0", 5);
  EXPECT_THAT(Found(), ElementsAre("I6"));
  history_.terms.undisturbed = false;
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(FlightChecker, LeadersAfterOneAnotherAreFine) {
  Fill(0, 1, "tidy:0", "a", 0, 10);
  Remove(0, "tidy:0", 20);
  Nil(1, 2, "tidy:0", 25);
  Add(Act::kClose, 1, 2, "", 30);
  Nil(0, 1, "tidy:0", 32);
  Remove(1, "tidy:0", 40);
  Nil(0, 3, "tidy:0", 45);
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(FlightChecker, WhoWaitedOrWasPipelinedDoesNotLead) {
  Nil(0, 1, "tidy:0", 0);
  Nil(0, 2, "tidy:0", 5).returned += history_.terms.max_wait;
  Nil(0, 3, "tidy:0", 10).alone = false;
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(FlightChecker, AnAnswerThatTakesTooLongIsFound) {
  Nil(0, 1, "tidy:0", 0).returned += 2500 * kMs;
  EXPECT_THAT(Found(), ElementsAre("I7"));
}

TEST_F(FlightChecker, ALateSetThatLivesOnIsFound) {
  Fill(0, 1, "long:0", "a", 0, 20);
  Remove(0, "long:0", 10);
  std::sort(history_.log.begin(), history_.log.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  EXPECT_THAT(Found(), ElementsAre("I9"));
  Log(21, {"PEXPIRE", "long:0", "2000", "LT"});
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(FlightChecker, ALateSetOfARemovalInAnotherPodIsFoundOnceThatIsKnown) {
  Remove(1, "long:0", 10);
  Fill(0, 1, "long:0", "a", 0, 300);
  EXPECT_THAT(Found(), IsEmpty());
  history_.terms.lag = 100 * kMs;
  EXPECT_THAT(Found(), ElementsAre("I9"));
}

TEST_F(FlightChecker, ALateSetMustNotBeStoredWhereThePolicyDropsIt) {
  history_.terms.stale_set = StaleSet::kDrop;
  Remove(0, "long:0", 10);
  Fill(0, 1, "long:0", "a", 0, 20);
  Log(20, {"PEXPIRE", "long:0", "2000", "LT"});
  EXPECT_THAT(Found(), ElementsAre("I9"));
  history_.log.erase(history_.log.begin() + 1, history_.log.end());
  EXPECT_THAT(Found(), IsEmpty());
}

TEST_F(FlightChecker, ABlindWriteThatIsLostOrShortenedIsFound) {
  Set(0, 1, "blind:0", "a", 10);
  EXPECT_THAT(Found(), IsEmpty());
  Log(11, {"PEXPIRE", "blind:0", "2000", "LT"});
  EXPECT_THAT(Found(), ElementsAre("I10"));
  history_.log.clear();
  EXPECT_THAT(Found(), ElementsAre("I10"));
}

TEST_F(FlightChecker, ASetThatNobodyDisputedMustNotBeShortened) {
  Fill(0, 1, "tidy:0", "a", 500, 510);
  Log(511, {"PEXPIRE", "tidy:0", "2000", "LT"});
  EXPECT_THAT(Found(), ElementsAre("I10"));
}

TEST_F(FlightChecker, ALivingKeyIsMissingOnlyForWhoRefreshesIt) {
  Set(0, 1, "tidy:0", "a", 0);
  Nil(0, 2, "tidy:0", 50);
  EXPECT_THAT(Found(), ElementsAre("I11"));
  history_.terms.refresh = true;
  EXPECT_THAT(Found(), IsEmpty());
  Nil(1, 3, "tidy:0", 60);
  EXPECT_THAT(Found(), ElementsAre("I6"));
}

TEST_F(FlightChecker, AValueThatCouldNotBeStoredIsShownOnlyToThoseWhoWaitForIt) {
  history_.terms.undisturbed = false;
  Set(0, 1, "tidy:0", "a", 10).result = Result::kFailed;
  history_.log.clear();
  Shown(0, "tidy:0", "a", 5).returned += 10 * kMs;
  EXPECT_THAT(Found(), IsEmpty());
  Shown(0, "tidy:0", "a", 20);
  Shown(1, "tidy:0", "a", 10);
  EXPECT_THAT(Found(), ElementsAre("I1", "I1"));
}

TEST_F(FlightChecker, ALeaseWithoutAnExpiryIsFound) {
  Log(0, {"SET", "__herdgate:lease:tidy:0", "token", "NX"});
  EXPECT_THAT(Checker::Check(history_).violations, ElementsAre(StartsWith("lease without")));
}

TEST_F(FlightChecker, WhatIsUnderAnEarlierGenerationIsGone) {
  Log(0, {"SET", std::string(kGeneration), "1"});
  Set(0, 1, "gen:0", "a", 0);
  history_.log.back().words[1] = "v3.1:gen:0";
  Log(10, {"INCR", std::string(kGeneration)});
  Add(Act::kBump, kDirect, 9, "", 10);
  Shown(1, "gen:0", "a", 100);
  EXPECT_THAT(Found(), IsEmpty());
  Shown(1, "gen:0", "a", 600);
  EXPECT_THAT(Found(), ElementsAre("I2"));
}

// Rule 4 of pipeline/generation_rules.h: nobody had heard of the bump, and the values are gone as well.
TEST_F(FlightChecker, ABumpMayBeLostWithAllValues) {
  Log(0, {"SET", std::string(kGeneration), "1"});
  Log(10, {"INCR", std::string(kGeneration)});
  Add(Act::kBump, kDirect, 9, "", 10);
  Log(11, {"FLUSHALL"});
  Add(Act::kFlush, 0, 1, "", 11);
  Log(12, {"SET", std::string(kGeneration), "1", "NX"});
  Set(0, 1, "gen:0", "a", 20);
  history_.log.back().words[1] = "v3.1:gen:0";
  Shown(1, "gen:0", "a", 700);
  EXPECT_THAT(Found(), IsEmpty());
  Log(710, {"SET", std::string(kGeneration), "2"});  // by one that had heard of it
  Shown(1, "gen:0", "a", 800);
  EXPECT_THAT(Found(), IsEmpty());
  Shown(1, "gen:0", "a", 1200);
  EXPECT_THAT(Found(), ElementsAre("I2"));
}

TEST_F(FlightChecker, ALeaseThatIsDroppedLateTakesTheLeadFromWhoHasItByThen) {
  Nil(0, 1, "tidy:0", 0);
  Nil(1, 2, "tidy:0", 20);
  EXPECT_THAT(Found(), ElementsAre("I6"));
  Log(10, {"DEL", "__herdgate:lease:{abc}tidy:0"});
  history_.log.back().of_script = true;  // a release looks first whose it is
  EXPECT_THAT(Found(), ElementsAre("I6"));
  history_.log.back().of_script = false;
  EXPECT_THAT(Found(), IsEmpty());
  history_.log.back().words[1] = "__herdgate:lease:{abc}tidy:1";
  EXPECT_THAT(Found(), ElementsAre("I6"));
}

TEST_F(FlightChecker, AMissIsInDoubtWhereItsPodCannotBeToldOfInvalidations) {
  history_.terms.stale_set = StaleSet::kDrop;
  history_.terms.undisturbed = false;
  Fill(0, 1, "long:0", "a", 0, 20);
  history_.log.clear();
  EXPECT_THAT(Found(), ElementsAre("I10"));
  history_.disturbances.push_back({1, kStart + 10 * kMs, kStart + 15 * kMs});
  EXPECT_THAT(Found(), ElementsAre("I10"));
  history_.disturbances.push_back({0, kStart + 10 * kMs, kStart + 15 * kMs});
  EXPECT_THAT(Found(), IsEmpty());
  history_.terms.stale_set = StaleSet::kShort;
  EXPECT_THAT(Found(), ElementsAre("I10"));
}

}  // namespace
}  // namespace herdgate::integration::flights

// The checker of the coherence histories finds what it must, and nothing where nothing is wrong.
#include "tests/integration/coherence/checker.h"

#include <gtest/gtest.h>

namespace herdgate::integration::coherence {
namespace {

// Builds a history by hand; times are in milliseconds.
class Story {
 public:
  explicit Story(Micros lag = 100) {
    history_.lag = lag * 1000;
    history_.clock_slack = 1000;
    history_.expiry_slack = 5000;
  }
  // Redis executes it.
  Story& Redis(Micros at, Words words, int database = 0) {
    history_.log.push_back({at * 1000, database, std::move(words)});
    return *this;
  }
  // The app of `pod` was told that this line was executed.
  Story& Wrote(int pod, int connection, Micros from, Micros to, const Words& line, std::vector<std::string> keys) {
    history_.events.push_back({.pod = pod,
                               .connection = connection,
                               .invoked = from * 1000,
                               .returned = to * 1000,
                               .effects = {{line, std::move(keys)}}});
    return *this;
  }
  Story& Read(int pod, int connection, Micros at, std::optional<std::string> got, Form form = Form::kGet) {
    history_.events.push_back({.pod = pod,
                               .connection = connection,
                               .invoked = at * 1000,
                               .returned = at * 1000 + 500,
                               .key = "k",
                               .form = form,
                               .got = std::move(got)});
    return *this;
  }
  Story& Disturb(int pod, Micros from, Micros until) {
    history_.disturbances.push_back({pod, from * 1000, until * 1000});
    return *this;
  }
  // The rules that were broken, by their first words.
  std::string Broken() const {
    std::string all;
    for (const std::string& text : Checker::Check(history_).violations) all += text.substr(0, text.find(' ')) + " ";
    return all;
  }
  Findings Found() const { return Checker::Check(history_); }

 private:
  History history_;
};

const Words kOne = {"SET", "k", "one"};
const Words kTwo = {"SET", "k", "two"};

Story TwoWrites() {
  return Story().Redis(1000, kOne).Redis(2000, kTwo);
}

TEST(CoherenceChecker, CurrentValuesAreRight) {
  const Story story = TwoWrites().Read(0, 1, 500, std::nullopt).Read(0, 1, 1500, "one").Read(0, 1, 2500, "two");
  EXPECT_EQ(story.Broken(), "");
  EXPECT_EQ(story.Found().reads, 3U);
  EXPECT_EQ(story.Found().behind, 0U);
}

TEST(CoherenceChecker, ValueNeverWrittenIsFound) {
  EXPECT_EQ(TwoWrites().Read(0, 1, 1500, "three").Broken(), "I1 ");
}

TEST(CoherenceChecker, ValueOfAnotherKeyIsFound) {
  EXPECT_EQ(TwoWrites().Redis(2100, {"SET", "other", "x"}).Read(0, 1, 2200, "x").Broken(), "I1 ");
}

TEST(CoherenceChecker, ValueFromTheFutureIsFound) {
  EXPECT_EQ(TwoWrites().Read(0, 1, 1500, "two").Broken(), "I1 ");
}

TEST(CoherenceChecker, OldValueWithinTheLagIsRightAndIsCounted) {
  const Findings found = TwoWrites().Read(0, 1, 2090, "one").Found();
  EXPECT_TRUE(found.violations.empty());
  EXPECT_EQ(found.behind, 1U);
  EXPECT_EQ(found.most_behind, 90'000);
}

TEST(CoherenceChecker, OldValueBeyondTheLagIsFound) {
  EXPECT_EQ(TwoWrites().Read(0, 1, 2200, "one").Broken(), "I2 ");
}

TEST(CoherenceChecker, OldValueIsRightWhileNewsIsHeldBackAndWrongBehindIt) {
  EXPECT_EQ(TwoWrites().Disturb(0, 1900, 2500).Read(0, 1, 2400, "one").Broken(), "");
  EXPECT_EQ(TwoWrites().Disturb(1, 1900, 2500).Read(0, 1, 2400, "one").Broken(), "I2 ") << "another pod's";
  EXPECT_EQ(TwoWrites().Disturb(0, 2150, 2500).Read(0, 1, 2400, "one").Broken(), "I2 ") << "news was long there";
  EXPECT_EQ(TwoWrites().Disturb(0, 1900, 2500).Read(0, 1, 2700, "one").Broken(), "I2 ") << "kept beyond it";
}

TEST(CoherenceChecker, ReadBehindAnAnsweredWriteOfThePodIsHeldToIt) {
  const Story story = TwoWrites().Wrote(0, 1, 1999, 2001, kTwo, {"k"});
  EXPECT_EQ(Story(story).Read(0, 2, 2002, "one").Broken(), "I3 ") << "another connection of the pod";
  EXPECT_EQ(Story(story).Read(1, 2, 2002, "one").Broken(), "") << "another pod";
  EXPECT_EQ(Story(story).Read(0, 2, 2000, "one").Broken(), "") << "sent before the write was answered";
}

TEST(CoherenceChecker, ReadBehindAnOwnUnansweredWriteIsHeldToIt) {
  EXPECT_EQ(TwoWrites().Wrote(0, 1, 1999, 2050, kTwo, {"k"}).Read(0, 1, 2000, "one").Broken(), "I4 ");
  EXPECT_EQ(TwoWrites().Wrote(0, 1, 1999, 2050, kTwo, {"k"}).Read(0, 2, 2000, "one").Broken(), "");
}

TEST(CoherenceChecker, ReadThatGoesBackIsFoundOnOneConnectionOnly) {
  EXPECT_EQ(TwoWrites().Read(0, 1, 2001, "two").Read(0, 1, 2002, "one").Broken(), "I4 ");
  EXPECT_EQ(TwoWrites().Read(0, 1, 2001, "two").Read(0, 2, 2002, "one").Broken(), "");
}

TEST(CoherenceChecker, ReadsOfEveryFormAreHeldToTheValue) {
  const Story story = Story().Redis(1000, {"SET", "k", "a long one"}).Redis(2000, {"SET", "k", "short"});
  EXPECT_EQ(Story(story).Read(0, 1, 1500, "10", Form::kStrlen).Read(0, 1, 1500, "a long", Form::kStart).Broken(), "");
  EXPECT_EQ(Story(story).Read(0, 1, 500, "0", Form::kExists).Read(0, 1, 1500, "1", Form::kExists).Broken(), "");
  EXPECT_EQ(Story(story).Read(0, 1, 2500, "10", Form::kStrlen).Broken(), "I2 ");
  EXPECT_EQ(Story(story).Read(0, 1, 2500, "0", Form::kExists).Broken(), "I2 ");
  EXPECT_EQ(Story(story).Read(0, 1, 2500, "a long", Form::kStart).Broken(), "I2 ");
  EXPECT_EQ(Story(story).Read(0, 1, 2001, "5", Form::kStrlen).Read(0, 1, 2002, "10", Form::kStrlen).Broken(), "I4 ");
}

TEST(CoherenceChecker, ValueThatRanOutIsFoundEvenWhileNewsIsHeldBack) {
  const Story story = Story().Redis(1000, {"SET", "k", "v", "PX", "100"}).Disturb(0, 900, 2000);
  EXPECT_EQ(Story(story).Read(0, 1, 1099, "v").Read(0, 1, 1101, std::nullopt).Broken(), "");
  EXPECT_EQ(Story(story).Read(0, 1, 1110, "v").Broken(), "I13 ");
  EXPECT_EQ(Story(story).Read(0, 1, 1050, std::nullopt).Broken(), "") << "from before the SET";
  EXPECT_EQ(Story(story).Read(0, 1, 1010, "v").Read(0, 1, 1050, std::nullopt).Broken(), "I4 ");
}

TEST(CoherenceChecker, WriteThatChangedNothingSaysNotThatTheKeyHadRunOut) {
  const Words expire = {"PEXPIRE", "k", "100", "NX"};
  const Story story = Story().Redis(1000, {"SET", "k", "v", "PX", "100"}).Redis(1101, expire);
  EXPECT_EQ(Story(story).Wrote(0, 1, 1100, 1102, expire, {"k"}).Read(0, 2, 1103, "v").Broken(), "");
  EXPECT_EQ(Story(story).Wrote(0, 1, 1100, 1102, expire, {"k"}).Read(0, 2, 1103, "u").Broken(), "I1 ");
}

TEST(CoherenceChecker, ExpiryThatWasAddedLaterIsNewsLikeAnyOther) {
  const Story story = Story().Redis(1000, kOne).Redis(1500, {"PEXPIRE", "k", "100", "NX"});
  EXPECT_EQ(Story(story).Read(0, 1, 1650, "one").Broken(), "");
  EXPECT_EQ(Story(story).Read(0, 1, 1750, "one").Broken(), "I2 ");
  EXPECT_EQ(Story(story).Read(0, 1, 1750, std::nullopt).Broken(), "");
}

TEST(CoherenceChecker, FlushAndSwapAreWritesOfEveryKey) {
  const Story flushed = Story().Redis(1000, kOne).Redis(2000, {"FLUSHALL"});
  EXPECT_EQ(Story(flushed).Read(0, 1, 2200, "one").Broken(), "I2 ");
  EXPECT_EQ(Story(flushed).Wrote(0, 1, 1999, 2001, {"FLUSHALL"}, {}).Read(0, 2, 2002, "one").Broken(), "I3 ");
  const Words swap = {"SWAPDB", "0", "1"};
  const Story swapped = Story().Redis(1000, kOne).Redis(1100, kTwo, 1).Redis(2000, swap);
  EXPECT_EQ(Story(swapped).Read(0, 1, 1900, "one").Read(0, 1, 2001, "two").Broken(), "");
  EXPECT_EQ(Story(swapped).Wrote(0, 1, 1999, 2001, swap, {}).Read(0, 2, 2002, "one").Broken(), "I3 ");
}

TEST(CoherenceChecker, RenameAndAppendMakeNewValues) {
  const Story story = Story()
                          .Redis(1000, {"MSET", "j", "moved", "k", "gone"})
                          .Redis(2000, {"RENAME", "j", "k"})
                          .Redis(3000, {"APPEND", "k", "+"})
                          .Redis(4000, {"DEL", "x", "k"});
  EXPECT_EQ(Story(story).Read(0, 1, 1500, "gone").Read(0, 1, 2500, "moved").Read(0, 1, 3500, "moved+").Broken(), "");
  EXPECT_EQ(Story(story).Read(0, 1, 4500, std::nullopt).Broken(), "");
  EXPECT_EQ(Story(story).Read(0, 1, 2500, "gone").Broken(), "I2 ");
  EXPECT_EQ(Story(story).Read(0, 1, 1500, "moved").Broken(), "I1 ");
}

// A DEL may have been another one's with the same words: of those that fit it counts as the first.
TEST(CoherenceChecker, WriteWithoutAMarkOfItsOwnCountsAsTheEarliestThatItMayBe) {
  const Words del = {"DEL", "k"};
  const Story story = Story().Redis(1000, kOne).Redis(2000, del).Redis(2010, kTwo).Redis(2020, del);
  EXPECT_EQ(Story(story).Wrote(0, 1, 1999, 2030, del, {"k"}).Read(0, 2, 2040, "two").Broken(), "");
  EXPECT_EQ(Story(story).Wrote(0, 1, 1999, 2030, del, {"k"}).Read(0, 2, 2040, "one").Broken(), "I3 ");
  EXPECT_EQ(Story(story).Wrote(0, 1, 2015, 2030, del, {"k"}).Read(0, 2, 2040, "two").Broken(), "I3 ");
}

}  // namespace
}  // namespace herdgate::integration::coherence

#include "tests/bench/herd/key_book.h"

#include <gtest/gtest.h>

namespace herdgate::bench {
namespace {

using Kind = ReadJudgement::Kind;

constexpr double kTtl = 10;

// A write that takes a hundredth of a second.
std::uint64_t Store(KeyBook& book, double sent) {
  const std::uint64_t version = book.BeginWrite(sent, kTtl);
  book.EndWrite(version, sent + 0.01, true);
  return version;
}

TEST(KeyBook, MissesUntilAValueIsStoredAreOneEpoch) {
  KeyBook book;
  EXPECT_TRUE(book.OnMiss(1, 1));
  EXPECT_FALSE(book.OnMiss(1.1, 1.1));
  EXPECT_TRUE(book.open());
  Store(book, 1.2);
  EXPECT_FALSE(book.open());
  ASSERT_EQ(book.epochs().size(), 1U);
  EXPECT_EQ(book.epochs()[0].recomputes, 2U);
  EXPECT_DOUBLE_EQ(book.epochs()[0].opened, 1);
  EXPECT_DOUBLE_EQ(book.epochs()[0].closed, 1.21);
  EXPECT_FALSE(book.epochs()[0].had_value);
}

TEST(KeyBook, AReadSentBeforeTheValueCountsToItsEpochHoweverLateItIsAnswered) {
  KeyBook book;
  book.OnMiss(1, 1);
  Store(book, 1.2);
  EXPECT_FALSE(book.OnMiss(1.2, 1.205));
  EXPECT_EQ(book.epochs().back().recomputes, 2U);
  EXPECT_TRUE(book.OnMiss(1.3, 1.3));
  EXPECT_EQ(book.epochs().size(), 2U);
}

TEST(KeyBook, OnlyTheFirstValueClosesAnEpoch) {
  KeyBook book;
  book.OnMiss(1, 1);
  Store(book, 1.2);
  Store(book, 1.4);
  EXPECT_DOUBLE_EQ(book.epochs()[0].closed, 1.21);
}

TEST(KeyBook, AnEpochKnowsHowEarlyItIs) {
  KeyBook book;
  Store(book, 0);
  book.OnMiss(8.01, 8.01);
  EXPECT_TRUE(book.epochs()[0].had_value);
  EXPECT_NEAR(book.epochs()[0].gap, 2, 1e-9);
}

TEST(KeyBook, ARefusedWriteClosesNoEpochAndIsNotTheValue) {
  KeyBook book;
  book.OnMiss(1, 1);
  const std::uint64_t version = book.BeginWrite(1.2, kTtl);
  book.EndWrite(version, 1.21, false);
  EXPECT_TRUE(book.open());
  EXPECT_EQ(book.Judge(version, book.read_mark(), 2).kind, Kind::kUnknown);
}

TEST(KeyBook, TheLastValueIsCurrent) {
  KeyBook book;
  Store(book, 0);
  const std::uint64_t version = Store(book, 1);
  EXPECT_EQ(book.Judge(version, book.read_mark(), 2).kind, Kind::kCurrent);
}

TEST(KeyBook, AValueReplacedBeforeTheReadIsOlder) {
  KeyBook book;
  const std::uint64_t old = Store(book, 0);
  Store(book, 1);
  Store(book, 2);
  const ReadJudgement judgement = book.Judge(old, book.read_mark(), 3);
  EXPECT_EQ(judgement.kind, Kind::kOlder);
  EXPECT_NEAR(judgement.seconds, 3 - 1.01, 1e-9);
}

TEST(KeyBook, AValueReplacedDuringTheReadIsCurrent) {
  KeyBook book;
  const std::uint64_t old = Store(book, 0);
  const double mark = book.read_mark();
  Store(book, 1);
  EXPECT_EQ(book.Judge(old, mark, 0.99).kind, Kind::kCurrent);
}

TEST(KeyBook, OfWritesThatOverlapEitherMayBeTheLast) {
  KeyBook book;
  const std::uint64_t first = book.BeginWrite(1, kTtl);
  const std::uint64_t second = book.BeginWrite(1.1, kTtl);
  book.EndWrite(second, 1.2, true);
  book.EndWrite(first, 1.3, true);
  EXPECT_EQ(book.Judge(first, book.read_mark(), 2).kind, Kind::kCurrent);
  EXPECT_EQ(book.Judge(second, book.read_mark(), 2).kind, Kind::kCurrent);
}

TEST(KeyBook, AWriteWithoutAReplyMayBeReadAtAnyTime) {
  KeyBook book;
  const std::uint64_t lost = book.BeginWrite(1, kTtl);
  Store(book, 2);
  EXPECT_EQ(book.Judge(lost, book.read_mark(), 100).kind, Kind::kCurrent);
}

TEST(KeyBook, AValuePastItsTimeIsExpired) {
  KeyBook book;
  const std::uint64_t version = Store(book, 0);
  EXPECT_EQ(book.Judge(version, book.read_mark(), 10.011).kind, Kind::kCurrent);
  const ReadJudgement judgement = book.Judge(version, book.read_mark(), 12.01);
  EXPECT_EQ(judgement.kind, Kind::kExpired);
  EXPECT_NEAR(judgement.seconds, 2, 1e-9);
}

TEST(KeyBook, WhatWasNeverWrittenIsUnknown) {
  KeyBook book;
  Store(book, 0);
  EXPECT_EQ(book.Judge(0, book.read_mark(), 1).kind, Kind::kUnknown);
  EXPECT_EQ(book.Judge(2, book.read_mark(), 1).kind, Kind::kUnknown);
}

TEST(KeyBook, ARequestIsInTheLastEpochIfItArrivedThen) {
  KeyBook book;
  EXPECT_FALSE(book.InLastEpoch(1));
  book.OnMiss(1, 1);
  EXPECT_TRUE(book.InLastEpoch(5));
  Store(book, 1.2);
  EXPECT_TRUE(book.InLastEpoch(1.1));
  EXPECT_FALSE(book.InLastEpoch(0.9));
  EXPECT_FALSE(book.InLastEpoch(1.3));
}

}  // namespace
}  // namespace herdgate::bench

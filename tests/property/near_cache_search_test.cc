// Every history of the near cache's model within small bounds, as a search over its states, breadth first: a violation
// is found with the shortest history that leads to it. A state is reached by repeating the steps that led to it.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "tests/property/near_cache_model.h"

namespace herdgate::cache {
namespace {

using History = std::vector<ModelStep>;

struct Outcome {
  std::string violation;  // the first, with its history; empty: none
  std::size_t states = 0;
};

std::unique_ptr<NearCacheModel> Repeat(Mutation mutation, const ModelBounds& bounds, const History& history) {
  auto model = std::make_unique<NearCacheModel>(mutation, bounds);
  for (const ModelStep& step : history) model->Do(step);
  return model;
}

// Of all histories that begin with `first`.
Outcome Search(Mutation mutation, const ModelBounds& bounds, const History& first = {}) {
  std::unordered_set<std::string> seen;
  std::vector<History> frontier = {first};
  while (!frontier.empty()) {
    std::vector<History> next;
    for (const History& history : frontier) {
      for (const ModelStep& step : Repeat(mutation, bounds, history)->Enabled()) {
        History longer = history;
        longer.push_back(step);
        const auto reached = Repeat(mutation, bounds, longer);
        if (!reached->violation().empty()) return {reached->violation() + Described(longer), seen.size()};
        if (seen.insert(reached->Signature()).second) next.push_back(std::move(longer));
      }
    }
    frontier = std::move(next);
  }
  return {"", seen.size()};
}

constexpr ModelBounds kOneKey{.writes = 2,
                              .flushes = 0,
                              .losses = 0,
                              .reads = 2,
                              .fills = 2,
                              .waits = 0,
                              .deletes = 0,
                              .expiring = 0,
                              .approaches = 0,
                              .ticks = 0,
                              .pipeline = 2,
                              .keys = 1};

ModelBounds With(int ModelBounds::*bound, int value) {
  ModelBounds bounds = kOneKey;
  bounds.*bound = value;
  return bounds;
}

// Instrumented code is ten times slower: it takes the smaller searches only.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSlow = true;
#else
constexpr bool kSlow = false;
#endif

void ExpectNoViolation(const ModelBounds& bounds, std::size_t least_states) {
  const Outcome found = Search(Mutation::kNone, bounds);
  EXPECT_EQ(found.violation, "");
  EXPECT_GT(found.states, least_states);
}

TEST(NearCacheSearchTest, NoHistoryOfOneFillBreaksAPromise) {
  ExpectNoViolation(With(&ModelBounds::fills, 1), 20'000);
}

TEST(NearCacheSearchTest, NoHistoryOfTwoWritesAndTwoFillsBreaksAPromise) {
  if (kSlow) GTEST_SKIP() << "a large search";
  ExpectNoViolation(kOneKey, 100'000);
}

TEST(NearCacheSearchTest, NoHistoryWithALossBreaksAPromise) {
  ModelBounds bounds = With(&ModelBounds::writes, 1);
  bounds.losses = 1;
  ExpectNoViolation(bounds, 50'000);
}

TEST(NearCacheSearchTest, NoHistoryWithAFlushBreaksAPromise) {
  ModelBounds bounds = With(&ModelBounds::fills, 1);
  bounds.flushes = bounds.writes = 1;
  ExpectNoViolation(bounds, 50'000);
}

TEST(NearCacheSearchTest, NoHistoryOfThreeReadsPastTheCacheBreaksAPromise) {
  ModelBounds bounds = With(&ModelBounds::reads, 3);
  bounds.writes = bounds.fills = 1;
  ExpectNoViolation(bounds, 10'000);
}

TEST(NearCacheSearchTest, NoHistoryOfTwoKeysBreaksAPromise) {
  if (kSlow) GTEST_SKIP() << "a large search";
  ModelBounds bounds = With(&ModelBounds::writes, 1);
  bounds.keys = 2;
  bounds.pipeline = 1;
  ExpectNoViolation(bounds, 50'000);
}

// Of a key that is in the cache two milliseconds before it expires, and what may happen until all clocks agree that it
// did. The steps until then are of these too.
constexpr ModelBounds kExpiry{.writes = 2,
                              .flushes = 0,
                              .losses = 0,
                              .reads = 2,
                              .fills = 2,
                              .waits = 0,
                              .deletes = 1,
                              .expiring = 1,
                              .approaches = 1,
                              .ticks = 9,
                              .pipeline = 1,
                              .keys = 1};

void ExpectNoViolationAroundAnExpiry(const ModelBounds& bounds, std::size_t least_states) {
  const Outcome found = Search(Mutation::kNone, bounds, ExpiringSoon());
  EXPECT_EQ(found.violation, "");
  EXPECT_GT(found.states, least_states);
}

TEST(NearCacheSearchTest, NoHistoryOfAWriteAroundAnExpiryBreaksAPromise) {
  ModelBounds bounds = kExpiry;
  bounds.fills = 1;
  ExpectNoViolationAroundAnExpiry(bounds, 10'000);
}

TEST(NearCacheSearchTest, NoHistoryOfAFillAroundAnExpiryBreaksAPromise) {
  ModelBounds bounds = kExpiry;
  bounds.writes = 1;
  ExpectNoViolationAroundAnExpiry(bounds, 10'000);
}

TEST(NearCacheSearchTest, NoHistoryOfALossAroundAnExpiryBreaksAPromise) {
  ModelBounds bounds = kExpiry;
  bounds.losses = bounds.writes = bounds.fills = 1;
  ExpectNoViolationAroundAnExpiry(bounds, 10'000);
}

TEST(NearCacheSearchTest, BrokenRulesOfExpiriesAreFoundByTheirShortestHistory) {
  EXPECT_TRUE(Search(Mutation::kKeepEarly, kExpiry, ExpiringSoon()).violation.starts_with("I2"));
  EXPECT_TRUE(Search(Mutation::kKeepOwnWrites, kExpiry, ExpiringSoon()).violation.starts_with("I3"));
  ModelBounds bounds = kExpiry;
  bounds.losses = 1;
  EXPECT_TRUE(Search(Mutation::kKeepAcrossEpochs, bounds, ExpiringSoon()).violation.starts_with("I14"));
}

// The rules whose breaking shows within these bounds; the walks of near_cache_model_test.cc break the others.
TEST(NearCacheSearchTest, BrokenRulesAreFoundByTheirShortestHistory) {
  const ModelBounds bounds = With(&ModelBounds::fills, 1);
  EXPECT_TRUE(Search(Mutation::kNoPublishGuard, bounds).violation.starts_with("I15"));
  EXPECT_TRUE(Search(Mutation::kNoDropOnPush, bounds).violation.starts_with("I15"));
  EXPECT_TRUE(Search(Mutation::kNoDropAtReply, bounds).violation.starts_with("I15"));
  EXPECT_TRUE(Search(Mutation::kNoWitness, bounds).violation.starts_with("I4"));
  EXPECT_TRUE(Search(Mutation::kNoPendingKeys, bounds).violation.starts_with("I4"));
}

}  // namespace
}  // namespace herdgate::cache

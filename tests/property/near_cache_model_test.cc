// The near cache holds what it promises in every order of events, and each rule that its callers must keep is needed:
// where one is left out, the checker notices (a mutation test of cache and checker both).
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sidecar/base/random.h"
#include "tests/property/near_cache_model.h"

namespace herdgate::cache {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kSlower = 10;
#else
constexpr int kSlower = 1;
#endif

struct Walks {
  std::string violation;  // the first, with its history; empty: none
  std::uint64_t histories = 0;
  std::uint64_t steps = 0;
  std::uint64_t fresh_hits = 0;
  std::uint64_t expired_hits = 0;
};

// Histories that begin with `first`, and then some time.
Walks Walk(Mutation mutation, std::uint64_t seed, int histories, const ModelBounds& bounds = {},
           std::vector<ModelStep> first = {}) {
  constexpr int kSteps = 150;
  constexpr std::size_t kMostTicks = 12;
  const std::size_t begin = first.size();
  base::Random random(seed);
  Walks walks;
  for (; walks.histories < static_cast<std::uint64_t>(histories); ++walks.histories) {
    NearCacheModel model(mutation, bounds);
    if (begin > 0) first.resize(begin + random.Below(kMostTicks), {ModelStep::Kind::kTick});
    std::vector<ModelStep> done;
    while (done.size() < kSteps) {
      const std::vector<ModelStep> enabled = model.Enabled();
      if (enabled.empty()) break;
      done.push_back(done.size() < first.size() ? first[done.size()] : enabled[random.Below(enabled.size())]);
      model.Do(done.back());
      if (model.violation().empty()) continue;
      walks.violation = model.violation() + Described(done);
      return walks;
    }
    walks.steps += done.size();
    walks.fresh_hits += static_cast<std::uint64_t>(model.fresh_hits());
    walks.expired_hits += static_cast<std::uint64_t>(model.expired_hits());
  }
  return walks;
}

class NearCacheModelTest : public testing::TestWithParam<int> {};

TEST_P(NearCacheModelTest, NoOrderOfEventsBreaksAPromise) {
  const Walks walks = Walk(Mutation::kNone, static_cast<std::uint64_t>(GetParam()), 60'000 / kSlower);
  EXPECT_EQ(walks.violation, "");
  EXPECT_GT(walks.fresh_hits, walks.histories / 2) << "hits are what is checked";
}

TEST_P(NearCacheModelTest, NoOrderOfEventsAroundAnExpiryBreaksAPromise) {
  const Walks walks =
      Walk(Mutation::kNone, static_cast<std::uint64_t>(GetParam()), 60'000 / kSlower, kAroundAnExpiry, ExpiringSoon());
  EXPECT_EQ(walks.violation, "");
  EXPECT_GT(walks.expired_hits, walks.histories / 10) << "what has expired is what is checked";
}

INSTANTIATE_TEST_SUITE_P(Seeds, NearCacheModelTest, testing::Range(1, 5));

struct Named {
  Mutation mutation;
  const char* name;
};

class NearCacheMutationTest : public testing::TestWithParam<Named> {};

TEST_P(NearCacheMutationTest, TheCheckerNotices) {
  const Walks walks = Walk(GetParam().mutation, 1, 60'000);
  EXPECT_NE(walks.violation, "");
  RecordProperty("histories", static_cast<int>(walks.histories));
}

INSTANTIATE_TEST_SUITE_P(
    Rules, NearCacheMutationTest,
    testing::Values(Named{Mutation::kNoPublishGuard, "NoPublishGuard"}, Named{Mutation::kNoEpoch, "NoEpoch"},
                    Named{Mutation::kNoDropOnPush, "NoDropOnPush"}, Named{Mutation::kNoDropAtReply, "NoDropAtReply"},
                    Named{Mutation::kFlushOnlyAges, "FlushOnlyAges"}, Named{Mutation::kNoWitness, "NoWitness"},
                    Named{Mutation::kNoPendingKeys, "NoPendingKeys"}),
    [](const auto& param_info) { return param_info.param.name; });

class NearCacheGraceMutationTest : public testing::TestWithParam<Named> {};

TEST_P(NearCacheGraceMutationTest, TheCheckerNotices) {
  const Walks walks = Walk(GetParam().mutation, 1, 60'000, kAroundAnExpiry, ExpiringSoon());
  EXPECT_NE(walks.violation, "");
  RecordProperty("histories", static_cast<int>(walks.histories));
}

INSTANTIATE_TEST_SUITE_P(Rules, NearCacheGraceMutationTest,
                         testing::Values(Named{Mutation::kKeepEarly, "KeepEarly"},
                                         Named{Mutation::kKeepDoubtful, "KeepDoubtful"},
                                         Named{Mutation::kKeepOwnWrites, "KeepOwnWrites"},
                                         Named{Mutation::kKeepAcrossEpochs, "KeepAcrossEpochs"}),
                         [](const auto& param_info) { return param_info.param.name; });

TEST(NearCacheModelRulesTest, TheDropAtSendIsNotNeededForAnyPromise) {
  EXPECT_EQ(Walk(Mutation::kNoDropAtSend, 1, 30'000 / kSlower).violation, "");
}

}  // namespace
}  // namespace herdgate::cache

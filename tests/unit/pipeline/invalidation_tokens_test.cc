#include "sidecar/pipeline/invalidation_tokens.h"

#include <gtest/gtest.h>

#include <set>

namespace herdgate::pipeline {
namespace {

using Kind = InvalidationKind;
using Verdict = InvalidationTokens::Verdict;
using std::chrono::seconds;

class InvalidationTokensTest : public ::testing::Test {
 protected:
  Verdict Redeem(std::string_view token) { return tokens_.Redeem(token, request_, policies_, now_); }

  base::SteadyTime now_{seconds(1000)};
  InvalidationRequest request_{.kind = Kind::kPrefix, .targets = {"p:"}};
  InvalidationTokens::Policies policies_ = std::make_shared<const policy::PolicySet>(std::vector<policy::Policy>());
  InvalidationTokens tokens_;
};

TEST_F(InvalidationTokensTest, IsGoodOnceAndForFiveMinutes) {
  tokens_.Add("a", request_, policies_, now_);
  tokens_.Add("b", request_, policies_, now_);
  now_ += InvalidationTokens::kLife - std::chrono::nanoseconds(1);
  EXPECT_EQ(Redeem("a"), Verdict::kOk);
  EXPECT_EQ(Redeem("a"), Verdict::kUsed);
  now_ += std::chrono::nanoseconds(1);
  EXPECT_EQ(Redeem("b"), Verdict::kExpired);
  EXPECT_EQ(Redeem("c"), Verdict::kUnknown);
  EXPECT_EQ(Redeem(""), Verdict::kUnknown);
}

TEST_F(InvalidationTokensTest, IsGoodForWhatWasPreviewedOnly) {
  tokens_.Add("a", request_, policies_, now_);
  for (const InvalidationRequest& other :
       {InvalidationRequest{.kind = Kind::kPattern, .targets = {"p:"}},
        InvalidationRequest{.kind = Kind::kPrefix, .targets = {"p"}},
        InvalidationRequest{.kind = Kind::kPrefix, .mode = InvalidationMode::kSoft, .targets = {"p:"}},
        InvalidationRequest{.kind = Kind::kPrefix, .scope = InvalidationScope::kNear, .targets = {"p:"}}}) {
    EXPECT_EQ(tokens_.Redeem("a", other, policies_, now_), Verdict::kOtherRequest);
  }
  request_.options.rate = 1;
  request_.purge_all = true;
  EXPECT_EQ(Redeem("a"), Verdict::kOk);
}

TEST_F(InvalidationTokensTest, IsVoidUnderOtherPolicies) {
  tokens_.Add("a", request_, policies_, now_);
  EXPECT_EQ(tokens_.Redeem("a", request_, nullptr, now_), Verdict::kOtherPolicies);
  EXPECT_EQ(Redeem("a"), Verdict::kOk);
}

TEST_F(InvalidationTokensTest, TheOldestMakesRoom) {
  for (std::size_t i = 0; i <= InvalidationTokens::kMost; ++i)
    tokens_.Add(std::to_string(i), request_, policies_, now_);
  EXPECT_EQ(Redeem("0"), Verdict::kUnknown);
  EXPECT_EQ(Redeem("1"), Verdict::kOk);
}

TEST_F(InvalidationTokensTest, TargetsCannotBeShiftedIntoEachOther) {
  std::set<std::string> seen;
  for (const std::vector<std::string>& keys : std::vector<std::vector<std::string>>{
           {"a", "b"}, {"ab"}, {"a 1:b"}, {"b", "a"}, {"", "ab"}, {"ab", ""}, {"a"}}) {
    EXPECT_TRUE(seen.insert(FingerprintOf({.kind = Kind::kKeys, .targets = keys}, false)).second);
  }
}

TEST_F(InvalidationTokensTest, OptionsCountWhereTheyAreAsked) {
  InvalidationRequest other = request_;
  other.options.max_keys = 7;
  EXPECT_EQ(FingerprintOf(request_, false), FingerprintOf(other, false));
  EXPECT_NE(FingerprintOf(request_, true), FingerprintOf(other, true));
}

TEST_F(InvalidationTokensTest, NoTwoAreTheSame) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(seen.insert(NewToken()).second);
  EXPECT_EQ(seen.begin()->size(), 32U);
}

}  // namespace
}  // namespace herdgate::pipeline

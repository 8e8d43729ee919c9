#include <gtest/gtest.h>

#include "sidecar/pipeline/invalidation.h"

namespace herdgate::pipeline {
namespace {

using Kind = InvalidationKind;

InvalidationRequest Of(Kind kind, std::vector<std::string> targets) {
  return {.kind = kind, .targets = std::move(targets)};
}

TEST(InvalidationRequestTest, WhatNamesNoByteMeansEverything) {
  for (const char* glob : {"*", "**", "?*", "[a-z]*", "*[\\]]", "["}) {
    EXPECT_TRUE(CoversAll(Of(Kind::kPattern, {glob}))) << glob;
    EXPECT_FALSE(Check(Of(Kind::kPattern, {glob})).ok()) << glob;
  }
  for (const char* glob : {"a*", "*a", "\\**", "[a]b", "*:?"}) {
    EXPECT_FALSE(CoversAll(Of(Kind::kPattern, {glob}))) << glob;
    EXPECT_TRUE(Check(Of(Kind::kPattern, {glob})).ok()) << glob;
  }
  EXPECT_TRUE(CoversAll(Of(Kind::kPrefix, {""})));
  EXPECT_TRUE(CoversAll(Of(Kind::kEverything, {})));
  EXPECT_FALSE(CoversAll(Of(Kind::kKey, {""})));
}

TEST(InvalidationRequestTest, EverythingIsTakenOnceItIsConfirmed) {
  InvalidationRequest request = Of(Kind::kEverything, {});
  EXPECT_FALSE(Check(request).ok());
  request.purge_all = true;
  EXPECT_TRUE(Check(request).ok());
}

TEST(InvalidationRequestTest, TargetsMustFitTheKind) {
  EXPECT_FALSE(Check(Of(Kind::kKey, {})).ok());
  EXPECT_FALSE(Check(Of(Kind::kKey, {"a", "b"})).ok());
  EXPECT_FALSE(Check(Of(Kind::kKeys, {})).ok());
  EXPECT_TRUE(Check(Of(Kind::kKeys, std::vector<std::string>(InvalidationRequest::kMostKeys, "k"))).ok());
  EXPECT_FALSE(Check(Of(Kind::kKeys, std::vector<std::string>(InvalidationRequest::kMostKeys + 1, "k"))).ok());
  EXPECT_FALSE(Check(Of(Kind::kPattern, {""})).ok());
  EXPECT_FALSE(Check(Of(Kind::kEverything, {"x"})).ok());
  EXPECT_FALSE(Check(Of(Kind::kKey, {std::string(InvalidationRequest::kMostTargetBytes + 1, 'k')})).ok());
  EXPECT_FALSE(Check(Of(Kind::kKey, {"__herdgate:generation:p"})).ok());
}

TEST(InvalidationRequestTest, RatesMustBeGreaterThanZero) {
  InvalidationRequest request = Of(Kind::kKey, {"k"});
  request.options.rate = 0;
  EXPECT_FALSE(Check(request).ok());
  request.options.rate = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(Check(request).ok());
  request.options = {};
  request.options.soft_window = {};
  EXPECT_FALSE(Check(request).ok());
}

}  // namespace
}  // namespace herdgate::pipeline

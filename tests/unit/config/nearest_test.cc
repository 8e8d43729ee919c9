#include "sidecar/config/nearest.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace herdgate::config {
namespace {

constexpr std::array<std::string_view, 5> kKnown = {"listen", "upstream", "loops", "log", "limits"};

TEST(NearestNameTest, FindsOneMistypedLetterOrASwap) {
  EXPECT_EQ(NearestName("lisen", kKnown), "listen");
  EXPECT_EQ(NearestName("lsiten", kKnown), "listen");
  EXPECT_EQ(NearestName("upstreams", kKnown), "upstream");
  EXPECT_EQ(NearestName("lop", kKnown), "log");
}

TEST(NearestNameTest, TheNearestOfSeveralWins) {
  EXPECT_EQ(NearestName("limit", kKnown), "limits");
  EXPECT_EQ(NearestName("loop", kKnown), "loops");
}

TEST(NearestNameTest, AnExactNameIsItsOwnNearest) {
  EXPECT_EQ(NearestName("log", kKnown), "log");
}

TEST(NearestNameTest, NothingNearIsEmpty) {
  EXPECT_EQ(NearestName("policies", kKnown), "");
  EXPECT_EQ(NearestName("xyz", kKnown), "");
  EXPECT_EQ(NearestName("", kKnown), "");
  EXPECT_EQ(NearestName("listen" + std::string(100, 'x'), kKnown), "");
  EXPECT_EQ(NearestName("listen", {}), "");
}

}  // namespace
}  // namespace herdgate::config

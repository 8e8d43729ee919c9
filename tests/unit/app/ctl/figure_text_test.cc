#include "sidecar/app/ctl/figure_text.h"

#include <gtest/gtest.h>

#include <cmath>

namespace herdgate::app {
namespace {

TEST(FigureTextTest, CountsAreGrouped) {
  EXPECT_EQ(CountText(std::uint64_t{0}), "0");
  EXPECT_EQ(CountText(std::uint64_t{999}), "999");
  EXPECT_EQ(CountText(std::uint64_t{1'000}), "1,000");
  EXPECT_EQ(CountText(std::uint64_t{1'234'567}), "1,234,567");
  EXPECT_EQ(CountText(std::nullopt), "-");
  EXPECT_EQ(PluralText(1, "key"), "1 key");
  EXPECT_EQ(PluralText(0, "key"), "0 keys");
}

TEST(FigureTextTest, RatesKeepDecimalsOnlyWhereTheyAreSmall) {
  EXPECT_EQ(RateText(0), "0/s");
  EXPECT_EQ(RateText(0.25), "0.25/s");
  EXPECT_EQ(RateText(8.94), "8.9/s");
  EXPECT_EQ(RateText(9.96), "10/s");
  EXPECT_EQ(RateText(4210.4), "4,210/s");
  EXPECT_EQ(RateText(std::nullopt), "-");
  EXPECT_EQ(RateText(std::nan("")), "-");
}

TEST(FigureTextTest, PercentNeverRoundsUpToAll) {
  EXPECT_EQ(PercentText(0.99996), "99.99 %");
  EXPECT_EQ(PercentText(1), "100 %");
  EXPECT_EQ(PercentText(0.972), "97.2 %");
  EXPECT_EQ(PercentText(0), "0 %");
  EXPECT_EQ(PercentText(std::nullopt), "-");
}

TEST(FigureTextTest, BytesAreBinary) {
  EXPECT_EQ(BytesText(1023), "1023 B");
  EXPECT_EQ(BytesText(1536), "1.5 KiB");
  EXPECT_EQ(BytesText(67'108'864), "64 MiB");
  EXPECT_EQ(BytesText(std::nullopt), "-");
}

TEST(FigureTextTest, SpansChooseTheirUnit) {
  EXPECT_EQ(SpanText(0), "0 s");
  EXPECT_EQ(SpanText(0.00035), "0.35 ms");
  EXPECT_EQ(SpanText(0.0013), "1.3 ms");
  EXPECT_EQ(SpanText(0.25), "250 ms");
  EXPECT_EQ(SpanText(59.9), "59.9 s");
  EXPECT_EQ(SpanText(59.97), "1 min");
  EXPECT_EQ(SpanText(200), "3 min 20 s");
  EXPECT_EQ(SpanText(7'500), "2 h 5 min");
  EXPECT_EQ(SpanText(273'600), "3 d 4 h");
  EXPECT_EQ(SpanText(-1), "-");
}

}  // namespace
}  // namespace herdgate::app

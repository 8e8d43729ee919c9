#include "tests/bench/herd/chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace herdgate::bench {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Chart, StepsAreRound) {
  EXPECT_DOUBLE_EQ(RoundStep(10, 10), 1);
  EXPECT_DOUBLE_EQ(RoundStep(11, 10), 2);
  EXPECT_DOUBLE_EQ(RoundStep(8700, 6), 2000);
  EXPECT_DOUBLE_EQ(RoundStep(0.4, 10), 0.05);
  EXPECT_DOUBLE_EQ(RoundStep(0.9, 1), 1);
}

TEST(Chart, HoldsItsTextsEscaped) {
  Chart chart;
  chart.title = "a < b & c";
  chart.x_label = "seconds";
  chart.y_label = "jobs";
  chart.lines = {{"one", "#112233", {{0.2, 5}}}};
  const std::string svg = SvgOf(chart);
  EXPECT_THAT(svg, HasSubstr("a &lt; b &amp; c"));
  EXPECT_THAT(svg, HasSubstr(">seconds<"));
  EXPECT_THAT(svg, HasSubstr(">jobs<"));
  EXPECT_THAT(svg, HasSubstr(">one<"));
  EXPECT_THAT(svg, HasSubstr("stroke=\"#112233\""));
}

TEST(Chart, APeakNarrowerThanAPixelIsDrawn) {
  Chart chart;
  chart.lines = {{"", "#000000", {{0.5, 0}, {0.5000001, 6}, {0.5000002, 0}}}};
  const std::string svg = SvgOf(chart);
  const std::string path = svg.substr(svg.find("<path"));
  EXPECT_THAT(path, HasSubstr("H510.0V420.0V125.1V420.0"));
}

TEST(Chart, WhatLiesOutsideTheRangeIsNotDrawn) {
  Chart chart;
  chart.to = 1;
  chart.lines = {{"", "#000000", {{0.5, 1}, {2, 1000}}}};
  EXPECT_THAT(SvgOf(chart), Not(HasSubstr("1,000")));
}

}  // namespace
}  // namespace herdgate::bench

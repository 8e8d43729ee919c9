// A chart of steps over time, as SVG text that needs nothing else. Pure; any thread.
#pragma once

#include <string>
#include <vector>

namespace herdgate::bench {

struct ChartPoint {
  double x = 0;
  double y = 0;
};

struct ChartLine {
  std::string label;
  std::string color;              // #rrggbb
  std::vector<ChartPoint> steps;  // each y holds until the next x; in the order of x
};

struct Chart {
  std::string title;
  std::string x_label;
  std::string y_label;
  double from = 0;  // the range of x that is shown
  double to = 1;
  std::vector<ChartLine> lines;
  double mark = 0;  // a dashed line at this y; 0: none
  std::string mark_label;
};

std::string SvgOf(const Chart& chart);

// A round distance (1, 2 or 5 times a power of ten) that cuts `range` into at most `count` parts. REQUIRES range > 0.
double RoundStep(double range, int count);

}  // namespace herdgate::bench

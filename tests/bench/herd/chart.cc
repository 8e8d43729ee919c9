#include "tests/bench/herd/chart.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace herdgate::bench {
namespace {

constexpr double kWidth = 960, kHeight = 480;
constexpr double kLeft = 84, kRight = 24, kBottom = 60;
constexpr double kLegend = 54, kLegendLine = 22;
constexpr double kPlotWidth = kWidth - kLeft - kRight;
constexpr const char* kInk = "#333333";
constexpr const char* kGrid = "#e3e3e3";

std::string Coordinate(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

std::string Label(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.10g", std::abs(value) < 1e-9 ? 0 : value);
  std::string out = text;
  // 12000 is easier to read as 12,000.
  if (out.find_first_of(".e-") == std::string::npos) {
    for (std::size_t at = out.size(); at > 3; at -= 3) out.insert(at - 3, ",");
  }
  return out;
}

std::string Escaped(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
  return out;
}

std::string Text(double x, double y, const std::string& attributes, const std::string& text) {
  return "<text x=\"" + Coordinate(x) + "\" y=\"" + Coordinate(y) + "\" " + attributes + ">" + Escaped(text) +
         "</text>\n";
}

std::string Segment(double x1, double y1, double x2, double y2, const std::string& attributes) {
  return "<line x1=\"" + Coordinate(x1) + "\" y1=\"" + Coordinate(y1) + "\" x2=\"" + Coordinate(x2) + "\" y2=\"" +
         Coordinate(y2) + "\" " + attributes + "/>\n";
}

class Drawing {
 public:
  explicit Drawing(const Chart& chart) : chart_(chart) {
    top_ += kLegendLine * std::ceil(static_cast<double>(chart.lines.size()) / 2);
    height_ = kHeight - top_ - kBottom;
    double most = std::max(1.0, chart.mark);
    for (const ChartLine& line : chart.lines) {
      for (const ChartPoint& point : line.steps) {
        if (point.x <= chart.to) most = std::max(most, point.y);
      }
    }
    y_step_ = std::max(1.0, RoundStep(most, 6));
    y_most_ = std::ceil(most * 1.02 / y_step_) * y_step_;
  }

  std::string Draw() {
    out_ =
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 960 480\" width=\"960\" height=\"480\" "
        "font-family=\"system-ui, sans-serif\" font-size=\"14\">\n"
        "<rect width=\"960\" height=\"480\" fill=\"#ffffff\"/>\n";
    out_ += Text(kLeft, 28, "font-size=\"18\" font-weight=\"600\" fill=\"#111111\"", chart_.title);
    DrawAxes();
    DrawMark();
    // In two columns.
    for (std::size_t i = 0; i < chart_.lines.size(); ++i) {
      const ChartLine& line = chart_.lines[i];
      const double x = kLeft + (i % 2 == 0 ? 0 : kPlotWidth / 2);
      const double y = kLegend + kLegendLine * static_cast<double>(i / 2);
      DrawLine(line);
      out_ += Segment(x, y - 5, x + 28, y - 5, Stroke(line.color, 3));
      out_ += Text(x + 38, y, Fill(kInk), line.label);
    }
    return out_ + "</svg>\n";
  }

 private:
  static std::string Stroke(const std::string& color, int width) {
    return "stroke=\"" + color + "\" stroke-width=\"" + std::to_string(width) + "\"";
  }
  static std::string Fill(const std::string& color) { return "fill=\"" + color + "\""; }
  double X(double x) const { return kLeft + (x - chart_.from) / (chart_.to - chart_.from) * kPlotWidth; }
  double Y(double y) const { return top_ + (1 - y / y_most_) * height_; }

  void DrawAxes() {
    const double bottom = top_ + height_;
    for (double y = 0; y <= y_most_ * 1.001; y += y_step_) {
      out_ += Segment(kLeft, Y(y), kLeft + kPlotWidth, Y(y), Stroke(kGrid, 1));
      out_ += Text(kLeft - 10, Y(y) + 5, "text-anchor=\"end\" " + Fill(kInk), Label(y));
    }
    const double step = RoundStep(chart_.to - chart_.from, 10);
    for (double x = std::ceil(chart_.from / step) * step; x <= chart_.to + step * 1e-6; x += step) {
      out_ += Segment(X(x), bottom, X(x), bottom + 5, Stroke(kInk, 1));
      out_ += Text(X(x), bottom + 22, "text-anchor=\"middle\" " + Fill(kInk), Label(x));
    }
    out_ += Segment(kLeft, top_, kLeft, bottom, Stroke(kInk, 1));
    out_ += Segment(kLeft, bottom, kLeft + kPlotWidth, bottom, Stroke(kInk, 1));
    out_ += Text(kLeft + kPlotWidth / 2, kHeight - 14, "text-anchor=\"middle\" " + Fill(kInk), chart_.x_label);
    const std::string turn = "transform=\"rotate(-90 20 " + Coordinate(top_ + height_ / 2) + ")\" ";
    out_ += Text(20, top_ + height_ / 2, turn + "text-anchor=\"middle\" " + Fill(kInk), chart_.y_label);
  }

  void DrawMark() {
    if (chart_.mark <= 0) return;
    out_ += Segment(kLeft, Y(chart_.mark), kLeft + kPlotWidth, Y(chart_.mark),
                    Stroke("#777777", 1) + " stroke-dasharray=\"6 4\"");
    out_ += Text(kLeft + kPlotWidth - 4, Y(chart_.mark) - 6, "text-anchor=\"end\" fill=\"#555555\"", chart_.mark_label);
  }

  // Of the points that share a tenth of a pixel the lowest and the highest are kept: a chart of a million steps is
  // small.
  void DrawLine(const ChartLine& line) {
    double y = 0;
    std::size_t i = 0;
    for (; i < line.steps.size() && line.steps[i].x <= chart_.from; ++i) y = line.steps[i].y;
    std::string path = "M" + Coordinate(kLeft) + " " + Coordinate(Y(y));
    while (i < line.steps.size() && line.steps[i].x <= chart_.to) {
      const std::string x = Coordinate(X(line.steps[i].x));
      double low = y, high = y;
      for (; i < line.steps.size() && line.steps[i].x <= chart_.to && Coordinate(X(line.steps[i].x)) == x; ++i) {
        y = line.steps[i].y;
        low = std::min(low, y);
        high = std::max(high, y);
      }
      path += "H" + x;
      if (high - low > std::abs(y - low)) path += "V" + Coordinate(Y(low));
      if (high > y) path += "V" + Coordinate(Y(high));
      path += "V" + Coordinate(Y(y));
    }
    path += "H" + Coordinate(kLeft + kPlotWidth);
    out_ += "<path d=\"" + path + "\" fill=\"none\" stroke-linejoin=\"round\" " + Stroke(line.color, 2) + "/>\n";
  }

  const Chart& chart_;
  double top_ = kLegend;  // of the plot, below the legend
  double height_ = 0;
  double y_step_ = 1;
  double y_most_ = 1;
  std::string out_;
};

}  // namespace

double RoundStep(double range, int count) {
  const double least = range / count;
  const double power = std::pow(10, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= least * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

std::string SvgOf(const Chart& chart) {
  return Drawing(chart).Draw();
}

}  // namespace herdgate::bench

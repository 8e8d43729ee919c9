#include "sidecar/app/ctl/time_text.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "sidecar/app/ctl/figure_text.h"

namespace herdgate::app {

std::optional<std::chrono::milliseconds> ParseTime(std::string_view text) {
  using std::chrono::day;
  using std::chrono::month;
  using std::chrono::year;
  std::array<int, 6> parts{};
  int used = 0;
  const std::string copy(text);
  if (!copy.ends_with('Z') || std::sscanf(copy.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d%n", &parts[0], &parts[1], &parts[2],
                                          &parts[3], &parts[4], &parts[5], &used) != 6) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{year{parts[0]}, month{static_cast<unsigned>(parts[1])},
                                         day{static_cast<unsigned>(parts[2])}};
  if (!date.ok()) return std::nullopt;
  const auto of_day = std::chrono::hours(parts[3]) + std::chrono::minutes(parts[4]) + std::chrono::seconds(parts[5]);
  const double fraction = std::atof(("0" + copy.substr(static_cast<std::size_t>(used))).c_str());
  return std::chrono::milliseconds(std::chrono::sys_days(date).time_since_epoch()) + of_day +
         std::chrono::milliseconds(std::lround(fraction * 1000));
}

std::string FromNow(std::string_view text, std::chrono::milliseconds now) {
  const auto time = ParseTime(text);
  if (!time) return "";
  const auto seconds = static_cast<double>((now - *time).count()) / 1000;
  if (seconds > -1 && seconds < 1) return "now";
  if (seconds > 0) return SpanText(std::floor(seconds)) + " ago";
  return "in " + SpanText(std::round(-seconds));
}

}  // namespace herdgate::app

#include "sidecar/app/ctl/text_table.h"

#include <algorithm>
#include <numeric>

namespace herdgate::app {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kLeastFlexible = 12;

// Of the columns that are shown, with their gaps.
std::size_t Sum(const std::vector<std::size_t>& widths) {
  std::size_t sum = 0;
  for (const std::size_t width : widths) sum += width == 0 ? 0 : width + (sum == 0 ? 0 : kGap);
  return sum;
}

}  // namespace

// Of each column; 0: it is left out.
std::vector<std::size_t> TextTable::Widths(const Style& style) const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = std::max<std::size_t>(1, Columns(columns_[i].heading));
    for (const auto& row : rows_) width = std::max(width, Columns(row[i].shown));
    widths.push_back(width);
  }
  const auto least = [&](std::size_t i) {
    return columns_[i].flexible ? std::min(widths[i], kLeastFlexible) : widths[i];
  };
  const auto least_sum = [&] {
    std::vector<std::size_t> all(widths.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = least(i);
    return Sum(all);
  };
  while (least_sum() > style.width) {
    std::size_t worst = columns_.size();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (widths[i] == 0 || columns_[i].rank == 0) continue;
      if (worst == columns_.size() || columns_[i].rank > columns_[worst].rank) worst = i;
    }
    if (worst == columns_.size()) break;
    widths[worst] = 0;
  }
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const std::size_t sum = Sum(widths);
    if (!columns_[i].flexible || sum <= style.width) continue;
    widths[i] -= std::min(widths[i] - least(i), sum - style.width);
  }
  return widths;
}

std::vector<std::string> TextTable::Lines(const Style& style) const {
  const std::vector<std::size_t> widths = Widths(style);
  std::vector<std::string> lines;
  const auto add = [&](const std::vector<Cell>& cells) {
    std::string line;
    std::size_t used = 0;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (widths[i] == 0) continue;
      const std::size_t gap = used == 0 ? 0 : kGap;
      if (used + gap >= style.width) break;
      const std::size_t width = std::min(widths[i], style.width - used - gap);
      const std::string shown = CutMiddle(cells[i].shown, width, style.ellipsis());
      const std::size_t columns = Columns(shown);
      const std::string padding(columns < width ? width - columns : 0, ' ');
      line += std::string(gap, ' ') + (columns_[i].right ? padding : "") + style.Paint(cells[i].tone, shown) +
              (columns_[i].right ? "" : padding);
      used += gap + width;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    lines.push_back(line);
  };
  std::vector<Cell> headings;
  for (const Column& column : columns_) headings.emplace_back(Tone::kFaint, column.heading);
  add(headings);
  for (const auto& row : rows_) add(row);
  return lines;
}

}  // namespace herdgate::app

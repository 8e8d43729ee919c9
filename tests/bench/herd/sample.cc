#include "tests/bench/herd/sample.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace herdgate::bench {

void Sample::Sort() const {
  if (!sorted_) std::sort(values_.begin(), values_.end());
  sorted_ = true;
}

double Sample::Sum() const {
  return std::accumulate(values_.begin(), values_.end(), 0.0);
}

double Sample::Mean() const {
  return values_.empty() ? 0 : Sum() / static_cast<double>(values_.size());
}

double Sample::Max() const {
  return values_.empty() ? 0 : *std::max_element(values_.begin(), values_.end());
}

double Sample::Quantile(double share) const {
  if (values_.empty()) return 0;
  Sort();
  const auto count = static_cast<double>(values_.size());
  const double rank = std::clamp(std::ceil(share * count), 1.0, count);
  return values_[static_cast<std::size_t>(rank) - 1];
}

double Sample::ShareFrom(double bound) const {
  if (values_.empty()) return 0;
  const auto above = std::count_if(values_.begin(), values_.end(), [&](double value) { return value >= bound; });
  return static_cast<double>(above) / static_cast<double>(values_.size());
}

}  // namespace herdgate::bench

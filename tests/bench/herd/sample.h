// Sample keeps every value that it was given, so that its quantiles are exact.
//
// 8 bytes a value: two million requests are 16 MB. Threads: one.
#pragma once

#include <cstddef>
#include <vector>

namespace herdgate::bench {

class Sample {
 public:
  void Add(double value) {
    values_.push_back(value);
    sorted_ = false;
  }
  std::size_t count() const { return values_.size(); }
  double Sum() const;
  // All of these are 0 for an empty sample.
  double Mean() const;
  double Max() const;
  // The least value that at least this share (0 to 1) of the values does not exceed.
  double Quantile(double share) const;
  // The share of the values that are at least `bound`.
  double ShareFrom(double bound) const;

 private:
  void Sort() const;

  mutable std::vector<double> values_;
  mutable bool sorted_ = true;
};

}  // namespace herdgate::bench

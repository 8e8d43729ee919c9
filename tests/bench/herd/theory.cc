#include "tests/bench/herd/theory.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace herdgate::bench {

double UnprotectedWindow(double rate, double cost, double slots) {
  if (slots <= 0 || rate * cost <= slots) return cost;
  return slots / rate * std::exp(rate * cost / slots - 1);
}

double UnprotectedRecomputes(double rate, double cost, double slots) {
  return rate * UnprotectedWindow(rate, cost, slots);
}

double RecomputesPerPodFlight(double rate, double cost, unsigned pods) {
  const double others = pods - 1.0;
  return 1 + others * (1 - std::exp(-rate * cost / pods));
}

double RecomputesEarly(double beta) {
  return std::exp(1 / beta);
}

double RecomputesEarlyQuantile(double beta, double quantile) {
  // P(recomputes > k) = (1 - e^(-1/beta))^k
  return std::max(1.0, std::ceil(std::log(1 - quantile) / std::log(1 - std::exp(-1 / beta))));
}

double RecomputesEarlyPerPod(double beta, unsigned pods) {
  const double growth = std::exp(1 / beta) - 1;
  return 1 + (pods - 1.0) * growth / (pods + growth);
}

double RefreshGap(double rate, double cost, double beta) {
  return beta * cost * (std::log(rate * beta * cost) + std::numbers::egamma);
}

}  // namespace herdgate::bench

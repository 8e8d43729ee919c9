// XFetch: when to recompute a value that still lives, decided by each reader alone (Vattani, Chierichetti, Lowenstein,
// "Optimal Probabilistic Cache Stampede Prevention", PVLDB 8(8), 2015).
//
// A reader recomputes if -beta * delta * ln(U) reaches what is left of the value's life: with probability
// exp(-left / (beta * delta)). Of readers that come at random, r a second, nobody coordinating them, the first does so
// on average beta * delta * (ln(r * beta * delta) + 0.577) before the expiry, and until its value is there e^(1/beta)
// have, itself among them, whatever r is; 1 if a lease lets only the first.
// Threads: pure functions.
#pragma once

#include <chrono>
#include <cmath>

namespace herdgate::stampede {

using Seconds = std::chrono::duration<double>;

// `unit`: uniform in (0, 1]. REQUIRES: beta > 0
inline bool XFetchFires(std::chrono::nanoseconds left, std::chrono::nanoseconds delta, double beta, double unit) {
  const double scale = beta * Seconds(delta).count();
  const double needed = Seconds(left).count();
  // No double in (0, 1] has a larger logarithm than 745; the random numbers used here, none above 37.
  if (needed > 40 * scale) return false;
  return -scale * std::log(unit) >= needed;
}

// How many recompute for one expiry where nothing coordinates them.
inline double XFetchSize(double beta) {
  return std::exp(1 / beta);
}

// How long before the expiry the first recomputes. `rate`: reads a second. 0 for keys read too seldom.
inline Seconds XFetchGap(double rate, std::chrono::nanoseconds delta, double beta) {
  constexpr double kEulerGamma = 0.5772156649;
  const double scale = beta * Seconds(delta).count();
  const double gap = scale * (std::log(rate * scale) + kEulerGamma);
  return Seconds(gap > 0 ? gap : 0);
}

}  // namespace herdgate::stampede

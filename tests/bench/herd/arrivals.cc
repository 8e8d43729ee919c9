#include "tests/bench/herd/arrivals.h"

#include <cmath>

namespace herdgate::bench {

Arrivals::Arrivals(const ArrivalOptions& options) : options_(options), random_(options.seed) {
  Advance();
}

// The distributions of <random> differ between libraries; these don't.
double Arrivals::Uniform() {
  return (static_cast<double>(random_() >> 11) + 0.5) * 0x1p-53;
}

std::uint32_t Arrivals::Below(std::uint32_t bound) {
  return static_cast<std::uint32_t>(Uniform() * bound);
}

void Arrivals::Advance() {
  next_.due += -std::log(Uniform()) / options_.rate;
  next_.hot = Uniform() >= options_.other_share;
  next_.key = Below(next_.hot ? options_.keys : options_.other_keys);
  // The draw is made for one pod too: the stream does not depend on their number.
  next_.pod = Below(options_.pods);
}

}  // namespace herdgate::bench

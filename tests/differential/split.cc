#include "tests/differential/split.h"

#include <algorithm>

#include "sidecar/base/random.h"

namespace herdgate::differential {
namespace {

std::chrono::microseconds Rest(base::Random& random) {
  if (random.Below(100) == 0) return std::chrono::microseconds(2000);
  return std::chrono::microseconds(random.Below(150));
}

// The sizes of the pieces: one, a few cuts, many small ones, or single bytes.
std::vector<std::size_t> Cuts(std::size_t length, base::Random& random) {
  std::vector<std::size_t> cuts;
  const uint64_t kind = random.Below(20);
  if (kind < 9) return cuts;
  if (kind < 17) {
    for (uint64_t left = 1 + random.Below(6); left > 0; --left) cuts.push_back(1 + random.Below(length));
  } else {
    const std::size_t most = kind == 19 && length <= 300 ? 1 : std::max<std::size_t>(40, length / 40);
    for (std::size_t at = 0; at < length;) cuts.push_back(at += 1 + random.Below(most));
  }
  std::sort(cuts.begin(), cuts.end());
  return cuts;
}

}  // namespace

std::vector<Piece> SplitPlan(std::size_t length, uint32_t seed) {
  std::vector<Piece> plan;
  if (seed != 0 && length > 1) {
    base::Random random(seed);
    const std::vector<std::size_t> cuts = Cuts(length, random);
    const uint64_t rest_one_in = cuts.size() > 8 ? 6 : 2;
    for (const std::size_t cut : cuts) {
      if (cut >= length || (!plan.empty() && cut == plan.back().end)) continue;
      plan.push_back({cut, std::chrono::microseconds(0)});
    }
    for (std::size_t i = 1; i < plan.size(); ++i) {
      if (random.Below(rest_one_in) == 0) plan[i].rest = Rest(random);
    }
    plan.push_back({length, random.Below(rest_one_in) == 0 ? Rest(random) : std::chrono::microseconds(0)});
    return plan;
  }
  plan.push_back({length, std::chrono::microseconds(0)});
  return plan;
}

void PacedWriter::Step(Clock::time_point now) {
  blocked_ = false;
  while (!done() && now >= due_) {
    const std::size_t end = plan_[next_].end;
    sent_ += connection_.Write(bytes_.substr(sent_, end - sent_));
    if (sent_ < end) {
      blocked_ = true;
      return;
    }
    if (++next_ < plan_.size()) due_ = now + plan_[next_].rest;
  }
}

}  // namespace herdgate::differential

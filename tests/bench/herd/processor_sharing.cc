#include "tests/bench/herd/processor_sharing.h"

#include <algorithm>
#include <utility>

namespace herdgate::bench {

double ProcessorSharing::Speed() const {
  const auto jobs = static_cast<double>(running_.size());
  return slots_ <= 0 || jobs <= slots_ ? 1.0 : slots_ / jobs;
}

void ProcessorSharing::Advance(double now) {
  while (!running_.empty()) {
    const Job next = running_.top();
    const double until_end = std::max(0.0, next.end - virtual_now_) / Speed();
    if (now_ + until_end > now) break;
    now_ += until_end;
    virtual_now_ = next.end;
    running_.pop();
    ended_.push_back({next.id, now_});
    steps_.push_back({now_, running_.size()});
    // Nothing refers to the virtual time now: from 0 on it stays exact however long the run is.
    if (running_.empty()) virtual_now_ = 0;
  }
  if (now <= now_) return;
  virtual_now_ = running_.empty() ? 0 : virtual_now_ + (now - now_) * Speed();
  now_ = now;
}

void ProcessorSharing::Start(double now, std::uint64_t id, double cost) {
  Advance(now);
  running_.push({virtual_now_ + cost, started_++, id});
  peak_ = std::max(peak_, running_.size());
  steps_.push_back({now_, running_.size()});
}

std::vector<ProcessorSharing::Ended> ProcessorSharing::TakeEnded(double now) {
  Advance(now);
  return std::exchange(ended_, {});
}

std::optional<double> ProcessorSharing::NextEnd() const {
  if (!ended_.empty()) return ended_.front().at;
  if (running_.empty()) return std::nullopt;
  return now_ + std::max(0.0, running_.top().end - virtual_now_) / Speed();
}

double ProcessorSharing::SecondsAbove(double jobs, double from) const {
  double seconds = 0;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const double until = i + 1 < steps_.size() ? steps_[i + 1].at : now_;
    if (static_cast<double>(steps_[i].jobs) > jobs) seconds += std::max(0.0, until - std::max(from, steps_[i].at));
  }
  return seconds;
}

}  // namespace herdgate::bench

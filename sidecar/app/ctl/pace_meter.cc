#include "sidecar/app/ctl/pace_meter.h"

#include <cmath>

namespace herdgate::app {

void PaceMeter::Add(std::chrono::milliseconds now, std::uint64_t done, std::optional<double> share) {
  // It began anew.
  if (!seen_.empty() && done < seen_.back().done) Forget();
  seen_.push_back({now, done, share});
  while (seen_.size() > 2 && now - seen_[1].at >= kWindow) seen_.pop_front();
}

Pace PaceMeter::Get() const {
  if (seen_.empty() || seen_.back().at - seen_.front().at < kLeast) return {};
  const Sample& first = seen_.front();
  const Sample& last = seen_.back();
  const double seconds = std::chrono::duration<double>(last.at - first.at).count();
  Pace pace;
  pace.per_second = static_cast<double>(last.done - first.done) / seconds;
  if (first.share && last.share && *last.share > *first.share) {
    pace.seconds_left = std::ceil((1 - *last.share) * seconds / (*last.share - *first.share));
  }
  return pace;
}

}  // namespace herdgate::app

#include "tests/bench/herd/key_book.h"

#include <algorithm>

namespace herdgate::bench {

bool KeyBook::OnMiss(double due, double sent) {
  if (open() || (!epochs_.empty() && sent < epochs_.back().closed)) {
    ++epochs_.back().recomputes;
    return false;
  }
  Epoch epoch;
  epoch.opened = due;
  epoch.had_value = value_end_ != kNever;
  if (epoch.had_value) epoch.gap = value_end_ - due;
  epoch.recomputes = 1;
  epochs_.push_back(epoch);
  return true;
}

std::uint64_t KeyBook::BeginWrite(double now, double ttl) {
  writes_.push_back({now, ttl});
  return writes_.size();
}

void KeyBook::EndWrite(std::uint64_t version, double now, bool stored) {
  Write& write = writes_[version - 1];
  write.stored = stored;
  if (!stored) return;
  write.confirmed = now;
  newest_sent_ = std::max(newest_sent_, write.sent);
  value_end_ = now + write.ttl;
  if (open()) epochs_.back().closed = now;
}

ReadJudgement KeyBook::Judge(std::uint64_t version, double mark, double sent) const {
  using Kind = ReadJudgement::Kind;
  if (version == 0 || version > writes_.size()) return {Kind::kUnknown, 0};
  const Write& write = writes_[version - 1];
  if (!write.stored) return {Kind::kUnknown, 0};
  if (mark > write.confirmed) return {Kind::kOlder, sent - ReplacedAt(version)};
  const double past_end = sent - (write.confirmed + write.ttl);
  if (past_end > kClockGrain) return {Kind::kExpired, past_end};
  return {};
}

double KeyBook::ReplacedAt(std::uint64_t version) const {
  double at = kNever;
  const double confirmed = writes_[version - 1].confirmed;
  for (std::uint64_t next = version; next < writes_.size(); ++next) {
    const Write& write = writes_[next];
    if (write.sent > confirmed) at = std::min(at, write.confirmed);
  }
  return at;
}

bool KeyBook::InLastEpoch(double due) const {
  return !epochs_.empty() && due >= epochs_.back().opened && due <= epochs_.back().closed;
}

}  // namespace herdgate::bench

#include "sidecar/stampede/companions.h"

#include <algorithm>

namespace herdgate::stampede {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

void Companions::OnSecondSet(const cache::HashedKey& first, const cache::HashedKey& second, nanoseconds gap,
                             base::SteadyTime now) {
  if (gap < nanoseconds(0) || gap > kSoon || first.hash == second.hash) return;
  seen_.store(Ticks(now), std::memory_order_relaxed);
  // The longest of late. One of two loops' samples may be lost.
  const std::int64_t before = gap_.load(std::memory_order_relaxed);
  gap_.store(std::max(gap.count(), before - before / 8), std::memory_order_relaxed);
  if (first.text.size() > kMaxKeyBytes || second.text.size() > kMaxKeyBytes) return;
  const std::lock_guard lock(mutex_);
  companions_.Put(first.hash, std::string(second.text));
  companions_.Put(second.hash, std::string(first.text));
}

bool Companions::Seen(base::SteadyTime now) const {
  return nanoseconds(Ticks(now) - seen_.load(std::memory_order_relaxed)) <= kMemory;
}

milliseconds Companions::Patience(base::SteadyTime now) const {
  const nanoseconds since(Ticks(now) - wait_ended_.load(std::memory_order_relaxed));
  if (since > kSoon || !Seen(now)) return milliseconds(0);
  // A busy app's threads all run when a wait has ended, so now and then one takes much longer than before.
  const auto usual = std::chrono::duration_cast<milliseconds>(4 * nanoseconds(gap_.load(std::memory_order_relaxed)));
  return std::min(usual + milliseconds(5), kSoon);
}

std::size_t Companions::size() const {
  const std::lock_guard lock(mutex_);
  return companions_.size();
}

std::string Companions::CompanionOf(std::uint64_t hash, base::SteadyTime now) {
  if (!Seen(now)) return {};
  const std::lock_guard lock(mutex_);
  const std::string* const found = companions_.Find(hash);
  return found == nullptr ? std::string() : *found;
}

}  // namespace herdgate::stampede

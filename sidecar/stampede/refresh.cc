#include "sidecar/stampede/refresh.h"

#include "sidecar/stampede/x_fetch.h"

namespace herdgate::stampede {

Refresh::Refresh(const RefreshOptions& options)
    : options_(options), beta_(options.beta), victims_(options.victims), budget_(options.budget) {}

bool Refresh::Due(const Reading& reading, base::Random& random) const {
  if (reading.left.count() <= 0 || reading.delta.count() <= 0) return false;
  if (Seconds(reading.left) > options_.window * Seconds(reading.lifetime)) return false;
  const double beta = beta_.load(std::memory_order_relaxed);
  const double reads_meanwhile = reading.rate * beta * Seconds(reading.delta).count();
  if (reads_meanwhile * reading.pods < 1) return false;
  return XFetchFires(reading.left, reading.delta, beta, 1 - random.Unit());
}

Choice Refresh::Choose(std::uint64_t key, const Victims::Candidate& candidate, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  Choice choice = victims_.Choose(key, candidate, now);
  if (choice == Choice::kChosen && !budget_.Take(now)) {
    victims_.Cancel(key);
    choice = Choice::kBudget;
  }
  ++choices_[static_cast<std::size_t>(choice)];
  return choice;
}

void Refresh::Cancel(std::uint64_t key) {
  const std::lock_guard lock(mutex_);
  if (victims_.Cancel(key)) budget_.GiveBack();
}

void Refresh::Filled(std::uint64_t key) {
  const std::lock_guard lock(mutex_);
  victims_.Filled(key);
}

void Refresh::Unfilled(std::uint64_t key, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  victims_.Unfilled(key, now);
}

void Refresh::Missed(std::uint64_t key) {
  budget_.OnMiss();
  const std::lock_guard lock(mutex_);
  victims_.Missed(key);
}

void Refresh::Closed(std::uint64_t session) {
  const std::lock_guard lock(mutex_);
  victims_.Closed(session);
}

std::array<std::uint64_t, kChoices> Refresh::Choices() const {
  const std::lock_guard lock(mutex_);
  return choices_;
}

}  // namespace herdgate::stampede

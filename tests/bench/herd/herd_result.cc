// What a Herd counts of its epochs, and how its run ends.
#include <algorithm>

#include "tests/bench/herd/herd.h"

namespace herdgate::bench {

bool Herd::Counts(const Key& key, std::size_t epoch) const {
  return key.hot && (plan_.cold_every > 0 ? key.generation : epoch) >= plan_.warmup;
}

void Herd::CountEpochs(Key& key) {
  const std::size_t closed = key.book.epochs().size() - (key.book.open() ? 1 : 0);
  for (; key.epochs_closed < closed; ++key.epochs_closed) {
    if (!key.hot) continue;
    ++second_.epochs;
    if (Counts(key, key.epochs_closed)) ++counted_epochs_;
    if (plan_.cold_every > 0 || key.epochs_closed + 1 != plan_.warmup) continue;
    if (++warm_keys_ == plan_.arrivals.keys) measured_from_ = Now();
  }
}

// The origin is simulated: nobody has to wait for what it still has to do. Its ends come when they would come, and only
// the SETs behind them are left out.
void Herd::FinishJobs() {
  plan_.clients = 0;
  for (std::deque<std::uint64_t>& queue : queues_) queue.clear();
  for (ProcessorSharing& origin : origins_) {
    while (const auto next = origin.NextEnd()) {
      for (const ProcessorSharing::Ended& ended : origin.TakeEnded(*next)) {
        if (requests_[ended.id].dead) {
          Free(ended.id);
        } else {
          Done(ended.id, ended.at);
        }
      }
    }
  }
}

void Herd::Collect() {
  for (const Key& key : keys_) {
    const std::vector<Epoch>& epochs = key.book.epochs();
    for (std::size_t i = 0; i < epochs.size(); ++i) {
      const Epoch& epoch = epochs[i];
      if (!Counts(key, i) || epoch.closed == kNever) continue;
      result_.epochs.push_back(epoch);
      result_.recomputes.Add(epoch.recomputes);
      result_.windows.Add(epoch.closed - epoch.opened);
      if (epoch.had_value && epoch.gap > kClockGrain) result_.gaps.Add(epoch.gap);
    }
  }
  result_.requests = result_.latency.count();
  // Not from the end of the warm-up: what its last epoch began may still be at work then.
  double from = kNever;
  for (const Epoch& epoch : result_.epochs) from = std::min(from, epoch.opened);
  for (std::size_t i = 0; i + 1 < origins_.size(); ++i) {
    result_.busy_seconds += origins_[i].SecondsAbove(0, from);
    if (plan_.slots > 0) result_.saturated_seconds += origins_[i].SecondsAbove(plan_.slots, from);
    result_.peak_jobs = std::max(result_.peak_jobs, origins_[i].peak());
  }
  result_.steps = origins_.front().steps();
  result_.connections = links_.most_open();
}

}  // namespace herdgate::bench

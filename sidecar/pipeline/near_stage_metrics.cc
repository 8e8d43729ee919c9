// What a scrape shows of look-ups, by policy.
#include <array>
#include <string_view>
#include <utility>

#include "sidecar/pipeline/near_stage.h"

namespace herdgate::pipeline {
namespace {

constexpr metrics::CounterFamily kLookups{"herdgate_lookups_total",
                                          "Keys looked up under cache policies, by outcome and by who answered."};
// The labels `outcome` and `source`.
constexpr std::array<std::pair<std::string_view, std::string_view>, kOutcomes> kOutcomeNames = {
    {{"near_hit", "near"},
     {"negative_hit", "near"},
     {"stale", "near"},
     {"hit", "redis"},
     {"plain_miss", "redis"},
     {"error", "redis"},
     {"hit", "fallback"},
     {"plain_miss", "fallback"},
     {"plain_miss", "none"},
     {"error", "none"},
     {"waited", "redis"},
     {"miss", "redis"},
     {"synthetic_miss", "redis"},
     {"timeout_miss", "redis"},
     {"stale", "shadow"}}};

// Whether the policy's rules allow this outcome; other rows are left out of a scrape while they are 0.
bool MayBe(const policy::Policy& policy, Outcome outcome) {
  switch (outcome) {
    case Outcome::kNearHit:
    case Outcome::kNegativeHit:
    case Outcome::kStale:
      return policy.near.enabled;
    case Outcome::kHit:
    case Outcome::kPlainMiss:
    case Outcome::kError:
      return true;
    case Outcome::kStandbyHit:
    case Outcome::kStandbyMiss:
      return policy.offline.fallback != policy::Fallback::kNone;
    case Outcome::kAwayMiss:
      return policy.offline_reads() == policy::OfflineReads::kMiss;
    case Outcome::kAwayError:
      return policy.offline_reads() == policy::OfflineReads::kError;
    case Outcome::kWaited:
    case Outcome::kMiss:
    case Outcome::kTimeoutMiss:
      return policy.coalesces();
    case Outcome::kShadowStale:
      return policy.keeps_shadows();
    case Outcome::kSyntheticMiss:
      return policy.refresh.mode != policy::RefreshMode::kOff;
  }
  return false;
}

}  // namespace

void NearStage::Collect(metrics::SampleSink& sink) const {
  if (fills_.wanted()) reader_.Collect(sink);
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < by_index_.size(); ++i) {
    if (by_index_[i] == nullptr) continue;
    const policy::Policy& policy = set_->at(i);
    for (std::size_t o = 0; o < kOutcomes; ++o) {
      const metrics::Counter& count = by_index_[i]->outcomes[o];
      if (!MayBe(policy, static_cast<Outcome>(o)) && count.value() == 0) continue;
      const auto& [outcome, source] = kOutcomeNames[o];
      sink.Add(kLookups, {{"policy", policy.name}, {"outcome", outcome}, {"source", source}}, count);
    }
  }
}

}  // namespace herdgate::pipeline

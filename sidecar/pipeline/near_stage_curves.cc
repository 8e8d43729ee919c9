// NearStage: what the hit-ratio curves are told of keys that were read near, and of those that are written.
#include "sidecar/pipeline/near_stage.h"

namespace herdgate::pipeline {

void NearStage::TellSampled(const cache::HitCurves::Tap& tap, const cache::HashedKey& key, std::size_t size, bool nil) {
  const std::size_t room = cache::SizeCurve::Room(key.text.size(), size);
  curves_->LookedUp(tap, {.hash = key.hash, .room = room, .found = !nil}, loop_.Now());
}

void NearStage::Written(const NearNote::Key& key, std::chrono::milliseconds life) {
  const cache::HitCurves::Tap* const tap = TapOf(key.policy);
  if (tap == nullptr) return;
  const std::uint64_t hash = CurveHash(key);
  if (tap->Samples(hash)) curves_->Written(*tap, hash, life, loop_.Now());
}

void NearStage::Removed(const NearNote::Key& key) {
  const cache::HitCurves::Tap* const tap = TapOf(key.policy);
  if (tap == nullptr) return;
  const std::uint64_t hash = CurveHash(key);
  if (tap->Samples(hash)) curves_->Removed(*tap, hash);
}

}  // namespace herdgate::pipeline

// NearStage: what the hit-ratio curves are told of keys that were read near, and of those that are written.
#include "sidecar/pipeline/near_stage.h"

namespace herdgate::pipeline {

void NearStage::TellNear(std::size_t policy, const cache::HashedKey& key, const cache::ValueRef& value) {
  Tell(
      policy,
      {.hash = key.hash, .room = cache::SizeCurve::Room(key.text.size(), value.bytes().size()), .found = !value.nil()});
}

void NearStage::Written(const NearNote::Key& key, std::chrono::milliseconds life) {
  const cache::HitCurves::Tap* const tap = TapOf(key.policy);
  if (tap == nullptr) return;
  const std::uint64_t hash = cache_.Hash(key.name).hash;
  if (tap->Samples(hash)) curves_->Written(*tap, hash, life, loop_.Now());
}

void NearStage::Removed(const NearNote::Key& key) {
  const cache::HitCurves::Tap* const tap = TapOf(key.policy);
  if (tap == nullptr) return;
  const std::uint64_t hash = cache_.Hash(key.name).hash;
  if (tap->Samples(hash)) curves_->Removed(*tap, hash);
}

}  // namespace herdgate::pipeline

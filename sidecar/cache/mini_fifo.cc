#include "sidecar/cache/mini_fifo.h"

#include <algorithm>
#include <bit>

#include "sidecar/cache/s3_fifo.h"

namespace herdgate::cache {
namespace {

constexpr double kSmallShare = 0.1;
constexpr double kLeastGhost = 64;

}  // namespace

void MiniFifo::Insert(Sample& sample, Index key) {
  MiniPlace& place = Place(sample, key);
  place.in_main = Remembers(place);
  place.ghost = 0;
  place.frequency = 0;
  place.resident = true;
  keys_ += sample.Scale(sample[key].policy);
  Push(sample, key);
  Shrink(sample);
}

void MiniFifo::Remove(Sample& sample, Index key) {
  Unlink(sample, key);
  Leave(sample, key, Place(sample, key).in_main);
}

void MiniFifo::Shrink(Sample& sample) {
  while (bytes() > max_bytes_ && Evict(sample)) {
  }
}

void MiniFifo::Recount(const Sample& sample) {
  keys_ = small_.bytes = main_.bytes = 0;
  for (const SizedKey& record : sample.records()) {
    if (record.policy == Sample::kNoPolicy || !record.places[size_].resident) continue;
    QueueOf(record.places[size_]).bytes += static_cast<double>(record.bytes);
    keys_ += sample.Scale(record.policy);
  }
}

void MiniFifo::Clear() {
  small_ = main_ = {};
  keys_ = 0;
}

void MiniFifo::Push(Sample& sample, Index key) {
  MiniPlace& place = Place(sample, key);
  Queue& queue = QueueOf(place);
  place.newer = kNone;
  place.older = queue.newest;
  (queue.newest != kNone ? Place(sample, queue.newest).newer : queue.oldest) = key;
  queue.newest = key;
  queue.bytes += static_cast<double>(sample[key].bytes);
}

void MiniFifo::Unlink(Sample& sample, Index key) {
  const MiniPlace& place = Place(sample, key);
  Queue& queue = QueueOf(place);
  (place.newer != kNone ? Place(sample, place.newer).older : queue.newest) = place.older;
  (place.older != kNone ? Place(sample, place.older).newer : queue.oldest) = place.newer;
  queue.bytes -= static_cast<double>(sample[key].bytes);
  if (queue.oldest == kNone) queue.bytes = 0;  // what was rounded away is no room taken
}

// REQUIRES: it was unlinked.
void MiniFifo::Leave(Sample& sample, Index key, bool remembered) {
  MiniPlace& place = Place(sample, key);
  const double scale = sample.Scale(sample[key].policy);
  place.resident = false;
  keys_ = std::max(keys_ - scale, 0.0);
  place.ghost = 0;
  if (!remembered || ghost_capacity_ == 0) return;
  place.ghost = stamp_;
  const double step = ghost_capacity_ / kStampsPerCapacity;
  since_stamp_ += scale;
  while (since_stamp_ >= step) {
    since_stamp_ -= step;
    if (++stamp_ == 0) stamp_ = 1;
  }
}

// As S3Fifo::Evict.
bool MiniFifo::Evict(Sample& sample) {
  for (int chances = 0; main_.oldest != kNone || small_.oldest != kNone; ++chances) {
    const bool from_small =
        small_.oldest != kNone && (small_.bytes >= max_bytes_ * kSmallShare || main_.oldest == kNone);
    const Index key = from_small ? small_.oldest : main_.oldest;
    MiniPlace& place = Place(sample, key);
    Unlink(sample, key);
    if (place.frequency <= (from_small ? 1 : 0) || chances >= S3Fifo::kMaxSecondChances) {
      const auto fits = static_cast<std::uint64_t>(std::max(keys_, kLeastGhost));
      ghost_capacity_ = std::max(ghost_capacity_, static_cast<double>(std::bit_ceil(fits)));
      Leave(sample, key, from_small);
      return true;
    }
    place.frequency = static_cast<std::uint8_t>(from_small ? 0 : place.frequency - 1);
    place.in_main = true;
    Push(sample, key);
  }
  return false;
}

}  // namespace herdgate::cache

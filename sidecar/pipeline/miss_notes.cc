#include "sidecar/pipeline/miss_notes.h"

#include <bit>

namespace herdgate::pipeline {

std::uint64_t MissNotes::Pack(std::uint64_t key, const MissNote& note) {
  const auto cause = static_cast<std::uint64_t>(note.cause) + 1;
  return (key & kKeyBits) | cause << 32U | std::bit_cast<std::uint32_t>(note.rate);
}

std::optional<MissNote> MissNotes::Find(std::uint64_t key) const {
  const std::uint64_t slot = slots_[key % kSlots].load(kRelaxed);
  const std::uint64_t cause = slot >> 32U & 7U;
  if (cause == 0 || (slot & kKeyBits) != (key & kKeyBits)) return std::nullopt;
  return MissNote{.cause = static_cast<stampede::MissCause>(cause - 1),
                  .rate = std::bit_cast<float>(static_cast<std::uint32_t>(slot))};
}

}  // namespace herdgate::pipeline

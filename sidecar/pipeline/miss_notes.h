// MissNotes: why keys were missed and how often they are read, from a flight's begin to its end: at its end the key has
// been written again, and what was known of it before is gone.
//
// A table of fixed size (32 KiB); a later key may take an earlier one's place, which then counts as not noted.
// Threads: any; no locks.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "sidecar/stampede/key_history.h"

namespace herdgate::pipeline {

struct MissNote {
  stampede::MissCause cause = stampede::MissCause::kCold;
  float rate = 0;  // reads a second; 0: not known
};

class MissNotes {
 public:
  MissNotes() : slots_(std::make_unique<std::atomic<std::uint64_t>[]>(kSlots)) {}

  void Set(std::uint64_t key, const MissNote& note) { slots_[key % kSlots].store(Pack(key, note), kRelaxed); }
  std::optional<MissNote> Find(std::uint64_t key) const;

 private:
  static constexpr std::size_t kSlots = 4096;
  static constexpr auto kRelaxed = std::memory_order_relaxed;
  // From the highest bit: 29 of the key, 3 of the cause and one, 32 of the rate. 0: empty.
  static constexpr std::uint64_t kKeyBits = ~((std::uint64_t{1} << 35U) - 1);

  static std::uint64_t Pack(std::uint64_t key, const MissNote& note);

  const std::unique_ptr<std::atomic<std::uint64_t>[]> slots_;
};

}  // namespace herdgate::pipeline

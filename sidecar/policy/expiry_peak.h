// ExpiryPeak: the largest number of keys that fall due within one second, among those noted lately: how synchronised
// expiries are.
//
// An approximation in bounded memory (16 KiB once used): a ring of 1,024 seconds, in which a later second takes the
// place of an earlier one. Expiries far apart may share a slot: the later one is kept. A key whose expiry is changed is
// counted at both. Threads: one owner.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace herdgate::policy {

class ExpiryPeak {
 public:
  // A key falls due at second `due` (of any clock); it is now second `now`.
  void Note(std::int64_t due, std::int64_t now);
  // The peak among the seconds that had not passed at the last Note.
  std::int64_t keys() const { return peak_.keys; }

 private:
  static constexpr std::size_t kSlots = 1024;
  struct Slot {
    std::int64_t second = 0;
    std::int64_t keys = 0;
  };

  std::unique_ptr<std::array<Slot, kSlots>> slots_;
  Slot peak_;
};

}  // namespace herdgate::policy

// StampedeEvents: the stampedes that were absorbed or not, newest first, and what was saved by it.
//
// Every flight that ends is counted; one of five or more callers is an event and kept, the newest 256 of them.
// What is saved is never more than would have happened: a cold flight saved the recomputes of those that it answered
// with a value, a refresh those of the reads between the end of the value's life and its SET; not the leader's, not
// those of waiters that were answered nil.
// Threads: any; a leaf mutex, taken when a flight ends. Bounded: 256 events, each with at most 256 bytes of its key.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/base/clock.h"
#include "sidecar/stampede/key_history.h"
#include "sidecar/stampede/stampede_histograms.h"

namespace herdgate::stampede {

// How a flight went, as its end tells.
struct FlightSummary {
  std::string_view policy{};
  std::string_view key{};
  std::uint64_t hash = 0;
  bool refresh = false;
  MissCause cause = MissCause::kCold;
  base::WallTime began{};
  std::chrono::nanoseconds duration{0};
  std::uint32_t waited = 0;           // answered with the new value
  std::uint32_t stale = 0;            // answered with an old one meanwhile
  std::uint32_t nil = 0;              // let go without a value: timeouts, unparked, no room
  std::uint32_t after_life = 0;       // refresh: reads answered after the value's logical expiry and before its SET
  std::uint32_t pods = 1;             // that are known to have taken part
  double rate = 0;                    // reads of the key a second
  std::chrono::nanoseconds delta{0};  // how long its recomputation takes

  // Callers: leader, waiters, and those served stale.
  std::uint32_t size() const { return 1 + waited + stale + nil; }
  std::uint32_t avoided() const { return refresh ? after_life : waited + stale; }
  // How many would have recomputed at once, had nobody stopped them.
  double unprotected_size() const { return rate * std::chrono::duration<double>(delta).count(); }
};

struct StampedeEvent {
  std::uint64_t number = 0;  // from 1, no gaps
  std::string policy{};
  std::string key{};  // cut at 256 bytes
  bool key_cut = false;
  std::uint64_t hash = 0;
  bool refresh = false;
  MissCause cause = MissCause::kCold;
  base::WallTime began{};
  std::chrono::nanoseconds duration{0};
  std::uint32_t size = 0;
  std::uint32_t avoided = 0;
  std::uint32_t pods = 1;
  double unprotected_size = 0;
};

// "expiry", "delete", ...
std::string_view NameOf(MissCause cause);
// What logs show of a key: its length and 32 bits of its hash, which tell keys of one process apart.
std::string RedactedKey(const StampedeEvent& event);

class StampedeEvents {
 public:
  static constexpr std::size_t kKept = 256;
  static constexpr std::size_t kMaxKeyBytes = 256;
  static constexpr std::uint32_t kEventSize = 5;

  struct Totals {
    std::uint64_t flights = 0;
    std::uint64_t recomputes = 0;  // leaders, and those that were let go with nil
    std::uint64_t avoided = 0;
    std::chrono::nanoseconds time_avoided{0};  // in the apps and their databases; a lower bound, as a database under
                                               // load takes longer
    std::array<std::uint64_t, kMissCauses> events{};
  };

  // Counts it; returns its number if it is an event, else 0.
  std::uint64_t Add(const FlightSummary& flight);

  // At most `n`, newest first.
  std::vector<StampedeEvent> Newest(std::size_t n) const;
  Totals totals() const;
  StampedeHistograms& histograms() { return histograms_; }
  const StampedeHistograms& histograms() const { return histograms_; }

 private:
  StampedeHistograms histograms_;
  mutable std::mutex mutex_;
  std::vector<StampedeEvent> ring_;  // event number n at (n - 1) % kKept
  std::uint64_t last_ = 0;
  Totals totals_;
};

}  // namespace herdgate::stampede

#include "sidecar/stampede/stampede_events.h"

#include <algorithm>
#include <cstdio>

namespace herdgate::stampede {
namespace {

StampedeEvent EventOf(const FlightSummary& flight, std::uint64_t number) {
  return {.number = number,
          .policy = std::string(flight.policy),
          .key = std::string(flight.key.substr(0, StampedeEvents::kMaxKeyBytes)),
          .key_cut = flight.key.size() > StampedeEvents::kMaxKeyBytes,
          .hash = flight.hash,
          .refresh = flight.refresh,
          .cause = flight.cause,
          .began = flight.began,
          .duration = flight.duration,
          .size = flight.size(),
          .avoided = flight.avoided(),
          .pods = flight.pods,
          .unprotected_size = flight.unprotected_size()};
}

}  // namespace

std::string_view NameOf(MissCause cause) {
  constexpr std::array<std::string_view, kMissCauses> kNames = {"cold", "expiry", "delete", "eviction", "bump"};
  return kNames[static_cast<std::size_t>(cause)];
}

std::string RedactedKey(const StampedeEvent& event) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s%zu bytes #%08x", event.key_cut ? ">" : "", event.key.size(),
                static_cast<unsigned>(event.hash >> 32U));
  return text.data();
}

std::uint64_t StampedeEvents::Add(const FlightSummary& flight) {
  const std::lock_guard lock(mutex_);
  ++totals_.flights;
  totals_.recomputes += 1 + flight.nil;
  totals_.avoided += flight.avoided();
  totals_.time_avoided += flight.avoided() * flight.delta;
  if (flight.size() < kEventSize) return 0;
  ++totals_.events[static_cast<std::size_t>(flight.cause)];
  StampedeEvent event = EventOf(flight, ++last_);
  if (ring_.size() < kKept) {
    ring_.push_back(std::move(event));
  } else {
    ring_[(last_ - 1) % kKept] = std::move(event);
  }
  return last_;
}

std::vector<StampedeEvent> StampedeEvents::Newest(std::size_t n) const {
  const std::lock_guard lock(mutex_);
  std::vector<StampedeEvent> newest;
  for (std::uint64_t number = last_; number > 0 && newest.size() < std::min(n, ring_.size()); --number) {
    newest.push_back(ring_[(number - 1) % kKept]);
  }
  return newest;
}

StampedeEvents::Totals StampedeEvents::totals() const {
  const std::lock_guard lock(mutex_);
  return totals_;
}

}  // namespace herdgate::stampede

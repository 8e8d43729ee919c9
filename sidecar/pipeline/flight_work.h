// FlightWork: one client's part in flights: its reads that wait for an answer, and what it was told. Made for the first
// read that begins a flight.
//
// Threads: the client's loop. Ownership: the Client's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sidecar/base/clock.h"
#include "sidecar/net/reply_queue.h"
#include "sidecar/policy/policy.h"
#include "sidecar/stampede/flight_types.h"
#include "sidecar/stampede/guard.h"

namespace herdgate::pipeline {

// An old value that may be answered.
struct OldReply {
  std::string reply;  // RESP
  std::chrono::milliseconds age;
  bool shadow;  // it was kept in Redis
};

// A GET whose reply is held: Redis has answered it, and somebody may compute a newer value.
struct ParkedRead {
  enum class Kept : std::uint8_t {
    kNothing,  // it found nothing
    kValue,    // a refresh: the value that it found
    kStale,    // it found nothing, but there is an old value
  };
  stampede::WaiterId waiter = 0;
  net::ReplyQueue::SlotId slot = 0;
  std::string key{};       // logical
  std::string physical{};  // at the time of the read
  // When it was read; a reload may come while it waits. Which policy its outcome is counted for: NearStage::PolicyNow.
  std::shared_ptr<const policy::Policy> rules{};
  std::shared_ptr<stampede::Guard> guard{};
  std::size_t policy = 0;  // in the set `set`
  std::uint32_t set = 0;
  Kept kept = Kept::kNothing;
  bool away = false;                  // the upstream was not asked: it is away
  std::string reply{};                // RESP, of what is kept
  std::chrono::milliseconds left{0};  // kValue: of its life; kStale: since its end
  bool shadow = false;                // kStale: it was kept in Redis
  std::uint64_t shadow_ask = 0;       // it waits for that, and has no flight yet
  bool hurried = false;               // another request stands behind it

  // Found nothing, but there is an old value: it computes, or gets that at once.
  void Keep(const OldReply& old, stampede::FlightTerms& terms) {
    kept = Kept::kStale;
    reply = old.reply;
    left = old.age;
    shadow = old.shadow;
    terms.mode = stampede::Mode::kRefresh;
    terms.refresh_below = std::chrono::milliseconds(0);
  }
};

struct FlightWork {
  std::vector<ParkedRead> parked;  // mostly one: bytes behind it end the wait
  bool involved = false;           // the flight table may know this client
  bool owes_fill = false;          // it was told nil by its last request
  bool was_chosen = false;         // it was shown a synthetic miss
  base::SteadyTime let_go_at{};    // when a wait of its ended in vain amid a crowd (pool_watch.h)
  // Its last SET that followed a miss: when, its key and its policy. Empty: none.
  base::SteadyTime filled_at{};
  std::string filled{};
  std::size_t filled_policy = 0;
  std::uint64_t shadow_asks = 0;  // so far
};

}  // namespace herdgate::pipeline

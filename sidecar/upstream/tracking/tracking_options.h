// What the tracked connection of the near cache may take, and its patience.
#pragma once

#include <chrono>
#include <cstddef>

namespace herdgate::upstream {

struct TrackingOptions {
  // Longest value that is kept, in bytes; longer ones are read to their end and thrown away. So are longer replies to
  // calls.
  std::size_t max_value = std::size_t{64} * 1024;
  // Fills asked and not answered at a time. More keeps a slow upstream busy, and delays fences behind them.
  std::size_t max_in_flight = 64;
  // Fills that wait for their turn; beyond it Fill refuses.
  std::size_t max_queued = 1024;
  // Calls that are not answered yet, and the bytes of their requests; beyond it Call refuses.
  std::size_t max_calls = 10000;
  std::size_t max_call_bytes = std::size_t{8} * 1024 * 1024;
  // PING after so long without a byte. Looked at once a second: a little less than a whole one is every second.
  std::chrono::milliseconds ping_after{900};
  // Dead after so long without a byte while it owes one. Entries may be served that much longer than they are true
  // when a connection hangs.
  std::chrono::milliseconds dead_after{3000};
  // How often a canary is sent (looked at once a second), and how long its push may take.
  std::chrono::milliseconds canary_every{4900};
  std::chrono::milliseconds canary_within{2000};
  // Canaries in a row that could not be written, after which pushes count as unproven.
  int canary_skips = 3;
  // A refused or distrusted upstream is asked again after a random half to one and a half of a delay that doubles from
  // the first to the second. A lost connection comes back as fast as a lane's: UpstreamOptions::backoff_*.
  std::chrono::milliseconds probe_first{1000};
  std::chrono::milliseconds probe_last{60000};
  // A connection that held so long was a good one: the delays begin anew.
  std::chrono::milliseconds good_after{10000};
};

}  // namespace herdgate::upstream

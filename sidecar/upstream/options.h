// What an operator can set about the upstream.
#pragma once

#include <chrono>
#include <cstddef>

namespace herdgate::upstream {

struct UpstreamOptions {
  // How long a connection attempt may take, and how long a command waits for a connection before it is refused.
  std::chrono::milliseconds timeout{2000};
  // Dedicated lanes (transactions, subscriptions, blocking commands) of all loops together; beyond it a client that
  // needs one is refused and closed, as Redis does at maxclients.
  std::size_t max_dedicated = 1000;
  // Idle dedicated lanes kept ready per loop, protocol, database and user.
  std::size_t idle_dedicated = 8;
  // Lanes nobody has used for so long are closed.
  std::chrono::seconds idle_timeout{60};
  // Requests written but not yet taken by the upstream's socket; beyond it sessions of the lane wait.
  std::size_t max_unsent = 4UL * 1024 * 1024;
  // Reconnects wait a random time of half to one and a half of a delay that doubles from the first to the second value.
  std::chrono::milliseconds backoff_first{20};
  std::chrono::milliseconds backoff_last{1000};
};

}  // namespace herdgate::upstream

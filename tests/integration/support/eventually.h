// Waiting for facts: a condition with a deadline, never a sleep that decides. Any thread.
#pragma once

#include <chrono>
#include <thread>

namespace herdgate::integration {

inline constexpr std::chrono::milliseconds kPatience{10000};

// Whether `fact` came true before the deadline; asks every 2 ms.
template <typename Fact>
bool Eventually(Fact fact, std::chrono::milliseconds patience = kPatience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!fact()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace herdgate::integration

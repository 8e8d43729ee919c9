// SpinMutex: a mutex for sections of some ten nanoseconds that several loops enter at once.
//
// Taking a free one costs one locked instruction, giving it back none: that is half of what std::mutex costs a hit. So
// nobody can be told that it is free: who finds it taken tries for a moment, as its owner is mostly at work on another
// core, then lets others run, and if the owner doesn't get on (its core is the one that waits) sleeps in between.
// Not fair and not recursive. Threads: any.
#pragma once

#include <atomic>
#include <chrono>
#include <thread>

namespace herdgate::cache {

class SpinMutex {
 public:
  void lock() {
    if (!taken_.exchange(true, std::memory_order_acquire)) return;
    Wait();
  }
  bool try_lock() { return !taken_.exchange(true, std::memory_order_acquire); }
  void unlock() { taken_.store(false, std::memory_order_release); }

 private:
  static constexpr int kTries = 1000;  // some ten microseconds: more than most sections take
  static constexpr int kYields = 20;
  static constexpr std::chrono::microseconds kSleep{50};

  void Wait() {
    for (int tried = 0;; ++tried) {
      // Reads until it is free: an exchange would take the cache line from its owner.
      if (!taken_.load(std::memory_order_relaxed) && try_lock()) return;
      if (tried < kTries) {
        Pause();
      } else if (tried < kTries + kYields) {
        std::this_thread::yield();
      } else {
        std::this_thread::sleep_for(kSleep);
      }
    }
  }
  static void Pause() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }

  std::atomic<bool> taken_{false};
};

}  // namespace herdgate::cache

// SpinMutex: a mutex for sections of some ten nanoseconds that several loops enter at once.
//
// It tries for a moment before it sleeps: two loops that answer the same hot key would else pay a system call each time
// they meet.
// Threads: any.
#pragma once

#include <mutex>

namespace herdgate::cache {

class SpinMutex {
 public:
  void lock() {
    for (int i = 0; i < kTries; ++i) {
      if (mutex_.try_lock()) return;
      Pause();
    }
    mutex_.lock();
  }
  void unlock() { mutex_.unlock(); }

 private:
  static constexpr int kTries = 100;  // some microseconds: more than any section but an eviction of many entries

  static void Pause() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }

  std::mutex mutex_;
};

}  // namespace herdgate::cache

#include "sidecar/app/memory_keeper.h"

#include <malloc.h>

#include <cstddef>
#include <memory>

namespace herdgate::app {

void TuneAllocator() {
  // Large blocks go back to the system when they are freed, and the thresholds stay where they are.
  mallopt(M_MMAP_THRESHOLD, 256 * 1024);
  mallopt(M_TRIM_THRESHOLD, 256 * 1024);
  mallopt(M_ARENA_MAX, 4);
}

void StartMemoryKeeper(net::Loop& loop) {
  constexpr std::size_t kWorthIt = 1024 * 1024;
  auto last_used = std::make_shared<std::size_t>(0);
  loop.EverySecond([last_used] {
    const struct mallinfo2 info = mallinfo2();
    // Only once use has stopped growing: trimming in the middle of a burst costs page faults.
    if (info.fordblks > kWorthIt && info.uordblks <= *last_used) malloc_trim(0);
    *last_used = info.uordblks;
  });
}

}  // namespace herdgate::app

#include "sidecar/app/memory_keeper.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace herdgate::app {
namespace {

// Read-only pages of programs and libraries are clean copies of their files: one that is needed again comes back from
// the page cache. Relocating and initialising libraries touches megabytes that serving never does.
int DropReadOnlyPages(dl_phdr_info* object, std::size_t, void*) {
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const auto& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const std::uintptr_t begin = (object->dlpi_addr + segment.p_vaddr + page - 1) & ~(page - 1);
    const std::uintptr_t end = (object->dlpi_addr + segment.p_vaddr + segment.p_memsz) & ~(page - 1);
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the loader tells addresses as integers
    if (begin < end) (void)madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
  return 0;
}

}  // namespace

void TuneAllocator() {
  // Large blocks go back to the system when they are freed, and the thresholds stay where they are.
  mallopt(M_MMAP_THRESHOLD, 256 * 1024);
  mallopt(M_TRIM_THRESHOLD, 256 * 1024);
  mallopt(M_ARENA_MAX, 4);
}

void StartMemoryKeeper(net::Loop& loop) {
  constexpr std::size_t kWorthIt = std::size_t{1024} * 1024;
  struct State {
    bool dropped_start = false;
    std::size_t last_used = 0;
  };
  loop.EverySecond([state = std::make_shared<State>()] {
    if (!state->dropped_start) dl_iterate_phdr(&DropReadOnlyPages, nullptr);
    state->dropped_start = true;
    const struct mallinfo2 info = mallinfo2();
    // Only once use has stopped growing: trimming in the middle of a burst costs page faults.
    if (info.fordblks > kWorthIt && info.uordblks <= state->last_used) malloc_trim(0);
    state->last_used = info.uordblks;
  });
}

}  // namespace herdgate::app

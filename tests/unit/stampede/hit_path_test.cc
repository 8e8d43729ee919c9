// What is asked at every hit allocates nothing. Replaces operator new of this program, to count.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "sidecar/stampede/learning.h"
#include "sidecar/stampede/read_rates.h"
#include "sidecar/stampede/refresh.h"

namespace {
std::atomic<std::size_t> allocations{0};

// Out of line: where they are inlined, the compiler takes malloc and delete for a mismatch.
[[gnu::noinline]] void* Allocate(std::size_t size) {
  ++allocations;
  void* memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
[[gnu::noinline]] void Release(void* memory) {
  std::free(memory);
}
}  // namespace

void* operator new(std::size_t size) {
  return Allocate(size);
}
void operator delete(void* memory) noexcept {
  Release(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  Release(memory);
}

namespace herdgate::stampede {
namespace {

TEST(HitPathTest, AllocatesNothing) {
  KeyHistory history;
  Learning learning({.coalesce = LearningOptions::Coalesce::kOn}, history);
  const Refresh refresh;
  ReadRates rates;
  base::Random keys(1);
  base::Random random(2);
  base::SteadyTime now{std::chrono::hours(5)};
  for (int i = 0; i < 1000; ++i) {
    history.OnSet(keys.Next(), std::chrono::seconds(60), std::chrono::milliseconds(200), now);
  }
  const std::size_t before = allocations;
  int due = 0;
  for (int round = 0; round < 20; ++round) {
    keys = base::Random(1);
    for (int i = 0; i < 1000; ++i) {
      const std::uint64_t key = keys.Next();
      now += std::chrono::microseconds(100);
      if (!learning.MayRefresh(now)) continue;
      const auto facts = history.Find(key);
      if (!facts) continue;
      const Refresh::Reading reading{.left = std::chrono::milliseconds(300),
                                     .lifetime = facts->lifetime,
                                     .delta = learning.DeltaOf(key),
                                     .rate = 10 * rates.Touch(key, now)};
      due += refresh.Due(reading, random) ? 1 : 0;
    }
  }
  EXPECT_EQ(allocations, before);
  EXPECT_GT(due, 0);
}

}  // namespace
}  // namespace herdgate::stampede

// What the list of hot keys costs a loop, and who asks for it. Keys are hashed already.
#include <benchmark/benchmark.h>

#include <cmath>
#include <string>
#include <thread>
#include <vector>

#include "sidecar/base/clock.h"
#include "sidecar/base/random.h"
#include "sidecar/stampede/hot_list.h"

namespace herdgate::stampede {
namespace {

constexpr base::SteadyTime kNow{std::chrono::hours(1)};
constexpr std::size_t kRequests = 1U << 16U;

// One name (0), those of a Zipf-like stream (1), or all different (2).
std::vector<std::string> Stream(std::int64_t kind) {
  base::Random random(1);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kRequests; ++i) {
    const auto zipf = static_cast<std::uint64_t>(std::pow(1e5, random.Unit()));
    const std::uint64_t rank = kind == 0 ? 1 : kind == 1 ? zipf : i;
    names.push_back("key:" + std::to_string(1'000'000'000 + rank));
  }
  return names;
}

void TouchAll(HotList& list, std::size_t loop, const std::vector<std::string>& names) {
  for (const std::string& name : names) list.Touch(loop, cache::Hashed(name, 1), {.hit = true}, kNow);
}

void BM_HotTouch(benchmark::State& state) {
  std::thread([] {}).join();  // in a process that has had one thread only, a mutex costs less
  const std::vector<std::string> names = Stream(state.range(0));
  std::vector<cache::HashedKey> keys;
  for (const std::string& name : names) keys.push_back(cache::Hashed(name, 1));
  HotList list(1, base::SystemClock());
  TouchAll(list, 0, names);
  std::size_t i = 0;
  for (auto _ : state) list.Touch(0, keys[i++ % kRequests], {.hit = true}, kNow);
}
BENCHMARK(BM_HotTouch)->ArgName("one_zipf_all")->Arg(0)->Arg(1)->Arg(2);

// Of four loops, all full.
void BM_HotTop(benchmark::State& state) {
  HotList list(4, base::SystemClock());
  for (std::size_t loop = 0; loop < 4; ++loop) TouchAll(list, loop, Stream(1));
  for (auto _ : state) benchmark::DoNotOptimize(list.Top(HotList::kTop, kNow));
}
BENCHMARK(BM_HotTop);

// How long a loop waits for who asks, at most: both parts that hold its mutex.
void BM_HotHeld(benchmark::State& state) {
  HotSketch sketch;
  for (const std::string& name : Stream(1)) sketch.Touch(cache::Hashed(name, 1), {.hit = true}, kNow);
  std::vector<std::uint64_t> some;
  for (const HotSketch::Count& key : sketch.CountsAt(kNow).keys) {
    if (some.size() < 16) some.push_back(key.hash);
  }
  for (auto _ : state) {
    if (state.range(0) == 0) benchmark::DoNotOptimize(sketch.CountsAt(kNow));
    if (state.range(0) == 1) benchmark::DoNotOptimize(sketch.Details(some, kNow));
  }
}
BENCHMARK(BM_HotHeld)->ArgName("counts_details")->Arg(0)->Arg(1);

}  // namespace
}  // namespace herdgate::stampede

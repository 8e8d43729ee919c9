// What the policies cost: finding a key's policy, and judging one request. "allocations" is per request, once the
// judge's memory has grown.
#include <benchmark/benchmark.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sidecar/base/random.h"
#include "sidecar/command/table.h"
#include "sidecar/policy/request_judge.h"
#include "sidecar/resp/encoder.h"
#include "sidecar/resp/request_decoder.h"

namespace {
std::atomic<std::uint64_t> allocations{0};
}  // namespace

// Not inlined: the compiler would take the pair for a mismatched one.
[[gnu::noinline]] void* operator new(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t /*size*/) noexcept {
  std::free(memory);
}

namespace herdgate::policy {
namespace {

using std::chrono::hours;

// `count` policies "service<i>:*"; the keys of the benchmarks belong to one in the middle.
std::shared_ptr<const PolicySet> SetOf(int count) {
  std::vector<Policy> policies;
  for (int i = 0; i < count; ++i) {
    Policy& policy = policies.emplace_back();
    policy.name = "service" + std::to_string(i);
    policy.match = {"service" + std::to_string(i) + ":*"};
    policy.ttl = {.missing = MissingTtl::kApply, .default_ttl = hours(1), .max = hours(24), .jitter = 0.1};
    policy.version.schema = 7;
  }
  return std::make_shared<const PolicySet>(std::move(policies));
}

std::vector<std::string> KeysOf(int policies) {
  std::vector<std::string> keys;
  for (int i = 0; i < 1024; ++i)
    keys.push_back("service" + std::to_string(i * 7 % policies) + ":key:" + std::to_string(100'000 + i));
  return keys;
}

void Match(benchmark::State& state) {
  const auto set = SetOf(static_cast<int>(state.range(0)));
  const std::vector<std::string> keys = KeysOf(static_cast<int>(state.range(0)));
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(set->Match(keys[i++ % keys.size()]));
}
BENCHMARK(Match)->Arg(1)->Arg(1000);

void MatchNone(benchmark::State& state) {
  const auto set = SetOf(static_cast<int>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(set->Match("session:0000000042"));
}
BENCHMARK(MatchNone)->Arg(1)->Arg(1000);

void JudgeOne(benchmark::State& state, const std::vector<std::string_view>& words) {
  const int policies = static_cast<int>(state.range(0));
  const auto snapshot = std::make_shared<const Snapshot>(SetOf(policies), std::vector<std::uint64_t>());
  std::string raw;
  resp::AppendRequest(raw, words);
  const resp::Limits limits;
  resp::RequestDecoder decoder(limits);
  resp::Request request;
  if (decoder.Decode(raw, request) != resp::RequestDecoder::Outcome::kRequest) std::abort();
  const command::CommandSpec& spec = *command::BuiltIn().Resolve(request.args);
  base::Random random(1);
  const JudgeContext context{.now = base::WallTime(std::chrono::milliseconds(1'763'680'000'123)), .random = random};
  RequestJudge judge;
  RequestPlan plan;
  judge.Judge(snapshot, spec, request.args, request.raw, context, plan);
  const std::uint64_t before = allocations.load();
  for (auto _ : state) {
    judge.Judge(snapshot, spec, request.args, request.raw, context, plan);
    benchmark::DoNotOptimize(plan.raw.data());
  }
  state.counters["allocations"] =
      benchmark::Counter(static_cast<double>(allocations.load() - before), benchmark::Counter::kAvgIterations);
}

void JudgeGet(benchmark::State& state) {
  JudgeOne(state, {"GET", "service0:key:000000042"});
}
BENCHMARK(JudgeGet)->Arg(1)->Arg(1000);

void JudgeSet(benchmark::State& state) {
  JudgeOne(state, {"SET", "service0:key:000000042", "0123456789abcdef0123456789abcdef"});
}
BENCHMARK(JudgeSet)->Arg(1)->Arg(1000);

void JudgeSetWithExpiry(benchmark::State& state) {
  JudgeOne(state, {"SET", "service0:key:000000042", "0123456789abcdef0123456789abcdef", "EX", "3600"});
}
BENCHMARK(JudgeSetWithExpiry)->Arg(1);

void JudgeHset(benchmark::State& state) {
  JudgeOne(state, {"HSET", "service0:key:000000042", "field", "value"});
}
BENCHMARK(JudgeHset)->Arg(1);

void JudgeMget(benchmark::State& state) {
  const std::vector<std::string> keys = KeysOf(1);
  std::vector<std::string_view> words(keys.begin(), keys.begin() + 100);
  words.insert(words.begin(), "MGET");
  JudgeOne(state, words);
}
BENCHMARK(JudgeMget)->Arg(1);

void JudgeWhatNoPolicyConcerns(benchmark::State& state) {
  JudgeOne(state, {"GET", "session:0000000042"});
}
BENCHMARK(JudgeWhatNoPolicyConcerns)->Arg(1)->Arg(1000);

}  // namespace
}  // namespace herdgate::policy

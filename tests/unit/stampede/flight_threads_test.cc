// Four loops on one table: nobody is answered twice or never, and nothing is left.
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "sidecar/base/random.h"
#include "sidecar/stampede/flight_table.h"

namespace herdgate::stampede {
namespace {

constexpr int kKeys = 5;
constexpr int kThreads = 4;
constexpr base::SteadyTime kStart{std::chrono::hours(1)};

class Loops {
 public:
  void Run(std::uint64_t loop) {
    base::Random random(loop);
    for (int i = 0; i < 8000; ++i) Step(random, loop);
  }
  // What a loop may have been too early for: waits end by time.
  void Finish() {
    Todo todo;
    for (int i = 0; i < 200; ++i) {
      now_ += 100'000'000;
      table_.OnDue(Now(), todo);
      Carry(todo);
    }
  }
  FlightTable& table() { return table_; }
  std::size_t parked() const { return parked_.size(); }
  int wrong() const { return wrong_; }
  std::uint64_t answered() const { return answered_; }

 private:
  base::SteadyTime Now() const { return kStart + std::chrono::nanoseconds(now_.load()); }

  void Step(base::Random& random, std::uint64_t loop) {
    const cache::HashedKey key = table_.Hash(kNames[random.Below(kKeys)]);
    const Caller caller{.id = 1 + loop + kThreads * random.Below(50), .loop = static_cast<std::uint32_t>(loop)};
    Todo todo;
    switch (random.Below(8)) {
      case 0:
      case 1:
      case 2:
        Begin(key, caller, todo);
        break;
      case 3: {
        const SetPlan plan = table_.OnSetSent(key, caller, Now(), todo);
        std::this_thread::yield();
        table_.OnSetDone(key, plan, SetOutcome::kStored, Now(), todo);
        break;
      }
      case 4:
        table_.OnCallerGone(caller, Now(), todo);
        Forget(caller.id);
        break;
      case 5:
        table_.Taint(key, Now(), todo);
        break;
      case 6:
        table_.OnInvalidated(key, Now(), todo);
        break;
      default:
        now_ += 5'000'000;
        table_.OnDue(Now(), todo);
    }
    Carry(todo);
  }
  void Begin(const cache::HashedKey& key, const Caller& caller, Todo& todo) {
    // Held over Begin, so that no other loop's wake comes before the waiter is known here.
    const std::lock_guard lock(mutex_);
    if (busy_.contains(caller.id)) return;
    const Begun begun = table_.Begin(key, caller, {}, Now(), todo);
    if (begun.role != Role::kWait) return;
    busy_.insert(caller.id);
    parked_.insert({caller.id, begun.waiter});
  }
  void Forget(std::uint64_t caller) {
    const std::lock_guard lock(mutex_);
    busy_.erase(caller);
    std::erase_if(parked_, [&](const auto& parked) { return parked.first == caller; });
  }
  // Asks are won at once, renewals succeed.
  void Carry(Todo& todo) {
    while (!todo.empty()) {
      Todo next;
      for (const LeaseCall& call : todo.calls) {
        if (call.kind > LeaseCall::Kind::kRead) continue;
        AskReply reply;
        reply.result = AskResult::kWon;
        table_.OnAsked(table_.Hash(*call.key), call.flight, reply, Now(), next);
      }
      const std::lock_guard lock(mutex_);
      for (const Wake& wake : todo.wakes) {
        ++answered_;
        if (parked_.erase({wake.caller.id, wake.waiter}) == 1) {
          busy_.erase(wake.caller.id);
        } else if (!seen_.insert(wake.waiter).second) {
          ++wrong_;
        }
        seen_.insert(wake.waiter);
      }
      todo = std::move(next);
    }
  }

  static constexpr const char* kNames[kKeys] = {"a", "b", "c", "d", "e"};
  FlightTable table_;
  std::atomic<std::int64_t> now_{0};
  std::mutex mutex_;  // guards all below
  std::set<std::pair<std::uint64_t, WaiterId>> parked_;
  std::set<std::uint64_t> busy_;
  std::set<WaiterId> seen_;
  int wrong_ = 0;
  std::uint64_t answered_ = 0;
};

TEST(FlightThreadsTest, EveryWaiterIsAnsweredOnceAndNothingIsLeft) {
  Loops loops;
  std::vector<std::jthread> threads;
  for (std::uint64_t i = 0; i < kThreads; ++i) threads.emplace_back([&, i] { loops.Run(i); });
  threads.clear();
  loops.Finish();
  EXPECT_EQ(loops.wrong(), 0);
  EXPECT_EQ(loops.parked(), 0U);
  EXPECT_GT(loops.answered(), 1000U);
  EXPECT_TRUE(loops.table().empty());
  EXPECT_EQ(loops.table().callers(), 0U);
  EXPECT_EQ(loops.table().Stats().waiters, 0U);
}

}  // namespace
}  // namespace herdgate::stampede

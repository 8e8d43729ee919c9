#include "sidecar/net/loop.h"

#include <gtest/gtest.h>

#include <cstring>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "tests/support/loop_turns.h"

namespace herdgate::net {
namespace {

using testing::RunTurns;
using testing::RunUntil;

struct FakeFlushable final : Flushable {
  void OnFlush() override {
    ++flushes;
    if (on_flush) on_flush();
  }
  int flushes = 0;
  std::function<void()> on_flush;
};

TEST(LoopTest, RunsPostedTasksOnItsOwnThreadInOrder) {
  Loop loop(3);
  loop.Start();
  std::promise<std::vector<int>> done;
  std::vector<int> ran;
  bool inside = false;
  for (int i = 0; i < 3; ++i) {
    loop.Post([&, i] { ran.push_back(i); });
  }
  loop.Post([&] {
    inside = loop.InExecutor();
    done.set_value(ran);
  });
  EXPECT_EQ(done.get_future().get(), (std::vector<int>{0, 1, 2}));
  EXPECT_TRUE(inside);
  EXPECT_FALSE(loop.InExecutor());
  EXPECT_EQ(loop.index(), 3);
  loop.Stop();
}

TEST(LoopTest, RunsWhatWasPostedBeforeStart) {
  Loop loop(0);
  std::promise<void> done;
  loop.Post([&] { done.set_value(); });
  loop.Start();
  done.get_future().wait();
}

TEST(LoopTest, StopRunsWhatWasPostedSoFar) {
  Loop loop(0);
  loop.Start();
  std::atomic<int> ran{0};
  for (int i = 0; i < 1000; ++i) loop.Post([&] { ++ran; });
  loop.Stop();
  EXPECT_EQ(ran, 1000);
}

TEST(LoopTest, RunsNoTaskPostedAfterStop) {
  std::atomic<bool> ran{false};
  Loop loop(0);
  loop.Start();
  loop.Stop();
  loop.Post([&] { ran = true; });
  EXPECT_FALSE(ran);
}

TEST(LoopTest, TakesTasksFromManyThreads) {
  Loop loop(0);
  loop.Start();
  int ran = 0;  // on the loop only
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 2000; ++k) loop.Post([&] { ++ran; });
    });
  }
  for (auto& thread : threads) thread.join();
  loop.Stop();
  EXPECT_EQ(ran, 8000);
}

TEST(LoopTest, ATaskMayPostAnother) {
  Loop loop(0);
  loop.Start();
  std::promise<void> done;
  loop.Post([&] { loop.Post([&] { done.set_value(); }); });
  done.get_future().wait();
}

TEST(LoopTest, FlushesATouchedObjectOnceHoweverOftenItIsTouched) {
  Loop loop(0);
  FakeFlushable object;
  loop.Touch(object);
  loop.Touch(object);
  RunTurns(loop);
  EXPECT_EQ(object.flushes, 1);
  RunTurns(loop);
  EXPECT_EQ(object.flushes, 1);
}

TEST(LoopTest, FlushesWhatAFlushTouchesInTheSameTurn) {
  Loop loop(0);
  FakeFlushable first;
  FakeFlushable second;
  first.on_flush = [&] { loop.Touch(second); };
  second.on_flush = [&] {
    if (first.flushes == 1) loop.Touch(first);
  };
  loop.Touch(first);
  RunTurns(loop, 1);
  EXPECT_EQ(first.flushes, 2);
  EXPECT_EQ(second.flushes, 2);
}

TEST(LoopTest, DoesNotFlushWhatWasUntouched) {
  Loop loop(0);
  FakeFlushable kept;
  {
    FakeFlushable gone;
    loop.Touch(gone);
    loop.Touch(kept);
    loop.Untouch(gone);
  }
  RunTurns(loop);
  EXPECT_EQ(kept.flushes, 1);
}

TEST(LoopTest, AFlushMayUntouchOneThatComesLater) {
  Loop loop(0);
  FakeFlushable first;
  auto second = std::make_unique<FakeFlushable>();
  first.on_flush = [&] {
    loop.Untouch(*second);
    second.reset();
  };
  loop.Touch(first);
  loop.Touch(*second);
  RunTurns(loop);
  EXPECT_EQ(first.flushes, 1);
}

TEST(LoopTest, DestroysADoomedObjectAfterTheFlush) {
  Loop loop(0);
  FakeFlushable object;
  auto doomed = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = doomed;
  bool alive_in_flush = false;
  object.on_flush = [&] { alive_in_flush = !watched.expired(); };
  loop.DestroyLater(std::move(doomed));
  loop.Touch(object);
  RunTurns(loop, 1);
  EXPECT_TRUE(alive_in_flush);
  EXPECT_TRUE(watched.expired());
}

TEST(LoopTest, DestroysWhatADestructorDooms) {
  Loop loop(0);
  auto inner = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = inner;
  loop.DestroyLater(std::shared_ptr<int>(new int(2), [&loop, inner = std::move(inner)](int* outer) mutable {
    delete outer;
    loop.DestroyLater(std::move(inner));
  }));
  RunTurns(loop, 1);
  EXPECT_TRUE(watched.expired());
}

TEST(LoopTest, DestroysWhatIsDoomedWhenTheLoopItselfEnds) {
  std::weak_ptr<int> watched;
  {
    Loop loop(0);
    auto doomed = std::make_shared<int>(1);
    watched = doomed;
    loop.DestroyLater(std::move(doomed));
  }
  EXPECT_TRUE(watched.expired());
}

TEST(LoopTest, ReusesReadSpaceThatNobodyBorrowed) {
  Loop loop(0);
  const char* const first = loop.ReadSpace().data();
  loop.EndRead(loop.BeginRead(100));
  EXPECT_EQ(loop.ReadSpace().data(), first);
}

TEST(LoopTest, KeepsReadSpaceThatSomebodyBorrowed) {
  Loop loop(0);
  const char* const first = loop.ReadSpace().data();
  const std::size_t mark = loop.BeginRead(100);
  loop.NoteBorrow();
  loop.EndRead(mark);
  EXPECT_EQ(loop.ReadSpace().data(), first + 100);
}

TEST(LoopTest, GivesReadSpaceBackAfterTheTurn) {
  Loop loop(0);
  const char* const first = loop.ReadSpace().data();
  const std::size_t mark = loop.BeginRead(100);
  loop.NoteBorrow();
  loop.EndRead(mark);
  RunTurns(loop, 1);
  EXPECT_EQ(loop.ReadSpace().data(), first);
}

TEST(LoopTest, FlushesBorrowersBeforeItReusesTheirBytes) {
  Loop loop(0);
  FakeFlushable borrower;
  for (std::size_t used = 0; used + Loop::kMinRead < Loop::kArenaBytes; used += Loop::kMinRead) {
    ASSERT_GE(loop.ReadSpace().size(), Loop::kMinRead);
    const std::size_t mark = loop.BeginRead(Loop::kMinRead);
    loop.NoteBorrow();
    loop.EndRead(mark);
  }
  (void)loop.BeginRead(Loop::kMinRead - 1);
  loop.NoteBorrow();
  loop.Touch(borrower);
  EXPECT_EQ(borrower.flushes, 0);
  EXPECT_GE(loop.ReadSpace().size(), Loop::kMinRead);
  EXPECT_EQ(borrower.flushes, 1);
}

TEST(LoopTest, CallsEverySecondTasksEachSecond) {
  Loop loop(0);
  int calls = 0;
  loop.EverySecond([&] { ++calls; });
  ASSERT_TRUE(RunUntil(loop, [&] { return calls == 2; }));
}

TEST(LoopTest, AnEverySecondTaskMayAddAnother) {
  Loop loop(0);
  int calls = 0;
  bool added = false;
  loop.EverySecond([&] {
    if (std::exchange(added, true)) return;
    for (int i = 0; i < 20; ++i) loop.EverySecond([&] { ++calls; });
  });
  ASSERT_TRUE(RunUntil(loop, [&] { return calls >= 20; }));
}

}  // namespace
}  // namespace herdgate::net

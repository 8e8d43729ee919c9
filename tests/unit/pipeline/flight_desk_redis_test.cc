// Two sidecars' flights before a real redis-server: one lease for both.
#include <algorithm>
#include <thread>

#include "sidecar/base/log.h"
#include "sidecar/stampede/lease.h"
#include "tests/unit/pipeline/flight_pod.h"

namespace herdgate::pipeline {
namespace {

using integration::Eventually;
using integration::RedisProcess;
using integration::Words;
using stampede::Answer;
using std::chrono::milliseconds;
using std::chrono::seconds;

class FlightDeskRedisTest : public ::testing::Test {
 protected:
  // A GET under way.
  struct Getter {
    FlightPod* pod;
    std::uint32_t loop;
    std::uint64_t caller;
    std::future<FlightPod::Told> told;
  };

  void SetUp() override {
    base::ConfigureLog(base::LogFormat::kJson, base::LogLevel::kError);
    if (!RedisProcess::Installed()) GTEST_SKIP() << "redis-server is not installed";
    redis_ = std::make_unique<RedisProcess>();
  }
  void StartPods() {
    for (auto* pod : {&first_, &second_}) *pod = std::make_unique<FlightPod>(redis_->Url());
    ASSERT_TRUE(first_->Armed() && second_->Armed());
  }
  std::string Do(const Words& words) { return redis_->Client().Do(words); }
  static std::string Physical(const std::string& key) { return "v7:" + key; }
  Getter Get(FlightPod& pod, const std::string& key, std::uint32_t loop = 0) {
    const std::uint64_t caller = next_caller_++;
    return {.pod = &pod, .loop = loop, .caller = caller, .told = pod.Miss(key, loop, caller)};
  }
  static bool IsTold(Getter& getter, milliseconds within = milliseconds(0)) {
    return getter.told.wait_for(within) == std::future_status::ready;
  }
  // Those of `getters` that lead, when one does.
  static std::vector<Getter*> Leaders(std::vector<Getter>& getters) {
    std::vector<Getter*> told;
    Eventually([&] {
      for (Getter& getter : getters) {
        if (IsTold(getter)) told.push_back(&getter);
      }
      return !told.empty();
    });
    return told;
  }
  void Set(const Getter& getter, const std::string& key, const std::string& value) {
    getter.pod->Set(key, getter.loop, getter.caller, value, [&] { Do({"SET", Physical(key), value}); });
  }
  bool HasLease(const std::string& key) { return Do({"EXISTS", stampede::LeaseNameOf(Physical(key))}) == ":1\r\n"; }

  std::unique_ptr<RedisProcess> redis_;
  std::unique_ptr<FlightPod> first_;
  std::unique_ptr<FlightPod> second_;
  std::uint64_t next_caller_ = 1;
};

TEST_F(FlightDeskRedisTest, OneOfAllPodsComputesAndAllGetItsValue) {
  StartPods();
  for (int round = 0; round < 50; ++round) {
    const std::string key = "user:" + std::to_string(round);
    std::vector<Getter> getters;
    for (std::uint32_t i = 0; i < 4; ++i) {
      getters.push_back(Get(*first_, key, i % 2));
      getters.push_back(Get(*second_, key, i % 2));
    }
    const std::vector<Getter*> leaders = Leaders(getters);
    ASSERT_EQ(leaders.size(), 1U);
    ASSERT_EQ(leaders[0]->told.get().answer, Answer::kLead);
    Set(*leaders[0], key, "value of " + key);
    for (Getter& getter : getters) {
      if (&getter == leaders[0]) continue;
      ASSERT_TRUE(IsTold(getter, seconds(20)));
      const FlightPod::Told told = getter.told.get();
      EXPECT_EQ(told.answer, Answer::kValue);
      EXPECT_EQ(told.value, "value of " + key);
    }
    ASSERT_TRUE(Eventually([&] { return !HasLease(key); }));
  }
}

TEST_F(FlightDeskRedisTest, WhenTheLeaderHasGoneAnotherPodLeadsLongBeforeTheLeaseEnds) {
  StartPods();
  Getter leader = Get(*first_, "user:1");
  ASSERT_TRUE(IsTold(leader, seconds(20)));
  Getter waiter = Get(*second_, "user:1", 1);
  ASSERT_TRUE(Eventually([&] { return second_->Stats().asked[static_cast<std::size_t>(stampede::AskResult::kLost)]; }));
  const auto began = std::chrono::steady_clock::now();
  first_->Go(leader.loop, leader.caller);
  ASSERT_TRUE(IsTold(waiter, seconds(20)));
  EXPECT_EQ(waiter.told.get().answer, Answer::kLead);
  EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(5)) << "the lease is one of ten seconds";
}

TEST_F(FlightDeskRedisTest, WriteBySomebodyElseAnswersWhoWaits) {
  StartPods();
  Getter leader = Get(*first_, "user:1");
  ASSERT_TRUE(IsTold(leader, seconds(20)));
  Getter near = Get(*first_, "user:1", 1);
  Getter far = Get(*second_, "user:1");
  Do({"SET", Physical("user:1"), "foreign"});
  for (Getter* getter : {&near, &far}) {
    ASSERT_TRUE(IsTold(*getter, seconds(20)));
    const FlightPod::Told told = getter->told.get();
    EXPECT_EQ(told.answer, Answer::kValue);
    EXPECT_EQ(told.value, "foreign");
  }
}

TEST_F(FlightDeskRedisTest, RemovalInOnePodTaintsTheLeaderOfAnother) {
  StartPods();
  Getter leader = Get(*first_, "user:1");
  ASSERT_TRUE(IsTold(leader, seconds(20)));
  Do({"DEL", Physical("user:1")});
  second_->Removed("user:1");
  ASSERT_TRUE(Eventually([&] { return first_->Stats().leaders == 0; }));
  Getter next = Get(*second_, "user:1");
  ASSERT_TRUE(IsTold(next, seconds(20)));
  EXPECT_EQ(next.told.get().answer, Answer::kLead);
}

TEST_F(FlightDeskRedisTest, LostConnectionLetsNobodyWait) {
  StartPods();
  Getter leader = Get(*first_, "user:1");
  ASSERT_TRUE(IsTold(leader, seconds(20)));
  std::vector<Getter> waiters;
  for (std::uint32_t i = 0; i < 6; ++i) waiters.push_back(Get(i % 2 == 0 ? *first_ : *second_, "user:1", i / 3));
  Do({"CLIENT", "KILL", "TYPE", "normal"});
  ASSERT_TRUE(first_->Armed() && second_->Armed());
  Set(leader, "user:1", "new");
  for (Getter& waiter : waiters) {
    ASSERT_TRUE(IsTold(waiter, seconds(20)));
    const FlightPod::Told told = waiter.told.get();
    // Where no lease could be had for a moment, a pod leads for itself.
    EXPECT_TRUE(told.answer == Answer::kLead || told.value == "new");
  }
}

TEST_F(FlightDeskRedisTest, FlushIsLookedInto) {
  StartPods();
  Getter leader = Get(*first_, "user:1");
  ASSERT_TRUE(IsTold(leader, seconds(20)));
  Do({"FLUSHALL"});
  EXPECT_TRUE(Eventually([&] { return first_->Stats().leaders == 0; })) << "its lease went too";
}

TEST_F(FlightDeskRedisTest, WhereScriptsAreForbiddenThereIsOneLeaderAPod) {
  Do({"ACL", "SETUSER", "app", "on", ">pw", "~*", "&*", "+@all", "-eval"});
  std::string url = redis_->Url();
  url.insert(url.find("//") + 2, "app:pw@");
  FlightPod pod(url);
  ASSERT_TRUE(pod.Armed());
  Getter first = Get(pod, "user:1");
  ASSERT_TRUE(IsTold(first, seconds(20)));
  EXPECT_EQ(first.told.get().answer, Answer::kLead);
  EXPECT_FALSE(pod.MayAsk());
  std::vector<Getter> waiters;
  for (std::uint32_t i = 0; i < 4; ++i) waiters.push_back(Get(pod, "user:1", i % 2));
  ASSERT_TRUE(Eventually([&] { return pod.Stats().waiters == waiters.size(); }));
  Set(first, "user:1", "new");
  for (Getter& waiter : waiters) {
    ASSERT_TRUE(IsTold(waiter, seconds(20)));
    EXPECT_EQ(waiter.told.get().value, "new");
  }
}

TEST_F(FlightDeskRedisTest, EveryReaderIsAnsweredWhateverHappens) {
  StartPods();
  constexpr int kThreads = 4;
  constexpr int kReads = 500;
  std::atomic<int> unanswered{0};
  std::atomic<bool> over{false};
  std::jthread foreigner([&] {
    auto client = redis_->Client();
    for (int i = 0; !over; ++i) {
      const std::string key = "user:" + std::to_string(i % 3);
      if (i % 20 == 19) client.Do({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
      client.Do(i % 3 == 0 ? Words{"SET", Physical(key), "foreign"} : Words{"DEL", Physical(key)});
      if (i % 5 == 0) second_->Removed(key);
      std::this_thread::sleep_for(milliseconds(1));
    }
  });
  std::vector<std::jthread> readers;
  for (std::uint64_t thread = 0; thread < kThreads; ++thread) {
    readers.emplace_back([&, thread] {
      for (std::uint64_t i = 0; i < kReads; ++i) {
        const std::string key = "user:" + std::to_string(i % 3);
        FlightPod& pod = thread % 2 == 0 ? *first_ : *second_;
        const auto loop = static_cast<std::uint32_t>(thread / 2);
        Getter getter{&pod, loop, 1000000 * (thread + 1) + i, {}};
        getter.told = pod.Miss(key, loop, getter.caller);
        if (!IsTold(getter, seconds(20))) {
          ++unanswered;
        } else if (getter.told.get().answer == Answer::kLead && i % 4 != 0) {
          pod.Set(key, loop, getter.caller, "own", [&] { Do({"SET", Physical(key), "own"}); });
        }
        pod.Go(loop, getter.caller);
      }
    });
  }
  readers.clear();
  over = true;
  foreigner.join();
  EXPECT_EQ(unanswered, 0);
  EXPECT_TRUE(Eventually([&] { return first_->Stats().flights == 0 && second_->Stats().flights == 0; }));
}

}  // namespace
}  // namespace herdgate::pipeline

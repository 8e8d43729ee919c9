// What well-known libraries send, as Learning sees it: the caches among them become eligible, and nothing that looks
// like a session, a lock, a queue or a counter ever does.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/stampede/app_pod.h"

namespace herdgate::stampede {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// One thing that one client of the app does; called again and again.
using Act = void (*)(AppPod&);

struct History {
  const char* name;
  Act act;
};

void PrintTo(const History& history, std::ostream* out) {
  *out << history.name;
}

std::uint64_t SessionOf(AppPod& pod) {
  return 1 + pod.random.Below(8);
}

// ---- caches

// cache.get_or_set of Django: GET, compute, SET NX EX, GET.
void DjangoGetOrSet(AppPod& pod) {
  const std::uint64_t session = SessionOf(pod);
  const std::string key = ":1:book:" + pod.Some(40);
  if (!pod.Do(session, {"GET", key})) {
    pod.Sleep(milliseconds(20));
    pod.Do(session, {"SET", key, "v", "EX", "30", "NX"});
    pod.Do(session, {"GET", key});
  }
  pod.Sleep(milliseconds(50));
}

// cache_page: the list of headers is looked up, then the page; both are written after one miss.
void DjangoCachePage(AppPod& pod) {
  const std::uint64_t session = SessionOf(pod);
  const std::string path = pod.Some(40);
  const std::string headers = ":1:views.decorators.cache.cache_header.." + path;
  const std::string page = ":1:views.decorators.cache.cache_page.." + path;
  if (!pod.Do(session, {"GET", headers}) || !pod.Do(session, {"GET", page})) {
    pod.Sleep(milliseconds(80));
    pod.Do(session, {"SET", headers, "v", "EX", "20"});
    pod.Do(session, {"SET", page, "v", "EX", "20"});
  }
  pod.Sleep(milliseconds(50));
}

// Rails.cache.fetch, Laravel's remember, Spring's @Cacheable with a pool: the SET takes any connection; writers delete.
void CacheAside(AppPod& pod) {
  const std::string key = "user:" + pod.Some(50);
  if (pod.Chance(0.05)) {
    pod.Do(SessionOf(pod), {"DEL", key});
  } else if (!pod.Do(SessionOf(pod), {"GET", key})) {
    pod.Sleep(milliseconds(30));
    pod.Do(SessionOf(pod), {"SETEX", key, "60", "v"});
  }
  pod.Sleep(milliseconds(40));
}

// One hot key that nobody protects: all miss it, all fill it.
void Stampede(AppPod& pod) {
  for (std::uint64_t session = 1; session <= 60; ++session) pod.Do(session, {"GET", "home"});
  pod.Sleep(milliseconds(200));
  for (std::uint64_t session = 1; session <= 60; ++session) pod.Do(session, {"SET", "home", "v", "EX", "10"});
  pod.Sleep(seconds(11));
}

class CacheHistoriesTest : public ::testing::TestWithParam<History> {};

TEST_P(CacheHistoriesTest, BecomesEligibleAndStaysSo) {
  AppPod pod(1);
  for (int i = 0; i < 3000 && !pod.learning.eligible(); ++i) GetParam().act(pod);
  ASSERT_TRUE(pod.learning.eligible());
  for (int i = 0; i < 3000; ++i) {
    GetParam().act(pod);
    ASSERT_TRUE(pod.learning.eligible()) << "step " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Learning, CacheHistoriesTest,
                         ::testing::Values(History{"DjangoGetOrSet", DjangoGetOrSet},
                                           History{"DjangoCachePage", DjangoCachePage},
                                           History{"CacheAside", CacheAside}, History{"Stampede", Stampede}),
                         [](const auto& test) { return test.param.name; });

// ---- not caches

// django.contrib.sessions.backends.cache: a session unknown here is made anew under another key; a known one is saved
// whenever it was changed.
void DjangoSessions(AppPod& pod) {
  const std::uint64_t session = SessionOf(pod);
  const std::string key = ":1:django.contrib.sessions.cache" + pod.Some(300);
  if (!pod.Do(session, {"GET", key})) {
    const std::string fresh = ":1:django.contrib.sessions.cache" + pod.Some(300);
    pod.Do(session, {"SET", fresh, "v", "EX", "1209600", "NX"});
  } else if (pod.Chance(0.5)) {
    pod.Do(session, {"SET", key, "v", "EX", "1209600"});
  }
  pod.Sleep(milliseconds(20));
}

// connect-redis: every request prolongs the session.
void ExpressSessions(AppPod& pod) {
  const std::uint64_t session = SessionOf(pod);
  const std::string key = "sess:" + pod.Some(300);
  if (pod.Do(session, {"GET", key})) {
    pod.Do(session, {"EXPIRE", key, "86400"});
  } else {
    pod.Do(session, {"SET", "sess:" + pod.Some(300), "v", "EX", "86400"});
  }
  pod.Sleep(milliseconds(20));
}

// PHP's session handler: it takes the id that the browser brings, and writes at the end of every request.
void PhpSessions(AppPod& pod) {
  const std::uint64_t session = SessionOf(pod);
  const std::string key = "PHPREDIS_SESSION:" + pod.Some(100);
  pod.Do(session, {"GET", key});
  pod.Sleep(milliseconds(60));
  pod.Do(session, {"SETEX", key, "1440", "v"});
}

// The same with new visitors all the time, who look at some pages and never come back.
void PhpVisitors(AppPod& pod) {
  const std::string key = "PHPREDIS_SESSION:" + std::to_string(pod.random.Next());
  const std::uint64_t views = 1 + pod.random.Below(4);
  for (std::uint64_t view = 0; view < views; ++view) {
    const std::uint64_t session = SessionOf(pod);
    pod.Do(session, {"GET", key});
    pod.Sleep(milliseconds(60));
    pod.Do(session, {"SETEX", key, "1440", "v"});
    pod.Sleep(seconds(4));
  }
}

// Redlock: a random value set if absent, released by a script that compares; others look whether it is held.
void Redlock(AppPod& pod) {
  const std::uint64_t session = SessionOf(pod);
  const std::string key = "lock:" + pod.Some(20);
  if (pod.Chance(0.3)) {
    pod.Do(session, {"GET", key});
  } else if (pod.Do(session, {"SET", key, "random", "NX", "PX", "30000"})) {
    pod.Sleep(milliseconds(100));
    pod.Do(session, {"EVAL", "if redis.call('get',KEYS[1]) == ARGV[1] then ...", "1", key, "random"});
    pod.Do(session, {"DEL", key});
  }
  pod.Sleep(milliseconds(10));
}

// A lock that is looked at before it is taken, and given back by DEL: the commands of get_or_set.
void LookThenLock(AppPod& pod) {
  const std::uint64_t session = SessionOf(pod);
  const std::string key = "job-lock:" + pod.Some(1000);
  if (!pod.Do(session, {"GET", key}) && pod.Do(session, {"SET", key, "me", "NX", "EX", "60"})) {
    pod.Sleep(milliseconds(100));
    pod.Do(session, {"DEL", key});
  }
  pod.Sleep(milliseconds(10));
}

// Celery's results: the caller polls, the worker reads what is there and writes in a transaction.
void CeleryResults(AppPod& pod) {
  const std::string key = "celery-task-meta-" + std::to_string(pod.random.Next());
  for (int poll = 0; poll < 1 + static_cast<int>(pod.random.Below(3)); ++poll) {
    pod.Do(1, {"GET", key});
    pod.Sleep(milliseconds(500));
  }
  const std::uint64_t worker = 2 + pod.random.Below(4);
  pod.Do(worker, {"GET", key});
  pod.Transaction(worker, {{"SETEX", key, "86400", "v"}, {"PUBLISH", key, "v"}});
  pod.Do(1, {"GET", key});
}

void CeleryQueue(AppPod& pod) {
  pod.Do(1, {"LPUSH", "celery", "task"});
  pod.Do(2, {"BRPOP", "celery", "1"});
  pod.Transaction(2, {{"HSET", "unacked", "tag", "task"}, {"ZADD", "unacked_index", "1", "tag"}});
  pod.Do(3, {"GET", "celery-task-meta-" + pod.Some(100)});
  pod.Sleep(milliseconds(10));
}

// A status that is asked for until somebody else writes it.
void PolledStatus(AppPod& pod) {
  const std::string key = "export:" + std::to_string(pod.random.Next());
  for (int poll = 0; poll < 5; ++poll) {
    pod.Do(1, {"GET", key});
    pod.Sleep(milliseconds(300));
  }
  pod.Do(2, {"SET", key, "done", "EX", "600"});
  pod.Do(1, {"GET", key});
}

// Fixed window, as most rate limiters have it.
void CountingRateLimiter(AppPod& pod) {
  const std::uint64_t session = SessionOf(pod);
  const std::string key = "rate:" + pod.Some(1000);
  pod.Do(session, {"GET", key});
  pod.Transaction(session, {{"INCR", key}, {"EXPIRE", key, "60"}});
  pod.Sleep(milliseconds(5));
}

// The naive one: GET, then SET one more.
void SettingRateLimiter(AppPod& pod) {
  const std::uint64_t session = SessionOf(pod);
  const std::string key = "rate:" + pod.Some(20);
  pod.Do(session, {"GET", key});
  pod.Do(session, {"SET", key, "n", "EX", "60"});
  pod.Sleep(milliseconds(50));
}

// Token buckets live in scripts.
void ScriptedRateLimiter(AppPod& pod) {
  pod.Do(SessionOf(pod), {"EVALSHA", "0123", "2", "bucket:" + pod.Some(50), "bucket:ts", "1"});
  pod.Do(SessionOf(pod), {"GET", "bucket:" + pod.Some(50)});
  pod.Sleep(milliseconds(5));
}

void Sidekiq(AppPod& pod) {
  pod.Transaction(1, {{"SADD", "queues", "default"}, {"LPUSH", "queue:default", "job"}});
  pod.Do(2, {"BRPOP", "queue:default", "2"});
  pod.Do(2, {"GET", "cancelled-" + pod.Some(10)});
  pod.Transaction(2, {{"INCRBY", "stat:processed", "1"}, {"EXPIRE", "stat:processed:day", "100"}});
  pod.Sleep(milliseconds(10));
}

void SidekiqUniqueJobs(AppPod& pod) {
  const std::string key = "unique:" + pod.Some(1000);
  pod.Do(1, {"GET", key});
  if (pod.Do(2, {"SET", key, "jid", "NX", "EX", "3600"})) pod.Do(2, {"DEL", key});
  pod.Do(2, {"SET", "unique:other" + pod.Some(1000), "jid", "NX", "EX", "3600"});
  pod.Sleep(milliseconds(10));
}

// A key that is there for those to whom it applies.
void FeatureFlags(AppPod& pod) {
  pod.Do(SessionOf(pod), {"GET", "flag:" + pod.Some(200)});
  if (pod.Chance(0.002)) pod.Do(9, {"SET", "flag:" + pod.Some(200), "on"});
  pod.Sleep(milliseconds(20));
}

void IdempotencyKeys(AppPod& pod) {
  const std::uint64_t session = SessionOf(pod);
  const std::string key = "idem:" + std::to_string(pod.random.Next());
  pod.Do(session, {"SET", key, "pending", "NX", "EX", "3600"});
  pod.Sleep(milliseconds(30));
  pod.Do(session, {"SET", key, "done", "EX", "3600"});
}

// A code is written, read once, and deleted; some are mistyped.
void OneTimeCodes(AppPod& pod) {
  const std::string key = "otp:" + std::to_string(pod.random.Next());
  pod.Do(SessionOf(pod), {"SET", key, "123456", "EX", "300"});
  pod.Sleep(seconds(1));
  if (pod.Chance(0.2)) pod.Do(SessionOf(pod), {"GET", "otp:wrong" + pod.Some(1000)});
  if (pod.Do(SessionOf(pod), {"GET", key})) pod.Do(SessionOf(pod), {"DEL", key});
}

// A basket under WATCH.
void OptimisticUpdate(AppPod& pod) {
  const std::uint64_t session = SessionOf(pod);
  const std::string key = "basket:" + pod.Some(50);
  pod.Do(session, {"WATCH", key});
  pod.Do(session, {"GET", key});
  pod.Transaction(session, {{"SET", key, "v", "EX", "600"}});
  pod.Sleep(milliseconds(20));
}

class OtherHistoriesTest : public ::testing::TestWithParam<History> {};

TEST_P(OtherHistoriesTest, NeverBecomesEligible) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    AppPod pod(seed);
    for (int i = 0; i < 3000; ++i) {
      GetParam().act(pod);
      ASSERT_FALSE(pod.ever_eligible) << "step " << i;
    }
    pod.Sleep(seconds(10));
    ASSERT_FALSE(pod.ever_eligible);
  }
}

constexpr History kOthers[] = {{"DjangoSessions", DjangoSessions},
                               {"ExpressSessions", ExpressSessions},
                               {"PhpSessions", PhpSessions},
                               {"PhpVisitors", PhpVisitors},
                               {"Redlock", Redlock},
                               {"LookThenLock", LookThenLock},
                               {"CeleryResults", CeleryResults},
                               {"CeleryQueue", CeleryQueue},
                               {"PolledStatus", PolledStatus},
                               {"CountingRateLimiter", CountingRateLimiter},
                               {"SettingRateLimiter", SettingRateLimiter},
                               {"ScriptedRateLimiter", ScriptedRateLimiter},
                               {"Sidekiq", Sidekiq},
                               {"SidekiqUniqueJobs", SidekiqUniqueJobs},
                               {"FeatureFlags", FeatureFlags},
                               {"IdempotencyKeys", IdempotencyKeys},
                               {"OneTimeCodes", OneTimeCodes},
                               {"OptimisticUpdate", OptimisticUpdate}};

INSTANTIATE_TEST_SUITE_P(Learning, OtherHistoriesTest, ::testing::ValuesIn(kOthers),
                         [](const auto& test) { return test.param.name; });

// A cache and one of these under one policy: a plain command tells, and the policy is never eligible again.
TEST(MixedHistoriesTest, ACacheWithCountersOrLocksAmongItsKeysIsDemoted) {
  for (const Act other : {CountingRateLimiter, Redlock, Sidekiq, ScriptedRateLimiter, SidekiqUniqueJobs,
                          OptimisticUpdate, IdempotencyKeys}) {
    AppPod pod(1);
    for (int i = 0; i < 500; ++i) CacheAside(pod);
    ASSERT_TRUE(pod.learning.eligible());
    for (int i = 0; i < 20; ++i) other(pod);
    ASSERT_FALSE(pod.learning.eligible());
    for (int i = 0; i < 3000; ++i) {
      CacheAside(pod);
      ASSERT_FALSE(pod.learning.eligible());
    }
  }
}

}  // namespace
}  // namespace herdgate::stampede

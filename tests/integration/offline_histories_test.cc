// Random histories of two sidecars while Redis dies, hangs and cannot be reached, checked for what cache policies
// promise.
//
// Longer: HERDGATE_OFFLINE_SEEDS=100 and --gtest_filter='*OfflineHistories*'.
#include <atomic>
#include <cstdlib>
#include <memory>
#include <thread>

#include "tests/integration/offline_histories/actor.h"
#include "tests/integration/offline_histories/judge.h"
#include "tests/integration/support/sidecar_test.h"
#include "tests/support/relay.h"

namespace herdgate::integration::offline {
namespace {

using herdgate::testing::Relay;
using std::chrono::milliseconds;

// Instrumented code takes its time.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr milliseconds kTimeout{1500};
constexpr milliseconds kSlack{4000};
constexpr Micros kLag = 1'500'000;
#else
constexpr milliseconds kTimeout{700};
constexpr milliseconds kSlack{1500};
constexpr Micros kLag = 500'000;
#endif

constexpr int kPods = 2;
constexpr int kActors = 4;  // of each
constexpr const char* kPolicies = R"(
policies:
  - {name: misses, match: ["c:*"], near: {enabled: true, max_ttl: 30s}}
  - {name: errors, match: ["s:*"], near: {enabled: true, max_ttl: 30s}, offline: {reads: error}}
  - {name: standby, match: ["m:*"], near: {enabled: true, max_ttl: 30s}, offline: {fallback: memory}}
)";

class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed) {
    for (int pod = 0; pod < kPods; ++pod) {
      relays_.push_back(std::make_unique<Relay>(redis_.port()));
      const auto loops = static_cast<unsigned>(1 + (seed + static_cast<unsigned>(pod)) % 3);
      pods_.push_back(std::make_unique<Sidecar>(
          relays_.back()->Url(), Sidecar::Choices{.loops = loops, .timeout = kTimeout, .policies = kPolicies}));
      EXPECT_TRUE(pods_.back()->started());
    }
    for (int actor = 0; actor < kPods * kActors; ++actor) {
      for (const auto& [kind, letter] : {std::pair(Kind::kMisses, "c:"), {Kind::kErrors, "s:"}, {Kind::kStandby, "m:"}})
        history_.keys.push_back({actor % kPods, actor, kind, letter + std::to_string(actor)});
    }
    history_.lag = kLag;
    EXPECT_TRUE(AllWell());
    for (int actor = 0; actor < kPods * kActors; ++actor) {
      const int pod = actor % kPods;
      actors_.push_back(std::make_unique<Actor>(pod, actor, seed * 1000 + static_cast<unsigned>(actor), history_.keys,
                                                pods_[static_cast<std::size_t>(pod)]->Client()));
    }
    for (const auto& actor : actors_)
      threads_.emplace_back([this, &actor] { actor->Run([this] { return !stopping_.load(); }); });
  }
  ~World() { EndActors(); }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  void Round() {
    Fault();
    // What is scraped is up to a second old.
    Sleep(1200);
    EXPECT_TRUE(AllWell());
    const Micros from = Now();
    Sleep(300 + Below(500));
    history_.calms.push_back({from, Now()});
  }

  Findings End() {
    EndActors();
    for (const auto& actor : actors_) {
      EXPECT_EQ(actor->ended(), "");
      EXPECT_LT(actor->slowest(), std::chrono::microseconds(kTimeout + kSlack).count());
      history_.events.insert(history_.events.end(), actor->events().begin(), actor->events().end());
    }
    return Judge::Of(history_);
  }
  // Every pod says what Redis says.
  void ExpectAgreement() {
    Sleep(1200);
    EXPECT_TRUE(AllWell());
    RawClient direct = redis_.Client();
    for (const auto& pod : pods_) {
      EXPECT_TRUE(pod->MetricBecomes("herdgate_remembered_deletes", 0));
      EXPECT_EQ(pod->Metric("herdgate_remembered_deletes_total{result=\"lost\""), 0);
      RawClient client = pod->Client();
      for (const Key& key : history_.keys) EXPECT_EQ(client.Do({"GET", key.name}), direct.Do({"GET", key.name}));
    }
  }

 private:
  static void Sleep(std::uint64_t ms) { std::this_thread::sleep_for(milliseconds(ms)); }
  std::uint64_t Below(std::uint64_t limit) { return random_.Below(limit); }
  Relay& AnyRelay() { return *relays_[Below(relays_.size())]; }
  bool AllWell() const {
    return std::ranges::all_of(pods_, [](const auto& pod) {
      return pod->MetricBecomes("herdgate_upstream_breaker_state{state=\"closed\"", 1) &&
             pod->MetricBecomes("herdgate_near_mode{mode=\"tracked\"", 1);
    });
  }
  void EndActors() {
    stopping_ = true;
    for (std::thread& thread : std::exchange(threads_, {})) thread.join();
  }

  void Fault() {
    const auto mostly_short = [this](std::uint64_t most) { return Below(most) * Below(most) / most; };
    switch (Below(8)) {
      case 0:
        return Restart(mostly_short(2500));
      case 1:  // it comes and goes
        for (std::uint64_t left = 2 + Below(5); left > 0; --left) {
          Restart(mostly_short(300));
          Sleep(mostly_short(400));
        }
        return;
      case 2:
        return Freeze(mostly_short(4000));
      case 3:
        for (std::uint64_t left = 2 + Below(8); left > 0; --left) {
          Freeze(mostly_short(2000));
          Sleep(mostly_short(200));
        }
        return;
      case 4:
        for (std::uint64_t left = 1 + Below(8); left > 0; --left) {
          AnyRelay().Cut();
          Sleep(mostly_short(100));
        }
        return;
      case 5: {  // one pod alone
        Relay& relay = AnyRelay();
        relay.holds = true;
        Sleep(mostly_short(4000));
        if (Below(3) == 0) relay.Cut();
        relay.holds = false;
        return;
      }
      case 6: {  // it is lost again before all is made up for
        Relay& relay = AnyRelay();
        for (std::uint64_t left = 5 + Below(20); left > 0; --left) {
          Unreachable(relay, 20 + Below(60));
          Sleep(20 + mostly_short(150));
        }
        return;
      }
      default:
        return Unreachable(AnyRelay(), mostly_short(2500));
    }
  }
  static void Unreachable(Relay& relay, std::uint64_t ms) {
    relay.refuses = true;
    relay.Cut();
    Sleep(ms);
    relay.refuses = false;
  }
  void Restart(std::uint64_t down_ms) {
    if (Below(4) == 0) redis_.Freeze();
    redis_.Kill();
    Sleep(down_ms);
    EXPECT_TRUE(redis_.Start());
  }
  void Freeze(std::uint64_t ms) {
    redis_.Freeze();
    Sleep(ms);
    redis_.Thaw();
  }

  base::Random random_;
  RedisProcess redis_{{"--appendonly", "yes", "--appendfsync", "always"}};
  std::vector<std::unique_ptr<Relay>> relays_;
  std::vector<std::unique_ptr<Sidecar>> pods_;
  History history_;
  std::vector<std::unique_ptr<Actor>> actors_;
  std::vector<std::thread> threads_;
  std::atomic<bool> stopping_{false};
};

void Play(std::uint64_t seed, int rounds) {
  World world(seed);
  for (int i = 0; i < rounds; ++i) world.Round();
  const Findings found = world.End();
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(found.violations.size(), 5); ++i)
    text += found.violations[i] + "\n";
  EXPECT_EQ(found.violations.size(), 0U) << "seed " << seed << "\n" << text;
  EXPECT_GT(found.values, 500U);
  EXPECT_GT(found.taken, 100U);
  world.ExpectAgreement();
  if (std::getenv("HERDGATE_OFFLINE_SEEDS") == nullptr) return;
  std::printf("seed %llu: %zu reads, %zu with a value, %zu writes taken, %zu errors\n",
              static_cast<unsigned long long>(seed), found.reads, found.values, found.taken, found.failed);
  std::fflush(stdout);
}

TEST(OfflineHistories, KeepWhatCachePoliciesPromise) {
  if (!RedisProcess::Installed()) GTEST_SKIP() << "redis-server is not installed";
  const char* const seeds = std::getenv("HERDGATE_OFFLINE_SEEDS");
  const char* const first = std::getenv("HERDGATE_OFFLINE_FIRST");
  const std::uint64_t from = first == nullptr ? 1 : std::strtoull(first, nullptr, 10);
  const int count = seeds == nullptr ? 1 : std::atoi(seeds);
  for (int i = 0; i < count && !::testing::Test::HasFailure(); ++i) Play(from + static_cast<unsigned>(i), 7);
}

}  // namespace
}  // namespace herdgate::integration::offline

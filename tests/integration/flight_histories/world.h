// World: one redis-server, sidecars before it, each behind a relay of its own, apps on all of them, and a writer that
// goes to Redis directly.
//
// Threads: one owner; it starts a thread for each actor and joins them. Faults are made by the owner meanwhile.
#pragma once

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/integration/flight_histories/actor.h"
#include "tests/integration/flight_histories/checker.h"
#include "tests/integration/support/sidecar.h"
#include "tests/support/relay.h"

namespace herdgate::integration::flights {

struct WorldChoices {
  std::uint64_t seed = 1;
  int pods = 2;
  int apps = 2;     // of each pod: each has a pool of its own
  int threads = 3;  // of each app
  unsigned loops = 1;
  Terms terms = {};
  std::int64_t px = 400;
  bool flushes = true;
  bool calm = false;  // as of an actor
};

class World {
 public:
  explicit World(const WorldChoices& choices) : choices_(choices), random_(choices.seed) {
    history_.terms = choices.terms;
    std::string user;
    if (!choices.terms.leases) {
      direct_.Do({"ACL", "SETUSER", "noscript", "on", ">secret", "~*", "&*", "+@all", "-@scripting"});
      user = "noscript:secret@";
    }
    // Where no fault is made none is to be seen in a machine that stands still for a moment.
    const std::chrono::milliseconds timeout(choices.terms.undisturbed ? 15000 : 2000);
    for (int pod = 0; pod < choices.pods; ++pod) {
      relays_.push_back(std::make_unique<herdgate::testing::Relay>(redis_.port()));
      const std::string url = "redis://" + user + "127.0.0.1:" + std::to_string(relays_.back()->port());
      pods_.push_back(std::make_unique<Sidecar>(
          url, Sidecar::Choices{.loops = choices.loops, .timeout = timeout, .policies = Policies(choices.terms)}));
    }
    for (const auto& pod : pods_) EXPECT_TRUE(pod->started() && Tracks(*pod));
    EXPECT_TRUE(GenerationIsThere());
    history_.log.push_back(
        {WallNow(), {"SET", std::string(kGeneration), Text(direct_.Do({"GET", std::string(kGeneration)}))}});
    monitor_.Do({"MONITOR"});
  }
  ~World() { EndActors(); }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Apps at work, while `faults` makes what it makes; it returns when the history is over.
  template <typename Faults>
  Findings Run(Faults faults) {
    StartActors();
    faults();
    EndActors();
    pools_.clear();
    ReadLog();
    for (const auto& actor : actors_) {
      history_.events.insert(history_.events.end(), actor->events().begin(), actor->events().end());
      for (const std::string& each : actor->disorder()) ADD_FAILURE() << "I8 " << each;
    }
    ExpectQuiet();
    ExpectNoLeaseForever();
    return Checker::Check(history_);
  }

  // ---- for faults

  static void Sleep(std::uint64_t ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }
  std::uint64_t Below(std::uint64_t limit) { return random_.Below(limit); }
  int AnyPod() { return static_cast<int>(Below(pods_.size())); }
  herdgate::testing::Relay& RelayOf(int pod) { return *relays_[static_cast<std::size_t>(pod)]; }
  RawClient& direct() { return direct_; }
  // From `from` until now the pod's news may have been held back.
  void Disturbed(int pod, Micros from) { history_.disturbances.push_back({pod, from, WallNow()}); }
  void StopPod(int pod) {
    const Micros from = WallNow();
    pods_[static_cast<std::size_t>(pod)]->Stop();
    stopped_.insert(pod);
    Disturbed(pod, from);
  }
  // One connection of the sidecars: one that tracks, or one that carries commands.
  void KillOne(bool tracking) {
    const Micros from = WallNow();
    std::vector<std::string> ids;
    const std::string list = Text(direct_.Do({"CLIENT", "LIST"}));
    for (std::size_t at = 0, end = 0; (end = list.find('\n', at)) != std::string::npos; at = end + 1) {
      const std::string line = list.substr(at, end - at);
      const std::string flags = line.substr(line.find(" flags=") + 7, 3);
      const bool own = line.find(" name=test ") != std::string::npos;
      if (!own && (flags.find('t') != std::string::npos) == tracking && flags.find('O') == std::string::npos)
        ids.push_back(line.substr(3, line.find(' ') - 3));
    }
    if (!ids.empty()) direct_.Do({"CLIENT", "KILL", "ID", ids[Below(ids.size())]});
    for (int pod = 0; pod < choices_.pods; ++pod) Disturbed(pod, from);
  }

  // ---- when it is over

  const History& history() const { return history_; }
  // Lookups with that outcome.
  double waited() const { return waited_; }
  double refreshed() const { return refreshed_; }
  double stale() const { return stale_; }
  // Of all pods that still run.
  double Outcomes(const std::string& outcome) const {
    double sum = 0;
    for (std::size_t pod = 0; pod < pods_.size(); ++pod) {
      if (stopped_.contains(static_cast<int>(pod))) continue;
      sum += pods_[pod]->Metric("herdgate_lookups_total{outcome=\"" + outcome + "\"");
    }
    return sum;
  }
  double Metric(const std::string& name) const {
    double sum = 0;
    for (std::size_t pod = 0; pod < pods_.size(); ++pod) {
      if (!stopped_.contains(static_cast<int>(pod))) sum += pods_[pod]->Metric(name);
    }
    return sum;
  }

 private:
  static std::string Ms(Micros time) { return std::to_string(time / 1000) + "ms"; }
  static std::string Policies(const Terms& terms) {
    std::string text = "policies:\n";
    for (const std::string_view kind : kKinds) {
      text += "  - {name: " + std::string(kind) + ", match: [\"" + std::string(kind) + ":*\"]";
      if (KindOf(kind) == Kind::kGen) text += ", version: {schema: 3, generation: true}";
      text += ", near: {enabled: " + std::string(terms.near ? "true" : "false") + ", max_ttl: 30s}";
      text += ", stampede: {coalesce: on, stale_if_error: 0ms, max_wait: " + Ms(terms.max_wait) +
              ", lease: " + Ms(terms.lease) +
              ", stale_set: " + (terms.stale_set == StaleSet::kDrop ? "drop" : "short") +
              ", stale_while_revalidate: " + Ms(terms.stale_window) + "}";
      if (terms.refresh) text += ", refresh: {mode: synthetic, beta: 3}";
      text += "}\n";
    }
    return text;
  }
  static bool Tracks(const Sidecar& pod) { return pod.MetricBecomes("herdgate_near_mode{mode=\"tracked\"", 1); }
  bool GenerationIsThere() {
    for (const auto& pod : pods_) {
      RawClient client = pod->Client();
      if (!Eventually([&] { return client.Do({"GET", "gen:none"}) == "$-1\r\n"; })) return false;
    }
    return direct_.Do({"EXISTS", std::string(kGeneration)}) == ":1\r\n";
  }
  // Connections that the test itself has to Redis say so by their name.
  RawClient Direct() const {
    RawClient client = redis_.Client();
    client.Do({"CLIENT", "SETNAME", "test"});
    return client;
  }

  void StartActors() {
    int number = 0;
    const auto add = [&](Pool& pool, int pause_us, Micros solo = 0) {
      ++number;
      const Actor::Choices choices{.number = number,
                                   .seed = choices_.seed * 1000 + static_cast<unsigned>(number),
                                   .pause_us = pause_us,
                                   .px = choices_.px,
                                   .max_wait = choices_.terms.max_wait,
                                   .flushes = choices_.flushes,
                                   .solo_ms = static_cast<int>(solo / 1000),
                                   .calm = choices_.calm};
      actors_.push_back(std::make_unique<Actor>(choices, pool));
    };
    for (int pod = 0; pod < choices_.pods; ++pod) {
      for (int app = 0; app < choices_.apps; ++app) {
        const Sidecar& sidecar = *pods_[static_cast<std::size_t>(pod)];
        pools_.push_back(std::make_unique<Pool>(pod, [&sidecar] { return sidecar.Client(); }));
        for (int i = 0; i < choices_.threads; ++i) add(*pools_.back(), 3000);
      }
    }
    pools_.push_back(std::make_unique<Pool>(0, [this] { return pods_[0]->Client(); }));
    add(*pools_.back(), 1000, choices_.terms.lag + 10'000);
    pools_.push_back(std::make_unique<Pool>(kDirect, [this] { return Direct(); }));
    add(*pools_.back(), choices_.calm ? 1000000 : 60000);
    for (const auto& actor : actors_)
      threads_.emplace_back([this, &actor] { actor->Run([this] { return !stopping_.load(); }); });
  }
  void EndActors() {
    stopping_ = true;
    for (std::thread& thread : std::exchange(threads_, {})) thread.join();
  }

  // Nobody is connected any more: nobody waits, and nothing is remembered of anybody.
  void ExpectQuiet() {
    for (std::size_t pod = 0; pod < pods_.size(); ++pod) {
      if (stopped_.contains(static_cast<int>(pod))) continue;
      EXPECT_TRUE(pods_[pod]->MetricBecomes("herdgate_flight_waiters", 0)) << "I7, pod " << pod;
      EXPECT_TRUE(pods_[pod]->MetricBecomes("herdgate_flights", 0)) << "I7, pod " << pod;
      EXPECT_TRUE(pods_[pod]->MetricBecomes("herdgate_flight_calls_waiting", 0)) << "pod " << pod;
    }
    waited_ = Outcomes("waited");
    refreshed_ = Outcomes("synthetic_miss");
    stale_ = Outcomes("stale");
  }
  // Redis ends by itself what the sidecars leave behind.
  void ExpectNoLeaseForever() {
    for (const auto& pod : pods_) pod->Stop();
    const std::string left = direct_.Do({"EVAL",
                                         "local most = -2 for _, k in ipairs(redis.call('KEYS', ARGV[1])) do "
                                         "local t = redis.call('PTTL', k) if t == -1 then return -1 end "
                                         "if t > most then most = t end end return most",
                                         "0", std::string(kLeases) + "*"});
    EXPECT_NE(left, ":-1\r\n") << "a lease has no expiry";
    EXPECT_LE(Number(left), choices_.terms.lease / 1000) << left;
  }

  void ReadLog() {
    direct_.Do({"ECHO", "the-end"});
    std::string seen = monitor_.ReadUntil("the-end\"\r\n");
    std::size_t at = 0;
    for (std::size_t end = 0; (end = seen.find("\r\n", at)) != std::string::npos; at = end + 2) {
      LogLine line = Parsed(std::string_view(seen).substr(at, end - at));
      if (!line.words.empty()) history_.log.push_back(std::move(line));
    }
  }
  // +1700000000.123456 [0 127.0.0.1:1] "SET" "k" "v"
  static LogLine Parsed(std::string_view text) {
    LogLine line;
    const std::size_t point = text.find('.');
    const std::size_t open = text.find(" [");
    if (!text.starts_with('+') || point == std::string_view::npos || open == std::string_view::npos) return line;
    line.of_script = text.substr(open, text.find(']', open) - open).ends_with(" lua");
    line.at = std::stoll(std::string(text.substr(1, point - 1))) * 1'000'000 +
              std::stoll(std::string(text.substr(point + 1, 6)));
    for (std::size_t at = text.find('"', open); at != std::string_view::npos; at = text.find('"', at)) {
      std::string word;
      for (++at; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\') ++at;
        word += text[at];
      }
      line.words.push_back(word);
      ++at;
    }
    return line;
  }

  const WorldChoices choices_;
  base::Random random_;
  RedisProcess redis_{{"--io-threads", "1"}};
  RawClient direct_ = Direct();
  RawClient monitor_ = Direct();
  std::vector<std::unique_ptr<herdgate::testing::Relay>> relays_;
  std::vector<std::unique_ptr<Sidecar>> pods_;
  std::set<int> stopped_;
  std::vector<std::unique_ptr<Pool>> pools_;
  std::vector<std::unique_ptr<Actor>> actors_;
  std::vector<std::thread> threads_;
  std::atomic<bool> stopping_{false};
  History history_;
  double waited_ = 0;
  double refreshed_ = 0;
  double stale_ = 0;
};

}  // namespace herdgate::integration::flights

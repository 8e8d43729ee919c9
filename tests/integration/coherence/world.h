// World: one redis-server, sidecars before it, each behind a relay of its own, and actors on all of them.
//
// Threads: one owner; it starts a thread for each actor and joins them. Faults are made by the owner meanwhile.
#pragma once

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/coherence/actor.h"
#include "tests/integration/coherence/checker.h"
#include "tests/integration/support/sidecar.h"
#include "tests/support/relay.h"

namespace herdgate::integration::coherence {

struct WorldChoices {
  std::uint64_t seed = 1;
  int pods = 2;
  int actors = 3;  // of each pod
  unsigned loops = 2;
  std::chrono::milliseconds near_ttl{30000};
  int writer_pause_us = 4000;  // at most, between the writes of one that goes to Redis directly
  Habits habits = {};
};

class World {
 public:
  explicit World(const WorldChoices& choices) : choices_(choices), random_(choices.seed) {
    // What it checks are fresh values: old ones are not to be shown at all.
    const std::string policies = "policies:\n  - {name: near, match: [\"*\"], near: {enabled: true, max_ttl: " +
                                 std::to_string(choices.near_ttl.count()) +
                                 "ms}, stampede: {stale_while_revalidate: 0ms}}\n";
    for (int i = 0; i < choices.pods; ++i) {
      relays_.push_back(std::make_unique<herdgate::testing::Relay>(redis_.port()));
      relays_.back()->Only("\r\nTRACKING\r\n");
      pods_.push_back(std::make_unique<Sidecar>(relays_.back()->Url(),
                                                Sidecar::Choices{.loops = choices.loops, .policies = policies}));
    }
    for (const auto& pod : pods_) EXPECT_TRUE(pod->started() && Tracks(*pod));
    monitor_.Do({"MONITOR"});
  }

  // Actors at work, while `faults` makes what it makes; it returns when the history is over.
  template <typename Faults>
  Findings Run(Faults faults) {
    StartActors();
    faults();
    stopping_ = true;
    for (std::thread& thread : threads_) thread.join();
    for (const auto& actor : actors_) {
      if (actor->pod() == kElsewhere) continue;
      history_.events.insert(history_.events.end(), actor->events().begin(), actor->events().end());
      errors_ += actor->errors();
    }
    ReadLog();
    return Checker::Check(history_);
  }

  // ---- for faults

  static void Sleep(std::chrono::milliseconds time) { std::this_thread::sleep_for(time); }
  herdgate::testing::Relay& RelayOf(int pod) { return *relays_[static_cast<std::size_t>(pod)]; }
  int AnyPod() { return static_cast<int>(random_.Below(static_cast<std::uint64_t>(choices_.pods))); }
  base::Random& random() { return random_; }
  // From `from` until now the pod's news may have been held back.
  void Disturbed(int pod, Micros from, Micros until = WallNow()) {
    history_.disturbances.push_back({pod, from, until});
  }
  void Lag(std::chrono::milliseconds lag) { history_.lag = lag.count() * 1000; }
  // Kills one connection of the sidecars: one that tracks, or one that carries commands.
  void KillOne(bool tracking) {
    std::vector<std::string> ids;
    const std::string list = Text(direct_.Do({"CLIENT", "LIST"}));
    for (std::size_t at = 0, end = 0; (end = list.find('\n', at)) != std::string::npos; at = end + 1) {
      const std::string line = list.substr(at, end - at);
      const std::string id = line.substr(3, line.find(' ') - 3);
      const std::string flags = line.substr(line.find(" flags=") + 7, 3);
      const bool tracks = flags.find('t') != std::string::npos;
      if (tracks == tracking && flags.find('O') == std::string::npos && line.find("user=") != std::string::npos &&
          !IsOwn(line)) {
        ids.push_back(id);
      }
    }
    if (!ids.empty()) direct_.Do({"CLIENT", "KILL", "ID", ids[random_.Below(ids.size())]});
  }

  // ---- when it is over

  const History& history() const { return history_; }
  std::size_t errors() const { return errors_; }
  // Of all pods.
  double NearHits() const {
    double hits = 0;
    Eventually([&] {
      hits = 0;
      for (const auto& pod : pods_) hits += pod->Metric(kHits);
      return hits > 0;
    });
    return hits;
  }
  bool AllTrack() const {
    for (const auto& pod : pods_) {
      if (!Tracks(*pod)) return false;
    }
    return true;
  }

 private:
  static constexpr int kElsewhere = -2;  // an actor in another database: nothing of it is checked
  static constexpr const char* kHits = "herdgate_lookups_total{outcome=\"near_hit\"";

  static bool Tracks(const Sidecar& pod) { return pod.MetricBecomes("herdgate_near_mode{mode=\"tracked\"", 1); }
  // Connections that the test itself has to Redis say so by their name.
  static bool IsOwn(const std::string& line) { return line.find(" name=test ") != std::string::npos; }
  RawClient Direct() const {
    RawClient client = redis_.Client();
    client.Do({"CLIENT", "SETNAME", "test"});
    return client;
  }

  void StartActors() {
    int number = 0;
    const auto add = [&](int pod, const Habits& habits, const Actor::Connect& connect) {
      ++number;
      actors_.push_back(
          std::make_unique<Actor>(pod, number, choices_.seed * 1000 + static_cast<unsigned>(number), habits, connect));
    };
    for (int pod = 0; pod < choices_.pods; ++pod) {
      for (int i = 0; i < choices_.actors; ++i)
        add(pod, choices_.habits, [this, pod] { return pods_[static_cast<std::size_t>(pod)]->Client(); });
    }
    const Habits writer{
        .writes = 1000, .flushes = choices_.habits.flushes, .pipelines = 100, .pause_us = choices_.writer_pause_us};
    add(-1, writer, [this] { return Direct(); });
    if (choices_.habits.swaps > 0) {
      // What will be swapped in.
      add(kElsewhere, writer, [this] {
        RawClient client = Direct();
        client.Do({"SELECT", "1"});
        return client;
      });
    }
    for (const auto& actor : actors_)
      threads_.emplace_back([this, &actor] { actor->Run([this] { return !stopping_.load(); }); });
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
    line.at = std::stoll(std::string(text.substr(1, point - 1))) * 1'000'000 +
              std::stoll(std::string(text.substr(point + 1, 6)));
    line.database = std::stoi(std::string(text.substr(open + 2)));
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
  std::vector<std::unique_ptr<herdgate::testing::Relay>> relays_;
  std::vector<std::unique_ptr<Sidecar>> pods_;
  RawClient direct_ = Direct();
  RawClient monitor_ = Direct();
  std::vector<std::unique_ptr<Actor>> actors_;
  std::vector<std::thread> threads_;
  std::atomic<bool> stopping_{false};
  History history_;
  std::size_t errors_ = 0;
};

}  // namespace herdgate::integration::coherence

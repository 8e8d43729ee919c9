// Actor: one connection of an app, or of a writer that goes to Redis directly, which sends random commands and notes
// what it was told.
//
// Threads: one owner, a thread of its own; events() when that has ended.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "sidecar/base/random.h"
#include "sidecar/resp/reply.h"
#include "tests/integration/coherence/history.h"

namespace herdgate::integration::coherence {

inline constexpr int kPlainKeys = 6;     // p0...: APPEND, RENAME and the like
inline constexpr int kExpiringKeys = 3;  // e0...: SET PX

inline Micros WallNow() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

// What an actor may send, in parts of a thousand.
struct Habits {
  std::uint64_t writes = 120;
  std::uint64_t flushes = 1;
  std::uint64_t swaps = 0;
  std::uint64_t pipelines = 300;  // of all turns
  int pause_us = 300;             // at most, between turns
  bool only_gets = false;  // of reads, and one at a time: nothing then holds what is in a near cache against Redis
};

class Actor {
 public:
  using Connect = std::function<RawClient()>;

  Actor(int pod, int number, std::uint64_t seed, const Habits& habits, Connect connect)
      : pod_(pod), number_(number), habits_(habits), random_(seed), connect_(std::move(connect)) {}

  // One write of one or more requests, and their replies.
  void Turn(RawClient& client) {
    std::vector<Plan> plans;
    const std::size_t requests = Chance(habits_.pipelines) ? 2 + random_.Below(5) : 1;
    std::string bytes;
    while (plans.size() < requests) {
      plans.push_back(Next());
      bytes += plans.back().bytes;
    }
    const Micros invoked = WallNow();
    client.Send(bytes);
    for (Plan& plan : plans) {
      const std::vector<std::string> frames = client.Read(plan.frames);
      for (Event& event : plan.events) {
        event.invoked = invoked;
        event.returned = WallNow();
      }
      if (frames.back() == kEnd || frames.back() == kSilence) {
        broken_ = true;
        return;
      }
      Take(plan, frames.back());
    }
    if (habits_.pause_us > 0) {
      std::this_thread::sleep_for(
          std::chrono::microseconds(random_.Below(static_cast<std::uint64_t>(habits_.pause_us))));
    }
  }
  void Run(const std::function<bool()>& goes_on) {
    while (goes_on()) {
      RawClient client = connect_();
      client.set_patience(std::chrono::milliseconds(15000));
      ++connections_;
      broken_ = !client.connected();
      while (goes_on() && !broken_) Turn(client);
      if (broken_) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  int pod() const { return pod_; }
  const std::vector<Event>& events() const { return events_; }
  std::size_t errors() const { return errors_; }

 private:
  // One request on the wire, or a transaction: its last reply tells.
  struct Plan {
    std::string bytes;
    std::size_t frames = 1;
    std::vector<Event> events = {};  // reads in the order in which the reply shows them
    bool is_array = false;           // each read an element; `elements`: at which
    std::vector<std::size_t> elements = {};
  };

  bool Chance(std::uint64_t of_thousand) { return random_.Below(1000) < of_thousand; }
  std::string Plain() { return "p" + std::to_string(random_.Below(kPlainKeys)); }
  std::string Expiring() { return "e" + std::to_string(random_.Below(kExpiringKeys)); }
  std::string AnyKey() { return random_.Below(kPlainKeys + kExpiringKeys) < kPlainKeys ? Plain() : Expiring(); }
  std::string NewValue(const std::string& key) {
    return key + "." + std::to_string(number_) + "." + std::to_string(++values_) + ";";
  }

  Event Read(const std::string& key, Form form = Form::kGet) const {
    return {.pod = pod_, .connection = number_ * 1000 + connections_, .key = key, .form = form};
  }
  Event Wrote(std::vector<Effect> effects) const {
    return {.pod = pod_, .connection = number_ * 1000 + connections_, .effects = std::move(effects)};
  }
  static Plan Of(const Words& words, Event event) { return {.bytes = Encode(words), .events = {std::move(event)}}; }

  Plan Next() {
    if (Chance(habits_.flushes)) return Of({"FLUSHALL"}, Wrote({{{"FLUSHALL"}, {}}}));
    if (Chance(habits_.swaps)) return Of({"SWAPDB", "0", "1"}, Wrote({{{"SWAPDB", "0", "1"}, {}}}));
    return Chance(habits_.writes) ? NextWrite() : NextRead();
  }
  Plan NextRead() {
    const std::string key = AnyKey();
    switch (habits_.only_gets ? 10 : random_.Below(10)) {
      case 0:
        return Of({"STRLEN", key}, Read(key, Form::kStrlen));
      case 1:
        return Of({"EXISTS", key}, Read(key, Form::kExists));
      case 2:
        return Of({"GETRANGE", key, "0", "5"}, Read(key, Form::kStart));
      case 3: {
        const std::string other = AnyKey();
        return {.bytes = Encode({"MGET", key, other}),
                .events = {Read(key), Read(other)},
                .is_array = true,
                .elements = {0, 1}};
      }
      default:
        return Of({"GET", key}, Read(key));
    }
  }
  Plan NextWrite() {
    const std::string key = Plain();
    const std::string other = Plain();
    switch (random_.Below(12)) {
      case 0:
        return Simple({"DEL", key}, {key});
      case 1:
        return Simple({"APPEND", key, "+" + NewValue(key)}, {key});
      case 2:
        return Simple({"MSET", key, NewValue(key), other, NewValue(other)}, {key, other});
      case 3:
        return Simple({"RENAME", key, other}, {key, other});
      case 4:
        return Script(key, "return redis.call('SET', KEYS[1], ARGV[1])", {"1", key});
      case 5:
        return Script(key, "return redis.call('SET', ARGV[2], ARGV[1])", {"0"});
      case 6:
        return Transaction(key, other);
      case 7: {
        const std::string expiring = Expiring();
        return Simple({"PEXPIRE", expiring, std::to_string(20 + random_.Below(200)), "NX"}, {expiring});
      }
      case 8:
      case 9: {
        const std::string expiring = Expiring();
        Words words = {"SET", expiring, NewValue(expiring)};
        if (Chance(800)) words.insert(words.end(), {"PX", std::to_string(20 + random_.Below(300))});
        return Simple(words, {expiring});
      }
      default:
        return Simple({"SET", key, NewValue(key)}, {key});
    }
  }
  Plan Simple(const Words& words, std::vector<std::string> keys) {
    return Of(words, Wrote({{words, std::move(keys)}}));
  }
  Plan Script(const std::string& key, const std::string& script, const Words& keys) {
    const std::string value = NewValue(key);
    Words words = {"EVAL", script};
    words.insert(words.end(), keys.begin(), keys.end());
    words.insert(words.end(), {value, key});
    return Of(words, Wrote({{{"SET", key, value}, {key}}}));
  }
  Plan Transaction(const std::string& key, const std::string& other) {
    const std::string value = NewValue(key);
    const Effect set{{"SET", key, value}, {key}};
    const Effect del{{"DEL", other}, {other}};
    return {.bytes = Encode({"MULTI"}) + Encode({"GET", other}) + Encode(set.line) + Encode(del.line) +
                     Encode({"GET", key}) + Encode({"EXEC"}),
            .frames = 6,
            .events = {Read(other), Wrote({set, del}), Read(key)},
            .is_array = true,
            .elements = {0, 1, 3}};
  }

  void Take(Plan& plan, const std::string& frame) {
    const auto parsed = resp::ParseReply(frame);
    if (!parsed.ok() || parsed.value().reply.type == resp::ReplyType::kError) {
      ++errors_;
      return;
    }
    const resp::Reply& reply = parsed.value().reply;
    if (plan.is_array && reply.elements.size() <= plan.elements.back()) {
      ++errors_;
      return;
    }
    for (std::size_t i = 0; i < plan.events.size(); ++i) {
      Event& event = plan.events[i];
      const resp::Reply& answer = plan.is_array ? reply.elements[plan.elements[i]] : reply;
      if (!event.key.empty() && answer.type != resp::ReplyType::kNull) event.got = std::string(answer.text);
      events_.push_back(std::move(event));
    }
  }

  const int pod_;
  const int number_;
  const Habits habits_;
  base::Random random_;
  const Connect connect_;
  std::vector<Event> events_;
  int connections_ = 0;
  int values_ = 0;
  bool broken_ = false;
  std::size_t errors_ = 0;
};

}  // namespace herdgate::integration::coherence

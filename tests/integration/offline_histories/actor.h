// Actor: one connection of an app that uses cache policies: it writes the keys that are its own, reads all, and notes
// what it was told. Its connection must never end.
//
// Threads: one owner, a thread of its own; all else when that has ended.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "sidecar/base/random.h"
#include "sidecar/resp/reply.h"
#include "tests/integration/offline_histories/history.h"
#include "tests/integration/support/raw_client.h"

namespace herdgate::integration::offline {

class Actor {
 public:
  Actor(int pod, int number, std::uint64_t seed, const std::vector<Key>& keys, RawClient client)
      : pod_(pod), number_(number), random_(seed), keys_(keys), client_(std::move(client)) {
    client_.set_patience(std::chrono::milliseconds(15000));
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (keys[i].actor == number) own_.push_back(i);
    }
  }

  void Run(const std::function<bool()>& goes_on) {
    while (goes_on() && ended_.empty()) {
      Turn();
      std::this_thread::sleep_for(std::chrono::microseconds(random_.Below(2500)));
    }
  }

  const std::vector<Event>& events() const { return events_; }
  // What came in the place of a reply; empty: the connection held.
  const std::string& ended() const { return ended_; }
  Micros slowest() const { return slowest_; }

 private:
  struct Plan {
    std::string bytes;
    std::vector<Event> events;
    bool is_array = false;
  };

  void Turn() {
    std::vector<Plan> plans;
    std::string bytes;
    for (std::uint64_t left = random_.Below(3) == 0 ? 2 + random_.Below(6) : 1; left > 0; --left) {
      plans.push_back(Next());
      bytes += plans.back().bytes;
    }
    const Micros invoked = Now();
    client_.Send(bytes);
    for (Plan& plan : plans) {
      const std::string frame = client_.Read();
      const Micros returned = Now();
      slowest_ = std::max(slowest_, returned - invoked);
      if (frame == kEnd || frame == kSilence) {
        ended_ = frame + " for " + plan.bytes;
        return;
      }
      Take(plan, frame, invoked, returned);
    }
  }

  std::size_t AnyKey() {
    // Few are hot.
    return random_.Below(2) == 0 ? random_.Below(std::min<std::size_t>(keys_.size(), 8)) : random_.Below(keys_.size());
  }
  Event Of(Act act, std::size_t key) const { return {.act = act, .pod = pod_, .actor = number_, .key = key}; }
  Plan Next() {
    const std::uint64_t dice = random_.Below(100);
    if (dice < 55) {
      const std::size_t key = AnyKey();
      return {.bytes = Encode({"GET", keys_[key].name}), .events = {Of(Act::kGet, key)}};
    }
    if (dice < 70) return NextMget();
    const std::size_t key = own_[random_.Below(own_.size())];
    const std::string& name = keys_[key].name;
    if (dice < 74) return {.bytes = Encode({"EXPIRE", name, "1000"}), .events = {Of(Act::kTouch, key)}};
    const bool sets = dice < 90;
    Event event = Of(sets ? Act::kSet : Act::kDel, key);
    event.number = ++written_;
    const std::string bytes = sets ? Encode({"SET", name, ValueOf(keys_[key], event.number)})
                                   : Encode({random_.Below(2) == 0 ? "DEL" : "UNLINK", name});
    return {.bytes = bytes, .events = {event}};
  }
  Plan NextMget() {
    Plan plan{.bytes = {}, .events = {}, .is_array = true};
    Words words = {"MGET"};
    for (std::uint64_t left = 2 + random_.Below(3); left > 0; --left) {
      plan.events.push_back(Of(Act::kGet, AnyKey()));
      words.push_back(keys_[plan.events.back().key].name);
    }
    const bool may_fail =
        std::ranges::any_of(plan.events, [this](const Event& event) { return keys_[event.key].kind == Kind::kErrors; });
    for (Event& event : plan.events) event.may_fail = may_fail;
    plan.bytes = Encode(words);
    return plan;
  }

  void Take(Plan& plan, const std::string& frame, Micros invoked, Micros returned) {
    const auto parsed = resp::ParseReply(frame);
    const bool failed = !parsed.ok() || parsed.value().reply.type == resp::ReplyType::kError ||
                        (plan.is_array && parsed.value().reply.elements.size() != plan.events.size());
    for (std::size_t i = 0; i < plan.events.size(); ++i) {
      Event& event = plan.events[i];
      event.invoked = invoked;
      event.returned = returned;
      event.failed = failed;
      event.may_fail |= keys_[event.key].kind == Kind::kErrors;
      if (failed && event.act == Act::kGet && !event.may_fail) event.got = frame;
      if (!failed && event.act == Act::kGet) {
        const resp::Reply& reply = plan.is_array ? parsed.value().reply.elements[i] : parsed.value().reply;
        if (reply.type != resp::ReplyType::kNull) event.got = std::string(reply.text);
      }
      events_.push_back(std::move(event));
    }
  }

  const int pod_;
  const int number_;
  base::Random random_;
  const std::vector<Key>& keys_;
  RawClient client_;
  std::vector<std::size_t> own_;
  std::vector<Event> events_;
  std::int64_t written_ = 0;
  std::string ended_;
  Micros slowest_ = 0;
};

}  // namespace herdgate::integration::offline

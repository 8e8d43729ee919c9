// Actor: a thread of an app that reads through a cache: GET, on nil it computes and SETs, more or less as it should;
// and Pool: the connections that the threads of one app share.
//
// Threads: a Pool, any. An Actor, one owner, a thread of its own; events() when that has ended.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "sidecar/base/random.h"
#include "sidecar/resp/reply.h"
#include "tests/integration/flight_histories/history.h"
#include "tests/integration/support/raw_client.h"

namespace herdgate::integration::flights {

struct Wire {
  // What it was told of a key and has not SET since.
  struct Miss {
    int nils = 0;
    Micros first = 0;  // sent
    Micros invoked = 0;
    Micros returned = 0;
    bool early = false;
    bool fresh = false;  // no SET since
  };
  Wire(RawClient connected, int number) : client(std::move(connected)), id(number) {}
  RawClient client;
  int id;
  std::map<std::string, Miss> misses = {};
  bool waited_in_vain = false;  // ever
};
using WirePtr = std::unique_ptr<Wire>;

class Pool {
 public:
  using Connect = std::function<RawClient()>;

  Pool(int pod, Connect connect) : pod_(pod), connect_(std::move(connect)) {}
  // The one that came back last; null: nobody listens.
  WirePtr Take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        WirePtr wire = std::move(idle_.back());
        idle_.pop_back();
        return wire;
      }
    }
    RawClient client = connect_();
    if (!client.connected()) return nullptr;
    client.set_patience(std::chrono::milliseconds(20000));
    static std::atomic<int> last{0};
    return std::make_unique<Wire>(std::move(client), ++last);
  }
  void Give(WirePtr wire) {
    const std::lock_guard lock(mutex_);
    if (wire != nullptr) idle_.push_back(std::move(wire));
  }
  int pod() const { return pod_; }

 private:
  const int pod_;
  const Connect connect_;
  std::mutex mutex_;  // guards idle_
  std::vector<WirePtr> idle_;
};

// In parts of a thousand, of what an app does with a key of that kind.
struct Habits {
  std::uint64_t removes = 30;
  std::uint64_t blind_writes = 10;
  std::uint64_t never_fills = 0;
  std::uint64_t fills_twice = 0;
  std::uint64_t closes = 10;      // its connection, between miss and SET
  std::uint64_t pipelines = 0;    // what it sends has something behind it, or it asks for several keys at once
  std::uint64_t elsewhere = 250;  // fills on whatever connection the pool gives it
  int compute_ms = 25;            // at most
};

inline Habits HabitsFor(Kind kind) {
  switch (kind) {
    case Kind::kRough:
      return {.removes = 60, .blind_writes = 60, .never_fills = 120, .fills_twice = 80, .closes = 80, .pipelines = 250};
    case Kind::kLong:
      return {.removes = 60, .blind_writes = 8, .elsewhere = 100, .compute_ms = 40};
    case Kind::kBlind:
      return {.removes = 0, .blind_writes = 0, .closes = 0, .elsewhere = 0};
    case Kind::kTidy:
    case Kind::kGen:
    case Kind::kSolo:
      break;
  }
  return {};
}

class Actor {
 public:
  struct Choices {
    int number = 0;
    std::uint64_t seed = 0;
    int pause_us = 4000;    // at most, between turns
    std::int64_t px = 400;  // of keys of kTidy, kRough and kGen
    Micros max_wait = 200'000;
    bool flushes = true;
    int solo_ms = 0;    // it is the thread that computes what is of kSolo, for so long at least
    bool calm = false;  // little is removed or overwritten, so that values live to their end
  };
  static constexpr int kKeysOfAKind = 2;

  Actor(const Choices& choices, Pool& pool) : choices_(choices), pool_(pool), random_(choices.seed) {}

  void Run(const std::function<bool()>& goes_on) {
    while (goes_on()) {
      wire_ = pool_.Take();
      if (wire_ == nullptr) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        continue;
      }
      pool_.pod() == kDirect ? DirectTurn() : Turn();
      pool_.Give(std::move(wire_));
      Pause(choices_.pause_us);
    }
  }
  const std::vector<Event>& events() const { return events_; }
  // Replies that cannot be those of their requests.
  const std::vector<std::string>& disorder() const { return disorder_; }

 private:
  struct Written {
    std::string bytes = {};
    std::size_t frames = 1;
    std::size_t telling = 0;  // which of them tells
    Event event = {};
  };

  // ---- turns

  void Turn() {
    if (choices_.solo_ms > 0) return SoloTurn();
    if (pool_.pod() > 0 && Chance(choices_.calm ? 1 : 15)) return Remove(SoloKey());
    const std::uint64_t dice = random_.Below(100);
    const Kind kind = dice < 35   ? Kind::kTidy
                      : dice < 55 ? Kind::kRough
                      : dice < 75 ? Kind::kLong
                      : dice < 85 ? Kind::kBlind
                                  : Kind::kGen;
    const std::string key = KeyOf(kind);
    Habits habits = HabitsFor(kind);
    if (choices_.calm && kind != Kind::kBlind) habits.removes = habits.blind_writes = 1;
    if (kind == Kind::kBlind && pool_.pod() == 0) return BlindWrite(key);
    if (choices_.flushes && Chance(1)) return Flush();
    if (Chance(habits.removes)) return Remove(key);
    if (Chance(habits.blind_writes)) return BlindWrite(key);
    if (Chance(habits.pipelines)) return Pipeline(key);
    if (Get(key) == Result::kNil && kind != Kind::kBlind) Fill(key, habits);
  }
  void SoloTurn() {
    if (Get(SoloKey()) != Result::kNil || wire_ == nullptr) return Pause(10000);
    std::this_thread::sleep_for(std::chrono::milliseconds(choices_.solo_ms));
    Pause(100000);
    Write(NewSet(SoloKey(), 0));
  }
  void DirectTurn() {
    const std::uint64_t dice = random_.Below(100);
    const Kind kind = static_cast<Kind>(random_.Below(kKinds.size()));
    const std::string key = KeyOf(kind);
    if (dice == 0 && choices_.flushes) return Flush();
    if (dice < 10) return Bump();
    // What is under a generation has another name here.
    if (kind == Kind::kGen || kind == Kind::kSolo) return;
    if (dice < 60) return Remove(key);
    BlindWrite(key);
  }

  void Fill(const std::string& key, const Habits& habits) {
    if (Chance(habits.never_fills)) return;
    const bool elsewhere = Chance(habits.elsewhere);
    if (elsewhere) pool_.Give(std::move(wire_));
    Pause(1000 * habits.compute_ms);
    if (elsewhere) wire_ = pool_.Take();
    if (wire_ == nullptr) return;
    if (Chance(habits.closes)) return Close();
    const int times = Chance(habits.fills_twice) ? 2 : 1;
    for (int i = 0; i < times && wire_ != nullptr; ++i) Write(NewSet(key, random_.Below(8)));
  }
  void BlindWrite(const std::string& key) { Write(NewSet(key, Chance(800) ? 0 : 1)); }

  Result Get(const std::string& key) {
    Event event = Begun(Act::kGet, key);
    wire_->client.Say({"GET", key});
    // Now and then something comes behind it while it waits.
    std::string mark;
    if (KindOf(key) == Kind::kRough && Chance(100)) {
      Pause(8000);
      if (wire_->client.Peek().empty()) {
        mark = NewMark();
        event.alone = false;
        wire_->client.Say({"ECHO", mark});
      }
    }
    Take(event, wire_->client.Read());
    if (!mark.empty() && wire_ != nullptr) Expect(mark, wire_->client.Read());
    return event.result;
  }

  // Several requests in one write, or one that asks for several keys.
  void Pipeline(const std::string& key) {
    const std::string other = KeyOf(Kind::kRough);
    if (random_.Below(3) == 0) return Mget(key, other);
    const std::string mark = NewMark();
    std::vector<Event> gets;
    std::string bytes;
    const auto add_get = [&](const std::string& name) {
      gets.push_back(Begun(Act::kGet, name));
      gets.back().alone = false;
      bytes += Encode({"GET", name});
    };
    add_get(key);
    if (random_.Below(2) == 0) add_get(other);
    Written set;
    const bool sets = random_.Below(2) == 0;
    if (sets) {
      set = NewSet(key, 0);
      set.event.plain = false;
      bytes += set.bytes;
    }
    wire_->client.Send(bytes + Encode({"ECHO", mark}));
    for (Event& get : gets) {
      if (wire_ != nullptr) Take(get, wire_->client.Read());
    }
    if (sets && wire_ != nullptr) Take(set.event, wire_->client.Read());
    if (wire_ != nullptr) Expect(mark, wire_->client.Read());
  }
  void Mget(const std::string& key, const std::string& other) {
    std::vector<Event> gets = {Begun(Act::kGet, key), Begun(Act::kGet, other)};
    wire_->client.Say({"MGET", key, other});
    const std::string frame = wire_->client.Read();
    const auto parsed = resp::ParseReply(frame);
    const bool whole = parsed.ok() && parsed.value().reply.elements.size() == gets.size();
    for (std::size_t i = 0; i < gets.size(); ++i) {
      gets[i].alone = false;
      if (whole) {
        const resp::Reply& element = parsed.value().reply.elements[i];
        gets[i].result = element.type == resp::ReplyType::kNull ? Result::kNil : Result::kOk;
        gets[i].value = std::string(element.text);
      }
      gets[i].returned = WallNow();
      if (whole) NoteMiss(gets[i]);
      if (!whole && IsError(frame)) gets[i].result = Result::kFailed;
      events_.push_back(gets[i]);
    }
    if (!whole && !IsError(frame)) Drop();
  }

  void Remove(const std::string& key) {
    const std::uint64_t way = random_.Below(4);
    const Words words = way == 0 ? Words{"UNLINK", key} : way == 1 ? Words{"EXPIRE", key, "0"} : Words{"DEL", key};
    Event event = Begun(Act::kRemove, key);
    Take(event, wire_->client.Do(words));
  }
  void Flush() {
    Event event = Begun(Act::kFlush, {});
    Take(event, wire_->client.Do({"FLUSHALL"}));
  }
  void Bump() {
    Event event = Begun(Act::kBump, {});
    // One that is gone is made anew from the clock.
    Take(event, wire_->client.Do({"EVAL",
                                  "if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('INCR', KEYS[1]) end return 1",
                                  "1", "__herdgate:generation:gen"}));
  }
  void Close() {
    Event event = Begun(Act::kClose, {});
    wire_ = nullptr;
    event.returned = WallNow();
    events_.push_back(event);
  }

  // ---- SETs

  std::int64_t LifeOf(const std::string& key) const {
    switch (KindOf(key)) {
      case Kind::kLong:
      case Kind::kSolo:
        return 60000;
      case Kind::kBlind:
        return 3000;
      default:
        return choices_.px;
    }
  }
  Written NewSet(const std::string& key, std::uint64_t way) {
    Written set{.event = Begun(Act::kSet, key)};
    set.event.value = key + "|" + std::to_string(choices_.number) + "|" + std::to_string(++values_);
    const std::string& value = set.event.value;
    const std::string px = std::to_string(set.event.px = LifeOf(key));
    switch (way) {
      case 1:
        set.bytes = Encode({"PSETEX", key, px, value});
        set.event.plain = true;
        break;
      case 2:
        set.bytes = Encode({"SET", key, value, "NX", "PX", px});
        set.event.only_if_absent = true;
        break;
      case 3:
        set.bytes = Encode({"MULTI"}) + Encode({"SET", key, value, "PX", px}) + Encode({"EXEC"});
        set.frames = 3;
        set.telling = 2;
        break;
      case 4:
        set.bytes = Encode({"MSET", key, value}) + Encode({"PEXPIRE", key, px});
        set.event.px = 0;
        set.frames = 2;
        break;
      default:
        set.bytes = Encode({"SET", key, value, "PX", px});
        set.event.plain = true;
    }
    return set;
  }
  void Write(Written set) {
    set.event.invoked = WallNow();
    wire_->client.Send(set.bytes);
    const std::vector<std::string> frames = wire_->client.Read(set.frames);
    Take(set.event, frames.size() > set.telling && frames.size() == set.frames ? frames[set.telling] : kEnd);
  }

  // ---- what is told

  Event Begun(Act act, const std::string& key) {
    Event event{.act = act, .pod = pool_.pod(), .connection = wire_->id, .key = key, .invoked = WallNow()};
    event.may_be_shared = wire_->waited_in_vain && !wire_->misses.empty();
    const auto miss = wire_->misses.find(key);
    if (act == Act::kSet && miss != wire_->misses.end()) {
      event.follows_miss = true;
      event.first_miss = miss->second.first;
      event.follows_at_once = std::exchange(miss->second.fresh, false);
      event.miss_invoked = miss->second.invoked;
      event.miss_returned = miss->second.returned;
      event.miss_was_early = miss->second.early;
      if (--miss->second.nils == 0) wire_->misses.erase(miss);
    }
    return event;
  }
  static bool IsError(const std::string& frame) { return frame.starts_with('-') || frame.starts_with('!'); }
  void Take(Event& event, const std::string& frame) {
    event.returned = WallNow();
    event.result = ResultOf(event, frame);
    if (event.act == Act::kGet && event.result == Result::kOk) event.value = Text(frame);
    if (event.result != Result::kLost) NoteMiss(event);
    events_.push_back(event);
    if (event.result == Result::kLost) Drop();
  }
  Result ResultOf(const Event& event, const std::string& frame) {
    if (frame == kEnd || frame == kSilence) return Result::kLost;
    if (IsError(frame) || frame.find("\r\n-") != std::string::npos) return Result::kFailed;
    if (frame == "$-1\r\n" || frame == "*-1\r\n") return Result::kNil;
    const bool fits = event.act == Act::kGet ? frame.starts_with('$') : !frame.starts_with('$');
    if (!fits) disorder_.push_back("another's reply: " + frame);
    return Result::kOk;
  }
  void NoteMiss(const Event& event) {
    if (event.act != Act::kGet || event.result != Result::kNil) return;
    const bool early = event.returned - event.invoked < choices_.max_wait - 20'000;
    wire_->waited_in_vain |= !early;
    Wire::Miss& miss = wire_->misses[event.key];
    if (miss.nils++ == 0) miss.first = event.invoked;
    miss.fresh = true;
    miss.invoked = event.invoked;
    miss.returned = event.returned;
    // Who does not wait has no lease that a removal could take, if whoever leads has gone.
    miss.early = event.alone && early && !event.may_be_shared;
  }
  void Expect(const std::string& mark, const std::string& frame) {
    if (frame == kEnd || frame == kSilence) return Drop();
    if (Text(frame) != mark && !IsError(frame)) disorder_.push_back("not " + mark + ": " + frame);
  }
  // The connection is lost.
  void Drop() {
    if (wire_ != nullptr) Close();
  }

  // ---- chances

  bool Chance(std::uint64_t of_thousand) { return random_.Below(1000) < of_thousand; }
  void Pause(int most_us) {
    std::this_thread::sleep_for(std::chrono::microseconds(random_.Below(static_cast<std::uint64_t>(most_us) + 1)));
  }
  std::string KeyOf(Kind kind) {
    return std::string(kKinds[static_cast<std::size_t>(kind)]) + ":" + std::to_string(random_.Below(kKeysOfAKind));
  }
  static std::string SoloKey() { return std::string(kKinds[static_cast<std::size_t>(Kind::kSolo)]) + ":0"; }
  std::string NewMark() { return "mark-" + std::to_string(choices_.number) + "-" + std::to_string(++marks_); }

  const Choices choices_;
  Pool& pool_;
  base::Random random_;
  WirePtr wire_;
  std::vector<Event> events_;
  std::vector<std::string> disorder_;
  int values_ = 0;
  int marks_ = 0;
};

}  // namespace herdgate::integration::flights

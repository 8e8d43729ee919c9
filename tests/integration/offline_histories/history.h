// History: what the clients of cache policies asked and were told while Redis came and went.
//
// Each key has one actor that writes it; its writes are numbered, and a value tells which of them wrote it. Times are
// microseconds of one steady clock. Threads: plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace herdgate::integration::offline {

using Micros = std::int64_t;

inline Micros Now() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

// What a policy does without Redis.
enum class Kind : unsigned char { kMisses, kErrors, kStandby };

struct Key {
  int pod = 0;    // of its writer
  int actor = 0;  // its writer
  Kind kind = Kind::kMisses;
  std::string name = {};
};

enum class Act : unsigned char { kGet, kSet, kDel, kTouch };

// One command for one key, and the reply. An MGET is several.
struct Event {
  Act act = Act::kGet;
  int pod = 0;
  int actor = 0;
  std::size_t key = 0;
  std::int64_t number = 0;  // of a write
  Micros invoked = 0;
  Micros returned = 0;
  bool failed = false;               // an error
  bool may_fail = false;             // a read with others whose policy wants errors
  std::optional<std::string> got{};  // by a read; nothing: nil
};

// From when until when nothing was wrong: every sidecar had Redis, and its near cache was told of writes.
struct Calm {
  Micros from = 0;
  Micros until = 0;
};

struct History {
  std::vector<Key> keys;
  std::vector<Event> events;
  std::vector<Calm> calms;
  Micros lag = 500'000;  // of the news of a write for another pod, in a calm
};

inline std::string ValueOf(const Key& key, std::int64_t number) {
  return key.name + "=" + std::to_string(number);
}

}  // namespace herdgate::integration::offline

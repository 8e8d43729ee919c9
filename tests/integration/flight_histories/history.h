// History: what the clients of several sidecars asked and were told, and what Redis executed, in its order.
//
// Every SET has a value of its own: "<key>|<actor>|<number>". Times are microseconds of the wall clock, which Redis'
// log shares. Threads: plain values.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/support/raw_client.h"

namespace herdgate::integration::flights {

using Micros = std::int64_t;

inline Micros WallNow() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

// What the apps do with a key: the word before its colon.
enum class Kind : std::uint8_t {
  kTidy,   // every miss is filled in time, unless its connection ends
  kRough,  // anything happens
  kLong,   // lives a minute: only what was shortened ends
  kBlind,  // pod 0 only writes it, the others only read it
  kGen,    // as kTidy, under a generation
  kSolo,   // one thread of pod 0 computes it, for longer than news takes; the other pods only remove it
};
inline constexpr std::array<std::string_view, 6> kKinds = {"tidy", "rough", "long", "blind", "gen", "solo"};

inline Kind KindOf(std::string_view key) {
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    if (key.starts_with(kKinds[i])) return static_cast<Kind>(i);
  }
  return Kind::kRough;
}

enum class Act : std::uint8_t {
  kGet,
  kSet,     // also SETEX, SET NX, in MULTI, MSET: one value of one key
  kRemove,  // DEL, UNLINK, EXPIRE 0
  kFlush,   // FLUSHALL: no key
  kBump,    // of the generation of the keys of kGen: no key
  kClose,   // the connection's end: no key
};

enum class Result : std::uint8_t {
  kOk,      // a value; OK
  kNil,     // nothing; NX that found a value
  kFailed,  // an error
  kLost,    // no answer came
};

inline constexpr int kDirect = -1;  // a pod that is none: Redis itself was asked

struct Event {
  Act act = Act::kGet;
  int pod = kDirect;
  int connection = 0;
  std::string key = {};
  Micros invoked = 0;
  Micros returned = 0;
  Result result = Result::kLost;
  std::string value = {};  // that a GET showed, or a SET wrote
  // ---- of a GET
  bool alone = true;  // no other request stood before or behind it
  // The connection owes a SET and has waited in vain: it may be shared by threads, and does not wait.
  bool may_be_shared = false;
  // ---- of a SET
  std::int64_t px = 0;           // its expiry in ms; 0: given by a command of its own
  bool only_if_absent = false;   // NX
  bool plain = false;            // a SET that can only be answered OK, with nothing around it
  bool follows_miss = false;     // on the connection that was told nil
  Micros first_miss = 0;         // when the first such GET was sent; a miss that no SET followed is one, too
  bool follows_at_once = false;  // no other SET on this connection since the last nil
  Micros miss_invoked = 0;       // the GET that was told the last nil
  Micros miss_returned = 0;
  bool miss_was_early = false;  // it was told so before it can have waited its time
};

struct LogLine {
  Micros at = 0;
  Words words;
  bool of_script = false;  // a command that a script called
};

// Between these times something was wrong with the pod's connections to Redis.
struct Disturbance {
  int pod = 0;
  Micros from = 0;
  Micros until = 0;
};

enum class StaleSet : std::uint8_t { kShort, kDrop };

// What was configured, and what is granted to the machine.
struct Terms {
  Micros max_wait = 200'000;
  Micros stale_window = 0;  // 0: old values are never shown
  StaleSet stale_set = StaleSet::kShort;
  bool near = false;
  bool refresh = false;
  bool leases = true;        // false: Redis refuses the scripts
  bool undisturbed = true;   // no faults were made
  Micros lag = 400'000;      // of the news of another pod's write
  Micros slack = 1'500'000;  // of an answer
  Micros clock_slack = 3'000;
  Micros expiry_slack = 60'000;
  Micros lease = 10'000'000;
};

inline constexpr Micros kOvertime = 200'000;
inline constexpr Micros kLateLife = 2'000'000;  // of what came too late

struct History {
  Terms terms;
  std::vector<Event> events;
  std::vector<LogLine> log;
  std::vector<Disturbance> disturbances;
};

}  // namespace herdgate::integration::flights

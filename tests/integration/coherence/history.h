// History: what the clients of several sidecars asked and were told, and what Redis did meanwhile.
//
// Times are microseconds of the wall clock that the tests and Redis share. Threads: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/integration/support/raw_client.h"

namespace herdgate::integration::coherence {

using Micros = std::int64_t;

// What a read shows of a key's value.
enum class Form : unsigned char { kGet, kStrlen, kExists, kStart };

// One line of MONITOR that a write causes, and the keys of database 0 that it is about; none: all keys.
struct Effect {
  Words line;
  std::vector<std::string> keys;
};

// One read of one key, or one write, that was answered. A write whose fate is not known is none.
struct Event {
  int pod = 0;  // negative: not through a sidecar
  int connection = 0;
  Micros invoked = 0;
  Micros returned = 0;
  std::string key = {};  // of a read; a write has none
  Form form = Form::kGet;
  std::optional<std::string> got = {};  // nothing: nil
  std::vector<Effect> effects = {};     // of a write
};

struct LogLine {
  Micros at = 0;
  int database = 0;
  Words words;
};

// Between these times the news of writes may be held back from the pod.
struct Disturbance {
  int pod = 0;
  Micros from = 0;
  Micros until = 0;
};

struct History {
  std::vector<Event> events;  // of one connection: in the order in which it sent them
  std::vector<LogLine> log;
  std::vector<Disturbance> disturbances;
  Micros lag = 400'000;        // how long the news of a write may take when nothing disturbs
  Micros clock_slack = 2'000;  // between two readings of the clock
  Micros expiry_slack = 60'000;
};

}  // namespace herdgate::integration::coherence

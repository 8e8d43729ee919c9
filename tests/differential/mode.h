// Mode: what kind of traffic a script holds. One row a mode, in mode.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace herdgate::differential {

// How often a part of a script is one of these, against the others.
struct SceneWeights {
  unsigned pipeline = 60;   // plain commands
  unsigned connection = 6;  // SELECT, CLIENT, HELLO with wrong arguments, ... among plain commands
  unsigned transaction = 10;
  unsigned watch = 4;
  unsigned pubsub = 4;
  unsigned blocking = 2;  // each costs some hundredths of a second
  unsigned wake = 3;      // blocked until another client acts
  unsigned reply = 3;     // CLIENT REPLY OFF and SKIP
  unsigned tracking = 2;
  unsigned user = 3;   // AUTH, HELLO AUTH, NOPERM
  unsigned hello = 0;  // the protocol changes
  unsigned close = 2;  // QUIT, or the client half-closes
  unsigned malformed = 0;
  // Only under policies, which set them (Author):
  unsigned listing = 0;        // KEYS, SCAN
  unsigned notifications = 0;  // keyspace notifications
  unsigned hot = 0;            // a key that is read again and again
};

struct Mode {
  std::string_view name;
  int protocol = 2;              // 2, 3, or 0: some clients speak one and some the other
  uint64_t large_one_in = 3000;  // see Values
  SceneWeights weights;
};

std::span<const Mode> Modes();
// nullptr if there is none of that name.
const Mode* FindMode(std::string_view name);

}  // namespace herdgate::differential

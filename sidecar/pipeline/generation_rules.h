// The rules of generations: what a process does with what it reads at a policy's counter. Pure.
//
// A generation is the number in the version prefix of a policy's keys; whoever bumps it hides them all. The counter
// lives in the upstream at "__herdgate:generation:NAME", in the database of the upstream's URL, as decimal
// milliseconds; every sidecar watches it. The counter can be lost (eviction, FLUSHALL, a restart, a failover) or be set
// back by hand, and no older generation may come alive again by that:
//   1. A value never goes back in a process.
//   2. A higher value in the upstream is taken.
//   3. A lower or unreadable value in the upstream is raised to the process' own, on the condition that it has not
//      changed meanwhile (WATCH).
//   4. A missing counter gets the value last seen again (SET NX) if this connection has watched it since it saw it:
//      nobody has bumped it then, and the cache stays warm. A connection that polls does not watch.
//   5. A missing counter that was not watched, or was never seen, begins at the wall clock, and above what was seen:
//      a bump may have been missed, and a cold cache is better than an old one.
//   6. A bump goes to the wall clock, or to one above the counter and above what was seen. It is conditional as well.
// Whoever loses a condition reads again and judges again. Rules 1 to 4 and 6 hold whatever the clocks say.
//
// What is left, where nobody who saw the bump is there to apply rule 3:
//   - a bump and the loss of the counter both within the one round trip in which a watcher reads it: it sees the loss
//     alone, and rule 4 brings the older value back;
//   - a counter set back by hand while all of them are away: who arrives believes it until one of them is back;
//   - a bump and the loss of the counter both missed by a process whose clock is behind by more than it was away.
//
// Tags. Behind the generation the counter may hold a mark of the policy's tag log (tag_log.h), as
// "GENERATION.VERSION.BASE.BYTES.RULES.DIGEST". Within a generation the mark follows the same rules: it never goes back
// (1), a greater version is taken once the log was read that it tells of (2), and a smaller one is raised, with the log
// (3). A log that does not fit its mark is written again by a process that knows it; where none does, where the log
// tells of tags that the process does not know and lacks others that it knows (two logs that parted in a failover), and
// where the rules by which keys are named have changed since a tag was invalidated, a new generation begins.
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sidecar/base/clock.h"
#include "sidecar/pipeline/tag_log.h"
#include "sidecar/resp/reply.h"

namespace herdgate::pipeline {

// Beyond any clock. A larger number at a counter is unreadable.
inline constexpr std::uint64_t kMaxGeneration = 999'999'999'999'999'999;

std::string GenerationKey(std::string_view policy);

// What a GET of the counter says. An error other than WRONGTYPE says nothing.
struct CounterReading {
  enum class Kind : std::uint8_t { kValue, kMissing, kUnreadable, kError };

  Kind kind = Kind::kError;
  std::uint64_t value = 0;  // kValue: 1 to kMaxGeneration
  TagMark tags{};           // kValue: of no version, or one above the generation

  bool operator==(const CounterReading&) const = default;
};
CounterReading ReadCounter(const resp::Reply& reply);
// What is written there.
std::string CounterText(std::uint64_t generation, const TagMark& tags);

// What the process knows of the counter.
struct CounterMemory {
  std::uint64_t last_seen = 0;  // 0: never
  bool watched = false;         // on this connection, since last_seen was read on it
};

struct GenerationStep {
  enum class Kind : std::uint8_t {
    kTake,    // `value` is the generation
    kCreate,  // write `value` if the counter is still missing, then read
    kRaise,   // write `value` if the counter has not changed, then read
    kKeep,    // nothing can be said
  };

  Kind kind = Kind::kKeep;
  std::uint64_t value = 0;

  bool operator==(const GenerationStep&) const = default;
};
GenerationStep JudgeCounter(const CounterReading& reading, const CounterMemory& memory, base::WallTime now);

// What the mark of a generation that is taken means.
enum class TagStep : std::uint8_t {
  kNone,     // no tag of it was invalidated
  kRead,     // the log has to be read
  kOlder,    // the process knows of more: write `known` and the log, if the counter has not changed, then read
  kForeign,  // keys were named by other rules: begin a new generation
};
// `known`: what the process knows of the same generation. `rules`: its rules' fingerprint.
TagStep JudgeTags(const CounterReading& reading, const TagMark& known, std::uint64_t rules);

// The generation that a bump writes; nothing if there is none left.
std::optional<std::uint64_t> NextGeneration(const CounterReading& reading, const CounterMemory& memory,
                                            base::WallTime now);

}  // namespace herdgate::pipeline

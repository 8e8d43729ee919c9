// GenerationPlan: what a conditional write of Generations writes, once the counter and the tag log have been read under
// WATCH. Pure.
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sidecar/base/clock.h"
#include "sidecar/pipeline/generation_rules.h"
#include "sidecar/pipeline/tag_log.h"

namespace herdgate::pipeline {

struct GenerationWish {
  enum class Kind : std::uint8_t {
    kRaise,  // make the counter what it has to be
    kBump,   // begin a new generation
    kTag,    // give `tag` a new version; where that can't be done, begin a new generation
  };
  Kind kind = Kind::kRaise;
  std::string tag{};
};

struct GenerationPlan {
  enum class Log : std::uint8_t { kKeep, kRemove, kReplace, kAppend };

  bool writes = false;           // else the counter is as it should be, with `generation`
  std::uint64_t generation = 0;  // afterwards
  std::string counter{};         // its text
  Log log = Log::kKeep;
  TagLog::Line line{};  // kReplace, kAppend
  // Of a tag, where a new generation begins instead: "counter" was lost or set back, "log" was lost or is another one,
  // "rules" are others than the log's, "tags" are too many.
  std::string_view renewed_for{};
};

// What is known where it is judged.
struct GenerationView {
  const CounterReading& reading;
  // Whether the log was just read and fits the reading; `log` has it then.
  bool intact = false;
  // Whether it was just read and fits the reading, which tells of nothing that `log` does not know.
  bool covered = false;
  const CounterMemory& memory;
  const TagLog& log;
  std::uint64_t rules = 0;  // the fingerprint; 0: the policy has none
};
// Nothing if there is no number left.
std::optional<GenerationPlan> PlanWrite(const GenerationWish& wish, const GenerationView& view, base::WallTime now);

}  // namespace herdgate::pipeline

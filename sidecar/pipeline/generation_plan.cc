#include "sidecar/pipeline/generation_plan.h"

#include <algorithm>

namespace herdgate::pipeline {
namespace {

using Log = GenerationPlan::Log;
using Reading = CounterReading::Kind;
using Step = GenerationStep::Kind;

GenerationPlan Begin(std::uint64_t generation, const GenerationView& view) {
  const bool log = view.reading.tags.any() || view.log.mark().any();
  return {.writes = true,
          .generation = generation,
          .counter = CounterText(generation, {}),
          .log = log ? Log::kRemove : Log::kKeep};
}

std::optional<GenerationPlan> BeginNext(const GenerationView& view, base::WallTime now) {
  const auto next = NextGeneration(view.reading, view.memory, now);
  return next ? std::optional(Begin(*next, view)) : std::nullopt;
}

// What the process knows, the log too.
GenerationPlan Restore(const GenerationView& view) {
  const std::uint64_t generation = view.memory.last_seen;
  if (!view.log.MarkOf(generation).any()) return Begin(generation, view);
  GenerationPlan plan{.writes = true, .generation = generation, .log = Log::kReplace, .line = view.log.Whole()};
  plan.counter = CounterText(generation, plan.line.mark);
  return plan;
}

std::optional<GenerationPlan> Raise(const GenerationView& view, base::WallTime now) {
  const GenerationStep step = JudgeCounter(view.reading, view.memory, now);
  const TagMark known = view.log.MarkOf(view.memory.last_seen);
  const bool foreign = known.any() && known.rules != view.rules;
  if (step.kind != Step::kTake) {
    // Tags of an older generation were invalidated, maybe after this one's keys were written.
    if (view.reading.tags.any()) return BeginNext(view, now);
    if (step.value != view.memory.last_seen) return Begin(step.value, view);
    return foreign ? BeginNext(view, now) : Restore(view);
  }
  const bool same = step.value == view.memory.last_seen;
  switch (JudgeTags(view.reading, same ? known : TagMark{}, view.rules)) {
    case TagStep::kNone:
      break;
    case TagStep::kRead:
      if (view.intact) break;
      if (same && known.SameTags(view.reading.tags)) return Restore(view);
      return BeginNext(view, now);
    case TagStep::kOlder:
      if (view.reading.tags.any() && !view.covered) return BeginNext(view, now);
      return Restore(view);
    case TagStep::kForeign:
      return BeginNext(view, now);
  }
  return GenerationPlan{.generation = step.value};
}

// Why the tag can't be given a version; "": it can. Whatever is not as it should be makes it a bump: a lost log would
// be made good first, but hardly ever is one lost.
std::string_view WhyRenewed(const std::string& tag, const GenerationView& view) {
  const CounterReading& reading = view.reading;
  if (reading.kind != Reading::kValue || reading.value < view.memory.last_seen) return "counter";
  const bool logged = reading.tags.any();
  if (view.rules == 0 || (logged && reading.tags.rules != view.rules)) return "rules";
  if (logged ? !view.intact : view.log.MarkOf(reading.value).any()) return "log";
  const bool full = logged && view.log.versions().size() >= TagLog::kMostTags;
  return full && !view.log.versions().contains(tag) ? "tags" : "";
}

std::optional<GenerationPlan> Tag(const std::string& tag, const GenerationView& view, base::WallTime now) {
  const CounterReading& reading = view.reading;
  if (const std::string_view why = WhyRenewed(tag, view); !why.empty()) {
    auto next = BeginNext(view, now);
    if (next) next->renewed_for = why;
    return next;
  }
  const CounterMemory above{.last_seen = std::max(reading.value, reading.tags.version)};
  const auto version = NextGeneration(reading, above, now);
  if (!version) return std::nullopt;
  GenerationPlan plan{.writes = true, .generation = reading.value};
  plan.line = view.log.NextLine(reading.value, tag, *version, view.rules);
  plan.log = plan.line.anew ? Log::kReplace : Log::kAppend;
  plan.counter = CounterText(reading.value, plan.line.mark);
  return plan;
}

}  // namespace

std::optional<GenerationPlan> PlanWrite(const GenerationWish& wish, const GenerationView& view, base::WallTime now) {
  switch (wish.kind) {
    case GenerationWish::Kind::kRaise:
      return Raise(view, now);
    case GenerationWish::Kind::kBump:
      return BeginNext(view, now);
    case GenerationWish::Kind::kTag:
      return Tag(wish.tag, view, now);
  }
  return std::nullopt;
}

}  // namespace herdgate::pipeline

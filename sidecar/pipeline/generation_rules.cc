#include "sidecar/pipeline/generation_rules.h"

#include <algorithm>
#include <charconv>

#include "sidecar/policy/snapshot.h"

namespace herdgate::pipeline {
namespace {

using Reading = CounterReading::Kind;
using Step = GenerationStep::Kind;

std::uint64_t Milliseconds(base::WallTime now) {
  const auto since = now.time_since_epoch().count();
  return std::clamp<std::uint64_t>(since > 0 ? static_cast<std::uint64_t>(since) : 1, 1, kMaxGeneration);
}

// A generation that nobody can have used.
std::uint64_t Fresh(const CounterMemory& memory, base::WallTime now) {
  return std::max(Milliseconds(now), std::min(memory.last_seen + 1, kMaxGeneration));
}

}  // namespace

std::string GenerationKey(std::string_view policy) {
  std::string key(policy::kOwnKeyPrefix);
  key += "generation:";
  key += policy;
  return key;
}

CounterReading ReadCounter(const resp::Reply& reply) {
  if (reply.type == resp::ReplyType::kNull) return {Reading::kMissing, 0};
  if (reply.type == resp::ReplyType::kError) {
    return {reply.text.starts_with("WRONGTYPE") ? Reading::kUnreadable : Reading::kError, 0};
  }
  if (!reply.is_text()) return {Reading::kError, 0};
  const char* const end = reply.text.data() + reply.text.size();
  std::uint64_t value = 0;
  const auto [stopped, error] = std::from_chars(reply.text.data(), end, value);
  const bool readable = error == std::errc() && stopped == end && value > 0 && value <= kMaxGeneration;
  return readable ? CounterReading{Reading::kValue, value} : CounterReading{Reading::kUnreadable, 0};
}

GenerationStep JudgeCounter(const CounterReading& reading, const CounterMemory& memory, base::WallTime now) {
  const std::uint64_t own = memory.watched && memory.last_seen > 0 ? memory.last_seen : Fresh(memory, now);
  switch (reading.kind) {
    case Reading::kValue:
      if (reading.value >= memory.last_seen) return {Step::kTake, reading.value};
      return {Step::kRaise, memory.last_seen};
    case Reading::kMissing:
      return {Step::kCreate, own};
    case Reading::kUnreadable:
      return {Step::kRaise, own};
    case Reading::kError:
      break;
  }
  return {};
}

std::optional<std::uint64_t> NextGeneration(const CounterReading& reading, const CounterMemory& memory,
                                            base::WallTime now) {
  const std::uint64_t highest = std::max(reading.value, memory.last_seen);
  if (reading.kind == Reading::kError || highest >= kMaxGeneration) return std::nullopt;
  return std::max(Milliseconds(now), highest + 1);
}

}  // namespace herdgate::pipeline

#include "sidecar/pipeline/generation_rules.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

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

// Of numbers with dots between them, how many there are; 0 if the text is not that, or holds more than `numbers`.
std::size_t ReadNumbers(std::string_view text, std::span<std::uint64_t* const> numbers) {
  const char* const end = text.data() + text.size();
  const char* at = text.data();
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto [stopped, error] = std::from_chars(at, end, *numbers[i]);
    if (error != std::errc()) return 0;
    if (stopped == end) return i + 1;
    if (*stopped != '.') return 0;
    at = stopped + 1;
  }
  return 0;
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
  CounterReading reading{.kind = Reading::kValue};
  const std::array<std::uint64_t*, 6> numbers = {&reading.value,      &reading.tags.version, &reading.tags.base,
                                                 &reading.tags.bytes, &reading.tags.rules,   &reading.tags.digest};
  const std::size_t count = ReadNumbers(reply.text, numbers);
  const TagMark& tags = reading.tags;
  const bool is_generation = reading.value > 0 && reading.value <= kMaxGeneration;
  const bool is_mark = tags.base > reading.value && tags.version >= tags.base && tags.version <= kMaxGeneration &&
                       tags.bytes > 0 && tags.bytes <= TagLog::kMostBytes && tags.rules != 0;
  if (is_generation && (count == 1 || (count == numbers.size() && is_mark))) return reading;
  return {Reading::kUnreadable, 0};
}

std::string CounterText(std::uint64_t generation, const TagMark& tags) {
  std::string text = std::to_string(generation);
  if (!tags.any()) return text;
  for (const std::uint64_t number : {tags.version, tags.base, tags.bytes, tags.rules, tags.digest})
    text.append(".").append(std::to_string(number));
  return text;
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

TagStep JudgeTags(const CounterReading& reading, const TagMark& known, std::uint64_t rules) {
  if (known.any() && known.rules != rules) return TagStep::kForeign;
  if (reading.tags.version < known.version) return TagStep::kOlder;
  if (!reading.tags.any()) return TagStep::kNone;
  return reading.tags.rules == rules ? TagStep::kRead : TagStep::kForeign;
}

std::optional<std::uint64_t> NextGeneration(const CounterReading& reading, const CounterMemory& memory,
                                            base::WallTime now) {
  const std::uint64_t highest = std::max(reading.value, memory.last_seen);
  if (reading.kind == Reading::kError || highest >= kMaxGeneration) return std::nullopt;
  return std::max(Milliseconds(now), highest + 1);
}

}  // namespace herdgate::pipeline

// Generations: the tag logs of the policies whose keys have tags by rules.
#include <algorithm>
#include <utility>

#include "sidecar/pipeline/generations.h"

namespace herdgate::pipeline {

// What the configuration says of the policy.
void Generations::Name(Counter& counter, const policy::Policy& policy) {
  counter.policy = policy.name;
  counter.key = GenerationKey(policy.name);
  counter.log_key = TagLogKey(policy.name);
  counter.cells = &metrics_.Of(policy.name);
  counter.active = true;
  counter.rules = policy::TagRules::Fingerprint(policy.tags);
  const TagMark mark = counter.log.MarkOf(counter.memory.last_seen);
  // By the rules of now, keys could have names again that were hidden.
  if (mark.any() && mark.rules != counter.rules) counter.known = false;
  if (std::exchange(counter.schema, policy.version.schema) == policy.version.schema) return;
  counter.table_version = 0;
  (void)RefreshTable(counter);
}

// Whether keys have other names now.
bool Generations::RefreshTable(Counter& counter) {
  const std::uint64_t generation = counter.memory.last_seen;
  const std::uint64_t version = counter.log.MarkOf(generation).version;
  const bool same = counter.table == nullptr || counter.table->generation() == generation;
  if (same && counter.table_version == version) return false;
  const bool goes_on = counter.table != nullptr && same && counter.table_version != 0;
  counter.table_version = version;
  if (version == 0) {
    counter.table = nullptr;
  } else if (const auto changes = counter.log.TakeChanges(); changes && goes_on) {
    counter.table = counter.table->With(*changes);
  } else {
    counter.table = std::make_shared<const policy::TagTable>(counter.schema, generation, counter.log.versions());
  }
  counter.cells->tags.Set(version == 0 ? 0 : static_cast<std::int64_t>(counter.log.versions().size()));
  return true;
}

// ---- reading

// A generation that is not older than the process' own.
void Generations::OnGeneration(Counter& counter, const CounterReading& reading) {
  switch (JudgeTags(reading, counter.log.MarkOf(reading.value), counter.rules)) {
    case TagStep::kNone:
      return Adopt(counter, reading.value, {});
    case TagStep::kRead:
      return ReadLog(counter, reading);
    case TagStep::kOlder:
      return Raise(counter);
    case TagStep::kForeign:
      Hide(counter);
      return Raise(counter);
  }
}

// The counter is asked for again behind its log: if it has not changed, the two belong together.
void Generations::ReadLog(Counter& counter, const CounterReading& reading) {
  // If the counter goes before its log is read, more was seen of it than what could be written again.
  const bool news = reading.value > counter.memory.last_seen || reading.tags != counter.log.MarkOf(reading.value);
  if (news) counter.memory.watched = false;
  const auto log = std::make_shared<LogReading>();
  log->counter = reading;
  log->first = counter.log.FirstByte(reading.value, reading.tags);
  control_.Ask({"GETRANGE", counter.log_key, std::to_string(log->first), std::to_string(reading.tags.bytes - 1)},
               [log](const resp::Reply& reply) { TakeBytes(reply, *log); });
  control_.Ask({"GET", counter.key}, [this, &counter, log](const resp::Reply& reply) { OnLog(counter, *log, reply); });
}

// What is no string is as good as nothing; any other error says nothing.
void Generations::TakeBytes(const resp::Reply& reply, LogReading& log) {
  log.failed = reply.type == resp::ReplyType::kError && !reply.text.starts_with("WRONGTYPE");
  if (reply.is_text() || log.failed) log.bytes = reply.text;
}

void Generations::OnLog(Counter& counter, const LogReading& log, const resp::Reply& again) {
  const CounterReading& reading = log.counter;
  if (log.failed) return Error(counter, log.bytes);
  if (ReadCounter(again) != reading || counter.log.FirstByte(reading.value, reading.tags) != log.first)
    return OnRead(counter, again);
  if (counter.log.Take(reading.value, reading.tags, log.bytes)) return Adopt(counter, reading.value, {});
  Error(counter, "the tag log is lost");
  if (!counter.log.MarkOf(reading.value).SameTags(reading.tags)) Hide(counter);
  Raise(counter);
}

void Generations::Raise(Counter& counter) {
  if (counter.active && !counter.denied && !counter.raising) QueueWrite(counter, {}, nullptr);
}

// Names that may be wrong are not used until it is known better.
void Generations::Hide(Counter& counter) {
  if (!counter.known) return;
  counter.known = false;
  counter.cells->known.Set(0);
  PublishNow({});
}

}  // namespace herdgate::pipeline

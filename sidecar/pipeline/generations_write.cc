// Generations' conditional writes: bumps, and counters that have to be raised. One at a time, because WATCH belongs to
// the whole connection:
//   WATCH, GET, maybe GETRANGE | MULTI, SET, EXEC, GET      the last GET makes the upstream push again
// Of a tag, its log is written in the same transaction.
#include <algorithm>
#include <utility>

#include "sidecar/pipeline/generations.h"
#include "sidecar/pipeline/texts.h"

namespace herdgate::pipeline {

using base::ErrorCode;
using base::Status;
using std::chrono::milliseconds;

void Generations::Bump(std::string_view policy, BumpDone done) {
  Counter* const counter = Find(policy);
  if (counter == nullptr) return done(WhyNot(policy));
  QueueWrite(*counter, {.kind = GenerationWish::Kind::kBump}, [done = std::move(done)](base::Result<TagBump> result) {
    done(result.ok() ? base::Result(result.value().generation) : result.status());
  });
}

void Generations::BumpTag(std::string_view policy, std::string_view tag, TagBumpDone done) {
  Counter* const counter = Find(policy);
  if (counter == nullptr) return done(WhyNot(policy));
  if (counter->rules == 0)
    return done(Status(ErrorCode::kInvalidArgument, "policy '" + std::string(policy) + "' has no rules for tags"));
  QueueWrite(*counter, {.kind = GenerationWish::Kind::kTag, .tag = std::string(tag)}, std::move(done));
}

// Null: it has no generations, or nothing can be written any more.
Generations::Counter* Generations::Find(std::string_view policy) {
  const auto found = counters_.find(policy);
  return found != counters_.end() && found->second.active && !closed_ ? &found->second : nullptr;
}

Status Generations::WhyNot(std::string_view policy) const {
  const std::string name = "'" + std::string(policy) + "'";
  if (closed_) return {ErrorCode::kUnavailable, "the sidecar stops"};
  const bool exists = policies_ && std::any_of(policies_->policies().begin(), policies_->policies().end(),
                                               [&](const policy::Policy& p) { return p.name == policy; });
  if (!exists) return {ErrorCode::kInvalidArgument, "there is no policy " + name};
  return {ErrorCode::kInvalidArgument,
          "policy " + name + " has no generations: it needs mode: enforce and version: {generation: true}"};
}

void Generations::QueueWrite(Counter& counter, GenerationWish wish, TagBumpDone done) {
  counter.raising |= !done;
  writes_.push_back({next_write_++, &counter, std::move(wish), std::move(done), loop_.Now() + timeout_});
  AwaitDeadline();
  StartWrite();
}

void Generations::StartWrite() {
  if (writing_ || writes_.empty() || !control_.up()) return;
  writing_ = true;
  write_error_.clear();
  const std::uint64_t id = writes_.front().id;
  const std::string& key = writes_.front().counter->key;
  control_.Ask({"WATCH", key, writes_.front().counter->log_key},
               [this, id](const resp::Reply& reply) { NoteError(id, reply); });
  control_.Ask({"GET", key}, [this, id](const resp::Reply& reply) {
    if (IsUnderWay(id)) OnWatched(reply);
  });
}

// Whether the write has not been given up meanwhile.
bool Generations::IsUnderWay(std::uint64_t id) const {
  return writing_ && !writes_.empty() && writes_.front().id == id;
}

void Generations::NoteError(std::uint64_t id, const resp::Reply& reply) {
  const bool is_first = IsUnderWay(id) && write_error_.empty();
  if (is_first && reply.type == resp::ReplyType::kError) write_error_ = texts::WordsOfError(reply.text);
}

void Generations::OnWatched(const resp::Reply& reply) {
  const CounterReading reading = ReadCounter(reply);
  if (reading.kind == CounterReading::Kind::kError) write_error_ = texts::WordsOfError(reply.text);
  if (!write_error_.empty()) return EndWrite(Status(ErrorCode::kUnavailable, write_error_));
  Counter& counter = *writes_.front().counter;
  const TagMark& tags = reading.tags;
  if (!tags.any() || tags.rules != counter.rules || reading.value < counter.memory.last_seen)
    return Decide({.reading = reading});
  const std::uint64_t first = counter.log.FirstByte(reading.value, tags);
  control_.Ask({"GETRANGE", counter.log_key, std::to_string(first), std::to_string(tags.bytes - 1)},
               [this, id = writes_.front().id, &counter, reading, first](const resp::Reply& log_reply) {
                 if (!IsUnderWay(id)) return;
                 if (counter.log.FirstByte(reading.value, reading.tags) != first) return Restart();
                 LogReading log;
                 TakeBytes(log_reply, log);
                 if (log.failed) return EndWrite(Status(ErrorCode::kUnavailable, log.bytes));
                 Watched watched{.reading = reading};
                 watched.intact = counter.log.Take(reading.value, reading.tags, log.bytes);
                 watched.covered = !watched.intact && counter.log.Covers(reading.value, reading.tags, log.bytes);
                 // The log is never of a later generation than the names.
                 if (watched.intact) Adopt(counter, reading.value, {});
                 Decide(watched);
               });
}

void Generations::Restart() {
  writing_ = false;
  StartWrite();
}

void Generations::Decide(const Watched& watched) {
  const Write& write = writes_.front();
  const Counter& counter = *write.counter;
  const auto plan = PlanWrite(write.wish,
                              {.reading = watched.reading,
                               .intact = watched.intact,
                               .covered = watched.covered,
                               .memory = counter.memory,
                               .log = counter.log,
                               .rules = counter.rules},
                              clock_.Wall());
  if (!plan)
    return EndWrite(Status(ErrorCode::kExhausted, "the counter has reached its end; set it to a lower number by hand"));
  if (plan->writes) return SendWrite(*plan);
  control_.Ask({"UNWATCH"}, [](const resp::Reply&) {});
  EndWrite(TagBump{.generation = plan->generation});
}

void Generations::SendWrite(const GenerationPlan& plan) {
  const std::uint64_t id = writes_.front().id;
  Counter& counter = *writes_.front().counter;
  const auto note = [this, id](const resp::Reply& reply) { NoteError(id, reply); };
  control_.Ask({"MULTI"}, note);
  AskLog(counter, plan, note);
  control_.Ask({"SET", counter.key, plan.counter}, note);
  control_.Ask({"EXEC"}, [this, id, plan](const resp::Reply& reply) {
    if (IsUnderWay(id)) OnWritten(plan, reply);
  });
  Read(counter);
}

void Generations::AskLog(const Counter& counter, const GenerationPlan& plan, const ControlLane::Done& note) {
  switch (plan.log) {
    case GenerationPlan::Log::kKeep:
      return;
    case GenerationPlan::Log::kRemove:
      return control_.Ask({"DEL", counter.log_key}, note);
    case GenerationPlan::Log::kReplace:
      return control_.Ask({"SET", counter.log_key, plan.line.text}, note);
    case GenerationPlan::Log::kAppend:
      return control_.Ask({"APPEND", counter.log_key, plan.line.text}, note);
  }
}

void Generations::OnWritten(const GenerationPlan& plan, const resp::Reply& reply) {
  for (const resp::Reply& element : reply.elements) NoteError(writes_.front().id, element);
  NoteError(writes_.front().id, reply);
  if (!write_error_.empty()) return EndWrite(Status(ErrorCode::kUnavailable, write_error_));
  if (reply.type == resp::ReplyType::kNull) return Restart();  // somebody was faster
  if (!plan.renewed_for.empty()) {
    base::LogWarn("policy.renewed", {{"policy", writes_.front().counter->policy}, {"reason", plan.renewed_for}});
  }
  const bool logged = plan.log == GenerationPlan::Log::kReplace || plan.log == GenerationPlan::Log::kAppend;
  if (logged) writes_.front().counter->log.Written(plan.generation, plan.line);
  EndWrite(TagBump{.generation = plan.generation, .version = plan.line.mark.version});
}

void Generations::EndWrite(base::Result<TagBump> result) {
  const Write write = std::move(writes_.front());
  writes_.pop_front();
  writing_ = false;
  Counter& counter = *write.counter;
  if (!write.done) counter.raising = false;
  if (!result.ok()) {
    counter.denied |= !write.done;
    Error(counter, result.status().message());
    if (write.done) write.done(std::move(result));
  } else if (write.done) {
    const TagBump bump = result.value();
    (bump.version == 0 ? counter.cells->bumps : counter.cells->tag_bumps).Add();
    Adopt(counter, bump.generation, [done = write.done, bump] { done(bump); });
  } else {
    Adopt(counter, result.value().generation, {});
  }
  AwaitDeadline();
  StartWrite();
}

void Generations::AwaitDeadline() {
  if (writes_.empty()) return deadline_timer_.Cancel();
  const auto left = std::chrono::duration_cast<milliseconds>(writes_.front().deadline - loop_.Now());
  deadline_timer_.After(std::max(left, milliseconds(0)) + milliseconds(1), [this] {
    if (writes_.empty()) return;
    if (loop_.Now() < writes_.front().deadline) return AwaitDeadline();
    EndWrite(Status(ErrorCode::kTimeout, "the upstream did not take the new generation in time"));
  });
}

void Generations::FailWrites(const std::string& why) {
  deadline_timer_.Cancel();
  std::deque<Write> writes;
  writes.swap(writes_);
  writing_ = false;
  for (const Write& write : writes) {
    write.counter->raising = false;
    if (write.done) write.done(Status(ErrorCode::kUnavailable, why));
  }
}

}  // namespace herdgate::pipeline

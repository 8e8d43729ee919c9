// Generations' conditional writes: bumps, and counters that have to be raised. One at a time, because WATCH belongs to
// the whole connection:
//   WATCH, GET | MULTI, SET, EXEC, GET      the last GET makes the upstream push again
#include <algorithm>
#include <utility>

#include "sidecar/pipeline/generations.h"

namespace herdgate::pipeline {

using base::ErrorCode;
using base::Status;
using std::chrono::milliseconds;

void Generations::Bump(std::string_view policy, BumpDone done) {
  const auto found = counters_.find(policy);
  if (found != counters_.end() && found->second.active && !closed_) {
    return QueueWrite(found->second, std::move(done));
  }
  const std::string name = "'" + std::string(policy) + "'";
  if (closed_) return done(Status(ErrorCode::kUnavailable, "the sidecar stops"));
  const bool exists = policies_ && std::any_of(policies_->policies().begin(), policies_->policies().end(),
                                               [&](const policy::Policy& p) { return p.name == policy; });
  if (!exists) return done(Status(ErrorCode::kInvalidArgument, "there is no policy " + name));
  done(Status(ErrorCode::kInvalidArgument,
              "policy " + name + " has no generations: it needs mode: enforce and version: {generation: true}"));
}

void Generations::QueueWrite(Counter& counter, BumpDone done) {
  counter.raising |= !done;
  writes_.push_back({next_write_++, &counter, std::move(done), loop_.Now() + timeout_});
  AwaitDeadline();
  StartWrite();
}

void Generations::StartWrite() {
  if (writing_ || writes_.empty() || !control_.up()) return;
  writing_ = true;
  write_error_.clear();
  const std::uint64_t id = writes_.front().id;
  const std::string& key = writes_.front().counter->key;
  control_.Ask({"WATCH", key}, [this, id](const resp::Reply& reply) { NoteError(id, reply); });
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
  if (is_first && reply.type == resp::ReplyType::kError) write_error_ = reply.text;
}

void Generations::OnWatched(const resp::Reply& reply) {
  const CounterReading reading = ReadCounter(reply);
  if (reading.kind == CounterReading::Kind::kError) write_error_ = reply.text;
  if (!write_error_.empty()) return EndWrite(Status(ErrorCode::kUnavailable, write_error_));
  const Write& write = writes_.front();
  if (write.done) {
    const auto next = NextGeneration(reading, write.counter->memory, clock_.Wall());
    if (next) return SendWrite(*next);
    return EndWrite(Status(ErrorCode::kExhausted, "the counter has reached its end; set it to a lower number by hand"));
  }
  const GenerationStep step = JudgeCounter(reading, write.counter->memory, clock_.Wall());
  if (step.kind != GenerationStep::Kind::kTake) return SendWrite(step.value);
  control_.Ask({"UNWATCH"}, [](const resp::Reply&) {});
  EndWrite(step.value);
}

void Generations::SendWrite(std::uint64_t value) {
  const std::uint64_t id = writes_.front().id;
  Counter& counter = *writes_.front().counter;
  const auto note = [this, id](const resp::Reply& reply) { NoteError(id, reply); };
  control_.Ask({"MULTI"}, note);
  control_.Ask({"SET", counter.key, std::to_string(value)}, note);
  control_.Ask({"EXEC"}, [this, id, value](const resp::Reply& reply) {
    if (IsUnderWay(id)) OnWritten(value, reply);
  });
  Read(counter);
}

void Generations::OnWritten(std::uint64_t value, const resp::Reply& reply) {
  for (const resp::Reply& element : reply.elements) NoteError(writes_.front().id, element);
  NoteError(writes_.front().id, reply);
  if (!write_error_.empty()) return EndWrite(Status(ErrorCode::kUnavailable, write_error_));
  if (reply.type != resp::ReplyType::kNull) return EndWrite(value);
  // Somebody was faster.
  writing_ = false;
  StartWrite();
}

void Generations::EndWrite(base::Result<std::uint64_t> result) {
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
    counter.cells->bumps.Add();
    Adopt(counter, result.value(), [done = write.done, value = result.value()] { done(value); });
  } else {
    Adopt(counter, result.value(), {});
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

#include "sidecar/pipeline/generations.h"

#include <algorithm>
#include <utility>

#include "sidecar/pipeline/loop_context.h"
#include "sidecar/pipeline/texts.h"

namespace herdgate::pipeline {
namespace {

using Reading = CounterReading::Kind;
using Step = GenerationStep::Kind;

bool HasGeneration(const policy::Policy& policy) {
  return policy.mode == policy::Mode::kEnforce && policy.version.generation;
}

bool IsError(const resp::Reply& reply) {
  return reply.type == resp::ReplyType::kError;
}

}  // namespace

Generations::Generations(LoopContext& home, const upstream::IdentityPtr& identity, Publish publish)
    : Generations(home.lanes, upstream::LaneKey{3, home.default_db, identity}, std::move(publish)) {}

Generations::Generations(upstream::LanePool& lanes, const upstream::LaneKey& key, Publish publish,
                         const base::Clock& clock)
    : publish_(std::move(publish)),
      clock_(clock),
      loop_(lanes.loop()),
      timeout_(lanes.options().timeout),
      deadline_timer_(lanes.loop()),
      control_(lanes, key, *this) {}

// ---- the policies

void Generations::SetPolicies(std::shared_ptr<const policy::PolicySet> policies) {
  if (closed_) return;
  policies_ = std::move(policies);
  std::vector<Counter*> before;
  before.swap(by_index_);
  for (auto& [name, counter] : counters_) counter.active = false;
  std::vector<std::string> names;
  std::vector<std::string> tagged;
  for (const policy::Policy& policy : policies_->policies()) {
    by_index_.push_back(nullptr);
    if (!HasGeneration(policy)) continue;
    Counter& counter = counters_[policy.name];
    if (std::find(before.begin(), before.end(), &counter) == before.end()) counter.known = false;
    Name(counter, policy);
    by_index_.back() = &counter;
    names.push_back(policy.name);
    if (counter.rules != 0) tagged.push_back(policy.name);
  }
  for (auto& [name, counter] : counters_) {
    // What nobody reads may change unseen.
    counter.memory.watched &= counter.active && counter.known;
    counter.cells->known.Set(counter.active && counter.known ? 1 : 0);
  }
  const bool any = !names.empty();
  metrics_.Show(std::move(names), std::move(tagged));
  PublishNow({});
  if (any) {
    control_.Open();
    return ReadAll();
  }
  control_.Close();
  Forget();
  FailWrites("no policy has generations any more");
}

void Generations::EverySecond() {
  control_.EverySecond();
  for (auto& [name, counter] : counters_) counter.denied = false;
  ReadAll();
}

void Generations::Close() {
  closed_ = true;
  control_.Close();
  Forget();
  FailWrites("the sidecar stops");
}

// ---- the connection

void Generations::OnControlUp() {
  ReadAll();
  StartWrite();
}

void Generations::OnControlDown(const std::string& why) {
  metrics_.errors.Add();
  Forget();
  std::uint64_t suppressed = 0;
  if (log_limit_.Allow(loop_.Now(), suppressed)) {
    base::LogWarn("generations.unreachable", {{"error", why}, {"suppressed", suppressed}});
  }
}

// What was asked on a connection that is gone. Bumps are tried again on the next.
void Generations::Forget() {
  metrics_.tracking.Set(0);
  writing_ = false;
  std::erase_if(writes_, [](const Write& write) { return !write.done; });
  for (auto& [name, counter] : counters_) {
    counter.memory.watched = false;
    counter.raising = false;
  }
  AwaitDeadline();
}

void Generations::OnControlPush(const resp::Reply& push) {
  if (push.elements.size() < 2 || push.elements[0].text != "invalidate") return;
  if (push.elements[1].elements.empty()) return ReadAll();  // FLUSHALL
  for (const resp::Reply& key : push.elements[1].elements) {
    for (Counter* counter : by_index_) {
      if (counter != nullptr && counter->key == key.text) Read(*counter);
    }
  }
}

// ---- reading

void Generations::ReadAll() {
  for (Counter* counter : by_index_) {
    if (counter != nullptr) Read(*counter);
  }
}

// Answers and pushes come in order over one connection: whatever a push told of before the answer, the answer has.
void Generations::Read(Counter& counter) {
  control_.Ask({"GET", counter.key}, [this, &counter](const resp::Reply& reply) { OnRead(counter, reply); });
}

void Generations::OnRead(Counter& counter, const resp::Reply& reply) {
  metrics_.tracking.Set(control_.tracked() ? 1 : 0);
  const CounterReading reading = ReadCounter(reply);
  const GenerationStep step = JudgeCounter(reading, counter.memory, clock_.Wall());
  // A counter that has to be restored with its log is written with that.
  const bool creates = step.kind == Step::kCreate && !counter.log.MarkOf(step.value).any();
  if (step.kind == Step::kTake) return OnGeneration(counter, reading);
  if (step.kind == Step::kKeep) return Error(counter, reply.text);
  if (!creates) return Raise(counter);
  if (counter.active && !counter.denied) Create(counter, step.value);
}

void Generations::Create(Counter& counter, std::uint64_t value) {
  control_.Ask({"SET", counter.key, std::to_string(value), "NX"}, [this, &counter](const resp::Reply& reply) {
    if (!IsError(reply)) return;
    counter.denied = true;
    Error(counter, reply.text);
  });
  Read(counter);
}

void Generations::Adopt(Counter& counter, std::uint64_t value, std::function<void()> everywhere) {
  const bool changed = value > counter.memory.last_seen;
  const bool first = counter.memory.last_seen == 0;
  counter.memory.last_seen = std::max(value, counter.memory.last_seen);
  const bool news = RefreshTable(counter) || changed || !counter.known;
  counter.memory.watched = control_.tracked();
  // A reload may have come since it was asked: by the rules of now, keys could have names again that were hidden.
  const TagMark mark = counter.log.MarkOf(counter.memory.last_seen);
  const bool foreign = mark.any() && mark.rules != counter.rules;
  if (counter.active && !foreign) {
    counter.known = true;
    counter.cells->known.Set(1);
  }
  if (changed) {
    if (!first) counter.cells->changes.Add();
    base::LogInfo("policy.generation", {{"policy", counter.policy}, {"generation", value}});
  }
  if (news || everywhere) PublishNow(std::move(everywhere));
}

void Generations::PublishNow(std::function<void()> everywhere) {
  PolicyNames names;
  for (const Counter* counter : by_index_) {
    const bool known = counter != nullptr && counter->known;
    names.generations.push_back(known ? counter->memory.last_seen : 0);
    names.tags.push_back(known ? counter->table : nullptr);
  }
  publish_(std::move(names), std::move(everywhere));
}

void Generations::Error(const Counter& counter, std::string_view error) {
  metrics_.errors.Add();
  std::uint64_t suppressed = 0;
  if (!log_limit_.Allow(loop_.Now(), suppressed)) return;
  base::LogWarn("generations.refused",
                {{"policy", counter.policy}, {"error", texts::WordsOfError(error)}, {"suppressed", suppressed}});
}

}  // namespace herdgate::pipeline

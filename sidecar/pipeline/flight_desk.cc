#include "sidecar/pipeline/flight_desk.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "sidecar/pipeline/flight_stage.h"
#include "sidecar/pipeline/loop_context.h"
#include "sidecar/pipeline/policy_stage.h"
#include "sidecar/stampede/lease.h"
#include "sidecar/upstream/tracking/tracking.h"

namespace herdgate::pipeline {
namespace {

using stampede::Answer;
using stampede::LeaseCall;
using stampede::Todo;

// Leases of removed keys that wait to be sent; more are left to their expiry.
constexpr std::size_t kMostDrops = 10000;

std::string NewPod() {
  std::uint64_t id = 0;
  if (getentropy(&id, sizeof id) != 0) {
    id = static_cast<std::uint64_t>(base::SystemClock().Wall().time_since_epoch().count()) << 20U ^
         static_cast<std::uint64_t>(getpid());
  }
  return fmt::format("{:016x}", id);
}

policy::SnapshotPtr SnapshotOf(const LoopContext& context) {
  return context.policies == nullptr ? nullptr : context.policies->snapshot();
}

std::string_view PrefixOf(const policy::SnapshotPtr& snapshot, std::string_view key) {
  return snapshot ? snapshot->Prefix(snapshot->set().Match(key), key) : std::string_view();
}

}  // namespace

FlightDesk::FlightDesk(stampede::FlightTable& table, stampede::Guards& guards, LoopContext& home,
                       upstream::Tracking& tracking, Deliver deliver)
    : table_(table),
      guards_(guards),
      home_(home),
      tracking_(tracking),
      deliver_(std::move(deliver)),
      pod_(NewPod()),
      ends_(guards),
      shadows_(table, guards.history(), home, tracking),
      timer_(table, home.loop, [this] { OnDue(); }),
      snapshot_(SnapshotOf(home)) {}

// ---- any loop

bool FlightDesk::leases() const {
  return tracking_.armed() && gate_.open();
}

bool FlightDesk::TakeAsk(base::SteadyTime now) {
  return tracking_.armed() && gate_.Take(now);
}

void FlightDesk::NoteMiss(LoopContext& here, const cache::HashedKey& key, double rate) {
  ends_.NoteMiss(SnapshotOf(here), key, rate, here.loop.Now());
}

void FlightDesk::Carry(LoopContext& here, Todo& todo, const FlightValue& value) {
  const bool on_home = &here == &home_;
  if (!todo.calls.empty()) Enqueue(std::exchange(todo.calls, {}), on_home);
  if (!todo.wakes.empty()) Wake(here, todo.wakes, value);
  if (!todo.ended.empty()) {
    const policy::SnapshotPtr snapshot = SnapshotOf(here);
    for (const stampede::FlightEnd& end : todo.ended) {
      ends_.OnEnded(snapshot, end, table_.Hash(*end.key), here.loop.Now());
    }
  }
  todo.Clear();
  timer_.Look(here.loop.Now(), on_home);
}

// By Post to the caller's own loop too: who calls Carry may be that caller.
void FlightDesk::Wake(const LoopContext& here, const std::vector<stampede::Wake>& wakes, const FlightValue& value) {
  for (std::size_t loop = 0; loop < here.peers.size(); ++loop) {
    std::vector<stampede::Wake> there;
    std::ranges::copy_if(wakes, std::back_inserter(there), [&](const auto& wake) { return wake.caller.loop == loop; });
    if (there.empty()) continue;
    LoopContext* const peer = here.peers[loop];
    peer->loop.Post([this, peer, there = std::move(there), value] {
      for (const stampede::Wake& wake : there) deliver_(*peer, wake, value);
    });
  }
}

void FlightDesk::DropLease(std::string key) {
  if (!tracking_.armed()) return;
  {
    const std::lock_guard lock(mail_mutex_);
    if (mail_.size() >= kMostDrops) return;
  }
  Enqueue({{.kind = LeaseCall::Kind::kDrop, .key = std::make_shared<const std::string>(std::move(key))}}, false);
}

void FlightDesk::Enqueue(std::vector<Call> calls, bool on_home) {
  bool first = false;
  {
    const std::lock_guard lock(mail_mutex_);
    first = mail_.empty();
    std::ranges::move(calls, std::back_inserter(mail_));
  }
  if (on_home) return SendMail();
  // Else the one who was first has posted.
  if (first) home_.loop.Post([this] { SendMail(); });
}

// ---- home: sending

void FlightDesk::SendMail() {
  std::vector<Call> calls;
  {
    const std::lock_guard lock(mail_mutex_);
    calls.swap(mail_);
  }
  for (const Call& call : calls) Send(call);
}

std::optional<std::string> FlightDesk::PhysicalOf(std::string_view logical) const {
  const policy::SnapshotPtr snapshot = SnapshotOf(home_);
  if (!snapshot) return std::string(logical);
  // Without a generation the key has no name yet.
  if (snapshot->IsWaiting(snapshot->set().Match(logical))) return std::nullopt;
  return snapshot->Physical(logical);
}

void FlightDesk::Send(const Call& call) {
  if (closed_) return;
  const std::optional<std::string> physical = PhysicalOf(*call.key);
  if (!physical) return AnswerLater(call);
  const std::string token = stampede::LeaseToken(pod_, call.flight);
  switch (call.kind) {
    case LeaseCall::Kind::kAsk:
      return SendScript(call, stampede::AskArguments(*physical, token, call.lease_time));
    case LeaseCall::Kind::kAskRefresh:
      return SendScript(call, stampede::AskRefreshArguments(*physical, token, call.lease_time, call.refresh_below));
    case LeaseCall::Kind::kRead:
      return SendRead(call, *physical);
    case LeaseCall::Kind::kRenew:
      return SendScript(call, stampede::RenewArguments(*physical, token, call.lease_time));
    case LeaseCall::Kind::kRelease:
      return SendScript(call, stampede::ReleaseArguments(*physical, token));
    case LeaseCall::Kind::kDrop:
      return SendScript(call, stampede::DropArguments(*physical));
  }
}

bool FlightDesk::Give(const Call& call, const std::vector<std::string>& arguments, bool tracked,
                      std::function<void(const resp::Reply*)> done) {
  const bool given = tracking_.Call(arguments, tracked, [this, done = std::move(done)](const resp::Reply* reply) {
    metrics_.waiting.Sub();
    done(reply);
  });
  if (given) {
    metrics_.waiting.Add();
  } else {
    metrics_.Count(call.kind, CallResult::kUnsent);
  }
  return given;
}

void FlightDesk::SendScript(const Call& call, const std::vector<std::string>& arguments) {
  const bool tracked = call.kind == LeaseCall::Kind::kAsk || call.kind == LeaseCall::Kind::kAskRefresh;
  if (!Give(call, arguments, tracked, [this, call](const resp::Reply* reply) { OnReply(call, reply); })) {
    AnswerLater(call);
  }
}

void FlightDesk::SendRead(const Call& call, const std::string& physical) {
  const auto reading = std::make_shared<Reading>(Reading{.call = call, .value = std::nullopt});
  const auto on_value = [reading](const resp::Reply* reply) {
    reading->broken = reply == nullptr || reply->type == resp::ReplyType::kError;
    if (!reading->broken && reply->is_text()) reading->value = std::string(reply->text);
  };
  if (!Give(call, {"GET", physical}, true, on_value)) return AnswerLater(call);
  const auto on_ttl = [this, reading](const resp::Reply* reply) { OnReadReply(*reading, reply); };
  if (!Give(call, {"PTTL", physical}, false, on_ttl)) AnswerLater(call);
}

// ---- home: answers

void FlightDesk::OnReply(const Call& call, const resp::Reply* reply) {
  if (closed_) return;
  if (reply == nullptr) {
    metrics_.Count(call.kind, CallResult::kBroken);
    return Unavailable(call);
  }
  const bool failed = reply->type == resp::ReplyType::kError;
  metrics_.Count(call.kind, failed ? CallResult::kError : CallResult::kAnswered);
  switch (call.kind) {
    case LeaseCall::Kind::kAsk:
    case LeaseCall::Kind::kAskRefresh:
      return OnAskReply(call, *reply);
    case LeaseCall::Kind::kRenew: {
      Todo todo;
      const bool held = stampede::ReadHeldReply(*reply) == stampede::HeldReply::kHeld;
      table_.OnRenewed(table_.Hash(*call.key), call.flight, held, home_.loop.Now(), todo);
      return Carry(home_, todo, nullptr);
    }
    default:
      return;
  }
}

void FlightDesk::OnAskReply(const Call& call, const resp::Reply& reply) {
  const stampede::AskReply asked = stampede::ReadAskReply(reply);
  if (asked.result == stampede::AskResult::kUnavailable) {
    gate_.OnError(asked.text, home_.loop.Now());
  } else {
    gate_.OnGranted(home_.loop.Now());
  }
  OnAsked(call, asked);
}

void FlightDesk::OnReadReply(const Reading& reading, const resp::Reply* ttl) {
  if (closed_) return;
  const bool failed = reading.broken || ttl == nullptr || ttl->type != resp::ReplyType::kInteger;
  const CallResult why = ttl == nullptr ? CallResult::kBroken : CallResult::kError;
  metrics_.Count(reading.call.kind, failed ? why : CallResult::kAnswered);
  constexpr std::int64_t kGone = -2;
  if (failed || !reading.value || ttl->integer == kGone) return Unavailable(reading.call);
  OnAsked(reading.call, {.result = stampede::AskResult::kValue,
                         .remaining = std::chrono::milliseconds(ttl->integer),
                         .text = *reading.value});
}

// Not at once: whoever sends is told by a call of the table, and may be the table's caller.
void FlightDesk::AnswerLater(const Call& call) {
  unsent_.push_back(call);
  if (unsent_.size() > 1) return;
  home_.loop.Post([this] {
    for (const Call& unsent : std::exchange(unsent_, {})) Unavailable(unsent);
  });
}

void FlightDesk::Unavailable(const Call& call) {
  if (closed_) return;
  switch (call.kind) {
    case LeaseCall::Kind::kAsk:
    case LeaseCall::Kind::kAskRefresh:
    case LeaseCall::Kind::kRead:
      return OnAsked(call, {});
    case LeaseCall::Kind::kRenew: {
      Todo todo;
      table_.OnRenewed(table_.Hash(*call.key), call.flight, false, home_.loop.Now(), todo);
      return Carry(home_, todo, nullptr);
    }
    default:
      return;
  }
}

void FlightDesk::OnAsked(const Call& call, const stampede::AskReply& reply) {
  if (reply.result == stampede::AskResult::kValue && home_.flights != nullptr)
    home_.flights->OnLife(*call.key, reply.remaining);
  Todo todo;
  table_.OnAsked(table_.Hash(*call.key), call.flight, reply, home_.loop.Now(), todo);
  FlightValue value;
  if (std::ranges::any_of(todo.wakes, [](const auto& wake) { return wake.answer == Answer::kValue; })) {
    value = std::make_shared<const std::string>(reply.text);
  }
  Carry(home_, todo, value);
}

// ---- home: pushes and time

void FlightDesk::OnInvalidated(std::string_view physical) {
  shadows_.OnInvalidated(physical);
  if (table_.empty() || closed_) return;
  const std::string_view data_key = stampede::KeyOfLease(physical).value_or(physical);
  const policy::SnapshotPtr snapshot = SnapshotOf(home_);
  const auto logical = snapshot ? snapshot->Visible(data_key) : std::optional(data_key);
  if (!logical) return;
  Todo todo;
  table_.OnInvalidated(table_.Hash(*logical), home_.loop.Now(), todo);
  Carry(home_, todo, nullptr);
}

void FlightDesk::OnAllInvalidated() {
  shadows_.OnAllInvalidated();
  if (table_.empty() || closed_) return;
  Todo todo;
  table_.OnAllInvalidated(home_.loop.Now(), todo);
  Carry(home_, todo, nullptr);
}

void FlightDesk::OnRenamed() {
  if (closed_) return;
  const policy::SnapshotPtr before = std::exchange(snapshot_, SnapshotOf(home_));
  const policy::SnapshotPtr& after = snapshot_;
  if (before && after && before->shared_set() == after->shared_set()) {
    for (std::size_t i = 0; i < after->set().size(); ++i) {
      const bool bumped = !before->IsWaiting(i) && before->BasePrefix(i) != after->BasePrefix(i);
      if (bumped) ends_.NoteBump(after->set().at(i).name, home_.loop.Now());
    }
  }
  Todo todo;
  const auto renamed = [&](std::string_view key) { return PrefixOf(before, key) != PrefixOf(after, key); };
  table_.TaintWhere(renamed, home_.loop.Now(), todo);
  Carry(home_, todo, nullptr);
}

void FlightDesk::OnDue() {
  Todo todo;
  table_.OnDue(home_.loop.Now(), todo);
  Carry(home_, todo, nullptr);
}

void FlightDesk::Close() {
  closed_ = true;
  timer_.Close();
  shadows_.Close();
}

void FlightDesk::Collect(metrics::SampleSink& sink) const {
  metrics_.Collect(sink, leases(), gate_.withheld());
  pool_.Collect(sink, base::SystemClock().Now());
  shadows_.Collect(sink);
}

}  // namespace herdgate::pipeline

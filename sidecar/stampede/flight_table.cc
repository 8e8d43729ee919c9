#include "sidecar/stampede/flight_table.h"

#include <algorithm>

namespace herdgate::stampede {
namespace {

using base::SteadyTime;
using cache::HashedKey;
using Context = Flight::Context;

constexpr std::size_t kShards = 16;

}  // namespace

FlightTable::FlightTable(const FlightTableOptions& options) : commons_(options) {
  for (std::size_t i = 1; i <= kShards; ++i) shards_.push_back(std::make_unique<FlightShard>(commons_, i, kShards));
}

Begun FlightTable::Begin(const HashedKey& key, const Caller& caller, const FlightTerms& terms, SteadyTime now,
                         Todo& todo) {
  const CallerIndex::Standing standing = commons_.callers.StandingOf(caller.id);
  if (!standing.shared) return Of(key).Begin(key, caller, terms, standing.leads, now, todo);
  FlightTerms own = terms;
  own.waits_while_leading = false;
  return Of(key).Begin(key, caller, own, standing.leads, now, todo);
}

void FlightTable::OnAsked(const HashedKey& key, FlightId flight, const AskReply& reply, SteadyTime now, Todo& todo) {
  bool known = false;
  Visit(key, now, todo, [&](Flight& it, Context& context) {
    known = true;
    it.OnAsked(context, flight, reply);
  });
  if (known || (reply.result != AskResult::kWon && reply.result != AskResult::kMine)) return;
  todo.calls.push_back(
      {.kind = LeaseCall::Kind::kRelease, .key = std::make_shared<const std::string>(key.text), .flight = flight});
}

void FlightTable::OnRenewed(const HashedKey& key, FlightId flight, bool held, SteadyTime now, Todo& todo) {
  Visit(key, now, todo, [&](Flight& it, Context& context) { it.OnRenewed(context, flight, held); });
}

void FlightTable::OnInvalidated(const HashedKey& key, SteadyTime now, Todo& todo) {
  Visit(key, now, todo, [](Flight& it, Context& context) { it.OnInvalidated(context); });
}

void FlightTable::OnAllInvalidated(SteadyTime now, Todo& todo) {
  const auto all = [](std::string_view) { return true; };
  const auto look = [](Flight& it, Context& context) { it.OnInvalidated(context); };
  for (const auto& shard : shards_) shard->VisitAll(now, todo, all, look);
}

bool FlightTable::Taint(const HashedKey& key, SteadyTime now, Todo& todo) {
  bool known = false;
  Visit(key, now, todo, [&](Flight& it, Context& context) {
    known = true;
    it.Taint(context);
  });
  return known;
}

void FlightTable::TaintWhere(const std::function<bool(std::string_view)>& chosen, SteadyTime now, Todo& todo) {
  const auto taint = [](Flight& it, Context& context) { it.Taint(context); };
  for (const auto& shard : shards_) shard->VisitAll(now, todo, chosen, taint);
}

SetPlan FlightTable::OnSetSent(const HashedKey& key, const Caller& caller, SteadyTime now, Todo& todo) {
  SetPlan plan;
  Visit(key, now, todo, [&](Flight& it, Context& context) { plan = it.OnSetSent(context, caller); });
  return plan;
}

bool FlightTable::OnSetDone(const HashedKey& key, const SetPlan& plan, SetOutcome outcome, SteadyTime now, Todo& todo) {
  bool late = false;
  Visit(key, now, todo, [&](Flight& it, Context& context) { late = it.OnSetDone(context, plan, outcome); });
  return late;
}

std::optional<Answer> FlightTable::Unpark(const HashedKey& key, WaiterId waiter, SteadyTime now, Todo& todo) {
  std::optional<Answer> answer;
  Visit(key, now, todo, [&](Flight& it, Context& context) { answer = it.Unpark(context, waiter); });
  return answer;
}

void FlightTable::OnCallerGone(const Caller& caller, SteadyTime now, Todo& todo) {
  for (const CallerIndex::Entry& entry : commons_.callers.Take(caller.id)) {
    Visit(Hash(*entry.key), now, todo,
          [&](Flight& it, Context& context) { it.OnCallerGone(context, caller, entry.waiter); });
  }
}

void FlightTable::OnCallerReused(const Caller& caller) {
  Todo nothing;
  for (const CallerIndex::Entry& entry : commons_.callers.Entries(caller.id)) {
    Visit(Hash(*entry.key), SteadyTime::min(), nothing, [&](Flight& it, Context&) { it.OnCallerReused(caller); });
  }
}

void FlightTable::OnDue(SteadyTime now, Todo& todo) {
  if (empty()) return;
  for (const auto& shard : shards_) shard->OnDue(now, todo);
}

SteadyTime FlightTable::NextDue() const {
  SteadyTime due = SteadyTime::max();
  for (const auto& shard : shards_) due = std::min(due, shard->NextDue());
  return due;
}

FlightStats FlightTable::Stats() const {
  FlightStats stats;
  for (const auto& shard : shards_) shard->AddTo(stats);
  return stats;
}

}  // namespace herdgate::stampede

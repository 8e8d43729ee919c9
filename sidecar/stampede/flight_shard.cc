#include "sidecar/stampede/flight_shard.h"

namespace herdgate::stampede {

using base::SteadyTime;

Begun FlightShard::Begin(const cache::HashedKey& key, const Caller& caller, const FlightTerms& terms, bool leads,
                         SteadyTime now, Todo& todo) {
  const std::lock_guard lock(mutex_);
  auto found = flights_.find(key);
  if (found == flights_.end()) {
    const bool full = commons_.flights.load(std::memory_order_relaxed) >= commons_.options.max_flights;
    if (full || key.text.size() > commons_.options.max_key_bytes) {
      ++stats_.full_flights;
      return {.role = Role::kFull};
    }
    auto held = std::make_unique<Held>(std::make_shared<const std::string>(key.text));
    const cache::HashedKey own{*held->flight.key(), key.hash};
    found = flights_.emplace(own, std::move(held)).first;
    commons_.flights.fetch_add(1);
    ++stats_.flights;
  }
  Begun begun;
  Enter(found, now, todo,
        [&](Flight& flight, Flight::Context& context) { begun = flight.Begin(context, caller, terms, leads); });
  return begun;
}

void FlightShard::OnDue(SteadyTime now, Todo& todo) {
  const std::lock_guard lock(mutex_);
  for (std::size_t left = due_.size(); left > 0 && std::get<0>(*due_.begin()) <= now; --left) {
    const std::string_view text = std::get<1>(*due_.begin());
    const auto found = flights_.find(cache::Hashed(text, commons_.options.seed));
    Enter(found, now, todo, [](Flight& flight, Flight::Context& context) { flight.OnDue(context); });
    if (due_.empty()) return;
  }
}

SteadyTime FlightShard::NextDue() const {
  const std::lock_guard lock(mutex_);
  return due_.empty() ? SteadyTime::max() : std::get<0>(*due_.begin());
}

Flight::Context FlightShard::ContextOf(SteadyTime now, Todo& todo) {
  const std::size_t waiters = commons_.waiters.load(std::memory_order_relaxed);
  return {.options = commons_.options,
          .callers = commons_.callers,
          .stats = stats_,
          .last_id = last_id_,
          .id_step = id_step_,
          .room_in_pod = waiters < commons_.options.max_waiters,
          .now = now,
          .todo = todo};
}

void FlightShard::Leave(Flights::iterator at, const Before& before) {
  Held& held = *at->second;
  const Flight& flight = held.flight;
  // Unsigned differences: they wrap round and come back.
  stats_.waiters += flight.waiters() - before.waiters;
  commons_.waiters.fetch_add(flight.waiters() - before.waiters);
  stats_.leaders += static_cast<std::size_t>(flight.led()) - static_cast<std::size_t>(before.led);
  const SteadyTime due = flight.Due();
  if (due != held.due || flight.idle()) {
    if (held.due != SteadyTime::max()) due_.erase({held.due, *flight.key()});
    held.due = due;
    if (due != SteadyTime::max() && !flight.idle()) due_.emplace(due, *flight.key());
  }
  if (!flight.idle()) return;
  const FlightKey text = flight.key();  // the map's key is a view of it
  flights_.erase(at);
  commons_.flights.fetch_sub(1);
  --stats_.flights;
}

void FlightShard::AddTo(FlightStats& stats) const {
  const std::lock_guard lock(mutex_);
  const auto add = [](auto& to, const auto& from) {
    for (std::size_t i = 0; i < from.size(); ++i) to[i] += from[i];
  };
  stats.flights += stats_.flights;
  stats.waiters += stats_.waiters;
  stats.leaders += stats_.leaders;
  add(stats.led, stats_.led);
  add(stats.asked, stats_.asked);
  add(stats.answers, stats_.answers);
  stats.unparked += stats_.unparked;
  stats.refused += stats_.refused;
  stats.full_key += stats_.full_key;
  stats.full_pod += stats_.full_pod;
  stats.full_flights += stats_.full_flights;
  stats.fills += stats_.fills;
  stats.short_fills += stats_.short_fills;
  stats.late_taints += stats_.late_taints;
  stats.blind_writes += stats_.blind_writes;
}

}  // namespace herdgate::stampede

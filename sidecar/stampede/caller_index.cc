#include "sidecar/stampede/caller_index.h"

#include <algorithm>

namespace herdgate::stampede {

bool CallerIndex::Involved::owes() const {
  return !leads.empty() || std::ranges::any_of(entries, [](const auto& entry) { return entry.first.second == 0; });
}

std::vector<CallerIndex::Entry> CallerIndex::Involved::List() const {
  std::vector<Entry> list;
  for (const auto& [id, key] : entries) list.push_back({key, id.second});
  for (const auto& [text, key] : leads) {
    if (!entries.contains({text, 0})) list.push_back({key, 0});
  }
  return list;
}

void CallerIndex::Add(std::uint64_t caller, const FlightKey& key, WaiterId waiter) {
  Part& part = Of(caller);
  const std::lock_guard lock(part.mutex);
  part.callers[caller].entries.emplace(Id{key.get(), waiter}, key);
}

void CallerIndex::Remove(std::uint64_t caller, const FlightKey& key, WaiterId waiter) {
  Part& part = Of(caller);
  const std::lock_guard lock(part.mutex);
  const auto found = part.callers.find(caller);
  if (found == part.callers.end()) return;
  found->second.entries.erase({key.get(), waiter});
  Ended(part, found);
}

void CallerIndex::AddLead(std::uint64_t caller, const FlightKey& key) {
  Part& part = Of(caller);
  const std::lock_guard lock(part.mutex);
  part.callers[caller].leads.emplace(key.get(), key);
}

void CallerIndex::EndLead(std::uint64_t caller, const FlightKey& key) {
  Part& part = Of(caller);
  const std::lock_guard lock(part.mutex);
  const auto found = part.callers.find(caller);
  if (found == part.callers.end()) return;
  found->second.leads.erase(key.get());
  Ended(part, found);
}

void CallerIndex::Ended(Part& part, Callers::iterator caller) {
  if (caller->second.gave_up && !caller->second.owes()) caller->second.gave_up.reset();
  if (caller->second.idle() && !caller->second.shared) part.callers.erase(caller);
}

CallerIndex::Standing CallerIndex::StandingOf(std::uint64_t caller) const {
  const Part& part = Of(caller);
  const std::lock_guard lock(part.mutex);
  const auto found = part.callers.find(caller);
  if (found == part.callers.end()) return {};
  const Involved& involved = found->second;
  return {.leads = !involved.leads.empty(), .shared = involved.shared || involved.gave_up};
}

void CallerIndex::GaveUp(std::uint64_t caller, base::SteadyTime now) {
  Part& part = Of(caller);
  const std::lock_guard lock(part.mutex);
  const auto found = part.callers.find(caller);
  if (found != part.callers.end() && found->second.owes()) found->second.gave_up = now;
}

void CallerIndex::Fills(std::uint64_t caller, base::SteadyTime now) {
  Part& part = Of(caller);
  const std::lock_guard lock(part.mutex);
  const auto found = part.callers.find(caller);
  if (found == part.callers.end() || !found->second.gave_up) return;
  if (now - *found->second.gave_up <= kAtOnce) found->second.shared = true;
}

void CallerIndex::FilledByAnother(std::uint64_t caller) {
  Part& part = Of(caller);
  const std::lock_guard lock(part.mutex);
  const auto found = part.callers.find(caller);
  if (found == part.callers.end()) return;
  found->second.shared = false;
  found->second.gave_up.reset();
  Ended(part, found);
}

std::vector<CallerIndex::Entry> CallerIndex::Entries(std::uint64_t caller) const {
  const Part& part = Of(caller);
  const std::lock_guard lock(part.mutex);
  const auto found = part.callers.find(caller);
  return found == part.callers.end() ? std::vector<Entry>() : found->second.List();
}

std::vector<CallerIndex::Entry> CallerIndex::Take(std::uint64_t caller) {
  Part& part = Of(caller);
  const std::lock_guard lock(part.mutex);
  const auto found = part.callers.find(caller);
  if (found == part.callers.end()) return {};
  std::vector<Entry> list = found->second.List();
  part.callers.erase(found);
  return list;
}

std::size_t CallerIndex::size() const {
  std::size_t callers = 0;
  for (const Part& part : parts_) {
    const std::lock_guard lock(part.mutex);
    const auto busy = [](const auto& caller) { return !caller.second.idle(); };
    callers += static_cast<std::size_t>(std::ranges::count_if(part.callers, busy));
  }
  return callers;
}

}  // namespace herdgate::stampede

#include "sidecar/stampede/caller_index.h"

namespace herdgate::stampede {

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
  if (found->second.empty()) part.callers.erase(found);
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
  if (found->second.empty()) part.callers.erase(found);
}

bool CallerIndex::Leads(std::uint64_t caller) const {
  const Part& part = Of(caller);
  const std::lock_guard lock(part.mutex);
  const auto found = part.callers.find(caller);
  return found != part.callers.end() && !found->second.leads.empty();
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
    callers += part.callers.size();
  }
  return callers;
}

}  // namespace herdgate::stampede

#include "sidecar/admin/auth_limit.h"

#include <algorithm>

namespace herdgate::admin {

double AuthLimit::CountOf(const Failures& failures, base::SteadyTime now) {
  const double passed = std::chrono::duration<double>(now - failures.at) / kOneEvery;
  return std::max(0.0, failures.count - passed);
}

bool AuthLimit::Allows(std::string_view address, base::SteadyTime now) {
  const auto found = failures_.find(address);
  return found == failures_.end() || CountOf(found->second, now) <= kBurst - 1;
}

void AuthLimit::NoteFailure(std::string_view address, base::SteadyTime now) {
  auto found = failures_.find(address);
  if (found == failures_.end()) {
    MakeRoom(now);
    found = failures_.try_emplace(std::string(address)).first;
  }
  found->second = {.count = CountOf(found->second, now) + 1, .at = now};
}

void AuthLimit::MakeRoom(base::SteadyTime now) {
  std::erase_if(failures_, [&](const auto& entry) { return CountOf(entry.second, now) == 0; });
  if (failures_.size() < kMaxAddresses) return;
  failures_.erase(
      std::ranges::min_element(failures_, {}, [&](const auto& entry) { return CountOf(entry.second, now); }));
}

}  // namespace herdgate::admin

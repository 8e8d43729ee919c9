#include "sidecar/policy/review.h"

#include <algorithm>

namespace herdgate::policy {

void Review::Refuse(std::size_t policy, Refusal reason, const std::string& text) const {
  const auto is_known = [&](const RefusalCount& other) { return other.policy == policy && other.reason == reason; };
  if (refused() || std::ranges::any_of(plan.refusals, is_known)) return;
  plan.refusals.push_back({.policy = policy, .reason = reason});
  if (snapshot->set().at(policy).mode != Mode::kEnforce) return;
  plan.action = RequestPlan::Action::kRefuse;
  plan.error = "-ERR herdgate: " + text + "\r\n";
}

std::string ShownName(const command::CommandSpec& spec) {
  std::string name(spec.name);
  for (char& c : name) c = c == '|' ? ' ' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return name;
}

}  // namespace herdgate::policy

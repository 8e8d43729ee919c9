#include "sidecar/policy/review.h"

namespace herdgate::policy {

void Review::Refuse(std::size_t policy, Refusal reason, const std::string& text) const {
  plan.refusals.push_back({.policy = policy, .reason = reason});
  if (snapshot->set().at(policy).mode != Mode::kEnforce || refused()) return;
  plan.action = RequestPlan::Action::kRefuse;
  plan.error = "-ERR herdgate: " + text + "\r\n";
}

std::string ShownName(const command::CommandSpec& spec) {
  std::string name(spec.name);
  for (char& c : name) c = c == '|' ? ' ' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return name;
}

}  // namespace herdgate::policy

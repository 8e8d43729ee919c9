#include "sidecar/policy/request_plan.h"

namespace herdgate::policy {

void RequestPlan::Clear() {
  // One huge value must not hold its memory for the rest of the loop's life.
  constexpr std::size_t kMostKept = std::size_t{1} << 20U;
  action = Action::kPass;
  if (raw.capacity() > kMostKept) raw = std::string();
  raw.clear();
  error.clear();
  waiting_for = PolicySet::kNone;
  follow_ups.clear();
  expiries.clear();
  watched_keys.clear();
  degradable = false;
  if (!reply.plain()) reply = ReplyWork();
  judgements.clear();
  refusals.clear();
  rewrites.clear();
}

}  // namespace herdgate::policy

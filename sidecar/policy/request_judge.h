// RequestJudge: the decision about one request: keys renamed at every position, expiries bounded, or a refusal.
//
// Pure but for its scratch memory: the same request, snapshot, time and randomness give the same plan. What is
// malformed is left unchanged, so that the upstream words the error. The forms that keep replies as they were:
// sidecar/policy/README.md.
// Threads: one owner (a loop has one).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sidecar/command/spec.h"
#include "sidecar/policy/request_edits.h"
#include "sidecar/policy/request_plan.h"
#include "sidecar/policy/review.h"
#include "sidecar/policy/snapshot.h"

namespace herdgate::policy {

class RequestJudge {
 public:
  // Fills `plan` (cleared first). REQUIRES: spec belongs to args; `raw` is the request as multibulk and args view it.
  void Judge(const SnapshotPtr& snapshot, const command::CommandSpec& spec, std::span<const std::string_view> args,
             std::string_view raw, const JudgeContext& context, RequestPlan& plan);

 private:
  bool FindKeys(const Snapshot& snapshot, const command::CommandSpec& spec, std::span<const std::string_view> args,
                RequestPlan& plan);
  static void JudgeKeys(const Review& review);
  void CheckScript(const Review& review);

  RequestEdits edits_;
  std::vector<JudgedKey> keys_;
  std::unordered_map<std::size_t, bool> scripts_;  // hash of a script -> BuildsKeyNames
};

}  // namespace herdgate::policy

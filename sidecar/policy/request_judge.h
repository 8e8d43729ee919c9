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
#include <vector>

#include "sidecar/base/clock.h"
#include "sidecar/base/random.h"
#include "sidecar/command/spec.h"
#include "sidecar/policy/request_plan.h"
#include "sidecar/policy/snapshot.h"

namespace herdgate::policy {

struct JudgeContext {
  base::WallTime now;
  base::Random& random;
  bool in_multi = false;
  std::uint64_t max_key_bytes = std::uint64_t{512} << 20U;  // the upstream's proto-max-bulk-len
};

class RequestJudge {
 public:
  // Fills `plan` (cleared first). REQUIRES: spec belongs to args; `raw` is the request as multibulk and args view it.
  void Judge(const SnapshotPtr& snapshot, const command::CommandSpec& spec, std::span<const std::string_view> args,
             std::string_view raw, const JudgeContext& context, RequestPlan& plan);

 private:
  struct Edit {
    std::size_t argument = 0;
    std::string text;  // replaces it
  };
  std::vector<Edit> edits_;
};

}  // namespace herdgate::policy

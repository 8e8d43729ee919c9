// Review: the request under judgement, shared by the parts of RequestJudge; JudgeContext: what the caller adds to it.
//
// Threads: one owner; lives for one call of RequestJudge::Judge.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "sidecar/base/clock.h"
#include "sidecar/base/random.h"
#include "sidecar/command/keys.h"
#include "sidecar/command/spec.h"
#include "sidecar/policy/request_edits.h"
#include "sidecar/policy/request_plan.h"

namespace herdgate::policy {

struct JudgeContext {
  base::WallTime now;
  base::Random& random;
  bool in_multi = false;
  std::uint64_t max_key_bytes = std::uint64_t{512} << 20U;  // the upstream's proto-max-bulk-len
};

// A key of the request that belongs to a policy that is not off.
struct JudgedKey {
  std::size_t argument = 0;
  command::KeyAccess access = command::KeyAccess::kRead;
  std::size_t policy = PolicySet::kNone;
  std::string_view prefix{};  // of its name; into the snapshot

  // Whether the command may create or replace it.
  bool is_written() const { return access == command::KeyAccess::kUpdate || access == command::KeyAccess::kOverwrite; }
};

struct Review {
  const SnapshotPtr& snapshot;
  const command::CommandSpec& spec;
  std::span<const std::string_view> args;
  std::string_view raw;
  const JudgeContext& context;
  std::span<const JudgedKey> keys;
  RequestEdits& edits;
  RequestPlan& plan;

  const Policy& PolicyOf(const JudgedKey& key) const { return snapshot->set().at(key.policy); }
  bool IsEnforced(const JudgedKey& key) const { return PolicyOf(key).mode == Mode::kEnforce; }
  std::string PhysicalName(const JudgedKey& key) const { return std::string(key.prefix).append(args[key.argument]); }
  // Counts the refusal, once per policy and reason; where the policy is enforced, the request is refused with
  // "-ERR herdgate: " + text, and no other refusal counts.
  void Refuse(std::size_t policy, Refusal reason, const std::string& text) const;
  bool refused() const { return plan.action == RequestPlan::Action::kRefuse; }
};

// The command's name as an error shows it: "SET".
std::string ShownName(const command::CommandSpec& spec);

}  // namespace herdgate::policy

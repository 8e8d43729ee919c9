// InvalidationMatcher: which keys an invalidation means, under the names that they have now: what SCAN is asked, and
// what of its answer is meant.
//
// Threads: immutable; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/pipeline/invalidation.h"
#include "sidecar/policy/snapshot.h"

namespace herdgate::pipeline {

class InvalidationMatcher {
 public:
  enum class Verdict : std::uint8_t {
    kMatch,
    kOther,
    kHidden,  // of another version or generation
    kOwn,     // the sidecar's
  };
  struct Judged {
    Verdict verdict = Verdict::kOther;
    std::string_view logical{};  // kMatch; into the physical key
    std::size_t policy = policy::PolicySet::kNone;
  };

  // `snapshot` null: no policies.
  InvalidationMatcher(std::shared_ptr<const InvalidationRequest> request, policy::SnapshotPtr snapshot);

  // A glob that matches at least the physical names of all keys that are meant. REQUIRES: not of kind key or keys; a
  // tag, only if there are tag_policies.
  const std::string& pattern() const { return pattern_; }
  // Kind policy: there is no policy of that name (any more).
  bool policy_gone() const { return policy_gone_; }
  // Some key that may be meant has no name yet: the generation of its policy is not known. The policy's name, or "".
  std::string_view waits_for() const { return waits_for_; }
  // Kind policy: it has generations, and is enforced.
  bool can_bump() const { return can_bump_; }
  // Kind tag: the names of the policies whose rules may give it.
  const std::vector<std::string>& tag_policies() const { return tag_policies_; }

  Judged Judge(std::string_view physical) const;
  bool Means(std::string_view logical, std::size_t policy) const;
  std::size_t PolicyOf(std::string_view logical) const;
  std::string Physical(std::string_view logical) const {
    return snapshot_ ? snapshot_->Physical(logical) : std::string(logical);
  }
  // Null: none. REQUIRES: `index` is of this snapshot, or kNone.
  const policy::Policy* At(std::size_t index) const;
  const policy::SnapshotPtr& snapshot() const { return snapshot_; }

 private:
  void FindPattern();
  bool MayGive(std::size_t policy) const;
  void FindWaiting();

  const std::shared_ptr<const InvalidationRequest> request_;
  const policy::SnapshotPtr snapshot_;
  std::size_t policy_ = policy::PolicySet::kNone;  // kind policy
  std::string pattern_ = "*";
  std::string waits_for_;
  bool policy_gone_ = false;
  bool can_bump_ = false;
  std::vector<std::string> tag_policies_;
};

}  // namespace herdgate::pipeline

// InvalidationTokens: what binds an invalidation to the preview that its user saw: the same targets, mode and scope,
// under the same policies, within five minutes, once.
//
// Threads: one owner, or with its mutex; `now` is an argument. Bounded: the oldest of kMost goes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "sidecar/base/clock.h"
#include "sidecar/pipeline/invalidation.h"
#include "sidecar/policy/policy_set.h"

namespace herdgate::pipeline {

// Of what is meant; `options` too, or not. No two requests have the same one (XXH3, 128 bits).
std::string FingerprintOf(const InvalidationRequest& request, bool options);
// 128 random bits, in hex.
std::string NewToken();

class InvalidationTokens {
 public:
  static constexpr std::chrono::minutes kLife{5};
  static constexpr std::size_t kMost = 256;

  enum class Verdict : std::uint8_t {
    kOk,
    kUnknown,  // never was, or so long ago that it is forgotten
    kExpired,
    kUsed,
    kOtherRequest,
    kOtherPolicies,  // a reload came between
  };
  using Policies = std::shared_ptr<const policy::PolicySet>;  // null: none

  void Add(const std::string& token, const InvalidationRequest& request, Policies policies, base::SteadyTime now);
  // kOk: it is used up.
  Verdict Redeem(std::string_view token, const InvalidationRequest& request, const Policies& policies,
                 base::SteadyTime now);

 private:
  struct Token {
    std::string text;
    std::string fingerprint;
    Policies policies;
    base::SteadyTime until;
    bool used = false;
  };
  std::deque<Token> tokens_;  // the oldest first
};

}  // namespace herdgate::pipeline

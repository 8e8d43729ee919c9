#include "sidecar/pipeline/invalidation_tokens.h"

#include <fmt/format.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <utility>

namespace herdgate::pipeline {

std::string FingerprintOf(const InvalidationRequest& request, bool options) {
  std::string text = fmt::format("{} {} {}", NameOf(request.kind), NameOf(request.mode), NameOf(request.scope));
  for (const std::string& target : request.targets) text += fmt::format(" {}:", target.size()) + target;
  if (options) {
    const InvalidationOptions& o = request.options;
    text += fmt::format(" {} {} {} {} {} {}", o.rate, o.scan_rate, o.max_keys, o.soft_window.count(), o.count_bytes,
                        request.purge_all);
  }
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

std::string NewToken() {
  std::array<std::uint64_t, 2> bits{};
  // Fails only without a kernel's random source.
  while (getentropy(bits.data(), sizeof bits) != 0) {
  }
  return fmt::format("{:016x}{:016x}", bits[0], bits[1]);
}

void InvalidationTokens::Add(const std::string& token, const InvalidationRequest& request, Policies policies,
                             base::SteadyTime now) {
  if (tokens_.size() == kMost) tokens_.pop_front();
  tokens_.push_back({token, FingerprintOf(request, false), std::move(policies), now + kLife});
}

InvalidationTokens::Verdict InvalidationTokens::Redeem(std::string_view token, const InvalidationRequest& request,
                                                       const Policies& policies, base::SteadyTime now) {
  const auto found = std::ranges::find(tokens_, token, &Token::text);
  if (found == tokens_.end()) return Verdict::kUnknown;
  if (found->used) return Verdict::kUsed;
  if (now >= found->until) return Verdict::kExpired;
  if (found->fingerprint != FingerprintOf(request, false)) return Verdict::kOtherRequest;
  if (found->policies != policies) return Verdict::kOtherPolicies;
  found->used = true;
  return Verdict::kOk;
}

}  // namespace herdgate::pipeline

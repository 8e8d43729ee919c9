// JudgeTtl: which expiry each key of a command gets. Every form that it changes to replies the same as the one that the
// app wrote (sidecar/policy/README.md lists them).
//
// Threads: pure but for the review's plan and edits.
#pragma once

#include "sidecar/policy/review.h"

namespace herdgate::policy {

// REQUIRES: review.keys holds the keys whose policies have TTL rules, among others.
void JudgeTtl(const Review& review);

}  // namespace herdgate::policy

// JudgeKeyless: requests whose keys no key position tells: listings, channels, tracking prefixes, DEBUG, replication.
//
// Threads: pure but for the review's plan and edits.
#pragma once

#include "sidecar/policy/review.h"

namespace herdgate::policy {

// REQUIRES: review.spec.keys is empty; review.snapshot->versions().
void JudgeKeyless(const Review& review);

// The patterns of SORT and SORT_RO: BY and GET. REQUIRES: review.snapshot->versions().
void JudgeSortPatterns(const Review& review);

}  // namespace herdgate::policy

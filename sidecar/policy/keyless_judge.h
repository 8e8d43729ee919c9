// JudgeKeyless: requests whose keys no key position tells: listings, channels, tracking prefixes, DEBUG, replication.
//
// Threads: pure but for the review's plan and edits.
#pragma once

#include <span>
#include <string_view>

#include "sidecar/policy/review.h"

namespace herdgate::policy {

// Whether such a request names keys whose policies have no known generation yet. REQUIRES: spec.keys is empty, or those
// of SORT.
bool AwaitsGeneration(const Snapshot& snapshot, const command::CommandSpec& spec,
                      std::span<const std::string_view> args);

// REQUIRES: review.spec.keys is empty; some policy has versions, or would have outside of audit mode.
void JudgeKeyless(const Review& review);

// The patterns of SORT and SORT_RO: BY and GET. REQUIRES: as JudgeKeyless, but for the keys.
void JudgeSortPatterns(const Review& review);

}  // namespace herdgate::policy

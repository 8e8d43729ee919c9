// What an invalidation is about (InvalidationTarget of the API), in words. As the web UI says it.
//
// Threads: pure functions; any. What they return is harmless.
#pragma once

#include <string>

#include "sidecar/app/ctl/style.h"

namespace herdgate::app {

// "prefix user:", "3 keys", "everything".
std::string TargetText(JsonView target, const Style& style);
// Of an Invalidation, whose target names only some of many keys.
std::string JobTargetText(JsonView job, const Style& style);
// "soft, in Redis and near caches".
std::string HowText(JsonView target);
// What has to be typed before a large one.
std::string ConfirmWord(JsonView target, const Style& style);
// What will happen, of a Preview: "Mark about 412,000 keys stale".
std::string ActText(JsonView preview);

}  // namespace herdgate::app

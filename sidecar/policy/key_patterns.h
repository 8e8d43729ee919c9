// Patterns of keys in requests (SCAN MATCH, KEYS, SORT BY and GET, notification channels, tracking prefixes): from what
// the app means to what Redis must be asked.
//
// Threads: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sidecar/policy/snapshot.h"

namespace herdgate::policy {

// A glob over logical keys (SCAN MATCH, KEYS). `physical` matches at least the physical names of all visible keys that
// the glob matches; if not `exact`, the listing's keys must be matched against the app's own glob again.
struct ListingPattern {
  std::string physical;
  bool exact = false;
};
ListingPattern TranslateListing(const Snapshot& snapshot, std::string_view glob);

// A pattern with one '*' that the server replaces by an element (SORT BY weight_*, GET object_*->name). Nothing if the
// keys it can name have several versions. "#" and patterns without '*' come back as they are.
std::optional<std::string> TranslateSort(const Snapshot& snapshot, std::string_view pattern);

// A channel, or a pattern of channels, that may name keys (__keyspace@0__:user:*): what to subscribe to instead. Other
// channels come back as they are. For a pattern whose keys have several versions: a wider one; RewritePush drops what
// is not visible.
std::string TranslateChannel(const Snapshot& snapshot, std::string_view channel, bool is_pattern);

// The prefix of CLIENT TRACKING BCAST; nothing if its keys have several versions.
std::optional<std::string> TranslateTrackingPrefix(const Snapshot& snapshot, std::string_view prefix);

}  // namespace herdgate::policy

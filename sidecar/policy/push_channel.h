// PushChannel: the channels that name keys, __keyspace@0__:KEY, and the patterns that may match them: the app's own
// channel and the one that Redis knows, each made from the other.
//
// A pattern over keys that all have one version gets that version in front of its key part; one over keys of several
// versions gets "**" there, so that it matches them all and can still be told from what the app may write. In a pattern
// a generation is "[0-9]*": a subscription outlives a bump.
//   __keyspace@0__:user:*    __keyspace@0__:v7:user:*    __keyspace@0__:v7.[0-9]*:user:*    __keyspace@0__:**user:*
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "sidecar/policy/snapshot.h"

namespace herdgate::policy {

// Where the key begins in a __keyspace@N__: channel; 0 if the channel is none.
std::size_t KeyspaceChannelKey(std::string_view channel);
bool IsKeyeventChannel(std::string_view channel);

// Both directions; what names no key comes back as it is.
std::string PhysicalChannel(const Snapshot& snapshot, std::string_view channel);
std::string LogicalChannel(const Snapshot& snapshot, std::string_view channel);  // whatever the version
std::string PhysicalChannelPattern(const Snapshot& snapshot, std::string_view pattern);
std::string LogicalChannelPattern(const Snapshot& snapshot, std::string_view pattern);

}  // namespace herdgate::policy

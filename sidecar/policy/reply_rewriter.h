// RewriteReply: a whole reply -> the reply that the app may see: physical key names become logical ones, keys of other
// versions are left out. Every byte that is no such key, nor the count of a list that became shorter, stays as it was.
//
// RESP2 and RESP3 are told apart by the reply's own bytes. A reply of another form than its shape's, bytes that are no
// RESP, and errors that quote none of the work's `keys` come back unchanged. Threads: pure functions. Cost: one pass
// over the bytes and one string of their size.
#pragma once

#include <string>
#include <string_view>

#include "sidecar/policy/reply_work.h"

namespace herdgate::policy {

// REQUIRES: `reply` is one whole reply.
std::string RewriteReply(const ReplyWork& work, std::string_view reply);

// A push or a RESP2 pub/sub array that came unasked: invalidations (>invalidate, and messages of
// __redis__:invalidate), keyspace notifications (__keyspace@N__:KEY as a channel, the key as the payload of
// __keyevent@N__:*), and (un)subscribe confirmations of such channels and patterns. Empty: it concerns no key of this
// version and is to be dropped.
std::string RewritePush(const Snapshot& snapshot, std::string_view frame);

}  // namespace herdgate::policy

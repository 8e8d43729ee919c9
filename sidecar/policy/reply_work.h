// ReplyWork: what a reply needs before the app may see it, noted when its request is sent. Empty for nearly all.
//
// Threads: a plain value, owned by whoever awaits the reply.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sidecar/policy/snapshot.h"

namespace herdgate::policy {

enum class ReplyShape : std::uint8_t {
  kPlain,       // as it is
  kKeys,        // KEYS: an array of keys; those of other versions are left out
  kScan,        // SCAN: a cursor and an array of keys
  kRandomKey,   // RANDOMKEY: a key; a key of another version becomes null (the caller may ask again)
  kFirstIsKey,  // BLPOP, BZPOPMIN, LMPOP, ...: an array whose first element is a key that the app named
  kStreams,     // XREAD, XREADGROUP: an array of [key, entries], in RESP3 a map
  kNamedKeys,   // errors and scripts: any text that is, or an error that quotes, one of `keys`
  kAnyName,     // SLOWLOG GET, ACL LOG, CLIENT TRACKINGINFO: any text that is a versioned name
  kExec,        // EXEC: an array with one reply for each of `queued`
};

struct ReplyWork {
  ReplyShape shape = ReplyShape::kPlain;
  SnapshotPtr snapshot;  // by which the request was judged; null for kPlain
  // kKeys, kScan: the app's own pattern where the request could not carry it; empty: none.
  std::string pattern;
  // kNamedKeys, and kStreams for its errors: physical names with their logical ones. kFirstIsKey and kStreams look here
  // first, then they strip any version.
  std::vector<std::pair<std::string, std::string>> keys;
  std::vector<ReplyWork> queued;
  // kRandomKey: the protocol of the reply, for a null; its bytes do not tell.
  int proto = 2;

  bool plain() const { return shape == ReplyShape::kPlain; }
};

}  // namespace herdgate::policy

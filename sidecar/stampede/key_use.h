// KeyUse: what a command says about the keys it names: that they are read, filled, removed, or are no cache entries at
// all.
//
// A cache entry is a string that is read, set whole, given an expiry, and deleted. Whoever counts in a key, locks with
// it, queues in it or keeps a structure in it would be harmed by a miss that isn't one. What isn't listed here as
// harmless is evidence against its key, so a command of tomorrow is none of ours either.
// Threads: immutable; any. Cost: an index into a table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "sidecar/command/table.h"

namespace herdgate::stampede {

// Why keys are no cache entries; a label's values.
enum class Evidence : std::uint8_t {
  kCounter,    // INCR and its kin
  kEdit,       // APPEND, SETRANGE, SETBIT, PFADD: changed in place
  kLock,       // set only if absent, with no miss before; compared and set or deleted; or filled and removed again
  kQueue,      // pushed to, popped from, streamed
  kSession,    // GETEX: its life goes on as long as it is used
  kToken,      // GETDEL: used once
  kStructure,  // a hash, a set, a document, or what nobody here knows
  kScript,     // a script may do any of these
  kWatch,      // read and changed under WATCH
  kRewritten,  // its keys are written again while they live: with their owner's state
  kNoSet,      // too few misses are followed by a SET
};
inline constexpr std::size_t kEvidences = 11;
// "counter", "edit", ...: for logs and labels.
std::string_view NameOf(Evidence evidence);

struct KeyUse {
  enum class Kind : std::uint8_t {
    kNothing,  // EXISTS, TTL, TYPE
    kLookup,   // GET, MGET: nil means a miss
    kSet,      // SET and its kin
    kTouch,    // EXPIRE and its kin
    kRemove,   // DEL, UNLINK, EXPIRE with a time that has passed
    kChange,   // RENAME, COPY, RESTORE: another value, not by a fill
    kEvidence,
  };
  Kind kind = Kind::kNothing;
  Evidence evidence = Evidence::kStructure;  // kEvidence
  bool only_if_absent = false;               // kSet
};

class KeyUses {
 public:
  explicit KeyUses(const command::Table& table);

  // The same for all keys of the command; a command without keys says nothing of any. REQUIRES: spec ==
  // table.Resolve(args)
  KeyUse Of(const command::CommandSpec& spec, std::span<const std::string_view> args) const;

 private:
  std::vector<KeyUse> by_id_;
  std::vector<bool> has_options_;  // SET, EXPIRE and kin: `args` are to be read
};

}  // namespace herdgate::stampede

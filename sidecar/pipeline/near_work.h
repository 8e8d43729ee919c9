// NearWork: what one client's unanswered commands mean for the near cache. Made for the first command that touches a
// key of a policy with a near cache, or looks up a key of a watched policy.
//
// Threads: the client's loop. Ownership: the Client's.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sidecar/base/ring.h"
#include "sidecar/cache/pending_keys.h"
#include "sidecar/net/reply_queue.h"
#include "sidecar/pipeline/near_parts.h"
#include "sidecar/stampede/flight_types.h"
#include "sidecar/stampede/key_use.h"

namespace herdgate::pipeline {

// One command on its way, tagged with Client::kNearReply.
struct NearNote {
  // A transaction is of the last kind that one of its commands is of: dropping all keys also holds for those that a
  // script may have written.
  enum class Kind : std::uint8_t {
    kLookup,   // GET, MGET: what they bring is held against the cache
    kStandby,  // the same of the store that stands in: what it brings says nothing of the upstream
    kRead,     // another read: what is here of its keys goes
    kWrite,    // its keys are dropped before the app sees the reply
    kFence,    // it may have written or shown any key: the reply waits for the tracked connection
    kFlush,    // all keys are dropped before the app sees the reply
  };
  struct Key {
    std::string name;                // physical
    std::size_t policy = 0;          // in the set of NearNote::set
    bool near = true;                // the policy has a near cache
    std::size_t prefix = 0;          // bytes of `name` before the logical one
    std::size_t argument = 0;        // of the request
    std::size_t value_argument = 0;  // of a SET; 0: not at hand
    bool written = false;
    // What flights make of it; kNothing where its policy does not coalesce.
    stampede::KeyUse::Kind use = stampede::KeyUse::Kind::kNothing;
    stampede::SetPlan fill{};                    // kSet and the like, sent while the key had a flight
    std::shared_ptr<const std::string> value{};  // of such a SET, if it is at hand

    // As made, but for the name's memory.
    void Clear();
    std::string_view logical() const { return std::string_view(name).substr(prefix); }
  };
  // In order. Made empty by Clear, it keeps the memory of a name for the next.
  class Keys {
   public:
    Key& Add() {
      if (size_ == kept_.size()) kept_.emplace_back();
      return kept_[size_++];
    }
    void Clear();
    bool empty() const { return size_ == 0; }
    std::size_t size() const { return size_; }
    Key& operator[](std::size_t index) { return kept_[index]; }
    const Key& operator[](std::size_t index) const { return kept_[index]; }
    const Key& front() const { return kept_.front(); }
    const Key& back() const { return kept_[size_ - 1]; }
    Key* begin() { return kept_.data(); }
    Key* end() { return kept_.data() + size_; }
    const Key* begin() const { return kept_.data(); }
    const Key* end() const { return kept_.data() + size_; }

   private:
    std::vector<Key> kept_;  // those behind size_ are as made, but for their names' memory
    std::size_t size_ = 0;
  };
  // What a reply that is no error says of the SETs.
  enum class SetReply : std::uint8_t { kNone, kStoredUnlessNil, kStoredIfOne, kUnknown };
  // As made, but for the memory of its keys.
  void Clear();

  Kind kind = Kind::kRead;
  Keys keys;
  SetReply set_reply = SetReply::kNone;
  std::uint32_t set = 0;   // which set of policies its keys were matched by (NearStage::Settle)
  stampede::KeyUse use{};  // of the command
  bool own_user = false;   // sent as the sidecar's own user
  bool refresh = false;    // GET: its value is to be computed anew if it is there
  bool has_near() const {
    return std::ranges::any_of(keys, [](const Key& key) { return key.near; });
  }
  net::ReplyQueue::SlotId slot = 0;
  std::shared_ptr<const NearParts> parts;  // an MGET that goes upstream in part; `keys` are that part's
};

using NotePtr = std::unique_ptr<NearNote>;

// Notes that are used again: each command of a watched key has one while it is on its way, and a loop has as many as
// its clients have such commands. What is not given back is freed. Threads: its loop.
class NotePool {
 public:
  NotePtr Take();  // as made
  void Give(NotePtr note);

 private:
  static constexpr std::size_t kMost = 1024;
  std::vector<NotePtr> free_;
};

struct NearWork {
  base::Ring<NotePtr> notes;
  NotePtr queued;  // of the transaction under way, all its commands together
  cache::PendingKeys pending;
  std::size_t fences = 0;  // replies that have come and wait for theirs: until then nothing is looked up
};

}  // namespace herdgate::pipeline

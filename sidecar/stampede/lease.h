// Lease: the right of one flight in the whole fleet to compute a value, as a Redis key of its own beside the data key.
//
// A lease is "__herdgate:lease:..." in the data key's slot and database, always with an expiry; its value is the token
// of who holds it. The data key is never touched. All of it is a few commands and the reading of their replies: nothing
// here sends anything.
//
// What callers must do:
//  - Every command of this header goes over the tracked connection (CLIENT CACHING YES before Ask), in the order in
//    which the flight table asked for it. Then a release that precedes an ask is carried out before it.
//  - Ask reads the data key and the lease so that Redis tracks both: a push of either means "look again", and both are
//    tracked anew by the Ask that follows. KeyOfLease says to whom the push of a lease belongs. Who wins tracks his own
//    lease too: an invalidation anywhere that deletes it is pushed to him.
//  - A DEL or UNLINK of a data key also drops its lease (DropArguments), because deleting a missing key pushes nothing.
//
// Threads: pure functions. Times are server time, as Redis counts them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/resp/reply.h"
#include "sidecar/stampede/flight_types.h"

namespace herdgate::stampede {

inline constexpr std::string_view kLeasePrefix = "__herdgate:lease:";

// The lease's own key: of the same slot as `key`, and of no other key.
std::string LeaseNameOf(std::string_view key);
// The key whose lease `name` is; nothing if it is no lease's name. The view is into `name`.
std::optional<std::string_view> KeyOfLease(std::string_view name);

// "<pod>:<flight>". REQUIRES: `pod` is unique in the fleet and new for each process.
std::string LeaseToken(std::string_view pod, FlightId flight);
// Whether a token (AskReply::text of kLost) is of that pod.
bool IsTokenOf(std::string_view token, std::string_view pod);

// A command, its name first. They need EVAL and Redis 6.2; without, flights stay within the pod.
using Arguments = std::vector<std::string>;

// Reads `key`; where it is missing takes its lease for `lease` (at least 1 ms), or says who has it. Asked again by the
// holder it says kMine and changes nothing.
Arguments AskArguments(std::string_view key, std::string_view token, std::chrono::milliseconds lease);
// The same for an early refresh: a value that ends within `refresh_below` counts as missing, a later one is kValue (it
// was refreshed by another).
Arguments AskRefreshArguments(std::string_view key, std::string_view token, std::chrono::milliseconds lease,
                              std::chrono::milliseconds refresh_below);
// From now on for `lease`, if it is still the token's.
Arguments RenewArguments(std::string_view key, std::string_view token, std::chrono::milliseconds lease);
// Gives the lease back, if it is still the token's.
Arguments ReleaseArguments(std::string_view key, std::string_view token);
// Takes the lease from whoever has it, because the key was invalidated.
Arguments DropArguments(std::string_view key);

// `text` views the reply. An error or a reply of another form is kUnavailable, `text` the error.
AskReply ReadAskReply(const resp::Reply& reply);

enum class HeldReply : std::uint8_t { kHeld, kLost, kUnknown };  // kUnknown: an error, `reply.text` says which
// Of a renewal or a release: whether the lease was still the token's.
HeldReply ReadHeldReply(const resp::Reply& reply);

}  // namespace herdgate::stampede

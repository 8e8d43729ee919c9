// Why the near cache has no tracked connection, or lost it: a closed set, for the log, the metrics and the sink.
//
// Threads: plain values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace herdgate::upstream {

enum class TrackingFault : std::uint8_t {
  kNone,
  kStopped,     // nobody wants it
  kConnection,  // not made, or broken
  kSilent,      // open, but it owed an answer for too long
  kCanary,      // a push that had to come did not: something between swallows pushes
  kProtocol,    // an answer that can't be
  kReadOnly,    // the upstream is a replica
  kRefused,     // by an ACL, a login, or a command that does not exist there
  kNoResp3,     // neither HELLO 3 nor CLIENT TRACKING is known there
  kOldVersion,  // pushes of versions before 7.0 can't be trusted
};
inline constexpr std::size_t kTrackingFaults = 10;

constexpr std::string_view NameOf(TrackingFault fault) {
  constexpr std::array<std::string_view, kTrackingFaults> kNames = {"none",     "stopped",    "connection", "silent",
                                                                    "canary",   "protocol",   "read_only",  "refused",
                                                                    "no_resp3", "old_version"};
  return kNames[static_cast<std::size_t>(fault)];
}

// Where the tracked connection is in its life.
enum class TrackingMode : std::uint8_t {
  kProbing,    // since Start, until the first verdict
  kTracked,    // armed: it fills, and pushes come
  kBroadcast,  // the same over a pair of RESP2 connections: the upstream tells of every write
  kOff,        // it does not, for a fault; tried again by itself, unless stopped
};

constexpr bool IsArmed(TrackingMode mode) {
  return mode == TrackingMode::kTracked || mode == TrackingMode::kBroadcast;
}

}  // namespace herdgate::upstream

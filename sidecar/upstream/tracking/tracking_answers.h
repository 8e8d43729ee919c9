// What the upstream's answers to the near cache's own questions say. Pure functions; views of their arguments.
#pragma once

#include <string>
#include <string_view>

#include "sidecar/resp/reply.h"

namespace herdgate::upstream {

// An error line of RESP, or plain words, as plain words.
std::string Words(std::string_view line);
// Whether the error will be over soon, whatever was asked: tried again as soon as a lost connection.
bool IsPassing(std::string_view error);
// The upstream has no such command, or no such subcommand.
bool IsUnknownCommand(std::string_view error);
// HELLO 3 was answered with `error` by an upstream that speaks RESP2 only.
bool LacksResp3(std::string_view error);
// Answer of CLIENT TRACKINGINFO: it is on.
bool SaysTrackingOn(const resp::Reply& info);
// Answer of INFO: the value of `field`, which is named with its colon; empty if it doesn't say, or was refused.
std::string_view InfoField(const resp::Reply& info, std::string_view field);
// Empty is not old. Before 7.0 a push could stand inside another reply, and expiries and full tables went unpushed.
bool IsTooOldToTrack(std::string_view version);

}  // namespace herdgate::upstream

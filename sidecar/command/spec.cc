#include "sidecar/command/spec.h"

namespace herdgate::command {

std::string_view Name(CommandClass command_class) {
  switch (command_class) {
    case CommandClass::kShared:
      return "shared";
    case CommandClass::kSlow:
      return "slow";
    case CommandClass::kLocal:
      return "local";
    case CommandClass::kTransaction:
      return "transaction";
    case CommandClass::kPubSub:
      return "pubsub";
    case CommandClass::kBlocking:
      return "blocking";
    case CommandClass::kMaybeBlocking:
      return "maybe_blocking";
    case CommandClass::kWait:
      return "wait";
    case CommandClass::kTracking:
      return "tracking";
    case CommandClass::kMonitor:
      return "monitor";
    case CommandClass::kReplication:
      return "replication";
    case CommandClass::kUrgent:
      return "urgent";
    case CommandClass::kRefused:
      return "refused";
  }
  return "";
}

std::string_view Name(CommandGroup group) {
  switch (group) {
    case CommandGroup::kRead:
      return "read";
    case CommandGroup::kWrite:
      return "write";
    case CommandGroup::kMulti:
      return "multi";
    case CommandGroup::kScript:
      return "script";
    case CommandGroup::kMessage:
      return "pubsub";
    case CommandGroup::kAdmin:
      return "admin";
  }
  return "";
}

}  // namespace herdgate::command

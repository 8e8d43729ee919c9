#include "sidecar/pipeline/subscriptions.h"

#include <algorithm>

namespace herdgate::pipeline {
namespace {

Subscriptions::Kind KindOf(std::string_view command) {
  switch (command.empty() ? 0 : command.front() | 0x20) {
    case 'p':
      return Subscriptions::Kind::kPattern;
    case 's':
      // "ssubscribe" and "sunsubscribe", not "subscribe".
      return command.size() > 1 && ((command[1] | 0x20) == 's' || (command.size() > 10 && (command[1] | 0x20) == 'u'))
                 ? Subscriptions::Kind::kShard
                 : Subscriptions::Kind::kChannel;
    default:
      return Subscriptions::Kind::kChannel;
  }
}

bool Unsubscribes(std::string_view command) {
  return command.size() > 10;
}  // 11 and 12 against 9 and 10 letters

}  // namespace

void Subscriptions::Sent(std::string_view command, std::size_t names) {
  asked_.push_back({KindOf(command), names});
}

bool Subscriptions::Confirmed(std::string_view what, bool null_name, std::int64_t total) {
  const Kind kind = KindOf(what);
  std::int64_t& count = Count(kind);
  const std::int64_t others = kind == Kind::kChannel ? patterns_ : kind == Kind::kPattern ? channels_ : 0;
  count = std::max<std::int64_t>(0, total - others);
  if (asked_.empty()) return false;
  Asked& oldest = asked_.front();
  if (oldest.frames > 1) {
    --oldest.frames;
    return false;
  }
  if (oldest.frames == 0 && Unsubscribes(what) && !null_name && count > 0) return false;
  asked_.pop_front();
  return true;
}

void Subscriptions::Refused() {
  if (!asked_.empty()) asked_.pop_front();
}

void Subscriptions::Assume(std::int64_t channels, std::int64_t patterns, std::int64_t shards) {
  channels_ = channels;
  patterns_ = patterns;
  shards_ = shards;
}

void Subscriptions::Clear() {
  asked_.clear();
  channels_ = patterns_ = shards_ = 0;
}

std::int64_t& Subscriptions::Count(Kind kind) {
  return kind == Kind::kChannel ? channels_ : kind == Kind::kPattern ? patterns_ : shards_;
}

bool Subscriptions::IsConfirmation(std::string_view what) {
  return what == "subscribe" || what == "unsubscribe" || what == "psubscribe" || what == "punsubscribe" ||
         what == "ssubscribe" || what == "sunsubscribe";
}

bool Subscriptions::IsMessage(std::string_view what) {
  return what == "message" || what == "pmessage" || what == "smessage";
}

}  // namespace herdgate::pipeline

#include <algorithm>
#include <limits>

#include "sidecar/upstream/memory/commands.h"
#include "sidecar/upstream/memory/numbers.h"

namespace herdgate::upstream::memory::commands {
namespace {

struct Conditions {
  bool nx = false;
  bool xx = false;
  bool gt = false;
  bool lt = false;

  bool Allow(Milliseconds current, Milliseconds at) const {
    if (nx && current != kNever) return false;
    if (xx && current == kNever) return false;
    if (gt && (current == kNever || at <= current)) return false;
    return !lt || current == kNever || at < current;
  }
};

bool ReadConditions(Call& call, Conditions& conditions) {
  for (std::size_t i = 3; i < call.args.size(); ++i) {
    const std::string_view option = call.args[i];
    if (EqualsIgnoringCase(option, "nx")) {
      conditions.nx = true;
    } else if (EqualsIgnoringCase(option, "xx")) {
      conditions.xx = true;
    } else if (EqualsIgnoringCase(option, "gt")) {
      conditions.gt = true;
    } else if (EqualsIgnoringCase(option, "lt")) {
      conditions.lt = true;
    } else {
      call.reply.Error("ERR Unsupported option " + std::string(option));
      return false;
    }
  }
  if (conditions.nx && (conditions.xx || conditions.gt || conditions.lt)) {
    call.reply.Error("ERR NX and XX, GT or LT options at the same time are not compatible");
    return false;
  }
  if (conditions.gt && conditions.lt) {
    call.reply.Error("ERR GT and LT options at the same time are not compatible");
    return false;
  }
  return true;
}

// EXPIRE and its kin, unlike SET, take times that have passed: they delete the key.
bool ReadTime(Call& call, bool seconds, bool absolute, Milliseconds& at) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  if (!ReadInteger(call, 2, at)) return false;
  bool valid = !seconds || (at <= kMost / 1000 && at >= std::numeric_limits<std::int64_t>::min() / 1000);
  if (valid && seconds) at *= 1000;
  if (valid && !absolute) valid = AddInteger(at, call.keys().now(), at);
  if (!valid) call.reply.Error("ERR invalid expire time in '" + std::string(call.row.name) + "' command");
  return valid;
}

void SetExpiry(Call& call, bool seconds, bool absolute) {
  Conditions conditions;
  Milliseconds at = 0;
  if (!ReadConditions(call, conditions) || !ReadTime(call, seconds, absolute, at)) return;
  Entry* entry = call.keys().Find(call.db(), call.args[1]);
  if (entry == nullptr || !conditions.Allow(entry->expires_at, at)) return call.reply.Integer(0);
  if (at <= call.keys().now()) {
    call.keys().Delete(call.db(), *entry);
  } else {
    call.keys().SetExpiry(call.db(), *entry, at);
  }
  call.reply.Integer(1);
}

void ReplyTime(Call& call, bool seconds, bool absolute) {
  const Entry* entry = call.keys().Peek(call.db(), call.args[1]);
  if (entry == nullptr) return call.reply.Integer(-2);
  if (entry->expires_at == kNever) return call.reply.Integer(-1);
  const Milliseconds time =
      absolute ? entry->expires_at : std::max<Milliseconds>(entry->expires_at - call.keys().now(), 0);
  call.reply.Integer(seconds ? (time + 500) / 1000 : time);
}

}  // namespace

void Expire(Call& call) {
  SetExpiry(call, true, false);
}
void PExpire(Call& call) {
  SetExpiry(call, false, false);
}
void ExpireAt(Call& call) {
  SetExpiry(call, true, true);
}
void PExpireAt(Call& call) {
  SetExpiry(call, false, true);
}
void Ttl(Call& call) {
  ReplyTime(call, true, false);
}
void PTtl(Call& call) {
  ReplyTime(call, false, false);
}
void ExpireTime(Call& call) {
  ReplyTime(call, true, true);
}
void PExpireTime(Call& call) {
  ReplyTime(call, false, true);
}

void Persist(Call& call) {
  Entry* entry = call.keys().Find(call.db(), call.args[1]);
  if (entry == nullptr || entry->expires_at == kNever) return call.reply.Integer(0);
  call.keys().SetExpiry(call.db(), *entry, kNever);
  call.reply.Integer(1);
}

}  // namespace herdgate::upstream::memory::commands

#include <algorithm>
#include <optional>

#include "sidecar/upstream/memory/commands.h"
#include "sidecar/upstream/memory/numbers.h"

namespace herdgate::upstream::memory::commands {
namespace {

// The options of SET and GETEX.
struct StringOptions {
  bool nx = false;
  bool xx = false;
  bool get = false;
  bool keep_ttl = false;
  bool persist = false;
  bool seconds = false;
  bool absolute = false;
  std::optional<std::string_view> expiry;
  char expiry_kind = 0;  // one letter for each of EX PX EXAT PXAT
};

char ExpiryKind(std::string_view option) {
  if (EqualsIgnoringCase(option, "ex")) return 'e';
  if (EqualsIgnoringCase(option, "px")) return 'p';
  if (EqualsIgnoringCase(option, "exat")) return 'E';
  if (EqualsIgnoringCase(option, "pxat")) return 'P';
  return 0;
}

// Takes the option that needs no argument; false if it is none, or not together with what was there.
bool TakeFlag(StringOptions& options, std::string_view option, bool is_set) {
  const bool has_expiry = options.expiry_kind != 0;
  if (is_set && EqualsIgnoringCase(option, "nx") && !options.xx) return options.nx = true;
  if (is_set && EqualsIgnoringCase(option, "xx") && !options.nx) return options.xx = true;
  if (is_set && EqualsIgnoringCase(option, "get")) return options.get = true;
  if (is_set && EqualsIgnoringCase(option, "keepttl") && !options.persist && !has_expiry)
    return options.keep_ttl = true;
  if (!is_set && EqualsIgnoringCase(option, "persist") && !has_expiry) return options.persist = true;
  return false;
}

bool ReadOptions(Call& call, std::size_t first, bool is_set, StringOptions& options) {
  for (std::size_t at = first; at < call.args.size(); ++at) {
    const std::string_view option = call.args[at];
    if (TakeFlag(options, option, is_set)) continue;
    const char kind = ExpiryKind(option);
    const bool fits = kind != 0 && !options.keep_ttl && !options.persist && at + 1 < call.args.size() &&
                      (options.expiry_kind == 0 || options.expiry_kind == kind);
    if (!fits) {
      call.reply.Error(kSyntaxError);
      return false;
    }
    options.expiry_kind = kind;
    options.expiry = call.args[++at];
    options.seconds = kind == 'e' || kind == 'E';
    options.absolute = kind == 'E' || kind == 'P';
  }
  return true;
}

// Answers with the value, or null.
void ReplyValue(Call& call, const Entry* entry) {
  if (entry == nullptr) {
    call.reply.Null();
  } else {
    call.reply.Bulk(entry->text());
  }
}

void SetWithExpiry(Call& call, bool seconds) {
  Milliseconds at = 0;
  if (!ReadExpiry(call, call.args[2], seconds, false, at)) return;
  if (call.keys().Put(call.db(), call.args[1], call.args[3], at) == nullptr) {
    call.reply.Error(kOutOfMemory);
  } else {
    call.reply.Ok();
  }
}

// Start and end of a GETRANGE in a value of `size` bytes; false if nothing is in it.
bool ClampRange(std::int64_t size, std::int64_t& start, std::int64_t& end) {
  if (start < 0 && end < 0 && start > end) return false;
  if (start < 0) start = std::max<std::int64_t>(start + size, 0);
  if (end < 0) end = std::max<std::int64_t>(end + size, 0);
  end = std::min(end, size - 1);
  return start <= end && size > 0;
}

// Memory for all pairs, before the first is written.
bool ReservePairs(Call& call) {
  std::size_t bytes = 0;
  for (std::size_t at = 1; at + 1 < call.args.size(); at += 2) {
    bytes += EntryEstimate(call.args[at].size(), call.args[at + 1].size());
  }
  if (call.keys().Reserve(bytes)) return true;
  call.reply.Error(kOutOfMemory);
  return false;
}

bool PutPairs(Call& call) {
  for (std::size_t at = 1; at + 1 < call.args.size(); at += 2) {
    if (call.keys().Put(call.db(), call.args[at], call.args[at + 1], kNever) != nullptr) continue;
    call.reply.Error(kOutOfMemory);
    return false;
  }
  return true;
}

}  // namespace

void Get(Call& call) {
  ReplyValue(call, call.keys().Read(call.db(), call.args[1]));
}

void Set(Call& call) {
  StringOptions options;
  if (!ReadOptions(call, 3, true, options)) return;
  Milliseconds at = kNever;
  if (options.expiry && !ReadExpiry(call, *options.expiry, options.seconds, options.absolute, at)) return;
  const Entry* old = nullptr;
  std::optional<std::string> old_value;
  if (options.get || options.nx || options.xx || options.keep_ttl) {
    old = options.get ? call.keys().Read(call.db(), call.args[1]) : call.keys().Find(call.db(), call.args[1]);
    if (options.get && old != nullptr) old_value.emplace(old->text());
    if (options.keep_ttl && old != nullptr) at = old->expires_at;
  }
  const bool skipped = (options.nx && old != nullptr) || (options.xx && old == nullptr);
  if (!skipped && call.keys().Put(call.db(), call.args[1], call.args[2], at) == nullptr) {
    call.reply.Error(kOutOfMemory);
  } else if (old_value) {
    call.reply.Bulk(*old_value);
  } else if (options.get || skipped) {
    call.reply.Null();
  } else {
    call.reply.Ok();
  }
}

void SetEx(Call& call) {
  SetWithExpiry(call, true);
}
void PSetEx(Call& call) {
  SetWithExpiry(call, false);
}

void SetNx(Call& call) {
  if (call.keys().Find(call.db(), call.args[1]) != nullptr) {
    call.reply.Integer(0);
  } else if (call.keys().Put(call.db(), call.args[1], call.args[2], kNever) == nullptr) {
    call.reply.Error(kOutOfMemory);
  } else {
    call.reply.Integer(1);
  }
}

void GetSet(Call& call) {
  const Entry* old = call.keys().Read(call.db(), call.args[1]);
  const std::optional<std::string> value = old == nullptr ? std::nullopt : std::optional<std::string>(old->text());
  if (call.keys().Put(call.db(), call.args[1], call.args[2], kNever) == nullptr) {
    call.reply.Error(kOutOfMemory);
  } else if (value) {
    call.reply.Bulk(*value);
  } else {
    call.reply.Null();
  }
}

void GetDel(Call& call) {
  Entry* entry = call.keys().Read(call.db(), call.args[1]);
  ReplyValue(call, entry);
  if (entry != nullptr) call.keys().Delete(call.db(), *entry);
}

void GetEx(Call& call) {
  StringOptions options;
  if (!ReadOptions(call, 2, false, options)) return;
  Entry* entry = call.keys().Read(call.db(), call.args[1]);
  if (entry == nullptr) return call.reply.Null();
  Milliseconds at = kNever;
  if (options.expiry && !ReadExpiry(call, *options.expiry, options.seconds, options.absolute, at)) return;
  ReplyValue(call, entry);
  if (options.expiry && at <= call.keys().now()) {
    call.keys().Delete(call.db(), *entry);
  } else if (options.expiry || (options.persist && entry->expires_at != kNever)) {
    call.keys().SetExpiry(call.db(), *entry, at);
  }
}

void MGet(Call& call) {
  call.reply.Array(call.args.size() - 1);
  for (const std::string_view key : call.args.subspan(1)) ReplyValue(call, call.keys().Read(call.db(), key));
}

void MSet(Call& call) {
  if (call.args.size() % 2 == 0) return WrongCount(call);
  if (ReservePairs(call) && PutPairs(call)) call.reply.Ok();
}

void MSetNx(Call& call) {
  if (call.args.size() % 2 == 0) return WrongCount(call);
  for (std::size_t at = 1; at < call.args.size(); at += 2) {
    if (call.keys().Find(call.db(), call.args[at]) != nullptr) return call.reply.Integer(0);
  }
  if (ReservePairs(call) && PutPairs(call)) call.reply.Integer(1);
}

void Append(Call& call) {
  Entry* entry = call.keys().Find(call.db(), call.args[1]);
  const std::string_view more = call.args[2];
  if (entry == nullptr) {
    entry = call.keys().Put(call.db(), call.args[1], more, kNever);
    if (entry == nullptr) return call.reply.Error(kOutOfMemory);
  } else {
    const std::size_t size = entry->value_bytes;
    if (static_cast<std::int64_t>(size + more.size()) > kMaxStringBytes) return call.reply.Error(kTooLong);
    if (!call.keys().Resize(call.db(), *entry, size + more.size())) return call.reply.Error(kOutOfMemory);
    std::copy(more.begin(), more.end(), entry->value + size);
  }
  call.reply.Count(entry->value_bytes);
}

void StrLen(Call& call) {
  const Entry* entry = call.keys().Read(call.db(), call.args[1]);
  call.reply.Count(entry == nullptr ? 0 : entry->value_bytes);
}

void GetRange(Call& call) {
  std::int64_t start = 0;
  std::int64_t end = 0;
  if (!ReadInteger(call, 2, start) || !ReadInteger(call, 3, end)) return;
  const Entry* entry = call.keys().Read(call.db(), call.args[1]);
  if (entry == nullptr || !ClampRange(entry->value_bytes, start, end)) return call.reply.Bulk("");
  call.reply.Bulk(entry->text().substr(static_cast<std::size_t>(start), static_cast<std::size_t>(end - start + 1)));
}

void SetRange(Call& call) {
  std::int64_t offset = 0;
  if (!ReadInteger(call, 2, offset)) return;
  if (offset < 0) return call.reply.Error("ERR offset is out of range");
  Entry* entry = call.keys().Find(call.db(), call.args[1]);
  const std::string_view value = call.args[3];
  if (value.empty()) return call.reply.Count(entry == nullptr ? 0 : entry->value_bytes);
  if (offset > kMaxStringBytes || offset + static_cast<std::int64_t>(value.size()) > kMaxStringBytes) {
    return call.reply.Error(kTooLong);
  }
  const std::size_t size = static_cast<std::size_t>(offset) + value.size();
  if (entry == nullptr) {
    entry = call.keys().PutZeros(call.db(), call.args[1], size);
    if (entry == nullptr) return call.reply.Error(kOutOfMemory);
  } else if (!call.keys().Resize(call.db(), *entry, std::max<std::size_t>(size, entry->value_bytes))) {
    return call.reply.Error(kOutOfMemory);
  }
  std::copy(value.begin(), value.end(), entry->value + offset);
  call.reply.Count(entry->value_bytes);
}

}  // namespace herdgate::upstream::memory::commands

#include <algorithm>
#include <cctype>
#include <charconv>

#include "sidecar/upstream/memory/commands.h"
#include "sidecar/upstream/memory/glob.h"
#include "sidecar/upstream/memory/numbers.h"

namespace herdgate::upstream::memory::commands {
namespace {

constexpr std::string_view kBadCursor = "ERR invalid cursor";
// A scan looks at most at this many buckets per key asked for.
constexpr std::int64_t kBucketsPerKey = 10;

struct ScanOptions {
  std::int64_t count = 10;
  std::string_view pattern = "*";
  bool strings = true;  // TYPE names the only type that there is, or no TYPE was given
};

// As strtoul reads it: an optional sign, digits, nothing behind; nothing at all is 0.
bool ParseCursor(std::string_view text, std::uint64_t& cursor) {
  if (text.empty()) return true;
  const bool negative = !text.empty() && text[0] == '-';
  if (negative || (!text.empty() && text[0] == '+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), cursor);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  if (negative) cursor = 0 - cursor;
  return true;
}

bool ReadScanOptions(Call& call, ScanOptions& options) {
  for (std::size_t at = 2; at < call.args.size(); at += 2) {
    const bool has_value = at + 1 < call.args.size();
    if (has_value && EqualsIgnoringCase(call.args[at], "count")) {
      if (!ReadInteger(call, at + 1, options.count)) return false;
      if (options.count < 1) {
        call.reply.Error(kSyntaxError);
        return false;
      }
    } else if (has_value && EqualsIgnoringCase(call.args[at], "match")) {
      options.pattern = call.args[at + 1];
    } else if (has_value && EqualsIgnoringCase(call.args[at], "type")) {
      options.strings = EqualsIgnoringCase(call.args[at + 1], "string");
    } else {
      call.reply.Error(kSyntaxError);
      return false;
    }
  }
  return true;
}

bool CheckFlushMode(Call& call) {
  const bool valid = call.args.size() == 1 || (call.args.size() == 2 && (EqualsIgnoringCase(call.args[1], "sync") ||
                                                                         EqualsIgnoringCase(call.args[1], "async")));
  if (!valid) call.reply.Error(kSyntaxError);
  return valid;
}

void FlushOne(Call& call, int db) {
  call.store.watches().OnDatabase(db, [&](std::string_view key) { return call.keys().Peek(db, key) != nullptr; });
  call.keys().Clear(db);
}

}  // namespace

void Keys(Call& call) {
  std::vector<std::string_view> found;
  const std::string_view pattern = call.args[1];
  call.keys().ForEach(call.db(), [&](Entry& entry) {
    if (pattern == "*" || GlobMatches(pattern, entry.key())) found.push_back(entry.key());
  });
  call.reply.Array(found.size());
  for (const std::string_view key : found) call.reply.Bulk(key);
}

void Scan(Call& call) {
  std::uint64_t cursor = 0;
  if (!ParseCursor(call.args[1], cursor)) return call.reply.Error(kBadCursor);
  ScanOptions options;
  if (!ReadScanOptions(call, options)) return;
  std::vector<std::string_view> found;
  std::int64_t seen = 0;
  std::int64_t buckets_left = options.count > INT64_MAX / kBucketsPerKey ? INT64_MAX : options.count * kBucketsPerKey;
  do {
    cursor = call.keys().Scan(call.db(), cursor, [&](Entry& entry) {
      ++seen;
      if (options.strings && (options.pattern == "*" || GlobMatches(options.pattern, entry.key()))) {
        found.push_back(entry.key());
      }
    });
  } while (cursor != 0 && --buckets_left > 0 && seen < options.count);
  call.reply.Array(2);
  call.reply.Bulk(std::to_string(cursor));
  call.reply.Array(found.size());
  for (const std::string_view key : found) call.reply.Bulk(key);
}

void DbSize(Call& call) {
  call.reply.Count(call.keys().size(call.db()));
}

void FlushDb(Call& call) {
  if (!CheckFlushMode(call)) return;
  FlushOne(call, call.db());
  call.reply.Ok();
}

void FlushAll(Call& call) {
  if (!CheckFlushMode(call)) return;
  for (int db = 0; db < kDatabases; ++db) FlushOne(call, db);
  call.reply.Ok();
}

void SwapDb(Call& call) {
  int first = 0;
  int second = 0;
  if (!ReadInt32(call, 1, first, "ERR invalid first DB index")) return;
  if (!ReadInt32(call, 2, second, "ERR invalid second DB index")) return;
  if (first < 0 || first >= kDatabases || second < 0 || second >= kDatabases) return call.reply.Error(kBadDatabase);
  if (first != second) {
    const auto existed = [&](std::string_view key) {
      return call.keys().Peek(first, key) != nullptr || call.keys().Peek(second, key) != nullptr;
    };
    call.store.watches().OnDatabase(first, existed);
    call.store.watches().OnDatabase(second, existed);
    call.keys().Swap(first, second);
  }
  call.reply.Ok();
}

void Select(Call& call) {
  int db = 0;
  if (!ReadDatabase(call, 1, db)) return;
  call.client.db = db;
  call.reply.Ok();
}

}  // namespace herdgate::upstream::memory::commands

#include "sidecar/upstream/memory/commands.h"
#include "sidecar/upstream/memory/numbers.h"

namespace herdgate::upstream::memory::commands {
namespace {

constexpr std::string_view kNoSuchKey = "ERR no such key";
constexpr std::string_view kSameObject = "ERR source and destination objects are the same";
// Redis keeps shorter strings in the block of their object.
constexpr std::size_t kLongestEmbedded = 44;

// The entry of an OBJECT subcommand; answers null if there is none.
Entry* ObjectEntry(Call& call) {
  Entry* entry = call.keys().Peek(call.db(), call.args[2]);
  if (entry == nullptr) call.reply.Null();
  return entry;
}

// Renames; true if the reply is still due.
bool RenameKey(Call& call, bool only_if_new, bool& renamed) {
  Entry* from = call.keys().Find(call.db(), call.args[1]);
  renamed = false;
  if (from == nullptr) {
    call.reply.Error(kNoSuchKey);
    return false;
  }
  if (call.args[1] == call.args[2]) return true;
  if (only_if_new && call.keys().Find(call.db(), call.args[2]) != nullptr) return true;
  if (call.keys().Move(call.db(), *from, call.db(), call.args[2]) == nullptr) {
    call.reply.Error(kOutOfMemory);
    return false;
  }
  renamed = true;
  return true;
}

struct CopyOptions {
  int db = 0;
  bool replace = false;
};

bool ReadCopyOptions(Call& call, CopyOptions& options) {
  for (std::size_t at = 3; at < call.args.size(); ++at) {
    if (EqualsIgnoringCase(call.args[at], "replace")) {
      options.replace = true;
    } else if (EqualsIgnoringCase(call.args[at], "db") && at + 1 < call.args.size()) {
      if (!ReadDatabase(call, ++at, options.db)) return false;
    } else {
      call.reply.Error(kSyntaxError);
      return false;
    }
  }
  return true;
}

}  // namespace

void Del(Call& call) {
  std::size_t deleted = 0;
  for (const std::string_view key : call.args.subspan(1)) {
    Entry* entry = call.keys().Peek(call.db(), key);
    if (entry == nullptr) continue;
    call.keys().Delete(call.db(), *entry);
    ++deleted;
  }
  call.reply.Count(deleted);
}

void Exists(Call& call) {
  std::size_t found = 0;
  for (const std::string_view key : call.args.subspan(1))
    found += call.keys().Peek(call.db(), key) != nullptr ? 1U : 0U;
  call.reply.Count(found);
}

void Touch(Call& call) {
  std::size_t found = 0;
  for (const std::string_view key : call.args.subspan(1))
    found += call.keys().Find(call.db(), key) != nullptr ? 1U : 0U;
  call.reply.Count(found);
}

void Type(Call& call) {
  call.reply.Simple(call.keys().Peek(call.db(), call.args[1]) == nullptr ? "none" : "string");
}

void Rename(Call& call) {
  bool renamed = false;
  if (RenameKey(call, false, renamed)) call.reply.Ok();
}

void RenameNx(Call& call) {
  bool renamed = false;
  if (RenameKey(call, true, renamed)) call.reply.Integer(renamed ? 1 : 0);
}

void Copy(Call& call) {
  CopyOptions options{.db = call.db()};
  if (!ReadCopyOptions(call, options)) return;
  if (options.db == call.db() && call.args[1] == call.args[2]) return call.reply.Error(kSameObject);
  const Entry* from = call.keys().Find(call.db(), call.args[1]);
  if (from == nullptr) return call.reply.Integer(0);
  if (!options.replace && call.keys().Find(options.db, call.args[2]) != nullptr) return call.reply.Integer(0);
  const std::string value(from->text());
  const Form form = from->form;
  Entry* copy = call.keys().Put(options.db, call.args[2], value, from->expires_at);
  if (copy == nullptr) return call.reply.Error(kOutOfMemory);
  copy->form = form;
  call.reply.Integer(1);
}

void Move(Call& call) {
  int to = 0;
  if (!ReadDatabase(call, 2, to)) return;
  if (to == call.db()) return call.reply.Error(kSameObject);
  Entry* from = call.keys().Find(call.db(), call.args[1]);
  if (from == nullptr || call.keys().Find(to, call.args[1]) != nullptr) return call.reply.Integer(0);
  if (call.keys().Move(call.db(), *from, to, call.args[1]) == nullptr) return call.reply.Error(kOutOfMemory);
  call.reply.Integer(1);
}

void RandomKey(Call& call) {
  const Entry* entry = call.keys().Random(call.db());
  if (entry == nullptr) return call.reply.Null();
  call.reply.Bulk(entry->key());
}

void ObjectEncoding(Call& call) {
  const Entry* entry = ObjectEntry(call);
  if (entry == nullptr) return;
  std::int64_t number = 0;
  if (entry->form == Form::kSet && ParseInteger(entry->text(), number)) return call.reply.Bulk("int");
  const bool raw = entry->form == Form::kEdited || entry->value_bytes > kLongestEmbedded;
  call.reply.Bulk(raw ? "raw" : "embstr");
}

void ObjectFreq(Call& call) {
  if (ObjectEntry(call) == nullptr) return;
  call.reply.Error(
      "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching "
      "between "
      "policies at runtime LRU and LFU data will take some time to adjust.");
}

void ObjectIdleTime(Call& call) {
  const Entry* entry = ObjectEntry(call);
  if (entry == nullptr) return;
  const std::uint32_t idle = static_cast<std::uint32_t>(call.keys().now()) - entry->used_at;
  call.reply.Integer(idle > 0x80000000U ? 0 : idle / 1000);
}

void ObjectRefCount(Call& call) {
  if (ObjectEntry(call) != nullptr) call.reply.Integer(1);
}

void MemoryUsage(Call& call) {
  for (std::size_t at = 3; at < call.args.size(); ++at) {
    std::int64_t samples = 0;
    if (!EqualsIgnoringCase(call.args[at], "samples") || at + 1 >= call.args.size()) {
      return call.reply.Error(kSyntaxError);
    }
    if (!ReadInteger(call, ++at, samples)) return;
    if (samples < 0) return call.reply.Error(kSyntaxError);
  }
  const Entry* entry = ObjectEntry(call);
  if (entry != nullptr) call.reply.Count(Keyspace::BytesOf(*entry));
}

}  // namespace herdgate::upstream::memory::commands

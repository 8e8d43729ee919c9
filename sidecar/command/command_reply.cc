#include "sidecar/command/command_reply.h"

#include <algorithm>
#include <limits>
#include <span>
#include <utility>

namespace herdgate::command {
namespace {

using resp::Reply;
using resp::ReplyType;

constexpr size_t kOldFields = 6;
constexpr size_t kFullFields = 10;

bool IsList(const Reply& reply) {
  return reply.type == ReplyType::kArray || reply.type == ReplyType::kSet || reply.type == ReplyType::kMap;
}

int16_t ToShort(const Reply& reply) {
  constexpr int64_t kLimit = std::numeric_limits<int16_t>::max();
  return reply.type == ReplyType::kInteger ? static_cast<int16_t>(std::clamp(reply.integer, -kLimit, kLimit))
                                           : int16_t{0};
}

// Calls visit(name, value) for each pair of a flat list or map.
template <typename Visit>
void ForEachPair(const Reply& reply, Visit visit) {
  for (size_t i = 0; i + 1 < reply.elements.size(); i += 2) visit(reply.elements[i].text, reply.elements[i + 1]);
}

CommandFlags ReadFlags(const Reply& reply) {
  CommandFlags flags;
  for (const Reply& word : reply.elements) {
    if (const std::optional<CommandFlag> flag = ParseFlag(word.text)) flags.Set(*flag);
  }
  return flags;
}

void ReadKeyFlags(const Reply& reply, KeySpec& spec) {
  bool channel = false;
  for (const Reply& flag : reply.elements) {
    if (flag.text == "RO") spec.access = KeyAccess::kRead;
    if (flag.text == "RW") spec.access = KeyAccess::kUpdate;
    if (flag.text == "OW") spec.access = KeyAccess::kOverwrite;
    if (flag.text == "RM") spec.access = KeyAccess::kRemove;
    if (flag.text == "not_key") channel = true;
    if (flag.text == "incomplete") spec.incomplete = true;
  }
  if (channel) spec.access = KeyAccess::kChannel;
}

void ReadNumbers(const Reply& reply, KeySpec& spec) {
  ForEachPair(reply, [&spec](std::string_view name, const Reply& value) {
    if (name == "keyword") spec.keyword = value.text;
    if (name == "index" || name == "startfrom") spec.position = ToShort(value);
    if (name == "lastkey") spec.last = ToShort(value);
    if (name == "keystep") spec.step = std::max<int16_t>(ToShort(value), 1);
    if (name == "limit") spec.limit = ToShort(value);
    if (name == "keynumidx") spec.count_offset = ToShort(value);
    if (name == "firstkey") spec.first_offset = ToShort(value);
  });
}

void ReadSearch(const Reply& reply, KeySpec& spec) {
  ForEachPair(reply, [&spec](std::string_view name, const Reply& value) {
    if (name == "spec") ReadNumbers(value, spec);
    if (name != "type") return;
    if (value.text == "index") spec.begin = KeySpec::Begin::kIndex;
    if (value.text == "keyword") spec.begin = KeySpec::Begin::kKeyword;
    if (value.text == "range") spec.find = KeySpec::Find::kRange;
    if (value.text == "keynum") spec.find = KeySpec::Find::kCount;
  });
}

KeySpec ReadKeySpec(const Reply& reply) {
  KeySpec spec = *Nowhere(KeyAccess::kRead).begin();
  ForEachPair(reply, [&spec](std::string_view name, const Reply& value) {
    if (name == "flags") ReadKeyFlags(value, spec);
    if (name == "begin_search" || name == "find_keys") ReadSearch(value, spec);
  });
  return spec;
}

KeySpecs ReadKeySpecs(const Reply& reply) {
  KeySpecs keys;
  for (const Reply& spec : reply.elements) {
    if (keys.count < KeySpecs::kMax) keys.specs[keys.count++] = ReadKeySpec(spec);
  }
  if (reply.elements.size() > KeySpecs::kMax) keys.specs[KeySpecs::kMax - 1] = *Nowhere(KeyAccess::kUpdate).begin();
  return keys;
}

// False if the entry has not the first six fields.
bool ReadEntry(const Reply& reply, ListedCommand& listed) {
  const std::vector<Reply>& fields = reply.elements;
  if (!IsList(reply) || fields.size() < kOldFields) return false;
  if (!fields[0].is_text() || fields[1].type != ReplyType::kInteger || !IsList(fields[2])) return false;
  listed.name = fields[0].text;
  listed.arity = ToShort(fields[1]);
  listed.flags = ReadFlags(fields[2]);
  listed.first = ToShort(fields[3]);
  listed.last = ToShort(fields[4]);
  listed.step = ToShort(fields[5]);
  listed.full = fields.size() >= kFullFields;
  if (listed.full) listed.keys = ReadKeySpecs(fields[8]);
  return true;
}

}  // namespace

base::Result<std::vector<ListedCommand>> ReadCommandReply(const Reply& reply) {
  const base::Status malformed(base::ErrorCode::kProtocol, "the upstream's reply to COMMAND is not a list of commands");
  std::vector<ListedCommand> commands;
  if (!IsList(reply)) return malformed;
  for (const Reply& entry : reply.elements) {
    if (entry.type == ReplyType::kNull) continue;
    ListedCommand& command = commands.emplace_back();
    if (!ReadEntry(entry, command)) return malformed;
    if (!command.full) continue;
    for (const Reply& subcommand : entry.elements[kFullFields - 1].elements) {
      if (!ReadEntry(subcommand, command.subcommands.emplace_back())) return malformed;
    }
  }
  if (commands.empty()) return malformed;
  return commands;
}

}  // namespace herdgate::command

#include "sidecar/command/correction.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "sidecar/command/command_reply.h"

namespace herdgate::command {
namespace {

constexpr size_t kMaxNameBytes = 64;  // what Table::Find looks at
constexpr size_t kMaxRows = 10'000;   // ids are 16 bits, and no server has as many

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
  return lower;
}

std::string Upper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - ('a' - 'A') : c);
  return upper;
}

CommandClass ClassOf(const ListedCommand& listed, const CommandSpec* container) {
  if (container != nullptr && container->name == "client") return CommandClass::kRefused;
  if (listed.flags.Has(CommandFlag::kBlocking)) return CommandClass::kBlocking;
  if (container != nullptr && container->since != Since::kUpstream) {
    return container->group == CommandGroup::kScript ? CommandClass::kSlow : CommandClass::kShared;
  }
  return listed.flags.Has(CommandFlag::kFast) ? CommandClass::kShared : CommandClass::kSlow;
}

CommandGroup GroupOf(const ListedCommand& listed) {
  if (listed.flags.Has(CommandFlag::kPubSub)) return CommandGroup::kMessage;
  if (listed.flags.Has(CommandFlag::kWrite)) return CommandGroup::kWrite;
  if (listed.flags.Has(CommandFlag::kReadonly)) return CommandGroup::kRead;
  return CommandGroup::kAdmin;
}

KeySpecs LegacyKeys(const ListedCommand& listed) {
  if (listed.first < 1) return NoKeys();
  const KeyAccess access = listed.flags.Has(CommandFlag::kReadonly) ? KeyAccess::kRead : KeyAccess::kUpdate;
  const auto last = static_cast<int16_t>(listed.last < 0 ? listed.last : listed.last - listed.first);
  return RangeOf(access, listed.first, last, std::max<int16_t>(listed.step, 1));
}

}  // namespace

// Merges what upstream lists into a copy of the built-in rows.
class Correction {
 public:
  explicit Correction(const Table& built_in) {
    for (const CommandSpec& spec : built_in.specs()) {
      if (spec.since == Since::kUpstream && !spec.is_unknown()) continue;
      table_.specs_.push_back(spec);
      table_.specs_.back().absent = !spec.is_unknown();
    }
    table_.BuildIndex();
  }

  Table Merge(const std::vector<ListedCommand>& commands) {
    for (const ListedCommand& listed : commands) MergeCommand(listed);
    table_.BuildIndex();
    return std::move(table_);
  }

 private:
  void MergeCommand(const ListedCommand& listed) {
    const uint16_t id = MergeRow(listed, nullptr);
    if (id == 0) return;
    if (!listed.full) {
      KeepOldSubcommands(id);
      return;
    }
    for (const ListedCommand& subcommand : listed.subcommands) {
      const CommandSpec container = table_.specs_[id];  // a copy: appending moves the specs
      MergeRow(subcommand, &container);
    }
  }

  // A server before 7.0 does not list subcommands: it is taken to have those of 7.0, and none that came later.
  void KeepOldSubcommands(uint16_t container_id) {
    for (CommandSpec& spec : table_.specs_) {
      if (spec.container_id == container_id && spec.is_subcommand()) spec.absent = spec.since != Since::kRedis70;
    }
  }

  // The id of the row that was corrected or appended; 0 if it is none that the table can hold.
  uint16_t MergeRow(const ListedCommand& listed, const CommandSpec* container) {
    const std::string name = Lower(listed.name);
    const CommandSpec* found = table_.FindFull(name);
    if (found == nullptr) return Append(listed, container, name);
    CommandSpec& spec = table_.specs_[found->id];
    spec.absent = false;
    spec.flags = listed.flags;
    if (listed.arity != 0) spec.arity = listed.arity;
    if (listed.full) {  // else the built-in key specs know more than upstream
      const KeySearch search = spec.keys.search;
      spec.keys = OwnKeywords(listed.keys);
      spec.keys.search = search;
    }
    return spec.id;
  }

  uint16_t Append(const ListedCommand& listed, const CommandSpec* container, const std::string& name) {
    if (name.empty() || name.size() > kMaxNameBytes || listed.arity == 0 || table_.size() >= kMaxRows) return 0;
    const std::string_view before_bar = std::string_view(name).substr(0, name.find('|'));
    const bool fits = container != nullptr ? before_bar == container->name && before_bar.size() + 1 < name.size()
                                           : before_bar == name;
    if (!fits) return 0;
    CommandRow row;
    row.name = table_.names_.emplace_back(name);
    row.arity = listed.arity;
    row.flags = listed.flags;
    row.keys = listed.full ? OwnKeywords(listed.keys) : LegacyKeys(listed);
    row.command_class = ClassOf(listed, container);
    row.group = GroupOf(listed);
    row.ttl = listed.flags.Has(CommandFlag::kReadonly) ? TtlEffect::kTtlNone : TtlEffect::kTtlUnknown;
    table_.Add(row);
    return table_.specs_.back().id;
  }

  KeySpecs OwnKeywords(KeySpecs keys) {
    for (KeySpec& spec : keys.specs) {
      if (!spec.keyword.empty()) spec.keyword = table_.names_.emplace_back(Upper(spec.keyword));
    }
    return keys;
  }

  Table table_;
};

base::Result<Table> Corrected(const Table& built_in, std::string_view command_reply) {
  const base::Result<resp::ParsedReply> reply = resp::ParseReply(command_reply);
  if (!reply.ok()) return reply.status();
  const base::Result<std::vector<ListedCommand>> commands = ReadCommandReply(reply.value().reply);
  if (!commands.ok()) return commands.status();
  return Correction(built_in).Merge(commands.value());
}

}  // namespace herdgate::command

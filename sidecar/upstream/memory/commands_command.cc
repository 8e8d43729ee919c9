// COMMAND: what the store has, in the format of Redis 7.0, derived from the rows.
#include "sidecar/upstream/memory/commands.h"

namespace herdgate::upstream::memory::commands {
namespace {

// In the order in which Redis lists them.
constexpr std::array<std::string_view, 12> kCategories = {"keyspace", "read",      "write",      "string",
                                                          "bitmap",   "pubsub",    "admin",      "fast",
                                                          "slow",     "dangerous", "connection", "transaction"};

bool InCategory(const CommandRow& row, std::string_view category) {
  const bool fast = HasWord(row.flags, "fast");
  if (category == "read") return HasWord(row.flags, "readonly");
  if (category == "write" || category == "pubsub") return HasWord(row.flags, category);
  if (category == "fast") return fast;
  if (category == "slow") return !fast;
  if ((category == "admin" || category == "dangerous") && HasWord(row.flags, "admin")) return true;
  return HasWord(row.groups, category);
}

void ReplyCategories(Call& call, const CommandRow& row) {
  std::vector<std::string_view> found;
  for (const std::string_view category : kCategories) {
    if (InCategory(row, category)) found.push_back(category);
  }
  call.reply.Set(found.size());
  for (const std::string_view category : found) call.reply.Simple("@" + std::string(category));
}

void ReplyPair(Call& call, std::string_view name, std::int64_t value) {
  call.reply.Bulk(name);
  call.reply.Integer(value);
}

void ReplyKeySpec(Call& call, const KeyRange& range) {
  const auto access = SplitWords(range.access);
  call.reply.Map(3);
  call.reply.Bulk("flags");
  call.reply.Set(access.size());
  for (const std::string_view word : access) call.reply.Simple(word);
  call.reply.Bulk("begin_search");
  call.reply.Map(2);
  call.reply.Bulk("type");
  call.reply.Bulk("index");
  call.reply.Bulk("spec");
  call.reply.Map(1);
  ReplyPair(call, "index", range.first);
  call.reply.Bulk("find_keys");
  call.reply.Map(2);
  call.reply.Bulk("type");
  call.reply.Bulk("range");
  call.reply.Bulk("spec");
  call.reply.Map(3);
  ReplyPair(call, "lastkey", range.last);
  ReplyPair(call, "keystep", range.step);
  ReplyPair(call, "limit", 0);
}

// First key, last key and step, over all ranges.
void ReplyLegacyRange(Call& call, const CommandRow& row) {
  const KeyRange& first = row.keys[0];
  const KeyRange& last = row.keys[1].first != 0 ? row.keys[1] : first;
  call.reply.Integer(first.first);
  call.reply.Integer(last.last >= 0 ? last.first + last.last : last.last);
  call.reply.Integer(first.first == 0 ? 0 : first.step);
}

void ReplyRow(Call& call, const CommandRow& row, std::span<const CommandRow* const> subcommands) {
  const auto flags = SplitWords(row.flags);
  const auto tips = SplitWords(row.tips);
  call.reply.Array(10);
  call.reply.Bulk(row.name);
  call.reply.Integer(row.arity);
  call.reply.Set(flags.size());
  for (const std::string_view flag : flags) call.reply.Simple(flag);
  ReplyLegacyRange(call, row);
  ReplyCategories(call, row);
  call.reply.Set(tips.size());
  for (const std::string_view tip : tips) call.reply.Bulk(tip);
  call.reply.Set((row.keys[0].first != 0 ? 1U : 0U) + (row.keys[1].first != 0 ? 1U : 0U));
  for (const KeyRange& range : row.keys) {
    if (range.first != 0) ReplyKeySpec(call, range);
  }
  std::size_t served = 0;
  for (const CommandRow* subcommand : subcommands) served += subcommand->run != nullptr ? 1U : 0U;
  call.reply.Set(served);
  for (const CommandRow* subcommand : subcommands) {
    if (subcommand->run != nullptr) ReplyRow(call, *subcommand, {});
  }
}

void ReplyDocs(Call& call, const CommandRow& row) {
  call.reply.Bulk(row.name);
  call.reply.Map(2);
  call.reply.Bulk("summary");
  call.reply.Bulk("As in Redis " + std::string(kRedisVersion));
  call.reply.Bulk("group");
  call.reply.Bulk(row.groups.empty() ? "server" : SplitWords(row.groups).front());
}

}  // namespace

void CommandAll(Call& call) {
  const auto commands = CommandTable::Get().commands();
  call.reply.Array(commands.size());
  for (const CommandTable::Command& command : commands) ReplyRow(call, *command.row, command.subcommands);
}

void CommandCount(Call& call) {
  call.reply.Count(CommandTable::Get().commands().size());
}

void CommandInfo(Call& call) {
  if (call.args.size() == 2) return CommandAll(call);
  call.reply.Array(call.args.size() - 2);
  for (const std::string_view name : call.args.subspan(2)) {
    const CommandTable::Command* command = CommandTable::Get().Find(name);
    const CommandRow* row = CommandTable::Get().FindFull(name);
    if (command != nullptr) {
      ReplyRow(call, *command->row, command->subcommands);
    } else if (row != nullptr && row->run != nullptr) {
      ReplyRow(call, *row, {});
    } else {
      call.reply.Null();
    }
  }
}

void CommandDocs(Call& call) {
  std::vector<const CommandRow*> rows;
  if (call.args.size() == 2) {
    for (const CommandTable::Command& command : CommandTable::Get().commands()) rows.push_back(command.row);
  }
  for (const std::string_view name : call.args.subspan(2)) {
    if (const CommandRow* row = CommandTable::Get().FindFull(name)) rows.push_back(row);
  }
  call.reply.Map(rows.size());
  for (const CommandRow* row : rows) ReplyDocs(call, *row);
}

void CommandList(Call& call) {
  if (call.args.size() != 2) return call.reply.Error(kSyntaxError);
  const auto commands = CommandTable::Get().commands();
  call.reply.Array(commands.size());
  for (const CommandTable::Command& command : commands) call.reply.Bulk(command.row->name);
}

}  // namespace herdgate::upstream::memory::commands

#include "sidecar/upstream/memory/command_table.h"

#include <algorithm>
#include <string>

#include "sidecar/upstream/memory/numbers.h"

namespace herdgate::upstream::memory {
namespace {

constexpr std::size_t kIndexSize = 512;
constexpr std::size_t kLongestName = 24;

}  // namespace

const CommandTable& CommandTable::Get() {
  static const CommandTable table;
  return table;
}

CommandTable::CommandTable() : index_(kIndexSize, 0) {
  for (const CommandRow& row : CommandRows()) {
    if (row.name.find('|') != std::string_view::npos) {
      commands_.back().subcommands.push_back(&row);
      continue;
    }
    commands_.push_back({.row = &row, .subcommands = {}});
    index_[Slot(row.name)] = static_cast<std::uint16_t>(commands_.size());
  }
}

// The slot of the command of that name, or the free one where it belongs.
std::size_t CommandTable::Slot(std::string_view lower_name) const {
  std::size_t hash = lower_name.size();
  for (const char c : lower_name) hash = hash * 31 + static_cast<unsigned char>(c);
  std::size_t slot = hash % kIndexSize;
  while (index_[slot] != 0 && commands_[index_[slot] - 1U].row->name != lower_name) slot = (slot + 1) % kIndexSize;
  return slot;
}

const CommandTable::Command* CommandTable::Find(std::string_view name) const {
  if (name.size() > kLongestName) return nullptr;
  std::array<char, kLongestName> lower;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    lower[i] = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  }
  const std::uint16_t found = index_[Slot({lower.data(), name.size()})];
  return found == 0 ? nullptr : &commands_[found - 1U];
}

const CommandRow* CommandTable::FindSubcommand(const Command& container, std::string_view name) {
  for (const CommandRow* row : container.subcommands) {
    if (EqualsIgnoringCase(name, row->name.substr(row->name.find('|') + 1))) return row;
  }
  return nullptr;
}

const CommandRow* CommandTable::FindFull(std::string_view name) const {
  const std::size_t bar = name.find('|');
  const Command* command = Find(name.substr(0, bar));
  if (command == nullptr || bar == std::string_view::npos) return command == nullptr ? nullptr : command->row;
  return FindSubcommand(*command, name.substr(bar + 1));
}

bool AcceptsCount(const CommandRow& row, std::size_t count) {
  return row.arity >= 0 ? count == static_cast<std::size_t>(row.arity) : count >= static_cast<std::size_t>(-row.arity);
}

bool HasWord(std::string_view words, std::string_view word) {
  const auto all = SplitWords(words);
  return std::find(all.begin(), all.end(), word) != all.end();
}

std::vector<std::string_view> SplitWords(std::string_view words) {
  std::vector<std::string_view> found;
  while (!words.empty()) {
    const std::size_t space = std::min(words.find(' '), words.size());
    found.push_back(words.substr(0, space));
    words.remove_prefix(std::min(space + 1, words.size()));
  }
  return found;
}

}  // namespace herdgate::upstream::memory

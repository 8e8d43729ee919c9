// CommandTable: the commands that the embedded store has, one row a line (command_rows.cc), found by name.
//
// A row says what COMMAND tells of it, in Redis' words, and which function runs it. A subcommand is a row "client|id"
// behind its container's. A subcommand that Redis has and the store has not is a row without a function.
// Threads: immutable; any.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace herdgate::upstream::memory {

struct Call;
using Handler = void (*)(Call&);

// The keys from argument `first` on: `last` counts from `first`, or from the end of the arguments if negative.
struct KeyRange {
  std::string_view access = {};  // the flags of the key specification
  int first = 0;                 // 0: none
  int last = 0;
  int step = 1;
};

struct CommandRow {
  std::string_view name;
  Handler run = nullptr;
  int arity = 0;  // with the name; negative: at least
  std::string_view flags = {};
  std::string_view groups = {};  // ACL categories that do not follow from the flags
  std::array<KeyRange, 2> keys{};
  std::string_view tips = {};
};

std::span<const CommandRow> CommandRows();

class CommandTable {
 public:
  struct Command {
    const CommandRow* row = nullptr;
    std::vector<const CommandRow*> subcommands;
  };

  static const CommandTable& Get();

  // Any case; nullptr if the store has no such command.
  const Command* Find(std::string_view name) const;
  // nullptr if Redis has no such subcommand.
  static const CommandRow* FindSubcommand(const Command& container, std::string_view name);
  // By full name, "get" or "client|id", any case.
  const CommandRow* FindFull(std::string_view name) const;
  // Commands without their subcommands.
  std::span<const Command> commands() const { return commands_; }

 private:
  CommandTable();
  std::size_t Slot(std::string_view lower_name) const;

  std::vector<Command> commands_;
  std::vector<std::uint16_t> index_;  // commands_ position + 1 by hash, linear probing; 0: free
};

bool AcceptsCount(const CommandRow& row, std::size_t count);
bool HasWord(std::string_view words, std::string_view word);
std::vector<std::string_view> SplitWords(std::string_view words);

}  // namespace herdgate::upstream::memory

// Table: all commands that the proxy knows, found by name in about ten nanoseconds.
//
// Immutable after construction. Threads: any may read; the owner swaps a whole `std::shared_ptr<const Table>` to change
// it, and whoever holds a CommandSpec* keeps the Table that it came from. BuiltIn() lives for ever. No allocation and
// no lock in Find and Resolve.
//
// Ids are dense. Those of the built-in rows are the same in every Table (a corrected one only appends), so a metric
// array sized by BuiltIn().size() serves them all; treat larger ids as id 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/command/spec.h"

namespace herdgate::command {

class Table {
 public:
  // REQUIRES: every row passes CheckRows (rows.h); a container's row stands before its subcommands'.
  explicit Table(std::span<const CommandRow> rows);
  Table(Table&&) = default;
  Table& operator=(Table&&) = default;
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  // The command of that name in any case ("client", never "client|id"); nullptr if none.
  const CommandSpec* Find(std::string_view name) const { return Find(0, name); }
  // The subcommand of that name in any case; nullptr if none.
  const CommandSpec* FindSubcommand(const CommandSpec& container, std::string_view name) const {
    return Find(container.id, name);
  }
  // By full name, in lower case: "get", "client|id". For tests, logs and start-up; not the hot path.
  const CommandSpec* FindFull(std::string_view full_name) const;

  // The spec of a whole request: the subcommand's where there is one. Never null: unknown() if the command has no row.
  // An unknown subcommand gives its container's row; IsUnknownSubcommand() tells that from a container without
  // arguments. REQUIRES: !args.empty()
  const CommandSpec* Resolve(std::span<const std::string_view> args) const {
    const CommandSpec* spec = Find(args[0]);
    if (spec == nullptr) return &specs_[0];
    if (!spec->container || args.size() < 2) return spec;
    const CommandSpec* subcommand = FindSubcommand(*spec, args[1]);
    return subcommand == nullptr ? spec : subcommand;
  }

  // The row of every command that has none: class kShared, id 0, name "unknown".
  const CommandSpec& unknown() const { return specs_[0]; }
  size_t size() const { return specs_.size(); }
  const CommandSpec& at(uint16_t id) const { return specs_[id]; }
  std::span<const CommandSpec> specs() const { return specs_; }

 private:
  friend class Correction;

  // One name as the hash sees it: lower case; `head` and `tail` are its first and last eight bytes (they overlap below
  // 16).
  struct Slot {
    uint64_t head = 0;
    uint64_t tail = 0;
    uint32_t shape = 0;  // length and container
    uint16_t id = 0;     // 0: free
  };

  Table() = default;
  static uint32_t ShapeOf(uint16_t container_id, size_t length) {
    return static_cast<uint32_t>(length) | uint32_t{container_id} << 16;
  }
  const CommandSpec* Find(uint16_t container_id, std::string_view name) const;
  void Add(const CommandRow& row);
  void BuildIndex();

  std::vector<CommandSpec> specs_;
  std::deque<std::string> names_;  // what the specs of upstream's own commands point to
  std::vector<Slot> index_;        // open addressing, linear probing, at most half full
  unsigned index_shift_ = 0;
};

// The rows of rows_*.cc. Thread-safe; built at the first call.
const Table& BuiltIn();

// Whether the request names a subcommand that the container does not have. REQUIRES: spec == table.Resolve(args)
inline bool IsUnknownSubcommand(const CommandSpec& spec, std::span<const std::string_view> args) {
  return spec.container && args.size() > 1;
}

}  // namespace herdgate::command

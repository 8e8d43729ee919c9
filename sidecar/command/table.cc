#include "sidecar/command/table.h"

#include <bit>
#include <cassert>
#include <cstring>

#include "sidecar/command/rows.h"

namespace herdgate::command {
namespace {

// Makes the ASCII capitals of eight bytes small, at once.
uint64_t ToLower(uint64_t bytes) {
  constexpr uint64_t kEach = 0x0101010101010101u;
  constexpr uint64_t kHigh = 0x80 * kEach;
  const uint64_t low7 = bytes & ~kHigh;
  const uint64_t above_z = low7 + (0x7f - 'Z') * kEach;
  const uint64_t from_a = low7 + (0x80 - 'A') * kEach;
  const uint64_t capitals = (from_a ^ above_z) & ~bytes & kHigh;
  return bytes | (capitals >> 2);
}

template <typename Word>
uint64_t Load(const char* from) {
  Word word;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

// Up to seven bytes as one word; together with the length it tells any two apart.
uint64_t LoadShort(const char* from, size_t length) {
  if (length >= 4) return Load<uint32_t>(from) | Load<uint32_t>(from + length - 4) << 32;
  if (length == 0) return 0;
  return Load<uint8_t>(from) | Load<uint8_t>(from + length / 2) << 8 | Load<uint8_t>(from + length - 1) << 16;
}

// The bytes that head and tail leave out: names above 16 characters.
bool SameMiddle(std::string_view lower, std::string_view any_case) {
  for (size_t i = 8; i + 8 < lower.size(); ++i) {
    const char c = any_case[i];
    if ((c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c) != lower[i]) return false;
  }
  return true;
}

// The first and the last eight bytes in lower case; all of a shorter name.
uint64_t HeadOf(std::string_view name) {
  return ToLower(name.size() >= 8 ? Load<uint64_t>(name.data()) : LoadShort(name.data(), name.size()));
}
uint64_t TailOf(std::string_view name) {
  return name.size() >= 8 ? ToLower(Load<uint64_t>(name.data() + name.size() - 8)) : 0;
}

uint64_t Hash(uint64_t head, uint64_t tail, uint64_t shape) {
  return (head * 0x9e3779b97f4a7c15u) ^ ((tail + shape) * 0xc2b2ae3d27d4eb4fu);
}

constexpr CommandRow kUnknownRow = {
    "unknown", -1, "", NoKeys(), CommandClass::kShared, CommandGroup::kAdmin, TtlEffect::kTtlNone, Since::kUpstream};

std::vector<CommandRow> AllRows() {
  std::vector<CommandRow> all;
  for (std::span<const CommandRow> rows :
       {KeyspaceRows(), CollectionRows(), StreamRows(), ServerRows(), ClusterRows(), ModuleRows()}) {
    all.insert(all.end(), rows.begin(), rows.end());
  }
  return all;
}

}  // namespace

Table::Table(std::span<const CommandRow> rows) {
  specs_.reserve(rows.size() + 1);
  specs_.push_back({kUnknownRow});
  for (const CommandRow& row : rows) Add(row);
  BuildIndex();
}

void Table::Add(const CommandRow& row) {
  CommandSpec spec{row};
  spec.id = static_cast<uint16_t>(specs_.size());
  const size_t bar = row.name.find('|');
  if (bar != std::string_view::npos) {
    for (CommandSpec& container : specs_) {
      if (container.name != row.name.substr(0, bar)) continue;
      container.container = true;
      spec.container_id = container.id;
    }
    assert(spec.container_id != 0);
  }
  specs_.push_back(spec);
}

void Table::BuildIndex() {
  const unsigned bits = static_cast<unsigned>(std::bit_width(specs_.size() * 2));
  index_.assign(size_t{1} << bits, Slot{});
  index_shift_ = 64 - bits;
  for (const CommandSpec& spec : specs_) {
    if (spec.is_unknown()) continue;
    const std::string_view name = spec.short_name();
    const Slot slot{HeadOf(name), TailOf(name), ShapeOf(spec.container_id, name.size()), spec.id};
    size_t at = Hash(slot.head, slot.tail, slot.shape) >> index_shift_;
    while (index_[at].id != 0) at = (at + 1) & (index_.size() - 1);
    index_[at] = slot;
  }
}

const CommandSpec* Table::Find(uint16_t container_id, std::string_view name) const {
  if (name.size() > 64) return nullptr;  // longer than any name, and a length that the slot can hold
  const uint64_t head = HeadOf(name);
  const uint64_t tail = TailOf(name);
  const uint32_t shape = ShapeOf(container_id, name.size());
  for (size_t at = Hash(head, tail, shape) >> index_shift_; index_[at].id != 0; at = (at + 1) & (index_.size() - 1)) {
    const Slot& slot = index_[at];
    if (slot.head != head || slot.tail != tail || slot.shape != shape) continue;
    const CommandSpec* spec = &specs_[slot.id];
    if (name.size() <= 16 || SameMiddle(spec->short_name(), name)) return spec;
  }
  return nullptr;
}

const CommandSpec* Table::FindFull(std::string_view full_name) const {
  const size_t bar = full_name.find('|');
  const CommandSpec* spec = Find(full_name.substr(0, bar));
  if (spec == nullptr || bar == std::string_view::npos) return spec;
  return FindSubcommand(*spec, full_name.substr(bar + 1));
}

const Table& BuiltIn() {
  static const Table table(AllRows());
  return table;
}

}  // namespace herdgate::command

// Slots: where a Redis Cluster keeps a key, and a short hash tag for every slot.
//
// The slot is CRC16 (XMODEM: polynomial 0x1021, start 0) of the key's hash tag, or of the whole key if it has none,
// modulo 16384, as the Redis Cluster specification says. A hash tag is what stands between the first '{' and the first
// '}' behind it, if that is not empty.
// Threads: any. The table of tags is made at the first use (about a millisecond) and lives as long as the process.
#pragma once

#include <cstdint>
#include <string_view>

namespace herdgate::stampede {

inline constexpr std::uint16_t kSlots = 16384;

// Empty if there is none.
std::string_view HashTagOf(std::string_view key);

std::uint16_t SlotOf(std::string_view key);

// Three letters or digits, to be set in braces: SlotOf("{" + TagOfSlot(slot) + "}...") == slot. REQUIRES: slot <
// kSlots.
std::string_view TagOfSlot(std::uint16_t slot);

}  // namespace herdgate::stampede

#include "sidecar/stampede/slot_tags.h"

#include <array>
#include <cstddef>

namespace herdgate::stampede {
namespace {

using CrcTable = std::array<std::uint16_t, 256>;
constexpr std::size_t kTagBytes = 3;

constexpr CrcTable MakeCrcTable() {
  CrcTable table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t crc = byte << 8U;
    for (int bit = 0; bit < 8; ++bit) crc = (crc << 1U) ^ ((crc & 0x8000U) != 0 ? 0x1021U : 0U);
    table[byte] = static_cast<std::uint16_t>(crc & 0xffffU);
  }
  return table;
}

constexpr CrcTable kCrcTable = MakeCrcTable();

std::uint16_t Crc16(std::string_view bytes) {
  std::uint32_t crc = 0;
  for (const char c : bytes) {
    crc = ((crc << 8U) & 0xffffU) ^ kCrcTable[(crc >> 8U) ^ static_cast<unsigned char>(c)];
  }
  return static_cast<std::uint16_t>(crc);
}

using Tag = std::array<char, kTagBytes>;

// All three-letter words in order: the first one of a slot is its tag, so every process finds the same ones.
class Tags {
 public:
  Tags() {
    static constexpr std::string_view kLetters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    for (const char a : kLetters) {
      for (const char b : kLetters) {
        for (const char c : kLetters) Offer({a, b, c});
      }
    }
  }
  std::string_view Of(std::uint16_t slot) const { return {tags_[slot].data(), kTagBytes}; }

 private:
  void Offer(const Tag& tag) {
    Tag& known = tags_[Crc16({tag.data(), tag.size()}) % kSlots];
    if (known[0] == '\0') known = tag;
  }

  std::array<Tag, kSlots> tags_{};
};

}  // namespace

std::string_view HashTagOf(std::string_view key) {
  const std::size_t open = key.find('{');
  if (open == std::string_view::npos) return {};
  const std::size_t close = key.find('}', open + 1);
  if (close == std::string_view::npos) return {};
  return key.substr(open + 1, close - open - 1);
}

std::uint16_t SlotOf(std::string_view key) {
  const std::string_view tag = HashTagOf(key);
  return Crc16(tag.empty() ? key : tag) % kSlots;
}

std::string_view TagOfSlot(std::uint16_t slot) {
  static const Tags tags;
  return tags.Of(slot);
}

}  // namespace herdgate::stampede

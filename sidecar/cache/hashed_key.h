// HashedKey: a physical key and its hash, computed once for a command and used by every look-up that the command makes.
//
// Threads: a plain value. The text is the caller's and must outlive the use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace herdgate::cache {

struct HashedKey {
  std::string_view text;
  std::uint64_t hash = 0;
};

// The seed is random for each process, so that nobody can choose keys that collide. All users of one cache use one
// seed.
HashedKey Hashed(std::string_view text, std::uint64_t seed);

// A hash for samples, not for tables of keys that clients choose: eight bytes at a time, each folded in by a product of
// 128 bits. A third of Hashed's cost for a short key.
inline std::uint64_t SampleHash(std::string_view text, std::uint64_t seed) {
  __extension__ using Wide = unsigned __int128;
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15U;
  const auto fold = [](std::uint64_t a) {
    const auto product = static_cast<Wide>(a) * kOdd;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
  };
  std::uint64_t hash = fold(seed ^ text.size());
  std::uint64_t word = 0;
  const char* at = text.data();
  std::size_t left = text.size();
  for (; left >= sizeof(word); left -= sizeof(word), at += sizeof(word)) {
    std::memcpy(&word, at, sizeof(word));
    hash = fold(hash ^ word);
  }
  for (word = 0; left > 0; --left) word = word << 8U | static_cast<unsigned char>(*at++);
  return fold(fold(hash ^ word));
}

// 64 bits that tell two values apart: a nil differs from an empty string.
std::uint64_t DigestOf(bool nil, std::string_view bytes);

}  // namespace herdgate::cache

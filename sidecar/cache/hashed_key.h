// HashedKey: a physical key and its hash, computed once for a command and used by every look-up that the command makes.
//
// Threads: a plain value. The text is the caller's and must outlive the use.
#pragma once

#include <cstdint>
#include <string_view>

namespace herdgate::cache {

struct HashedKey {
  std::string_view text;
  std::uint64_t hash = 0;
};

// The seed is random for each process, so that nobody can choose keys that collide. All users of one cache use one
// seed.
HashedKey Hashed(std::string_view text, std::uint64_t seed);

// 64 bits that tell two values apart: a nil differs from an empty string.
std::uint64_t DigestOf(bool nil, std::string_view bytes);

}  // namespace herdgate::cache

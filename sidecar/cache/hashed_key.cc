#include "sidecar/cache/hashed_key.h"

#include <xxhash.h>

namespace herdgate::cache {

HashedKey Hashed(std::string_view text, std::uint64_t seed) {
  return {text, XXH3_64bits_withSeed(text.data(), text.size(), seed)};
}

std::uint64_t DigestOf(bool nil, std::string_view bytes) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), nil ? 1 : 0);
}

}  // namespace herdgate::cache

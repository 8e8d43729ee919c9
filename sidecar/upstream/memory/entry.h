// Entry: one key of the embedded store with its value, and the memory that both really take.
//
// An entry is one block of memory (this header, then the key's bytes); its value is a second block, or none while
// empty. Threads: the store's loop. Ownership: Keyspace makes and frees entries; a Dictionary only links them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace herdgate::upstream::memory {

// Milliseconds of wall time, as Redis counts expiries.
using Milliseconds = std::int64_t;
inline constexpr Milliseconds kNever = -1;

// How the value came to be, which decides what OBJECT ENCODING says of it.
enum class Form : unsigned char {
  kSet,     // as given: "int" if it is one
  kFloat,   // by INCRBYFLOAT: never "int"
  kEdited,  // changed in place: always "raw"
};

inline constexpr std::size_t kBucketBytes = sizeof(void*);  // an Entry* in a dictionary

struct Entry {
  Entry* next = nullptr;  // in its bucket
  char* value = nullptr;  // owned
  Milliseconds expires_at = kNever;
  std::uint32_t hash = 0;     // of the key, as the dictionary computed it
  std::uint32_t used_at = 0;  // low 32 bits of the wall clock's milliseconds at the last use
  std::uint32_t key_bytes = 0;
  std::uint32_t value_bytes = 0;
  Form form = Form::kSet;

  std::string_view key() const { return {reinterpret_cast<const char*>(this + 1), key_bytes}; }
  char* key_data() { return reinterpret_cast<char*>(this + 1); }
  std::string_view text() const { return {value, value_bytes}; }
};

// What malloc takes for a block of `bytes` at most, its own header included: an estimate made before the block exists.
// glibc rounds to 16 bytes, and large blocks, which it may map on their own, to a page.
inline std::size_t BlockEstimate(std::size_t bytes) {
  constexpr std::size_t kMayBeMapped = 64UL * 1024;
  if (bytes == 0) return 0;
  return ((bytes + 8 + 15) & ~std::size_t{15}) + (bytes < kMayBeMapped ? 16 : 4096 + 16);
}

// Bytes that a new entry will take at most, with the buckets of a database's first one.
inline std::size_t EntryEstimate(std::size_t key_bytes, std::size_t value_bytes) {
  constexpr std::size_t kFirstBuckets = 16 * kBucketBytes;
  return BlockEstimate(sizeof(Entry) + key_bytes) + BlockEstimate(value_bytes) + kFirstBuckets;
}

}  // namespace herdgate::upstream::memory

// Scope: what a caller of the admin API may do. Each is granted by itself; none contains another.
//
// Threads: plain values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace herdgate::admin {

enum class Scope : std::uint8_t {
  kRead,        // all but values
  kInspect,     // values of keys
  kInvalidate,  // keys, prefixes, patterns, tags, policies
  kPurgeAll,    // all keys
  kOperate,     // log level, bypass
};
inline constexpr std::array<std::string_view, 5> kScopeNames = {"read", "inspect", "invalidate", "purge_all",
                                                                "operate"};

constexpr std::string_view NameOf(Scope scope) {
  return kScopeNames[static_cast<std::size_t>(scope)];
}

class ScopeSet {
 public:
  constexpr ScopeSet() = default;
  constexpr explicit ScopeSet(Scope scope) { Add(scope); }

  constexpr void Add(Scope scope) { bits_ |= Bit(scope); }
  constexpr bool Has(Scope scope) const { return (bits_ & Bit(scope)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }

  // "read,inspect"; nothing if a word is no scope.
  static std::optional<ScopeSet> Parse(std::string_view text);

 private:
  static constexpr unsigned Bit(Scope scope) { return 1U << static_cast<unsigned>(scope); }
  unsigned bits_ = 0;
};

}  // namespace herdgate::admin

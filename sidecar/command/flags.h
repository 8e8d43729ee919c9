// CommandFlags: the flags that Redis' COMMAND reports, as a bit set built from the same words at compile time.
//
// `CommandFlags("write denyoom fast")` in a row fails the build on an unknown word. At run time ParseFlag() reads one
// word of a reply. Threads: plain value.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace herdgate::command {

enum class CommandFlag : uint32_t {
  kWrite = 1u << 0,
  kReadonly = 1u << 1,
  kDenyOom = 1u << 2,
  kModule = 1u << 3,
  kAdmin = 1u << 4,
  kPubSub = 1u << 5,
  kNoScript = 1u << 6,
  kBlocking = 1u << 7,
  kLoading = 1u << 8,  // allowed while the server loads its data
  kStale = 1u << 9,    // allowed on a replica that lost its master
  kSkipMonitor = 1u << 10,
  kSkipSlowlog = 1u << 11,
  kAsking = 1u << 12,
  kFast = 1u << 13,
  kNoAuth = 1u << 14,  // allowed before AUTH
  kMovableKeys = 1u << 15,
  kNoMandatoryKeys = 1u << 16,
  kNoAsyncLoading = 1u << 17,
  kNoMulti = 1u << 18,    // refused inside MULTI
  kAllowBusy = 1u << 19,  // allowed while a script keeps the server busy
  kMayReplicate = 1u << 20,
};

struct FlagWord {
  std::string_view word;
  CommandFlag flag;
};

inline constexpr std::array<FlagWord, 21> kFlagWords = {{
    {"write", CommandFlag::kWrite},
    {"readonly", CommandFlag::kReadonly},
    {"denyoom", CommandFlag::kDenyOom},
    {"module", CommandFlag::kModule},
    {"admin", CommandFlag::kAdmin},
    {"pubsub", CommandFlag::kPubSub},
    {"noscript", CommandFlag::kNoScript},
    {"blocking", CommandFlag::kBlocking},
    {"loading", CommandFlag::kLoading},
    {"stale", CommandFlag::kStale},
    {"skip_monitor", CommandFlag::kSkipMonitor},
    {"skip_slowlog", CommandFlag::kSkipSlowlog},
    {"asking", CommandFlag::kAsking},
    {"fast", CommandFlag::kFast},
    {"no_auth", CommandFlag::kNoAuth},
    {"movablekeys", CommandFlag::kMovableKeys},
    {"no_mandatory_keys", CommandFlag::kNoMandatoryKeys},
    {"no_async_loading", CommandFlag::kNoAsyncLoading},
    {"no_multi", CommandFlag::kNoMulti},
    {"allow_busy", CommandFlag::kAllowBusy},
    {"may_replicate", CommandFlag::kMayReplicate},
}};

constexpr std::optional<CommandFlag> ParseFlag(std::string_view word) {
  for (const FlagWord& known : kFlagWords) {
    if (known.word == word) return known.flag;
  }
  return std::nullopt;
}

class CommandFlags {
 public:
  constexpr CommandFlags() = default;
  // Words separated by one space; "" is no flag. Compile time only: an unknown word does not compile.
  consteval CommandFlags(const char* words) {  // NOLINT(google-explicit-constructor): rows are read as tables
    std::string_view rest(words);
    while (!rest.empty()) {
      const size_t space = rest.find(' ');
      Set(ParseFlag(rest.substr(0, space)).value());
      rest = space == std::string_view::npos ? std::string_view() : rest.substr(space + 1);
    }
  }

  constexpr bool Has(CommandFlag flag) const { return (bits_ & static_cast<uint32_t>(flag)) != 0; }
  constexpr void Set(CommandFlag flag) { bits_ |= static_cast<uint32_t>(flag); }
  constexpr uint32_t bits() const { return bits_; }
  constexpr bool operator==(const CommandFlags&) const = default;

 private:
  uint32_t bits_ = 0;
};

}  // namespace herdgate::command

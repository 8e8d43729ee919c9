// AppPod: a pod for tests: apps send it commands, it answers from a small keyspace of its own with a clock of its own,
// and tells a Learning what a sidecar would.
//
// Only whether a key is there is kept, not what it holds.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/base/random.h"
#include "sidecar/command/keys.h"
#include "sidecar/stampede/key_use.h"
#include "sidecar/stampede/learning.h"

namespace herdgate::stampede {

class AppPod {
 public:
  using Command = std::vector<std::string>;

  explicit AppPod(std::uint64_t seed) : random(seed) {}

  // False: the (first) key wasn't there, or what was wanted wasn't done.
  bool Do(std::uint64_t session, const Command& command) { return Run(session, command, false); }
  void Transaction(std::uint64_t session, std::initializer_list<Command> commands) {
    for (const Command& command : commands) Run(session, command, true);
  }
  void Sleep(std::chrono::nanoseconds time) {
    now += time;
    learning.Advance(now);
    ever_eligible = ever_eligible || learning.eligible();
  }
  // A number below `bound`, as text.
  std::string Some(std::uint64_t bound) { return std::to_string(random.Below(bound)); }
  bool Chance(double share) { return random.Unit() < share; }

  base::SteadyTime now{std::chrono::hours(5)};
  base::Random random;
  KeyHistory history;
  Learning learning{{}, history};
  bool ever_eligible = false;

 private:
  static std::uint64_t HashOf(const std::string& key) { return base::Random(std::hash<std::string>{}(key)).Next(); }
  bool IsThere(const std::string& key) {
    const auto at = keys_.find(key);
    return at != keys_.end() && at->second > now;
  }
  // EX, PX, SETEX, PSETEX; a day where none is given.
  static std::chrono::milliseconds LifetimeOf(const std::vector<std::string_view>& args) {
    const auto number = [](std::string_view text) { return std::stoll(std::string(text)); };
    if (args[0] == "SETEX") return std::chrono::seconds(number(args[2]));
    for (std::size_t i = 3; i + 1 < args.size(); ++i) {
      if (args[i] == "EX") return std::chrono::seconds(number(args[i + 1]));
      if (args[i] == "PX") return std::chrono::milliseconds(number(args[i + 1]));
    }
    return std::chrono::hours(24);
  }

  bool Run(std::uint64_t session, const Command& command, bool in_transaction) {
    const std::vector<std::string_view> args(command.begin(), command.end());
    const command::CommandSpec& spec = *command::BuiltIn().Resolve(args);
    const KeyUse use = uses_.Of(spec, args);
    bool first = true;
    bool done = true;
    command::ForEachKey(spec, args, [&](std::size_t index, command::KeyAccess) {
      const bool done_here = Apply(session, use, command[index], args, in_transaction);
      if (first) done = done_here;
      first = false;
    });
    ever_eligible = ever_eligible || learning.eligible();
    return done;
  }

  bool Apply(std::uint64_t session, const KeyUse& use, const std::string& key,
             const std::vector<std::string_view>& args, bool in_transaction) {
    const std::uint64_t hash = HashOf(key);
    const bool there = IsThere(key);
    switch (use.kind) {
      case KeyUse::Kind::kNothing:
        return there;
      case KeyUse::Kind::kLookup:
        if (!there && !in_transaction) learning.OnNil(hash, session, now);
        return there;
      case KeyUse::Kind::kSet: {
        const std::chrono::milliseconds lifetime = LifetimeOf(args);
        learning.OnSet(hash,
                       {.session = session,
                        .lifetime = lifetime,
                        .only_if_absent = use.only_if_absent,
                        .in_transaction = in_transaction},
                       now);
        if (use.only_if_absent && there) return false;
        keys_[key] = now + lifetime;
        return true;
      }
      case KeyUse::Kind::kTouch:
        if (there) learning.OnTouch(hash, now);
        return there;
      case KeyUse::Kind::kRemove:
        learning.OnRemove(hash, session);
        keys_.erase(key);
        return there;
      case KeyUse::Kind::kChange:
        learning.OnChange(hash);
        return there;
      case KeyUse::Kind::kEvidence:
        learning.OnEvidence(use.evidence);
        keys_[key] = now + std::chrono::hours(24);
        return true;
    }
    return false;
  }

  const KeyUses uses_{command::BuiltIn()};
  std::map<std::string, base::SteadyTime> keys_;  // until when
};

}  // namespace herdgate::stampede

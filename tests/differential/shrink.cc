#include "tests/differential/shrink.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace herdgate::differential {
namespace {

// Many candidates end in silence; waiting for it must be short.
constexpr std::chrono::milliseconds kPatience{1000};

// How many characters of the sentence must be equal: the rest may hold numbers.
constexpr std::size_t kSameKind = 12;

class Shrinker {
 public:
  Shrinker(Runner& runner, Script script, std::chrono::seconds budget, Mismatch& mismatch)
      : runner_(runner),
        best_(std::move(script)),
        deadline_(Clock::now() + budget),
        kind_(mismatch.what.substr(0, kSameKind)),
        mismatch_(mismatch) {}

  Script Run() {
    runner_.set_patience(kPatience);
    best_.events.resize(std::min(best_.events.size(), mismatch_.event + 1));
    DropEvents();
    DropCommands();
    DropEvents();
    DropCommands();
    Calm();
    return std::move(best_);
  }

 private:
  using Clock = std::chrono::steady_clock;

  bool TimeIsLeft() const { return Clock::now() < deadline_; }

  // Keeps the candidate if it still differs in the same way at its end.
  bool Try(Script candidate) {
    const auto found = runner_.Run(candidate);
    if (!found || found->event + 1 != candidate.events.size()) return false;
    if (found->what.substr(0, kSameKind) != kind_) return false;
    best_ = std::move(candidate);
    mismatch_ = *found;
    return true;
  }

  void DropEvents() {
    for (std::size_t chunk = std::max<std::size_t>(1, best_.events.size() / 2);; chunk /= 2) {
      for (std::size_t at = 0; at + 1 < best_.events.size() && TimeIsLeft();) {
        Script candidate = best_;
        const auto first = candidate.events.begin() + static_cast<std::ptrdiff_t>(at);
        const auto last = first + static_cast<std::ptrdiff_t>(std::min(chunk, candidate.events.size() - 1 - at));
        candidate.events.erase(first, last);
        if (!Try(std::move(candidate))) at += chunk;
      }
      if (chunk <= 1) return;
    }
  }

  void DropCommands() {
    for (std::size_t event = best_.events.size(); event-- > 0;) {
      if (event >= best_.events.size()) continue;
      for (std::size_t chunk = std::max<std::size_t>(1, best_.events[event].commands.size() / 2);; chunk /= 2) {
        DropCommandsOf(event, chunk);
        if (chunk <= 1 || event >= best_.events.size()) break;
      }
    }
  }

  void DropCommandsOf(std::size_t event, std::size_t chunk) {
    for (std::size_t at = 0; event < best_.events.size() && at < best_.events[event].commands.size() && TimeIsLeft();) {
      Script candidate = best_;
      auto& commands = candidate.events[event].commands;
      const auto first = commands.begin() + static_cast<std::ptrdiff_t>(at);
      commands.erase(first, first + static_cast<std::ptrdiff_t>(std::min(chunk, commands.size() - at)));
      if (!Try(std::move(candidate))) at += chunk;
    }
  }

  // One write for each event, where that is enough.
  void Calm() {
    Script candidate = best_;
    for (Event& event : candidate.events) event.split_seed = 0;
    if (TimeIsLeft() && Try(candidate)) return;
    for (std::size_t event = 0; event < best_.events.size() && TimeIsLeft(); ++event) {
      candidate = best_;
      if (std::exchange(candidate.events[event].split_seed, 0) != 0) Try(std::move(candidate));
    }
  }

  Runner& runner_;
  Script best_;
  Clock::time_point deadline_;
  std::string kind_;
  Mismatch& mismatch_;
};

}  // namespace

Script Shrink(Runner& runner, const Script& script, std::chrono::seconds budget, Mismatch& mismatch) {
  return Shrinker(runner, script, budget, mismatch).Run();
}

}  // namespace herdgate::differential

// Health: what the lanes of all loops know about the upstream, for /readyz, the logs and the errors that clients get.
//
// Threads: any. A leaf mutex, taken when a connection comes or goes and when somebody asks, never per command.
#pragma once

#include <mutex>
#include <string>

#include "sidecar/base/clock.h"

namespace herdgate::upstream {

class Health {
 public:
  struct State {
    bool connected = false;  // the last attempt or connection is good
    bool ever = false;       // one connection has succeeded since the start
    std::string error;       // why not, if not connected
    base::SteadyTime since;  // of the present state
  };

  // True if this changed the state.
  bool Up(base::SteadyTime now) {
    const std::lock_guard lock(mutex_);
    if (state_.connected) return false;
    state_ = {.connected = true, .ever = true, .error = {}, .since = now};
    return true;
  }
  bool Down(base::SteadyTime now, const std::string& error) {
    const std::lock_guard lock(mutex_);
    const bool changed = state_.connected || state_.error.empty();
    if (changed) state_.since = now;
    state_.connected = false;
    state_.error = error;
    return changed;
  }
  State Get() const {
    const std::lock_guard lock(mutex_);
    return state_;
  }

 private:
  mutable std::mutex mutex_;
  State state_;
};

}  // namespace herdgate::upstream

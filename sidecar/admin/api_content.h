// ApiContent: what the admin API shows and changes beyond pipeline::Control: given by the composition root.
//
// Threads: the callables run on the admin listener's thread; they may take leaf mutexes and post to loops, and do not
// wait. Ownership: what they borrow outlives the listener's Stop().
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sidecar/base/clock.h"
#include "sidecar/base/result.h"
#include "sidecar/metrics/registry.h"
#include "sidecar/pipeline/control.h"

namespace herdgate::admin {

struct ConfigView {
  std::string hash;
  bool last_reload_ok = true;
  std::optional<base::WallTime> last_good_at;
  std::uint64_t applied = 0;
  std::uint64_t refused = 0;
  std::uint64_t unchanged = 0;
  std::vector<std::string> pending;                          // options that wait for a restart
  std::vector<std::pair<std::string, std::string>> options;  // dotted name and text, without passwords
};

struct BypassView {
  bool active = false;
  std::vector<std::string> policies;    // empty: all
  std::optional<base::WallTime> until;  // of an active one
  std::string by;
};

struct BypassWish {
  bool active = false;
  std::chrono::seconds duration{0};
  std::vector<std::string> policies;
  std::string by;
};

struct ApiContent {
  pipeline::Control* control = nullptr;   // never null
  metrics::Registry* registry = nullptr;  // never null
  // Null: nothing can be invalidated. It tells this listener of each job that has ended, until it is stopped.
  pipeline::Invalidations* invalidations = nullptr;
  std::string version;
  std::string revision;
  std::string upstream_url;   // without a password
  std::string upstream_kind;  // memory, redis, unix
  std::uint64_t max_clients = 0;
  std::function<bool()> ready;
  std::function<bool()> draining;
  std::function<ConfigView()> config;
  std::function<std::string()> log_level;
  std::function<void(const std::string&)> set_log_level;  // of the four that config knows
  std::function<BypassView()> bypass;
  // Errors: kInvalidArgument: a policy that there is none of.
  std::function<base::Status(const BypassWish&)> set_bypass;
};

}  // namespace herdgate::admin

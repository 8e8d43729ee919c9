// KillArguments: what CLIENT KILL asks for, in its old form (an address) and its new one (pairs).
//
// Pure; any thread.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/pipeline/client_view.h"

namespace herdgate::pipeline {

struct KillArguments {
  ClientFilter filter;
  bool old_form = false;  // answered by +OK or an error, not by a count
  std::string error;      // the whole error line, if the arguments are wrong
};

// `args` is the whole request, "CLIENT" first. `own_id`: whom SKIPME spares. `has_max_age`: the upstream's release
// knows MAXAGE.
KillArguments ParseKill(std::span<const std::string_view> args, std::uint64_t own_id, bool has_max_age);

// The ids of "CLIENT LIST ID 1 2", the type of "CLIENT LIST TYPE x", or an error line.
struct ListArguments {
  std::vector<std::uint64_t> ids;
  std::string type;
  std::string error;
};
ListArguments ParseList(std::span<const std::string_view> args);

// What an accepted CLIENT PAUSE stops, and for how long; `raw` is the request. The zero value stops nothing.
struct PauseArguments {
  std::chrono::milliseconds duration{0};
  bool reads = false;
};
PauseArguments ParsePause(std::string_view raw);

}  // namespace herdgate::pipeline

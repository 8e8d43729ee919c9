// INFO as a client sees it: the upstream's, with this sidecar's connections to it replaced by the clients behind them.
//
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "sidecar/pipeline/loop_context.h"

namespace herdgate::pipeline {

// `reply` is a whole reply of INFO: a bulk, or in RESP3 a verbatim string. Anything else comes back unchanged.
std::string InfoForClient(std::string_view reply, const Connections& connections);

}  // namespace herdgate::pipeline

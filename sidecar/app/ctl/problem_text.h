// An error that the API answers with (RFC 9457), as one line.
//
// Threads: pure functions; any. What they return is harmless.
#pragma once

#include <string>

#include "sidecar/app/ctl/style.h"

namespace herdgate::app {

// "403 Forbidden: the token may not do that; needs the scope operate (request 4f1c)".
std::string ProblemText(int status, JsonView problem, const std::string& request_id, const Style& style);

}  // namespace herdgate::app

// ViewOfOptions: a configuration as the HTTP API shows it: each option as text, without passwords.
//
// Threads: pure function.
#pragma once

#include "sidecar/admin/api_content.h"
#include "sidecar/config/options.h"

namespace herdgate::app {

// The hash and the options; nothing of reloads.
admin::ConfigView ViewOfOptions(const config::Options& options);

}  // namespace herdgate::app

// The words of ctl's command line, without its flags: what to do with what.
//
// Threads: pure functions; any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sidecar/app/ctl/ctl_request.h"

namespace herdgate::app {

// Sets the verb and what it is about. The mistake, without repeating what was typed; empty: none. REQUIRES: the first
// word is a command.
std::string ReadWords(const std::vector<std::string>& words, CtlRequest& request);

std::optional<std::uint64_t> WholeNumber(const std::string& text, std::uint64_t least, std::uint64_t most);

}  // namespace herdgate::app

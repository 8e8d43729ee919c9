// AbsentReply: what Redis answers to a read when none of its keys exists: the miss that an app sees of a cache policy
// while the upstream is away.
//
// One row for each plain read of Redis 7.0 that names keys; each is compared with a real server, byte for byte, in
// tests/unit/pipeline/absent_reply_test.cc. Pure; any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sidecar/command/spec.h"

namespace herdgate::pipeline {

// The whole reply. Nothing where the command has no row (writes, scripts, commands of modules or of later releases),
// and where Redis would give an error: a wrong number of arguments, an option or number that it does not take.
// REQUIRES: spec belongs to args; proto is 2 or 3.
std::optional<std::string> AbsentReply(const command::CommandSpec& spec, std::span<const std::string_view> args,
                                       int proto);

// DEL and UNLINK: whose effect can be made up for later, and whose reply then is the number of their keys.
bool IsDelete(const command::CommandSpec& spec);

}  // namespace herdgate::pipeline

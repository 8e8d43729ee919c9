// Two configurations compared: what a reload can't put into force, and a hash that tells configurations apart.
//
// Threads: any; pure functions.
#pragma once

#include <string>
#include <vector>

#include "sidecar/config/options.h"

namespace herdgate::config {

// The keys of the options that differ and are read at start only, in the order of Fields().
std::vector<std::string> DiffOptions(const Options& running, const Options& wanted);

bool SameOptions(const Options& a, const Options& b);

// `running` with everything of `wanted` that needs no restart: the policies and the log level.
Options WithLive(const Options& running, const Options& wanted);

// xxhash64 of all options in a fixed form, 16 hexadecimal digits. Passwords are no part of it, so that nobody who reads
// the hash can test a guess; a new password alone does not change it.
std::string HashOptions(const Options& options);

}  // namespace herdgate::config

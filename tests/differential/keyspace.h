// Keyspace: all keys of a redis-server with their expiries, and what a PolicyCase demands of them.
//
// Threads: any; each call of ReadKeyspace opens a connection of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/differential/policy_case.h"
#include "tests/differential/reply_value.h"

namespace herdgate::differential {

struct KeyFacts {
  std::int64_t pttl_ms = -1;  // as PTTL says it
  std::string dump;           // as DUMP says it, if that was asked
};

// By database and name.
using Keyspace = std::map<std::pair<int, std::string>, KeyFacts>;

// Sends the requests as one pipeline and reads a reply to each. False: no connection, or not all came within ten
// seconds.
bool Ask(int port, const std::vector<std::vector<std::string>>& requests, std::vector<ReplyValue>& replies);

bool ReadKeyspace(int port, bool with_dumps, Keyspace& keyspace);

// What is wrong with the keys behind Herdgate by themselves; empty: nothing. `age`: since the first was written.
std::string JudgeNamesAndTtls(const PolicyCase& policies, const Keyspace& behind, std::chrono::milliseconds age);

// What is wrong with them beside those of a plain server that got the same commands; empty: nothing.
std::string JudgeAgainst(const PolicyCase& policies, const Keyspace& direct, const Keyspace& behind,
                         std::chrono::milliseconds age);

// What is wrong with RANDOMKEY through Herdgate; empty: nothing.
std::string JudgeRandomKey(int proxied_port, const Keyspace& direct);

}  // namespace herdgate::differential

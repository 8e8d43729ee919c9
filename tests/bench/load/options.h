// LoadOptions: what one run of herdgate_load does. Parsed once from the command line, then read-only.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

namespace herdgate::bench {

enum class Mode {
  kGet,
  kSet,
  kMix,      // one SET for ten GETs
  kMget,     // mget_keys random keys a command
  kPreload,  // SETs every key of the key space once, then ends
};

struct LoadOptions {
  std::string host = "127.0.0.1";  // name or address
  uint16_t port = 6379;
  std::string unix_path;  // a Unix socket; when set, host and port are not used

  Mode mode = Mode::kGet;
  unsigned threads = 1;       // one epoll loop each; two are needed to saturate Redis at depth 1
  unsigned connections = 50;  // in all threads together
  unsigned pipeline = 1;      // requests a connection writes before it waits for all their replies
  double rate = 0;            // requests per second in all; 0 is a closed loop

  uint32_t value_bytes = 100;
  uint32_t key_space = 100000;  // keys are prefix + 12 digits, 0 to key_space - 1
  uint32_t mget_keys = 100;
  uint32_t ttl_seconds = 0;  // SETs carry EX with it; 0: no expiry
  std::string key_prefix = "key:";

  double warmup_seconds = 0.3;
  double seconds = 2;
  double linger_seconds = 0;  // keep the connections open, idle, that long after the run
  uint64_t seed = 1;
};

// The options, or one sentence that says what is wrong with the command line.
std::variant<LoadOptions, std::string> ParseOptions(int argc, char** argv);

// The text of --help.
const char* Usage();
const char* ModeName(Mode mode);

}  // namespace herdgate::bench

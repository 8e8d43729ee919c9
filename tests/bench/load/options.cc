#include "tests/bench/load/options.h"

#include <getopt.h>

#include <array>
#include <charconv>
#include <string_view>

namespace herdgate::bench {
namespace {

enum Flag : int {
  kHost = 256,
  kPort,
  kUnix,
  kModeFlag,
  kThreads,
  kConnections,
  kPipeline,
  kRate,
  kValueBytes,
  kKeySpace,
  kMgetKeys,
  kTtl,
  kPrefix,
  kWarmup,
  kSeconds,
  kLinger,
  kSeed,
};

constexpr std::array<option, 18> kFlags{{
    {"host", required_argument, nullptr, kHost},
    {"port", required_argument, nullptr, kPort},
    {"unix", required_argument, nullptr, kUnix},
    {"mode", required_argument, nullptr, kModeFlag},
    {"threads", required_argument, nullptr, kThreads},
    {"connections", required_argument, nullptr, kConnections},
    {"pipeline", required_argument, nullptr, kPipeline},
    {"rate", required_argument, nullptr, kRate},
    {"value-bytes", required_argument, nullptr, kValueBytes},
    {"key-space", required_argument, nullptr, kKeySpace},
    {"mget-keys", required_argument, nullptr, kMgetKeys},
    {"ttl", required_argument, nullptr, kTtl},
    {"prefix", required_argument, nullptr, kPrefix},
    {"warmup", required_argument, nullptr, kWarmup},
    {"seconds", required_argument, nullptr, kSeconds},
    {"linger", required_argument, nullptr, kLinger},
    {"seed", required_argument, nullptr, kSeed},
    {nullptr, 0, nullptr, 0},
}};

// False when the text is not a whole number or decimal of the type, within the bounds.
template <typename T>
bool ParseNumber(std::string_view text, T low, T high, T& out) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !(value >= low && value <= high)) return false;
  out = value;
  return true;
}

bool ParseMode(std::string_view text, Mode& out) {
  for (const Mode mode : {Mode::kGet, Mode::kSet, Mode::kMix, Mode::kMget, Mode::kPreload}) {
    if (text != ModeName(mode)) continue;
    out = mode;
    return true;
  }
  return false;
}

bool ApplyFlag(int flag, const char* text, LoadOptions& options) {
  switch (flag) {
    case kHost:
      options.host = text;
      return true;
    case kUnix:
      options.unix_path = text;
      return true;
    case kPrefix:
      options.key_prefix = text;
      return true;
    case kModeFlag:
      return ParseMode(text, options.mode);
    case kPort:
      return ParseNumber<uint16_t>(text, 1, 65535, options.port);
    case kThreads:
      return ParseNumber<unsigned>(text, 1, 64, options.threads);
    case kConnections:
      return ParseNumber<unsigned>(text, 1, 50000, options.connections);
    case kPipeline:
      return ParseNumber<unsigned>(text, 1, 100000, options.pipeline);
    case kRate:
      return ParseNumber<double>(text, 0, 1e8, options.rate);
    case kValueBytes:
      return ParseNumber<uint32_t>(text, 0, 512u << 20, options.value_bytes);
    case kKeySpace:
      return ParseNumber<uint32_t>(text, 1, 1000000000, options.key_space);
    case kMgetKeys:
      return ParseNumber<uint32_t>(text, 1, 1000000, options.mget_keys);
    case kTtl:
      return ParseNumber<uint32_t>(text, 0, 1000000000, options.ttl_seconds);
    case kWarmup:
      return ParseNumber<double>(text, 0, 3600, options.warmup_seconds);
    case kSeconds:
      return ParseNumber<double>(text, 0.01, 86400, options.seconds);
    case kLinger:
      return ParseNumber<double>(text, 0, 3600, options.linger_seconds);
    case kSeed:
      return ParseNumber<uint64_t>(text, 0, UINT64_MAX, options.seed);
    default:
      return false;
  }
}

}  // namespace

std::variant<LoadOptions, std::string> ParseOptions(int argc, char** argv) {
  LoadOptions options;
  opterr = 0;
  optind = 1;
  int index = 0;
  for (int flag = 0; (flag = getopt_long(argc, argv, "", kFlags.data(), &index)) != -1;) {
    if (flag == '?') return std::string("unknown flag or missing value: ") + argv[optind - 1];
    if (!ApplyFlag(flag, optarg, options)) {
      return std::string("bad value for --") + kFlags[static_cast<size_t>(index)].name + ": " + optarg;
    }
  }
  if (optind < argc) return std::string("unexpected argument: ") + argv[optind];
  if (options.rate > 0 && options.pipeline != 1)
    return std::string("--rate sends single requests: leave --pipeline at 1");
  if (options.rate > 0 && options.mode == Mode::kPreload) return std::string("preload has no --rate");
  if (options.threads > options.connections) options.threads = options.connections;
  return options;
}

const char* ModeName(Mode mode) {
  switch (mode) {
    case Mode::kGet:
      return "get";
    case Mode::kSet:
      return "set";
    case Mode::kMix:
      return "mix";
    case Mode::kMget:
      return "mget";
    case Mode::kPreload:
      return "preload";
  }
  return "?";
}

const char* Usage() {
  return R"(herdgate_load: a RESP load generator; prints one line of JSON.
  --host H --port P | --unix PATH       where to connect (127.0.0.1:6379)
  --mode get|set|mix|mget|preload       mix is one SET for ten GETs; preload writes every key once and ends (get)
  --threads N --connections N           connections are shared out over the threads (1, 50)
  --pipeline N                          requests written before waiting for their replies (1)
  --rate R                              open loop: R requests a second in all; latency counts from the intended send time
  --value-bytes N --key-space N         size of a value, number of keys (100, 100000)
  --mget-keys N                         keys of one MGET (100)
  --ttl SECONDS                         SETs carry EX with it (0: none)
  --prefix TEXT                         keys are TEXT and 12 digits (key:)
  --warmup S --seconds S                not measured, measured (0.3, 2)
  --linger S                            then keep the idle connections open (0)
  --seed N                              of the key choice (1)
Exit status: 0 measured, 1 a connection failed or stalled, 2 usage.
)";
}

}  // namespace herdgate::bench

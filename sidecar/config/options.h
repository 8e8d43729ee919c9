// Options: everything an operator can set, with its default. sidecar/config/README.md is the same for people.
//
// A field appears here when it works, not before. Filled by LoadFile (YAML) and by the command line, which overrides
// the file; the composition root hands each folder what it needs, and no folder below reads this header. Threads: a
// plain value; a reload makes another one.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sidecar/base/address.h"
#include "sidecar/base/log.h"
#include "sidecar/policy/policy.h"

namespace herdgate::config {

struct UpstreamOptions {
  // Where the data lives. The default is a Redis on this host.
  base::UpstreamUrl url;
  // How long one attempt to connect may take, and how long a client waits for an upstream that can't be reached before
  // it gets an error. Raise it for a Redis far away; lower it if the app would rather fail fast.
  std::chrono::milliseconds timeout{2000};
};

struct TelemetryOptions {
  // Where /metrics, /livez, /readyz and /startupz are served; nothing means nowhere. Bind to 0.0.0.0 where a scraper or
  // a kubelet outside this network namespace must reach it.
  std::optional<base::ListenAddress> listen =
      base::ListenAddress{base::ListenAddress::Kind::kTcp, "127.0.0.1", 9638, ""};
  // Bounds of the histograms of commands' durations; none: metrics::kCommandDurationBuckets. Set them where an
  // objective has an edge that those don't hold, or where Redis is far away. Each costs two series a class of commands.
  std::vector<std::chrono::nanoseconds> command_buckets;
};

struct AdminOptions {
  // Where the HTTP API is served; nothing means nowhere. Off by default, so that two sidecars on a host never want one
  // port. Not loopback only with a tokens_file.
  std::optional<base::ListenAddress> listen;
  // The file of tokens (admin/token_file.h); empty: the API is read-only and for loopback only. Set it where anything
  // is to be changed, or seen from elsewhere.
  std::string tokens_file;
  // Names that a Host header may give, without ports, beside those of loopback and of `listen`. Name what an ingress or
  // a browser calls it.
  std::vector<std::string> allowed_hosts;
  // Where each change is written down, one line of JSON; empty: in the log alone.
  std::string audit_file;
};

struct LimitOptions {
  // Clients connected at once, all listeners together; one more gets Redis's own error and is closed. Raise it together
  // with the process's limit of open files.
  std::uint32_t max_clients = 10000;
  // Upstream connections held by single sessions for transactions, subscriptions and blocking commands, all loops
  // together. Raise it if many clients block or subscribe; keep it below the upstream's own maxclients.
  std::uint32_t max_dedicated = 1000;
  // Bytes of replies that may wait for one client that does not read; above it the client is closed. Lower it where
  // memory is scarce, but stay above the largest single reply that clients ask for.
  std::uint64_t client_output_limit = std::uint64_t{1} << 30U;
};

struct MemoryOptions {
  // Bytes that the embedded store (upstream memory://) may hold before it evicts.
  std::uint64_t max_bytes = std::uint64_t{64} << 20U;
};

struct NearOptions {
  // Bytes that the near cache may hold, keys, values and overhead together, before it evicts.
  std::uint64_t max_bytes = std::uint64_t{64} << 20U;
};

struct OfflineOptions {
  // Deletes that are remembered while the upstream is away, to be carried out when it is back. Raise both where an
  // outage lasts long and many keys are deleted; above them a whole policy is invalidated, or deletes are refused.
  std::uint64_t max_deletes = 100000;
  // Bytes that they may hold.
  std::uint64_t max_bytes = std::uint64_t{16} << 20U;
};

struct ShutdownOptions {
  // How long after SIGTERM everything goes on as before, new connections too, but for readiness. For a sidecar that is
  // stopped at the same moment as its app.
  std::chrono::milliseconds delay{0};
  // How long SIGTERM waits for commands in flight before it closes what is left. Keep it below the grace period of
  // whatever stops the process.
  std::chrono::milliseconds drain{1500};
};

struct LogOptions {
  // The least level that is written. debug names every connection: for looking into a problem, not for every day.
  base::LogLevel level = base::LogLevel::kInfo;
  // auto: text if stderr is a terminal, JSON otherwise.
  base::LogFormat format = base::LogFormat::kAuto;
};

struct Options {
  // Where clients connect; at least one.
  std::vector<base::ListenAddress> listen = {{base::ListenAddress::Kind::kTcp, "127.0.0.1", 6380, ""}};
  UpstreamOptions upstream;
  TelemetryOptions telemetry;
  AdminOptions admin;
  // Threads that serve clients; nothing means auto: the cgroup CPU quota, 1 to 4 (base::AutoLoops). Set it where more
  // CPUs than that are set aside for the sidecar.
  std::optional<unsigned> loops;
  LimitOptions limits;
  MemoryOptions memory;
  NearOptions near;
  OfflineOptions offline;
  ShutdownOptions shutdown;
  LogOptions log;
  // What is asked of keys, by pattern; in the order of the file, which decides between patterns of equal prefixes.
  std::vector<policy::Policy> policies;
};

}  // namespace herdgate::config

// Fleet is what a run needs around it: a redis-server with nothing on disk, and sidecars in front of it, all of them
// processes of their own on this machine.
//
// Functions that can fail return what went wrong; an empty text: nothing. Threads: one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/herd/child.h"
#include "tests/bench/herd/links.h"

namespace herdgate::bench {

// The policy that the sidecars have for the herd's keys.
struct SidecarPolicy {
  std::string coalesce = "on";  // on, auto or off; omit: no stampede options at all
  unsigned max_wait_ms = 400;
  double beta = 0;  // of the early refresh; 0: none
  bool near = false;
  std::vector<std::string> lines;  // further options, in YAML
};

// Whether the endpoint answers PING, waiting up to `seconds` for it.
bool Answers(const Endpoint& endpoint, double seconds);

// The sidecars' configuration file.
std::string SidecarConfig(const std::string& upstream_url, const SidecarPolicy& policy);

struct FleetOptions {
  std::string herdgate;  // the program
  std::string redis_server = "redis-server";
  unsigned port_base = 0;  // the first port to use; 0: what the system has free
  SidecarPolicy policy;
};

class Fleet {
 public:
  explicit Fleet(FleetOptions options);
  ~Fleet();
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  std::string StartRedis();
  // Stops those that run and starts `count` others. leases: false gives them a Redis user that may not run scripts, so
  // that they can't agree on who computes.
  std::string StartSidecars(unsigned count, bool leases);
  void StopSidecars() { sidecars_.clear(); }

  const Endpoint& redis() const { return redis_endpoint_; }
  const std::vector<Endpoint>& sidecars() const { return endpoints_; }
  // The first sidecar that has ended, in its own words; empty: all of them run.
  std::string Dead();

 private:
  std::uint16_t NewPort();
  std::string Path(const std::string& name) const { return directory_ + "/" + name; }

  FleetOptions options_;
  std::string directory_;
  unsigned next_port_;
  Endpoint redis_endpoint_;
  std::unique_ptr<Child> redis_;
  std::vector<std::unique_ptr<Child>> sidecars_;
  std::vector<Endpoint> endpoints_;
};

}  // namespace herdgate::bench

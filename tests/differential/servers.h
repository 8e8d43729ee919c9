// Servers: the plain redis-server, and Herdgate with a redis-server of its own behind it, fresh at every Start.
//
// Both redis-servers run with the same options and the same seeds (fixed_seed.cc). With `direct_direct` there is no
// Herdgate: the second port is the second redis-server. Threads: one owner.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/differential/process.h"

namespace herdgate::differential {

struct ServerOptions {
  std::string redis_server = "redis-server";
  std::string herdgate;    // the program; unused with direct_direct
  std::string fixed_seed;  // the library to preload into redis-server
  std::string directory;   // working directory and logs; must exist
  int loops = 1;           // Herdgate's --loops
  int port_base = 0;       // four ports from here; 0: any free ones
  bool direct_direct = false;
  bool skew = false;             // the second redis-server gets another option, so that a run must find a difference
  bool forget_policies = false;  // Herdgate gets no configuration file, for the same purpose
};

class Servers {
 public:
  explicit Servers(ServerOptions options) : options_(std::move(options)) {}

  // The text of Herdgate's configuration file from the next Start on; empty: no file.
  void set_configuration(std::string yaml) { configuration_ = std::move(yaml); }
  // False and error() if one of them does not answer within ten seconds.
  bool Start();
  void Stop();
  const std::string& error() const { return error_; }

  bool policies_are_enforced() const { return !options_.direct_direct; }

  int direct_port() const { return direct_port_; }
  int proxied_port() const { return proxied_port_; }  // where clients of the second side connect
  int behind_port() const { return behind_port_; }    // the redis-server of the second side
  // What Herdgate counted of this kind until now: the sum of the samples that begin so. 0 if it can't be asked.
  double Metric(std::string_view beginning);
  // What became of a program that should be running; empty if all are.
  std::string Obituary();

 private:
  void StartHerdgate();
  void StartRedis(Process& process, int port, const std::string& name, bool skewed);
  bool WaitUntilItAnswers(Process& process, int port, const std::string& name);

  ServerOptions options_;
  std::string configuration_;
  std::string error_;
  int direct_port_ = 0;
  int proxied_port_ = 0;
  int behind_port_ = 0;
  int telemetry_port_ = 0;
  Process direct_;
  Process behind_;
  Process herdgate_;
};

}  // namespace herdgate::differential

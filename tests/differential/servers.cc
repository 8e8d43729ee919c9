#include "tests/differential/servers.h"

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/differential/connection.h"

namespace herdgate::differential {

bool Servers::Start() {
  Stop();
  const int base = options_.port_base;
  direct_port_ = base > 0 ? base : FreePort();
  behind_port_ = base > 0 ? base + 1 : FreePort();
  telemetry_port_ = base > 0 ? base + 3 : FreePort();
  proxied_port_ = options_.direct_direct ? behind_port_ : base > 0 ? base + 2 : FreePort();
  StartRedis(direct_, direct_port_, "direct", false);
  StartRedis(behind_, behind_port_, "behind", options_.skew);
  if (!WaitUntilItAnswers(direct_, direct_port_, "the plain redis-server")) return false;
  if (!WaitUntilItAnswers(behind_, behind_port_, "the second redis-server")) return false;
  if (options_.direct_direct) return true;
  StartHerdgate();
  return WaitUntilItAnswers(herdgate_, proxied_port_, "herdgate");
}

void Servers::StartHerdgate() {
  std::vector<std::string> argv = {options_.herdgate, "serve",
                                   "--listen",        "tcp://127.0.0.1:" + std::to_string(proxied_port_),
                                   "--upstream",      "redis://127.0.0.1:" + std::to_string(behind_port_),
                                   "--telemetry",     "127.0.0.1:" + std::to_string(telemetry_port_),
                                   "--loops",         std::to_string(options_.loops)};
  if (!configuration_.empty() && !options_.forget_policies) {
    const std::string path = options_.directory + "/herdgate.yaml";
    std::ofstream(path, std::ios::binary | std::ios::trunc) << configuration_;
    argv.insert(argv.end(), {"--config", path});
  }
  herdgate_.Start(argv, "", options_.directory + "/herdgate.log");
}

void Servers::Stop() {
  herdgate_.Stop();
  direct_.Stop();
  behind_.Stop();
}

// Slow-log and rehashing by the clock are off: they are what would make two servers differ by time alone.
void Servers::StartRedis(Process& process, int port, const std::string& name, bool skewed) {
  std::vector<std::string> argv = {options_.redis_server,
                                   "--port",
                                   std::to_string(port),
                                   "--bind",
                                   "127.0.0.1",
                                   "--save",
                                   "",
                                   "--appendonly",
                                   "no",
                                   "--dir",
                                   options_.directory,
                                   "--activerehashing",
                                   "no",
                                   "--databases",
                                   "16",
                                   "--loglevel",
                                   "warning",
                                   "--slowlog-log-slower-than",
                                   "-1"};
  if (skewed) argv.insert(argv.end(), {"--hash-max-listpack-entries", "2"});
  process.Start(argv, options_.fixed_seed, options_.directory + "/" + name + ".log");
}

bool Servers::WaitUntilItAnswers(Process& process, int port, const std::string& name) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (process.Running() && std::chrono::steady_clock::now() < deadline) {
    Connection connection;
    if (connection.Open(port)) {
      connection.Write("PING\r\n");
      for (int waited_ms = 0; waited_ms < 1000 && !connection.closed(); ++waited_ms) {
        connection.Read();
        if (connection.in().text() == "+PONG\r\n") return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  error_ = name + " does not answer on port " + std::to_string(port) + " (" + process.Fate() + "); its log is in " +
           options_.directory;
  return false;
}

double Servers::Metric(std::string_view beginning) {
  Connection connection;
  if (options_.direct_direct || !connection.Open(telemetry_port_)) return 0;
  connection.Write("GET /metrics HTTP/1.0\r\n\r\n");
  for (int waited_ms = 0; waited_ms < 2000 && !connection.closed(); ++waited_ms) {
    connection.Read();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  double sum = 0;
  std::istringstream lines(std::string(connection.in().text()));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(beginning)) sum += std::strtod(line.c_str() + line.rfind(' '), nullptr);
  }
  return sum;
}

std::string Servers::Obituary() {
  if (!options_.direct_direct && !herdgate_.Running()) return "herdgate ended: " + herdgate_.Fate();
  if (!direct_.Running()) return "the plain redis-server ended: " + direct_.Fate();
  if (!behind_.Running()) return "the second redis-server ended: " + behind_.Fate();
  return "";
}

}  // namespace herdgate::differential

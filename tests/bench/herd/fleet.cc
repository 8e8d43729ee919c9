#include "tests/bench/herd/fleet.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>

#include "tests/bench/herd/resp.h"

namespace herdgate::bench {
namespace {

constexpr int kStartTries = 1000;  // of 10 ms
// May do all that a sidecar needs but run scripts: without them there are no leases.
constexpr std::string_view kUser = "herd-no-scripts";

std::uint16_t FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = AddressOf({"127.0.0.1", 0});
  socklen_t size = sizeof address;
  bind(fd, reinterpret_cast<const sockaddr*>(&address), size);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  close(fd);
  return ntohs(address.sin_port);
}

// One command, one reply of up to a few hundred bytes; empty: none.
std::string Ask(const Endpoint& endpoint, const std::string& command) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{2, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  const sockaddr_in address = AddressOf(endpoint);
  std::string reply;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      send(fd, command.data(), command.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(command.size())) {
    std::array<char, 512> buffer{};
    const ssize_t got = recv(fd, buffer.data(), buffer.size(), 0);
    if (got > 0) reply.assign(buffer.data(), static_cast<std::size_t>(got));
  }
  close(fd);
  return reply;
}

bool Pings(const Endpoint& endpoint) {
  return Ask(endpoint, RespCommand({"PING"})).starts_with("+PONG");
}

// Waits until the child answers; what went wrong otherwise.
std::string AwaitStart(const std::string& name, Child& child, const Endpoint& endpoint) {
  const timespec pause{0, 10'000'000};
  for (int i = 0; i < kStartTries && child.alive(); ++i) {
    if (Pings(endpoint)) return "";
    nanosleep(&pause, nullptr);
  }
  return name + " did not start: " + child.LastWords();
}

}  // namespace

bool Answers(const Endpoint& endpoint, double seconds) {
  const timespec pause{0, 10'000'000};
  for (int i = 0; i < static_cast<int>(seconds * 100); ++i) {
    if (Pings(endpoint)) return true;
    nanosleep(&pause, nullptr);
  }
  return false;
}

std::string SidecarConfig(const std::string& upstream_url, const SidecarPolicy& policy) {
  std::ostringstream out;
  out << "upstream: {url: \"" << upstream_url << "\"}\nloops: 1\nlog: {level: warn}\n";
  out << "policies:\n  - name: hot\n    match: [\"herd:*\"]\n";
  if (policy.coalesce != "omit") {
    out << "    stampede: {coalesce: " << policy.coalesce;
    if (policy.coalesce != "off") out << ", max_wait: " << policy.max_wait_ms << "ms";
    out << "}\n";
  }
  if (policy.beta > 0) out << "    refresh: {mode: synthetic, beta: " << policy.beta << "}\n";
  if (policy.near) out << "    near: {enabled: true}\n";
  for (const std::string& line : policy.lines) out << "    " << line << "\n";
  return out.str();
}

Fleet::Fleet(FleetOptions options) : options_(std::move(options)), next_port_(options_.port_base) {
  std::string pattern = (std::filesystem::temp_directory_path() / "herdgate-herd.XXXXXX").string();
  if (mkdtemp(pattern.data()) != nullptr) directory_ = pattern;
}

Fleet::~Fleet() {
  sidecars_.clear();
  redis_.reset();
  std::error_code ignored;
  if (!directory_.empty()) std::filesystem::remove_all(directory_, ignored);
}

std::uint16_t Fleet::NewPort() {
  return next_port_ == 0 ? FreePort() : static_cast<std::uint16_t>(next_port_++);
}

std::string Fleet::StartRedis() {
  if (directory_.empty()) return "no temporary directory can be made";
  redis_endpoint_.port = NewPort();
  const std::string port = std::to_string(redis_endpoint_.port);
  if (Pings(redis_endpoint_)) return "port " + port + " is in use";
  redis_ = std::make_unique<Child>(
      std::vector<std::string>{options_.redis_server, "--port", port, "--bind", "127.0.0.1", "--save", "",
                               "--appendonly", "no", "--dir", directory_, "--maxclients", "60000"},
      Path("redis.log"));
  const std::string problem = AwaitStart("redis-server", *redis_, redis_endpoint_);
  if (!problem.empty()) return problem;
  const std::string reply =
      Ask(redis_endpoint_, RespCommand({"ACL", "SETUSER", kUser, "on", "nopass", "~*", "&*", "+@all", "-@scripting"}));
  return reply.starts_with("+OK") ? "" : "redis-server refuses a user: " + reply;
}

std::string Fleet::StartSidecars(unsigned count, bool leases) {
  for (const auto& sidecar : sidecars_) sidecar->Terminate();
  sidecars_.clear();
  endpoints_.clear();
  const std::string user = leases ? "" : std::string(kUser) + ":none@";
  const std::string config = Path("herdgate.yaml");
  std::ofstream(config) << SidecarConfig("redis://" + user + "127.0.0.1:" + std::to_string(redis_endpoint_.port),
                                         options_.policy);
  for (unsigned i = 0; i < count; ++i) {
    Endpoint endpoint;
    endpoint.port = NewPort();
    const std::string listen = "tcp://127.0.0.1:" + std::to_string(endpoint.port);
    sidecars_.push_back(
        std::make_unique<Child>(std::vector<std::string>{options_.herdgate, "serve", "--config", config, "--listen",
                                                         listen, "--telemetry", "127.0.0.1:0"},
                                Path("sidecar" + std::to_string(i) + ".log")));
    endpoints_.push_back(endpoint);
  }
  for (unsigned i = 0; i < count; ++i) {
    const std::string problem = AwaitStart("the sidecar", *sidecars_[i], endpoints_[i]);
    if (!problem.empty()) return problem;
  }
  return "";
}

std::string Fleet::Dead() {
  for (const auto& sidecar : sidecars_) {
    if (!sidecar->alive()) return "a sidecar has ended: " + sidecar->LastWords();
  }
  return "";
}

}  // namespace herdgate::bench

#include "tests/differential/witness.h"

#include <poll.h>

#include <chrono>
#include <cstdlib>
#include <string_view>

namespace herdgate::differential {
namespace {

constexpr std::string_view kName = "witness";
constexpr std::string_view kContainers[] = {"ACL",      "CLIENT",  "CLUSTER", "COMMAND", "CONFIG",
                                            "FUNCTION", "LATENCY", "MEMORY",  "MODULE",  "OBJECT",
                                            "PUBSUB",   "SCRIPT",  "SLOWLOG", "XGROUP",  "XINFO"};
constexpr int kWarmUps = 64;
constexpr std::string_view kQuestion = "INFO stats\r\nINFO clients\r\nCLIENT LIST\r\n";

// The number behind `name` in `text`; 0 if it is not there.
uint64_t Field(std::string_view text, std::string_view name) {
  const std::size_t at = text.find(name);
  return at == std::string_view::npos ? 0 : std::strtoull(text.data() + at + name.size(), nullptr, 10);
}

// Three bulk strings, one behind the other. False: not all there yet.
bool CutAnswer(std::string_view text, std::string_view (&parts)[3], std::size_t& length) {
  std::size_t at = 0;
  for (std::string_view& part : parts) {
    const std::size_t end = text.find("\r\n", at);
    if (end == std::string_view::npos || text[at] != '$') return false;
    const std::size_t size = std::strtoull(text.data() + at + 1, nullptr, 10);
    if (text.size() < end + 2 + size + 2) return false;
    part = text.substr(end + 2, size);
    at = end + 2 + size + 2;
  }
  length = at;
  return true;
}

// A line of CLIENT LIST: replies that wait, or a flag that says "will be closed".
bool LineWaits(std::string_view line) {
  if (line.find(" name=witness ") != std::string_view::npos) return false;
  if (Field(line, " obl=") > 0 || Field(line, " oll=") > 0) return true;
  const std::size_t flags = line.find(" flags=");
  if (flags == std::string_view::npos) return false;
  const std::string_view word = line.substr(flags + 7, line.find(' ', flags + 7) - flags - 7);
  return word.find_first_of("cA") != std::string_view::npos;
}

void ReadClients(std::string_view list, Witness::State& state) {
  while (!list.empty()) {
    const std::size_t end = list.find('\n');
    const std::string_view line = list.substr(0, end);
    list.remove_prefix(end == std::string_view::npos ? list.size() : end + 1);
    if (line.empty()) continue;
    ++state.clients;
    state.output_waits = state.output_waits || LineWaits(line);
  }
}

}  // namespace

bool Witness::Open(int port) {
  if (!connection_.Open(port)) return false;
  std::string request;
  for (int i = 0; i < kWarmUps; ++i) {
    for (const std::string_view container : kContainers) request += std::string(container) + " HELP\r\n";
  }
  connection_.Write(request + "CLIENT SETNAME " + std::string(kName) + "\r\n");
  for (pollfd readable{connection_.fd(), POLLIN, 0}; poll(&readable, 1, 1000) == 1;) {
    connection_.Read();
    if (connection_.in().text().ends_with("\r\n+OK\r\n")) {
      connection_.in().Take(connection_.in().text().size());
      return true;
    }
    if (connection_.closed()) return false;
  }
  return false;
}

bool Witness::Ask(State& state) {
  state = State();
  connection_.Write(kQuestion);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (std::chrono::steady_clock::now() < deadline && !connection_.closed()) {
    pollfd readable{connection_.fd(), POLLIN, 0};
    poll(&readable, 1, 100);
    connection_.Read();
    std::string_view parts[3];
    std::size_t length = 0;
    if (!CutAnswer(connection_.in().text(), parts, length)) continue;
    state.input_bytes = Field(parts[0], "total_net_input_bytes:");
    state.output_bytes = Field(parts[0], "total_net_output_bytes:");
    state.blocked = Field(parts[1], "blocked_clients:");
    ReadClients(parts[2], state);
    connection_.in().Take(length);
    return true;
  }
  return false;
}

}  // namespace herdgate::differential

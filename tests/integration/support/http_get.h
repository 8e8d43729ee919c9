// HttpGet: one GET over a socket of its own, and the reading of a Prometheus text. Any thread.
#pragma once

#include <cstdlib>
#include <string>
#include <string_view>

#include "tests/integration/support/raw_client.h"

namespace herdgate::integration {

struct HttpAnswer {
  int status = 0;  // 0: no answer
  std::string body;
};

inline HttpAnswer HttpGet(std::uint16_t port, const std::string& path) {
  RawClient client(DialTcp(port));
  if (!client.Send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")) return {};
  const std::string text = client.ReadToEnd();
  const auto body = text.find("\r\n\r\n");
  if (!text.starts_with("HTTP/1.1 ") || body == std::string::npos) return {};
  return {std::atoi(text.c_str() + 9), text.substr(body + 4)};
}

// Sums the samples of a metric, or of those whose name and labels begin so: "herdgate_barriers_total",
// "herdgate_commands_total{command=\"get\"".
inline double SumOfSamples(std::string_view text, std::string_view prefix) {
  const bool whole_name = prefix.find('{') == std::string_view::npos;
  double sum = 0;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (!line.starts_with(prefix)) continue;
    if (whole_name && line[prefix.size()] != ' ' && line[prefix.size()] != '{') continue;
    sum += std::atof(std::string(line.substr(line.rfind(' ') + 1)).c_str());
  }
  return sum;
}

}  // namespace herdgate::integration

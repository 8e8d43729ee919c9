#include "sidecar/pipeline/info_reply.h"

#include <algorithm>
#include <charconv>

namespace herdgate::pipeline {

std::string InfoForClient(std::string_view reply, const Connections& connections) {
  constexpr std::string_view kField = "\r\nconnected_clients:";
  const auto at = reply.find(kField);
  const auto header_end = reply.find("\r\n");
  if (reply.empty() || (reply.front() != '$' && reply.front() != '=') || at == std::string_view::npos)
    return std::string(reply);
  const std::size_t number_at = at + kField.size();
  const std::size_t number_end = reply.find('\r', number_at);
  std::int64_t seen = 0;
  std::from_chars(reply.data() + number_at, reply.data() + number_end, seen);
  const std::int64_t shown = std::max<std::int64_t>(1, seen - connections.lanes + connections.clients);

  std::string body(reply.substr(header_end + 2, number_at - header_end - 2));
  body += std::to_string(shown);
  body += reply.substr(number_end, reply.size() - 2 - number_end);
  return reply.front() + std::to_string(body.size()) + "\r\n" + body + "\r\n";
}

}  // namespace herdgate::pipeline

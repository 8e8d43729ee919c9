#include "sidecar/app/ctl/admin_url.h"

#include <algorithm>
#include <charconv>

namespace herdgate::app {
namespace {

bool IsOf(std::string_view text, std::string_view more) {
  return std::ranges::all_of(text, [more](char c) {
    const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return alphanumeric || more.find(c) != std::string_view::npos;
  });
}

base::Status Wrong(std::string message) {
  return {base::ErrorCode::kInvalidArgument, std::move(message)};
}

}  // namespace

base::Result<AdminUrl> AdminUrl::Parse(std::string_view text) {
  constexpr std::string_view kScheme = "http://";
  if (text.starts_with("https://")) {
    return Wrong("must begin with http://: the HTTP API is plain HTTP, for loopback or the pod's own network");
  }
  if (!text.starts_with(kScheme)) return Wrong("must be like http://127.0.0.1:6381");
  text.remove_prefix(kScheme.size());
  if (text.find('@') != std::string_view::npos) {
    return Wrong("must not hold a name or a token: use --token-file or HERDGATE_TOKEN");
  }
  AdminUrl url;
  const std::size_t slash = std::min(text.find('/'), text.size());
  url.path = text.substr(slash);
  while (url.path.ends_with('/')) url.path.pop_back();
  if (!IsOf(url.path, "/-._~")) return Wrong("may hold letters, digits and - . _ ~ in its path");
  std::string_view rest = text.substr(0, slash);
  const bool bracket = rest.starts_with('[');
  const std::size_t end = bracket ? rest.find(']') : std::min(rest.find(':'), rest.size());
  if (end == std::string_view::npos) return Wrong("has a [ without a ]");
  url.host = rest.substr(bracket ? 1 : 0, bracket ? end - 1 : end);
  if (url.host.empty() || !IsOf(url.host, bracket ? ":." : "-._")) return Wrong("must be like http://127.0.0.1:6381");
  rest.remove_prefix(bracket ? end + 1 : end);
  if (rest.empty()) return url;
  unsigned port = 0;
  const auto [last, error] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), port);
  const bool whole = error == std::errc() && last == rest.data() + rest.size();
  if (rest[0] != ':' || !whole || port == 0 || port > 65'535) return Wrong("must have a port from 1 to 65535");
  url.port = static_cast<std::uint16_t>(port);
  return url;
}

std::string AdminUrl::Authority() const {
  const bool six = host.find(':') != std::string::npos;
  return (six ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

bool AdminUrl::IsLoopback() const {
  // Digits and dots alone are no name that somebody could own.
  const bool four = host.find_first_not_of("0123456789.") == std::string::npos;
  return host == "localhost" || host == "::1" || (four && host.starts_with("127."));
}

}  // namespace herdgate::app

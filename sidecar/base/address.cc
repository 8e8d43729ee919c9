#include "sidecar/base/address.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace herdgate::base {
namespace {

constexpr std::string_view kSchemeEnd = "://";
// One byte of sun_path is the terminator.
constexpr std::size_t kMaxUnixPath = sizeof(sockaddr_un::sun_path) - 1;
constexpr std::size_t kMaxHostName = 253;
constexpr std::uint32_t kMaxDatabase = 2147483647;  // Redis keeps the number of databases in an int

Status Invalid(std::string message) {
  return Status(ErrorCode::kInvalidArgument, std::move(message));
}

std::optional<std::uint32_t> ParseNumber(std::string_view text, std::uint32_t max) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || number > max) return std::nullopt;
  return number;
}

std::optional<int> HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

std::optional<std::string> PercentDecode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const std::optional<int> high = HexDigit(text[i + 1]);
    const std::optional<int> low = HexDigit(text[i + 2]);
    if (!high || !low) return std::nullopt;
    out += static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  return out;
}

std::string PercentEncode(std::string_view text, std::string_view also_plain) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (alnum || std::string_view("-._~").find(c) != std::string_view::npos ||
        also_plain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kHex[byte >> 4U];
      out += kHex[byte & 0xfU];
    }
  }
  return out;
}

bool IsIpv6(const std::string& text) {
  in6_addr address{};
  return inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

bool IsHostName(std::string_view text) {
  return !text.empty() && text.size() <= kMaxHostName && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
           c == '_';
  });
}

struct Endpoint {
  std::string host;
  std::optional<std::uint16_t> port;
};

// host, host:port, [ipv6] or [ipv6]:port. Errors never quote the text: see the header.
Result<Endpoint> ParseEndpoint(std::string_view text) {
  Endpoint endpoint;
  std::string_view port;
  bool has_port = false;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    endpoint.host = std::string(text.substr(1, close == std::string_view::npos ? close : close - 1));
    if (close == std::string_view::npos || !IsIpv6(endpoint.host)) {
      return Invalid("the part in brackets is not an IPv6 address; write it like [::1]");
    }
    port = text.substr(close + 1);
    has_port = !port.empty();
    if (has_port && port.front() != ':') return Invalid("only a port may follow the brackets, like [::1]:6379");
    if (has_port) port.remove_prefix(1);
  } else {
    const std::size_t colon = text.find(':');
    has_port = colon != std::string_view::npos;
    endpoint.host = std::string(text.substr(0, colon));
    if (has_port) port = text.substr(colon + 1);
    if (port.find(':') != std::string_view::npos) return Invalid("an IPv6 address needs brackets, like [::1]:6379");
    if (endpoint.host.empty()) return Invalid("the host is missing");
    if (!IsHostName(endpoint.host)) return Invalid("the host may hold only letters, digits, '.', '-' and '_'");
  }
  if (has_port) {
    const std::optional<std::uint32_t> number = ParseNumber(port, 65535);
    if (!number) return Invalid("the port is not a number from 0 to 65535");
    endpoint.port = static_cast<std::uint16_t>(*number);
  }
  return endpoint;
}

Result<std::string> ParseUnixPath(std::string_view encoded) {
  std::optional<std::string> path = PercentDecode(encoded);
  if (!path) return Invalid("the path holds a '%' that two hexadecimal digits do not follow; write '%' itself as %25");
  if (!path->starts_with('/') || path->size() < 2) return Invalid("the socket's path must be absolute");
  if (path->find('\0') != std::string::npos) return Invalid("the socket's path holds a zero byte");
  if (path->size() > kMaxUnixPath) {
    return Invalid("the socket's path has " + std::to_string(path->size()) + " bytes; the system allows " +
                   std::to_string(kMaxUnixPath));
  }
  return *std::move(path);
}

// "user", "user:password" or ":password".
Status ParseCredentials(std::string_view text, UpstreamUrl& url) {
  const std::size_t colon = text.find(':');
  std::optional<std::string> user = PercentDecode(text.substr(0, colon));
  std::optional<std::string> password =
      PercentDecode(colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1));
  if (!user || !password) {
    return Invalid("the credentials hold a '%' that two hexadecimal digits do not follow; write '%' itself as %25");
  }
  url.user = *std::move(user);
  url.password = *std::move(password);
  return {};
}

// "?db=n", or nothing.
Status ParseQuery(std::string_view query, UpstreamUrl& url) {
  if (query.empty()) return {};
  if (!query.starts_with("?db=")) return Invalid("the only parameter known here is ?db=, the database number");
  const std::optional<std::uint32_t> db = ParseNumber(query.substr(4), kMaxDatabase);
  if (!db) return Invalid("the database is not a number from 0 to 2147483647");
  url.db = *db;
  return {};
}

struct Parts {
  std::string_view credentials;  // before the last '@' of the authority
  bool has_credentials = false;
  std::string_view endpoint;  // the authority after it
  std::string_view path;      // from the first '/'
  std::string_view query;     // from the first '?' behind the path's start
};

Result<Parts> Split(std::string_view rest) {
  Parts parts;
  const std::size_t authority_end = std::min(rest.find_first_of("/?#"), rest.size());
  std::string_view authority = rest.substr(0, authority_end);
  rest.remove_prefix(authority_end);
  const std::size_t at = authority.rfind('@');
  parts.has_credentials = at != std::string_view::npos;
  if (parts.has_credentials) parts.credentials = authority.substr(0, at);
  parts.endpoint = parts.has_credentials ? authority.substr(at + 1) : authority;
  // A raw '/', '?' or '#' in a password ends the authority too early; what is left of it then still has its '@'.
  if (!parts.has_credentials && !authority.empty() && rest.find('@') != std::string_view::npos) {
    return Invalid("an '@' stands after '/', '?' or '#'; in a user or password write these as %40, %2F, %3F and %23");
  }
  const std::size_t query = std::min(rest.find('?'), rest.size());
  parts.path = rest.substr(0, query);
  parts.query = rest.substr(query);
  return parts;
}

Result<UpstreamUrl> ParseRedisUrl(const Parts& parts, UpstreamUrl url) {
  Result<Endpoint> endpoint = ParseEndpoint(parts.endpoint);
  if (!endpoint.ok()) return endpoint.status();
  url.kind = UpstreamUrl::Kind::kRedis;
  url.host = std::move(endpoint.value().host);
  if (endpoint.value().port == 0) return Invalid("port 0 is not one to connect to");
  url.port = endpoint.value().port.value_or(url.port);
  if (parts.path.size() > 1) {
    const std::optional<std::uint32_t> db = ParseNumber(parts.path.substr(1), kMaxDatabase);
    if (!db) return Invalid("what follows the host must be /N, N being the database, a number from 0 to 2147483647");
    if (!parts.query.empty()) return Invalid("the database is given twice, as /N and as ?db=; keep one");
    url.db = *db;
  }
  return url;
}

Result<UpstreamUrl> ParseUnixUrl(const Parts& parts, UpstreamUrl url) {
  if (!parts.endpoint.empty())
    return Invalid("the socket's path must be absolute: unix:///run/redis.sock has three slashes");
  Result<std::string> path = ParseUnixPath(parts.path);
  if (!path.ok()) return path.status();
  url.kind = UpstreamUrl::Kind::kUnix;
  url.path = std::move(path.value());
  url.host.clear();
  url.port = 0;
  return url;
}

std::string JoinHostPort(const std::string& host, std::uint16_t port) {
  const bool brackets = host.find(':') != std::string::npos;
  return (brackets ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Status UnknownUpstreamScheme(std::string_view scheme) {
  for (const std::string_view later :
       {"rediss", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster"}) {
    if (scheme == later) {
      return Invalid(std::string(later) + ":// is not available yet; this version has redis://, unix:// and memory://");
    }
  }
  return Invalid("an upstream URL starts with redis://, unix:// or memory://");
}

}  // namespace

std::string ListenAddress::ToString() const {
  if (kind == Kind::kUnix) return "unix://" + PercentEncode(path, "/@:");
  return "tcp://" + JoinHostPort(host, port);
}

std::string UpstreamUrl::ToString() const {
  if (kind == Kind::kMemory) return "memory://";
  std::string credentials = PercentEncode(user, "");
  if (!password.empty()) credentials += ":***";
  if (!credentials.empty()) credentials += '@';
  if (kind == Kind::kUnix) {
    return "unix://" + credentials + PercentEncode(path, "/@:") + (db == 0 ? "" : "?db=" + std::to_string(db));
  }
  return "redis://" + credentials + JoinHostPort(host, port) + (db == 0 ? "" : "/" + std::to_string(db));
}

Result<ListenAddress> ParseHostPort(std::string_view text) {
  Result<Endpoint> endpoint = ParseEndpoint(text);
  if (!endpoint.ok()) return endpoint.status();
  if (!endpoint.value().port) return Invalid("the port is missing; write host:port");
  return ListenAddress{ListenAddress::Kind::kTcp, std::move(endpoint.value().host), *endpoint.value().port, ""};
}

Result<ListenAddress> ParseListenAddress(std::string_view text) {
  const std::size_t scheme_end = text.find(kSchemeEnd);
  if (scheme_end == std::string_view::npos) {
    if (text.starts_with('/')) return Invalid("a Unix socket is written unix:// and its path, like unix:///run/x.sock");
    return ParseHostPort(text);
  }
  const std::string_view scheme = text.substr(0, scheme_end);
  const std::string_view rest = text.substr(scheme_end + kSchemeEnd.size());
  if (scheme == "tcp") return ParseHostPort(rest);
  if (scheme != "unix") return Invalid("a listen address starts with tcp:// or unix://, or is host:port");
  Result<std::string> path = ParseUnixPath(rest);
  if (!path.ok()) return path.status();
  return ListenAddress{ListenAddress::Kind::kUnix, "", 0, std::move(path.value())};
}

Result<UpstreamUrl> ParseUpstreamUrl(std::string_view text) {
  const std::size_t scheme_end = text.find(kSchemeEnd);
  if (scheme_end == std::string_view::npos) return UnknownUpstreamScheme("");
  const std::string_view scheme = text.substr(0, scheme_end);
  const std::string_view rest = text.substr(scheme_end + kSchemeEnd.size());
  UpstreamUrl url;
  if (scheme == "memory") {
    if (!rest.empty()) return Invalid("nothing may follow memory://");
    url.kind = UpstreamUrl::Kind::kMemory;
    url.host.clear();
    url.port = 0;
    return url;
  }
  if (scheme != "redis" && scheme != "unix") return UnknownUpstreamScheme(scheme);
  const Result<Parts> parts = Split(rest);
  if (!parts.ok()) return parts.status();
  if (Status status = ParseCredentials(parts.value().credentials, url); !status.ok()) return status;
  if (Status status = ParseQuery(parts.value().query, url); !status.ok()) return status;
  return scheme == "redis" ? ParseRedisUrl(parts.value(), std::move(url)) : ParseUnixUrl(parts.value(), std::move(url));
}

}  // namespace herdgate::base

// Addresses: where the sidecar listens, and the URL of the Redis behind it.
//
//   listen     tcp://127.0.0.1:6380   tcp://[::1]:6380   127.0.0.1:6380   unix:///run/herdgate/redis.sock
//   upstream   redis://[user[:password]@]host[:port][/db]      port 6379 and database 0 unless given
//              unix://[user[:password]@]/path[?db=n]
//              memory://
// Credentials, and the paths of unix URLs, are percent-decoded.
//
// Errors (kInvalidArgument) say what is wrong and what to write. An upstream's text never appears in them, because a
// mistake in a URL can put the password anywhere. Log and print ToString(), which never holds one.
// Threads: plain values and pure functions; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sidecar/base/result.h"

namespace herdgate::base {

struct ListenAddress {
  enum class Kind : unsigned char { kTcp, kUnix };

  Kind kind = Kind::kTcp;
  std::string host;        // kTcp: a name, an IPv4 address, or an IPv6 address without brackets
  std::uint16_t port = 0;  // kTcp: 0 asks the system for a free port
  std::string path;        // kUnix: absolute

  // The form that ParseListenAddress reads back.
  std::string ToString() const;
  bool operator==(const ListenAddress&) const = default;
};

struct UpstreamUrl {
  enum class Kind : unsigned char { kRedis, kUnix, kMemory };

  Kind kind = Kind::kRedis;
  std::string host = "127.0.0.1";  // kRedis: as ListenAddress::host
  std::uint16_t port = 6379;       // kRedis
  std::string path;                // kUnix: absolute
  std::uint32_t db = 0;            // kRedis, kUnix: the database of a new connection
  std::string user;                // empty: the default user
  std::string password;            // a secret: never log or print it

  bool has_credentials() const { return !user.empty() || !password.empty(); }
  // The URL with its password replaced by "***".
  std::string ToString() const;
  bool operator==(const UpstreamUrl&) const = default;
};

Result<ListenAddress> ParseListenAddress(std::string_view text);
Result<UpstreamUrl> ParseUpstreamUrl(std::string_view text);

// "host:port", with an IPv6 address in brackets; the result is kTcp.
Result<ListenAddress> ParseHostPort(std::string_view text);

}  // namespace herdgate::base

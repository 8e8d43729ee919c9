// AdminUrl: where the HTTP API of a sidecar is: http://HOST[:PORT][/PATH].
//
// Threads: a plain value. Errors never repeat the text: it may hold a secret.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sidecar/base/result.h"

namespace herdgate::app {

struct AdminUrl {
  static constexpr std::string_view kDefault = "http://127.0.0.1:6381";

  std::string host;  // an IPv6 address without brackets
  std::uint16_t port = 6381;
  std::string path;  // below which /api/v1 is; empty or "/x/y"

  static base::Result<AdminUrl> Parse(std::string_view text);
  // As the Host header has it.
  std::string Authority() const;
  std::string ToString() const { return "http://" + Authority() + path; }
  // This machine, by its name or address.
  bool IsLoopback() const;
};

}  // namespace herdgate::app

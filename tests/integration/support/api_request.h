// ApiRequest: one HTTP request to the API, each part of which a test may bend, and its answer.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/integration/support/raw_client.h"

namespace herdgate::integration {

// A connection that comes from `from`, any address of 127.0.0.0/8.
inline RawClient DialFrom(const char* from, std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in own = TcpName(from, 0);
  const sockaddr_in server = TcpName("127.0.0.1", port);
  const bool done = bind(fd, reinterpret_cast<const sockaddr*>(&own), sizeof own) == 0 &&
                    connect(fd, reinterpret_cast<const sockaddr*>(&server), sizeof server) == 0;
  if (!done) close(fd);
  return RawClient(done ? fd : -1);
}

struct ApiAnswer {
  int status = 0;  // 0: no answer
  std::string head;
  std::string body;

  static ApiAnswer Of(const std::string& text) {
    const auto at = text.find("\r\n\r\n");
    if (!text.starts_with("HTTP/1.1 ") || at == std::string::npos) return {};
    return {std::atoi(text.c_str() + 9), text.substr(0, at + 2), text.substr(at + 4)};
  }
  nlohmann::json Json() const { return nlohmann::json::parse(body, nullptr, false); }
  // The header's value; "" if it is not there.
  std::string Header(const std::string& name) const {
    const auto at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return {};
    const auto from = at + 4 + name.size();
    return head.substr(from, head.find("\r\n", from) - from);
  }
};

struct ApiRequest {
  std::string method;
  std::string path;  // below /api/v1
  std::string token;
  std::string body{};
  std::string host = "localhost";
  std::string more{};                             // headers, each with its line end
  std::string write_header = "1";                 // of what is no GET or HEAD; empty: none
  std::string content_type = "application/json";  // of what has a body
  std::string length{};                           // empty: the body's
  const char* from = "127.0.0.1";

  std::string Text() const {
    std::string text = method + " /api/v1" + path + " HTTP/1.1\r\nConnection: close\r\n";
    if (!host.empty()) text += "Host: " + host + "\r\n";
    if (!token.empty()) text += "Authorization: Bearer " + token + "\r\n";
    if (method != "GET" && method != "HEAD" && !write_header.empty())
      text += "X-Herdgate-Request: " + write_header + "\r\n";
    if (!body.empty() && !content_type.empty()) text += "Content-Type: " + content_type + "\r\n";
    text += more;
    if (length != "none") text += "Content-Length: " + (length.empty() ? std::to_string(body.size()) : length) + "\r\n";
    return text + "\r\n" + body;
  }
  ApiAnswer Send(std::uint16_t port) const {
    RawClient client = DialFrom(from, port);
    // A server that refuses need not read all of it.
    (void)client.Send(Text());
    return ApiAnswer::Of(client.ReadToEnd());
  }
};

}  // namespace herdgate::integration

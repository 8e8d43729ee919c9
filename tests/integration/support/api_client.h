// ApiClient: requests to the HTTP API of a sidecar in the test, as one caller.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>

#include "tests/integration/support/raw_client.h"

namespace herdgate::integration {

class ApiClient {
 public:
  struct Answer {
    int status = 0;  // 0: no answer
    std::string head;
    std::string body;
  };

  ApiClient(std::uint16_t port, std::string token) : port_(port), token_(std::move(token)) {}

  Answer Get(const std::string& path) const { return Send("GET", path, ""); }
  Answer Post(const std::string& path, const std::string& body) const { return Send("POST", path, body); }
  Answer Put(const std::string& path, const std::string& body) const { return Send("PUT", path, body); }

  // `headers`: more of them, each with its line end.
  Answer Send(const std::string& method, const std::string& path, const std::string& body,
              const std::string& headers = "") const {
    std::string text = method + " /api/v1" + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
    if (!token_.empty()) text += "Authorization: Bearer " + token_ + "\r\n";
    text += headers;
    if (method != "GET") text += "X-Herdgate-Request: 1\r\nContent-Type: application/json\r\n";
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    RawClient client(DialTcp(port_));
    if (!client.Send(text)) return {};
    const std::string all = client.ReadToEnd();
    const auto at = all.find("\r\n\r\n");
    if (!all.starts_with("HTTP/1.1 ") || at == std::string::npos) return {};
    return {std::atoi(all.c_str() + 9), all.substr(0, at + 2), all.substr(at + 4)};
  }

 private:
  const std::uint16_t port_;
  const std::string token_;
};

}  // namespace herdgate::integration

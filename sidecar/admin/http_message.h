// HttpRequest and HttpResponse: what a route's handler gets and gives. No third-party type appears in them.
//
// Threads: plain values; those of a server are its thread's. Ownership: a request borrows all it names, a response
// holds its own.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sidecar/admin/request_head.h"

namespace herdgate::admin {

// Views are valid during the handler's call only.
struct HttpRequest {
  std::string_view method;
  std::string_view path;                                             // percent-decoded, without the query
  std::vector<std::pair<std::string_view, std::string_view>> query;  // decoded, sorted by name
  std::string_view body;
  const RequestHead& head;    // for headers, as they were sent
  std::string_view remote{};  // the client's address and port

  bool HasParam(std::string_view name) const {
    for (const auto& [key, value] : query) {
      if (key == name) return true;
    }
    return false;
  }
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body{};
  std::vector<std::pair<std::string, std::string>> headers{};
};

// Runs on the server's own thread, so it must not block: one handler holds up every other request of its server.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

// What a request is answered that no handler sees: one that a limit refuses, that is no HTTP, or whose handler failed.
using HttpRefusal = std::function<HttpResponse(int status)>;

}  // namespace herdgate::admin

// RequestGuard: which requests the admin API looks at: none that a web page of another site may have sent.
//
//   Host            one of the allowed names, or DNS could be made to lead a stranger's page here      421
//   Origin          if there is one, this listener's own: scheme://Host                                 403
//   Sec-Fetch-Site  if there is one, same-origin or none                                                403
//   writes          X-Herdgate-Request: 1, which a page of another site can't send unasked              403
//                   Content-Type: application/json, if there is a body                                  415
// No cookie is ever read: what a browser sends by itself proves nothing.
// Threads: immutable.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/admin/http_message.h"
#include "sidecar/admin/problem.h"

namespace herdgate::admin {

class RequestGuard {
 public:
  // Names or addresses, without ports, in any case; localhost and the loopback addresses are always allowed.
  explicit RequestGuard(std::vector<std::string> allowed_hosts);

  // What is wrong with it; nothing: go on.
  std::optional<Problem> Check(const HttpRequest& request) const;
  // The Host alone, for what holds no data and may be linked to.
  std::optional<Problem> CheckHost(const HttpRequest& request) const;

 private:
  bool IsAllowed(std::string_view host) const;

  std::vector<std::string> allowed_;  // in lower case
};

// GET and HEAD change nothing here.
bool IsWrite(std::string_view method);
// "127.0.0.1:50000", "[::1]:50000".
bool IsLoopback(std::string_view remote);
// "[::1]:80" -> "[::1]", "h:80" -> "h".
std::string_view WithoutPort(std::string_view authority);

}  // namespace herdgate::admin

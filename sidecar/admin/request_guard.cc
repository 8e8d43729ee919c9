#include "sidecar/admin/request_guard.h"

#include <algorithm>
#include <utility>

namespace herdgate::admin {
namespace {

std::string Lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

bool IsJson(std::string_view content_type) {
  const std::string type = Lower(content_type.substr(0, content_type.find(';')));
  return type.substr(0, type.find_last_not_of(" \t") + 1) == "application/json";
}

// Several headers of one name could be read in two ways.
bool IsTwice(const RequestHead& head, std::string_view name) {
  return std::ranges::count_if(head.headers, [&](const auto& header) { return Lower(header.first) == name; }) > 1;
}

bool IsOwnOrigin(std::string_view origin, std::string_view host) {
  const std::string text = Lower(origin);
  const std::size_t scheme = text.starts_with("http://") ? 7 : text.starts_with("https://") ? 8 : 0;
  return scheme > 0 && text.substr(scheme) == Lower(host);
}

}  // namespace

bool IsWrite(std::string_view method) {
  return method != "GET" && method != "HEAD";
}

bool IsLoopback(std::string_view remote) {
  return remote.starts_with("127.") || remote.starts_with("[::1]") || remote.starts_with("[::ffff:127.");
}

std::string_view WithoutPort(std::string_view authority) {
  if (authority.starts_with('[')) return authority.substr(0, authority.find(']') + 1);
  return authority.substr(0, authority.find(':'));
}

RequestGuard::RequestGuard(std::vector<std::string> allowed_hosts) : allowed_(std::move(allowed_hosts)) {
  for (std::string& host : allowed_) host = Lower(host);
  allowed_.insert(allowed_.end(), {"localhost", "127.0.0.1", "[::1]"});
}

// A name, and behind it a port or nothing: of "[::1].evil" too the whole is judged.
bool RequestGuard::IsAllowed(std::string_view host) const {
  const std::string_view name = WithoutPort(host);
  const std::string_view port = host.substr(name.size());
  if (!port.empty() && port.find_first_not_of("0123456789", 1) != std::string_view::npos) return false;
  if (!port.empty() && port.front() != ':') return false;
  return std::ranges::find(allowed_, Lower(name)) != allowed_.end();
}

std::optional<Problem> RequestGuard::CheckHost(const HttpRequest& request) const {
  if (IsAllowed(request.head.Header("Host"))) return std::nullopt;
  return Problem{.status = 421,
                 .detail = "the Host header names none of this listener's names; see admin.allowed_hosts",
                 .name = "host"};
}

std::optional<Problem> RequestGuard::Check(const HttpRequest& request) const {
  if (auto problem = CheckHost(request)) return problem;
  const RequestHead& head = request.head;
  const std::string_view host = head.Header("Host");
  for (const std::string_view name : {"origin", "sec-fetch-site", "authorization", "x-herdgate-request"}) {
    if (IsTwice(head, name)) return Problem{.status = 400, .detail = std::string(name) + " is given twice"};
  }
  const std::string_view site = head.Header("Sec-Fetch-Site");
  if (!site.empty() && site != "same-origin" && site != "none") {
    return Problem{.status = 403, .detail = "the request comes from another site", .name = "cross-site"};
  }
  const std::string_view origin = head.Header("Origin");
  if (!origin.empty() && !IsOwnOrigin(origin, host)) {
    return Problem{.status = 403, .detail = "the request comes from another origin", .name = "origin"};
  }
  if (!IsWrite(request.method)) return std::nullopt;
  if (head.Header("X-Herdgate-Request") != "1") {
    return Problem{.status = 403, .detail = "a write needs the header X-Herdgate-Request: 1", .name = "header"};
  }
  if (!request.body.empty() && !IsJson(head.Header("Content-Type"))) {
    return Problem{.status = 415, .detail = "the body must be application/json"};
  }
  return std::nullopt;
}

}  // namespace herdgate::admin

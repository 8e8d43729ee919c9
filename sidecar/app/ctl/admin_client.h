// AdminClient: one request after the other to the HTTP API of a sidecar, as openapi.json describes it.
//
// A failed Status (kUnavailable) says that no answer of such an API came, in one sentence with the address and without
// the token; an error that the API answers with is an answer. Threads: one owner; calls block, for kPatience at most
// between two pieces of an answer. Ownership: holds copies.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "sidecar/app/ctl/admin_url.h"
#include "sidecar/base/result.h"

namespace herdgate::app {

struct AdminAnswer {
  int status = 0;
  std::string body;
  std::string request_id;

  bool ok() const { return status >= 200 && status < 300; }
};

class AdminClient {
 public:
  static constexpr std::chrono::seconds kPatience{10};
  // More than this is no answer of the API, but for reports.
  static constexpr std::size_t kMostBytes = std::size_t{32} << 20U;

  // An empty token is none. REQUIRES: a token of printable ASCII without spaces.
  AdminClient(AdminUrl url, std::string token) : url_(std::move(url)), token_(std::move(token)) {}

  const AdminUrl& url() const { return url_; }
  bool has_token() const { return !token_.empty(); }

  // `path` is below /api/v1 and needs no escapes.
  base::Result<AdminAnswer> Get(const std::string& path) const;
  // An empty body is none.
  base::Result<AdminAnswer> Post(const std::string& path, const std::string& body,
                                 const std::string& idempotency_key = {}) const;
  // A GET whose body, if the status is 200, goes to `sink` piece by piece; it stops when `sink` says false.
  using Sink = std::function<bool(std::string_view piece)>;
  base::Result<AdminAnswer> Download(const std::string& path, const Sink& sink) const;

 private:
  struct Question;
  base::Result<AdminAnswer> Ask(const Question& question) const;

  const AdminUrl url_;
  const std::string token_;
};

}  // namespace herdgate::app

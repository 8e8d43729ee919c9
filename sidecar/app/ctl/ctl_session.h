// CtlSession: what all commands of ctl share: the connection to the API, the terminal, and how failures are told.
//
// Threads: main's. Ownership: borrows the request.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sidecar/app/ctl/admin_client.h"
#include "sidecar/app/ctl/ctl_request.h"
#include "sidecar/app/ctl/json_view.h"
#include "sidecar/app/ctl/terminal.h"
#include "sidecar/app/exit_code.h"

namespace herdgate::app {

class CtlSession {
 public:
  CtlSession(const CtlRequest& request, AdminClient client, const Terminal& terminal)
      : request_(request), client_(std::move(client)), terminal_(terminal) {}

  const CtlRequest& request() const { return request_; }
  const AdminClient& client() const { return client_; }
  const Terminal& terminal() const { return terminal_; }

  // The answer's object if it is a good one. Otherwise it has been told, and code() says how ctl ends.
  std::optional<JsonDocument> Get(const std::string& path) { return Take(client_.Get(path)); }
  std::optional<JsonDocument> Post(const std::string& path, const std::string& body,
                                   const std::string& idempotency_key = {}) {
    return Take(client_.Post(path, body, idempotency_key));
  }
  std::optional<JsonDocument> Take(const base::Result<AdminAnswer>& result);
  int code() const { return code_; }

  // The last good answer as it came (--json), or `lines`. The exit code.
  int Show(const std::vector<std::string>& lines);
  int ShowJson() const;
  // "herdgate: SENTENCE"
  int Fail(int code, const std::string& sentence);

 private:
  const CtlRequest& request_;
  const AdminClient client_;
  const Terminal terminal_;
  std::string last_;  // good answer
  int code_ = kExitOk;
};

}  // namespace herdgate::app

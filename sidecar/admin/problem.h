// Problem: what an error of the admin API says (RFC 9457), and the answer it becomes.
//
// Threads: plain values. `detail` is for people and holds no secret.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sidecar/admin/http_message.h"
#include "sidecar/admin/json_body.h"

namespace herdgate::admin {

struct Problem {
  int status = 500;
  std::string detail{};
  std::string name{};  // tells problems of one status apart: urn:herdgate:problem:NAME; empty: about:blank
  std::vector<FieldError> errors{};
  int retry_after_s = 0;       // 0: not said
  std::string needed_scope{};  // empty: that isn't it
  std::vector<std::pair<std::string, std::string>> headers{};
};

// `instance`: the request's id.
HttpResponse AnswerOf(const Problem& problem, std::string_view instance);

}  // namespace herdgate::admin

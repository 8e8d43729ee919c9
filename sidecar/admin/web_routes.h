// WebRoutes: the web UI's files over HTTP: GET and HEAD of what stands in WebFiles().
//
//   /                    index.html; asked for again at each visit, answered 304 if it is the same
//   /assets/NAME-HASH    kept by browsers for good: other content has another name
//   anything else        404; another method 405
// The files hold no data, so they need no token, and a link from another site may lead to them: only the Host is
// checked. What runs in them is their own scripts, and they talk to their own server alone; nobody may frame them.
// A name is compared as it was sent: none has a percent sign, "..", or a slash in front.
// Threads: pure functions.
#pragma once

#include <optional>
#include <string_view>

#include "sidecar/admin/http_message.h"
#include "sidecar/admin/problem.h"
#include "sidecar/admin/web_files.h"

namespace herdgate::admin {

// The answer with all its headers, or what is wrong with the request.
struct WebAnswer {
  HttpResponse response{};
  std::optional<Problem> problem{};
};

WebAnswer AnswerWebFile(const HttpRequest& request);

// As above, of one file.
HttpResponse WebFileAnswer(const WebFile& file, const RequestHead& head);

// Whether If-None-Match names this tag (RFC 9110, 13.1.2); a mark of weakness doesn't count.
bool NamesTag(std::string_view if_none_match, std::string_view tag);

}  // namespace herdgate::admin

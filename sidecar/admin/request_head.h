// RequestHead: the request line and headers of an HTTP/1 request, judged before anything else looks at them.
//
// This is the guard in front of cpp-httplib 0.11.4, which bounds neither the number of headers nor a chunked body,
// decodes percent signs in header values, and runs a recursive regular expression over Range. What it would get wrong
// never reaches it: only a head that this parser accepted goes on, and of it only the method and the target.
// Strictness (RFC 9112): CRLF only, no folded lines, no control characters, one meaning of the body's length.
// Threads: pure functions. Ownership: the views point into the text that was parsed.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "sidecar/admin/http_options.h"

namespace herdgate::admin {

struct RequestHead {
  std::string_view method;
  std::string_view target;                                             // as sent: path and query, percent-encoded
  std::vector<std::pair<std::string_view, std::string_view>> headers;  // in the order sent, values trimmed
  std::size_t content_length = 0;
  bool keep_alive = true;

  // The first header of that name in any case; empty if there is none.
  std::string_view Header(std::string_view name) const;
};

// Where the head ends: the offset behind the blank line, or npos if the text holds no whole head yet. `from` is where
// to start; a caller that appends to `text` passes what it had searched less 3, so that a slow client costs linear
// time.
std::size_t FindHeadEnd(std::string_view text, std::size_t from);

// Parses a whole head, blank line included. Returns 0, or the HTTP status to refuse the request with:
// 400 malformed, 411 chunked body, 413 body too large, 431 too many headers, 505 not HTTP/1.
int ParseHead(std::string_view text, const HttpLimits& limits, RequestHead& head);

}  // namespace herdgate::admin

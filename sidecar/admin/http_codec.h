// HttpCodec: cpp-httplib without its sockets and threads. A guarded request goes in, the answer's bytes come out.
//
// cpp-httplib decodes the target and writes the answer (status line, headers, no body for HEAD). It never compresses:
// that would cost a scrape storm a millisecond of CPU for each answer where sending the kept text costs microseconds.
// It sees a request line made from an accepted RequestHead and nothing else a client sent; it reads from and writes to
// memory, so it can't wait on a client, and its select() never meets a file descriptor above 1,023.
// Threads: one. Ownership: the handler may borrow from the caller, who outlives the codec.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "sidecar/admin/http_message.h"

namespace herdgate::admin {

class HttpCodec {
 public:
  explicit HttpCodec(HttpHandler handler);
  ~HttpCodec();
  HttpCodec(const HttpCodec&) = delete;
  HttpCodec& operator=(const HttpCodec&) = delete;

  // Null, as at first: a line of text, or what cpp-httplib says.
  void SetRefusal(HttpRefusal refuse);

  // A handler that throws is answered with 500, the reason unsaid.
  std::string Answer(const RequestHead& head, std::string_view body, std::string_view remote = {});

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

// The answer to a request that was refused before it reached the codec; says Connection: close.
std::string RefusalText(int status, const HttpRefusal& refuse = nullptr);

}  // namespace herdgate::admin

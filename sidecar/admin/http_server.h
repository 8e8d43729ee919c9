// HttpServer: a small HTTP/1.1 server with hard limits, one thread, and routes of exact paths.
//
// One thread polls all sockets, reads requests, runs the handlers and writes the answers, so a slow client costs a
// buffer and never a thread. Every bound is in HttpLimits. When connections run out, the one that has waited longest
// for its client makes room: whoever sends a request within the grace is served, whatever the others do.
//
// Threads: construct, Route, Start and Stop from one thread; handlers run on the server's thread and must not block
// for longer than all other requests of this server may wait; api_server.h says where its own do.
// Ownership: owns its thread and sockets; what handlers borrow outlives Stop(). The destructor stops.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "sidecar/admin/http_channel.h"
#include "sidecar/admin/http_codec.h"
#include "sidecar/admin/http_connection.h"
#include "sidecar/admin/http_message.h"
#include "sidecar/admin/http_metrics.h"
#include "sidecar/admin/http_options.h"
#include "sidecar/base/clock.h"
#include "sidecar/base/result.h"

namespace herdgate::admin {

class HttpServer {
 public:
  explicit HttpServer(HttpServerOptions options, const base::Clock& clock = base::SystemClock());
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // The handler of a method on an exact path; a GET route answers HEAD too. Any other path is 404, any other method of
  // a known path 405. REQUIRES: not started.
  void Route(std::string_view method, std::string_view path, HttpHandler handler);
  // Every request of a path without a route, instead of 404. REQUIRES: not started.
  void Fallback(HttpHandler handler) { fallback_ = std::move(handler); }
  // How a request is answered that no handler sees, instead of a line of text. REQUIRES: not started.
  void Refusal(HttpRefusal refuse);
  // Makes each accepted socket's channel, such as TLS (TlsIdentity::Accept). Runs on the server's thread. REQUIRES: not
  // started.
  void Channel(HttpChannelFactory make_channel) { make_channel_ = std::move(make_channel); }

  // Listens and starts the thread; returns the bound port. Once.
  // Errors: kInvalidArgument (not a TCP address, unknown host), kIo (port in use, no permission, no thread).
  base::Result<std::uint16_t> Start();

  // Closes everything and joins the thread. A request being handled is finished, its answer may be cut. Idempotent.
  void Stop();

  // Figures of this server; any thread.
  const HttpMetrics& metrics() const { return metrics_; }

 private:
  void Run();
  void Wait(base::SteadyTime now);
  void Serve(base::SteadyTime now);
  void Accept(base::SteadyTime now);
  bool HasRoom(base::SteadyTime now);
  bool IsFull() const;
  bool IsEvictable(const HttpConnection& connection, base::SteadyTime now) const;
  void ShedMemory();
  template <typename Eligible>
  bool DropLongestWaiting(Eligible eligible);
  // False if the connection is over. Counts what happened to it.
  bool Keep(HttpConnection& connection, HttpConnection::Ended ended);
  HttpResponse Dispatch(const HttpRequest& request) const;
  std::string Respond(const RequestHead& head, std::string_view body, std::string_view remote);

  HttpMetrics metrics_;
  const HttpServerOptions options_;
  const base::Clock& clock_;
  std::map<std::string, std::map<std::string, HttpHandler>, std::less<>> routes_;  // path -> method -> handler
  HttpHandler fallback_;
  HttpRefusal refusal_;
  HttpChannelFactory make_channel_;  // null: plain

  int listen_fd_ = -1;
  int wake_fd_ = -1;
  std::atomic<bool> stopping_{false};
  std::thread thread_;

  // The server's thread only.
  HttpCodec codec_;
  HttpConnection::Responder responder_;
  HttpConnection::Refuser refuser_;
  std::vector<std::unique_ptr<HttpConnection>> connections_;
  std::vector<short> ready_;  // poll results, in the order of connections_
  bool listener_ready_ = false;
  base::SteadyTime accept_from_;  // not before: no room, or no descriptor
};

}  // namespace herdgate::admin

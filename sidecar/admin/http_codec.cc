#include "sidecar/admin/http_codec.h"

#include <httplib.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace herdgate::admin {
namespace {

// A stream over two strings in memory.
class MemoryStream final : public httplib::Stream {
 public:
  explicit MemoryStream(std::string in) : in_(std::move(in)) {}

  bool is_readable() const override { return at_ < in_.size(); }
  bool is_writable() const override { return true; }
  ssize_t read(char* to, std::size_t size) override {
    const std::size_t n = std::min(size, in_.size() - at_);
    std::memcpy(to, in_.data() + at_, n);
    at_ += n;
    return static_cast<ssize_t>(n);
  }
  ssize_t write(const char* from, std::size_t size) override {
    out_.append(from, size);
    return static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string& /*ip*/, int& /*port*/) const override {}
  void get_local_ip_and_port(std::string& /*ip*/, int& /*port*/) const override {}
  socket_t socket() const override { return 0; }

  std::string Take() { return std::move(out_); }

 private:
  std::string in_;
  std::size_t at_ = 0;
  std::string out_;
};

void Fill(httplib::Response& to, HttpResponse&& from) {
  to.status = from.status;
  for (const auto& [name, value] : from.headers) to.set_header(name, value);
  to.set_content(from.body, from.content_type);
}

}  // namespace

class HttpCodec::Engine final : private httplib::Server {
 public:
  explicit Engine(HttpHandler handler) : handler_(std::move(handler)) {
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      Handle(request, response);
      return HandlerResponse::Handled;
    });
    set_post_routing_handler([](const httplib::Request&, httplib::Response& response) {
      response.headers.erase("Keep-Alive");     // figures of a loop that isn't in use
      response.headers.erase("Accept-Ranges");  // ranges are never served
    });
    set_exception_handler([](const httplib::Request&, httplib::Response& response, const std::exception_ptr&) {
      Fill(response, {.status = 500, .body = "internal error\n"});
    });
  }

  std::string Answer(const RequestHead& head, std::string_view body) {
    head_ = &head;
    body_ = body;
    MemoryStream stream(std::string(head.method).append(" ").append(head.target).append(" HTTP/1.1\r\n\r\n"));
    bool closed = false;
    (void)process_request(stream, !head.keep_alive, closed, nullptr);
    return stream.Take();
  }

 private:
  void Handle(const httplib::Request& request, httplib::Response& response) {
    HttpRequest ours{.method = request.method, .path = request.path, .query = {}, .body = body_, .head = *head_};
    for (const auto& [name, value] : request.params) ours.query.emplace_back(name, value);
    Fill(response, handler_(ours));
  }

  const HttpHandler handler_;
  const RequestHead* head_ = nullptr;
  std::string_view body_;
};

HttpCodec::HttpCodec(HttpHandler handler) : engine_(std::make_unique<Engine>(std::move(handler))) {}
HttpCodec::~HttpCodec() = default;

std::string HttpCodec::Answer(const RequestHead& head, std::string_view body) {
  return engine_->Answer(head, body);
}

std::string RefusalText(int status) {
  constexpr std::pair<int, std::string_view> kReasons[] = {
      {400, "Bad Request"},
      {408, "Request Timeout"},
      {411, "Length Required"},
      {413, "Content Too Large"},
      {431, "Request Header Fields Too Large"},
      {505, "HTTP Version Not Supported"},
  };
  std::string_view reason = "Refused";
  for (const auto& [known, text] : kReasons) {
    if (known == status) reason = text;
  }
  std::string body(reason);
  body += '\n';
  return "HTTP/1.1 " + std::to_string(status) + " " + std::string(reason) +
         "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\nConnection: close\r\n\r\n" + body;
}

}  // namespace herdgate::admin

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

std::string_view ReasonOf(int status) {
  constexpr std::pair<int, std::string_view> kReasons[] = {
      {400, "Bad Request"},
      {408, "Request Timeout"},
      {411, "Length Required"},
      {413, "Content Too Large"},
      {431, "Request Header Fields Too Large"},
      {505, "HTTP Version Not Supported"},
  };
  for (const auto& [known, text] : kReasons) {
    if (known == status) return text;
  }
  return "Refused";
}

// What cpp-httplib isn't asked to write.
std::string AnswerText(const HttpResponse& response, bool closes) {
  std::string out = "HTTP/1.1 " + std::to_string(response.status) + " " + std::string(ReasonOf(response.status)) +
                    "\r\nContent-Type: " + response.content_type +
                    "\r\nContent-Length: " + std::to_string(response.body.size()) + "\r\n";
  for (const auto& [name, value] : response.headers) out.append(name).append(": ").append(value).append("\r\n");
  if (closes) out += "Connection: close\r\n";
  return out.append("\r\n").append(response.body);
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
      if (response.status == 304) {  // it speaks of a body that isn't sent
        response.headers.erase("Content-Length");
        response.headers.erase("Content-Type");
      }
      response.headers.erase("Keep-Alive");     // figures of a loop that isn't in use
      response.headers.erase("Accept-Ranges");  // ranges are never served
    });
    set_exception_handler([this](const httplib::Request&, httplib::Response& response, const std::exception_ptr&) {
      Fill(response, refuse_ ? refuse_(500) : HttpResponse{.status = 500, .body = "internal error\n"});
    });
  }

  void SetRefusal(HttpRefusal refuse) { refuse_ = std::move(refuse); }

  std::string Answer(const RequestHead& head, std::string_view body, std::string_view remote) {
    head_ = &head;
    body_ = body;
    remote_ = remote;
    handled_ = false;
    MemoryStream stream(std::string(head.method).append(" ").append(head.target).append(" HTTP/1.1\r\n\r\n"));
    bool closed = false;
    (void)process_request(stream, !head.keep_alive, closed, nullptr);
    // A method or a target that cpp-httplib doesn't take.
    if (!handled_ && refuse_) return AnswerText(refuse_(400), !head.keep_alive);
    return stream.Take();
  }

 private:
  void Handle(const httplib::Request& request, httplib::Response& response) {
    handled_ = true;
    HttpRequest ours{
        .method = request.method, .path = request.path, .query = {}, .body = body_, .head = *head_, .remote = remote_};
    for (const auto& [name, value] : request.params) ours.query.emplace_back(name, value);
    Fill(response, handler_(ours));
  }

  const HttpHandler handler_;
  HttpRefusal refuse_;
  bool handled_ = false;
  const RequestHead* head_ = nullptr;
  std::string_view body_;
  std::string_view remote_;
};

HttpCodec::HttpCodec(HttpHandler handler) : engine_(std::make_unique<Engine>(std::move(handler))) {}
HttpCodec::~HttpCodec() = default;

void HttpCodec::SetRefusal(HttpRefusal refuse) {
  engine_->SetRefusal(std::move(refuse));
}

std::string HttpCodec::Answer(const RequestHead& head, std::string_view body, std::string_view remote) {
  return engine_->Answer(head, body, remote);
}

std::string RefusalText(int status, const HttpRefusal& refuse) {
  if (refuse) return AnswerText(refuse(status), true);
  return AnswerText({.status = status, .body = std::string(ReasonOf(status)) + "\n"}, true);
}

}  // namespace herdgate::admin

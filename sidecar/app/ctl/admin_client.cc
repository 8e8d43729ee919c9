#include "sidecar/app/ctl/admin_client.h"

#include <httplib.h>

#include <exception>

namespace herdgate::app {

struct AdminClient::Question {
  std::string method;
  std::string path;
  std::string body{};
  std::string idempotency_key{};
  Sink sink{};
};

namespace {

std::string WhyNot(httplib::Error error) {
  switch (error) {
    case httplib::Error::Connection:
    case httplib::Error::ConnectionTimeout:
      return "nobody accepts connections there; is the sidecar running, and does admin.listen say so?";
    case httplib::Error::Read:
    case httplib::Error::Write:
      return "what listens there did not answer in HTTP within " + std::to_string(AdminClient::kPatience.count()) +
             " s";
    case httplib::Error::Canceled:
      return "what listens there answers more than the HTTP API does";
    default:
      return "the connection broke";
  }
}

base::Status NoAnswer(const AdminUrl& url, const std::string& why) {
  return {base::ErrorCode::kUnavailable, "no answer from " + url.ToString() + ": " + why};
}

bool IsOurs(const httplib::Response& response) {
  const std::string type = response.get_header_value("Content-Type");
  return type.starts_with("application/json") || type.starts_with("application/problem+json");
}

}  // namespace

base::Result<AdminAnswer> AdminClient::Ask(const Question& question) const {
  httplib::Request request;
  request.method = question.method;
  request.path = url_.path + "/api/v1" + question.path;
  request.headers = {{"Host", url_.Authority()}, {"Accept", "application/json"}, {"Connection", "close"}};
  if (!token_.empty()) request.headers.emplace("Authorization", "Bearer " + token_);
  if (question.method != "GET") request.headers.emplace("X-Herdgate-Request", "1");
  if (!question.body.empty()) request.headers.emplace("Content-Type", "application/json");
  if (!question.idempotency_key.empty()) request.headers.emplace("Idempotency-Key", question.idempotency_key);
  request.body = question.body;
  AdminAnswer answer;
  bool stopped = false;
  request.response_handler = [&](const httplib::Response& response) {
    answer.status = response.status;
    return true;
  };
  request.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
    if (question.sink && answer.status == 200) return !(stopped = !question.sink({data, size}));
    answer.body.append(data, size);
    return answer.body.size() <= kMostBytes;
  };
  httplib::Client client(url_.host, url_.port);
  client.set_connection_timeout(kPatience);
  client.set_read_timeout(kPatience);
  client.set_write_timeout(kPatience);
  const httplib::Result result = client.send(request);
  if (!result && !stopped) return NoAnswer(url_, WhyNot(result.error()));
  if (!result) return answer;
  answer.status = result->status;
  answer.request_id = result->get_header_value("X-Request-Id");
  const bool streamed = question.sink && result->status == 200;
  if (!streamed && !IsOurs(*result)) return NoAnswer(url_, "what listens there is not Herdgate's HTTP API");
  return answer;
}

// cpp-httplib may throw; this is its border.
base::Result<AdminAnswer> AdminClient::Get(const std::string& path) const {
  return Download(path, nullptr);
}

base::Result<AdminAnswer> AdminClient::Download(const std::string& path, const Sink& sink) const {
  try {
    return Ask({.method = "GET", .path = path, .sink = sink});
  } catch (const std::exception&) {
    return NoAnswer(url_, "the answer could not be read");
  }
}

base::Result<AdminAnswer> AdminClient::Post(const std::string& path, const std::string& body,
                                            const std::string& idempotency_key) const {
  try {
    return Ask({.method = "POST", .path = path, .body = body, .idempotency_key = idempotency_key});
  } catch (const std::exception&) {
    return NoAnswer(url_, "the answer could not be read");
  }
}

}  // namespace herdgate::app

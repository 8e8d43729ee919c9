// The admin API without a sidecar behind it: who gets in, what each error looks like, and that the description and the
// routes are the same.
#include "sidecar/admin/api_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "sidecar/base/log.h"
#include "tests/unit/admin/raw_client.h"

namespace herdgate::admin {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;

struct Answer {
  int status = 0;
  std::string head;
  json body;
};

class ApiServerTest : public ::testing::Test {
 protected:
  ApiServerTest() {
    base::ConfigureLog(base::LogFormat::kJson, base::LogLevel::kError);
    std::string name = (std::filesystem::temp_directory_path() / "api_test.XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~ApiServerTest() override {
    server_ = nullptr;
    std::filesystem::remove_all(folder_);
  }

  // Tokens named as their scopes, each the secret of its own name.
  void Start(bool tokens) {
    ApiOptions options{.listen = {.host = "127.0.0.1", .port = 0, .path = ""}};
    if (tokens) {
      options.tokens_file = (folder_ / "tokens").string();
      std::ofstream file(options.tokens_file);
      for (const std::string_view scope : kScopeNames) file << TokenLine(scope, scope, scope) << "\n";
      file << TokenLine("all", "read,inspect,invalidate,purge_all,operate", "all") << "\n";
    }
    ApiContent content;
    content.registry = &registry_;
    content.log_level = [this] { return level_; };
    content.set_log_level = [this](const std::string& level) { level_ = level; };
    content.bypass = [this] { return bypass_; };
    content.set_bypass = [this](const BypassWish& wish) {
      if (!wish.policies.empty()) return base::Status(base::ErrorCode::kInvalidArgument, "no such policy");
      bypass_ = {.active = wish.active, .policies = {}, .until = base::WallTime{wish.duration}, .by = wish.by};
      return base::Status();
    };
    server_ = std::make_unique<ApiServer>(options, content);
    port_ = server_->Start().value();
  }
  Answer Send(const std::string& request) {
    RawClient client(port_);
    client.Send(request);
    const std::string text = client.ReadAnswer();
    const std::size_t body = text.find("\r\n\r\n");
    if (body == std::string::npos) return {};
    return {std::atoi(text.c_str() + 9), text.substr(0, body + 2), json::parse(text.substr(body + 4), nullptr, false)};
  }
  static std::string Request(const std::string& method, const std::string& path, const std::string& token,
                             const std::string& body = "") {
    std::string text = method + " /api/v1" + path + " HTTP/1.1\r\nHost: localhost\r\nX-Herdgate-Request: 1\r\n";
    if (!token.empty()) text += "Authorization: Bearer " + token + "\r\n";
    if (!body.empty()) text += "Content-Type: application/json\r\n";
    return text + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  Answer Do(const std::string& method, const std::string& path, const std::string& token,
            const std::string& body = "") {
    return Send(Request(method, path, token, body));
  }

  std::filesystem::path folder_;
  metrics::Registry registry_;
  std::string level_ = "info";
  BypassView bypass_;
  std::unique_ptr<ApiServer> server_;
  std::uint16_t port_ = 0;
};

std::string WithExamples(std::string path) {
  for (const char* name : {"{name}", "{id}", "{token}"}) {
    const std::size_t at = path.find(name);
    if (at != std::string::npos) path.replace(at, std::string(name).size(), "x1");
  }
  return path;
}

TEST_F(ApiServerTest, EveryDescribedOperationIsRoutedAndEveryRouteIsDescribed) {
  Start(true);
  std::set<std::string> described;
  const json description = json::parse(OpenApiText());
  for (const auto& [path, methods] : description.at("paths").items()) {
    for (const auto& [method, operation] : methods.items()) {
      std::string upper = method;
      for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      described.insert(upper + " " + path + " " + operation.at("operationId").get<std::string>() + " " +
                       operation.at("x-herdgate-scope").get<std::string>() +
                       (operation.contains("requestBody") ? " body" : ""));
    }
  }
  std::set<std::string> routed;
  for (const ApiRoute& route : server_->routes()) {
    routed.insert(std::string(route.method) + " " + std::string(route.path) + " " + std::string(route.operation) + " " +
                  std::string(route.scope ? NameOf(*route.scope) : "none") + (route.takes_body ? " body" : ""));
  }
  EXPECT_EQ(described, routed);
}

TEST_F(ApiServerTest, TheDescriptionIsServedToAnybodyWhoMayTalkToTheListener) {
  Start(true);
  const Answer answer = Do("GET", "/openapi.json", "");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body.at("openapi"), "3.1.0");
}

TEST_F(ApiServerTest, EachOperationNeedsItsOwnScopeAndNoOtherGivesIt) {
  Start(true);
  for (const ApiRoute& route : server_->routes()) {
    if (!route.scope) continue;
    const std::string method(route.method);
    const std::string path = WithExamples(std::string(route.path));
    const std::string body = route.takes_body ? "{}" : "";
    EXPECT_EQ(Do(method, path, "", body).status, 401) << method << path;
    for (const std::string_view scope : kScopeNames) {
      if (scope == NameOf(*route.scope)) continue;
      const Answer answer = Do(method, path, std::string(scope), body);
      EXPECT_EQ(answer.status, 403) << method << path << " by " << scope;
      EXPECT_EQ(answer.body.value("needed_scope", ""), NameOf(*route.scope));
    }
  }
}

TEST_F(ApiServerTest, WithoutTokensNothingCanBeChanged) {
  Start(false);
  EXPECT_EQ(Do("GET", "/log-level", "").status, 200);
  EXPECT_EQ(Do("PUT", "/log-level", "", R"({"level":"debug"})").status, 403);
  EXPECT_EQ(Do("POST", "/bypass", "", R"({"active":true,"seconds":1})").status, 403);
  EXPECT_EQ(Do("POST", "/invalidations", "", R"({"preview_token":"x"})").status, 403);
  EXPECT_EQ(level_, "info");
  EXPECT_FALSE(bypass_.active);
}

TEST_F(ApiServerTest, WithoutTokensOnlyLoopbackMayRead) {
  Start(false);
  RequestHead head;
  ASSERT_EQ(ParseHead("GET /api/v1/log-level HTTP/1.1\r\nHost: localhost\r\n\r\n", {}, head), 0);
  HttpRequest request{
      .method = "GET", .path = "/api/v1/log-level", .query = {}, .body = {}, .head = head, .remote = "10.0.0.1:5"};
  server_->Stop();
  EXPECT_EQ(server_->Handle(request).status, 401);
  request.remote = "127.0.0.1:5";
  EXPECT_EQ(server_->Handle(request).status, 200);
}

TEST_F(ApiServerTest, EveryErrorIsAProblemWithTheHeadersOfEveryAnswer) {
  Start(true);
  const std::string host = "Host: localhost\r\n";
  const std::string auth = "Authorization: Bearer all\r\n";
  const std::string write = host + auth + "X-Herdgate-Request: 1\r\n";
  const std::pair<std::string, int> cases[] = {
      {"nonsense\r\n\r\n", 400},
      {"BREW /api/v1/snapshot HTTP/1.1\r\n" + host + "\r\n", 400},
      {"GET /api/v1/stampedes?limit=x HTTP/1.1\r\n" + host + auth + "\r\n", 400},
      {"GET /api/v1/audit?limit=1001 HTTP/1.1\r\n" + host + auth + "\r\n", 400},
      {"GET /api/v1/audit?cursor=-1 HTTP/1.1\r\n" + host + auth + "\r\n", 400},
      {Request("PUT", "/log-level", "all", "nonsense"), 400},
      {"GET /api/v1/snapshot HTTP/1.1\r\n" + host + "\r\n", 401},
      {Request("GET", "/snapshot", "wrong"), 401},
      {"GET /api HTTP/1.1\r\n" + host + "\r\n", 401},
      {Request("PUT", "/log-level", "read", R"({"level":"debug"})"), 403},
      {"GET /api/v1/snapshot HTTP/1.1\r\n" + host + "Origin: http://evil\r\n\r\n", 403},
      {"PUT /api/v1/log-level HTTP/1.1\r\n" + host + auth + "\r\n", 403},
      {Request("GET", "/nothing", "all"), 404},
      {Request("GET", "/policies/a/b", "all"), 404},
      {Request("POST", "/bypass", "all", R"({"active":true,"seconds":1,"policies":["x"]})"), 404},
      {"GET /nothing HTTP/1.1\r\n" + host + "\r\n", 404},
      {"GET /../../etc/passwd HTTP/1.1\r\n" + host + auth + "\r\n", 404},
      {"GET /api/v1/..%2f..%2fetc/passwd HTTP/1.1\r\n" + host + auth + "\r\n", 404},
      {Request("DELETE", "/log-level", "all"), 405},
      {"POST / HTTP/1.1\r\n" + host + "Content-Length: 0\r\n\r\n", 405},
      {"PUT /api/v1/log-level HTTP/1.1\r\n" + write + "Transfer-Encoding: chunked\r\n\r\n", 411},
      {"PUT /api/v1/log-level HTTP/1.1\r\n" + write + "Content-Length: 65537\r\n\r\n", 413},
      {"PUT /api/v1/log-level HTTP/1.1\r\n" + write + "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}", 415},
      {"GET /api/v1/snapshot HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421},
      {"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421},
      {Request("PUT", "/log-level", "all", R"({"level":"loud"})"), 422},
      {Request("PUT", "/log-level", "all", "[]"), 422},
      {Request("PUT", "/log-level", "all", R"({"level":"info","x":1})"), 422},
      {Request("POST", "/bypass", "all", R"({"active":true})"), 422},
      {Request("POST", "/bypass", "all", R"({"active":true,"seconds":3601})"), 422},
      {Request("POST", "/keys/inspect", "all", R"({"key":"","encoding":"base64"})"), 422},
      {Request("POST", "/keys/inspect", "all", R"({"key":"!","encoding":"base64"})"), 422},
      {"GET /api/v1/snapshot HTTP/1.1\r\n" + host + "X: " + std::string(17'000, 'x') + "\r\n\r\n", 431},
      {Request("GET", "/invalidations", "all"), 503},
      {"GET /api/v1/snapshot HTTP/2.0\r\n" + host + "\r\n", 505},
  };
  for (const auto& [request, status] : cases) {
    const Answer answer = Send(request);
    const std::string what = request.substr(0, 200);
    EXPECT_EQ(answer.status, status) << what;
    EXPECT_THAT(answer.head, HasSubstr("\r\nContent-Type: application/problem+json\r\n")) << what;
    for (const char* header : {"Cache-Control: no-store", "X-Content-Type-Options: nosniff", "X-Request-Id: ",
                               "Referrer-Policy: no-referrer", "Content-Security-Policy: default-src 'none';"}) {
      EXPECT_THAT(answer.head, HasSubstr(std::string("\r\n") + header)) << what;
    }
    ASSERT_TRUE(answer.body.is_object()) << what;
    EXPECT_EQ(answer.body.value("status", 0), status) << what;
    for (const char* member : {"type", "title", "instance"}) EXPECT_TRUE(answer.body.contains(member)) << what;
    EXPECT_THAT(answer.head, HasSubstr("X-Request-Id: " + answer.body.value("instance", "?"))) << what;
    EXPECT_EQ(answer.head.find("Set-Cookie"), std::string::npos);
    EXPECT_EQ(answer.head.find("Access-Control"), std::string::npos);
  }
}

TEST_F(ApiServerTest, GuessesAreLimitedAndThenEvenTheRightOneIsNotLookedAt) {
  Start(true);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Do("GET", "/log-level", "guess" + std::to_string(i)).status, 401) << i;
  const Answer answer = Do("GET", "/log-level", "all");
  EXPECT_EQ(answer.status, 429);
  EXPECT_THAT(answer.head, HasSubstr("\r\nRetry-After: 2\r\n"));
}

TEST_F(ApiServerTest, AWriteIsAuditedWithWhoAndWhatWasBefore) {
  Start(true);
  EXPECT_EQ(Do("PUT", "/log-level", "operate", R"({"level":"debug"})").status, 200);
  EXPECT_EQ(Do("PUT", "/log-level", "read", R"({"level":"error"})").status, 403);
  EXPECT_EQ(Do("PUT", "/log-level", "wrong", R"({"level":"error"})").status, 401);
  EXPECT_EQ(level_, "debug");
  const json items = Do("GET", "/audit", "read").body.at("items");
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[1].at("by"), "operate");
  EXPECT_EQ(items[1].at("action"), "SetLogLevel");
  EXPECT_EQ(items[1].at("result"), "ok");
  EXPECT_EQ(items[1].at("before").at("level"), "info");
  EXPECT_EQ(items[1].at("after").at("level"), "debug");
  EXPECT_THAT(items[1].at("remote").get<std::string>(), StartsWith("127.0.0.1:"));
  EXPECT_EQ(items[0].at("result"), "refused");
  EXPECT_EQ(items[0].at("before"), nullptr);
}

TEST_F(ApiServerTest, TheAuditLogIsPagedByACursor) {
  Start(true);
  for (int i = 0; i < 5; ++i) Do("PUT", "/log-level", "operate", R"({"level":"debug"})");
  const json first = Do("GET", "/audit?limit=3", "read").body;
  ASSERT_EQ(first.at("items").size(), 3U);
  const json last = Do("GET", "/audit?limit=3&cursor=" + first.at("next_cursor").get<std::string>(), "read").body;
  EXPECT_EQ(last.at("items").size(), 2U);
  EXPECT_EQ(last.at("items")[0].at("number"), 2);
  EXPECT_EQ(last.at("next_cursor"), nullptr);
}

TEST_F(ApiServerTest, ABypassIsShownWithItsEnd) {
  Start(true);
  const Answer answer = Do("POST", "/bypass", "operate", R"({"active":true,"seconds":60})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body.at("active"), true);
  EXPECT_EQ(answer.body.at("by"), "operate");
  EXPECT_EQ(answer.body.at("until"), "1970-01-01T00:01:00.000Z");
  EXPECT_EQ(Do("POST", "/bypass", "operate", R"({"active":false})").body.at("until"), nullptr);
}

TEST_F(ApiServerTest, AValueNeedsItsOwnScopeAndIsAuditedThen) {
  Start(true);
  const Answer answer = Do("POST", "/keys/inspect", "read", R"({"key":"k","value":true})");
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(answer.body.at("needed_scope"), "inspect");
  EXPECT_EQ(Do("GET", "/audit", "read").body.at("items").size(), 1U);
}

TEST(MatchesPathTest, SegmentsMatchWholly) {
  const auto matches = [](std::string_view path_template, std::string_view path) {
    std::string_view argument;
    return MatchesPath(path_template, path, argument) ? "yes " + std::string(argument) : "no";
  };
  EXPECT_EQ(matches("/a", "/a"), "yes ");
  EXPECT_EQ(matches("/a/{x}/b", "/a/1-_Z/b"), "yes 1-_Z");
  for (const char* path : {"", "/", "/a/", "/a/b", "a", "//a", "/A"}) EXPECT_EQ(matches("/a", path), "no") << path;
  for (const char* path : {"/a//b", "/a/x.y/b", "/a/x/b/c", "/a/x", "/a/%2e/b"}) {
    EXPECT_EQ(matches("/a/{x}/b", path), "no") << path;
  }
}

}  // namespace
}  // namespace herdgate::admin

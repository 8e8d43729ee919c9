// The web UI's files over a real listener: what is answered to whom, and that nothing else is.
#include "sidecar/admin/web_routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "sidecar/admin/api_server.h"
#include "sidecar/metrics/gzip.h"
#include "tests/unit/admin/raw_client.h"

namespace herdgate::admin {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct Answer {
  std::string head;
  std::string body;
};

class WebRoutesTest : public ::testing::Test {
 protected:
  WebRoutesTest() {
    ApiContent content;
    content.registry = &registry_;
    // The file of tokens isn't there: nobody may use the API.
    const ApiOptions options{.listen = {.host = "127.0.0.1", .port = 0, .path = ""}, .tokens_file = "/nonexistent/t"};
    server_ = std::make_unique<ApiServer>(options, content);
    port_ = server_->Start().value();
  }

  Answer Ask(const std::string& line, const std::string& headers = "", const std::string& host = "localhost") {
    RawClient client(port_);
    client.Send(line + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n" + headers + "\r\n");
    const std::string text = client.ReadToEnd();
    const std::size_t end = text.find("\r\n\r\n");
    if (end == std::string::npos) return {};
    return {text.substr(0, end + 2), text.substr(end + 4)};
  }
  static std::string Tag(const Answer& answer) {
    const std::size_t at = answer.head.find("\r\nETag: ") + 8;
    return answer.head.substr(at, answer.head.find('\r', at) - at);
  }

  metrics::Registry registry_;
  std::unique_ptr<ApiServer> server_;
  std::uint16_t port_ = 0;
};

RequestHead HeadWith(std::string_view name, std::string_view value) {
  return {.method = "GET", .target = "/", .headers = {{name, value}}};
}

std::string HeaderOf(const HttpResponse& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "none";
}

TEST_F(WebRoutesTest, ThePageIsServedWithoutATokenUnderTheStrictestHeaders) {
  const Answer answer = Ask("GET /");
  EXPECT_THAT(answer.head, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(answer.body, HasSubstr("<title>Herdgate</title>"));
  for (const char* header :
       {"Content-Type: text/html; charset=utf-8", "Cache-Control: no-cache", "X-Content-Type-Options: nosniff",
        "Referrer-Policy: no-referrer", "Cross-Origin-Resource-Policy: same-origin",
        "Cross-Origin-Opener-Policy: same-origin", "Vary: Accept-Encoding",
        "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}) {
    EXPECT_THAT(answer.head, HasSubstr(std::string("\r\n") + header + "\r\n"));
  }
  EXPECT_THAT(answer.head, Not(HasSubstr("Set-Cookie")));
  EXPECT_THAT(answer.head, Not(HasSubstr("Access-Control")));
}

TEST_F(WebRoutesTest, EveryFileIsServedInBothFormsWithTwoTags) {
  for (const WebFile& file : WebFiles()) {
    const std::string line = "GET /" + std::string(file.path) + "?v=1";
    const Answer packed = Ask(line, "Accept-Encoding: br, gzip\r\n");
    const Answer plain = Ask(line, "Accept-Encoding: gzip;q=0\r\n");
    EXPECT_THAT(packed.head, StartsWith("HTTP/1.1 200 ")) << file.path;
    EXPECT_EQ(packed.body, file.bytes) << file.path;
    EXPECT_THAT(plain.head, Not(HasSubstr("Content-Encoding"))) << file.path;
    if (file.content_encoding != "gzip") continue;
    EXPECT_THAT(packed.head, HasSubstr("\r\nContent-Encoding: gzip\r\n")) << file.path;
    EXPECT_FALSE(plain.body.empty()) << file.path;
    EXPECT_EQ(plain.body, metrics::Gunzip(file.bytes, std::size_t{1} << 20U)) << file.path;
    EXPECT_NE(Tag(packed), Tag(plain)) << file.path;
  }
}

TEST_F(WebRoutesTest, AHeadHasTheHeadersAndNoBody) {
  const Answer got = Ask("GET /");
  const Answer answer = Ask("HEAD /");
  EXPECT_EQ(answer.head, got.head);
  EXPECT_EQ(answer.body, "");
}

TEST_F(WebRoutesTest, WhoHasItIsToldSoAndNothingElse) {
  for (const char* encoding : {"", "Accept-Encoding: gzip\r\n"}) {
    const std::string tag = Tag(Ask("GET /", encoding));
    for (const std::string& condition : {tag, "\"other\", W/" + tag, std::string("*")}) {
      const Answer answer = Ask("GET /", encoding + ("If-None-Match: " + condition + "\r\n"));
      EXPECT_THAT(answer.head, StartsWith("HTTP/1.1 304 ")) << condition;
      EXPECT_THAT(answer.head, HasSubstr("\r\nETag: " + tag + "\r\n"));
      EXPECT_THAT(answer.head, HasSubstr("\r\nCache-Control: no-cache\r\n"));
      EXPECT_THAT(answer.head, Not(HasSubstr("Content-Length")));
      EXPECT_EQ(answer.body, "");
    }
    EXPECT_THAT(Ask("GET /", encoding + std::string("If-None-Match: \"other\"\r\n")).head, StartsWith("HTTP/1.1 200 "));
  }
}

TEST_F(WebRoutesTest, WhatIsNoFileIsAProblemWithoutAToken) {
  for (const std::string& target :
       {std::string("/nothing"), std::string("/index.html/"), std::string("//index.html"), std::string("/./index.html"),
        std::string("/../index.html"), std::string("/assets/"), std::string("/assets/../index.html"),
        std::string("/..%2f..%2fetc/passwd"), std::string("/%2e%2e/%2e%2e/etc/passwd"), std::string("/index%2ehtml"),
        std::string("/%69ndex.html"), std::string("/index.html%00"), std::string("/%00"), std::string("/assets%2f"),
        std::string("/..\\..\\etc\\passwd"), std::string("/apis"), std::string("/favicon.ico"),
        "/" + std::string(15'000, 'a')}) {
    const Answer answer = Ask("GET " + target);
    const std::string what = target.substr(0, 60);
    // cpp-httplib itself doesn't take a target beyond its own bound.
    EXPECT_THAT(answer.head, StartsWith(target.size() > 8'000 ? "HTTP/1.1 4" : "HTTP/1.1 404 ")) << what;
    EXPECT_THAT(answer.head, HasSubstr("\r\nContent-Type: application/problem+json\r\n")) << what;
    EXPECT_THAT(answer.head, HasSubstr("\r\nCache-Control: no-store\r\n")) << what;
    EXPECT_TRUE(nlohmann::json::parse(answer.body, nullptr, false).is_object()) << what;
  }
}

TEST_F(WebRoutesTest, AControlByteInTheTargetIsRefused) {
  EXPECT_THAT(Ask(std::string("GET /index.html\0", 16)).head, StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(Ask("GET /\x01").head, StartsWith("HTTP/1.1 400 "));
}

TEST_F(WebRoutesTest, AFileIsOnlyToBeRead) {
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS"}) {
    const Answer answer = Ask(std::string(method) + " /", "Content-Length: 0\r\n");
    EXPECT_THAT(answer.head, StartsWith("HTTP/1.1 405 ")) << method;
    EXPECT_THAT(answer.head, HasSubstr("\r\nAllow: GET, HEAD\r\n")) << method;
  }
}

TEST_F(WebRoutesTest, AStrangersNameIsRefusedButALinkFromAnotherSiteMayLeadHere) {
  EXPECT_THAT(Ask("GET /", "", "evil.example").head, StartsWith("HTTP/1.1 421 "));
  EXPECT_THAT(Ask("GET /", "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n").head,
              StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(Ask("GET /api/v1/openapi.json", "Sec-Fetch-Site: cross-site\r\n").head, StartsWith("HTTP/1.1 403 "));
}

TEST(WebFileAnswerTest, ANameWithAHashMayBeKeptForGood) {
  const WebFile file{.path = "a-1.js",
                     .content_type = "text/javascript",
                     .content_encoding = "",
                     .etag = "\"1\"",
                     .immutable = true,
                     .bytes = "x"};
  const HttpResponse response = WebFileAnswer(file, HeadWith("Accept-Encoding", "gzip"));
  EXPECT_EQ(HeaderOf(response, "Cache-Control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(HeaderOf(response, "Content-Encoding"), "none");
  EXPECT_EQ(HeaderOf(response, "ETag"), "\"1\"");
  EXPECT_EQ(response.body, "x");
}

TEST(NamesTagTest, ATagIsNamedWholeWeakOrAmongOthers) {
  for (const char* header : {"\"a\"", "W/\"a\"", "\"b\",\"a\"", " \"b\" ,\t\"a\" ", "*"}) {
    EXPECT_TRUE(NamesTag(header, "\"a\"")) << header;
  }
  for (const char* header : {"", ",", "a", "\"A\"", "\"ab\"", "\"b\"", "W/"}) {
    EXPECT_FALSE(NamesTag(header, "\"a\"")) << header;
  }
}

}  // namespace
}  // namespace herdgate::admin

#include "sidecar/admin/request_guard.h"

#include <gtest/gtest.h>

#include <string>

namespace herdgate::admin {
namespace {

// The status of the refusal; 0: let through.
int Check(const std::string& method, const std::string& lines, std::string_view body = "") {
  const std::string text = method + " /api/v1/x HTTP/1.1\r\n" + lines + "\r\n";
  HttpLimits limits;
  limits.max_body_bytes = 1000;
  RequestHead head;
  EXPECT_EQ(ParseHead(text, limits, head), 0) << text;
  const HttpRequest request{.method = head.method, .path = "/api/v1/x", .query = {}, .body = body, .head = head};
  const RequestGuard guard({"Ops.Example.com", "[2001:db8::1]"});
  const auto problem = guard.Check(request);
  return problem ? problem->status : 0;
}

constexpr const char* kHost = "Host: localhost:6381\r\n";
constexpr const char* kWrite = "Host: localhost:6381\r\nX-Herdgate-Request: 1\r\n";

TEST(RequestGuardTest, OnlyAllowedHostsAreServed) {
  for (const char* host :
       {"localhost", "LOCALHOST:1", "127.0.0.1:6381", "[::1]:6381", "ops.example.com:8443", "[2001:DB8::1]:1"}) {
    EXPECT_EQ(Check("GET", std::string("Host: ") + host + "\r\n"), 0) << host;
  }
  for (const char* host :
       {"evil.example", "localhost.evil.example", "ops.example.com.evil", "127.0.0.2", "", "[::2]", "example.com",
        "127.0.0.1.evil:80", "[::1].evil", "[::1]evil:80", "localhost:80:1", "localhost:x"}) {
    EXPECT_EQ(Check("GET", std::string("Host: ") + host + "\r\n"), 421) << host;
  }
}

TEST(RequestGuardTest, OtherSitesAndOriginsAreRefusedEvenToRead) {
  const auto with = [](const std::string& line) { return Check("GET", kHost + line + "\r\n"); };
  EXPECT_EQ(with("Origin: http://localhost:6381"), 0);
  EXPECT_EQ(with("Origin: https://LOCALHOST:6381"), 0);
  EXPECT_EQ(with("Sec-Fetch-Site: same-origin"), 0);
  EXPECT_EQ(with("Sec-Fetch-Site: none"), 0);
  for (const char* line : {"Origin: null", "Origin: http://evil.example", "Origin: http://localhost:1",
                           "Origin: http://localhost", "Origin: localhost:6381", "Sec-Fetch-Site: cross-site",
                           "Sec-Fetch-Site: same-site", "Sec-Fetch-Site: nonsense"}) {
    EXPECT_EQ(with(line), 403) << line;
  }
}

TEST(RequestGuardTest, AHeaderThatDecidesStandsOnce) {
  EXPECT_EQ(Check("GET", std::string(kHost) + "Origin: http://localhost:6381\r\nORIGIN: http://evil\r\n"), 400);
  EXPECT_EQ(Check("GET", std::string(kHost) + "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n"), 400);
}

TEST(RequestGuardTest, WritesNeedTheHeaderThatNoFormCanSend) {
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH"}) {
    EXPECT_EQ(Check(method, kHost), 403) << method;
    EXPECT_EQ(Check(method, std::string(kHost) + "X-Herdgate-Request: 2\r\n"), 403) << method;
    EXPECT_EQ(Check(method, kWrite), 0) << method;
  }
  EXPECT_EQ(Check("GET", kHost), 0);
  EXPECT_EQ(Check("HEAD", kHost), 0);
}

TEST(RequestGuardTest, BodiesAreJson) {
  const auto with = [](const std::string& type) {
    return Check("POST", kWrite + ("Content-Type: " + type) + "\r\n", "{}");
  };
  EXPECT_EQ(with("application/json"), 0);
  EXPECT_EQ(with("Application/JSON; charset=utf-8"), 0);
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "",
                           "application/jsonx", "text/plain; application/json"}) {
    EXPECT_EQ(with(type), 415) << type;
  }
  EXPECT_EQ(Check("POST", kWrite, "{}"), 415);
}

TEST(RequestGuardTest, LoopbackIsTheWholeOfIt) {
  for (const char* remote : {"127.0.0.1:5", "127.9.9.9:5", "[::1]:5", "[::ffff:127.0.0.1]:5"}) {
    EXPECT_TRUE(IsLoopback(remote)) << remote;
  }
  for (const char* remote : {"10.0.0.1:5", "[::2]:5", "", "128.0.0.1:127", "[::ffff:10.0.0.1]:5"}) {
    EXPECT_FALSE(IsLoopback(remote)) << remote;
  }
}

}  // namespace
}  // namespace herdgate::admin

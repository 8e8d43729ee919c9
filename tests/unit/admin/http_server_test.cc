#include "sidecar/admin/http_server.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <ctime>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/unit/admin/raw_client.h"

namespace herdgate::admin {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class HttpServerTest : public testing::Test {
 protected:
  void Start(HttpLimits limits = {}) {
    server_ = std::make_unique<HttpServer>(
        HttpServerOptions{.listen = {.host = "127.0.0.1", .port = 0, .path = ""}, .limits = limits});
    server_->Route("GET", "/hello", [](const HttpRequest&) { return HttpResponse{.body = "hello\n"}; });
    server_->Route("GET", "/large", [](const HttpRequest&) { return HttpResponse{.body = std::string(300'000, 'x')}; });
    server_->Route("POST", "/echo",
                   [](const HttpRequest& request) { return HttpResponse{.body = std::string(request.body)}; });
    server_->Route("DELETE", "/hello", [](const HttpRequest&) { return HttpResponse{.status = 204}; });
    const base::Result<std::uint16_t> port = server_->Start();
    ASSERT_TRUE(port.ok()) << port.status().message();
    port_ = port.value();
  }
  std::string Ask(const std::string& request) {
    RawClient client(port_);
    client.Send(request);
    return client.ReadAnswer();
  }

  std::unique_ptr<HttpServer> server_;
  std::uint16_t port_ = 0;
};

TEST_F(HttpServerTest, RoutesByMethodAndExactPath) {
  Start();
  EXPECT_THAT(Ask(GetRequest("/hello")), EndsWith("\r\n\r\nhello\n"));
  EXPECT_THAT(Ask(GetRequest("/hello?x=1")), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(Ask("DELETE /hello HTTP/1.1\r\nHost: a\r\n\r\n"), StartsWith("HTTP/1.1 204 "));
  for (const char* path :
       {"/", "/hello/", "/hell", "/HELLO", "//hello", "/hello%00", "/../hello", "http://a/hello", "*"}) {
    EXPECT_THAT(Ask(GetRequest(path)), StartsWith("HTTP/1.1 404 ")) << path;
  }
}

TEST_F(HttpServerTest, AnotherMethodIsToldWhichOnesThereAre) {
  Start();
  const std::string answer = Ask("PUT /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(answer, HasSubstr("\r\nAllow: DELETE, GET, HEAD\r\n"));
}

TEST_F(HttpServerTest, AFallbackAnswersEveryPathWithoutARoute) {
  HttpServer server({.listen = {.host = "127.0.0.1", .port = 0, .path = ""}});
  server.Route("GET", "/hello", [](const HttpRequest&) { return HttpResponse{.body = "hello"}; });
  server.Fallback([](const HttpRequest& request) {
    return HttpResponse{.status = 418, .body = std::string(request.method) + " " + std::string(request.path)};
  });
  port_ = server.Start().value();
  EXPECT_THAT(Ask(GetRequest("/hello")), EndsWith("\r\n\r\nhello"));
  EXPECT_THAT(Ask(GetRequest("/a/b")), EndsWith("\r\n\r\nGET /a/b"));
  EXPECT_THAT(Ask("PUT /x HTTP/1.1\r\nHost: a\r\n\r\n"), EndsWith("\r\n\r\nPUT /x"));
}

TEST_F(HttpServerTest, WhatNoHandlerSeesIsAnsweredByTheRefusal) {
  HttpServer server({.listen = {.host = "127.0.0.1", .port = 0, .path = ""}});
  server.Route("GET", "/throws", [](const HttpRequest&) -> HttpResponse { throw std::runtime_error("secret"); });
  server.Refusal([](int status) {
    return HttpResponse{.status = status, .content_type = "a/b", .body = "mine", .headers = {{"X-Mine", "1"}}};
  });
  port_ = server.Start().value();
  const std::pair<const char*, const char*> cases[] = {
      {"nonsense\r\n\r\n", "HTTP/1.1 400 "},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n", "HTTP/1.1 413 "},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 411 "},
      {"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400 "},
      {"GET /throws HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 500 "},
  };
  for (const auto& [request, status] : cases) {
    const std::string answer = Ask(request);
    EXPECT_THAT(answer, StartsWith(status)) << request;
    EXPECT_THAT(answer, HasSubstr("\r\nContent-Type: a/b\r\n")) << request;
    EXPECT_THAT(answer, HasSubstr("\r\nX-Mine: 1\r\n")) << request;
    EXPECT_THAT(answer, EndsWith("\r\n\r\nmine")) << request;
  }
}

TEST_F(HttpServerTest, HandlersSeeWhereAClientIs) {
  HttpServer server({.listen = {.host = "127.0.0.1", .port = 0, .path = ""}});
  server.Route("GET", "/",
               [](const HttpRequest& request) { return HttpResponse{.body = std::string(request.remote)}; });
  port_ = server.Start().value();
  EXPECT_THAT(Ask(GetRequest("/")), HasSubstr("\r\n\r\n127.0.0.1:"));
}

TEST_F(HttpServerTest, AGetRouteAnswersHead) {
  Start();
  RawClient client(port_);
  client.Send("HEAD /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string answer = client.ReadToEnd();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 6\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST_F(HttpServerTest, OneConnectionServesManyRequests) {
  Start();
  RawClient client(port_);
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(client.Send(GetRequest("/hello")));
    ASSERT_THAT(client.ReadAnswer(), EndsWith("hello\n"));
  }
}

TEST_F(HttpServerTest, PipelinedRequestsAreAllAnsweredWithoutFurtherBytes) {
  Start();
  RawClient client(port_);
  std::string many;
  for (int i = 0; i < 200; ++i) many += GetRequest("/hello");
  ASSERT_TRUE(client.Send(many));
  for (int i = 0; i < 200; ++i) ASSERT_THAT(client.ReadAnswer(), EndsWith("hello\n")) << i;
}

TEST_F(HttpServerTest, AnAnswerLargerThanTheSocketBufferArrivesWhole) {
  Start();
  const std::string answer = Ask(GetRequest("/large"));
  EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, 300'000U);
}

TEST_F(HttpServerTest, BodiesAreTakenOnlyWhereTheLimitAllows) {
  const std::string post = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
  Start();
  EXPECT_THAT(Ask(post), StartsWith("HTTP/1.1 413 "));
  server_.reset();
  HttpLimits limits;
  limits.max_body_bytes = 5;
  Start(limits);
  EXPECT_THAT(Ask(post), EndsWith("\r\n\r\nhello"));
}

TEST_F(HttpServerTest, ChunkedBodiesAreRefusedUnread) {
  Start();
  EXPECT_THAT(Ask("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
              StartsWith("HTTP/1.1 411 "));
}

TEST_F(HttpServerTest, ANewcomerReplacesTheConnectionThatWaitedLongest) {
  HttpLimits limits;
  limits.max_connections = 2;
  Start(limits);
  RawClient first(port_);
  first.Send("GET /hel");
  RawClient second(port_);
  ASSERT_TRUE(second.Send(GetRequest("/hello")));
  ASSERT_THAT(second.ReadAnswer(), EndsWith("hello\n"));
  RawClient third(port_);
  ASSERT_TRUE(third.Send(GetRequest("/hello")));
  EXPECT_THAT(third.ReadAnswer(), EndsWith("hello\n"));
  EXPECT_TRUE(first.ClosedByPeer());
  ASSERT_TRUE(second.Send(GetRequest("/hello")));
  EXPECT_THAT(second.ReadAnswer(), EndsWith("hello\n"));
  EXPECT_EQ(server_->metrics().evicted.value(), 1U);
}

TEST_F(HttpServerTest, AnswersNobodyTakesAreBoundedOverAllConnections) {
  HttpLimits limits;
  limits.max_held_bytes = 1;
  Start(limits);
  std::vector<RawClient> greedy;
  for (int i = 0; i < 8; ++i) {
    greedy.emplace_back();
    const int small = 4096;
    setsockopt(greedy.back().fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    ASSERT_TRUE(greedy.back().Connect(port_));
    std::string many;
    for (int n = 0; n < 100; ++n) many += GetRequest("/large");
    ASSERT_TRUE(greedy.back().Send(many));
  }
  EXPECT_THAT(Ask(GetRequest("/hello")), EndsWith("hello\n"));
  // Nobody reads, and 30 MB are more than a socket holds: each of them is found writing at the end of some turn.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (server_->metrics().evicted.value() < 8 && std::chrono::steady_clock::now() < deadline) {
    EXPECT_THAT(Ask(GetRequest("/hello")), EndsWith("hello\n"));
  }
  EXPECT_EQ(server_->metrics().evicted.value(), 8U);
}

TEST_F(HttpServerTest, ASlowHeadTimesOutWith408) {
  HttpLimits limits;
  limits.request_timeout = std::chrono::milliseconds(50);
  Start(limits);
  RawClient client(port_);
  client.Send("GET /hel");
  EXPECT_THAT(client.ReadToEnd(), StartsWith("HTTP/1.1 408 "));
}

TEST_F(HttpServerTest, OutcomesAreCounted) {
  Start();
  (void)Ask(GetRequest("/hello"));
  (void)Ask(GetRequest("/nope"));
  RawClient broken(port_);
  broken.Send("nonsense\r\n\r\n");
  EXPECT_THAT(broken.ReadToEnd(), StartsWith("HTTP/1.1 400 "));
  server_->Stop();
  EXPECT_EQ(server_->metrics().answered_ok.value(), 1U);
  EXPECT_EQ(server_->metrics().answered_client_error.value(), 1U);
  EXPECT_EQ(server_->metrics().answered_server_error.value(), 0U);
  EXPECT_EQ(server_->metrics().refused.value(), 1U);
}

TEST_F(HttpServerTest, StopClosesConnectionsAndFreesThePort) {
  Start();
  RawClient idle(port_);
  ASSERT_TRUE(idle.Send(GetRequest("/hello")));
  ASSERT_THAT(idle.ReadAnswer(), EndsWith("hello\n"));
  server_->Stop();
  server_->Stop();
  EXPECT_TRUE(idle.ClosedByPeer());
  HttpServer again(HttpServerOptions{.listen = {.host = "127.0.0.1", .port = port_, .path = ""}});
  const base::Result<std::uint16_t> port = again.Start();
  EXPECT_TRUE(port.ok()) << port.status().message();
}

TEST_F(HttpServerTest, APortInUseIsAnErrorNotACrash) {
  Start();
  HttpServer second(HttpServerOptions{.listen = {.host = "127.0.0.1", .port = port_, .path = ""}});
  const base::Result<std::uint16_t> port = second.Start();
  ASSERT_FALSE(port.ok());
  EXPECT_THAT(port.status().message(), HasSubstr("the port is in use"));
}

// Busy keep-alive clients may not hold all places against a newcomer.
TEST_F(HttpServerTest, TheGraceIsGivenOncePerConnectionNotPerRequest) {
  HttpLimits limits;
  limits.max_connections = 1;
  Start(limits);
  std::atomic<bool> done{false};
  std::thread busy([&] {
    RawClient client(port_);
    while (!done && client.Send(GetRequest("/hello")) && !client.ReadAnswer().empty()) {
    }
  });
  while (server_->metrics().answered_ok.value() == 0) std::this_thread::yield();
  EXPECT_THAT(Ask(GetRequest("/hello")), EndsWith("hello\n"));
  done = true;
  busy.join();
}

TEST_F(HttpServerTest, ANewcomerWaitsWhileTheOthersAreInTheirGrace) {
  HttpLimits limits;
  limits.max_connections = 1;
  limits.grace = std::chrono::hours(1);
  Start(limits);
  RawClient first(port_);
  ASSERT_TRUE(first.Send(GetRequest("/hello")));
  ASSERT_THAT(first.ReadAnswer(), EndsWith("hello\n"));
  RawClient second(port_);
  ASSERT_TRUE(second.Send(GetRequest("/hello")));
  ASSERT_TRUE(first.Send(GetRequest("/hello")));
  EXPECT_THAT(first.ReadAnswer(), EndsWith("hello\n"));
  EXPECT_EQ(second.ReadAnswer(std::chrono::milliseconds(50)), "");
  EXPECT_EQ(server_->metrics().evicted.value(), 0U);
}

// While no descriptor is free the listener stays readable: the server must wait, not spin, and go on afterwards.
TEST_F(HttpServerTest, RunningOutOfDescriptorsIsSurvivedWithoutSpinning) {
  Start();
  RawClient client;  // has its descriptor already
  const int probe = open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(probe, 0);
  close(probe);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit full = before;
  full.rlim_cur = static_cast<rlim_t>(probe);  // the lowest free descriptor is out of bounds
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &full), 0);
  const std::clock_t cpu = std::clock();
  ASSERT_TRUE(client.Connect(port_));
  client.Send(GetRequest("/hello"));
  EXPECT_EQ(client.ReadAnswer(std::chrono::milliseconds(500)), "");
  const double cpu_seconds = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_LT(cpu_seconds, 0.25);
  EXPECT_THAT(client.ReadAnswer(), EndsWith("hello\n"));
}

}  // namespace
}  // namespace herdgate::admin

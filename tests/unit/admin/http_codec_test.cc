#include "sidecar/admin/http_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace herdgate::admin {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string Answer(HttpCodec& codec, const std::string& text, std::string_view body = "") {
  HttpLimits limits;
  limits.max_body_bytes = 1024;
  RequestHead head;
  EXPECT_EQ(ParseHead(text, limits, head), 0) << text;
  return codec.Answer(head, body);
}

std::string Get(const std::string& target, const std::string& lines = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n";
}

TEST(HttpCodecTest, GivesTheHandlerDecodedPathAndQueryAndRawHeaders) {
  bool called = false;
  HttpCodec codec([&](const HttpRequest& request) {
    called = true;
    EXPECT_EQ(request.method, "GET");
    EXPECT_EQ(request.path, "/a b");
    EXPECT_TRUE(request.HasParam("verbose"));
    EXPECT_FALSE(request.HasParam("x y "));
    EXPECT_TRUE(request.HasParam("x y"));
    EXPECT_EQ(request.head.Header("X-Raw"), "%41");
    return HttpResponse{};
  });
  (void)Answer(codec, Get("/a%20b?verbose&x%20y=1", "X-Raw: %41\r\n"));
  EXPECT_TRUE(called);
}

TEST(HttpCodecTest, WritesStatusHeadersAndBody) {
  HttpCodec codec([](const HttpRequest&) {
    return HttpResponse{.status = 503, .content_type = "a/b", .body = "no\n", .headers = {{"X-Y", "z"}}};
  });
  EXPECT_EQ(Answer(codec, Get("/")),
            "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 3\r\nContent-Type: a/b\r\nX-Y: z\r\n\r\nno\n");
}

TEST(HttpCodecTest, HeadHasTheHeadersOfGetAndNoBody) {
  HttpCodec codec([](const HttpRequest&) { return HttpResponse{.body = "12345"}; });
  const std::string answer = Answer(codec, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST(HttpCodecTest, SaysCloseOnlyWhenTheConnectionCloses) {
  HttpCodec codec([](const HttpRequest&) { return HttpResponse{}; });
  EXPECT_THAT(Answer(codec, Get("/", "Connection: close\r\n")), HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(Answer(codec, Get("/")), Not(HasSubstr("Connection:")));
}

TEST(HttpCodecTest, GivesTheHandlerTheBody) {
  HttpCodec codec([](const HttpRequest& request) { return HttpResponse{.body = std::string(request.body)}; });
  EXPECT_THAT(Answer(codec, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n", "echo"),
              EndsWith("\r\n\r\necho"));
}

// Each of these makes cpp-httplib work for the client: a regular expression that recurses once a character, a brotli
// encoder of many megabytes, an interim answer.
TEST(HttpCodecTest, HeadersThatSteerTheLibraryNeverReachIt) {
  const std::string body(100'000, 'x');
  HttpCodec codec([&](const HttpRequest&) { return HttpResponse{.body = body}; });
  const std::string plain = Answer(codec, Get("/"));
  EXPECT_THAT(plain, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(Answer(codec, Get("/", "Range: bytes=0-0" + std::string(16'000, ',') + "\r\n")), plain);
  EXPECT_EQ(Answer(codec, Get("/", "Range: bytes=0-1\r\n")), plain);
  EXPECT_EQ(Answer(codec, Get("/", "Accept-Encoding: br, gzip\r\n")), plain);
  EXPECT_EQ(Answer(codec, Get("/", "Expect: 100-continue\r\n")), plain);
  EXPECT_EQ(Answer(codec, Get("/", "REMOTE_ADDR: 1.2.3.4\r\nREMOTE_PORT: x\r\n")), plain);
}

TEST(HttpCodecTest, AHandlerThatThrowsIsAnInternalErrorWithoutDetails) {
  HttpCodec codec([](const HttpRequest&) -> HttpResponse { throw std::runtime_error("secret"); });
  const std::string answer = Answer(codec, Get("/"));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(answer, Not(HasSubstr("secret")));
}

TEST(HttpCodecTest, UnknownMethodsAndLongTargetsAreRefusedWithoutTheHandler) {
  int called = 0;
  HttpCodec codec([&](const HttpRequest&) {
    ++called;
    return HttpResponse{};
  });
  EXPECT_THAT(Answer(codec, "BREW / HTTP/1.1\r\nHost: a\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(Answer(codec, Get("/" + std::string(9000, 'a'))), StartsWith("HTTP/1.1 414 "));
  EXPECT_EQ(called, 0);
}

TEST(RefusalTextTest, IsAWholeAnswerThatCloses) {
  EXPECT_EQ(RefusalText(431),
            "HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Type: text/plain; charset=utf-8\r\n"
            "Content-Length: 32\r\nConnection: close\r\n\r\nRequest Header Fields Too Large\n");
}

}  // namespace
}  // namespace herdgate::admin

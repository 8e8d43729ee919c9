#include "sidecar/admin/request_head.h"

#include <gtest/gtest.h>

#include <string>

#include "sidecar/base/random.h"

namespace herdgate::admin {
namespace {

using std::string_view_literals::operator""sv;

struct Parsed {
  int status;
  RequestHead head;
};

Parsed Parse(std::string_view text, const HttpLimits& limits = {}) {
  Parsed parsed{};
  parsed.status = ParseHead(text, limits, parsed.head);
  return parsed;
}

// The head of a GET with these header lines.
std::string Get(const std::string& lines) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n";
}

TEST(RequestHeadTest, ReadsTheRequestLineAndTheHeaders) {
  const std::string text = "GET /readyz?verbose HTTP/1.1\r\nHost: a:1\r\nX-Empty:\r\naccept: \t b \t\r\n\r\n";
  const Parsed parsed = Parse(text);
  ASSERT_EQ(parsed.status, 0);
  EXPECT_EQ(parsed.head.method, "GET");
  EXPECT_EQ(parsed.head.target, "/readyz?verbose");
  EXPECT_EQ(parsed.head.Header("ACCEPT"), "b");
  EXPECT_EQ(parsed.head.Header("x-empty"), "");
  EXPECT_EQ(parsed.head.Header("absent"), "");
  EXPECT_EQ(parsed.head.headers.size(), 3U);
}

TEST(RequestHeadTest, HeaderValuesAreNotPercentDecoded) {
  EXPECT_EQ(Parse(Get("X-A: a%0d%0ab\r\n")).head.Header("X-A"), "a%0d%0ab");
}

TEST(RequestHeadTest, KeepAliveFollowsVersionAndConnection) {
  EXPECT_TRUE(Parse(Get("")).head.keep_alive);
  EXPECT_FALSE(Parse(Get("Connection: Close\r\n")).head.keep_alive);
  EXPECT_FALSE(Parse(Get("Connection: upgrade , close\r\n")).head.keep_alive);
  EXPECT_FALSE(Parse("GET / HTTP/1.0\r\n\r\n").head.keep_alive);
  EXPECT_TRUE(Parse("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").head.keep_alive);
}

TEST(RequestHeadTest, MalformedHeadsAreBadRequests) {
  for (const char* text : {
           "\r\n\r\n",                                         //
           "GET\r\n\r\n",                                      //
           "GET /\r\n\r\n",                                    // HTTP/0.9
           "GET  HTTP/1.1\r\nHost: a\r\n\r\n",                 //
           "GET / / HTTP/1.1\r\nHost: a\r\n\r\n",              //
           "G(T / HTTP/1.1\r\nHost: a\r\n\r\n",                //
           "GET / FTP/1.1\r\nHost: a\r\n\r\n",                 //
           "GET / HTTP/1.1\r\n\r\n",                           // no Host
           "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",     //
           "GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",    //
           "GET / HTTP/1.1\r\nHost: a\r\n: nameless\r\n\r\n",  //
           "GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n",       // blank before the colon
           "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n folded\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: a\r\nX: a\nY: b\r\n\r\n",  // bare line feed
           "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",     // bare carriage return
           "GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n",            //
           "GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n",     //
       }) {
    EXPECT_EQ(Parse(text).status, 400) << text;
  }
  EXPECT_EQ(Parse("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"sv).status, 400);
}

TEST(RequestHeadTest, OtherVersionsAreNamedAsSuch) {
  EXPECT_EQ(Parse("PRI * HTTP/2.0\r\n\r\n").status, 505);
  EXPECT_EQ(Parse("GET / HTTP/1.2\r\nHost: a\r\n\r\n").status, 505);
}

TEST(RequestHeadTest, HeadersAreCounted) {
  HttpLimits limits;
  limits.max_headers = 3;
  EXPECT_EQ(Parse(Get("A: 1\r\nB: 2\r\n"), limits).status, 0);
  EXPECT_EQ(Parse(Get("A: 1\r\nB: 2\r\nC: 3\r\n"), limits).status, 431);
}

TEST(RequestHeadTest, ABodyNeedsOneLengthWithinTheLimit) {
  HttpLimits limits;
  limits.max_body_bytes = 10;
  EXPECT_EQ(Parse(Get("Content-Length: 10\r\n"), limits).status, 0);
  EXPECT_EQ(Parse(Get("Content-Length: 10\r\n"), limits).head.content_length, 10U);
  EXPECT_EQ(Parse(Get("Content-Length: 11\r\n"), limits).status, 413);
  EXPECT_EQ(Parse(Get("Content-Length: 99999999999999999999999\r\n"), limits).status, 413);
  EXPECT_EQ(Parse(Get("Content-Length: 1\r\ncontent-length: 1\r\n"), limits).status, 0);
  EXPECT_EQ(Parse(Get("Content-Length: 1\r\nContent-Length: 2\r\n"), limits).status, 400);
  for (const char* length : {"", "-1", "+1", "1x", "0x1", "1, 1"}) {
    EXPECT_EQ(Parse(Get(std::string("Content-Length: ") + length + "\r\n"), limits).status, 400) << length;
  }
}

TEST(RequestHeadTest, EncodedBodiesAreRefusedWhateverTheEncoding) {
  EXPECT_EQ(Parse(Get("Transfer-Encoding: chunked\r\n")).status, 411);
  EXPECT_EQ(Parse(Get("transfer-encoding: identity\r\n")).status, 411);
  EXPECT_EQ(Parse(Get("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n")).status, 400);
}

TEST(RequestHeadTest, TheEndOfTheHeadIsFoundAcrossReads) {
  const std::string text = Get("");
  for (std::size_t cut = 0; cut < text.size(); ++cut) {
    EXPECT_EQ(FindHeadEnd(std::string_view(text).substr(0, cut), 0), std::string::npos);
    EXPECT_EQ(FindHeadEnd(text, cut < 3 ? 0 : cut - 3), text.size());
  }
}

// No head, however broken, may be read out of bounds or accepted with a control character. ASan checks the first.
TEST(RequestHeadTest, MutatedHeadsAreParsedOrRefusedSafely) {
  const std::string good = Get("Content-Length: 0\r\nConnection: close\r\nAccept: */*\r\n");
  base::Random random(7);
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text = good;
    for (std::uint64_t n = random.Below(3); n <= 2; ++n) {
      text[random.Below(text.size() - 4)] = "\r\n :\x00\xff/GH0,"[random.Below(12)];
    }
    const std::size_t end = FindHeadEnd(text, 0);
    if (end == std::string::npos) continue;
    const Parsed parsed = Parse(std::string_view(text).substr(0, end));
    if (parsed.status != 0) continue;
    ++accepted;
    EXPECT_EQ(parsed.head.target.find_first_of(std::string_view(" \r\n\0", 4)), std::string::npos);
    for (const auto& [name, value] : parsed.head.headers) {
      EXPECT_EQ(value.find_first_of(std::string_view("\r\n\0", 3)), std::string::npos);
    }
  }
  EXPECT_GT(accepted, 1000);
}

}  // namespace
}  // namespace herdgate::admin

#include "sidecar/base/address.h"

#include <gtest/gtest.h>

#include <string>

namespace herdgate::base {
namespace {

ListenAddress Listen(std::string_view text) {
  Result<ListenAddress> result = ParseListenAddress(text);
  EXPECT_TRUE(result.ok()) << text << ": " << (result.ok() ? "" : result.status().message());
  return result.ok() ? result.value() : ListenAddress{};
}

UpstreamUrl Upstream(std::string_view text) {
  Result<UpstreamUrl> result = ParseUpstreamUrl(text);
  EXPECT_TRUE(result.ok()) << text << ": " << (result.ok() ? "" : result.status().message());
  return result.ok() ? result.value() : UpstreamUrl{};
}

std::string ListenError(std::string_view text) {
  Result<ListenAddress> result = ParseListenAddress(text);
  if (result.ok()) return "accepted";
  EXPECT_EQ(result.status().code(), ErrorCode::kInvalidArgument);
  return result.status().message();
}

std::string UpstreamError(std::string_view text) {
  Result<UpstreamUrl> result = ParseUpstreamUrl(text);
  if (result.ok()) return "accepted";
  EXPECT_EQ(result.status().code(), ErrorCode::kInvalidArgument);
  return result.status().message();
}

using ListenKind = ListenAddress::Kind;
using UpstreamKind = UpstreamUrl::Kind;

TEST(ListenAddressTest, EveryFormIsRead) {
  EXPECT_EQ(Listen("tcp://127.0.0.1:6380"), (ListenAddress{ListenKind::kTcp, "127.0.0.1", 6380, ""}));
  EXPECT_EQ(Listen("tcp://[::1]:6380"), (ListenAddress{ListenKind::kTcp, "::1", 6380, ""}));
  EXPECT_EQ(Listen("[::]:0"), (ListenAddress{ListenKind::kTcp, "::", 0, ""}));
  EXPECT_EQ(Listen("localhost:65535"), (ListenAddress{ListenKind::kTcp, "localhost", 65535, ""}));
  EXPECT_EQ(Listen("unix:///run/x.sock"), (ListenAddress{ListenKind::kUnix, "", 0, "/run/x.sock"}));
  EXPECT_EQ(Listen("unix:///run/a%20b%25"), (ListenAddress{ListenKind::kUnix, "", 0, "/run/a b%"}));
}

TEST(ListenAddressTest, ToStringIsReadBack) {
  for (const char* text : {"tcp://127.0.0.1:6380", "tcp://[::1]:6380", "unix:///run/x@y:1.sock", "unix:///a%20b%25"}) {
    EXPECT_EQ(Listen(text).ToString(), text);
  }
  EXPECT_EQ(Listen("localhost:6380").ToString(), "tcp://localhost:6380");
}

TEST(ListenAddressTest, LongestUnixPathIsTheSystems) {
  EXPECT_EQ(Listen("unix:///" + std::string(106, 'a')).path.size(), 107U);
  EXPECT_EQ(ListenError("unix:///" + std::string(107, 'a')), "the socket's path has 108 bytes; the system allows 107");
}

TEST(ListenAddressTest, BadOnesSayWhatToWrite) {
  EXPECT_EQ(ListenError(""), "the host is missing");
  EXPECT_EQ(ListenError("6380"), "the port is missing; write host:port");
  EXPECT_EQ(ListenError("localhost"), "the port is missing; write host:port");
  EXPECT_EQ(ListenError(":6380"), "the host is missing");
  EXPECT_EQ(ListenError("*:6380"), "the host may hold only letters, digits, '.', '-' and '_'");
  EXPECT_EQ(ListenError("::1:6380"), "an IPv6 address needs brackets, like [::1]:6379");
  EXPECT_EQ(ListenError("[::1"), "the part in brackets is not an IPv6 address; write it like [::1]");
  EXPECT_EQ(ListenError("[nonsense]:1"), "the part in brackets is not an IPv6 address; write it like [::1]");
  EXPECT_EQ(ListenError("[::1]6380"), "only a port may follow the brackets, like [::1]:6379");
  for (const char* text : {"a:65536", "a:-1", "a:", "a:6 380", "a:+1", "a:0x10", "tcp://a:6380/", "[::1]:"}) {
    EXPECT_EQ(ListenError(text), "the port is not a number from 0 to 65535") << text;
  }
  EXPECT_EQ(ListenError("redis://a:1"), "a listen address starts with tcp:// or unix://, or is host:port");
  EXPECT_EQ(ListenError("/run/x.sock"), "a Unix socket is written unix:// and its path, like unix:///run/x.sock");
  EXPECT_EQ(ListenError("unix://run/x.sock"), "the socket's path must be absolute");
  EXPECT_EQ(ListenError("unix:///"), "the socket's path must be absolute");
  EXPECT_EQ(ListenError("unix:///a%00b"), "the socket's path holds a zero byte");
  EXPECT_EQ(ListenError("unix:///a%2"),
            "the path holds a '%' that two hexadecimal digits do not follow; write '%' itself as %25");
}

TEST(UpstreamUrlTest, RedisDefaultsToItsPortAndDatabaseZero) {
  const UpstreamUrl url = Upstream("redis://redis");
  EXPECT_EQ(url.kind, UpstreamKind::kRedis);
  EXPECT_EQ(url.host, "redis");
  EXPECT_EQ(url.port, 6379);
  EXPECT_EQ(url.db, 0U);
  EXPECT_FALSE(url.has_credentials());
  EXPECT_EQ(Upstream("redis://127.0.0.1"), UpstreamUrl{});
}

TEST(UpstreamUrlTest, RedisReadsEveryPart) {
  const UpstreamUrl url = Upstream("redis://bob:s3cret@[::1]:7000/15");
  EXPECT_EQ(url.host, "::1");
  EXPECT_EQ(url.port, 7000);
  EXPECT_EQ(url.db, 15U);
  EXPECT_EQ(url.user, "bob");
  EXPECT_EQ(url.password, "s3cret");
  EXPECT_EQ(Upstream("redis://h/").db, 0U);
  EXPECT_EQ(Upstream("redis://h?db=3").db, 3U);
  EXPECT_EQ(Upstream("redis://h/?db=3").db, 3U);
  EXPECT_EQ(Upstream("redis://h/2147483647").db, 2147483647U);
}

TEST(UpstreamUrlTest, CredentialsArePercentDecoded) {
  const UpstreamUrl url = Upstream("redis://a%40b:p%2Fa%3as%25s+@h");
  EXPECT_EQ(url.user, "a@b");
  EXPECT_EQ(url.password, "p/a:s%s+");
  EXPECT_EQ(Upstream("redis://:pw@h").user, "");
  EXPECT_EQ(Upstream("redis://:pw@h").password, "pw");
  EXPECT_EQ(Upstream("redis://u:a:b@h").password, "a:b");
  EXPECT_EQ(Upstream("redis://u:a@b@h").password, "a@b");
  EXPECT_EQ(Upstream("redis://bob@h").user, "bob");
}

TEST(UpstreamUrlTest, UnixReadsPathDatabaseAndCredentials) {
  EXPECT_EQ(Upstream("unix:///run/redis.sock").path, "/run/redis.sock");
  EXPECT_EQ(Upstream("unix:///run/x@y.sock").path, "/run/x@y.sock");
  EXPECT_EQ(Upstream("unix:///run/a%3Fb").path, "/run/a?b");
  const UpstreamUrl url = Upstream("unix://u:p@/run/redis.sock?db=7");
  EXPECT_EQ(url.kind, UpstreamKind::kUnix);
  EXPECT_EQ(url.user, "u");
  EXPECT_EQ(url.password, "p");
  EXPECT_EQ(url.db, 7U);
  EXPECT_EQ(url.host, "");
}

TEST(UpstreamUrlTest, MemoryTakesNothingElse) {
  EXPECT_EQ(Upstream("memory://").kind, UpstreamKind::kMemory);
  EXPECT_EQ(Upstream("memory://").ToString(), "memory://");
  EXPECT_EQ(UpstreamError("memory://x"), "nothing may follow memory://");
}

TEST(UpstreamUrlTest, ToStringHidesThePasswordOnly) {
  EXPECT_EQ(Upstream("redis://bob:s3cret@h:7000/2").ToString(), "redis://bob:***@h:7000/2");
  EXPECT_EQ(Upstream("redis://:s3cret@[::1]").ToString(), "redis://:***@[::1]:6379");
  EXPECT_EQ(Upstream("redis://b%40b@h").ToString(), "redis://b%40b@h:6379");
  EXPECT_EQ(Upstream("unix://u:s3cret@/run/x.sock?db=1").ToString(), "unix://u:***@/run/x.sock?db=1");
  EXPECT_EQ(Upstream("unix:///run/x.sock").ToString(), "unix:///run/x.sock");
}

TEST(UpstreamUrlTest, LaterSchemesAreNotAvailableYet) {
  for (const std::string scheme : {"rediss", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster"}) {
    EXPECT_EQ(UpstreamError(scheme + "://u:s3cret@h:1/0"),
              scheme + ":// is not available yet; this version has redis://, unix:// and memory://");
  }
}

TEST(UpstreamUrlTest, BadOnesSayWhatToWrite) {
  const std::string schemes = "an upstream URL starts with redis://, unix:// or memory://";
  EXPECT_EQ(UpstreamError(""), schemes);
  EXPECT_EQ(UpstreamError("localhost:6379"), schemes);
  EXPECT_EQ(UpstreamError("http://h"), schemes);
  EXPECT_EQ(UpstreamError("redis://"), "the host is missing");
  EXPECT_EQ(UpstreamError("redis://:6379"), "the host is missing");
  EXPECT_EQ(UpstreamError("redis://u:p@"), "the host is missing");
  EXPECT_EQ(UpstreamError("redis://h:0"), "port 0 is not one to connect to");
  EXPECT_EQ(UpstreamError("redis://h:99999"), "the port is not a number from 0 to 65535");
  EXPECT_EQ(UpstreamError("redis://h/a"),
            "what follows the host must be /N, N being the database, a number from 0 to 2147483647");
  EXPECT_EQ(UpstreamError("redis://h/2147483648"),
            "what follows the host must be /N, N being the database, a number from 0 to 2147483647");
  EXPECT_EQ(UpstreamError("redis://h?db=x"), "the database is not a number from 0 to 2147483647");
  EXPECT_EQ(UpstreamError("redis://h?timeout=1"), "the only parameter known here is ?db=, the database number");
  EXPECT_EQ(UpstreamError("redis://h/1?db=2"), "the database is given twice, as /N and as ?db=; keep one");
  EXPECT_EQ(UpstreamError("redis://u:%zz@h"),
            "the credentials hold a '%' that two hexadecimal digits do not follow; write '%' itself as %25");
  EXPECT_EQ(UpstreamError("unix://run/redis.sock"),
            "the socket's path must be absolute: unix:///run/redis.sock has three slashes");
  EXPECT_EQ(UpstreamError("unix://"), "the socket's path must be absolute");
}

TEST(UpstreamUrlTest, NoErrorEverHoldsThePassword) {
  for (const std::string url :
       {"redis://u:s3/cret@h", "redis://u:s3#cret@h", "redis://u:s3?cret@h", "redis://u:s3cret@h:x", "redis://u:s3cret",
        "redis://u:s3cret@h/cret", "redis://u:s3cret@", "redis://u:s3%cret@h", "rediss://u:s3cret@h", "s3cret://u@h",
        "unix://u:s3cret/p", "unix://u:s3/cret@/p", "redis://[s3cret]", "redis://h?s3cret", "u:s3cret@h",
        "memory://s3cret"}) {
    const std::string error = UpstreamError(url);
    EXPECT_NE(error, "accepted") << url;
    EXPECT_EQ(error.find("s3"), std::string::npos) << error;
    EXPECT_EQ(error.find("cret"), std::string::npos) << error;
  }
  EXPECT_EQ(UpstreamError("redis://u:s3/cret@h"),
            "an '@' stands after '/', '?' or '#'; in a user or password write these as %40, %2F, %3F and %23");
}

}  // namespace
}  // namespace herdgate::base

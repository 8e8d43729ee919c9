#include "sidecar/resp/encoder.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace herdgate::resp {
namespace {

template <typename... Args>
std::string Out(void (*append)(std::string&, Args...), std::type_identity_t<Args>... args) {
  std::string out = "+before\r\n";
  append(out, args...);
  EXPECT_TRUE(out.starts_with("+before\r\n"));
  return out.substr(9);
}

TEST(EncoderTest, RequestIsMultibulk) {
  std::string out;
  AppendRequest(out, {"SET", "k", ""});
  EXPECT_EQ(out, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n");
  const std::vector<std::string_view> args = {"PING"};
  AppendRequest(out, args);
  EXPECT_TRUE(out.ends_with("\r\n*1\r\n$4\r\nPING\r\n"));
}

TEST(EncoderTest, TextsKeepTheirBytes) {
  EXPECT_EQ(Out(AppendSimple, "OK"), "+OK\r\n");
  EXPECT_EQ(Out(AppendBulk, std::string_view("a\0\r\n", 4)), std::string("$4\r\na\0\r\n\r\n", 10));
}

TEST(EncoderTest, ErrorStaysOnOneLine) {
  EXPECT_EQ(Out(AppendError, "ERR a\r\nb"), "-ERR a  b\r\n");
}

TEST(EncoderTest, IntegersCoverTheirRange) {
  EXPECT_EQ(Out(AppendInteger, 0), ":0\r\n");
  EXPECT_EQ(Out(AppendInteger, std::numeric_limits<std::int64_t>::min()), ":-9223372036854775808\r\n");
  EXPECT_EQ(Out(AppendInteger, std::numeric_limits<std::int64_t>::max()), ":9223372036854775807\r\n");
  EXPECT_EQ(Out(AppendArrayHeader, std::numeric_limits<std::size_t>::max()), "*18446744073709551615\r\n");
}

TEST(EncoderTest, NullsDependOnTheProtocol) {
  EXPECT_EQ(Out(AppendNull, 2), "$-1\r\n");
  EXPECT_EQ(Out(AppendNull, 3), "_\r\n");
  EXPECT_EQ(Out(AppendNullArray, 2), "*-1\r\n");
  EXPECT_EQ(Out(AppendNullArray, 3), "_\r\n");
}

TEST(EncoderTest, AggregatesAreFlatInResp2) {
  EXPECT_EQ(Out(AppendMapHeader, 2U, 2), "*4\r\n");
  EXPECT_EQ(Out(AppendMapHeader, 2U, 3), "%2\r\n");
  EXPECT_EQ(Out(AppendSetHeader, 2U, 2), "*2\r\n");
  EXPECT_EQ(Out(AppendSetHeader, 2U, 3), "~2\r\n");
  EXPECT_EQ(Out(AppendPushHeader, 3U, 2), "*3\r\n");
  EXPECT_EQ(Out(AppendPushHeader, 3U, 3), ">3\r\n");
}

TEST(EncoderTest, DoublesArePrintedAsRedisPrintsThem) {
  EXPECT_EQ(Out(AppendDouble, 1.5, 3), ",1.5\r\n");
  EXPECT_EQ(Out(AppendDouble, 0.1, 3), ",0.10000000000000001\r\n");
  EXPECT_EQ(Out(AppendDouble, 3.0, 2), "$1\r\n3\r\n");
  EXPECT_EQ(Out(AppendDouble, std::numeric_limits<double>::infinity(), 3), ",inf\r\n");
  EXPECT_EQ(Out(AppendDouble, -std::numeric_limits<double>::infinity(), 2), "$4\r\n-inf\r\n");
  EXPECT_EQ(Out(AppendDouble, -std::numeric_limits<double>::denorm_min(), 3), ",-4.9406564584124654e-324\r\n");
}

TEST(EncoderTest, VerbatimIsABulkInResp2) {
  EXPECT_EQ(Out(AppendVerbatim, "abc", 2), "$3\r\nabc\r\n");
  EXPECT_EQ(Out(AppendVerbatim, "abc", 3), "=7\r\ntxt:abc\r\n");
}

}  // namespace
}  // namespace herdgate::resp

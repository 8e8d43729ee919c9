#include "sidecar/resp/request_stream.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <string_view>

namespace herdgate::resp {
namespace {

class RequestStreamTest : public testing::Test {
 protected:
  std::size_t Take(std::string_view input) { return stream_.Take(input, limits_, false, error_); }

  Limits limits_;
  std::string error_;
  RequestStream stream_;
};

TEST_F(RequestStreamTest, KnownBytesPassUnread) {
  stream_.Begin(5, 0);
  EXPECT_EQ(Take("abc"), 3U);
  EXPECT_FALSE(stream_.done());
  EXPECT_EQ(Take("deX"), 2U);
  EXPECT_TRUE(stream_.done());
}

TEST_F(RequestStreamTest, HeaderMayComeByteByByte) {
  stream_.Begin(0, RequestStream::kUnknown);
  const std::string_view request = "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n";
  for (std::size_t i = 0; i < request.size(); ++i) {
    ASSERT_FALSE(stream_.done()) << i;
    ASSERT_EQ(Take(request.substr(i, 1)), 1U);
  }
  EXPECT_TRUE(stream_.done());
}

TEST_F(RequestStreamTest, EmptyRequestEndsWithItsHeader) {
  stream_.Begin(0, RequestStream::kUnknown);
  EXPECT_EQ(Take("*-1\r\nPING\r\n"), 5U);
  EXPECT_TRUE(stream_.done());
}

TEST_F(RequestStreamTest, NextRequestIsNotTaken) {
  stream_.Begin(4, 1);
  EXPECT_EQ(Take("*1\r\n$4\r\nPING\r\n*1\r\n"), 14U);
  EXPECT_TRUE(stream_.done());
}

TEST_F(RequestStreamTest, EndlessHeaderFails) {
  stream_.Begin(0, 1);
  EXPECT_EQ(Take("$" + std::string(limits_.max_inline_bytes - 1, '1')), limits_.max_inline_bytes);
  EXPECT_EQ(error_, "");
  Take("1");
  EXPECT_EQ(error_, "too big bulk count string");
}

TEST_F(RequestStreamTest, NulHidesTheEndOfAHeader) {
  stream_.Begin(0, 1);
  EXPECT_EQ(Take(std::string_view("$1\0\r\na\r\n", 8)), 8U);
  EXPECT_FALSE(stream_.done());
  EXPECT_EQ(error_, "");
}

TEST_F(RequestStreamTest, LargestBodyIsCountedWithoutOverflow) {
  limits_.max_bulk_bytes = std::numeric_limits<std::int64_t>::max();
  stream_.Begin(0, 1);
  Take("$9223372036854775807\r\nabc");
  EXPECT_EQ(error_, "");
  EXPECT_FALSE(stream_.done());
}

}  // namespace
}  // namespace herdgate::resp

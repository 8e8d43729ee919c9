#include "sidecar/resp/request_header.h"

#include <gtest/gtest.h>

#include <limits>
#include <string_view>

namespace herdgate::resp {
namespace {

TEST(RequestHeaderTest, StrictIntegersCoverSixtyFourBits) {
  std::int64_t value = 0;
  EXPECT_TRUE(ParseStrictInteger("9223372036854775807", value));
  EXPECT_EQ(value, std::numeric_limits<std::int64_t>::max());
  EXPECT_TRUE(ParseStrictInteger("-9223372036854775808", value));
  EXPECT_EQ(value, std::numeric_limits<std::int64_t>::min());
  EXPECT_TRUE(ParseStrictInteger("0", value));
  EXPECT_EQ(value, 0);
}

TEST(RequestHeaderTest, OtherSpellingsOfANumberAreRefused) {
  std::int64_t value = 0;
  for (const std::string_view text : {"", "-", "+1", "01", "00", "-0", "-01", " 1", "1 ", "1x", "0x1", "--1",
                                      "9223372036854775808", "-9223372036854775809", "99999999999999999999999"}) {
    EXPECT_FALSE(ParseStrictInteger(text, value)) << text;
  }
}

TEST(RequestHeaderTest, PlainHeaderIsTakenWhole) {
  std::int64_t value = 0;
  EXPECT_EQ(ReadPlainHeader("$3\r\nGET\r\n", '$', value), 4U);
  EXPECT_EQ(value, 3);
  EXPECT_EQ(ReadPlainHeader("*123456789\r\n", '*', value), 12U);
  EXPECT_EQ(value, 123'456'789);
  EXPECT_EQ(ReadPlainHeader("$0\r\n", '$', value), 4U);
  EXPECT_EQ(value, 0);
}

TEST(RequestHeaderTest, UncommonHeadersAreLeftToTheCarefulPath) {
  std::int64_t value = 0;
  for (const std::string_view bytes : {"", "$", "$3", "$3\r", "$33\r", "$01\r\n", "$-1\r\n", "$\r\n\r\n", "$3\n\r\n",
                                       "*3\r\n", "$1234567890\r\n", "$x\r\n"}) {
    EXPECT_EQ(ReadPlainHeader(bytes, '$', value), 0U) << bytes;
  }
}

}  // namespace
}  // namespace herdgate::resp

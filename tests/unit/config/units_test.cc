#include "sidecar/config/units.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace herdgate::config {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;

std::int64_t Duration(std::string_view text) {
  const auto result = ParseDuration(text, milliseconds(0), milliseconds::max());
  return result.ok() ? result.value().count() : -1;
}

std::uint64_t Bytes(std::string_view text) {
  const auto result = ParseBytes(text, 1, UINT64_MAX);
  return result.ok() ? result.value() : 0;
}

TEST(UnitsTest, DurationsAreReadExactly) {
  EXPECT_EQ(Duration("0ms"), 0);
  EXPECT_EQ(Duration("500ms"), 500);
  EXPECT_EQ(Duration("2s"), 2000);
  EXPECT_EQ(Duration("1.5s"), 1500);
  EXPECT_EQ(Duration("0.001s"), 1);
  EXPECT_EQ(Duration("1.50m"), 90000);
  EXPECT_EQ(Duration("24h"), 86400000);
}

TEST(UnitsTest, AmbiguousOrBrokenDurationsAreRefused) {
  for (const char* text : {"",
                           "2",
                           "s",
                           "2 s",
                           " 2s",
                           "2s ",
                           "-2s",
                           "+2s",
                           "2S",
                           "2sec",
                           "02s",
                           "1.s",
                           ".5s",
                           "1.5ms",
                           "0.0001s",
                           "1e3ms",
                           "2s500ms",
                           "99999999999999999999s",
                           "18446744073709551615h",
                           "1.0000000000s",
                           "2us",
                           "0x2s"}) {
    EXPECT_EQ(Duration(text), -1) << text;
  }
}

TEST(UnitsTest, SizesAreReadInPowersOf1024) {
  EXPECT_EQ(Bytes("65536"), 65536U);
  EXPECT_EQ(Bytes("1B"), 1U);
  EXPECT_EQ(Bytes("64KiB"), 65536U);
  EXPECT_EQ(Bytes("64MiB"), 64 * kMiB);
  EXPECT_EQ(Bytes("1GiB"), 1024 * kMiB);
  EXPECT_EQ(Bytes("1TiB"), 1024 * 1024 * kMiB);
}

TEST(UnitsTest, AmbiguousOrBrokenSizesAreRefused) {
  for (const char* text : {"", "MiB", "64MB", "64M", "64Mi", "64mb", "64mib", "1.5GiB", "-1", "010", "64 MiB", "1e6",
                           "16777216TiB", "99999999999999999999"}) {
    EXPECT_EQ(Bytes(text), 0U) << text;
  }
}

TEST(UnitsTest, CountsAreDecimalDigitsOnly) {
  EXPECT_EQ(ParseCount("0", 0, 9).value(), 0U);
  EXPECT_EQ(ParseCount("18446744073709551615", 0, UINT64_MAX).value(), UINT64_MAX);
  for (const char* text : {"", "-1", "+1", "01", "1_000", "1,000", "1.0", "0x1", "1 ", "yes", "18446744073709551616"}) {
    EXPECT_FALSE(ParseCount(text, 0, UINT64_MAX).ok()) << text;
  }
}

TEST(UnitsTest, SharesAreReadAsPartsAndAsPercentages) {
  EXPECT_EQ(ParseShare("0").value(), 0.0);
  EXPECT_EQ(ParseShare("0.25").value(), 0.25);
  EXPECT_EQ(ParseShare("1").value(), 1.0);
  EXPECT_EQ(ParseShare("1.0").value(), 1.0);
  EXPECT_EQ(ParseShare("0%").value(), 0.0);
  EXPECT_EQ(ParseShare("33.3%").value(), 0.333);
  EXPECT_EQ(ParseShare("100.00%").value(), 1.0);
  EXPECT_EQ(ParseShare("0.000000001").value(), 1e-9);
  for (const char* text : {"", "%", ".5", "0.", "00.1", "-0.1", "+0.1", "1.1", "101%", "100.1%", "1e-1", "0,1", "10 %",
                           "0.0000000001", "0.1x", "nan", "99999999999999999999%"}) {
    EXPECT_FALSE(ParseShare(text).ok()) << text;
  }
}

TEST(UnitsTest, FactorsAreGreaterThanZero) {
  EXPECT_EQ(ParseFactor("2", 10).value(), 2.0);
  EXPECT_EQ(ParseFactor("1.5", 10).value(), 1.5);
  EXPECT_EQ(ParseFactor("10.000", 10).value(), 10.0);
  EXPECT_EQ(ParseFactor("0.000000001", 10).value(), 1e-9);
  EXPECT_EQ(ParseFactor("100", 100).value(), 100.0);
  for (const char* text : {"", "0", "0.0", "-1", "+1", "10.1", "11", ".5", "1.", "01", "1e0", "0x1", "10%", "0,1", "1 ",
                           "inf", "0.0000000001", "99999999999999999999"}) {
    EXPECT_FALSE(ParseFactor(text, 10).ok()) << text;
  }
}

TEST(UnitsTest, BothEndsOfTheRangeBelongToIt) {
  EXPECT_TRUE(ParseDuration("10ms", milliseconds(10), milliseconds(60000)).ok());
  EXPECT_TRUE(ParseDuration("1m", milliseconds(10), milliseconds(60000)).ok());
  EXPECT_FALSE(ParseDuration("9ms", milliseconds(10), milliseconds(60000)).ok());
  EXPECT_FALSE(ParseDuration("60001ms", milliseconds(10), milliseconds(60000)).ok());
  EXPECT_TRUE(ParseBytes("1MiB", kMiB, 2 * kMiB).ok());
  EXPECT_TRUE(ParseBytes("2MiB", kMiB, 2 * kMiB).ok());
  EXPECT_FALSE(ParseBytes("1048575", kMiB, 2 * kMiB).ok());
  EXPECT_FALSE(ParseBytes("2097153", kMiB, 2 * kMiB).ok());
  EXPECT_TRUE(ParseCount("1", 1, 64).ok());
  EXPECT_TRUE(ParseCount("64", 1, 64).ok());
  EXPECT_FALSE(ParseCount("0", 1, 64).ok());
  EXPECT_FALSE(ParseCount("65", 1, 64).ok());
}

TEST(UnitsTest, ErrorsSayTheRangeAndNotTheText) {
  EXPECT_EQ(ParseDuration("s3cret", milliseconds(10), milliseconds(60000)).status().message(),
            "expected a duration from 10ms to 1m, with a unit: ms, s, m or h");
  EXPECT_EQ(ParseBytes("s3cret", kMiB, 1024 * kMiB).status().message(),
            "expected a size from 1MiB to 1GiB, in bytes or with a unit: KiB, MiB, GiB or TiB");
  EXPECT_EQ(ParseCount("s3cret", 1, 64).status().message(), "expected a whole number from 1 to 64");
}

TEST(UnitsTest, FormatsAreShortestAndReadBack) {
  EXPECT_EQ(FormatDuration(milliseconds(0)), "0ms");
  EXPECT_EQ(FormatDuration(milliseconds(1500)), "1500ms");
  EXPECT_EQ(FormatDuration(milliseconds(90000)), "90s");
  EXPECT_EQ(FormatDuration(milliseconds(7200000)), "2h");
  EXPECT_EQ(FormatBytes(0), "0B");
  EXPECT_EQ(FormatBytes(1000), "1000B");
  EXPECT_EQ(FormatBytes(64 * kMiB), "64MiB");
  for (const std::int64_t ms : {0, 1, 999, 1000, 60000, 3600001}) {
    EXPECT_EQ(Duration(FormatDuration(milliseconds(ms))), ms);
  }
  for (const std::uint64_t bytes : std::vector<std::uint64_t>{1, 1023, 1024, 1025, kMiB, UINT64_MAX}) {
    EXPECT_EQ(Bytes(FormatBytes(bytes)), bytes);
  }
}

}  // namespace
}  // namespace herdgate::config

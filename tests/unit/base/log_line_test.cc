#include "sidecar/base/log_line.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace herdgate::base {
namespace {

using std::chrono::milliseconds;

// 2026-11-21T00:00:00.000Z
constexpr WallTime kTime{milliseconds(1795219200000)};

std::string Line(LogFormat format, const std::vector<LogField>& fields) {
  return FormatLogLine(format, LogLevel::kInfo, kTime, "listener.started", fields);
}

std::string TextValue(std::string_view value) {
  const std::string line = Line(LogFormat::kText, {LogField("f", value)});
  return line.substr(line.find(" f=") + 3);
}

std::string JsonValue(std::string_view value) {
  const std::string line = Line(LogFormat::kJson, {LogField("f", value)});
  const std::size_t start = line.find("\"f\":") + 4;
  return line.substr(start, line.size() - start - 1);
}

TEST(LogLineTest, TextHasTimeLevelEventAndFields) {
  EXPECT_EQ(Line(LogFormat::kText, {LogField("address", "127.0.0.1:6380"), LogField("loops", 2)}),
            "2026-11-21T00:00:00.000Z INFO listener.started address=127.0.0.1:6380 loops=2");
}

TEST(LogLineTest, JsonHasTimeLevelEventAndFields) {
  EXPECT_EQ(Line(LogFormat::kJson, {LogField("address", "127.0.0.1:6380"), LogField("loops", -2)}),
            R"({"time":"2026-11-21T00:00:00.000Z","level":"info","event":"listener.started",)"
            R"("address":"127.0.0.1:6380","loops":-2})");
}

TEST(LogLineTest, TimeIsUtcWithMillisecondsAlsoBeforeTheEpoch) {
  EXPECT_EQ(FormatLogLine(LogFormat::kText, LogLevel::kWarn, WallTime(milliseconds(1709210096007)), "e", {}),
            "2024-02-29T12:34:56.007Z WARN e");
  EXPECT_EQ(FormatLogLine(LogFormat::kText, LogLevel::kError, WallTime(milliseconds(-1)), "e", {}),
            "1969-12-31T23:59:59.999Z ERROR e");
}

TEST(LogLineTest, EveryLevelHasItsName) {
  EXPECT_EQ(LogLevelName(LogLevel::kDebug), "debug");
  EXPECT_EQ(LogLevelName(LogLevel::kInfo), "info");
  EXPECT_EQ(LogLevelName(LogLevel::kWarn), "warn");
  EXPECT_EQ(LogLevelName(LogLevel::kError), "error");
}

TEST(LogLineTest, UnsignedNumbersKeepTheirFullRange) {
  EXPECT_NE(Line(LogFormat::kJson, {LogField("n", UINT64_MAX)}).find("\"n\":18446744073709551615}"), std::string::npos);
}

TEST(LogLineTest, TextQuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(TextValue("plain-1.2:3/x"), "plain-1.2:3/x");
  EXPECT_EQ(TextValue("h\xc3\xa9"), "h\xc3\xa9");
  EXPECT_EQ(TextValue(""), R"("")");
  EXPECT_EQ(TextValue("a b"), R"("a b")");
  EXPECT_EQ(TextValue("a=b"), R"("a=b")");
  EXPECT_EQ(TextValue("a\"b"), R"("a\"b")");
  EXPECT_EQ(TextValue("a\\b"), R"("a\\b")");
}

TEST(LogLineTest, ControlCharactersNeverReachTheLine) {
  EXPECT_EQ(TextValue("a\nb"), R"("a\nb")");
  EXPECT_EQ(JsonValue("a\r\n\tb"), R"("a\r\n\tb")");
  EXPECT_EQ(JsonValue(std::string_view("\0\x1b[2J\x7f", 6)), R"("\u0000\u001b[2J\u007f")");
  EXPECT_EQ(JsonValue("\xc2\x9b"), R"("\u009b")");
  EXPECT_EQ(TextValue("\xc2\x9b"), R"("\u009b")");
  EXPECT_EQ(JsonValue("\xc2\xa0"), "\"\xc2\xa0\"");
}

struct BadUtf8Case {
  const char* what;
  std::string bytes;
  const char* text;
};

class LogLineBadUtf8Test : public ::testing::TestWithParam<BadUtf8Case> {};

TEST_P(LogLineBadUtf8Test, IsEscapedByteByByte) {
  const std::string text = GetParam().text;
  EXPECT_EQ(TextValue(GetParam().bytes), "\"" + text + "\"") << GetParam().what;
  std::string json;
  for (const char c : text) json += c == '\\' ? std::string("\\\\") : std::string(1, c);
  EXPECT_EQ(JsonValue(GetParam().bytes), "\"" + json + "\"") << GetParam().what;
}

INSTANTIATE_TEST_SUITE_P(All, LogLineBadUtf8Test,
                         ::testing::Values(BadUtf8Case{"lone lead at the end", "a\xc3", R"(a\xc3)"},
                                           BadUtf8Case{"lone continuation", "\x80z", R"(\x80z)"},
                                           BadUtf8Case{"overlong slash", "\xc0\xaf", R"(\xc0\xaf)"},
                                           BadUtf8Case{"overlong three bytes", "\xe0\x9f\xbf", R"(\xe0\x9f\xbf)"},
                                           BadUtf8Case{"surrogate", "\xed\xa0\x80", R"(\xed\xa0\x80)"},
                                           BadUtf8Case{"overlong four bytes", "\xf0\x8f\xbf\xbf",
                                                       R"(\xf0\x8f\xbf\xbf)"},
                                           BadUtf8Case{"above U+10FFFF", "\xf4\x90\x80\x80", R"(\xf4\x90\x80\x80)"},
                                           BadUtf8Case{"never a lead", "\xff\xfe", R"(\xff\xfe)"},
                                           BadUtf8Case{"broken third byte", "\xe2\x82z", R"(\xe2\x82z)"}));

TEST(LogLineTest, AllSingleBytesGiveOnePrintableLine) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string value(1, static_cast<char>(byte));
    for (const LogFormat format : {LogFormat::kText, LogFormat::kJson}) {
      for (const char c : Line(format, {LogField("f", value)})) {
        EXPECT_TRUE(c >= 0x20 && c < 0x7f) << "byte " << byte;
      }
    }
  }
}

}  // namespace
}  // namespace herdgate::base

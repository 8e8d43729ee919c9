#include "sidecar/app/ctl/shown_text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>

namespace herdgate::app {
namespace {

constexpr Charset kUtf8 = Charset::kUtf8;

bool IsHarmless(std::string_view text) {
  for (const char c : text) {
    if ((c >= 0 && c < ' ') || c == 0x7f) return false;
  }
  // C1 controls as UTF-8.
  for (std::size_t at = 0; at + 1 < text.size(); ++at) {
    if (text[at] == '\xc2' && static_cast<unsigned char>(text[at + 1]) < 0xa0) return false;
  }
  return true;
}

TEST(ShownTextTest, KeysAreShownAsTheWebUiShowsThem) {
  EXPECT_EQ(ShowKey("user:42 x", kUtf8), "user:42 x");
  EXPECT_EQ(ShowKey(std::string("a\0\xff", 3), kUtf8), R"(a\x00\xff)");
  EXPECT_EQ(ShowKey("a\\b\n\r\t", kUtf8), R"(a\\b\n\r\t)");
  EXPECT_EQ(ShowKey("na\u00efve \u4e2d", kUtf8), "na\u00efve \u4e2d");
  EXPECT_EQ(ShowKey("\u202euser\u00a0\u200b\ufeff", kUtf8), R"(\xe2\x80\xaeuser\xc2\xa0\xe2\x80\x8b\xef\xbb\xbf)");
}

TEST(ShownTextTest, EscapeSequencesOfATerminalComeOutAsText) {
  EXPECT_EQ(ShowKey("\x1b[2J\x1b]0;t\x07\x7f", kUtf8), R"(\x1b[2J\x1b]0;t\x07\x7f)");
  EXPECT_EQ(ShowKey("\xc2\x9b"
                    "31m",
                    kUtf8),
            R"(\xc2\x9b31m)");
  EXPECT_EQ(ShowKey("\x9b", kUtf8), R"(\x9b)");
}

TEST(ShownTextTest, WhatIsNotAsciiIsEscapedForATerminalOfEightBits) {
  EXPECT_EQ(ShowKey("\u00db", Charset::kAscii), R"(\xc3\x9b)");
  EXPECT_EQ(ShowText("caf\u00e9", Charset::kAscii), R"(caf\xc3\xa9)");
}

TEST(ShownTextTest, OtherTextKeepsItsBackslashes) {
  EXPECT_EQ(ShowText("user:\\*\x1b", kUtf8), R"(user:\*\x1b)");
}

TEST(ShownTextTest, AnyBytesAreHarmlessAndComeBackAsTheyWere) {
  std::mt19937 random(7);
  for (int round = 0; round < 5000; ++round) {
    std::string bytes;
    for (auto i = random() % 12; i > 0; --i) {
      // Often what begins or goes on in UTF-8, escapes and backslashes.
      constexpr std::string_view kLikely = "\xe2\x80\xae\xc2\x9b\\x1b\x1b[n\xf0\x9f\x98\x80";
      bytes += random() % 2 == 0 ? static_cast<char>(random() % 256) : kLikely[random() % kLikely.size()];
    }
    for (const Charset charset : {kUtf8, Charset::kAscii}) {
      const std::string shown = ShowKey(bytes, charset);
      EXPECT_TRUE(IsHarmless(shown));
      EXPECT_EQ(ParseKey(shown), bytes) << shown;
      EXPECT_TRUE(IsHarmless(ShowText(bytes, charset)));
    }
  }
}

TEST(ShownTextTest, ATypedEscapeThatIsNoneIsNoKey) {
  EXPECT_EQ(ParseKey(R"(a\x00\n\\)"), std::string("a\0\n\\", 4));
  EXPECT_EQ(ParseKey(R"(\xFF)"), "\xff");
  for (const char* const typed : {"a\\", "\\q", "\\x", "\\x1", "\\xzz", "\\x1g"}) {
    EXPECT_EQ(ParseKey(typed), std::nullopt) << typed;
  }
}

TEST(ShownTextTest, JsonSaysTheSameWithoutInvisibleCharacters) {
  const std::string json = "{\n \"k\": \"\xc2\x9b \u202e\U000e0001 caf\u00e9 \x7f\"}";
  const std::string shown = ShowJson(json);
  EXPECT_EQ(shown, "{\n \"k\": \"\\u009b \\u202e\\udb40\\udc01 caf\u00e9 \\u007f\"}");
  EXPECT_EQ(nlohmann::json::parse(shown), nlohmann::json::parse(json));
  EXPECT_EQ(ShowJson("\x1b[2J\xff"), " [2J?");
}

TEST(ShownTextTest, ColumnsCountWideCharactersTwiceAndMarksNot) {
  EXPECT_EQ(Columns("abc"), 3U);
  EXPECT_EQ(Columns("\u4e2d\u6587"), 4U);
  EXPECT_EQ(Columns("e\u0301"), 1U);
}

TEST(ShownTextTest, CutsInTheMiddleAndNeverInAnEscape) {
  EXPECT_EQ(CutMiddle("abcdef", 6, "."), "abcdef");
  EXPECT_EQ(CutMiddle("abcdefgh", 5, "."), "ab.gh");
  EXPECT_EQ(CutMiddle(R"(ab\x00\x01\x02yz)", 11, "."), R"(ab\x00.yz)");
  EXPECT_EQ(CutMiddle("abcdef", 2, "..."), "ab");
  for (std::size_t most = 1; most < 20; ++most) {
    const std::string cut = CutMiddle(R"(\x00\x01ab\\\x02)", most, "...");
    EXPECT_LE(Columns(cut), most);
    EXPECT_NE(ParseKey(cut), std::nullopt) << cut;
  }
}

}  // namespace
}  // namespace herdgate::app

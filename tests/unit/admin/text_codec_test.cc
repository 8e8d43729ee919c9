#include "sidecar/admin/text_codec.h"

#include <gtest/gtest.h>

#include <string>

namespace herdgate::admin {
namespace {

TEST(TextCodecTest, PlainTextIsUtf8WithoutControls) {
  for (const char* text : {"", "user:42", "gr\xc3\xbc\xc3\x9f", "\xe2\x82\xac", "\xf0\x9f\x98\x80"}) {
    EXPECT_TRUE(IsPlainText(text)) << text;
  }
  for (const char* text : {"a\nb", "\x01", "\x7f", "\x80", "\xc0\x80", "\xc3", "\xed\xa0\x80", "\xe0\x80\x80",
                           "\xf0\x80\x80\x80", "\xf5\x80\x80\x80", "\xf4\x90\x80\x80"}) {
    EXPECT_FALSE(IsPlainText(text)) << text;
  }
}

TEST(TextCodecTest, Base64IsThatOfTheRfc) {
  const std::pair<const char*, const char*> cases[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : cases) {
    EXPECT_EQ(Base64(bytes), text);
    EXPECT_EQ(FromBase64(text), bytes);
  }
  for (const char* text : {"Zg", "Zg=", "Z===", "Zm9v!A==", "Zm9\n"}) EXPECT_FALSE(FromBase64(text)) << text;
}

TEST(TextCodecTest, EveryByteSurvivesBase64) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    bytes += static_cast<char>(i);
    EXPECT_EQ(FromBase64(Base64(bytes)), bytes);
  }
}

TEST(TextCodecTest, Sha256IsThatOfTheStandard) {
  const std::string digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  EXPECT_EQ(Hex(Sha256("abc")), digest);
  EXPECT_TRUE(SameDigest(*DigestFromHex(digest), Sha256("abc")));
  EXPECT_FALSE(SameDigest(*DigestFromHex(digest), Sha256("abd")));
  EXPECT_FALSE(DigestFromHex(digest.substr(1)));
  EXPECT_FALSE(DigestFromHex("BA" + digest.substr(2)));
}

TEST(TextCodecTest, TokensAreLongAndNeverTheSame) {
  const auto one = RandomToken();
  const auto other = RandomToken();
  ASSERT_TRUE(one && other);
  EXPECT_EQ(one->size(), 3U + 43U);
  EXPECT_TRUE(one->starts_with("hg_"));
  EXPECT_NE(*one, *other);
}

}  // namespace
}  // namespace herdgate::admin

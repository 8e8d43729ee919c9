#include "sidecar/resp/inline_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace herdgate::resp {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> Split(std::string_view line) {
  std::vector<std::string> words;
  EXPECT_TRUE(SplitInline(line, words)) << line;
  return words;
}

bool IsUnbalanced(std::string_view line) {
  std::vector<std::string> words;
  return !SplitInline(line, words);
}

TEST(InlineRequestTest, WordsAreSeparatedByWhiteSpace) {
  EXPECT_THAT(Split("a  b\tc\rd "), ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(Split(" \v\f"), IsEmpty());
}

TEST(InlineRequestTest, VerticalTabAndFormFeedStayInAWord) {
  EXPECT_THAT(Split("\va\vb\fc"), ElementsAre("a\vb\fc"));
}

TEST(InlineRequestTest, DoubleQuotesHaveEscapes) {
  EXPECT_THAT(Split(R"("a b" "\n\r\t\b\a\\\"\q")"), ElementsAre("a b", "\n\r\t\b\a\\\"q"));
  EXPECT_THAT(Split(R"("\x41\xfF" "\x4" "\xg1")"), ElementsAre("A\xff", "x4", "xg1"));
  EXPECT_THAT(Split(R"("")"), ElementsAre(""));
}

TEST(InlineRequestTest, SingleQuotesEscapeOnlyThemselves) {
  EXPECT_THAT(Split(R"('a\'b\n"')"), ElementsAre(R"(a'b\n")"));
}

TEST(InlineRequestTest, QuotesMayOpenInsideAWord) {
  EXPECT_THAT(Split(R"(a"b c" d)"), ElementsAre("ab c", "d"));
}

TEST(InlineRequestTest, ClosingQuoteEndsTheWord) {
  EXPECT_TRUE(IsUnbalanced(R"("a"b)"));
  EXPECT_TRUE(IsUnbalanced(R"('a'b)"));
  EXPECT_TRUE(IsUnbalanced(R"("a""b")"));
}

TEST(InlineRequestTest, OpenQuotesAreUnbalanced) {
  EXPECT_TRUE(IsUnbalanced("\"a"));
  EXPECT_TRUE(IsUnbalanced("'a"));
  EXPECT_TRUE(IsUnbalanced("\"a\\"));
  EXPECT_TRUE(IsUnbalanced("'a\\'"));
}

}  // namespace
}  // namespace herdgate::resp

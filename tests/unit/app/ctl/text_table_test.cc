#include "sidecar/app/ctl/text_table.h"

#include <gtest/gtest.h>

#include "sidecar/app/ctl/facts_list.h"

namespace herdgate::app {
namespace {

Style Wide(std::size_t width) {
  Style style;
  style.charset = Charset::kUtf8;
  style.width = width;
  return style;
}

TextTable Example() {
  TextTable table({{"RATE", true, false, 0}, {"POLICY", false, false, 1}, {"KEY", false, true, 0}});
  table.Add({{"4,210/s"}, {"user"}, {"user:a-very-long-name-of-a-key:42"}});
  table.Add({{"1/s"}, {"p"}, {"k"}});
  return table;
}

TEST(TextTableTest, AlignsColumnsAndLeavesNoTrailingSpace) {
  EXPECT_EQ(Example().Lines(Wide(80)),
            (std::vector<std::string>{"   RATE  POLICY  KEY", "4,210/s  user    user:a-very-long-name-of-a-key:42",
                                      "    1/s  p       k"}));
}

TEST(TextTableTest, CutsTheFlexibleColumnInItsMiddle) {
  EXPECT_EQ(Example().Lines(Wide(32))[1], "4,210/s  user    user:a-\u2026-key:42");
}

TEST(TextTableTest, LeavesOutTheColumnThatMattersLeast) {
  EXPECT_EQ(Example().Lines(Wide(24))[1], "4,210/s  user:a-\u2026-key:42");
}

TEST(TextTableTest, NoLineIsWiderThanTheTerminal) {
  for (std::size_t width = Style::kLeastWidth; width < 90; ++width) {
    for (const std::string& line : Example().Lines(Wide(width))) EXPECT_LE(Columns(line), width) << line;
  }
}

TEST(TextTableTest, ColoursAreAroundTheTextAndNotCounted) {
  TextTable table({{"A", false, false, 0}, {"B", false, false, 0}});
  table.Add({{Tone::kBad, "xx"}, {"y"}});
  Style style = Wide(80);
  EXPECT_EQ(table.Lines(style)[1], "xx  y");
  style.colour = true;
  EXPECT_EQ(table.Lines(style)[1], "\x1b[1;31mxx\x1b[0m  y");
}

TEST(FactsListTest, WrapsPiecesAndLongTextsAtSpaces) {
  FactsList facts(Wide(31));
  facts.Add("upstream", {{"redis://redis:6379"}, {"connected"}, {""}, {"a long sentence that does not fit"}});
  facts.Add("empty", {{""}});
  EXPECT_EQ(facts.Take(), (std::vector<std::string>{"upstream   redis://redis:6379", "           connected",
                                                    "           a long sentence that", "           does not fit"}));
}

}  // namespace
}  // namespace herdgate::app

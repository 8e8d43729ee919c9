// The rules for tags, as a file gives them.
#include <gtest/gtest.h>

#include <string>

#include "sidecar/config/diff.h"
#include "tests/unit/config/policy_text.h"

namespace herdgate::config {
namespace {

constexpr const char* kExample = "it is like tags: [{match: \"user:([0-9]+):.*\", tag: \"tenant:{1}\"}]\n";

std::string Tags(const std::string& rules) {
  return "version: {generation: true}, tags: " + rules;
}

// The problem behind its place.
std::string Problem(const std::string& rules) {
  const std::string text = Problems(With(Tags(rules)));
  const auto at = text.find("policy 'p': ");
  return at == std::string::npos ? text : text.substr(at + std::string("policy 'p': ").size());
}

TEST(PolicyTagsTest, RulesAreReadInTheirOrder) {
  const policy::Policy policy = Only(Tags("[{match: 'p:([0-9]+):.*', tag: 'tenant:{1}'}, {tag: all, match: '.*'}]"));
  EXPECT_EQ(policy.tags, (std::vector<policy::TagRule>{{"p:([0-9]+):.*", "tenant:{1}"}, {".*", "all"}}));
  EXPECT_TRUE(policy.tagged());
  EXPECT_TRUE(Only("mode: enforce").tags.empty());
}

TEST(PolicyTagsTest, EveryMistakeIsExplainedInALine) {
  const std::string example = "expected a list, like tags: [{match: \"user:([0-9]+):.*\", tag: \"tenant:{1}\"}]\n";
  EXPECT_EQ(Problem("'tenant:{1}'"), "tags: " + example);
  EXPECT_EQ(Problem("[]"), "tags: the list is empty; give a rule, or leave the key out\n");
  EXPECT_EQ(Problem("[all]"),
            "tags: expected a rule, like tags: [{match: \"user:([0-9]+):.*\", tag: \"tenant:{1}\"}]\n");
  EXPECT_EQ(Problem("[{match: 'p:*('}]"), "tags: a rule without 'tag'; " + std::string(kExample));
  EXPECT_EQ(Problem("[{tag: all}]"), "tags: a rule without 'match'; " + std::string(kExample));
  EXPECT_EQ(Problem("[{match: 'p', tag: a, key: b}]"), "tags: a rule has 'match' and 'tag' and nothing else\n");
  EXPECT_EQ(Problem("[{match: [p], tag: a}]"), "tags.match: expected a text\n");
  EXPECT_EQ(Problem("[{match: 'p:(', tag: a}]"),
            "tags.match: not a regular expression: the parentheses do not match\n");
  EXPECT_EQ(Problem("[{match: 'p:(.*)', tag: 'a:{2}'}]"),
            "tags.tag: there is no group {2}: 'match' has 1, each in parentheses\n");
  const std::string one = "{match: p, tag: a}";
  std::string nine = one;
  for (int i = 1; i < 9; ++i) nine += ", " + one;
  EXPECT_EQ(Problem("[" + nine + "]"), "tags: more than 8 rules; merge some, with '|' in the expression\n");
}

TEST(PolicyTagsTest, AMistakeStandsWhereItWasMade) {
  EXPECT_EQ(Problems("policies:\n- {name: p, match: 'p:*', version: {generation: true}, tags: [\n"
                     "   {match: 'p:.*', tag: a},\n   {match: 'p:(', tag: a}]}"),
            "c:4:12: policy 'p': tags.match: not a regular expression: the parentheses do not match\n");
}

TEST(PolicyTagsTest, TheyArePartOfTheHash) {
  const auto hash = [](const std::string& rules) {
    return HashOptions(LoadText(With(rules.empty() ? "version: {generation: true}" : Tags(rules)), "c").options);
  };
  EXPECT_NE(hash(""), hash("[{match: a, tag: b}]"));
  EXPECT_NE(hash("[{match: a, tag: b}]"), hash("[{match: a, tag: c}]"));
  EXPECT_NE(hash("[{match: a, tag: b}]"), hash("[{match: a, tag: b}, {match: a, tag: b}]"));
}

}  // namespace
}  // namespace herdgate::config

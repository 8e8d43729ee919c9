#include "sidecar/command/keys.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "sidecar/command/table.h"

namespace herdgate::command {
namespace {

std::vector<std::string_view> Split(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const size_t space = line.find(' ');
    words.push_back(line.substr(0, space));
    line = space == std::string_view::npos ? std::string_view() : line.substr(space + 1);
  }
  for (std::string_view& word : words) {
    if (word == "\"\"") word = {};
  }
  return words;
}

// "2:write ..." for each key: the index and what happens to it.
std::string KeysOf(std::string_view request) {
  const std::vector<std::string_view> args = Split(request);
  std::string keys;
  ForEachKey(*BuiltIn().Resolve(args), args, [&keys](size_t index, KeyAccess access) {
    constexpr std::string_view kLetters = "RUOD";
    keys += (keys.empty() ? "" : " ") + std::to_string(index) + kLetters[static_cast<size_t>(access)];
  });
  return keys;
}

struct KeyCase {
  std::string_view request;
  std::string_view keys;  // index and R(ead) U(pdate) O(verwrite) D(elete)
};

class KeysTest : public testing::TestWithParam<KeyCase> {};

TEST_P(KeysTest, AreFoundWhereRedisFindsThem) {
  EXPECT_EQ(KeysOf(GetParam().request), GetParam().keys);
}

INSTANTIATE_TEST_SUITE_P(Ranges, KeysTest,
                         testing::Values(KeyCase{"get a", "1R"}, KeyCase{"mget a b c", "1R 2R 3R"},
                                         KeyCase{"mset a 1 b 2", "1O 3O"}, KeyCase{"mset a 1 b", "1O 3O"},
                                         KeyCase{"del a b", "1D 2D"}, KeyCase{"blpop a b 0", "1U 2U"},
                                         KeyCase{"rename a b", "1U 2O"}, KeyCase{"object encoding a", "2R"},
                                         KeyCase{"bitop and d a b", "2O 3R 4R"}, KeyCase{"xgroup create s g $", "2U"},
                                         KeyCase{"lcs a b", "1R 2R"}, KeyCase{"pfmerge a", ""}, KeyCase{"ping", ""},
                                         KeyCase{"publish c m", ""}, KeyCase{"ssubscribe c", ""}, KeyCase{"get", ""},
                                         KeyCase{"nosuch a", ""}, KeyCase{"client nosuch a", ""}));

INSTANTIATE_TEST_SUITE_P(Counted, KeysTest,
                         testing::Values(KeyCase{"eval s 2 a b c", "3U 4U"}, KeyCase{"eval s 0 a", ""},
                                         KeyCase{"eval s 3 a b", ""}, KeyCase{"eval s x a", ""},
                                         KeyCase{"eval s -1 a", ""}, KeyCase{"eval s 01 a", "3U"},
                                         KeyCase{"eval s 99999999999999999999 a", ""},
                                         KeyCase{"zunionstore d 2 a b weights 1 2", "1O 3R 4R"},
                                         KeyCase{"zunionstore d 5 a", ""}, KeyCase{"sintercard 1 a limit 1", "2R"},
                                         KeyCase{"lmpop 2 a b left", "2U 3U"}, KeyCase{"bzmpop 0 1 a min", "3U"},
                                         KeyCase{"fcall f 1 a", "3U"}));

INSTANTIATE_TEST_SUITE_P(Keywords, KeysTest,
                         testing::Values(KeyCase{"xread streams a b 0 0", "2R 3R"},
                                         KeyCase{"xread block 0 count 2 STREAMS a $", "6R"},
                                         KeyCase{"xread count 2 foo a", ""}, KeyCase{"xread streams a b c", "2R"},
                                         KeyCase{"xreadgroup group streams c streams k >", "5R"},
                                         KeyCase{"georadius k 1 2 3 m store d", "1R 7O"},
                                         KeyCase{"georadius k 1 2 3 m storedist d", "1R 7O"},
                                         KeyCase{"georadius k 1 2 3 m store", "1R"},
                                         KeyCase{"georadius k 1 2 3 store store x", "1R 7O"},
                                         KeyCase{"georadius k 1 2 3 m storedist a store b", "1R 9O 7O"},
                                         KeyCase{"georadiusbymember k m 3 m store d", "1R 6O"}));

INSTANTIATE_TEST_SUITE_P(Searched, KeysTest,
                         testing::Values(KeyCase{"sort k", "1R"}, KeyCase{"sort k by w_* get # store d", "1R 7O"},
                                         KeyCase{"sort k limit store 1 store d", "1R 6O"},
                                         KeyCase{"sort k store a store b", "1R 5O"}, KeyCase{"sort k store", "1R"},
                                         KeyCase{"sort_ro k", "1R"}, KeyCase{"migrate h 1 k 0 1", "3U"},
                                         KeyCase{"migrate h 1 \"\" 0 1 copy keys a b", "8U 9U"},
                                         KeyCase{"migrate h 1 k 0 1 keys a b", ""},
                                         KeyCase{"migrate h 1 \"\" 0 1 auth keys keys a", "9U"},
                                         KeyCase{"migrate h 1 \"\" 0 1 auth2 keys x keys q w", "10U 11U"},
                                         KeyCase{"migrate h 1 \"\" 0 1 auth2 x keys keys q", "10U"}));

TEST(KeysTest, TenThousandKeysAreOneRange) {
  std::vector<std::string_view> args(10'001, "k");
  args[0] = "mget";
  const KeyRanges keys = FindKeys(*BuiltIn().Resolve(args), args);
  ASSERT_EQ(keys.size(), 1u);
  EXPECT_EQ(keys.key_count(), 10'000u);
  EXPECT_EQ(FirstKey(*BuiltIn().Resolve(args), args), 1u);
}

TEST(KeysTest, CommandsSaidToHaveOneKeyHaveNoOtherAndItIsTheFirstArgument) {
  std::size_t said = 0;
  for (const CommandSpec& spec : BuiltIn().specs()) {
    for (const size_t count : {size_t{1}, size_t{2}, size_t{3}, size_t{7}}) {
      const std::vector<std::string_view> args(count, "1");
      const KeyRanges keys = FindKeys(spec, args);
      const bool first_only = keys.size() == 1 && keys.begin()->first == 1 && keys.begin()->last == 1;
      if (spec.keys.first_argument_only()) {
        EXPECT_EQ(first_only, count > 1) << spec.name << " " << count;
      }
      size_t visited = 0;
      ForEachKey(spec, args, [&visited](size_t, KeyAccess) { ++visited; });
      EXPECT_EQ(visited, keys.key_count()) << spec.name << " " << count;
    }
    said += spec.keys.first_argument_only() ? 1 : 0;
  }
  EXPECT_TRUE(BuiltIn().FindFull("get")->keys.first_argument_only());
  EXPECT_FALSE(BuiltIn().FindFull("del")->keys.first_argument_only());
  EXPECT_FALSE(BuiltIn().FindFull("sort_ro")->keys.first_argument_only());
  EXPECT_GT(said, 100u);
}

TEST(KeysTest, OnlyBlockingCallsMayBlock) {
  const auto may_block = [](std::string_view request) {
    const std::vector<std::string_view> args = Split(request);
    return MayBlock(*BuiltIn().Resolve(args), args);
  };
  EXPECT_TRUE(may_block("blpop a 0"));
  EXPECT_TRUE(may_block("xread block 0 streams a $"));
  EXPECT_TRUE(may_block("xread count 1 BLOCK 5 streams a $"));
  EXPECT_TRUE(may_block("xreadgroup group g c block 5 streams a >"));
  EXPECT_FALSE(may_block("xread count 1 streams block $"));
  EXPECT_FALSE(may_block("xreadgroup group block block streams a >"));
  EXPECT_FALSE(may_block("lpop a"));
}

}  // namespace
}  // namespace herdgate::command

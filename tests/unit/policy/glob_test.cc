#include "sidecar/policy/glob.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/base/random.h"
#include "tests/unit/command/real_redis.h"

namespace herdgate::policy {
namespace {

// The meaning of a glob, by trying everything. Only for short ones.
class NaiveGlob {
 public:
  static bool Matches(std::string_view glob, std::string_view text) {
    // Redis looks at the pattern only while there is text.
    return text.empty() ? glob.empty() : Tail(glob, text);
  }

 private:
  static bool Tail(std::string_view glob, std::string_view text) {
    if (glob.empty()) return text.empty();
    if (glob[0] == '*') return Tail(glob.substr(1), text) || (!text.empty() && Tail(glob, text.substr(1)));
    if (text.empty()) return false;
    const auto [matches, size] = Token(glob, text[0]);
    return matches && Tail(glob.substr(size), text.substr(1));
  }

  struct TokenResult {
    bool matches;
    std::size_t size;
  };
  static TokenResult Token(std::string_view glob, char c) {
    if (glob[0] == '?') return {true, 1};
    if (glob[0] == '\\' && glob.size() > 1) return {glob[1] == c, 2};
    if (glob[0] != '[') return {glob[0] == c, 1};
    std::size_t at = 1;
    const bool negated = at < glob.size() && glob[at] == '^';
    if (negated) ++at;
    bool found = false;
    while (at < glob.size() && glob[at] != ']') {
      const std::string_view rest = glob.substr(at);
      if (rest[0] == '\\' && rest.size() >= 2) {
        found = found || rest[1] == c;
        at += 2;
      } else if (rest.size() >= 3 && rest[1] == '-') {
        const auto [low, high] = std::minmax({static_cast<signed char>(rest[0]), static_cast<signed char>(rest[2])});
        found = found || (low <= static_cast<signed char>(c) && static_cast<signed char>(c) <= high);
        at += 3;
      } else {
        found = found || rest[0] == c;
        ++at;
      }
    }
    return {found != negated, std::min(at + 1, glob.size())};
  }
};

struct Case {
  std::string_view glob;
  std::string_view text;
  bool matches;
};

TEST(GlobTest, MatchesAsRedisDoes) {
  constexpr Case kCases[] = {
      {"", "", true},
      {"", "a", false},
      {"*", "", false},
      {"a*", "a", true},
      {"a**", "a", true},
      {"*", "a", true},
      {"**", "anything", true},
      {"user:*", "user:", true},
      {"user:*", "user:1", true},
      {"user:*", "user", false},
      {"*:1", "a:b:1", true},
      {"a*b*c", "a_b_b_c", true},
      {"a*b*c", "a_c_b", false},
      {"h?llo", "hello", true},
      {"h?llo", "hllo", false},
      {"h[ae]llo", "hallo", true},
      {"h[ae]llo", "hillo", false},
      {"h[^e]llo", "hallo", true},
      {"h[^e]llo", "hello", false},
      {"h[a-c]llo", "hbllo", true},
      {"h[c-a]llo", "hbllo", true},
      {"h[a-c]llo", "hdllo", false},
      {"[a\\-c]", "b", false},
      {"[a\\-c]", "-", true},
      {"[\\]]", "]", true},
      {"[]]", "]", false},
      {"[]", "a", false},
      {"[^]", "a", true},
      {"[^", "a", true},
      {"[", "a", false},
      {"[a", "a", true},
      {"[a-]", "-", false},  // the range ends with ']', and the class is open
      {"[a-]", "a", true},
      {"[\\", "\\", true},
      {"\\*", "*", true},
      {"\\*", "a", false},
      {"a\\", "a\\", true},
      {"\\a", "a", true},
      {std::string_view("a\0b", 3), std::string_view("a\0b", 3), true},
      {std::string_view("a\0*", 3), std::string_view("a\0bc", 4), true},
      {"[\x80-\xff]", "\xc0", true},
      {"[a-\xff]", "b", false},  // plain char is signed: 0xff is below 'a'
      {"A", "a", false},
  };
  for (const Case& row : kCases) {
    EXPECT_EQ(GlobMatches(row.glob, row.text), row.matches) << row.glob << " " << row.text;
    EXPECT_EQ(NaiveGlob::Matches(row.glob, row.text), row.matches) << row.glob << " " << row.text;
  }
}

std::string RandomText(base::Random& random, std::string_view letters, std::uint64_t most) {
  std::string text;
  for (std::uint64_t i = random.Below(most + 1); i > 0; --i) text += letters[random.Below(letters.size())];
  return text;
}

TEST(GlobTest, AgreesWithTheDefinition) {
  base::Random random(20261121);
  int matched = 0;
  for (int i = 0; i < 300'000; ++i) {
    const std::string glob = RandomText(random, "ab*?[]^-\\", 8);
    const std::string text = RandomText(random, "ab-]\\*", 6);
    const bool matches = GlobMatches(glob, text);
    ASSERT_EQ(matches, NaiveGlob::Matches(glob, text)) << glob << " on " << text;
    matched += matches ? 1 : 0;
  }
  EXPECT_GT(matched, 10'000);
}

TEST(GlobTest, AgreesWithARealServer) {
  command::RealRedis redis;
  if (!redis.available()) GTEST_SKIP() << "no redis-server";
  base::Random random(7);
  std::vector<std::string> keys;
  for (int i = 0; i < 200; ++i) {
    std::string key = RandomText(random, "ab-]\\*\xc0", 5);
    if (key.empty() || std::ranges::find(keys, key) != keys.end()) continue;
    redis.Call({"SET", key, "v"});
    keys.push_back(std::move(key));
  }
  for (int i = 0; i < 3'000; ++i) {
    const std::string glob = RandomText(random, "ab*?[]^-\\\xc0", 7);
    std::vector<std::string> listed;
    const std::string reply = redis.Call({"KEYS", glob});
    const auto parsed = resp::ParseReply(reply);
    ASSERT_TRUE(parsed.ok());
    for (const resp::Reply& key : parsed.value().reply.elements) listed.emplace_back(key.text);
    std::ranges::sort(listed);
    std::vector<std::string> matched;
    for (const std::string& key : keys) {
      if (GlobMatches(glob, key)) matched.push_back(key);
    }
    std::ranges::sort(matched);
    ASSERT_EQ(matched, listed) << glob;
  }
}

TEST(GlobTest, ManyStarsTakeLinearTimeEach) {
  std::string glob;
  for (int i = 0; i < 500; ++i) glob += "*a";
  glob += "b";
  EXPECT_FALSE(GlobMatches(glob, std::string(20'000, 'a')));
  EXPECT_TRUE(GlobMatches(glob, std::string(20'000, 'a') + "b"));
}

TEST(GlobTest, TheLiteralPrefixIsUnescaped) {
  EXPECT_EQ(LiteralPrefix("user:*"), "user:");
  EXPECT_EQ(LiteralPrefix("user:[0-9]"), "user:");
  EXPECT_EQ(LiteralPrefix("user:?"), "user:");
  EXPECT_EQ(LiteralPrefix("us\\*er\\:*"), "us*er:");
  EXPECT_EQ(LiteralPrefix("user"), "user");
  EXPECT_EQ(LiteralPrefix("user\\"), "user\\");
  EXPECT_EQ(LiteralPrefix("a\\\\*"), "a\\");
  EXPECT_EQ(LiteralPrefix("*"), "");
  EXPECT_EQ(LiteralPrefix(""), "");
  EXPECT_EQ(LiteralPrefix("]^-*"), "]^-");
}

TEST(GlobTest, OnlyAStarAtTheEndMakesAPrefixGlob) {
  for (const char* glob : {"*", "**", "user:*", "user:**", "us\\[er*"}) EXPECT_TRUE(IsPrefixGlob(glob)) << glob;
  for (const char* glob : {"", "user", "user:*a", "u*:*", "user:?*", "user\\*", "[a]*"}) {
    EXPECT_FALSE(IsPrefixGlob(glob)) << glob;
  }
}

TEST(GlobTest, AnEscapedTextMatchesOnlyItself) {
  base::Random random(3);
  for (int i = 0; i < 20'000; ++i) {
    const std::string text = RandomText(random, "ab*?[]^-\\", 6);
    const std::string other = RandomText(random, "ab*?[]^-\\", 6);
    ASSERT_TRUE(GlobMatches(EscapeGlob(text), text)) << text;
    ASSERT_EQ(GlobMatches(EscapeGlob(text), other), text == other) << text << " " << other;
    ASSERT_EQ(LiteralPrefix(EscapeGlob(text)), text);
  }
}

}  // namespace
}  // namespace herdgate::policy

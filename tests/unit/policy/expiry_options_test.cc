#include "sidecar/policy/expiry_options.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/unit/policy/judge_fixture.h"

namespace herdgate::policy {
namespace {

using Kind = ExpiryOptions::Kind;

template <typename Read>
auto ReadLine(Read read, std::string_view line) {
  const std::vector<std::string> words = Words(line);
  const std::vector<std::string_view> args(words.begin(), words.end());
  return read(args);
}
ExpiryOptions Set(std::string_view line) {
  return ReadLine([](const auto& args) { return ReadSetOptions(args); }, line);
}
ExpiryOptions Getex(std::string_view line) {
  return ReadLine([](const auto& args) { return ReadGetexOptions(args); }, line);
}
ExpireFlags Expire(std::string_view line) {
  return ReadLine([](const auto& args) { return ReadExpireFlags(args); }, line);
}
RestoreOptions Restore(std::string_view line) {
  return ReadLine([](const auto& args) { return ReadRestoreOptions(args); }, line);
}

TEST(ExpiryOptionsTest, SetSaysWhereItsExpiryStands) {
  EXPECT_EQ(Set("SET k v").kind, Kind::kNone);
  EXPECT_EQ(Set("SET k v NX GET").kind, Kind::kNone);
  EXPECT_EQ(Set("SET k v keepttl xx").kind, Kind::kKeep);
  const ExpiryOptions options = Set("SET k v GET Px 5 NX");
  EXPECT_EQ(options.kind, Kind::kExpiry);
  EXPECT_EQ(options.unit, ExpiryUnit::kMilliseconds);
  EXPECT_EQ(options.at, 4U);
  EXPECT_TRUE(options.only_if_absent);
  EXPECT_EQ(Set("SET k v EX 1").unit, ExpiryUnit::kSeconds);
  EXPECT_EQ(Set("SET k v EXAT 1").unit, ExpiryUnit::kAtSeconds);
  EXPECT_EQ(Set("SET k v PXAT 1").unit, ExpiryUnit::kAtMilliseconds);
  EXPECT_EQ(Set("SET k v EX EX").at, 3U);
}

TEST(ExpiryOptionsTest, SetSaysWhetherTheKeyMustBeThere) {
  EXPECT_TRUE(Set("SET k v XX").only_if_present);
  EXPECT_TRUE(Set("SET k v IFEQ old EX 5").only_if_present);
  EXPECT_FALSE(Set("SET k v NX").only_if_present);
  EXPECT_FALSE(Set("SET k v").only_if_absent);
}

TEST(ExpiryOptionsTest, TheLastOfARepeatedOptionCounts) {
  EXPECT_EQ(Set("SET k v EX 1 EX 2").at, 5U);
  EXPECT_EQ(Set("SET k v KEEPTTL KEEPTTL").kind, Kind::kKeep);
  EXPECT_EQ(Getex("GETEX k PX 1 PX 2").at, 4U);
}

TEST(ExpiryOptionsTest, WhatRedisRefusesIsMalformed) {
  for (const char* line :
       {"SET k v EX", "SET k v EX 1 PX", "SET k v EX 1 PX 1", "SET k v KEEPTTL EX 1", "SET k v EX 1 KEEPTTL",
        "SET k v NX XX", "SET k v PERSIST", "SET k v FOO", "SET k v NX IFEQ a", "SET k v IFEQ", "SET k v ''"}) {
    EXPECT_EQ(Set(line).kind, Kind::kMalformed) << line;
  }
  for (const char* line : {"GETEX k EX", "GETEX k PERSIST EX 1", "GETEX k EX 1 PERSIST", "GETEX k EX 1 PX 1",
                           "GETEX k KEEPTTL", "GETEX k NX"}) {
    EXPECT_EQ(Getex(line).kind, Kind::kMalformed) << line;
  }
}

TEST(ExpiryOptionsTest, GetexMayPersist) {
  EXPECT_EQ(Getex("GETEX k").kind, Kind::kNone);
  EXPECT_EQ(Getex("GETEX k persist").kind, Kind::kPersist);
  EXPECT_EQ(Getex("GETEX k EXAT 9").kind, Kind::kExpiry);
}

TEST(ExpiryOptionsTest, ExpireFlagsGoTogetherOrNot) {
  EXPECT_FALSE(Expire("EXPIRE k 1").malformed);
  EXPECT_FALSE(Expire("EXPIRE k 1 nx NX").malformed);
  EXPECT_FALSE(Expire("EXPIRE k 1 XX GT").malformed);
  EXPECT_FALSE(Expire("EXPIRE k 1 XX LT").malformed);
  for (const char* line : {"EXPIRE k 1 NX XX", "EXPIRE k 1 GT NX", "EXPIRE k 1 LT NX", "EXPIRE k 1 GT LT",
                           "EXPIRE k 1 FOO", "EXPIRE k 1 ''"}) {
    EXPECT_TRUE(Expire(line).malformed) << line;
  }
  EXPECT_TRUE(Expire("EXPIRE k 1 XX").only_if_set);
  EXPECT_TRUE(Expire("EXPIRE k 1 GT").only_if_set);
  EXPECT_FALSE(Expire("EXPIRE k 1 LT").only_if_set);
  EXPECT_FALSE(Expire("EXPIRE k 1 NX").only_if_set);
}

TEST(ExpiryOptionsTest, RestoreOptionsAreRead) {
  EXPECT_FALSE(Restore("RESTORE k 0 x").replace);
  const RestoreOptions all = Restore("RESTORE k 0 x REPLACE ABSTTL IDLETIME 5 FREQ 3");
  EXPECT_TRUE(all.replace && all.absolute && !all.malformed);
  EXPECT_FALSE(Restore("RESTORE k 0 x IDLETIME ABSTTL").absolute);
  EXPECT_TRUE(Restore("RESTORE k 0 x IDLETIME").malformed);
  EXPECT_TRUE(Restore("RESTORE k 0 x FOO").malformed);
}

TEST(ExpiryOptionsTest, TimesAreWholeNumbersThatFit) {
  EXPECT_EQ(ReadExpiry("1", ExpiryUnit::kSeconds), 1000);
  EXPECT_EQ(ReadExpiry("1", ExpiryUnit::kAtMilliseconds), 1);
  EXPECT_EQ(ReadExpiry("9223372036854775807", ExpiryUnit::kMilliseconds), 9223372036854775807);
  EXPECT_EQ(ReadExpiry("9223372036854775", ExpiryUnit::kSeconds), 9223372036854775000);
  EXPECT_EQ(ReadExpiry("9223372036854776", ExpiryUnit::kSeconds), std::nullopt);
  EXPECT_EQ(ReadExpiry("9223372036854775807", ExpiryUnit::kAtSeconds), std::nullopt);
  EXPECT_EQ(ReadExpiry("9223372036854775808", ExpiryUnit::kMilliseconds), std::nullopt);
  for (const char* text : {"0", "-1", "", " 1", "1 ", "+1", "01", "1.5", "1e3", "x", "-9223372036854775808"}) {
    EXPECT_EQ(ReadExpiry(text, ExpiryUnit::kMilliseconds), std::nullopt) << text;
  }
}

TEST(ExpiryOptionsTest, WordsAreWholeAndOfAnyCase) {
  EXPECT_TRUE(IsWord("keepTTL", "KEEPTTL"));
  EXPECT_FALSE(IsWord("KEEPTT", "KEEPTTL"));
  EXPECT_FALSE(IsWord("KEEPTTLX", "KEEPTTL"));
  EXPECT_FALSE(IsWord(std::string_view("NX\0", 3), "NX"));
  EXPECT_FALSE(IsWord("", "NX"));
}

}  // namespace
}  // namespace herdgate::policy

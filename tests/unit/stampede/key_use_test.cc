#include "sidecar/stampede/key_use.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <set>
#include <string>

namespace herdgate::stampede {
namespace {

using Kind = KeyUse::Kind;

KeyUse UseOf(std::initializer_list<std::string_view> request) {
  static const KeyUses uses(command::BuiltIn());
  const std::vector<std::string_view> args(request);
  return uses.Of(*command::BuiltIn().Resolve(args), args);
}

Evidence EvidenceOf(std::initializer_list<std::string_view> request) {
  const KeyUse use = UseOf(request);
  EXPECT_EQ(use.kind, Kind::kEvidence) << *request.begin();
  return use.evidence;
}

TEST(KeyUseTest, ReadsOfAValueAreLookups) {
  EXPECT_EQ(UseOf({"GET", "k"}).kind, Kind::kLookup);
  EXPECT_EQ(UseOf({"mget", "k", "l"}).kind, Kind::kLookup);
}

TEST(KeyUseTest, QuestionsAboutAKeySayNothing) {
  EXPECT_EQ(UseOf({"EXISTS", "k"}).kind, Kind::kNothing);
  EXPECT_EQ(UseOf({"PTTL", "k"}).kind, Kind::kNothing);
  EXPECT_EQ(UseOf({"OBJECT", "FREQ", "k"}).kind, Kind::kNothing);
  EXPECT_EQ(UseOf({"EVAL_RO", "return 1", "1", "k"}).kind, Kind::kNothing);
}

TEST(KeyUseTest, SetsAreToldFromThoseThatWantTheKeyAbsent) {
  EXPECT_EQ(UseOf({"SET", "k", "v"}).kind, Kind::kSet);
  EXPECT_FALSE(UseOf({"SET", "k", "v", "EX", "5"}).only_if_absent);
  EXPECT_TRUE(UseOf({"SET", "k", "v", "EX", "5", "nx"}).only_if_absent);
  EXPECT_TRUE(UseOf({"SETNX", "k", "v"}).only_if_absent);
  EXPECT_TRUE(UseOf({"MSETNX", "k", "v"}).only_if_absent);
  EXPECT_EQ(UseOf({"SET", "nx", "nx"}).only_if_absent, false) << "a key and a value of that name";
  for (const std::string_view name : {"SETEX", "PSETEX"}) EXPECT_EQ(UseOf({name, "k", "5", "v"}).kind, Kind::kSet);
  EXPECT_EQ(UseOf({"MSET", "k", "v", "l", "w"}).kind, Kind::kSet);
}

TEST(KeyUseTest, AnExpiryOfNothingRemoves) {
  EXPECT_EQ(UseOf({"EXPIRE", "k", "5"}).kind, Kind::kTouch);
  EXPECT_EQ(UseOf({"PERSIST", "k"}).kind, Kind::kTouch);
  EXPECT_EQ(UseOf({"EXPIRE", "k", "0"}).kind, Kind::kRemove);
  EXPECT_EQ(UseOf({"PEXPIRE", "k", "-1", "XX"}).kind, Kind::kRemove);
  EXPECT_EQ(UseOf({"UNLINK", "k"}).kind, Kind::kRemove);
}

TEST(KeyUseTest, WhatIsNoCacheEntryIsNamed) {
  EXPECT_EQ(EvidenceOf({"INCRBY", "k", "5"}), Evidence::kCounter);
  EXPECT_EQ(EvidenceOf({"APPEND", "k", "v"}), Evidence::kEdit);
  EXPECT_EQ(EvidenceOf({"SET", "k", "v", "IFEQ", "w"}), Evidence::kLock);
  EXPECT_EQ(EvidenceOf({"BRPOP", "k", "0"}), Evidence::kQueue);
  EXPECT_EQ(EvidenceOf({"XADD", "k", "*", "f", "v"}), Evidence::kQueue);
  EXPECT_EQ(EvidenceOf({"GETEX", "k", "EX", "5"}), Evidence::kSession);
  EXPECT_EQ(EvidenceOf({"GETDEL", "k"}), Evidence::kToken);
  EXPECT_EQ(EvidenceOf({"HSET", "k", "f", "v"}), Evidence::kStructure);
  EXPECT_EQ(EvidenceOf({"ZADD", "k", "1", "v"}), Evidence::kStructure);
  EXPECT_EQ(EvidenceOf({"JSON.SET", "k", "$", "1"}), Evidence::kStructure);
  EXPECT_EQ(EvidenceOf({"EVAL", "return 1", "1", "k"}), Evidence::kScript);
  EXPECT_EQ(EvidenceOf({"FCALL", "f", "1", "k"}), Evidence::kScript);
  EXPECT_EQ(EvidenceOf({"WATCH", "k"}), Evidence::kWatch);
}

TEST(KeyUseTest, ACommandThatNobodyKnowsIsEvidence) {
  EXPECT_EQ(EvidenceOf({"NEW.COMMAND", "k"}), Evidence::kStructure);
}

// Whoever adds a row to the command table need not think of this folder: what changes a key and isn't listed here
// speaks against it.
TEST(KeyUseTest, NoOtherCommandThatWritesPassesForACacheEntry) {
  const std::set<std::string_view> harmless = {"set",     "setex",  "psetex", "mset",    "msetex",   "getset",
                                               "setnx",   "msetnx", "expire", "pexpire", "expireat", "pexpireat",
                                               "persist", "del",    "unlink", "copy",    "rename",   "renamenx",
                                               "restore", "move",   "migrate"};
  const KeyUses uses(command::BuiltIn());
  int evidence = 0;
  for (const command::CommandSpec& spec : command::BuiltIn().specs()) {
    if (!spec.flags.Has(command::CommandFlag::kWrite) || harmless.contains(spec.name)) continue;
    const std::vector<std::string_view> args = {spec.name, "k", "v"};
    EXPECT_EQ(uses.Of(spec, args).kind, Kind::kEvidence) << spec.name;
    ++evidence;
  }
  EXPECT_GT(evidence, 80);
}

TEST(KeyUseTest, EveryEvidenceHasItsOwnName) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kEvidences; ++i) names.insert(NameOf(static_cast<Evidence>(i)));
  EXPECT_EQ(names.size(), kEvidences);
  EXPECT_FALSE(names.contains(""));
}

}  // namespace
}  // namespace herdgate::stampede

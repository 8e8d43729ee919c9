#include "sidecar/command/correction.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/command/keys.h"
#include "tests/unit/command/real_redis.h"

namespace herdgate::command {
namespace {

std::string Bulk(std::string_view text) {
  return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}
std::string Integer(int number) {
  return ":" + std::to_string(number) + "\r\n";
}
std::string List(const std::vector<std::string>& elements) {
  std::string list = "*" + std::to_string(elements.size()) + "\r\n";
  for (const std::string& element : elements) list += element;
  return list;
}

std::string Flags(std::string_view words) {
  std::vector<std::string> flags;
  while (!words.empty()) {
    flags.push_back("+" + std::string(words.substr(0, words.find(' '))) + "\r\n");
    words.remove_prefix(std::min(words.size(), words.find(' ') == words.npos ? words.size() : words.find(' ') + 1));
  }
  return List(flags);
}

// An entry as servers before 7.0 write it.
std::string OldEntry(std::string_view name, int arity, std::string_view flags, int first, int last, int step) {
  return List({Bulk(name), Integer(arity), Flags(flags), Integer(first), Integer(last), Integer(step)});
}

std::string Search(std::string_view type, const std::vector<std::string>& spec) {
  return List({Bulk("type"), Bulk(type), Bulk("spec"), List(spec)});
}

std::string KeySpecOf(std::string_view flags, const std::string& begin, const std::string& find) {
  return List(
      {Bulk("notes"), Bulk("any"), Bulk("flags"), Flags(flags), Bulk("begin_search"), begin, Bulk("find_keys"), find});
}

std::string Index(int index) {
  return Search("index", {Bulk("index"), Integer(index)});
}
std::string Range(int last, int step) {
  return Search("range", {Bulk("lastkey"), Integer(last), Bulk("keystep"), Integer(step), Bulk("limit"), Integer(0)});
}

std::string Entry(std::string_view name, int arity, std::string_view flags,
                  const std::vector<std::string>& key_specs = {}, const std::vector<std::string>& subcommands = {}) {
  return List({Bulk(name), Integer(arity), Flags(flags), Integer(0), Integer(0), Integer(0), List({Bulk("@slow")}),
               List({}), List(key_specs), List(subcommands)});
}

Table MustCorrect(const std::string& reply) {
  base::Result<Table> table = Corrected(BuiltIn(), reply);
  EXPECT_TRUE(table.ok());
  return table.ok() ? std::move(table.value()) : Table(std::span<const CommandRow>());
}

std::vector<size_t> KeysOf(const Table& table, const std::vector<std::string_view>& args) {
  std::vector<size_t> keys;
  ForEachKey(*table.Resolve(args), args, [&keys](size_t index, KeyAccess) { keys.push_back(index); });
  return keys;
}

TEST(CorrectionTest, TakesArityFlagsAndKeysOfAKnownRowAndKeepsTheRest) {
  const Table table = MustCorrect(
      List({Entry("get", -3, "write denyoom no_such_flag", {KeySpecOf("RM delete", Index(2), Range(-1, 1))})}));
  const CommandSpec& built_in = *BuiltIn().Find("get");
  const CommandSpec& get = *table.Find("GET");
  EXPECT_EQ(get.arity, -3);
  EXPECT_EQ(get.flags, CommandFlags("write denyoom"));
  EXPECT_EQ(get.keys, Removes(2, -1));
  EXPECT_EQ(get.id, built_in.id);
  EXPECT_EQ(get.command_class, built_in.command_class);
  EXPECT_EQ(get.group, built_in.group);
  EXPECT_EQ(get.ttl, built_in.ttl);
  EXPECT_FALSE(get.absent);
}

TEST(CorrectionTest, MarksWhatUpstreamDoesNotListAsAbsent) {
  const Table table =
      MustCorrect(List({Entry("get", 2, "readonly"), Entry("client", -2, "", {}, {Entry("client|id", 2, "")})}));
  EXPECT_FALSE(table.Find("get")->absent);
  EXPECT_TRUE(table.Find("set")->absent);
  EXPECT_FALSE(table.FindFull("client|id")->absent);
  EXPECT_TRUE(table.FindFull("client|setinfo")->absent);
  EXPECT_TRUE(table.FindFull("config|get")->absent);
  EXPECT_FALSE(table.unknown().absent);
}

TEST(CorrectionTest, AppendsUnknownCommandsBehindTheBuiltInOnes) {
  const Table table = MustCorrect(List({
      Entry("MOD.MGET", -3, "readonly module", {KeySpecOf("RO access", Index(1), Range(-2, 1))}),
      Entry("mod.fast", 2, "write fast module", {KeySpecOf("RW", Index(1), Range(0, 1))}),
      Entry("mod.wait", 2, "write blocking"),
      Entry("mod.box", -2, "", {}, {Entry("mod.box|open", 3, "fast", {KeySpecOf("OW", Index(2), Range(0, 1))})}),
  }));
  const CommandSpec* mget = table.Find("mod.MGET");
  ASSERT_NE(mget, nullptr);
  EXPECT_GE(mget->id, BuiltIn().size());
  EXPECT_EQ(mget->since, Since::kUpstream);
  EXPECT_EQ(mget->command_class, CommandClass::kSlow);
  EXPECT_EQ(mget->group, CommandGroup::kRead);
  EXPECT_EQ(mget->ttl, TtlEffect::kTtlNone);
  EXPECT_EQ(KeysOf(table, {"mod.mget", "a", "b", "$"}), (std::vector<size_t>{1, 2}));
  EXPECT_EQ(table.Find("mod.fast")->command_class, CommandClass::kShared);
  EXPECT_EQ(table.Find("mod.fast")->ttl, TtlEffect::kTtlUnknown);
  EXPECT_EQ(table.Find("mod.wait")->command_class, CommandClass::kBlocking);
  EXPECT_EQ(KeysOf(table, {"MOD.BOX", "Open", "k"}), (std::vector<size_t>{2}));
  EXPECT_TRUE(table.Find("mod.box")->container);
}

TEST(CorrectionTest, KeepsKeywordsOfUnknownCommandsBeyondTheReply) {
  Table table = [] {
    const std::string keyword = Search("keyword", {Bulk("keyword"), Bulk("into"), Bulk("startfrom"), Integer(1)});
    return MustCorrect(List({Entry("mod.copy", -2, "write", {KeySpecOf("OW", keyword, Range(0, 1))})}));
  }();
  const Table moved = std::move(table);
  EXPECT_EQ(KeysOf(moved, {"mod.copy", "x", "INTO", "k", "y"}), (std::vector<size_t>{3}));
}

TEST(CorrectionTest, AKeywordThatIsTheLastArgumentIsNoKeyword) {
  const std::string keyword = Search("keyword", {Bulk("keyword"), Bulk("INTO"), Bulk("startfrom"), Integer(1)});
  const Table table = MustCorrect(List({Entry(
      "mod.copy", -2, "write", {KeySpecOf("RO", Index(1), Range(0, 1)), KeySpecOf("OW", keyword, Range(0, 1))})}));
  EXPECT_EQ(KeysOf(table, {"mod.copy", "x", "into", "k"}), (std::vector<size_t>{1, 3}));
  EXPECT_EQ(KeysOf(table, {"mod.copy", "x", "into"}), (std::vector<size_t>{1}));
}

TEST(CorrectionTest, AKeywordFromTheEndIsNotLookedForInTheFirstArgument) {
  const std::string keyword = Search("keyword", {Bulk("keyword"), Bulk("INTO"), Bulk("startfrom"), Integer(-2)});
  const Table table = MustCorrect(List({Entry("mod.back", -2, "write", {KeySpecOf("OW", keyword, Range(0, 1))})}));
  EXPECT_EQ(KeysOf(table, {"mod.back", "x", "into", "k"}), (std::vector<size_t>{3}));
  EXPECT_EQ(KeysOf(table, {"mod.back", "into", "k"}), (std::vector<size_t>{}));
}

TEST(CorrectionTest, AppendedSubcommandsHaveTheirSiblingsClass) {
  const Table table = MustCorrect(List({
      Entry("client", -2, "", {}, {Entry("client|newthing", 2, "")}),
      Entry("script", -2, "", {}, {Entry("script|newthing", 2, "")}),
      Entry("config", -2, "", {}, {Entry("config|newthing", 2, "")}),
  }));
  EXPECT_EQ(table.FindFull("client|newthing")->command_class, CommandClass::kRefused);
  EXPECT_EQ(table.FindFull("script|newthing")->command_class, CommandClass::kSlow);
  EXPECT_EQ(table.FindFull("config|newthing")->command_class, CommandClass::kShared);
}

TEST(CorrectionTest, AnOldServerKeepsTheBuiltInKeysAndSubcommands) {
  const Table table = MustCorrect(List({
      OldEntry("sort", -2, "write denyoom movablekeys", 1, 1, 1),
      OldEntry("client", -2, "admin noscript", 0, 0, 0),
      OldEntry("mod.mset", -3, "write", 1, -1, 2),
      OldEntry("mod.pair", 3, "readonly", 1, 2, 1),
  }));
  EXPECT_EQ(KeysOf(table, {"sort", "k", "store", "d"}), (std::vector<size_t>{1, 3}));
  EXPECT_FALSE(table.FindFull("client|id")->absent);
  EXPECT_TRUE(table.FindFull("client|setinfo")->absent);
  EXPECT_EQ(KeysOf(table, {"mod.mset", "a", "1", "b", "2"}), (std::vector<size_t>{1, 3}));
  EXPECT_EQ(KeysOf(table, {"mod.pair", "a", "b"}), (std::vector<size_t>{1, 2}));
}

TEST(CorrectionTest, CorrectingTwiceForgetsTheFirst) {
  const Table first = MustCorrect(List({Entry("mod.one", 2, "readonly")}));
  base::Result<Table> second = Corrected(first, List({Entry("mod.two", 2, "readonly")}));
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second.value().Find("mod.one"), nullptr);
  EXPECT_NE(second.value().Find("mod.two"), nullptr);
  EXPECT_EQ(second.value().size(), BuiltIn().size() + 1);
}

TEST(CorrectionTest, RepliesThatAreNoCommandListAreRefused) {
  for (const std::string& reply :
       std::vector<std::string>{"", "*0\r\n", "*-1\r\n", "+OK\r\n", ":1\r\n", "-NOPERM no\r\n", "*1\r\n",
                                "*1\r\n*1\r\n$3\r\nget\r\n", "*1\r\n$3\r\nget\r\n", "*99999999999\r\n",
                                "*1\r\n*6\r\n$3\r\nget\r\n$1\r\n2\r\n*0\r\n:0\r\n:0\r\n:0\r\n", "nonsense"}) {
    EXPECT_FALSE(Corrected(BuiltIn(), reply).ok()) << reply;
  }
}

TEST(CorrectionTest, NamesThatNoRowMayHaveAreLeftOut) {
  const Table table = MustCorrect(
      List({Entry("", 2, ""), Entry(std::string(100, 'x'), 2, ""), Entry("a|b", 2, ""), Entry("zero", 0, ""),
            Entry("client", -2, "", {}, {Entry("config|x", 2, ""), Entry("client|", 2, ""), Entry("client", 2, "")}),
            Entry("twice", 2, ""), Entry("TWICE", 2, "")}));
  EXPECT_EQ(table.Find("a|b"), nullptr);
  EXPECT_EQ(table.FindFull("config|x"), nullptr);
  EXPECT_LE(table.size(), BuiltIn().size() + 2);
}

TEST(CorrectionTest, SurvivesAnyDamageToAReply) {
  const std::string good = List({
      Entry("get", 2, "readonly fast", {KeySpecOf("RO access", Index(1), Range(0, 1))}),
      Entry("mod.x", -2, "write",
            {KeySpecOf("RW", Search("keynum", {}), Search("keynum", {Bulk("keynumidx"), Integer(-9)}))},
            {Entry("mod.x|y", -70000, "")}),
      OldEntry("mod.z", 2, "write", -5, 70000, -1),
  });
  const std::vector<std::string_view> args = {"mod.x", "1", "2", "get", "store"};
  const auto try_it = [&args](const std::string& reply) {
    const base::Result<Table> table = Corrected(BuiltIn(), reply);
    if (!table.ok()) return;
    for (const CommandSpec& spec : table.value().specs()) FindKeys(spec, args);
  };
  try_it(good);
  for (size_t cut = 0; cut < good.size(); ++cut) try_it(good.substr(0, cut));
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string damaged = good;
    for (int i = 0; i < 3; ++i) damaged[random() % damaged.size()] = "0123456789-*$:+\r\n~%|"[random() % 20];
    try_it(damaged);
  }
}

// One line a command, as golden/redis_7_0_15.txt has it.
std::string Describe(const CommandSpec& spec) {
  static constexpr std::string_view kAccess[] = {"RO", "RW", "OW", "RM", "CH"};
  std::string line = std::string(spec.name) + "; " + std::to_string(spec.arity) + ";";
  for (const FlagWord& flag : kFlagWords) {
    if (spec.flags.Has(flag.flag)) line += " " + std::string(flag.word);
  }
  line += ";";
  const auto number = [](int value) { return " " + std::to_string(value); };
  for (const KeySpec& key : spec.keys) {
    line += (&key == spec.keys.begin() ? " " : ", ") + std::string(kAccess[static_cast<size_t>(key.access)]);
    line += key.incomplete ? "+" : "";
    if (key.begin == KeySpec::Begin::kIndex) line += " index" + number(key.position);
    if (key.begin == KeySpec::Begin::kKeyword) line += " keyword " + std::string(key.keyword) + number(key.position);
    if (key.begin == KeySpec::Begin::kUnknown) line += " unknown";
    if (key.find == KeySpec::Find::kRange) line += " range" + number(key.last) + number(key.step) + number(key.limit);
    if (key.find == KeySpec::Find::kCount)
      line += " keynum" + number(key.count_offset) + number(key.first_offset) + number(key.step);
    if (key.find == KeySpec::Find::kUnknown) line += " unknown";
  }
  return line;
}

TEST(CorrectionTest, BuiltInRowsOf70AreWhatRedis7015Reports) {
  std::map<std::string, std::string> golden;
  std::ifstream file(std::filesystem::path(__FILE__).parent_path() / "golden" / "redis_7_0_15.txt");
  for (std::string line; std::getline(file, line);) golden[line.substr(0, line.find(';'))] = line;
  ASSERT_EQ(golden.size(), 366u);
  for (const CommandSpec& spec : BuiltIn().specs().subspan(1)) {
    if (spec.since != Since::kRedis70) continue;
    const auto found = golden.find(std::string(spec.name));
    ASSERT_NE(found, golden.end()) << spec.name;
    EXPECT_EQ(Describe(spec), found->second);
    golden.erase(found);
  }
  EXPECT_TRUE(golden.empty()) << golden.begin()->first;
}

TEST(CorrectionTest, ARealServersReplyMakesNoRowOf70Different) {
  RealRedis redis;
  if (!redis.available()) GTEST_SKIP() << "no redis-server on PATH";
  if (redis.Call({"INFO", "server"}).find("redis_version:7.0.") == std::string::npos) GTEST_SKIP() << "not Redis 7.0";
  for (const std::string protocol : {"2", "3"}) {
    redis.Call({"HELLO", protocol});
    const Table table = MustCorrect(redis.Call({"COMMAND"}));
    EXPECT_EQ(table.size(), BuiltIn().size());
    for (const CommandSpec& spec : table.specs().subspan(1)) {
      EXPECT_EQ(spec.absent, spec.since != Since::kRedis70) << spec.name;
      EXPECT_EQ(Describe(spec), Describe(BuiltIn().at(spec.id)));
      EXPECT_EQ(spec.keys, BuiltIn().at(spec.id).keys) << spec.name;
    }
  }
}

}  // namespace
}  // namespace herdgate::command

#include "sidecar/command/table.h"

#include <gtest/gtest.h>

#include <cctype>
#include <deque>
#include <set>
#include <string>
#include <vector>

namespace herdgate::command {
namespace {

using Args = std::vector<std::string_view>;

std::string Upper(std::string_view name) {
  std::string upper(name);
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return upper;
}

TEST(TableTest, FindsEveryRowInAnyCase) {
  const Table& table = BuiltIn();
  for (const CommandSpec& spec : table.specs().subspan(1)) {
    const std::string upper = Upper(spec.short_name());
    const CommandSpec* found =
        spec.is_subcommand() ? table.FindSubcommand(table.at(spec.container_id), upper) : table.Find(upper);
    EXPECT_EQ(found, &spec) << spec.name;
    EXPECT_EQ(table.FindFull(spec.name), &spec) << spec.name;
  }
}

TEST(TableTest, IdsAreDenseAndNamesUnique) {
  std::set<std::string_view> names;
  for (size_t i = 0; i < BuiltIn().size(); ++i) {
    EXPECT_EQ(BuiltIn().specs()[i].id, i);
    EXPECT_TRUE(names.insert(BuiltIn().specs()[i].name).second) << BuiltIn().specs()[i].name;
  }
}

TEST(TableTest, ChangingAnyByteOfANameDoesNotFindIt) {
  const Table& table = BuiltIn();
  for (const CommandSpec& spec : table.specs().subspan(1)) {
    if (spec.is_subcommand()) continue;
    for (size_t i = 0; i < spec.name.size(); ++i) {
      for (int change = 1; change < 256; ++change) {
        std::string other(spec.name);
        other[i] = static_cast<char>(static_cast<unsigned char>(other[i]) ^ change);
        const CommandSpec* found = table.Find(other);
        if (found != nullptr) {
          EXPECT_EQ(Upper(other), Upper(found->name)) << spec.name << " byte " << i;
        }
      }
    }
  }
}

TEST(TableTest, NamesThatAreNoCommandsAreNotFound) {
  for (std::string_view name : {"", "g", "gett", "ge", "client|id", "client id", "unknown", "georadiusXymember_ro"}) {
    EXPECT_EQ(BuiltIn().Find(name), nullptr) << name;
  }
  EXPECT_EQ(BuiltIn().Find(std::string(1 << 20, 'a')), nullptr);
  EXPECT_EQ(BuiltIn().Find(std::string_view("get\0", 4)), nullptr);
}

TEST(TableTest, ResolveGoesOnToTheSubcommand) {
  const CommandSpec* spec = BuiltIn().Resolve(Args{"CLIENT", "SetInfo", "lib-name", "x"});
  EXPECT_EQ(spec->name, "client|setinfo");
  EXPECT_EQ(spec->short_name(), "setinfo");
  EXPECT_EQ(BuiltIn().at(spec->container_id).name, "client");
}

TEST(TableTest, ResolveGivesTheContainerForAnUnknownSubcommand) {
  const Args unknown{"client", "nosuch"};
  const CommandSpec* spec = BuiltIn().Resolve(unknown);
  EXPECT_EQ(spec->name, "client");
  EXPECT_TRUE(IsUnknownSubcommand(*spec, unknown));

  const Args bare{"client"};
  EXPECT_EQ(BuiltIn().Resolve(bare)->name, "client");
  EXPECT_FALSE(IsUnknownSubcommand(*BuiltIn().Resolve(bare), bare));
}

TEST(TableTest, ResolveGivesTheUnknownRowForAnUnknownCommand) {
  const CommandSpec* spec = BuiltIn().Resolve(Args{"ft.nosuch", "index"});
  EXPECT_EQ(spec, &BuiltIn().unknown());
  EXPECT_TRUE(spec->is_unknown());
  EXPECT_EQ(spec->command_class, CommandClass::kShared);
}

TEST(TableTest, SubcommandOfOneContainerIsNotFoundInAnother) {
  const CommandSpec* config = BuiltIn().Find("config");
  ASSERT_NE(config, nullptr);
  EXPECT_NE(BuiltIn().FindSubcommand(*config, "rewrite"), nullptr);
  EXPECT_EQ(BuiltIn().FindSubcommand(*config, "setinfo"), nullptr);
}

TEST(TableTest, ThousandsOfNamesWithTheSameSubcommandStayApart) {
  std::deque<std::string> names;
  std::vector<CommandRow> rows;
  for (int i = 0; i < 3000; ++i) {
    const std::string container = "container" + std::to_string(i);
    for (const std::string& name : {container, container + "|get"}) {
      CommandRow row;
      row.name = names.emplace_back(name);
      row.arity = -2;
      rows.push_back(row);
    }
  }
  const Table table(rows);
  for (const CommandSpec& spec : table.specs().subspan(1)) {
    ASSERT_EQ(table.FindFull(spec.name), &spec) << spec.name;
    ASSERT_EQ(table.FindSubcommand(spec, "set"), nullptr);
  }
  EXPECT_EQ(table.Find("get"), nullptr);
}

TEST(TableTest, ArityIsCheckedAsRedisDoes) {
  EXPECT_TRUE(BuiltIn().Find("get")->AcceptsCount(2));
  EXPECT_FALSE(BuiltIn().Find("get")->AcceptsCount(3));
  EXPECT_FALSE(BuiltIn().Find("mget")->AcceptsCount(1));
  EXPECT_TRUE(BuiltIn().Find("mget")->AcceptsCount(10000));
}

struct ClassCase {
  std::string_view name;
  CommandClass command_class;
};

TEST(TableTest, ClassesSayHowACommandIsCarried) {
  for (const auto& [name, command_class] : std::vector<ClassCase>{
           {"get", CommandClass::kShared},
           {"ping", CommandClass::kShared},
           {"publish", CommandClass::kShared},
           {"hgetall", CommandClass::kShared},
           {"keys", CommandClass::kSlow},
           {"eval", CommandClass::kSlow},
           {"sinterstore", CommandClass::kSlow},
           {"hello", CommandClass::kLocal},
           {"client|setinfo", CommandClass::kLocal},
           {"client|pause", CommandClass::kShared},
           {"watch", CommandClass::kTransaction},
           {"ssubscribe", CommandClass::kPubSub},
           {"blpop", CommandClass::kBlocking},
           {"xread", CommandClass::kMaybeBlocking},
           {"waitaof", CommandClass::kWait},
           {"client|tracking", CommandClass::kTracking},
           {"monitor", CommandClass::kMonitor},
           {"psync", CommandClass::kReplication},
           {"script|kill", CommandClass::kUrgent},
           {"client|capa", CommandClass::kRefused},
       }) {
    const CommandSpec* spec = BuiltIn().FindFull(name);
    ASSERT_NE(spec, nullptr) << name;
    EXPECT_EQ(spec->command_class, command_class) << name << " is " << Name(spec->command_class);
  }
}

}  // namespace
}  // namespace herdgate::command

#include "sidecar/pipeline/kill_arguments.h"

#include <gtest/gtest.h>

namespace herdgate::pipeline {
namespace {

using Args = std::vector<std::string_view>;

constexpr std::uint64_t kOwn = 42;

KillArguments Kill(Args args, bool has_max_age = false) {
  args.insert(args.begin(), {"CLIENT", "KILL"});
  return ParseKill(args, kOwn, has_max_age);
}

ListArguments List(Args args) {
  args.insert(args.begin(), {"CLIENT", "LIST"});
  return ParseList(args);
}

TEST(KillArgumentsTest, OneArgumentIsTheOldFormAndSparesNobody) {
  const KillArguments kill = Kill({"127.0.0.1:5000"});
  EXPECT_TRUE(kill.old_form);
  EXPECT_EQ(kill.error, "");
  EXPECT_EQ(kill.filter.address, "127.0.0.1:5000");
  EXPECT_EQ(kill.filter.skip_id, 0U);
}

TEST(KillArgumentsTest, PairsFillTheFilterInAnyCaseAndOrder) {
  const KillArguments kill = Kill({"type", "Normal", "ADDR", "a:1", "LAddr", "b:2", "user", "bob", "Id", "7"});
  EXPECT_EQ(kill.error, "");
  EXPECT_FALSE(kill.old_form);
  EXPECT_EQ(kill.filter.type, "normal");
  EXPECT_EQ(kill.filter.address, "a:1");
  EXPECT_EQ(kill.filter.local_address, "b:2");
  EXPECT_EQ(kill.filter.user, "bob");
  EXPECT_EQ(kill.filter.id, 7U);
}

TEST(KillArgumentsTest, AskingClientIsSparedUnlessItSaysNo) {
  EXPECT_EQ(Kill({"ID", "7"}).filter.skip_id, kOwn);
  EXPECT_EQ(Kill({"ID", "7", "SKIPME", "yes"}).filter.skip_id, kOwn);
  EXPECT_EQ(Kill({"SKIPME", "NO", "ID", "7"}).filter.skip_id, 0U);
}

TEST(KillArgumentsTest, SlaveIsAnotherWordForReplica) {
  EXPECT_EQ(Kill({"TYPE", "SLAVE"}).filter.type, "replica");
  EXPECT_EQ(Kill({"TYPE", "replica"}).filter.type, "replica");
}

TEST(KillArgumentsTest, MistakesAreWordedAsByRedis) {
  const std::string syntax = "-ERR syntax error\r\n";
  const std::string bad_id = "-ERR client-id should be greater than 0\r\n";
  const std::vector<std::pair<Args, std::string>> cases = {
      {{"ID", "0"}, bad_id},
      {{"ID", "-1"}, bad_id},
      {{"ID", "x"}, bad_id},
      {{"ID", "7x"}, bad_id},
      {{"ID", ""}, bad_id},
      {{"TYPE", "nonsense"}, "-ERR Unknown client type 'nonsense'\r\n"},
      {{"SKIPME", "maybe"}, syntax},
      {{"NONSENSE", "x"}, syntax},
      {{"ID", "7", "ADDR"}, syntax},
      {{"MAXAGE", "5"}, syntax},
      {{"NONSENSE", "x", "ID", "0"}, syntax},
      {{"ID", "0", "NONSENSE", "x"}, bad_id},
  };
  for (const auto& [args, error] : cases) EXPECT_EQ(Kill(args).error, error) << args[0];
}

TEST(KillArgumentsTest, MaxAgeIsKnownWhereTheUpstreamKnowsIt) {
  EXPECT_EQ(Kill({"MAXAGE", "5"}, true).filter.max_age_s, 5);
  EXPECT_EQ(Kill({"MAXAGE", "5"}, true).error, "");
  EXPECT_NE(Kill({"MAXAGE", "x"}, true).error, "");
}

TEST(ListArgumentsTest, WithoutArgumentsListsAll) {
  const ListArguments list = List({});
  EXPECT_EQ(list.error, "");
  EXPECT_TRUE(list.ids.empty());
  EXPECT_EQ(list.type, "");
}

TEST(ListArgumentsTest, IdsAndTypeAreTaken) {
  EXPECT_EQ(List({"ID", "3", "5"}).ids, (std::vector<std::uint64_t>{3, 5}));
  EXPECT_EQ(List({"type", "PUBSUB"}).type, "pubsub");
}

TEST(ListArgumentsTest, MistakesAreWordedAsByRedis) {
  EXPECT_EQ(List({"ID"}).error, "-ERR syntax error\r\n");
  EXPECT_EQ(List({"ID", "x"}).error, "-ERR Invalid client ID\r\n");
  EXPECT_EQ(List({"ID", "1", "0"}).error, "-ERR Invalid client ID\r\n");
  EXPECT_EQ(List({"TYPE"}).error, "-ERR syntax error\r\n");
  EXPECT_EQ(List({"TYPE", "nonsense"}).error, "-ERR Unknown client type 'nonsense'\r\n");
  EXPECT_EQ(List({"TYPE", "normal", "x"}).error, "-ERR syntax error\r\n");
  EXPECT_EQ(List({"NONSENSE"}).error, "-ERR syntax error\r\n");
}

}  // namespace
}  // namespace herdgate::pipeline

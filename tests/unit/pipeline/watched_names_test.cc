#include "sidecar/pipeline/watched_names.h"

#include <gtest/gtest.h>

#include <memory>

namespace herdgate::pipeline {
namespace {

// Two policies with generations.
policy::SnapshotPtr Names(std::uint64_t user, std::uint64_t cart) {
  std::vector<policy::Policy> policies(2);
  policies[0].name = "user";
  policies[0].match = {"u:*"};
  policies[1].name = "cart";
  policies[1].match = {"c:*"};
  for (policy::Policy& policy : policies) policy.version.generation = true;
  static const auto set = std::make_shared<const policy::PolicySet>(policies);
  return std::make_shared<const policy::Snapshot>(set, std::vector<std::uint64_t>{user, cart});
}

void Watch(WatchedNames& watched, const policy::SnapshotPtr& names, std::vector<std::string_view> keys) {
  watched.Add(names, keys);
}

TEST(WatchedNamesTest, OnlyOtherNamesOfWatchedKeysCount) {
  WatchedNames watched;
  EXPECT_FALSE(watched.Renamed(Names(2, 2))) << "nothing is watched";
  Watch(watched, Names(1, 1), {"u:1", "plain"});
  EXPECT_FALSE(watched.Renamed(Names(1, 1)));
  EXPECT_FALSE(watched.Renamed(Names(1, 2)));
  EXPECT_TRUE(watched.Renamed(Names(2, 1)));
  EXPECT_TRUE(watched.Renamed(nullptr)) << "a reload that takes the policies away";
  watched.Clear();
  EXPECT_FALSE(watched.Renamed(Names(2, 1)));
}

TEST(WatchedNamesTest, EachWatchHasTheNamesOfItsTime) {
  WatchedNames watched;
  Watch(watched, Names(1, 1), {"c:1"});
  Watch(watched, Names(2, 1), {"u:1"});
  EXPECT_FALSE(watched.Renamed(Names(2, 1)));
  EXPECT_TRUE(watched.Renamed(Names(1, 1)));
  EXPECT_TRUE(watched.Renamed(Names(2, 2)));
}

TEST(WatchedNamesTest, OfVeryManyKeysAnyChangeCounts) {
  WatchedNames watched;
  const policy::SnapshotPtr names = Names(1, 1);
  for (std::size_t bytes = 0; bytes <= WatchedNames::kMostBytes; bytes += sizeof(std::string)) {
    Watch(watched, names, {"plain"});
  }
  EXPECT_FALSE(watched.Renamed(names));
  EXPECT_TRUE(watched.Renamed(Names(1, 2)));
}

TEST(WatchedNamesTest, AVeryLongKeyIsNotKeptAndAnyChangeCounts) {
  WatchedNames watched;
  const policy::SnapshotPtr names = Names(1, 1);
  Watch(watched, names, {"plain"});
  Watch(watched, names, {std::string(WatchedNames::kMostBytes + 1, 'x')});
  Watch(watched, names, {"plain"});
  EXPECT_FALSE(watched.Renamed(names));
  EXPECT_TRUE(watched.Renamed(Names(1, 2)));
  watched.Clear();
  Watch(watched, names, {"plain"});
  EXPECT_FALSE(watched.Renamed(Names(1, 2)));
}

}  // namespace
}  // namespace herdgate::pipeline

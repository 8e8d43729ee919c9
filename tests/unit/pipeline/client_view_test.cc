#include "sidecar/pipeline/client_view.h"

#include <gtest/gtest.h>

#include <vector>

namespace herdgate::pipeline {
namespace {

ClientView Sample() {
  ClientView view;
  view.id = 7;
  view.address = "127.0.0.1:50000";
  view.local_address = "127.0.0.1:6380";
  view.fd = 9;
  view.name = "app";
  view.age_s = 12;
  view.idle_s = 3;
  view.db = 2;
  view.last_command = "client|list";
  view.user = "alice";
  return view;
}

std::vector<std::string> FieldNames(const std::string& line) {
  std::vector<std::string> names;
  for (std::size_t at = 0; at < line.size();) {
    const auto equals = line.find('=', at);
    names.push_back(line.substr(at, equals - at));
    at = line.find(' ', equals);
    at = at == std::string::npos ? line.size() : at + 1;
  }
  return names;
}

TEST(ClientViewTest, LineHasTheFieldsOfRedis70InItsOrder) {
  const std::vector<std::string> expected = {"id",        "addr",     "laddr",     "fd",   "name", "age",   "idle",
                                             "flags",     "db",       "sub",       "psub", "ssub", "multi", "qbuf",
                                             "qbuf-free", "argv-mem", "multi-mem", "rbs",  "rbp",  "obl",   "oll",
                                             "omem",      "tot-mem",  "events",    "cmd",  "user", "redir", "resp"};
  const std::string line = FormatClientLine(Sample(), {.has_shards = true, .has_library = false});
  EXPECT_EQ(FieldNames(line), expected);
  EXPECT_TRUE(line.ends_with("\n"));
  EXPECT_EQ(line.find('\n'), line.size() - 1);
}

TEST(ClientViewTest, FieldsOfOtherReleasesComeAndGo) {
  const std::string old = FormatClientLine(Sample(), {.has_shards = false, .has_library = false});
  EXPECT_EQ(old.find(" ssub="), std::string::npos);
  ClientView view = Sample();
  view.lib_name = "redis-py";
  view.lib_version = "5.0";
  const std::string line = FormatClientLine(view, {.has_shards = true, .has_library = true});
  EXPECT_TRUE(line.ends_with(" resp=2 lib-name=redis-py lib-ver=5.0\n")) << line;
}

TEST(ClientViewTest, LineShowsWhatIsKnown) {
  ClientView view = Sample();
  view.channels = 1;
  view.patterns = 2;
  view.shards = 3;
  view.multi = 4;
  view.flags = "P";
  view.redirect = 5;
  view.proto = 3;
  const std::string line = FormatClientLine(view, {});
  EXPECT_TRUE(
      line.starts_with("id=7 addr=127.0.0.1:50000 laddr=127.0.0.1:6380 fd=9 name=app age=12 idle=3 flags=P db=2 "
                       "sub=1 psub=2 ssub=3 multi=4 "))
      << line;
  EXPECT_TRUE(line.ends_with(" cmd=client|list user=alice redir=5 resp=3\n")) << line;
}

TEST(ClientFilterTest, EmptyFilterMatchesEverybody) {
  EXPECT_TRUE(ClientFilter().Matches(Sample()));
  EXPECT_TRUE(ClientFilter().Matches(ClientView()));
}

TEST(ClientFilterTest, EachConditionNarrows) {
  const ClientView view = Sample();
  const auto matches = [&](auto set) {
    ClientFilter filter;
    set(filter);
    return filter.Matches(view);
  };
  EXPECT_TRUE(matches([](auto& f) { f.id = 7; }));
  EXPECT_FALSE(matches([](auto& f) { f.id = 8; }));
  EXPECT_TRUE(matches([](auto& f) { f.address = "127.0.0.1:50000"; }));
  EXPECT_FALSE(matches([](auto& f) { f.address = "127.0.0.1:5000"; }));
  EXPECT_TRUE(matches([](auto& f) { f.local_address = "127.0.0.1:6380"; }));
  EXPECT_FALSE(matches([](auto& f) { f.local_address = "127.0.0.1:6379"; }));
  EXPECT_TRUE(matches([](auto& f) { f.user = "alice"; }));
  EXPECT_FALSE(matches([](auto& f) { f.user = "bob"; }));
  EXPECT_TRUE(matches([](auto& f) { f.max_age_s = 12; }));
  EXPECT_FALSE(matches([](auto& f) { f.max_age_s = 13; }));
  EXPECT_TRUE(matches([](auto& f) { f.skip_id = 8; }));
  EXPECT_FALSE(matches([](auto& f) { f.skip_id = 7; }));
  EXPECT_FALSE(matches([](auto& f) { f.id = 7, f.user = "bob"; }));
}

TEST(ClientFilterTest, SubscribersArePubsubAndNobodyElse) {
  ClientView view = Sample();
  ClientFilter normal;
  normal.type = "normal";
  ClientFilter pubsub;
  pubsub.type = "pubsub";
  EXPECT_TRUE(normal.Matches(view));
  EXPECT_FALSE(pubsub.Matches(view));
  for (auto member : {&ClientView::channels, &ClientView::patterns, &ClientView::shards}) {
    ClientView subscribed = Sample();
    subscribed.*member = 1;
    EXPECT_FALSE(normal.Matches(subscribed));
    EXPECT_TRUE(pubsub.Matches(subscribed));
  }
  for (const char* type : {"master", "replica"}) {
    ClientFilter other;
    other.type = type;
    EXPECT_FALSE(other.Matches(view)) << "a client of the sidecar is no " << type;
  }
}

}  // namespace
}  // namespace herdgate::pipeline

#include "sidecar/inject/annotations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace herdgate::inject {
namespace {

using testing::HasSubstr;

std::string Problem(const std::string& name, const std::string& value) {
  const base::Result<Wishes> wishes = ReadWishes({{"herdgate.dev/" + name, value}});
  return wishes.ok() ? "" : wishes.status().message();
}

TEST(AnnotationsTest, OnlyTrueAsksForASidecar) {
  EXPECT_FALSE(IsAskedFor({}).value());
  EXPECT_FALSE(IsAskedFor({{"herdgate.dev/inject", "false"}}).value());
  EXPECT_TRUE(IsAskedFor({{"herdgate.dev/inject", "true"}}).value());
  for (const char* const value : {"", "True", "yes", "1", "enabled", " true"}) {
    const base::Result<bool> asked = IsAskedFor({{"herdgate.dev/inject", value}});
    ASSERT_FALSE(asked.ok()) << value;
    EXPECT_THAT(asked.status().message(), HasSubstr("herdgate.dev/inject must be"));
  }
}

TEST(AnnotationsTest, ReadsEachWish) {
  const base::Result<Wishes> read = ReadWishes({{"herdgate.dev/inject", "true"},
                                                {"herdgate.dev/policies", "shop"},
                                                {"herdgate.dev/mode", "plain"},
                                                {"herdgate.dev/upstream", "redis://redis:6379"},
                                                {"herdgate.dev/memory-limit", "1.5Gi"},
                                                {"herdgate.dev/env", "CACHE_URL"},
                                                {"herdgate.dev/replace-env", "true"},
                                                {"other/annotation", "x"}});
  ASSERT_TRUE(read.ok());
  const Wishes& wishes = read.value();
  EXPECT_EQ(wishes.policies, "shop");
  EXPECT_EQ(wishes.form, Form::kPlain);
  EXPECT_EQ(wishes.upstream, "redis://redis:6379");
  EXPECT_EQ(wishes.memory_limit, "1.5Gi");
  EXPECT_EQ(wishes.env, "CACHE_URL");
  EXPECT_TRUE(wishes.replace_env);
  EXPECT_TRUE(wishes.warnings.empty());
  EXPECT_EQ(ReadWishes({{"herdgate.dev/env", "none"}}).value().env, "");
}

TEST(AnnotationsTest, AWrongValueIsNamedAndNotRepeated) {
  for (const char* const value : {"", "Upper", "a b", "-a", "a-", "a..b", "a.-b", "../etc"}) {
    EXPECT_EQ(Problem("policies", value), "herdgate.dev/policies must be the name of a ConfigMap") << value;
  }
  EXPECT_EQ(Problem("policies", std::string(254, 'a')), "herdgate.dev/policies must be the name of a ConfigMap");
  EXPECT_EQ(Problem("policies", std::string(253, 'a')), "");
  for (const char* const value : {"", "Mi", "128MB", "-1Mi", "0", "1.Mi", "1..5Gi", "1e3", "128 Mi", "50m"}) {
    EXPECT_THAT(Problem("memory-limit", value), HasSubstr("must be a quantity")) << value;
  }
  EXPECT_THAT(Problem("mode", "sidecar"), HasSubstr("\"native\" or \"plain\""));
  EXPECT_THAT(Problem("upstream", "memory://"), HasSubstr("must be a Redis"));
  EXPECT_THAT(Problem("replace-env", "yes"), HasSubstr("\"true\" or \"false\""));
  EXPECT_THAT(Problem("env", "1X"), HasSubstr("environment variable"));
  EXPECT_THAT(Problem("env", "A-B"), HasSubstr("environment variable"));
}

TEST(AnnotationsTest, AnUpstreamWithAPasswordIsRefusedWithoutShowingIt) {
  for (const char* const url : {"redis://:hunter2@redis:6379", "redis://user:hunter2@redis", "http://hunter2"}) {
    const std::string problem = Problem("upstream", url);
    EXPECT_THAT(problem, HasSubstr("herdgate.dev/upstream must"));
    EXPECT_EQ(problem.find("hunter2"), std::string::npos);
  }
}

TEST(AnnotationsTest, AnUnknownOneIsToldAndIgnored) {
  const base::Result<Wishes> wishes =
      ReadWishes({{"herdgate.dev/polices", "x"}, {"herdgate.dev/\x1b[31m", "y"}, {"herdgate.devx/a", "z"}});
  ASSERT_TRUE(wishes.ok());
  EXPECT_THAT(wishes.value().warnings,
              testing::UnorderedElementsAre("unknown annotation herdgate.dev/polices is ignored",
                                            "unknown annotation is ignored"));
}

}  // namespace
}  // namespace herdgate::inject

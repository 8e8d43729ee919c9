#include "sidecar/metrics/family.h"

#include <gtest/gtest.h>

namespace herdgate::metrics {
namespace {

// The constructors are consteval and throw where these say false, so a name that fails here does not compile there.

TEST(FamilyTest, CountersAndOnlyCountersEndInTotal) {
  EXPECT_TRUE(IsLawfulMetricName(MetricKind::kCounter, "herdgate_commands_total"));
  EXPECT_FALSE(IsLawfulMetricName(MetricKind::kCounter, "herdgate_commands"));
  EXPECT_FALSE(IsLawfulMetricName(MetricKind::kGauge, "herdgate_commands_total"));
  EXPECT_FALSE(IsLawfulMetricName(MetricKind::kHistogram, "herdgate_duration_seconds_total"));
}

TEST(FamilyTest, NamesNeedOneOfTheTwoPrefixes) {
  EXPECT_TRUE(IsLawfulMetricName(MetricKind::kGauge, "process_open_fds"));
  EXPECT_FALSE(IsLawfulMetricName(MetricKind::kGauge, "redis_connections"));
  EXPECT_FALSE(IsLawfulMetricName(MetricKind::kGauge, "herdgate"));
}

TEST(FamilyTest, NamesAreLowerCaseWords) {
  for (const char* name : {"herdgate_Connections", "herdgate_a-b", "herdgate_a b", "herdgate__a", "herdgate_a_", "",
                           "herdgate_\xc3\xa9", "9herdgate_a"}) {
    EXPECT_FALSE(IsLawfulMetricName(MetricKind::kGauge, name)) << name;
  }
}

TEST(FamilyTest, NamesKeepClearOfTheSuffixesOfTheTextFormat) {
  EXPECT_FALSE(IsLawfulMetricName(MetricKind::kGauge, "herdgate_queue_count"));
  EXPECT_FALSE(IsLawfulMetricName(MetricKind::kHistogram, "herdgate_duration_seconds_bucket"));
  EXPECT_FALSE(IsLawfulMetricName(MetricKind::kGauge, "herdgate_duration_seconds_sum"));
}

TEST(FamilyTest, HelpIsOneNonEmptyLineWithoutEscapes) {
  EXPECT_TRUE(IsLawfulHelp("Bytes read from clients."));
  for (const char* help : {"", "two\nlines", "a\rb", "back\\slash"}) EXPECT_FALSE(IsLawfulHelp(help)) << help;
}

TEST(FamilyTest, LabelNamesMustNotBeThoseOfHistograms) {
  EXPECT_TRUE(IsLawfulLabelName("outcome"));
  for (const char* name : {"le", "quantile", "Outcome", "out-come", "__name__", ""}) {
    EXPECT_FALSE(IsLawfulLabelName(name)) << name;
  }
}

}  // namespace
}  // namespace herdgate::metrics

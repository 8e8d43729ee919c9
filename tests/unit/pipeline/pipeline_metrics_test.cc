#include "sidecar/pipeline/pipeline_metrics.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

namespace herdgate::pipeline {
namespace {

// Of herdgate_commands_total, by command and outcome.
std::map<std::string, double> Scrape(const upstream::UpstreamMetrics& lanes, ShownCommands& shown) {
  metrics::Registry registry;
  const auto registration = registry.Register([&](metrics::SampleSink& sink) { CollectCommands(lanes, shown, sink); });
  std::map<std::string, double> values;
  for (const metrics::FamilySamples& family : registry.Collect()) {
    if (family.family.name != "herdgate_commands_total") continue;
    for (const metrics::Series& series : family.series)
      values[series.labels[0].second + " " + series.labels[1].second] = series.value;
  }
  return values;
}

TEST(CollectCommandsTest, ACommandThatWasUsedHasItsErrorsFromTheStart) {
  const auto lanes = std::make_unique<upstream::UpstreamMetrics>();
  ShownCommands shown;
  EXPECT_TRUE(Scrape(*lanes, shown).empty());
  lanes->commands.Count(0, false);
  const std::map<std::string, double> expected = {{"unknown ok", 1}, {"unknown error", 0}};
  EXPECT_EQ(Scrape(*lanes, shown), expected);
}

TEST(CollectCommandsTest, CommandsBeyondTheFirstAreOtherAndStaySo) {
  const auto first = std::make_unique<upstream::UpstreamMetrics>();
  const auto second = std::make_unique<upstream::UpstreamMetrics>();
  ShownCommands shown;
  second->commands.Count(200, false);
  EXPECT_EQ(Scrape(*second, shown).size(), 2U);
  constexpr std::uint16_t kUsed = 60;
  for (std::uint16_t id = 0; id < kUsed; ++id) first->commands.Count(id, id % 2 == 1);
  const auto values = Scrape(*first, shown);
  EXPECT_EQ(values.size(), 2 * ShownCommands::kMost) << "one name is the other loop's; with `other`";
  double sum = 0;
  for (const auto& [name, value] : values) sum += value;
  EXPECT_EQ(sum, kUsed);
  EXPECT_EQ(values.at("other ok") + values.at("other error"), kUsed - (ShownCommands::kMost - 1));
  second->commands.Count(kUsed - 1, false);
  EXPECT_EQ(Scrape(*second, shown).at("other ok"), 1) << "the same names on every loop";
}

}  // namespace
}  // namespace herdgate::pipeline

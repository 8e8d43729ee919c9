#include "sidecar/metrics/exposition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "sidecar/metrics/process_metrics.h"

namespace herdgate::metrics {
namespace {

constexpr CounterFamily kCommands{"herdgate_test_commands_total", "Commands."};
constexpr GaugeFamily kSessions{"herdgate_test_sessions", "Sessions."};
constexpr HistogramFamily kDuration{"herdgate_test_duration_seconds", "Durations.", kProxyOverheadBuckets};

class ManualClock final : public base::Clock {
 public:
  base::SteadyTime Now() const override { return now; }
  base::WallTime Wall() const override { return {}; }
  base::SteadyTime now{std::chrono::hours(1)};
};

class ExpositionTest : public testing::Test {
 protected:
  Registry registry_;
  ManualClock clock_;
  Exposition exposition_{registry_, clock_};
};

constexpr const char* kGolden =
    R"(# HELP herdgate_metrics_dropped_series_total Samples left out of scrapes because of the series limit or an unusable label value.
# TYPE herdgate_metrics_dropped_series_total counter
herdgate_metrics_dropped_series_total{reason="invalid_label"} 0
herdgate_metrics_dropped_series_total{reason="limit"} 0
# HELP herdgate_metrics_folded_policies Policies that share the label overflow, because all of them have too many series.
# TYPE herdgate_metrics_folded_policies gauge
herdgate_metrics_folded_policies 0
# HELP herdgate_scrape_collect_duration_seconds Time that the last scrape took to collect its samples.
# TYPE herdgate_scrape_collect_duration_seconds gauge
herdgate_scrape_collect_duration_seconds 0
# HELP herdgate_test_commands_total Commands.
# TYPE herdgate_test_commands_total counter
herdgate_test_commands_total{command="a\"b\\c",outcome="ok"} 1
herdgate_test_commands_total{command="get",outcome="ok"} 9007199254740992
# HELP herdgate_test_duration_seconds Durations.
# TYPE herdgate_test_duration_seconds histogram
herdgate_test_duration_seconds_count{class="read"} 4
herdgate_test_duration_seconds_sum{class="read"} 3.0000015
herdgate_test_duration_seconds_bucket{class="read",le="1e-06"} 2
herdgate_test_duration_seconds_bucket{class="read",le="2e-06"} 3
herdgate_test_duration_seconds_bucket{class="read",le="5e-06"} 3
herdgate_test_duration_seconds_bucket{class="read",le="1e-05"} 3
herdgate_test_duration_seconds_bucket{class="read",le="2e-05"} 3
herdgate_test_duration_seconds_bucket{class="read",le="5e-05"} 3
herdgate_test_duration_seconds_bucket{class="read",le="0.0001"} 3
herdgate_test_duration_seconds_bucket{class="read",le="0.00025"} 3
herdgate_test_duration_seconds_bucket{class="read",le="0.0005"} 3
herdgate_test_duration_seconds_bucket{class="read",le="0.001"} 3
herdgate_test_duration_seconds_bucket{class="read",le="0.005"} 3
herdgate_test_duration_seconds_bucket{class="read",le="+Inf"} 4
# HELP herdgate_test_sessions Sessions.
# TYPE herdgate_test_sessions gauge
herdgate_test_sessions -3
)";

TEST_F(ExpositionTest, TextIsByteForByteTheGolden) {
  Histogram duration(kProxyOverheadBuckets);
  duration.Record(std::chrono::nanoseconds(0));
  duration.Record(std::chrono::nanoseconds(0));
  duration.Record(std::chrono::nanoseconds(1500));
  duration.Record(std::chrono::seconds(3));
  const Registration r = registry_.Register([&](SampleSink& sink) {
    sink.Add(kSessions, {}, -3);
    sink.Add(kDuration, {{"class", "read"}}, duration);
    sink.Add(kCommands, {{"outcome", "ok"}, {"command", "get"}}, std::uint64_t{1} << 53U);
    sink.Add(kCommands, {{"outcome", "ok"}, {"command", "a\"b\\c"}}, 1);
  });
  EXPECT_EQ(*exposition_.Text(), kGolden);
}

TEST_F(ExpositionTest, ScrapesWithinASecondShareOneCollection) {
  int collected = 0;
  const Registration r = registry_.Register([&](SampleSink&) { ++collected; });
  const auto first = exposition_.Text();
  clock_.now += std::chrono::milliseconds(999);
  EXPECT_EQ(exposition_.Text(), first);
  EXPECT_EQ(collected, 1);
  clock_.now += std::chrono::milliseconds(1);
  EXPECT_NE(exposition_.Text(), first);
  EXPECT_EQ(collected, 2);
}

TEST_F(ExpositionTest, NothingIsKeptForNoTime) {
  int collected = 0;
  const Registration r = registry_.Register([&](SampleSink&) { ++collected; });
  Exposition fresh(registry_, clock_, std::chrono::milliseconds(0));
  fresh.Text();
  fresh.Text();
  EXPECT_EQ(collected, 2);
}

TEST_F(ExpositionTest, CompressedIsTheSameText) {
  const auto compressed = exposition_.Compressed();
  EXPECT_EQ(exposition_.Compressed(), compressed);
  const auto text = exposition_.Text();
  std::string out(text->size(), '\0');
  z_stream stream{};
  ASSERT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed->data()));
  stream.avail_in = static_cast<uInt>(compressed->size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  inflateEnd(&stream);
  EXPECT_EQ(out, *text);
  EXPECT_LT(compressed->size(), text->size());
  clock_.now += std::chrono::seconds(1);
  EXPECT_NE(exposition_.Compressed(), compressed);
}

TEST_F(ExpositionTest, ShowsTheTimeThatCollectingTook) {
  const Registration r = registry_.Register([&](SampleSink&) { clock_.now += std::chrono::milliseconds(250); });
  EXPECT_THAT(*exposition_.Text(), testing::HasSubstr("\nherdgate_scrape_collect_duration_seconds 0.25\n"));
}

TEST_F(ExpositionTest, ATextInUseOutlivesTheNextOne) {
  const auto first = exposition_.Text();
  const std::string copy(first->data(), first->size());
  clock_.now += std::chrono::seconds(5);
  (void)exposition_.Text();
  EXPECT_EQ(*first, copy);
}

// promtool (Debian package prometheus) judges names, help, units and the text itself.
TEST_F(ExpositionTest, PromtoolFindsNothingToSay) {
  if (std::system("command -v promtool >/dev/null 2>&1") != 0) GTEST_SKIP() << "promtool is not on PATH";
  const ProcessMetrics process(registry_, {"0.1.0", "unknown"});
  Histogram duration(kProxyOverheadBuckets);
  duration.Record(std::chrono::microseconds(7));
  const Registration r = registry_.Register([&](SampleSink& sink) {
    sink.Add(kSessions, {}, 3);
    sink.Add(kDuration, {{"class", "read"}}, duration);
    sink.Add(kCommands, {{"command", "get"}}, 1);
  });
  const std::string path = testing::TempDir() + "herdgate_exposition.txt";
  const std::string text = *exposition_.Text();
  std::FILE* file = std::fopen(path.c_str(), "w");
  ASSERT_NE(file, nullptr);
  ASSERT_EQ(std::fwrite(text.data(), 1, text.size(), file), text.size());
  std::fclose(file);

  std::FILE* promtool = popen(("promtool check metrics <" + path + " 2>&1").c_str(), "r");
  ASSERT_NE(promtool, nullptr);
  std::string said;
  std::array<char, 512> line{};
  while (std::fgets(line.data(), line.size(), promtool) != nullptr) said += line.data();
  EXPECT_EQ(pclose(promtool), 0);
  EXPECT_EQ(said, "");
}

}  // namespace
}  // namespace herdgate::metrics

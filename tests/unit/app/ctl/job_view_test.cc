#include "sidecar/app/ctl/job_view.h"

#include <gtest/gtest.h>

namespace herdgate::app {
namespace {

using std::chrono::milliseconds;

constexpr const char* kRunning =
    R"({"id":"j-1","state":"running","target":{"kind":"prefix","prefix":"user:","mode":"soft","scope":"both"},)"
    R"("by":"ops","created":"2026-11-21T12:00:00.000Z","scanned":1200000,"total":3000000,"matched":400000,)"
    R"("done":400000,"failed":0,"rate":null,"per_second":5000,"seconds":80,"finished":null,"generation":null})";

Style Plain(std::size_t width) {
  Style style;
  style.width = width;
  return style;
}

JsonDocument With(const std::string& members) {
  std::string text = kRunning;
  return JsonDocument("{" + members + "," + text.substr(1));
}

TEST(JobViewTest, BarsAreFilledByTheShare) {
  EXPECT_EQ(BarText(0, 12, Plain(80)), "[----------]");
  EXPECT_EQ(BarText(0.42, 12, Plain(80)), "[####------]");
  EXPECT_EQ(BarText(7, 12, Plain(80)), "[##########]");
  EXPECT_EQ(BarText(1, 2, Plain(80)), "");
}

TEST(JobViewTest, ProgressTellsShareTimeLeftDoneAndRate) {
  const JsonDocument job(kRunning);
  EXPECT_EQ(ProgressLine(job.root(), {}, Plain(80)),
            "[############------------------]  40 %  2 min left  400,000 done  5,000/s");
  EXPECT_EQ(ProgressLine(job.root(), {.per_second = 100, .seconds_left = 9}, Plain(80)),
            "[############------------------]  40 %  9 s left  400,000 done  100/s");
}

TEST(JobViewTest, ProgressFitsIntoOneLine) {
  const JsonDocument job(kRunning);
  for (std::size_t width = Style::kLeastWidth; width < 100; ++width) {
    EXPECT_LT(Columns(ProgressLine(job.root(), {}, Plain(width))), width);
  }
}

TEST(JobViewTest, AJobThatWaitsSaysForWhat) {
  const JsonDocument job = With(R"("waiting_for":"the upstream\u001b[2J")");
  const std::string line = ProgressLine(job.root(), {}, Plain(80));
  EXPECT_NE(line.find("waits for the upstream\\x1b[2J"), std::string::npos) << line;
  EXPECT_EQ(line.find("left"), std::string::npos) << line;
}

TEST(JobViewTest, ProgressIsOfTheMemberOrOfWhatIsScanned) {
  EXPECT_EQ(ProgressOf(JsonDocument(kRunning).root()), 0.4);
  EXPECT_EQ(ProgressOf(With(R"("progress":0.5)").root()), 0.5);
  EXPECT_EQ(ProgressOf(JsonDocument(R"({"state":"running","total":null})").root()), std::nullopt);
  EXPECT_EQ(ProgressOf(JsonDocument(R"({"state":"done"})").root()), 1);
}

TEST(JobViewTest, TheLastLineTellsWhatWasDone) {
  const JsonDocument done(
      R"({"id":"j-1","state":"done","target":{"kind":"prefix","prefix":"u","mode":"hard"},"done":412000,)"
      R"("scanned":3000000,"failed":2,"seconds":82.4})");
  EXPECT_EQ(SummaryLine(done.root(), Plain(80)),
            "done: 412,000 keys deleted in 1 min 22 s (5,000/s), 3,000,000 looked at, 2 sent twice; job j-1");
  const JsonDocument bumped(
      R"({"id":"j-2","state":"done","target":{"kind":"policy","policy":"page","mode":"hard"},"generation":1763680000123})");
  EXPECT_EQ(SummaryLine(bumped.root(), Plain(80)),
            "done: generation 1763680000123 hides all keys of policy page; job j-2");
  const JsonDocument tag(
      R"({"id":"j-4","state":"done","target":{"kind":"tag","tag":"t","mode":"hard"},"done":1,"bumped":2,"generation":null})");
  EXPECT_EQ(SummaryLine(tag.root(), Plain(80)),
            "done: 1 key deleted in 0 s, keys tagged by rules hidden in 2 policies; job j-4");
  const JsonDocument failed(
      R"({"id":"j-3","state":"failed","target":{"kind":"everything"},"done":1,"error":"no \u001b"})");
  EXPECT_EQ(SummaryLine(failed.root(), Plain(80)), "failed: 1 key marked stale in 0 s; no \\x1b; job j-3");
}

TEST(JobViewTest, TheListTellsWhatAndHowFar) {
  const JsonDocument jobs("{\"items\":[" + std::string(kRunning) + "]}");
  const auto lines = JobTable(jobs.root(), milliseconds(1795262460000), Plain(100));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[1], "j-1  running      40 %  400,000  1 min ago  ops  soft/both  prefix user:");
  const JsonDocument none(R"({"items":[]})");
  EXPECT_EQ(JobTable(none.root(), milliseconds(0), Plain(80)).size(), 1U);
}

}  // namespace
}  // namespace herdgate::app

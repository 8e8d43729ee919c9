// What is shown of a snapshot, of keys and of errors; and of answers that lack what they should have.
#include <gtest/gtest.h>

#include "sidecar/app/ctl/facts_list.h"
#include "sidecar/app/ctl/job_view.h"
#include "sidecar/app/ctl/key_view.h"
#include "sidecar/app/ctl/preview_view.h"
#include "sidecar/app/ctl/problem_text.h"
#include "sidecar/app/ctl/status_view.h"
#include "sidecar/app/ctl/time_text.h"

namespace herdgate::app {
namespace {

using std::chrono::milliseconds;

constexpr const char* kSnapshot = R"({
  "time": "2026-11-21T12:00:00.000Z", "version": "1.2.3", "uptime_seconds": 3600, "ready": true, "draining": false,
  "caller": {"name": "ops", "scopes": ["read", "operate"]},
  "upstream": {"url": "redis://redis:6379", "connected": false, "for_seconds": 61, "error": "refused \u001b[2J",
               "breaker": {"state": "open"}, "remembered_deletes": 3},
  "near": {"mode": "tracked", "bytes": 1024, "max_bytes": 67108864, "entries": 7},
  "sessions": {"open": 3, "max": 100, "rejected": 2},
  "totals": {"lookups": 1000, "hit_ratio": 0.5, "outcomes": {"miss": 500}},
  "rates": {"lookups": 20, "hit_ratio": 0.75, "outcomes": {"miss": 4, "hit": 15, "waited": 1}},
  "latency": {"p50_seconds": 0.0001, "p99_seconds": 0.002, "p999_seconds": 0.01},
  "stampedes": {"avoided": 40, "seconds_avoided": 12, "events": 2, "leaders": 1, "waiters": 9},
  "bypass": {"active": true, "policies": ["user"], "until": "2026-11-21T12:01:30.000Z", "by": "ops"},
  "policies": [{"name": "user", "mode": "audit", "counters": {"lookups": 10, "hit_ratio": 0.9, "outcomes": {"miss": 1}},
                "rates": null, "learning": "eligible", "flights": 4}],
  "config": {"hash": "0123456789abcdef", "last_reload_ok": false, "pending_restart": 1}})";

TEST(StatusViewTest, OneScreenTellsWhatIsWrong) {
  const JsonDocument snapshot(kSnapshot);
  const JsonDocument jobs(R"({"items":[{"id":"j-1","state":"running","progress":0.42,"target":{"kind":"everything"}},
                                       {"id":"j-0","state":"done","target":{"kind":"everything"}}]})");
  EXPECT_EQ(Joined(StatusLines(snapshot.root(), jobs.root(), "http://h:1", {})),
            "herdgate   ready  http://h:1  1.2.3  up 1 h\n"
            "upstream   redis://redis:6379  NOT CONNECTED for 1 min 1 s  breaker open\n"
            "           refused \\x1b[2J  3 remembered deletes\n"
            "lookups    20/s  hit ratio 75 %  offload 80 %  in the last seconds  1,000 in all\n"
            "latency    p50 0.1 ms  p99 2 ms  p99.9 10 ms\n"
            "stampedes  40 recomputes saved  12 s of computing  2 stampedes\n"
            "           now 1 leader, 9 waiters\n"
            "near       tracked  1 KiB of 64 MiB, 7 entries\n"
            "sessions   3 of 100  2 rejected since the start\n"
            "bypass     ON for user, ends in 1 min 30 s, by ops\n"
            "jobs       j-1 running 42 % (everything)\n"
            "config     0123456789ab  LAST RELOAD REFUSED, the one before is in force\n"
            "           1 option waiting for a restart\n"
            "you        ops  may read operate\n"
            "\n"
            "POLICY  MODE   LOOKUPS   HIT  OFFLOAD  LEARNED   FLIGHTS\n"
            "user    audit       10  90 %     90 %  eligible        4\n");
}

TEST(KeyViewTest, HotKeysShowRateHitsAndError) {
  const JsonDocument answer(
      R"({"keys_counted":true,"items":[{"key":"user:1","encoding":"utf8","cut":false,"policy":"user","count":1200,)"
      R"("error":3,"hits":75,"misses":25,"per_second":20},{"key":"AA==","encoding":"base64","cut":false,"policy":null,)"
      R"("count":1,"error":0,"hits":0,"misses":0,"per_second":0.1}]})");
  EXPECT_EQ(Joined(HotKeyLines(answer.root(), 10, {})),
            "LOOKUPS  HITS  COUNT  ERROR  POLICY  KEY\n"
            "   20/s  75 %  1,200     -3  user    user:1\n"
            "  0.1/s     -      1      0  -       \\x00\n");
  EXPECT_EQ(HotKeyLines(answer.root(), 1, {}).size(), 2U);
  const JsonDocument none(R"({"keys_counted":false,"items":[]})");
  EXPECT_NE(HotKeyLines(none.root(), 1, {})[0].find("no policy counts"), std::string::npos);
}

TEST(KeyViewTest, AKeyShowsWhatRedisHasOfItWhereThatDiffers) {
  const JsonDocument report(
      R"({"key":"page:1","encoding":"utf8","cut":false,"exists":true,"type":"string","ttl_ms":5000,)"
      R"("physical_ttl_ms":65000,"size_bytes":96,"length":5,"db":0,"policy":"page","mode":"enforce","why":"because",)"
      R"("physical":{"key":"v7:page:1","encoding":"utf8","cut":false},"near":{"state":"fresh","bytes":5,"age_ms":1500,)"
      R"("fresh_for_ms":3500},"flight":true,"per_second":2.5,)"
      R"("value":{"data":"AAE=","encoding":"base64","cut":true,"bytes":9000}})");
  EXPECT_EQ(Joined(KeyLines(report.root(), {})),
            "key        page:1  string\n"
            "in redis   v7:page:1  database 0\n"
            "policy     page  enforce  because\n"
            "expires    in 5 s  in Redis in 1 min 5 s\n"
            "size       96 B  length 5\n"
            "near       fresh, 5 B, 1.5 s old, fresh for 3.5 s\n"
            "traffic    2.5/s  somebody computes it or waits for it\n"
            "value      8.8 KiB  \\x00\\x01...\n");
  const JsonDocument missing(R"({"key":"a","encoding":"utf8","exists":false,"policy":null,"ttl_ms":null})");
  EXPECT_EQ(KeyLines(missing.root(), {})[0], "key        a  does not exist");
}

TEST(ProblemTextTest, OneLineSaysWhatIsWrongAndWhoMay) {
  const JsonDocument refused(
      R"({"title":"Forbidden","status":403,"detail":"no","needed_scope":"operate","instance":"4f1c"})");
  EXPECT_EQ(ProblemText(403, refused.root(), "x", {}), "403 Forbidden: no; needs the scope operate (request 4f1c)");
  const JsonDocument fields(R"({"title":"Unprocessable Content","errors":[{"pointer":"/key","detail":"is required"},)"
                            R"({"pointer":"","detail":"has\na line"}],"retry_after_seconds":2})");
  EXPECT_EQ(ProblemText(422, fields.root(), "4f1d", {}),
            "422 Unprocessable Content; /key is required; the request has\\na line; try again in 2 s (request 4f1d)");
  EXPECT_EQ(ProblemText(500, JsonDocument("<html>").root(), "", {}), "500");
}

TEST(TimeTextTest, TimesAreToldFromNow) {
  const auto time = ParseTime("2026-11-21T12:00:00.250Z");
  ASSERT_TRUE(time);
  EXPECT_EQ(*time, milliseconds(1795262400250));
  EXPECT_EQ(FromNow("2026-11-21T12:00:00.250Z", *time + milliseconds(61'500)), "1 min 1 s ago");
  EXPECT_EQ(FromNow("2026-11-21T12:00:00.250Z", *time - milliseconds(90'000)), "in 1 min 30 s");
  EXPECT_EQ(FromNow("2026-11-21T12:00:00.250Z", *time), "now");
  for (const char* const text : {"", "noon", "2026-11-21", "2026-13-21T12:00:00Z", "2026-11-21T12:00:00"}) {
    EXPECT_EQ(ParseTime(text), std::nullopt) << text;
  }
}

TEST(ViewsTest, AnAnswerWithoutAnythingIsShownWithoutAnything) {
  const Style narrow{.colour = true, .charset = Charset::kUtf8, .width = Style::kLeastWidth};
  for (const char* const text : {"{}", "[]", "3", "", "{\"items\":[3,null,{}],\"policies\":[{}],\"sample\":[{}]}"}) {
    const JsonDocument answer(text);
    const JsonView root = answer.root();
    EXPECT_FALSE(StatusLines(root, root, "u", narrow).empty());
    EXPECT_FALSE(HotKeyLines(root, 9, narrow).empty());
    EXPECT_FALSE(KeyLines(root, narrow).empty());
    EXPECT_FALSE(PreviewLines(root, narrow).empty());
    EXPECT_FALSE(JobTable(root, milliseconds(0), narrow).empty());
    EXPECT_FALSE(JobLines(root, milliseconds(0), narrow).empty());
    EXPECT_FALSE(SummaryLine(root, narrow).empty());
    EXPECT_NE(QuestionOf(root, narrow).text, "");
  }
}

}  // namespace
}  // namespace herdgate::app

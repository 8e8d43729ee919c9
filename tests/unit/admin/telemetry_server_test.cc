#include "sidecar/admin/telemetry_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <string>

#include "sidecar/metrics/exposition.h"
#include "tests/unit/admin/raw_client.h"

namespace herdgate::admin {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class TelemetryServerTest : public testing::Test {
 protected:
  void SetUp() override {
    const base::Result<std::uint16_t> port = server_.Start();
    ASSERT_TRUE(port.ok()) << port.status().message();
    port_ = port.value();
  }
  void SetHealth(Health health) {
    const std::lock_guard lock(mutex_);
    health_ = std::move(health);
  }
  std::string Get(const std::string& target, const std::string& headers = {}) {
    RawClient client(port_);
    client.Send(GetRequest(target, headers));
    return client.ReadAnswer();
  }

  std::mutex mutex_;
  Health health_;
  metrics::Registry registry_;
  metrics::Exposition exposition_{registry_};
  TelemetryServer server_{{.listen = {.host = "127.0.0.1", .port = 0, .path = ""}},
                          {.metrics = [this] { return exposition_.Text(); },
                           .health =
                               [this] {
                                 const std::lock_guard lock(mutex_);
                                 return health_;
                               },
                           .compressed_metrics = [this] { return exposition_.Compressed(); }}};
  std::uint16_t port_ = 0;
};

TEST_F(TelemetryServerTest, EachProbeHasItsOwnVerdict) {
  SetHealth({.live = true, .started = false, .ready = false});
  EXPECT_THAT(Get("/livez"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(Get("/startupz"), StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(Get("/readyz"), StartsWith("HTTP/1.1 503 "));
  SetHealth({.live = false, .started = true, .ready = true});
  EXPECT_THAT(Get("/livez"), StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(Get("/startupz"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(Get("/readyz"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(TelemetryServerTest, VerboseShowsTheChecksAndANoShowsThemUnasked) {
  Health health{.live = true, .started = true, .ready = true, .checks = {{"upstream", false, "connection refused"}}};
  SetHealth(health);
  EXPECT_THAT(Get("/readyz"), EndsWith("\r\n\r\nok\n"));
  EXPECT_THAT(Get("/readyz?verbose"), EndsWith("[-]upstream failed: connection refused\nreadyz check passed\n"));
  health.ready = false;
  SetHealth(health);
  EXPECT_THAT(Get("/readyz"), EndsWith("[-]upstream failed: connection refused\nreadyz check failed\n"));
}

TEST_F(TelemetryServerTest, MetricsComeWithTheContentTypeThatPrometheusAsksFor) {
  const std::string answer = Get("/metrics");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(answer, HasSubstr("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  EXPECT_THAT(answer, HasSubstr("\nherdgate_scrape_collect_duration_seconds "));
}

TEST_F(TelemetryServerTest, MetricsAreCompressedForWhoAsksForIt) {
  const std::string answer = Get("/metrics", "Accept-Encoding: gzip;q=1.0,deflate\r\n");
  EXPECT_THAT(answer, HasSubstr("\r\nContent-Encoding: gzip\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nVary: Accept-Encoding\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\n\r\n\x1f\x8b"));
  EXPECT_THAT(Get("/metrics"), Not(HasSubstr("Content-Encoding")));
}

TEST_F(TelemetryServerTest, ThereIsNothingElse) {
  for (const char* path : {"/", "/metrics/", "/api/v1/version", "/healthz", "/quitquitquit", "/favicon.ico"}) {
    EXPECT_THAT(Get(path), StartsWith("HTTP/1.1 404 ")) << path;
  }
  RawClient client(port_);
  client.Send("POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
  EXPECT_THAT(client.ReadAnswer(), StartsWith("HTTP/1.1 405 "));
}

TEST_F(TelemetryServerTest, CountsItsOwnRequests) {
  const metrics::Registration r = registry_.Register([this](metrics::SampleSink& sink) { server_.Collect(sink); });
  (void)Get("/nope");
  EXPECT_THAT(Get("/metrics"),
              HasSubstr("\nherdgate_http_requests_total{listener=\"telemetry\",outcome=\"client_error\"} 1\n"));
}

}  // namespace
}  // namespace herdgate::admin

// A preview that is too old, by a clock that the test moves: there is no Redis.
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <nlohmann/json.hpp>

#include "sidecar/admin/api_server.h"
#include "sidecar/base/log.h"
#include "sidecar/pipeline/invalidations.h"
#include "tests/support/fake_connector.h"

namespace herdgate::admin {
namespace {

using nlohmann::json;

class MovedClock final : public base::Clock {
 public:
  base::SteadyTime Now() const override { return base::SteadyTime(std::chrono::seconds(seconds_)); }
  base::WallTime Wall() const override { return base::WallTime(std::chrono::seconds(seconds_)); }
  void Advance(std::chrono::seconds by) { seconds_ += by.count(); }

 private:
  std::atomic<std::int64_t> seconds_{1'700'000'000};
};

class NoHost final : public pipeline::InvalidationHost {
 public:
  policy::SnapshotPtr Snapshot() const override { return nullptr; }
  bool UpstreamAway() const override { return true; }
  std::vector<std::string> CompanionsOf(const pipeline::InvalidationBatch&) const override { return {}; }
  void Before(pipeline::InvalidationBatchPtr, std::function<void()> done) override { done(); }
  void After(pipeline::InvalidationBatchPtr) override {}
  std::size_t SweepNear(const pipeline::InvalidationMatcher&, pipeline::InvalidationMode) override { return 0; }
  std::size_t RemoveNear(const pipeline::InvalidationBatch&) override { return 0; }
  void TaintFlights(std::shared_ptr<const pipeline::InvalidationMatcher>, std::function<void()> done) override {
    done();
  }
  std::vector<Hot> HottestOf(const pipeline::InvalidationMatcher&) const override { return {}; }
  void Bump(const std::string&, std::function<void(base::Result<std::uint64_t>)>) override {}
  void BumpTag(const std::string&, const std::string&, std::function<void(base::Result<pipeline::TagBump>)>) override {}
};

class PreviewExpiryTest : public ::testing::Test {
 protected:
  PreviewExpiryTest() {
    base::ConfigureLog(base::LogFormat::kJson, base::LogLevel::kError);
    connector_.hang = true;
    jobs_.Run();
  }
  ~PreviewExpiryTest() override { jobs_.Stop(); }

  int StatusOf(const std::string& token) {
    RequestHead head;
    EXPECT_EQ(ParseHead("GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer secret\r\n\r\n", {}, head), 0);
    const std::string path = "/api/v1/invalidations/preview/" + token;
    const HttpResponse answer =
        server_.Handle({.method = "GET", .path = path, .query = {}, .body = {}, .head = head, .remote = "127.0.0.1:5"});
    const auto body = json::parse(answer.body, nullptr, false);
    if (answer.status == 410) {
      EXPECT_EQ(body.value("type", ""), "urn:herdgate:problem:preview-expired");
    }
    return answer.status;
  }
  std::string TokensFile() {
    const std::string path = ::testing::TempDir() + "herdgate_preview_expiry";
    std::ofstream(path) << TokenLine("all", "read,invalidate", "secret") << "\n";
    return path;
  }

  MovedClock clock_;
  testing::FakeConnector connector_;
  const upstream::UpstreamOptions options_;
  upstream::Health health_;
  upstream::Breaker breaker_{clock_};
  std::atomic<std::int64_t> connections_{0};
  upstream::OwnAddresses own_addresses_;
  pipeline::Invalidations jobs_{{.connector = connector_,
                                 .options = options_,
                                 .health = health_,
                                 .breaker = breaker_,
                                 .connections = connections_,
                                 .own_addresses = own_addresses_,
                                 .identity = nullptr},
                                [](net::Loop&) { return std::make_unique<NoHost>(); },
                                clock_};
  metrics::Registry registry_;
  ApiServer server_{
      {.listen = {.host = "127.0.0.1", .port = 0, .path = ""}, .tokens_file = TokensFile()}, Content(), clock_};

 private:
  ApiContent Content() {
    ApiContent content;
    content.registry = &registry_;
    content.invalidations = &jobs_;
    return content;
  }
};

TEST_F(PreviewExpiryTest, APreviewIsGoneAfterFiveMinutes) {
  const auto started = jobs_.Preview({.kind = pipeline::InvalidationKind::kPrefix, .targets = {"a:"}});
  ASSERT_TRUE(started.ok());
  EXPECT_EQ(StatusOf(started.id), 200);
  clock_.Advance(std::chrono::seconds(299));
  EXPECT_EQ(StatusOf(started.id), 200);
  clock_.Advance(std::chrono::seconds(2));
  EXPECT_EQ(StatusOf(started.id), 410);
  EXPECT_EQ(StatusOf("never"), 404);
}

TEST_F(PreviewExpiryTest, AnOldPreviewIsNotCarriedOut) {
  const pipeline::InvalidationRequest request{.kind = pipeline::InvalidationKind::kPrefix, .targets = {"a:"}};
  const auto started = jobs_.Preview(request);
  clock_.Advance(std::chrono::seconds(301));
  EXPECT_EQ(jobs_.Start(request, {.preview_token = started.id}).refusal, pipeline::InvalidationRefusal::kExpiredToken);
}

}  // namespace
}  // namespace herdgate::admin

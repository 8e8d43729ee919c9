#include "sidecar/app/inject_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/test_ca.h"
#include "tests/support/tls_client.h"

namespace herdgate::app {
namespace {

using test::TestCa;
using test::TlsClient;
using testing::HasSubstr;
using testing::StartsWith;
using Json = nlohmann::json;

constexpr std::size_t kMostBody = std::size_t{3} << 20U;

std::string ReviewText(const std::string& name) {
  std::ifstream file(std::filesystem::path(__FILE__).parent_path() / "../inject/reviews" / (name + ".json"));
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string Post(const std::string& body) {
  return "POST /mutate?timeout=10s HTTP/1.1\r\nHost: injector.test:9443\r\nContent-Type: application/json\r\n" +
         ("Content-Length: " + std::to_string(body.size())) + "\r\n\r\n" + body;
}

std::string BodyOf(const std::string& answer) {
  const std::size_t head = answer.find("\r\n\r\n");
  return head == std::string::npos ? "" : answer.substr(head + 4);
}

// Values by metric, and by metric and the value of its first label.
class Samples final : public metrics::SampleSink {
 public:
  explicit Samples(const InjectServer& server) { server.Collect(*this); }
  double Of(const std::string& metric, const std::string& label = "") const { return values_.at(metric + " " + label); }

 private:
  void AddValue(const metrics::Family& family, Labels labels, double value) override {
    values_[std::string(family.name) + " " + std::string(labels.size() == 0 ? "" : labels.begin()->value)] = value;
  }
  void AddHistogram(const metrics::HistogramFamily& /*family*/, Labels /*labels*/,
                    const metrics::HistogramSnapshot& /*snapshot*/) override {}

  std::map<std::string, double> values_;
};

// A webhook with a certificate of the test's authority.
class InjectServerTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(ca_.made() && ca_.Issue("first") && ca_.Issue("second"));
    Use("first");
    options_.listen = base::ParseHostPort("127.0.0.1:0").value();
    options_.tls_cert_file = ca_.At("live/tls.crt");
    options_.tls_key_file = ca_.At("live/tls.key");
    options_.injector.pod.image = "herdgate:0.1.0";
    // However slow the machine is.
    options_.limits.request_timeout = std::chrono::seconds(60);
  }

  void Start() {
    server_ = std::make_unique<InjectServer>(options_);
    const base::Status status = server_->Start();
    ASSERT_TRUE(status.ok()) << status.message();
  }

  // As Kubernetes replaces a Secret: both files at once, by a link that is renamed over.
  void Use(const std::string& name) {
    const std::string folder = ca_.At("of_" + name);
    std::filesystem::create_directories(folder);
    for (const char* const kind : {"crt", "key"}) {
      std::filesystem::copy_file(ca_.At(name + "." + kind), folder + "/tls." + kind,
                                 std::filesystem::copy_options::skip_existing);
    }
    std::filesystem::remove(ca_.At("next"));
    std::filesystem::create_directory_symlink(folder, ca_.At("next"));
    std::filesystem::rename(ca_.At("next"), ca_.At("live"));
  }

  // One request of its own connection; empty if there is none.
  std::string Ask(const std::string& request, std::string* peer = nullptr) {
    TlsClient client(server_->port(), ca_.ca_file());
    if (!client.Handshake()) return "";
    if (peer != nullptr) *peer = client.PeerName();
    (void)client.Send(request);
    return client.ReadAnswer();
  }

  TestCa ca_;
  InjectServerOptions options_;
  std::unique_ptr<InjectServer> server_;
};

TEST_F(InjectServerTest, AnswersAReviewWithAPatch) {
  Start();
  const std::string answer = Ask(Post(ReviewText("deployment")));
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(answer, HasSubstr("Content-Type: application/json\r\n"));
  const Json body = Json::parse(BodyOf(answer));
  EXPECT_EQ(body["response"]["uid"], "a3f7f1a2-63a1-49a5-8d7e-0f0c9b6a1d01");
  EXPECT_TRUE(body["response"].contains("patch"));
}

TEST_F(InjectServerTest, WhatIsNoReviewIsABadRequestAndTheConnectionGoesOn) {
  Start();
  TlsClient client(server_->port(), ca_.ca_file());
  ASSERT_TRUE(client.Handshake());
  ASSERT_TRUE(client.Send(Post("{\"kind\": \"Pod\"}")));
  EXPECT_THAT(client.ReadAnswer(), StartsWith("HTTP/1.1 400 "));
  ASSERT_TRUE(client.Send(Post(ReviewText("not_asked"))));
  EXPECT_THAT(client.ReadAnswer(), StartsWith("HTTP/1.1 200 "));
}

TEST_F(InjectServerTest, ProbesPassAndOtherPathsAreNotThere) {
  Start();
  const auto get = [this](const std::string& path) { return Ask("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n"); };
  EXPECT_THAT(get("/healthz"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(get("/readyz"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(get("/"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(get("/mutate"), StartsWith("HTTP/1.1 405 "));
}

TEST_F(InjectServerTest, TakesThreeMebibytesAndNotAByteMore) {
  Start();
  std::string review = ReviewText("deployment");
  review.resize(kMostBody, ' ');
  EXPECT_THAT(Ask(Post(review)), StartsWith("HTTP/1.1 200 "));
  review += ' ';
  EXPECT_THAT(Ask(Post(review)), StartsWith("HTTP/1.1 413 "));
}

TEST_F(InjectServerTest, SlowClientsHoldNobodyUp) {
  Start();
  std::vector<std::unique_ptr<TlsClient>> slow;
  const std::string request = Post(ReviewText("deployment"));
  for (int i = 0; i < 50; ++i) {
    slow.push_back(std::make_unique<TlsClient>(server_->port(), ca_.ca_file()));
    if (i % 2 == 0) continue;  // not even a handshake
    ASSERT_TRUE(slow.back()->Handshake());
    ASSERT_TRUE(slow.back()->Send(request.substr(0, request.size() / 2)));
  }
  for (int i = 0; i < 20; ++i) ASSERT_THAT(Ask(request), StartsWith("HTTP/1.1 200 "));
}

TEST_F(InjectServerTest, AClientThatSendsAByteNowAndThenIsClosed) {
  options_.limits.request_timeout = std::chrono::milliseconds(500);
  Start();
  TlsClient client(server_->port(), ca_.ca_file());
  if (!client.Handshake()) GTEST_SKIP() << "the machine is too slow for a handshake in half a second";
  const std::string request = Post(ReviewText("deployment"));
  std::size_t sent = 0;
  while (sent < request.size() && client.Send(request.substr(sent, 1))) {
    ++sent;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_LT(sent, request.size());
}

TEST_F(InjectServerTest, TwoHundredClientsAtOnceAreAllAnswered) {
  Start();
  const std::string request = Post(ReviewText("deployment"));
  std::atomic<int> answered{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 200; ++i) {
    clients.emplace_back([&] { answered += Ask(request).starts_with("HTTP/1.1 200 ") ? 1 : 0; });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(answered, 200);
}

TEST_F(InjectServerTest, ARotatedCertificateIsShownToNewClientsAndFailsNone) {
  Start();
  TlsClient before(server_->port(), ca_.ca_file());
  ASSERT_TRUE(before.Handshake());
  const std::string request = Post(ReviewText("deployment"));
  std::atomic<bool> stop{false};
  std::atomic<int> asked{0};
  std::atomic<int> failed{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      while (!stop) {
        failed += Ask(request).starts_with("HTTP/1.1 200 ") ? 0 : 1;
        ++asked;
      }
    });
  }
  for (int round = 0; round < 20; ++round) {
    const std::string name = round % 2 == 0 ? "second" : "first";
    Use(name);
    server_->ReloadCertificate();
    std::string peer;
    EXPECT_THAT(Ask(request, &peer), StartsWith("HTTP/1.1 200 "));
    EXPECT_EQ(peer, name);
  }
  stop = true;
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(failed, 0) << "of " << asked;
  ASSERT_TRUE(before.Send(request));
  EXPECT_THAT(before.ReadAnswer(), StartsWith("HTTP/1.1 200 "));
}

TEST_F(InjectServerTest, ABadCertificateLeavesTheOldOneInForce) {
  Start();
  std::ofstream(ca_.At("of_first/tls.crt")) << "no certificate\n";
  server_->ReloadCertificate();
  std::string peer;
  EXPECT_THAT(Ask(Post(ReviewText("job")), &peer), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(peer, "first");
}

TEST_F(InjectServerTest, ABadTemplateLeavesTheOldOneInForce) {
  options_.template_file = ca_.At("template.yaml");
  std::ofstream(options_.template_file) << "container: {name: cache}\n";
  Start();
  const auto patch = [this] { return Json::parse(BodyOf(Ask(Post(ReviewText("job")))))["response"]["patch"]; };
  const Json first = patch();
  std::ofstream(options_.template_file) << "container: {}\n";
  server_->ReloadTemplate();
  EXPECT_EQ(patch(), first);
  std::ofstream(options_.template_file) << "container: {name: other}\n";
  server_->ReloadTemplate();
  EXPECT_NE(patch(), first);
}

TEST_F(InjectServerTest, PodsAreReviewedForTheDelayAndReadinessSaysNo) {
  options_.shutdown_delay = std::chrono::seconds(60);
  std::atomic<bool> over = false;
  Start();
  const std::string request = Post(ReviewText("job"));
  // Stop waits for longer than this test; whatever is asked meanwhile is answered.
  std::thread stopping([&] {
    server_->Stop();
    over = true;
  });
  const std::string probe = "GET /readyz HTTP/1.1\r\nHost: injector.test:9443\r\n\r\n";
  while (!Ask(probe).starts_with("HTTP/1.1 503 ")) std::this_thread::yield();
  EXPECT_THAT(Ask(request), HasSubstr("\"patch\""));
  EXPECT_FALSE(over);
  server_->Hurry();
  stopping.join();
  EXPECT_EQ(Ask(request), "");
}

TEST_F(InjectServerTest, ShowsThatACertificateWasRefusedUntilAGoodOneComes) {
  Start();
  const auto shows = [this](double good, double loaded, double refused) {
    const Samples samples(*server_);
    EXPECT_EQ(samples.Of("herdgate_inject_certificate_last_load_success"), good);
    EXPECT_EQ(samples.Of("herdgate_inject_certificate_loads_total", "loaded"), loaded);
    EXPECT_EQ(samples.Of("herdgate_inject_certificate_loads_total", "refused"), refused);
    EXPECT_GT(samples.Of("herdgate_inject_certificate_not_after_timestamp_seconds"), 0);
    EXPECT_EQ(samples.Of("herdgate_inject_template_last_load_success"), 1);
  };
  shows(1, 1, 0);
  std::filesystem::copy_file(ca_.At("second.key"), ca_.At("of_first/tls.key"),
                             std::filesystem::copy_options::overwrite_existing);
  server_->ReloadCertificate();
  shows(0, 1, 1);
  Use("second");
  server_->ReloadCertificate();
  shows(1, 2, 1);
}

TEST_F(InjectServerTest, ShowsThatATemplateWasRefusedUntilAGoodOneComes) {
  options_.template_file = ca_.At("template.yaml");
  std::ofstream(options_.template_file) << "container: {name: cache}\n";
  Start();
  const auto shows = [this](double good, double loaded, double refused) {
    const Samples samples(*server_);
    EXPECT_EQ(samples.Of("herdgate_inject_template_last_load_success"), good);
    EXPECT_EQ(samples.Of("herdgate_inject_template_loads_total", "loaded"), loaded);
    EXPECT_EQ(samples.Of("herdgate_inject_template_loads_total", "refused"), refused);
    EXPECT_EQ(samples.Of("herdgate_inject_certificate_last_load_success"), 1);
  };
  shows(1, 1, 0);
  std::ofstream(options_.template_file) << "container: {}\n";
  server_->ReloadTemplate();
  shows(0, 1, 1);
  std::filesystem::remove(options_.template_file);
  server_->ReloadTemplate();
  shows(0, 1, 2);
  std::ofstream(options_.template_file) << "container: {name: other}\n";
  server_->ReloadTemplate();
  shows(1, 2, 2);
}

TEST_F(InjectServerTest, WithoutACertificateItDoesNotStart) {
  options_.tls_cert_file = ca_.At("missing.crt");
  const base::Status status = InjectServer(options_).Start();
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.message(), StartsWith("can't read the certificate " + ca_.At("missing.crt")));
}

TEST_F(InjectServerTest, WithAWrongTemplateItDoesNotStart) {
  options_.template_file = ca_.At("template.yaml");
  std::ofstream(options_.template_file) << "containers: []\n";
  const base::Status status = InjectServer(options_).Start();
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.message(), HasSubstr("template.yaml: the sidecar template can't be used"));
}

}  // namespace
}  // namespace herdgate::app

// herdgate inject as a process: started, asked by curl over TLS, its files replaced as Kubernetes does, ended.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "tests/integration/support/http_get.h"
#include "tests/integration/support/sidecar_process.h"
#include "tests/integration/support/sockets.h"
#include "tests/support/test_ca.h"
#include "tests/support/tls_client.h"

namespace herdgate::integration {
namespace {

using test::TestCa;
using test::TlsClient;
using testing::HasSubstr;
using testing::StartsWith;
using Json = nlohmann::json;

std::string ReviewFile(const std::string& name) {
  return std::filesystem::absolute(std::filesystem::path(__FILE__).parent_path() / "../unit/inject/reviews") /
         (name + ".json");
}

class Inject : public testing::Test {
 protected:
  void SetUp() override {
    if (!SidecarProcess::Built()) GTEST_SKIP() << "the herdgate binary is not built";
    ASSERT_TRUE(ca_.made() && ca_.Issue("first") && ca_.Issue("second"));
    Mount("first");
  }

  Words Command(const Words& more = {}) const {
    Words words = {"inject",
                   "--listen",
                   "127.0.0.1:" + std::to_string(port_),
                   "--telemetry",
                   "127.0.0.1:" + std::to_string(telemetry_port_),
                   "--tls-cert",
                   ca_.At("tls.crt"),
                   "--tls-key",
                   ca_.At("tls.key"),
                   "--image",
                   "herdgate:0.1.0"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  bool Serves() const {
    return Eventually([this] { return !PeerName().empty(); });
  }
  // Whose certificate a new client is shown; empty if it can't connect.
  std::string PeerName() const {
    TlsClient client(port_, ca_.ca_file());
    return client.Handshake() ? client.PeerName() : "";
  }

  // A Secret's folder: tls.crt -> ..data/tls.crt, and ..data is renamed over.
  void Mount(const std::string& name) {
    const std::string folder = "..version_" + name;
    std::filesystem::create_directories(ca_.At(folder));
    for (const std::string kind : {"crt", "key"}) {
      std::filesystem::copy_file(ca_.At(name + "." + kind), ca_.At(folder + "/tls." + kind));
      if (!std::filesystem::is_symlink(ca_.At("tls." + kind)))
        std::filesystem::create_symlink("..data/tls." + kind, ca_.At("tls." + kind));
    }
    std::filesystem::create_directory_symlink(folder, ca_.At("..data_tmp"));
    std::filesystem::rename(ca_.At("..data_tmp"), ca_.At("..data"));
  }

  // The answer's status and body, by curl, as a stranger to this code.
  std::pair<int, std::string> Curl(const std::string& file) const {
    const std::string url = "https://injector.test:" + std::to_string(port_) + "/mutate";
    const std::string command =
        "curl -s --max-time 30 --cacert " + ca_.ca_file() + " --resolve injector.test:" + std::to_string(port_) +
        ":127.0.0.1 -H 'Content-Type: application/json' -w '\\n%{http_code}'" + " --data-binary @" + file + " " + url;
    FILE* const pipe = popen(command.c_str(), "r");
    std::string out;
    std::array<char, 4096> chunk{};
    while (const std::size_t got = fread(chunk.data(), 1, chunk.size(), pipe)) out.append(chunk.data(), got);
    pclose(pipe);
    const std::size_t end = out.rfind('\n');
    if (end == std::string::npos) return {0, ""};
    return {std::atoi(out.c_str() + end + 1), out.substr(0, end)};
  }

  TestCa ca_;
  const std::uint16_t port_ = FreePort();
  const std::uint16_t telemetry_port_ = FreePort();
};

TEST_F(Inject, IsAskedByCurlAndShowsWhatCameOfIt) {
  SidecarProcess process(Command({"--policies", "shop"}));
  ASSERT_TRUE(Serves()) << process.Output();
  const auto [status, body] = Curl(ReviewFile("job"));
  EXPECT_EQ(status, 200);
  EXPECT_TRUE(Json::parse(body)["response"].contains("patch"));
  std::ofstream(ca_.At("wrong")) << "no review";
  EXPECT_EQ(Curl(ca_.At("wrong")).first, 400);
  std::ofstream(ca_.At("large")) << std::string((3U << 20U) + 1, ' ');
  EXPECT_EQ(Curl(ca_.At("large")).first, 413);
  const std::string scrape = HttpGet(telemetry_port_, "/metrics").body;
  EXPECT_THAT(scrape, HasSubstr("herdgate_inject_reviews_total{outcome=\"injected\"} 1\n"));
  EXPECT_THAT(scrape, HasSubstr("herdgate_inject_reviews_total{outcome=\"malformed\"} 1\n"));
  EXPECT_THAT(scrape, HasSubstr("herdgate_http_requests_total{listener=\"inject\",outcome=\"refused\"} 1\n"));
  EXPECT_THAT(scrape, HasSubstr("herdgate_inject_certificate_not_after_timestamp_seconds "));
  process.Signal(SIGTERM);
  EXPECT_TRUE(process.Ends());
  EXPECT_EQ(process.ExitCode(), 0);
}

TEST_F(Inject, ANewSecretIsShownWithoutARestartAndABadOneIsNot) {
  SidecarProcess process(Command());
  ASSERT_TRUE(Serves()) << process.Output();
  EXPECT_EQ(PeerName(), "first");
  Mount("second");
  EXPECT_TRUE(Eventually([this] { return PeerName() == "second"; })) << process.Output();
  std::filesystem::copy_file(ca_.At("second.crt"), ca_.At("bad.crt"));
  std::filesystem::copy_file(ca_.At("first.key"), ca_.At("bad.key"));
  Mount("bad");
  EXPECT_TRUE(Eventually([&] { return process.Output().find("inject.certificate_refused") != std::string::npos; }));
  EXPECT_EQ(PeerName(), "second");
}

TEST_F(Inject, ANewTemplateIsUsedWithoutARestart) {
  const std::string file = ca_.At("template.yaml");
  std::ofstream(file) << "container: {name: before}\n";
  SidecarProcess process(Command({"--template", file}));
  ASSERT_TRUE(Serves()) << process.Output();
  const auto patch = [this] { return Json::parse(Curl(ReviewFile("job")).second)["response"]["patch"]; };
  const Json before = patch();
  std::ofstream(ca_.At("next.yaml")) << "container: {name: after}\n";
  std::filesystem::rename(ca_.At("next.yaml"), file);
  EXPECT_TRUE(Eventually([&] { return patch() != before; })) << process.Output();
}

TEST_F(Inject, WithoutItsCertificateItEndsWithOneSentence) {
  std::filesystem::remove(ca_.At("..data"));
  SidecarProcess process(Command());
  ASSERT_TRUE(process.Ends());
  EXPECT_EQ(process.ExitCode(), 2);
  EXPECT_EQ(process.Output(),
            "herdgate: can't read the certificate " + ca_.At("tls.crt") + ": No such file or directory\n");
}

TEST_F(Inject, APortInUseEndsItWithOneSentence) {
  SidecarProcess first(Command());
  ASSERT_TRUE(Serves());
  Words words = Command({"--log-level", "error"});
  words[4] = "off";
  SidecarProcess second(words);
  ASSERT_TRUE(second.Ends());
  EXPECT_EQ(second.ExitCode(), 2);
  EXPECT_THAT(second.Output(), HasSubstr("the port is in use"));
}

}  // namespace
}  // namespace herdgate::integration

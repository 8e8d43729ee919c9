#include "sidecar/admin/tls_identity.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "sidecar/admin/http_server.h"
#include "tests/support/test_ca.h"
#include "tests/support/tls_client.h"
#include "tests/unit/admin/raw_client.h"

namespace herdgate::admin {
namespace {

using test::TestCa;
using test::TlsClient;

constexpr std::size_t kBody = 300'000;
constexpr std::string_view kGet = "GET /name HTTP/1.1\r\nHost: x\r\n\r\n";

// An HTTPS server that answers with what it was sent.
class TlsIdentityTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(ca_.made() && ca_.Issue("first") && ca_.Issue("second"));
    Use("first");
    const base::Status loaded = identity_.Load();
    ASSERT_TRUE(loaded.ok()) << loaded.message();
  }

  void Start(HttpLimits limits = {}, std::size_t max_body_bytes = kBody) {
    limits.max_body_bytes = max_body_bytes;
    server_ = std::make_unique<HttpServer>(
        HttpServerOptions{.listen = base::ParseHostPort("127.0.0.1:0").value(), .limits = limits});
    server_->Route("GET", "/name", [](const HttpRequest&) { return HttpResponse{.body = "herdgate"}; });
    server_->Route("POST", "/echo",
                   [](const HttpRequest& request) { return HttpResponse{.body = std::string(request.body)}; });
    server_->Channel([this](int fd) { return identity_.Accept(fd); });
    const base::Result<std::uint16_t> port = server_->Start();
    ASSERT_TRUE(port.ok());
    port_ = port.value();
  }

  void Use(const std::string& name) {
    for (const char* const kind : {".crt", ".key"}) Copy(name + kind, std::string("tls") + kind);
  }
  void Copy(const std::string& from, const std::string& to) {
    std::filesystem::copy_file(ca_.At(from), ca_.At(to), std::filesystem::copy_options::overwrite_existing);
  }

  TestCa ca_;
  TlsIdentity identity_{ca_.At("tls.crt"), ca_.At("tls.key")};
  std::unique_ptr<HttpServer> server_;
  std::uint16_t port_ = 0;
};

TEST_F(TlsIdentityTest, AnswersSeveralRequestsOfOneConnection) {
  Start();
  TlsClient client(port_, ca_.ca_file());
  ASSERT_TRUE(client.Handshake());
  EXPECT_EQ(client.version(), TLS1_3_VERSION);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.Send(kGet));
    EXPECT_TRUE(client.ReadAnswer().ends_with("\r\n\r\nherdgate"));
  }
}

TEST_F(TlsIdentityTest, SpeaksTls12Too) {
  Start();
  TlsClient middle(port_, ca_.ca_file(), TLS1_2_VERSION);
  ASSERT_TRUE(middle.Handshake());
  EXPECT_EQ(middle.version(), TLS1_2_VERSION);
}

TEST_F(TlsIdentityTest, CarriesBodiesOfManyRecordsBothWays) {
  Start();
  std::string body(kBody, 'x');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>('a' + i % 23);
  TlsClient client(port_, ca_.ca_file());
  ASSERT_TRUE(client.Handshake());
  ASSERT_TRUE(client.Send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(kBody) + "\r\n\r\n"));
  // Records of odd sizes: the end of one is left in memory where the buffer has no room for it.
  for (std::size_t at = 0; at < kBody; at += 12'345) ASSERT_TRUE(client.Send(body.substr(at, 12'345)));
  EXPECT_TRUE(client.ReadAnswer().ends_with("\r\n\r\n" + body));
}

// The buffer of 512 bytes ends with a request, so that nothing of the next one is in it: it waits in OpenSSL's memory,
// of which no poll tells.
TEST_F(TlsIdentityTest, AnswersRequestsThatCameInOneRecord) {
  constexpr std::string_view kOf32Bytes = "GET /name HTTP/1.1\r\nHost: xx\r\n\r\n";
  static_assert(kOf32Bytes.size() == 32);
  Start({.max_head_bytes = 512}, 0);
  TlsClient client(port_, ca_.ca_file());
  ASSERT_TRUE(client.Handshake());
  std::string burst;
  for (int i = 0; i < 100; ++i) burst += kOf32Bytes;
  ASSERT_TRUE(client.Send(burst));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(client.ReadAnswer().ends_with("herdgate")) << i;
}

TEST_F(TlsIdentityTest, RefusalReachesTheClientAndEndsCleanly) {
  Start();
  TlsClient client(port_, ca_.ca_file());
  ASSERT_TRUE(client.Handshake());
  ASSERT_TRUE(client.Send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 300001\r\n\r\n"));
  EXPECT_TRUE(client.ReadAnswer().starts_with("HTTP/1.1 413 "));
  EXPECT_TRUE(client.AtCleanEnd());
}

TEST_F(TlsIdentityTest, NewHandshakesShowWhatWasLoadedLast) {
  Start();
  TlsClient before(port_, ca_.ca_file());
  ASSERT_TRUE(before.Handshake());
  EXPECT_EQ(before.PeerName(), "first");
  Use("second");
  ASSERT_TRUE(identity_.Load().ok());
  TlsClient after(port_, ca_.ca_file());
  ASSERT_TRUE(after.Handshake());
  EXPECT_EQ(after.PeerName(), "second");
  ASSERT_TRUE(before.Send(kGet));
  EXPECT_TRUE(before.ReadAnswer().ends_with("herdgate"));
}

TEST_F(TlsIdentityTest, BadFilesAreNamedAndTheOldCertificateStays) {
  Start();
  const auto refuses = [this](const std::string& part) {
    const base::Status status = identity_.Load();
    return !status.ok() && status.message().find(part) != std::string::npos;
  };
  Copy("second.crt", "tls.crt");
  EXPECT_TRUE(refuses("belongs to " + ca_.At("tls.crt")));
  std::ofstream(ca_.At("tls.crt")) << "no certificate\n";
  EXPECT_TRUE(refuses("holds no PEM certificate"));
  std::ofstream(ca_.At("tls.crt")).flush();
  EXPECT_TRUE(refuses("it is empty"));
  std::filesystem::remove(ca_.At("tls.key"));
  Copy("second.crt", "tls.crt");
  EXPECT_TRUE(refuses("can't read the key " + ca_.At("tls.key") + ": No such file"));
  TlsClient client(port_, ca_.ca_file());
  ASSERT_TRUE(client.Handshake());
  EXPECT_EQ(client.PeerName(), "first");
}

TEST_F(TlsIdentityTest, AKeyWithAPasswordIsRefusedAndNotAskedFor) {
  ASSERT_EQ(std::system(("openssl ec -aes128 -passout pass:x -in " + ca_.At("first.key") + " -out " +
                         ca_.At("tls.key") + " >/dev/null 2>&1")
                            .c_str()),
            0);
  const base::Status status = identity_.Load();
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.message().find("without a password"), std::string::npos);
}

TEST_F(TlsIdentityTest, TellsWhenTheCertificateEnds) {
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  EXPECT_NEAR(static_cast<double>(identity_.not_after() - now), 2 * 86'400.0, 3'600.0);
  EXPECT_EQ(TlsIdentity("a", "b").not_after(), 0);
}

TEST_F(TlsIdentityTest, PlainHttpAndRubbishEndTheConnectionAndNothingElse) {
  Start();
  for (const std::string& bytes : {std::string(kGet), std::string(5000, '\x16')}) {
    RawClient wrong(port_);
    ASSERT_TRUE(wrong.Send(bytes));
    EXPECT_EQ(wrong.ReadToEnd().find("HTTP/"), std::string::npos);
  }
  TlsClient client(port_, ca_.ca_file());
  ASSERT_TRUE(client.Handshake());
}

TEST_F(TlsIdentityTest, ClientsThatNeverFinishTheirHandshakeAreClosed) {
  Start({.request_timeout = std::chrono::milliseconds(100)});
  RawClient silent(port_);
  RawClient begun(port_);
  ASSERT_TRUE(begun.Send(std::string_view("\x16\x03\x01\x02\x00\x01", 6)));
  EXPECT_EQ(silent.ReadToEnd(), "");
  EXPECT_EQ(begun.ReadToEnd(), "");
  EXPECT_EQ(server_->metrics().timed_out.value(), 2U);
}

}  // namespace
}  // namespace herdgate::admin

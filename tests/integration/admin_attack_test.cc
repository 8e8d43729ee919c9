// Attacks on the HTTP API of a running sidecar: pages of other sites, other names, odd paths and framing, floods,
// guesses, and bytes that mean something to a page, a terminal or a log.
#include <array>
#include <atomic>
#include <functional>
#include <thread>

#include "sidecar/base/log.h"
#include "tests/integration/support/admin_api_test_base.h"
#include "tests/integration/support/api_request.h"
#include "tests/integration/support/sidecar_process.h"

namespace herdgate::integration {
namespace {

constexpr const char* kPolicies = R"(
policies:
  - {name: near, match: ["n:*"], near: {enabled: true, max_ttl: 60s}, stampede: {coalesce: on}}
)";
constexpr const char* kLoud = R"({"level":"debug"})";

class AdminAttack : public AdminApiTest {
 protected:
  AdminAttack() : AdminApiTest(kPolicies) {}

  // Whatever comes back until the server closes.
  std::string Raw(const std::string& bytes) {
    RawClient client(DialTcp(Gate().admin_port()));
    (void)client.Send(bytes);
    return client.ReadToEnd();
  }
  static int StatusOf(const std::string& text) { return ApiAnswer::Of(text).status; }
  static std::size_t AnswersIn(const std::string& text) {
    std::size_t count = 0;
    for (auto at = text.find("HTTP/1.1 "); at != std::string::npos; at = text.find("HTTP/1.1 ", at + 1)) ++count;
    return count;
  }
  ApiAnswer Send(const ApiRequest& request) { return request.Send(Gate().admin_port()); }
  // The write that attackers want: it shows in this process whether it was done.
  ApiRequest Change() const { return {.method = "PUT", .path = "/log-level", .token = kToken, .body = kLoud}; }
  static bool Changed() { return base::LeastLogLevel() != base::LogLevel::kError; }
  std::string Host() { return "127.0.0.1:" + std::to_string(Gate().admin_port()); }

  // Runs `attack` on threads of its own while commands and requests go on; all of them must be answered.
  void ServesDuring(const std::function<void()>& attack) {
    std::atomic<bool> done{false};
    std::vector<std::thread> attackers;
    for (int i = 0; i < 2; ++i) {
      attackers.emplace_back([&] {
        while (!done) attack();
      });
    }
    RawClient client = Client();
    client.Do({"SET", "n:1", "value"});
    for (int i = 0; i < 2000 && !HasFailure(); ++i) {
      EXPECT_EQ(client.Do({"GET", i % 2 == 0 ? "n:1" : "plain"}), i % 2 == 0 ? "$5\r\nvalue\r\n" : "$-1\r\n");
    }
    for (int i = 0; i < 20; ++i) EXPECT_EQ(Api().Get("/log-level").status, 200);
    done = true;
    for (std::thread& attacker : attackers) attacker.join();
  }
};

TEST_P(AdminAttack, AFormOfAnotherSiteChangesNothing) {
  const std::string multipart =
      "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n{\"level\":\"debug\"}\r\n--x--\r\n";
  const std::pair<const char*, std::string> forms[] = {
      {"application/x-www-form-urlencoded", "level=debug"},
      {"text/plain", R"({"level":"debug","x":"="})"},
      {"text/plain", kLoud},
      {"multipart/form-data; boundary=x", multipart},
      {"application/json", kLoud},
      {"", kLoud},
  };
  for (const auto& [type, body] : forms) {
    ApiRequest request = Change();
    request.body = body;
    request.content_type = type;
    request.write_header = "";  // no form can send it
    EXPECT_EQ(Send(request).status, 403) << type;
    request.more = "Origin: https://evil.example\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n";
    EXPECT_EQ(Send(request).status, 403) << type;
    request.write_header = "1";
    EXPECT_EQ(Send(request).status, 403) << type;
    request.more = "";
    if (std::string_view(type) != "application/json") {
      EXPECT_EQ(Send(request).status, 415) << type;
    }
    request.method = "POST";
    request.path = "/bypass";
    request.write_header = "";
    EXPECT_EQ(Send(request).status, 403) << type;
  }
  EXPECT_FALSE(Changed());
  EXPECT_EQ(Get("/bypass").at("active"), false);
}

TEST_P(AdminAttack, AScriptOfAnotherSiteReadsAndChangesNothing) {
  for (const char* method : {"GET", "HEAD", "POST", "PUT", "OPTIONS", "DELETE"}) {
    for (const char* path : {"/snapshot", "/log-level", "/audit", "/openapi.json"}) {
      for (const std::string from : {"Origin: http://evil.example\r\n", "Origin: null\r\n",
                                     "Sec-Fetch-Site: cross-site\r\n", "Sec-Fetch-Site: same-site\r\n",
                                     "Origin: http://evil.example\r\nAccess-Control-Request-Method: PUT\r\n"
                                     "Access-Control-Request-Headers: x-herdgate-request,authorization\r\n"}) {
        const ApiAnswer answer = Send({.method = method, .path = path, .token = kToken, .more = from});
        EXPECT_EQ(answer.status, 403) << method << path << from;
        EXPECT_EQ(answer.head.find("Access-Control"), std::string::npos) << answer.head;
        EXPECT_EQ(answer.Header("Cross-Origin-Resource-Policy"), "same-origin");
      }
    }
  }
  EXPECT_EQ(Send({.method = "GET",
                  .path = "/snapshot",
                  .token = kToken,
                  .host = Host(),
                  .more = "Origin: http://" + Host() + "\r\n"})
                .status,
            200);
}

TEST_P(AdminAttack, ANameThatDnsCouldLeadHereIsNotServed) {
  const std::string port = std::to_string(Gate().admin_port());
  const std::pair<std::string, int> hosts[] = {
      {"localhost", 200},
      {"LocalHost:" + port, 200},
      {Host(), 200},
      {"localhost:1", 200},
      {"[::1]", 200},
      {"[::1]:" + port, 200},
      {"evil.example", 421},
      {"evil.example:" + port, 421},
      {"localhost.", 421},
      {"localhost.evil", 421},
      {"evil.localhost", 421},
      {"127.0.0.1.evil.example", 421},
      {"127.1", 421},
      {"2130706433", 421},
      {"0x7f.0.0.1", 421},
      {"0.0.0.0", 421},
      {"[::]", 421},
      {"[::ffff:127.0.0.1]", 421},
      {"[::1]evil.example", 421},
      {"[::1].evil.example", 421},
      {"[::1", 421},
      {"localhost@evil", 421},
      {"evil@localhost", 421},
      {"localhost, evil.example", 421},
      {"localhost:80@evil", 421},
      {"localhost:80:81", 421},
      {"localhost:x", 421},
      {"localhost/evil", 421},
      {":" + port, 421},
      {"http://localhost", 421},
  };
  for (const auto& [host, status] : hosts) {
    const ApiAnswer answer = Send({.method = "GET", .path = "/snapshot", .token = kToken, .host = host});
    EXPECT_EQ(answer.status, status) << host;
    ApiRequest change = Change();
    change.host = host;
    if (status != 200) {
      EXPECT_EQ(Send(change).status, status) << host;
    }
  }
  EXPECT_FALSE(Changed());
}

TEST_P(AdminAttack, AHostIsNamedOnceAndInTheHeader) {
  const std::string rest = std::string("Authorization: Bearer ") + kToken + "\r\nConnection: close\r\n\r\n";
  const std::pair<std::string, int> requests[] = {
      {"GET /api/v1/snapshot HTTP/1.1\r\n", 400},
      {"GET /api/v1/snapshot HTTP/1.0\r\n", 421},
      {"GET /api/v1/snapshot HTTP/1.1\r\nHost: \r\n", 421},
      {"GET /api/v1/snapshot HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n", 400},
      {"GET /api/v1/snapshot HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n", 400},
      {"GET /api/v1/snapshot HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: localhost\r\n", 421},
      {"GET http://evil.example/api/v1/snapshot HTTP/1.1\r\nHost: localhost\r\n", 400},
      {"GET http://localhost/api/v1/snapshot HTTP/1.1\r\nHost: evil.example\r\n", 421},
      {"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n", 400},
      {"TRACE /api/v1/snapshot HTTP/1.1\r\nHost: localhost\r\nX-Herdgate-Request: 1\r\n", 400},
  };
  for (const auto& [request, status] : requests) {
    const ApiAnswer answer = ApiAnswer::Of(Raw(request + rest));
    EXPECT_TRUE(answer.status == status || (status == 400 && answer.status >= 400 && answer.status < 500))
        << request << answer.status;
    EXPECT_EQ(answer.Header("Content-Type"), "application/problem+json") << request;
    EXPECT_EQ(answer.body.find(kToken), std::string::npos) << request;
  }
}

TEST_P(AdminAttack, NoPathLeadsToAFile) {
  for (const std::string path : {"/../../../../etc/passwd",
                                 "/api/v1/../../../../../etc/passwd",
                                 "/api/v1/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
                                 "/api/v1/..%2f..%2f..%2fetc%2fpasswd",
                                 "/..%5c..%5c..%5cetc%5cpasswd",
                                 "//etc/passwd",
                                 "/etc/passwd",
                                 "/api/v1/policies/..%2f..%2f..%2fetc%2fpasswd",
                                 "/api/v1/policies/../../../etc/passwd",
                                 "/%00/etc/passwd",
                                 "/api/v1/invalidations/..%2f..%2faudit/report.jsonl",
                                 "/api/v1/snapshot%00.html",
                                 "/api/v1/snapshot/",
                                 "/api/v1/./snapshot",
                                 "/api/v1//snapshot",
                                 "/API/V1/SNAPSHOT",
                                 "/api/v1/%73napshot/x",
                                 "file:///etc/passwd",
                                 "/api/v1/openapi.json/../../../tokens",
                                 "/api/v1/snapshot;/../audit",
                                 "/%c0%ae%c0%ae/etc/passwd"}) {
    const ApiAnswer answer = ApiAnswer::Of(Raw("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
                                               "Authorization: Bearer " + kToken + "\r\n\r\n"));
    EXPECT_TRUE(answer.status == 400 || answer.status == 404) << path << " " << answer.status;
    EXPECT_EQ(answer.body.find("root:"), std::string::npos) << path;
    EXPECT_EQ(answer.Header("Content-Type"), "application/problem+json") << path;
  }
}

TEST_P(AdminAttack, HeaderFloodsCostTheDataPathNothing) {
  std::string flood = "GET /api/v1/snapshot HTTP/1.1\r\nHost: localhost\r\n";
  for (int i = 0; i < 5000; ++i) flood += "X-" + std::to_string(i) + ": 0123456789\r\n";
  ServesDuring([&] {
    const std::string answer = Raw(flood + "\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 431 ") || StatusOf(answer) == 0) << answer.substr(0, 100);
  });
}

TEST_P(AdminAttack, BodyFloodsCostTheDataPathNothing) {
  const std::string head = "PUT /api/v1/log-level HTTP/1.1\r\nHost: localhost\r\n";
  const std::string flood(std::size_t{4} << 20U, 'x');
  std::atomic<int> turn{0};
  ServesDuring([&] {
    const bool chunked = turn++ % 2 == 0;
    const std::string framing =
        chunked ? "Transfer-Encoding: chunked\r\n\r\n400000\r\n" : "Content-Length: 4194304\r\n\r\n";
    const std::string answer = Raw(head + framing + flood);
    EXPECT_TRUE(StatusOf(answer) == 0 || StatusOf(answer) == (chunked ? 411 : 413)) << answer.substr(0, 100);
  });
}

TEST_P(AdminAttack, SlowClientsCostTheDataPathNothing) {
  std::atomic<int> turn{0};
  ServesDuring([&] {
    // More than the listener has places.
    std::vector<std::unique_ptr<RawClient>> slow(90);
    const bool writes = turn++ % 2 == 0;
    for (int round = 0; round < 5; ++round) {
      for (auto& client : slow) {
        if (client == nullptr) client = std::make_unique<RawClient>(DialTcp(Gate().admin_port()));
        // One byte of a head at a time, or requests whose answers nobody reads.
        if (!client->connected() ||
            client->SendBlind(writes ? "G" : "GET /api/v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n") == 0)
          client = nullptr;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  });
}

TEST_P(AdminAttack, NoRequestHidesInAnother) {
  const std::string hidden = Change().Text();
  const std::string head = "POST /api/v1/bypass HTTP/1.1\r\nHost: localhost\r\nX-Herdgate-Request: 1\r\n";
  const std::string length = "Content-Length: " + std::to_string(hidden.size()) + "\r\n";
  const std::string framings[] = {
      length + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "Transfer-Encoding: chunked\r\n" + length + "\r\n0\r\n\r\n",
      "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "Transfer-Encoding: identity\r\n\r\n",
      "Transfer-Encoding: \x0b"
      "chunked\r\n\r\n0\r\n\r\n",
      "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
      " Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "X: y\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "X: y\rContent-Length: 0\r\n\r\n",
      "Content-Length: 0\r\n" + length + "\r\n",
      length + "Content-Length: 0\r\n\r\n",
      "Content-Length: 0, 5\r\n\r\n",
      "Content-Length: +0\r\n\r\n",
      "Content-Length: -1\r\n\r\n",
      "Content-Length: 0x0\r\n\r\n",
      "Content-Length:\r\n\r\n",
      "Content-Length: 99999999999999999999\r\n\r\n",
      std::string("Content-Length: 0\0\r\n\r\n", 22),
      "Content\x01-Length: 0\r\n\r\n",
  };
  for (const std::string& framing : framings) {
    const std::string answer = Raw(head + framing + hidden);
    EXPECT_TRUE(StatusOf(answer) == 400 || StatusOf(answer) == 411 || StatusOf(answer) == 413) << framing << answer;
    EXPECT_EQ(AnswersIn(answer), 1U) << framing << answer;
    EXPECT_FALSE(Changed()) << framing;
  }
  // A body that looks like a request is a body.
  const std::string whole = head + "Content-Type: application/json\r\n" + length + "Authorization: Bearer " + kToken +
                            "\r\nConnection: close\r\n\r\n" + hidden;
  const std::string answer = Raw(whole);
  EXPECT_EQ(StatusOf(answer), 400);
  EXPECT_EQ(AnswersIn(answer), 1U);
  EXPECT_FALSE(Changed());
  // Two requests one behind the other are two.
  const std::string first = "GET /api/v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
  EXPECT_EQ(AnswersIn(Raw(first + Change().Text())), 2U);
  EXPECT_TRUE(Changed());
  base::SetLeastLogLevel(base::LogLevel::kError);
}

TEST_P(AdminAttack, GuessersAreHeldUpAndOthersAreNot) {
  const auto ask = [&](const std::string& token, const std::string& from) {
    return Send({.method = "GET", .path = "/log-level", .token = token, .from = from.c_str()}).status;
  };
  const auto began = std::chrono::steady_clock::now();
  int looked_at = 0;
  constexpr int kGuesses = 200;
  for (int i = 0; i < kGuesses; ++i) looked_at += ask("guess" + std::to_string(i), "127.0.2.1") == 401 ? 1 : 0;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  EXPECT_GE(looked_at, 10);
  EXPECT_LE(looked_at, 11 + took.count() / 2);
  EXPECT_EQ(ask(kToken, "127.0.2.2"), 200);
  EXPECT_EQ(ask(kToken, "127.0.0.1"), 200);
  // Guesses from everywhere: whoever is no guesser is served, and who guesses on is still held up.
  for (int i = 0; i < 1500; ++i) {
    const std::string from = "127.3." + std::to_string(i / 250) + "." + std::to_string(1 + i % 250);
    EXPECT_EQ(ask("guess", from), 401);
    if (i % 100 == 0) {
      EXPECT_EQ(ask(kToken, "127.0.2.2"), 200);
    }
  }
  // A guess that is nearly right tells nothing else than any other.
  std::string near_miss = kToken;
  near_miss.back() = near_miss.back() == 'x' ? 'y' : 'x';
  const ApiAnswer almost = Send({.method = "GET", .path = "/log-level", .token = near_miss, .from = "127.0.2.3"});
  const ApiAnswer nowhere = Send({.method = "GET", .path = "/log-level", .token = "x", .from = "127.0.2.3"});
  Json left = almost.Json();
  Json right = nowhere.Json();
  left.erase("instance");
  right.erase("instance");
  EXPECT_EQ(left, right);
}

// JSON in an answer that may not be sniffed, framed or run needs no escapes for HTML: the headers are what holds.
TEST_P(AdminAttack, KeysValuesAndNamesThatArePagesStayData) {
  const std::string texts[] = {"n:<script>alert(1)</script>",
                               "n:\"><img src=x onerror=alert(1)>",
                               "n:</script><svg/onload=alert(1)>",
                               "n:'-alert(1)-'",
                               "n:\u202e\u2066gpj.exe",
                               "n:\u2028\u2029",
                               std::string("n:\0\x1b[2J\x07\xff\xfe", 10)};
  RawClient client = Client();
  client.Do({"CLIENT", "SETNAME", "<script>alert(1)</script>"});
  for (const std::string& text : texts) {
    client.Do({"SET", text, text + std::string(std::size_t{1} << 20U, '<')});
    for (int i = 0; i < 30; ++i) client.Do({"GET", text});
  }
  const auto check = [&](const ApiAnswer& answer) {
    EXPECT_EQ(answer.status, 200) << answer.body.substr(0, 300);
    EXPECT_EQ(answer.Header("Content-Type"), "application/json");
    EXPECT_EQ(answer.Header("X-Content-Type-Options"), "nosniff");
    EXPECT_TRUE(answer.Header("Content-Security-Policy").starts_with("default-src 'none'"));
    // Raw control characters and bytes that are no UTF-8 would break a terminal or a parser.
    for (const char c : answer.body) EXPECT_FALSE(static_cast<unsigned char>(c) < 0x20 && c != '\n');
    return answer.Json();
  };
  for (const std::string& text : texts) {
    const Json body = {{"key", admin::Base64(text)}, {"encoding", "base64"}, {"value", true}};
    const Json report = check(Send({.method = "POST", .path = "/keys/inspect", .token = kToken, .body = body.dump()}));
    const bool plain = report.at("encoding") == "utf8";
    EXPECT_EQ(report.at("key"), plain ? text : admin::Base64(text));
    EXPECT_EQ(report.at("value").at("bytes"), text.size() + (std::size_t{1} << 20U));
    EXPECT_LE(report.at("value").at("data").get<std::string>().size(), 4096U * 4 / 3 + 4);
    EXPECT_EQ(report.at("value").at("cut"), true);
  }
  for (const char* path : {"/hot-keys", "/sessions", "/snapshot", "/stampedes", "/audit"})
    check(Send({.method = "GET", .path = path, .token = kToken}));
  const Json hot = Get("/hot-keys");
  EXPECT_EQ(hot.at("items").size(), std::size(texts));
}

INSTANTIATE_TEST_SUITE_P(With, AdminAttack, ::testing::Values(2U), LoopsName);

// The binary, whose log can be read.
class AdminLog : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!SidecarProcess::Built()) GTEST_SKIP() << "not built: " << SidecarProcess::Binary();
    if (!RedisProcess::Installed()) GTEST_SKIP() << "redis-server is not installed";
    std::ofstream(directory_ / "tokens") << admin::TokenLine("ops", "read,inspect,invalidate,operate",
                                                             "hg_s3cret-token");
    std::ofstream(directory_ / "herdgate.yaml")
        << "listen: [\"tcp://127.0.0.1:" << port_ << "\"]\nupstream: {url: \"" << redis_.Url()
        << "\"}\nadmin: {listen: \"127.0.0.1:" << admin_ << "\", tokens_file: " << directory_ / "tokens"
        << ", audit_file: " << directory_ / "audit"
        << "}\n"
        << kPolicies;
  }
  static ApiRequest Post(const std::string& path, const Json& body) {
    return {.method = "POST", .path = path, .token = "hg_s3cret-token", .body = body.dump()};
  }

  const RedisProcess redis_;
  const TempDir directory_;
  const std::uint16_t port_ = FreePort();
  const std::uint16_t admin_ = FreePort();
};

TEST_F(AdminLog, NothingThatClientsSendIsInItOrMakesALineOfIt) {
  SidecarProcess process({"serve", "--config", directory_ / "herdgate.yaml", "--telemetry", "off"});
  const auto ask = [&](const ApiRequest& request) { return request.Send(admin_); };
  ASSERT_TRUE(Eventually(
      [&] { return ask({.method = "GET", .path = "/log-level", .token = "hg_s3cret-token"}).status == 200; }));
  EXPECT_EQ(ask({.method = "PUT", .path = "/log-level", .token = "hg_s3cret-token", .body = kLoud}).status, 200);
  const std::string forged = "\r\n{\"level\":\"error\",\"event\":\"forged\"}\r\n\x1b[2J";
  const std::string key = "n:s3cret-key" + forged;
  RawClient client(DialTcp(port_));
  client.Do({"SET", key, "s3cret-value" + forged});
  client.Do({"GET", key});
  client.Do({"CLIENT", "SETNAME", "s3cret-name"});
  client.Do({"NOSUCH" + forged, key});
  EXPECT_EQ(ask(Post("/keys/inspect", {{"key", key}, {"value", true}})).status, 200);
  EXPECT_EQ(ask(Post("/bypass", {{"active", true}, {"seconds", 1}, {"policies", {"s3cret-policy" + forged}}})).status,
            404);
  const Json target = {{"kind", "key"}, {"mode", "hard"}, {"keys", Json::array({{{"key", key}}})}};
  const Json preview = ask(Post("/invalidations/preview", target)).Json();
  ASSERT_TRUE(preview.contains("token")) << preview;
  const std::string at = "/invalidations/preview/" + preview.at("token").get<std::string>();
  ASSERT_TRUE(Eventually([&] {
    return ask({.method = "GET", .path = at, .token = "hg_s3cret-token"}).Json().value("state", "") == "ready";
  }));
  ApiRequest execute = Post("/invalidations", {{"preview_token", preview.at("token")}});
  execute.more = "Idempotency-Key: s3cret-idempotency\r\nX-Forged: s3cret-header\r\nUser-Agent: s3cret-agent\r\n";
  EXPECT_EQ(ask(execute).status, 202);
  EXPECT_TRUE(Eventually([&] { return client.Do({"EXISTS", key}) == ":0\r\n"; }));
  EXPECT_EQ(
      ask({.method = "GET", .path = "/s3cret-path%0d%0a" + std::string("forged"), .token = "s3cret-guess"}).status,
      401);
  EXPECT_TRUE(Eventually([&] { return process.Output().find("InvalidationEnded") != std::string::npos; }));
  process.Signal(SIGTERM);
  EXPECT_EQ(process.ExitCode(), 0);
  std::istringstream log(process.Output());
  int lines = 0;
  for (std::string line; std::getline(log, line); ++lines) {
    const Json entry = Json::parse(line, nullptr, false);
    ASSERT_TRUE(entry.is_object()) << line;
    EXPECT_NE(entry.value("event", ""), "forged") << line;
    for (const char c : line) EXPECT_GE(static_cast<unsigned char>(c), 0x20U) << line;
  }
  EXPECT_GT(lines, 5);
  EXPECT_EQ(process.Output().find("s3cret"), std::string::npos) << process.Output();
  // The audit file names keys, each in one line, and no value and no token.
  std::ifstream audit(directory_ / "audit");
  std::string all((std::istreambuf_iterator<char>(audit)), {});
  std::istringstream entries(all);
  for (std::string line; std::getline(entries, line);) EXPECT_TRUE(Json::accept(line)) << line;
  for (const char* secret : {"s3cret-value", "s3cret-token", "s3cret-guess", "s3cret-header"})
    EXPECT_EQ(all.find(secret), std::string::npos) << secret;
}

}  // namespace
}  // namespace herdgate::integration

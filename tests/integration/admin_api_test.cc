// The HTTP API of a running sidecar in front of a real Redis: answers are as described, true, and without secrets.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>

#include "tests/integration/support/admin_api_test_base.h"

namespace herdgate::integration {
namespace {

constexpr const char* kPolicies = R"(
policies:
  - {name: near, match: ["n:*"], near: {enabled: true, max_ttl: 60s}, stampede: {coalesce: on}}
  - {name: versioned, match: ["v:*", "v:long:*"], version: {schema: 3}, near: {enabled: true}, stampede: {coalesce: on}}
  - {name: gen, match: ["g:*"], version: {generation: true}}
  - {name: audited, match: ["a:*"], mode: audit, ttl: {missing: apply, default: 1h}}
)";

class AdminApi : public AdminApiTest {
 protected:
  AdminApi() : AdminApiTest(kPolicies) {}

  Json Inspect(const std::string& body) {
    const auto answer = Api().Post("/keys/inspect", body);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return Json::parse(answer.body, nullptr, false);
  }
  // Something in every answer.
  void MakeTraffic() {
    RawClient client = Client();
    client.Do({"CLIENT", "SETNAME", "<b>me</b>"});
    client.Do({"SET", "n:1", "value", "EX", "100"});
    client.Do({"SET", std::string("v:\0\xff", 4), "x"});
    for (int i = 0; i < 20; ++i) client.Do({"GET", "n:1"});
    client.Do({"GET", std::string("v:\0\xff", 4)});
    client.Do({"GET", "n:<img src=x onerror=alert(1)>"});
  }
};

TEST_P(AdminApi, EveryReadAnswersAsItIsDescribed) {
  MakeTraffic();
  const RawClient open = Client();
  const Json file = Get("/openapi.json");
  std::size_t answered = 0;
  for (const auto& [path, methods] : file.at("paths").items()) {
    if (!methods.contains("get") || path == "/openapi.json") continue;
    std::string real = path;
    if (real.find("{name}") != std::string::npos) real.replace(real.find("{name}"), 6, "near");
    if (real.find('{') != std::string::npos) continue;
    const auto answer = Api().Get(real);
    EXPECT_EQ(answer.status, 200) << real;
    const Json& schema = methods.at("get").at("responses").at("200").at("content").at("application/json").at("schema");
    EXPECT_EQ(SchemaErrors(file, schema, Json::parse(answer.body, nullptr, false)), "") << real;
    ++answered;
  }
  EXPECT_GE(answered, 11U);
}

TEST_P(AdminApi, WritesAnswerAsTheyAreDescribed) {
  const Json file = Get("/openapi.json");
  const auto check = [&](const char* method, const std::string& path, const std::string& body) {
    const auto answer = Api().Send(method == std::string("put") ? "PUT" : "POST", path, body);
    EXPECT_EQ(answer.status, 200) << path << answer.body;
    const Json& operation = file.at("paths").at(path).at(method);
    const Json& schema = operation.at("responses").at("200").at("content").at("application/json").at("schema");
    EXPECT_EQ(SchemaErrors(file, schema, Json::parse(answer.body, nullptr, false)), "") << path << body;
  };
  check("post", "/keys/inspect", R"({"key":"nothing"})");
  Client().Do({"SET", "n:x", "y"});
  check("post", "/keys/inspect", R"({"key":"n:x","value":true})");
  check("put", "/log-level", R"({"level":"error"})");
  check("post", "/bypass", R"({"active":true,"seconds":5})");
  check("post", "/bypass", R"({"active":false})");
}

TEST_P(AdminApi, ErrorsAreProblemsAsDescribed) {
  const Json file = Get("/openapi.json");
  const Json problem = {{"$ref", "#/components/schemas/Problem"}};
  const ApiClient nobody(Gate().admin_port(), "");
  const ApiClient reader(Gate().admin_port(), kReader);
  const std::pair<ApiClient::Answer, int> cases[] = {
      {nobody.Get("/snapshot"), 401},
      {reader.Put("/log-level", R"({"level":"error"})"), 403},
      {reader.Post("/keys/inspect", R"({"key":"a","value":true})"), 403},
      {Api().Get("/policies/none"), 404},
      {Api().Send("DELETE", "/snapshot", ""), 405},
      {Api().Post("/keys/inspect", "{"), 400},
      {Api().Post("/keys/inspect", "{}"), 422},
      {Api().Post("/invalidations", R"({"preview_token":"x"})"), 400},
      {Api().Post("/invalidations/preview", R"({"kind":"all"})"), 422},
      {Api().Get("/invalidations/none"), 404},
  };
  for (const auto& [answer, status] : cases) {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_EQ(SchemaErrors(file, problem, Json::parse(answer.body, nullptr, false)), "") << answer.body;
  }
}

TEST_P(AdminApi, TheSnapshotCountsWhatTheMetricsCount) {
  MakeTraffic();
  EXPECT_TRUE(Eventually([&] { return Get("/snapshot").at("totals").at("lookups") == 22; }));
  const Json snapshot = Get("/snapshot");
  EXPECT_EQ(snapshot.at("totals").at("outcomes").at("miss").get<int>() +
                snapshot.at("totals").at("outcomes").at("plain_miss").get<int>(),
            1);
  EXPECT_EQ(snapshot.at("upstream").at("connected"), true);
  const std::string build = "herdgate_build_info{revision=\"" + snapshot.at("revision").get<std::string>() + "\"";
  EXPECT_EQ(Gate().Metric(build), 1);
  EXPECT_EQ(snapshot.at("near").at("mode"), "tracked");
  EXPECT_EQ(snapshot.at("policies").size(), 4U);
  EXPECT_EQ(snapshot.at("caller").at("name"), "ops");
  EXPECT_EQ(snapshot.at("caller").at("scopes").size(), 5U);
  const double lookups = Gate().Metric("herdgate_lookups_total{");
  EXPECT_EQ(Get("/snapshot").at("totals").at("lookups").get<double>(), lookups);
}

TEST_P(AdminApi, HotKeysAreShownBinaryOnesAsBase64) {
  RawClient client = Client();
  const std::string binary("n:\0\xff", 4);
  client.Do({"SET", binary, "x"});
  client.Do({"SET", "n:text", "x"});
  for (int i = 0; i < 50; ++i) {
    client.Do({"GET", binary});
    client.Do({"GET", "n:text"});
  }
  std::set<std::string> shown;
  const Json hot = Get("/hot-keys");
  for (const Json& key : hot.at("items")) {
    shown.insert(key.at("encoding").get<std::string>() + " " + key.at("key").get<std::string>());
    EXPECT_EQ(key.at("policy"), "near");
  }
  EXPECT_TRUE(shown.contains("base64 bjoA/w==")) << hot.dump();
  EXPECT_TRUE(shown.contains("utf8 n:text")) << hot.dump();
  EXPECT_EQ(Get("/hot-keys?limit=1").at("items").size(), 1U);
}

TEST_P(AdminApi, SessionsOfAllLoopsAreListed) {
  const std::vector<RawClient> clients = Clients(7);
  ASSERT_TRUE(Eventually([&] { return Get("/sessions").at("open") == 7; }));
  const Json sessions = Get("/sessions");
  EXPECT_EQ(sessions.at("per_loop").size(), GetParam());
  EXPECT_EQ(sessions.at("items").size(), 7U);
  EXPECT_EQ(sessions.at("items")[0].at("last_command"), "ping");
  EXPECT_EQ(sessions.at("cut"), false);
}

TEST_P(AdminApi, AHundredSessionsAreShownAtMost) {
  const std::vector<RawClient> clients = Clients(103);
  ASSERT_TRUE(Eventually([&] { return Get("/sessions").at("open") == 103; }));
  EXPECT_EQ(Get("/sessions").at("items").size(), 100U);
  EXPECT_EQ(Get("/sessions").at("cut"), true);
}

TEST_P(AdminApi, AKeyIsInspectedUnderItsNameInRedis) {
  Client().Do({"SET", "v:1", "hello", "PX", "100000"});
  const Json report = Inspect(R"({"key":"v:1"})");
  EXPECT_EQ(report.at("exists"), true);
  EXPECT_EQ(report.at("type"), "string");
  EXPECT_EQ(report.at("physical").at("key"), "v3:v:1");
  EXPECT_EQ(report.at("policy"), "versioned");
  EXPECT_EQ(report.at("pattern"), "v:*");
  EXPECT_EQ(report.at("length"), 5);
  EXPECT_GT(report.at("size_bytes").get<int>(), 5);
  EXPECT_LE(report.at("ttl_ms").get<int>(), 100000);
  EXPECT_GT(report.at("ttl_ms").get<int>(), 0);
  EXPECT_EQ(report.at("value"), nullptr);
  EXPECT_EQ(Inspect(R"({"key":"v:long:1"})").at("pattern"), "v:long:*");
  EXPECT_EQ(Inspect(R"({"key":"v:long:1"})").at("exists"), false);
  EXPECT_EQ(Inspect(R"({"key":"other"})").at("policy"), nullptr);
}

TEST_P(AdminApi, TheLengthIsThatOfTheType) {
  RawClient client = Client();
  client.Do({"HSET", "h", "a", "1", "b", "2"});
  client.Do({"RPUSH", "l", "1", "2", "3"});
  client.Do({"SADD", "s", "1"});
  client.Do({"ZADD", "z", "1", "a", "2", "b"});
  client.Do({"XADD", "x", "*", "a", "b"});
  const std::pair<const char*, int> cases[] = {{"h", 2}, {"l", 3}, {"s", 1}, {"z", 2}, {"x", 1}};
  for (const auto& [key, length] : cases) {
    EXPECT_EQ(Inspect(std::string(R"({"key":")") + key + "\"}").at("length"), length) << key;
  }
}

TEST_P(AdminApi, AValueIsShownCutAndInItsEncoding) {
  RawClient client = Client();
  client.Do({"SET", "n:long", std::string(10000, 'x')});
  client.Do({"SET", "n:binary", std::string("\0\x01", 2)});
  const Json value = Inspect(R"({"key":"n:long","value":true})").at("value");
  EXPECT_EQ(value.at("bytes"), 10000);
  EXPECT_EQ(value.at("data").get<std::string>().size(), 4096U);
  EXPECT_EQ(value.at("cut"), true);
  EXPECT_EQ(Inspect(R"({"key":"n:binary","value":true})").at("value").at("data"), "AAE=");
  EXPECT_EQ(Inspect(R"({"key":"bjpiaW5hcnk=","encoding":"base64"})").at("exists"), true);
}

TEST_P(AdminApi, ANearValueIsSeenByTheInspection) {
  RawClient client = Client();
  client.Do({"SET", "n:1", "value"});
  ASSERT_TRUE(Eventually([&] {
    client.Do({"GET", "n:1"});
    return Inspect(R"({"key":"n:1"})").at("near").at("state") == "fresh";
  }));
  EXPECT_EQ(Inspect(R"({"key":"n:1"})").at("near").at("bytes"), 5);
}

TEST_P(AdminApi, ABypassSendsReadsToRedisAndEndsByItself) {
  RawClient client = Client();
  client.Do({"SET", "n:1", "value"});
  const auto near_hits = [&] { return Gate().Metric("herdgate_lookups_total{outcome=\"near_hit\",policy=\"near\""); };
  const auto is_near = [&] {
    const double before = near_hits();
    client.Do({"GET", "n:1"});
    return near_hits() > before;
  };
  ASSERT_TRUE(Eventually(is_near));
  EXPECT_EQ(Api().Post("/bypass", R"({"active":true,"seconds":1,"policies":["near"]})").status, 200);
  // The policies come back by their own: first they were without the near cache.
  EXPECT_TRUE(Eventually([&] { return Get("/policies/near").at("near") == false; }));
  EXPECT_EQ(Get("/policies/versioned").at("near"), true);
  EXPECT_TRUE(Eventually([&] { return Get("/policies/near").at("near") == true; }));
  EXPECT_EQ(Get("/bypass").at("active"), false);
  EXPECT_TRUE(Eventually(is_near));
}

TEST_P(AdminApi, VersionsAndTtlsHoldInABypass) {
  RawClient client = Client();
  client.Do({"SET", "v:1", "value"});
  EXPECT_EQ(Api().Post("/bypass", R"({"active":true,"seconds":60})").status, 200);
  ASSERT_TRUE(Eventually([&] { return Get("/policies/versioned").at("near") == false; }));
  EXPECT_EQ(Text(client.Do({"GET", "v:1"})), "value");
  EXPECT_EQ(Inspect(R"({"key":"v:1"})").at("physical").at("key"), "v3:v:1");
}

TEST_P(AdminApi, AnUpstreamThatIsAwayIsToldWithinASecond) {
  RedisProcess mine;
  config::AdminOptions options;
  options.tokens_file = tokens_;
  Restart(mine.Url(), {.loops = GetParam(), .policies = kPolicies, .admin = options});
  EXPECT_EQ(Api().Post("/keys/inspect", R"({"key":"plain"})").status, 200);
  mine.Freeze();
  const auto began = std::chrono::steady_clock::now();
  const auto answer = Api().Post("/keys/inspect", R"({"key":"plain"})");
  EXPECT_EQ(answer.status, 503) << answer.body;
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(10));
  EXPECT_EQ(Api().Get("/snapshot").status, 200);
  mine.Thaw();
}

TEST_P(AdminApi, NoAnswerHoldsASecret) {
  Redis().Client().Do({"ACL", "SETUSER", "app", "on", ">s3cret-password", "~*", "&*", "+@all"});
  std::string url = Redis().Url();
  url.insert(url.find("//") + 2, "app:s3cret-password@");
  config::AdminOptions options;
  options.tokens_file = tokens_;
  Restart(url, {.loops = GetParam(), .policies = kPolicies, .admin = options});
  RawClient client = Client();
  client.Do({"AUTH", "app", "s3cret-password"});
  client.Do({"SET", "n:1", "s3cret-value"});
  client.Do({"GET", "n:1"});
  std::string all;
  for (const char* path :
       {"/snapshot", "/policies", "/policies/near", "/hot-keys", "/flights", "/stampedes", "/upstreams", "/sessions",
        "/config", "/log-level", "/bypass", "/audit", "/invalidations", "/nothing"}) {
    const auto answer = Api().Get(path);
    EXPECT_NE(answer.status, 0) << path;
    all += answer.head + answer.body;
  }
  all += Api().Post("/keys/inspect", R"({"key":"n:1"})").body;
  all += ApiClient(Gate().admin_port(), "wr0ng-token").Get("/snapshot").body;
  for (const char* secret : {"s3cret-password", "s3cret-value", kToken, kReader, "wr0ng-token", "czNjcmV0"}) {
    EXPECT_EQ(all.find(secret), std::string::npos) << secret;
  }
  Redis().Client().Do({"ACL", "DELUSER", "app"});
}

TEST_P(AdminApi, ChangesAreWrittenDown) {
  EXPECT_EQ(Api().Put("/log-level", R"({"level":"error"})").status, 200);
  std::ifstream file(audit_);
  std::string line;
  ASSERT_TRUE(std::getline(file, line));
  const Json entry = Json::parse(line, nullptr, false);
  EXPECT_EQ(entry.at("by"), "ops");
  EXPECT_EQ(entry.at("action"), "SetLogLevel");
  EXPECT_EQ(Get("/audit").at("items")[0], entry);
}

HERDGATE_WITH_LOOPS(AdminApi);

}  // namespace
}  // namespace herdgate::integration

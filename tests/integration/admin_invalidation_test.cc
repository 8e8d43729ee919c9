// Invalidations by the HTTP API, as an interface uses it: a preview, what it binds, the job and what is written down.
#include <fstream>

#include "sidecar/admin/api_server.h"
#include "sidecar/admin/text_codec.h"
#include "tests/integration/support/admin_api_test_base.h"

namespace herdgate::integration {
namespace {

constexpr const char* kPolicies = R"(
policies:
  - {name: near, match: ["n:*"], near: {enabled: true, max_ttl: 60s}, stampede: {coalesce: on}}
  - {name: gen, match: ["g:*"], version: {generation: true}}
  - {name: tagged, match: ["t:*"], version: {generation: true}, tags: [{match: "t:([0-9]+):.*", tag: "tenant:{1}"}]}
)";

class AdminInvalidation : public AdminApiTest {
 protected:
  AdminInvalidation() : AdminApiTest(kPolicies), file_(Json::parse(admin::OpenApiText())) {}

  // An answer, held against the description of its operation.
  Json Checked(const ApiClient::Answer& answer, int status, const char* method, const std::string& path) {
    EXPECT_EQ(answer.status, status) << path << answer.body;
    const Json& responses = file_.at("paths").at(path).at(method).at("responses");
    const Json body = Json::parse(answer.body, nullptr, false);
    if (!responses.contains(std::to_string(answer.status))) {
      ADD_FAILURE() << path << " answers " << answer.status << ", which is not described";
      return body;
    }
    const Json problem = {{"$ref", "#/components/schemas/Problem"}};
    const Json& schema =
        answer.status >= 400
            ? problem
            : responses.at(std::to_string(answer.status)).at("content").at("application/json").at("schema");
    EXPECT_EQ(SchemaErrors(file_, schema, body), "") << path << answer.body;
    return body;
  }
  ApiClient As(const char* token) { return {Gate().admin_port(), token}; }

  // The preview when it has counted.
  Json Preview(const std::string& target, const char* token = kToken) {
    Json preview = Checked(As(token).Post("/invalidations/preview", target), 200, "post", "/invalidations/preview");
    EXPECT_TRUE(Eventually([&] {
      if (preview.value("state", "") != "running") return true;
      preview = Checked(As(token).Get("/invalidations/preview/" + preview.at("token").get<std::string>()), 200, "get",
                        "/invalidations/preview/{token}");
      return false;
    }));
    EXPECT_EQ(preview.value("state", ""), "ready") << preview.dump();
    return preview;
  }
  ApiClient::Answer Execute(const Json& preview, const std::string& key, const std::string& more = "",
                            const char* token = kToken) {
    const std::string body = R"({"preview_token":")" + preview.at("token").get<std::string>() + "\"" + more + "}";
    return As(token).Send("POST", "/invalidations", body, "Idempotency-Key: " + key + "\r\n");
  }
  Json Job(const std::string& id) {
    return Checked(Api().Get("/invalidations/" + id), 200, "get", "/invalidations/{id}");
  }
  Json Ended(const std::string& id) {
    Json job;
    EXPECT_TRUE(Eventually([&] {
      job = Job(id);
      return job.at("finished") != nullptr;
    }));
    return job;
  }
  Json Begin(const std::string& target, const std::string& more = "") {
    return Checked(Execute(Preview(target), "key-" + std::to_string(++keys_), more), 202, "post", "/invalidations");
  }
  Json Run(const std::string& target) { return Ended(Begin(target).at("id").get<std::string>()); }
  // Keys of apps that are left.
  static std::string Left() {
    const char* const script =
        "local n=0 for _,k in ipairs(redis.call('KEYS','*')) do "
        "if not k:find('^__herdgate:') then n=n+1 end end return n";
    return Direct().Do({"EVAL", script, "0"});
  }
  static void Populate(int count) {
    RawClient direct = Direct();
    direct.Do({"EVAL", "for i=1,ARGV[1] do redis.call('SET','big:'..i,'x') end", "0", std::to_string(count)});
  }

  const Json file_;
  int keys_ = 0;
};

TEST_P(AdminInvalidation, APreviewSaysWhatTheJobThenDoes) {
  RawClient client = Client();
  for (int i = 0; i < 30; ++i) client.Do({"SET", "u:" + std::to_string(i), "value", "EX", "100"});
  client.Do({"SET", "other", "value"});
  const Json preview = Preview(R"({"kind":"prefix","prefix":"u:","mode":"hard"})");
  EXPECT_EQ(preview.at("estimated"), 30);
  EXPECT_EQ(preview.at("exact"), true);
  EXPECT_EQ(preview.at("sample").size(), 20U);
  EXPECT_EQ(preview.at("confirm"), "button");
  EXPECT_EQ(preview.at("needed_scope"), "invalidate");
  EXPECT_EQ(preview.at("by_policy").at("(none)"), 30);
  EXPECT_GT(preview.at("bytes").get<int>(), 30 * 50);
  EXPECT_EQ(Left(), ":31\r\n");
  const Json begun = Checked(Execute(preview, "one"), 202, "post", "/invalidations");
  const Json job = Ended(begun.at("id").get<std::string>());
  EXPECT_EQ(job.at("state"), "done");
  EXPECT_EQ(job.at("done"), 30);
  EXPECT_EQ(job.at("deleted"), 30);
  EXPECT_EQ(job.at("by"), "ops");
  EXPECT_EQ(job.at("progress"), 1);
  EXPECT_EQ(Left(), ":1\r\n");
  const auto report = Api().Get("/invalidations/" + job.at("id").get<std::string>() + "/report.jsonl");
  EXPECT_EQ(report.status, 200);
  EXPECT_NE(report.head.find("\r\nContent-Type: application/jsonl\r\n"), std::string::npos) << report.head;
  EXPECT_NE(report.body.find(R"("state":"done")"), std::string::npos);
  EXPECT_EQ(report.body.find("u:"), std::string::npos);
}

TEST_P(AdminInvalidation, SoftIsTheDefaultAndShortensLives) {
  RawClient client = Client();
  for (int i = 0; i < 20; ++i) client.Do({"SET", "u:" + std::to_string(i), "value", "EX", "1000"});
  const Json job = Ended(Begin(R"({"kind":"pattern","pattern":"u:*"})", R"(,"soft_seconds":60)").at("id"));
  EXPECT_EQ(job.at("target").at("mode"), "soft");
  EXPECT_EQ(job.at("shortened"), 20);
  EXPECT_EQ(job.at("deleted"), 0);
  const std::string left = Direct().Do({"PTTL", "u:7"});
  EXPECT_LE(std::stoi(left.substr(1)), 60'000);
  EXPECT_GE(std::stoi(left.substr(1)), 0);
}

TEST_P(AdminInvalidation, BinaryKeysComeAsBase64) {
  const std::string key("\0\xff\r\n\"", 5);
  Direct().Do({"SET", key, "x"});
  Direct().Do({"SET", "a", "x"});
  const Json job = Run(R"({"kind":"keys","mode":"hard","keys":[{"key":"a"},{"key":")" + admin::Base64(key) +
                       R"(","encoding":"base64"}]})");
  EXPECT_EQ(job.at("deleted"), 2);
  EXPECT_EQ(Left(), ":0\r\n");
}

TEST_P(AdminInvalidation, APolicyGetsANewGeneration) {
  RawClient client = Client();
  ASSERT_EQ(client.Do({"SET", "g:1", "x"}), "+OK\r\n");
  const Json preview = Preview(R"({"kind":"policy","policy":"gen","mode":"hard"})");
  EXPECT_EQ(preview.at("new_generation"), true);
  EXPECT_EQ(preview.at("confirm"), "type");
  const Json begun = Checked(Execute(preview, "bump"), 202, "post", "/invalidations");
  const Json job = Ended(begun.at("id").get<std::string>());
  EXPECT_TRUE(job.at("generation").is_number()) << job.dump();
  EXPECT_EQ(client.Do({"GET", "g:1"}), "$-1\r\n");
}

TEST_P(AdminInvalidation, ATagIsInvalidatedByRuleAndByCommand) {
  RawClient client = Client();
  for (const char* key : {"t:1:a", "t:1:b", "t:2:a", "other", "third"}) client.Do({"SET", key, "x"});
  ASSERT_EQ(client.Do({"HERDGATE.TAG", "other", "tenant:1"}), "+OK\r\n");
  const Json preview = Preview(R"({"kind":"tag","tag":"tenant:1","mode":"hard"})");
  EXPECT_EQ(preview.at("estimated"), 3);
  EXPECT_EQ(preview.at("new_generation"), false);
  const Json begun = Checked(Execute(preview, "tag"), 202, "post", "/invalidations");
  const Json job = Ended(begun.at("id").get<std::string>());
  EXPECT_EQ(job.at("state"), "done") << job.dump();
  EXPECT_EQ(job.at("target").at("tag"), "tenant:1");
  EXPECT_EQ(job.at("bumped"), 1);
  EXPECT_EQ(job.at("deleted"), 1);
  // The policy has the generation that it had.
  EXPECT_EQ(job.at("generation"), nullptr);
  EXPECT_EQ(client.Do({"EXISTS", "t:1:a", "t:1:b", "other"}), ":0\r\n");
  EXPECT_EQ(client.Do({"EXISTS", "t:2:a", "third"}), ":2\r\n");
}

TEST_P(AdminInvalidation, EverythingNeedsAScopeOfItsOwn) {
  Populate(10);
  for (const char* target : {R"({"kind":"everything","mode":"hard"})", R"({"kind":"pattern","pattern":"**?[a]*"})"}) {
    const auto refused = As(kPurger).Post("/invalidations/preview", target);
    const Json problem = Checked(refused, 403, "post", "/invalidations/preview");
    EXPECT_EQ(problem.at("needed_scope"), "purge_all");
  }
  const Json preview = Preview(R"({"kind":"everything","mode":"hard"})");
  EXPECT_EQ(preview.at("confirm"), "type");
  EXPECT_EQ(preview.at("needed_scope"), "purge_all");
  Checked(Execute(preview, "all", "", kPurger), 403, "post", "/invalidations");
  EXPECT_EQ(Left(), ":10\r\n");
  const Json begun = Checked(Execute(preview, "all"), 202, "post", "/invalidations");
  EXPECT_EQ(Ended(begun.at("id").get<std::string>()).at("deleted"), 10);
}

TEST_P(AdminInvalidation, OneIdempotencyKeyIsOneJob) {
  Populate(5);
  const Json preview = Preview(R"({"kind":"prefix","prefix":"big:"})");
  const Json first = Checked(Execute(preview, "same"), 202, "post", "/invalidations");
  const Json again = Checked(Execute(preview, "same"), 202, "post", "/invalidations");
  EXPECT_EQ(first.at("id"), again.at("id"));
  const Json other = Preview(R"({"kind":"prefix","prefix":"other:"})");
  Checked(Execute(other, "same"), 409, "post", "/invalidations");
  // Another caller's key is another key, and one preview is one job.
  const Json used = Checked(Execute(preview, "same", "", kPurger), 409, "post", "/invalidations");
  EXPECT_EQ(used.at("type"), "urn:herdgate:problem:preview-used");
}

TEST_P(AdminInvalidation, WhatCannotBeDoneIsRefusedAsDescribed) {
  const Json preview = Preview(R"({"kind":"key","keys":[{"key":"a"}]})");
  Checked(As(kReader).Post("/invalidations/preview", R"({"kind":"key","keys":[{"key":"a"}]})"), 403, "post",
          "/invalidations/preview");
  Checked(Api().Post("/invalidations", R"({"preview_token":"x"})"), 400, "post", "/invalidations");
  Checked(Execute(preview, "k", R"(,"rate":0)"), 422, "post", "/invalidations");
  Checked(Execute(preview, "k", R"(,"force":true)"), 422, "post", "/invalidations");
  Checked(Execute({{"token", "0123456789abcdef"}}, "k"), 404, "post", "/invalidations");
  const std::pair<const char*, const char*> wrong[] = {
      {R"({"kind":"key"})", "/keys"},
      {R"({"kind":"key","keys":[]})", "/keys"},
      {R"({"kind":"key","keys":[{"key":"a"},{"key":"b"}]})", "/keys"},
      {R"({"kind":"keys","keys":[{"key":"a"},{"key":1}]})", "/keys/1/key"},
      {R"({"kind":"keys","keys":[{"key":"!","encoding":"base64"}]})", "/keys/0/key"},
      {R"({"kind":"keys","keys":["a"]})", "/keys/0"},
      {R"({"kind":"keys","keys":[{"key":"a","db":1}]})", "/keys/0"},
      {R"({"kind":"key","keys":[{"key":"__herdgate:x"}]})", ""},
      {R"({"kind":"prefix","prefix":""})", "/prefix"},
      {R"({"kind":"pattern","prefix":"a"})", "/pattern"},
      {R"({"kind":"pattern","pattern":"a","policy":"near"})", ""},
      {R"({"kind":"prefix","prefix":"a","mode":"rough"})", "/mode"},
  };
  for (const auto& [target, pointer] : wrong) {
    const Json problem = Checked(Api().Post("/invalidations/preview", target), 422, "post", "/invalidations/preview");
    EXPECT_EQ(problem.at("errors")[0].at("pointer"), pointer) << target << problem.dump();
  }
}

TEST_P(AdminInvalidation, AReloadMakesAPreviewWorthless) {
  const Json preview = Preview(R"({"kind":"prefix","prefix":"n:"})");
  Gate().Reload("policies: [{name: near, match: [\"other:*\"]}]");
  ASSERT_TRUE(Eventually([&] { return Json::parse(Api().Get("/policies").body).at("items").size() == 1; }));
  const Json problem = Checked(Execute(preview, "k"), 409, "post", "/invalidations");
  EXPECT_EQ(problem.at("type"), "urn:herdgate:problem:policies-changed");
}

TEST_P(AdminInvalidation, AJobIsPausedResumedAndCancelled) {
  Populate(20'000);
  const std::string id = Begin(R"({"kind":"prefix","prefix":"big:","mode":"hard"})", R"(,"rate":500)").at("id");
  const auto step = [&](const std::string& verb, int status) {
    return Checked(Api().Post("/invalidations/" + id + "/" + verb, ""), status, "post", "/invalidations/{id}/" + verb);
  };
  const auto becomes = [&](const char* state) { return Eventually([&] { return Job(id).at("state") == state; }); };
  ASSERT_TRUE(becomes("running"));
  step("resume", 409);
  step("pause", 200);
  EXPECT_TRUE(becomes("paused"));
  step("pause", 409);
  step("resume", 200);
  EXPECT_TRUE(becomes("running"));
  step("cancel", 200);
  EXPECT_TRUE(becomes("cancelled"));
  step("cancel", 409);
  const Json job = Job(id);
  EXPECT_EQ(job.at("reason"), "cancelled by ops");
  EXPECT_LT(job.at("deleted").get<int>(), 20'000);
  Checked(Api().Post("/invalidations/none/cancel", ""), 404, "post", "/invalidations/{id}/cancel");
  Checked(As(kReader).Post("/invalidations/" + id + "/cancel", ""), 403, "post", "/invalidations/{id}/cancel");
}

TEST_P(AdminInvalidation, JobsAreListedNewestFirstByPages) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(Run(R"({"kind":"key","keys":[{"key":"a"}]})").at("id"));
  std::vector<std::string> seen;
  std::string cursor;
  do {
    const std::string path = "/invalidations?limit=2" + (cursor.empty() ? "" : "&cursor=" + cursor);
    const Json page = Checked(Api().Get(path), 200, "get", "/invalidations");
    for (const Json& job : page.at("items")) seen.push_back(job.at("id"));
    cursor = page.at("next_cursor").is_null() ? "" : page.at("next_cursor").get<std::string>();
  } while (!cursor.empty());
  EXPECT_EQ(seen, std::vector<std::string>(ids.rbegin(), ids.rend()));
  Checked(Api().Get("/invalidations?cursor=none"), 400, "get", "/invalidations");
}

TEST_P(AdminInvalidation, WhoAskedAndWhatBecameOfItAreWrittenDown) {
  Populate(7);
  const Json job = Run(R"({"kind":"prefix","prefix":"big:","mode":"hard"})");
  Json items;
  ASSERT_TRUE(Eventually([&] {
    items = Checked(Api().Get("/audit"), 200, "get", "/audit").at("items");
    return items.size() == 2;
  }));
  const Json& ended = items[0];
  const Json& asked = items[1];
  EXPECT_EQ(asked.at("action"), "Invalidate");
  EXPECT_EQ(asked.at("by"), "ops");
  EXPECT_EQ(asked.at("parameters").at("prefix"), "big:");
  EXPECT_EQ(asked.at("after").at("id"), job.at("id"));
  EXPECT_EQ(ended.at("action"), "InvalidationEnded");
  EXPECT_EQ(ended.at("request_id"), job.at("id"));
  EXPECT_EQ(ended.at("by"), "ops");
  EXPECT_GE(ended.at("before").at("keys"), 7);
  EXPECT_EQ(ended.at("after").at("deleted"), 7);
  EXPECT_EQ(ended.at("after").at("state"), "done");
  // The end of a job is no request.
  EXPECT_EQ(Gate().Metric("herdgate_admin_writes_total"), 1);
  std::ifstream file(audit_);
  std::string text((std::istreambuf_iterator<char>(file)), {});
  EXPECT_NE(text.find("InvalidationEnded"), std::string::npos);
  EXPECT_EQ(text.find(kToken), std::string::npos);
}

TEST_P(AdminInvalidation, NearCachesOfOtherSidecarsFollow) {
  Sidecar other(Redis().Url(), {.loops = GetParam(), .policies = kPolicies});
  ASSERT_TRUE(other.started());
  ASSERT_TRUE(other.MetricBecomes("herdgate_near_mode{mode=\"tracked\"", 1));
  RawClient reader = other.Client();
  Direct().Do({"SET", "n:1", "old"});
  const auto near_hits = [&] { return other.Metric("herdgate_lookups_total{outcome=\"near_hit\",policy=\"near\""); };
  ASSERT_TRUE(Eventually([&] {
    const double before = near_hits();
    reader.Do({"GET", "n:1"});
    return near_hits() > before;
  }));
  EXPECT_EQ(Run(R"({"kind":"prefix","prefix":"n:","mode":"hard"})").at("deleted"), 1);
  EXPECT_TRUE(Eventually([&] { return reader.Do({"GET", "n:1"}) == "$-1\r\n"; }));
}

TEST_P(AdminInvalidation, WhileRedisIsAwayAJobWaitsAndSaysSo) {
  RedisProcess mine;
  config::AdminOptions options;
  options.tokens_file = tokens_;
  Restart(mine.Url(), {.loops = GetParam(), .policies = kPolicies, .admin = options});
  mine.Client().Do({"SET", "a", "x"});
  const Json preview = Preview(R"({"kind":"key","mode":"hard","keys":[{"key":"a"}]})");
  mine.Freeze();
  const Json begun = Checked(Execute(preview, "k"), 202, "post", "/invalidations");
  const std::string id = begun.at("id");
  EXPECT_TRUE(Eventually([&] { return !Job(id).value("waiting_for", "").empty() || Job(id).at("interruptions") > 0; }));
  EXPECT_EQ(Job(id).at("finished"), nullptr);
  mine.Thaw();
  EXPECT_EQ(Ended(id).at("state"), "done");
  EXPECT_EQ(mine.Client().Do({"EXISTS", "a"}), ":0\r\n");
}

HERDGATE_WITH_LOOPS(AdminInvalidation);

}  // namespace
}  // namespace herdgate::integration

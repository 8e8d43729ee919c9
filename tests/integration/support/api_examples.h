// ApiExamplesTest: a sidecar with something to tell about everything, and for each operation of the HTTP API a request
// that it fulfils. An operation that nobody has given an example is a failure.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "sidecar/admin/api_server.h"
#include "tests/integration/support/admin_api_test_base.h"
#include "tests/integration/support/api_request.h"
#include "tests/integration/support/open_api.h"

namespace herdgate::integration {

class ApiExamplesTest : public AdminApiTest {
 protected:
  static constexpr const char* kExamplePolicies = R"(
policies:
  - {name: near, match: ["n:*"], near: {enabled: true, max_ttl: 60s}, stampede: {coalesce: on}}
  - {name: gen, match: ["g:*"], version: {generation: true}, tags: [{match: "g:([0-9]+):.*", tag: "tenant:{1}"}]}
)";

  ApiExamplesTest()
      : AdminApiTest(kExamplePolicies), file_(Json::parse(admin::OpenApiText())), all_(OperationsOf(file_)) {}

  const Operation& ById(const std::string& id) const {
    for (const Operation& operation : all_) {
      if (operation.id == id) return operation;
    }
    ADD_FAILURE() << "there is no operation " << id;
    return all_.front();
  }
  ApiAnswer Send(const ApiRequest& request) { return request.Send(Gate().admin_port()); }

  // Keys, sessions with names, hot keys, a stampede, a bypass, a job that has ended, a preview, entries of the audit
  // log.
  void MakeSomethingOfEverything() {
    MakeStampede();
    sessions_.push_back(Client());
    sessions_.back().Do({"CLIENT", "SETNAME", "<b>me</b>"});
    for (int i = 0; i < 30; ++i) sessions_.back().Do({"SET", "n:" + std::to_string(i), "value", "EX", "100"});
    for (int i = 0; i < 40; ++i) sessions_.back().Do({"GET", "n:1"});
    for (int i = 0; i < 40; ++i) Direct().Do({"SET", "slow:" + std::to_string(i), "x"});
    ended_ = Begin(R"({"kind":"key","mode":"hard","keys":[{"key":"n:29"}]})").at("id");
    EXPECT_TRUE(Eventually([&] { return Get("/invalidations/" + ended_).at("finished") != nullptr; }));
    preview_ = Preview(R"({"kind":"prefix","prefix":"n:","mode":"soft"})").at("token");
    EXPECT_EQ(Api().Post("/bypass", R"({"active":true,"seconds":3600,"policies":["gen"]})").status, 200);
    (void)Get("/snapshot");
    // Rates are of two samples, a second apart.
    EXPECT_TRUE(Eventually([&] { return !Get("/snapshot").at("rates").is_null(); }));
  }

  // A request that the operation fulfils; what it needs is made first.
  ApiRequest Example(const Operation& operation) {
    ApiRequest request{.method = operation.method, .path = operation.PathWith(ArgumentOf(operation)), .token = kToken};
    if (const std::vector<Json> bodies = ValidBodies(operation); !bodies.empty()) request.body = bodies.front().dump();
    if (operation.id == "Invalidate") request.more = IdempotencyKey();
    return request;
  }
  // Of an operation with a body: what it takes, each another shape.
  std::vector<Json> ValidBodies(const Operation& operation) {
    if (operation.body.is_null()) return {};
    if (operation.id == "InspectKey")
      return {{{"key", "n:1"}, {"value", true}}, {{"key", "bjox"}, {"encoding", "base64"}, {"db", 0}}};
    if (operation.id == "SetLogLevel") return {{{"level", "error"}}};
    if (operation.id == "SetBypass")
      return {{{"active", true}, {"seconds", 3600}, {"policies", {"gen"}}}, {{"active", true}, {"seconds", 1}}};
    if (operation.id == "PreviewInvalidation") return Targets();
    if (operation.id == "Invalidate") {
      const Json token = Preview(R"({"kind":"prefix","prefix":"slow:","mode":"hard"})").at("token");
      return {{{"preview_token", token}, {"rate", 1}, {"max_keys", 2}, {"soft_seconds", 10}}};
    }
    ADD_FAILURE() << operation.id << " takes a body: it needs an example";
    return {};
  }
  static std::vector<Json> Targets() {
    const Json keys = Json::array({{{"key", "n:1"}}, {{"key", "bjoy"}, {"encoding", "base64"}}});
    return {{{"kind", "prefix"}, {"prefix", "n:"}, {"mode", "hard"}, {"scope", "both"}},
            {{"kind", "key"}, {"keys", Json::array({keys[0]})}},
            {{"kind", "keys"}, {"keys", keys}, {"mode", "soft"}},
            {{"kind", "pattern"}, {"pattern", "n:[12]*"}, {"scope", "near"}},
            {{"kind", "policy"}, {"policy", "gen"}},
            {{"kind", "tag"}, {"tag", "tenant:1"}, {"mode", "hard"}},
            {{"kind", "everything"}}};
  }

  Json Preview(const std::string& target) {
    Json preview = Json::parse(Api().Post("/invalidations/preview", target).body, nullptr, false);
    EXPECT_TRUE(Eventually([&] {
      if (preview.value("state", "running") != "running") return true;
      preview = Get("/invalidations/preview/" + preview.value("token", "none"));
      return false;
    })) << preview.dump();
    return preview;
  }
  Json Begin(const std::string& target, const std::string& more = "") {
    const std::string body = R"({"preview_token":")" + Preview(target).value("token", "") + "\"" + more + "}";
    const auto answer = Api().Send("POST", "/invalidations", body, IdempotencyKey());
    EXPECT_EQ(answer.status, 202) << answer.body;
    return Json::parse(answer.body, nullptr, false);
  }
  std::string IdempotencyKey() { return "Idempotency-Key: key-" + std::to_string(++keys_) + "\r\n"; }

  const Json file_;
  const std::vector<Operation> all_;
  std::string ended_;    // a job
  std::string preview_;  // a token

 private:
  // What stands for {...}.
  std::string ArgumentOf(const Operation& operation) {
    if (operation.path.find("{name}") != std::string::npos) return "near";
    if (operation.path.find("{token}") != std::string::npos) return preview_;
    if (operation.id == "PauseInvalidation" || operation.id == "CancelInvalidation") return SlowJob(false);
    return operation.id == "ResumeInvalidation" ? SlowJob(true) : ended_;
  }
  // One that goes on for as long as a test does. The one before makes room.
  std::string SlowJob(bool paused) {
    if (!slow_.empty()) (void)Api().Post("/invalidations/" + slow_ + "/cancel", "");
    slow_ = Begin(R"({"kind":"prefix","prefix":"slow:","mode":"hard"})", R"(,"rate":1)").at("id");
    const auto becomes = [&](const char* state) {
      EXPECT_TRUE(Eventually([&] { return Get("/invalidations/" + slow_).at("state") == state; })) << state;
    };
    becomes("running");
    if (paused) (void)Api().Post("/invalidations/" + slow_ + "/pause", "");
    if (paused) becomes("paused");
    return slow_;
  }
  // One caller computes, five wait for it.
  void MakeStampede() {
    std::vector<RawClient> waiters = Clients(5);
    RawClient leader = Client();
    EXPECT_EQ(leader.Do({"GET", "n:herd"}), "$-1\r\n");
    for (RawClient& waiter : waiters) waiter.Say({"GET", "n:herd"});
    EXPECT_TRUE(Eventually([&] { return Get("/flights").at("waiters") == 5; }));
    leader.Do({"SET", "n:herd", "value", "EX", "100"});
    for (RawClient& waiter : waiters) waiter.Read();
    EXPECT_TRUE(Eventually([&] { return !Get("/stampedes").at("items").empty(); }));
  }

  std::vector<RawClient> sessions_;
  std::string slow_;
  int keys_ = 0;
};

}  // namespace herdgate::integration

// The HTTP API against its description: each operation of openapi.json, each answer it may give, each way a body can
// be wrong; all of it read from the file, so that what is added there is tested, or found to lack an example.
#include <algorithm>
#include <array>
#include <set>

#include "tests/integration/support/api_examples.h"

namespace herdgate::integration {
namespace {

constexpr std::array<std::pair<const char*, const char*>, 5> kHeaders = {
    {{"Cache-Control", "no-store"},
     {"X-Content-Type-Options", "nosniff"},
     {"Referrer-Policy", "no-referrer"},
     {"Cross-Origin-Resource-Policy", "same-origin"},
     {"Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}}};

// Empty lists of an answer, by their pointers.
void AddEmptyLists(const Json& value, const std::string& at, std::vector<std::string>& found) {
  if (value.is_array() && value.empty()) found.push_back(at);
  if (!value.is_structured()) return;
  for (const auto& [name, member] : value.items()) AddEmptyLists(member, at + "/" + name, found);
}

class AdminContract : public ApiExamplesTest {
 protected:
  void ExpectHeaders(const ApiAnswer& answer, const std::string& what) {
    for (const auto& [name, value] : kHeaders) EXPECT_EQ(answer.Header(name), value) << what;
    EXPECT_FALSE(answer.Header("X-Request-Id").empty()) << what;
    for (const char* never : {"Set-Cookie", "Access-Control-Allow-Origin", "Server", "Keep-Alive"})
      EXPECT_EQ(answer.Header(never), "") << what;
  }
  // A problem as the file describes it, of a status that the operation has; of no operation: a status alone.
  void ExpectProblem(const Operation* operation, const ApiAnswer& answer, int status, const std::string& what) {
    const std::string which = (operation == nullptr ? "" : operation->id + " ") + what;
    EXPECT_EQ(answer.status, status) << which << answer.body;
    ExpectHeaders(answer, which);
    EXPECT_EQ(answer.Header("Content-Type"), "application/problem+json") << which;
    const Json problem = answer.Json();
    EXPECT_EQ(SchemaErrors(file_, {{"$ref", "#/components/schemas/Problem"}}, problem), "") << which << answer.body;
    EXPECT_EQ(problem.value("status", 0), answer.status) << which;
    EXPECT_EQ(problem.value("instance", ""), answer.Header("X-Request-Id")) << which;
    const std::string name = std::to_string(answer.status);
    const Json& responses = file_.at("components").at("responses");
    ASSERT_TRUE(responses.contains("P" + name)) << which << ": " << name << " is not described";
    for (const auto& [header, unused] : responses.at("P" + name).at("headers").items()) {
      const bool optional = header == "Retry-After" && answer.status == 503;
      EXPECT_TRUE(optional || !answer.Header(header).empty()) << which << " lacks " << header;
    }
    if (operation == nullptr) return;
    EXPECT_TRUE(operation->responses.contains(name)) << which << ": " << name << " is not described there";
    seen_.insert(operation->id + " " + name);
  }
  void Refused(const Operation& operation, const ApiRequest& request, int status, const std::string& what) {
    ExpectProblem(&operation, Send(request), status, what);
  }
  // Described errors that nothing has provoked.
  std::set<std::string> Unseen() const {
    std::set<std::string> unseen;
    for (const Operation& operation : all_) {
      for (const auto& [status, unused] : operation.responses.items()) {
        const std::string name = operation.id + " " + status;
        if (status >= "400" && !seen_.contains(name)) unseen.insert(name);
      }
    }
    return unseen;
  }
  // A request whose body and argument are right and that changes nothing: it is refused before it is looked at.
  static ApiRequest Plain(const Operation& operation) {
    ApiRequest request{.method = operation.method, .path = operation.PathWith("x1"), .token = kToken};
    if (!operation.body.is_null()) request.body = "{}";
    return request;
  }

  void RefuseStrangers(const Operation& operation) {
    ApiRequest request = Plain(operation);
    request.host = "evil.example";
    Refused(operation, request, 421, "by another name");
    request = Plain(operation);
    for (const char* site : {"cross-site", "same-site"}) {
      request.more = std::string("Sec-Fetch-Site: ") + site + "\r\n";
      Refused(operation, request, 403, site);
    }
    for (const char* origin : {"http://evil.example", "null", "http://localhost:1", "http://localhost.evil.example"}) {
      request.more = std::string("Origin: ") + origin + "\r\n";
      Refused(operation, request, 403, origin);
    }
    request = Plain(operation);
    request.write_header = "";
    if (operation.is_write()) Refused(operation, request, 403, "without X-Herdgate-Request");
    request.write_header = "true";
    if (operation.is_write()) Refused(operation, request, 403, "with another X-Herdgate-Request");
  }
  void RefuseTokens(const Operation& operation, const char* address) {
    if (operation.scope == "none") return;
    ApiRequest request = Plain(operation);
    request.token = "";
    Refused(operation, request, 401, "without a token");
    request.token = "wrong";
    request.from = address;
    Refused(operation, request, 401, "with a wrong token");
    for (const std::string_view scope : admin::kScopeNames) {
      if (scope == operation.scope) continue;
      request = Plain(operation);
      request.token = TokenOf(scope);
      const ApiAnswer answer = Send(request);
      ExpectProblem(&operation, answer, 403, "by " + std::string(scope));
      EXPECT_EQ(answer.Json().value("needed_scope", ""), operation.scope) << operation.id;
    }
  }
  void RefuseFraming(const Operation& operation) {
    ApiRequest request = Plain(operation);
    request.length = "65537";
    Refused(operation, request, 413, "with a large body");
    request = Plain(operation);
    request.length = "none";
    request.more = "Transfer-Encoding: chunked\r\n";
    Refused(operation, request, 411, "in chunks");
    request = Plain(operation);
    request.more = "X-Large: " + std::string(17'000, 'x') + "\r\n";
    Refused(operation, request, 431, "with large headers");
    request.more = "Content-Length: 9\r\n";
    Refused(operation, request, 400, "with two lengths");
    if (!operation.is_write()) return;
    request = Plain(operation);
    request.body = "{}";
    request.content_type = "text/plain";
    Refused(operation, request, 415, "as text");
    request.content_type = "";
    Refused(operation, request, 415, "as nothing");
  }
  void RefuseArguments(const Operation& operation) {
    if (operation.has_argument()) Refused(operation, Plain(operation), 404, "of something that is not there");
    for (const Json& parameter : operation.parameters) {
      if (parameter.at("in") != "query") continue;
      const std::string name = parameter.at("name");
      std::vector<std::string> values = {"", "x", "-1", "%00", "1e1", std::string(129, '1')};
      if (name == "limit")
        for (const int past : {0, parameter.at("schema").at("maximum").get<int>() + 1})
          values.push_back(std::to_string(past));
      for (const std::string& value : values) {
        ApiRequest request = Plain(operation);
        request.path += "?" + name + "=" + value;
        Refused(operation, request, 400, name + "=" + value);
      }
    }
    if (operation.body.is_null()) return;
    for (const char* body : {"{", "nonsense", "{\"a\":\xff}", "{} {}", "[[[[[[[[[[[[[[[[[[[[[[[[1]]"}) {
      ApiRequest request = Plain(operation);
      request.body = body;
      Refused(operation, request, 400, body);
    }
  }

  std::set<std::string> seen_;  // "operation status"
};

// Lists that have nothing to show in a healthy sidecar that has just been started.
bool MayBeEmpty(const std::string& id, const std::string& pointer) {
  return (id == "GetConfig" && pointer == "/pending_restart") || (id == "GetPolicy" && pointer == "/what_if/lives") ||
         (id == "GetPolicy" && (pointer == "/what_if/near_sizes" || pointer == "/rules/tags")) ||
         (id == "PreviewInvalidation" && pointer == "/sample") ||
         (id == "PreviewInvalidation" && pointer == "/hottest") ||
         (id == "ListAudit" && pointer.ends_with("/before/policies"));
}

TEST_P(AdminContract, EveryOperationAnswersAsDescribedAndWithDataInIt) {
  MakeSomethingOfEverything();
  for (const Operation& operation : all_) {
    const ApiAnswer answer = Send(Example(operation));
    ASSERT_TRUE(answer.status >= 200 && answer.status < 300) << operation.id << " " << answer.status << answer.body;
    ExpectHeaders(answer, operation.id);
    const std::string status = std::to_string(answer.status);
    ASSERT_TRUE(operation.responses.contains(status)) << operation.id << " " << status;
    const Json& content = operation.responses.at(status).at("content");
    ASSERT_TRUE(content.contains(answer.Header("Content-Type"))) << operation.id << answer.head;
    if (answer.Header("Content-Type") != "application/json") continue;
    const Json body = answer.Json();
    EXPECT_EQ(SchemaErrors(file_, content.at("application/json").value("schema", Json::object()), body), "")
        << operation.id << answer.body;
    std::vector<std::string> empty;
    if (operation.id != "GetOpenApi") AddEmptyLists(body, "", empty);
    for (const std::string& list : empty) EXPECT_TRUE(MayBeEmpty(operation.id, list)) << operation.id << list;
  }
}

TEST_P(AdminContract, EveryValidBodyIsTakenAndAnsweredAsDescribed) {
  MakeSomethingOfEverything();
  for (const Operation& operation : all_) {
    for (const Json& body : ValidBodies(operation)) {
      EXPECT_EQ(SchemaErrors(file_, operation.body, body), "") << operation.id << body;
      ApiRequest request = Example(operation);
      request.body = body.dump();
      const ApiAnswer answer = Send(request);
      ASSERT_TRUE(answer.status == 200 || answer.status == 202) << operation.id << body << answer.body;
      const Json& content = operation.responses.at(std::to_string(answer.status)).at("content");
      EXPECT_EQ(SchemaErrors(file_, content.at("application/json").at("schema"), answer.Json()), "") << body;
    }
  }
}

TEST_P(AdminContract, HeadAnswersAsGetDoesWithoutTheBody) {
  MakeSomethingOfEverything();
  for (const Operation& operation : all_) {
    if (operation.is_write()) continue;
    ApiRequest request = Example(operation);
    const ApiAnswer get = Send(request);
    request.method = "HEAD";
    const ApiAnswer head = Send(request);
    EXPECT_EQ(head.status, get.status) << operation.id;
    EXPECT_EQ(head.body, "") << operation.id;
    EXPECT_EQ(head.Header("Content-Type"), get.Header("Content-Type")) << operation.id;
    EXPECT_NE(head.Header("Content-Length"), "0") << operation.id;
    ExpectHeaders(head, operation.id);
  }
}

TEST_P(AdminContract, EachWayABodyBreaksItsSchemaIsSaidWhere) {
  MakeSomethingOfEverything();
  std::size_t tried = 0;
  for (const Operation& operation : all_) {
    for (const Json& valid : ValidBodies(operation)) {
      for (const WrongBody& wrong : WrongBodies(file_, operation.body, valid)) {
        ApiRequest request{
            .method = operation.method, .path = operation.path, .token = kToken, .body = wrong.body.dump()};
        request.more = IdempotencyKey();
        const ApiAnswer answer = Send(request);
        ++tried;
        const std::string what = wrong.what + ": " + request.body.substr(0, 200) + " ";
        ExpectProblem(&operation, answer, 422, what);
        const Json errors = answer.Json().value("errors", Json::array());
        const auto names = [&](const Json& error) { return error.at("pointer").get<std::string>() == wrong.pointer; };
        // A member of another kind of target is not known here, whatever it is.
        const auto unknown = [](const Json& error) {
          return error.at("detail") == "has a member that is not known here";
        };
        EXPECT_TRUE(std::any_of(errors.begin(), errors.end(), names) ||
                    std::any_of(errors.begin(), errors.end(), unknown))
            << operation.id << " " << what << "should name " << wrong.pointer << answer.body;
        // The contract itself refuses it too; but keys of answers have a member more than those of requests.
        if (wrong.pointer == "/keys/0" && wrong.body.at("keys").at(0).is_object()) continue;
        EXPECT_NE(SchemaErrors(file_, operation.body, wrong.body), "") << operation.id << " " << what;
      }
    }
  }
  EXPECT_GT(tried, 200U);
}

TEST_P(AdminContract, OtherMethodsOfAPathAreRefusedWithThoseItHas) {
  std::map<std::string, std::set<std::string>> methods;
  for (const Operation& operation : all_) {
    methods[operation.path].insert(operation.method);
    if (operation.method == "GET") methods[operation.path].insert("HEAD");
  }
  for (const auto& [path, known] : methods) {
    for (const std::string method : {"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"}) {
      if (known.contains(method)) continue;
      const Operation any{
          .id = "", .method = method, .path = path, .scope = "", .responses = {}, .parameters = {}, .body = {}};
      const ApiAnswer answer = Send({.method = method, .path = any.PathWith("x1"), .token = kToken});
      ExpectProblem(nullptr, answer, 405, method + " " + path);
      std::set<std::string> allowed;
      std::string allow = answer.Header("Allow") + ", ";
      for (auto at = allow.find(", "); at != std::string::npos; at = allow.find(", ")) {
        allowed.insert(allow.substr(0, at));
        allow.erase(0, at + 2);
      }
      EXPECT_EQ(allowed, known) << path;
    }
  }
}

TEST_P(AdminContract, EveryDescribedErrorIsGivenAndNoOther) {
  MakeSomethingOfEverything();
  int address = 0;
  for (const Operation& operation : all_) {
    RefuseStrangers(operation);
    RefuseTokens(operation, ("127.0.1." + std::to_string(++address)).c_str());
    RefuseFraming(operation);
    RefuseArguments(operation);
    if (!operation.body.is_null()) {
      ApiRequest request = Plain(operation);
      request.more = operation.id == "Invalidate" ? IdempotencyKey() : "";
      Refused(operation, request, 422, "without members");
    }
    if (operation.scope == "none") continue;
    // A guesser's address is not looked at any more, from whatever operation.
    ApiRequest guess = Plain(operation);
    guess.from = "127.0.9.9";
    guess.token = "guess";
    ApiAnswer answer;
    EXPECT_TRUE(Eventually([&] { return (answer = Send(guess)).status == 429; })) << operation.id;
    ExpectProblem(&operation, answer, 429, "to a guesser");
  }
  const auto with = [&](const char* id, const std::string& body) {
    ApiRequest request = Example(ById(id));
    request.body = body;
    return request;
  };
  Refused(ById("SetBypass"), with("SetBypass", R"({"active":true,"seconds":1,"policies":["none"]})"), 404, "none");
  Refused(ById("InspectKey"), with("InspectKey", R"({"key":"a","db":65535})"), 404, "a database that there is none of");
  Refused(ById("PreviewInvalidation"), with("PreviewInvalidation", R"({"kind":"policy","policy":"none"})"), 404,
          "none");
  Refused(ById("Invalidate"), with("Invalidate", R"({"preview_token":"0123456789abcdef"})"), 404, "none");
  ApiRequest no_key = Example(ById("Invalidate"));
  const std::string keys[] = {"", "Idempotency-Key: \r\n", "Idempotency-Key: " + std::string(129, 'k') + "\r\n"};
  for (const std::string& key : keys) {
    no_key.more = key;
    Refused(ById("Invalidate"), no_key, 400, key);
  }
  ApiRequest once = Example(ById("Invalidate"));
  EXPECT_EQ(Send(once).status, 202);
  once.more = IdempotencyKey();
  Refused(ById("Invalidate"), once, 409, "with a used preview");
  for (const char* step : {"Pause", "Resume", "Cancel"}) {
    const Operation& operation = ById(std::string(step) + "Invalidation");
    Refused(operation, {.method = "POST", .path = operation.PathWith(ended_), .token = kToken}, 409,
            "when it has ended");
  }
  for (const std::string& unseen : Unseen()) {
    // A defect; what needs a clock, or a thread or a Redis that does not answer: other tests.
    const std::string status = unseen.substr(unseen.size() - 3);
    EXPECT_TRUE(status == "500" || status == "410" || status == "503") << unseen << " is described, and never given";
  }
}

TEST_P(AdminContract, WithRedisAwayEveryOperationStillAnswersAsDescribed) {
  RedisProcess mine;
  config::AdminOptions options;
  options.tokens_file = tokens_;
  Restart(mine.Url(),
          {.loops = GetParam(), .timeout = std::chrono::milliseconds(300), .policies = policies_, .admin = options});
  EXPECT_EQ(Api().Post("/keys/inspect", R"({"key":"plain"})").status, 200);
  ended_ = "x1";
  preview_ = "x1";
  mine.Freeze();
  const ApiRequest inspect{.method = "POST", .path = "/keys/inspect", .token = kToken, .body = R"({"key":"plain"})"};
  Refused(ById("InspectKey"), inspect, 503, "with Redis away");
  for (const Operation& operation : all_) {
    ApiRequest request = Plain(operation);
    if (operation.id == "PreviewInvalidation") request.body = R"({"kind":"prefix","prefix":"n:"})";
    if (operation.id == "GetPolicy") request.path = "/policies/near";
    const ApiAnswer answer = Send(request);
    EXPECT_TRUE(operation.responses.contains(std::to_string(answer.status)))
        << operation.id << " answers " << answer.status << answer.body;
    EXPECT_NE(answer.status, 500) << operation.id;
  }
  mine.Thaw();
}

INSTANTIATE_TEST_SUITE_P(With, AdminContract, ::testing::Values(2U), LoopsName);

}  // namespace
}  // namespace herdgate::integration

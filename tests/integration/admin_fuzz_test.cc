// Bodies, paths and headers at random, made from openapi.json, against a real sidecar with keys in Redis. It is never
// broken, takes nothing that the description refuses, and touches no key that was not asked for.
//
// HERDGATE_FUZZ_SECONDS=600 goes on for so long instead of a fixed number of requests, HERDGATE_TEST_SEED chooses them.
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "sidecar/base/log.h"
#include "tests/integration/support/api_examples.h"
#include "tests/integration/support/json_mutator.h"

namespace herdgate::integration {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMemoryTells = false;  // shadow memory and quarantine grow on their own
#else
constexpr bool kMemoryTells = true;
#endif
constexpr long kMaxGrowthBytes = 48L << 20U;
constexpr int kRequests = 1200;
constexpr int kKept = 100;

long ResidentBytes() {
  long size = 0;
  long resident = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%ld %ld", &size, &resident) != 2) resident = 0;
    std::fclose(file);
  }
  return resident * sysconf(_SC_PAGESIZE);
}

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class AdminFuzz : public ApiExamplesTest {
 protected:
  // Keys that nobody asks for, unless the record of what was asked for says so; as many in database 1, for Redis' own
  // opinion of patterns.
  void Keep() {
    RawClient direct = Direct();
    for (const char* db : {"1", "0"}) {
      direct.Do({"SELECT", db});
      for (int i = 0; i < kKept; ++i) direct.Do({"SET", "keep:" + std::to_string(i), "kept"});
    }
  }
  static bool AskedFor(const std::string& key, const Json& target) {
    const std::string kind = target.at("kind");
    if (kind == "everything") return true;
    if (kind == "policy" || kind == "tag") return false;
    if (kind == "prefix") return key.starts_with(target.at("prefix").get<std::string>());
    if (kind == "pattern") {
      RawClient direct = Direct();
      direct.Do({"SELECT", "1"});
      return direct.Do({"KEYS", target.at("pattern")}).find("\r\n" + key + "\r\n") != std::string::npos;
    }
    for (const Json& named : target.at("keys")) {
      if (named.at("key") == key || named.at("key") == admin::Base64(key)) return true;
    }
    return false;
  }
  void ExpectKept(const std::vector<Json>& targets) {
    RawClient direct = Direct();
    int gone = 0;
    for (int i = 0; i < kKept; ++i) {
      const std::string key = "keep:" + std::to_string(i);
      const auto asked = [&](const Json& target) { return AskedFor(key, target); };
      if (std::any_of(targets.begin(), targets.end(), asked)) {
        ++gone;
        continue;
      }
      EXPECT_EQ(direct.Do({"GET", key}), "$4\r\nkept\r\n") << key;
      EXPECT_EQ(direct.Do({"PTTL", key}), ":-1\r\n") << key;
    }
    // Some were, or the record would be untested.
    EXPECT_GT(gone, 0);
    EXPECT_LT(gone, kKept);
  }

  std::string Argument() {
    const std::string arguments[] = {ended_,   preview_, last_,           "near", "gen", "x1",
                                     "%2e%2e", "%00",    mutator_.Text(), "a/b",  "."};
    std::string text = arguments[random_.Below(std::size(arguments))];
    std::erase_if(text, [](char c) { return c == ' ' || c == '\r' || c == '\n' || c == '\0'; });
    return text;
  }
  // Every other execution is of a preview that is ready.
  void MakeExecutable() {
    const std::vector<Json>& targets = bodies_.at("PreviewInvalidation");
    const Json target = targets[random_.Below(targets.size())];
    const ApiAnswer answer =
        Send({.method = "POST", .path = "/invalidations/preview", .token = kToken, .body = target.dump()});
    if (answer.status != 200) return;
    last_preview_ = answer.Json().at("token");
    const std::string at = "/invalidations/preview/" + last_preview_;
    EXPECT_TRUE(Eventually([&] { return Get(at).at("state") != "running"; }));
  }
  ApiRequest Random(const Operation& operation) {
    if (operation.id == "Invalidate" && random_.Below(2) == 0) MakeExecutable();
    ApiRequest request{.method = operation.method, .path = operation.PathWith(Argument()), .token = kKeeper};
    if (operation.method == "GET" && random_.Below(4) == 0) request.method = "HEAD";
    if (random_.Below(3) == 0) {
      static const std::vector<std::string> queries = {"?limit=1",         "?limit=0",  "?limit=%zz",
                                                       "?cursor=1",        "?cursor=",  "?&&==&",
                                                       "?limit=1&limit=2", "?x=%ff%00", "#x"};
      request.path += queries[random_.Below(queries.size())];
    }
    if (!operation.body.is_null()) {
      const std::vector<Json>& bodies = bodies_.at(operation.id);
      Json body = bodies[random_.Below(bodies.size())];
      if (operation.id == "Invalidate") body["preview_token"] = last_preview_;
      request.body = mutator_.Mutated(std::move(body));
    }
    if (operation.id == "Invalidate" && random_.Below(10) != 0) request.more = IdempotencyKey();
    if (random_.Below(40) == 0) request.more += "X-Any: " + std::string(random_.Below(20'000), 'x') + "\r\n";
    if (random_.Below(40) == 0) request.content_type = "text/plain";
    if (random_.Below(60) == 0) request.method = "DELETE";
    return request;
  }
  void Judge(const Operation& operation, const ApiRequest& request, const ApiAnswer& answer) {
    const std::string what = operation.id + " " + request.path.substr(0, 200) + " " + request.body.substr(0, 300);
    ASSERT_TRUE(answer.status >= 200) << what;
    ASSERT_TRUE(answer.status < 500 || answer.status == 503) << answer.status << " " << what << answer.body;
    ++(answer.status < 300 ? taken_ : answer.status == 503 ? away_ : refused_);
    const bool described = operation.responses.contains(std::to_string(answer.status));
    // Another path or another method is another operation, or none.
    EXPECT_TRUE(described || operation.has_argument() || request.method == "DELETE") << answer.status << " " << what;
    if (answer.status >= 400) {
      EXPECT_TRUE(request.method == "HEAD" || Json::accept(answer.body)) << what << answer.body;
    }
    if (answer.status >= 300 || operation.body.is_null()) return;
    const Json body = Json::parse(request.body, nullptr, false);
    EXPECT_EQ(SchemaErrors(file_, operation.body, body), "") << "but it was taken: " << what;
    if (operation.id == "SetLogLevel") base::SetLeastLogLevel(base::LogLevel::kError);
    if (operation.id == "PreviewInvalidation") last_preview_ = answer.Json().at("token");
    if (operation.id == "Invalidate") last_ = answer.Json().at("id");
    if (operation.id == "Invalidate") targets_.push_back(answer.Json().at("target"));
  }
  void ExpectServed() {
    RawClient client = Client();
    ASSERT_EQ(client.Do({"SET", "free", "v"}), "+OK\r\n");
    ASSERT_EQ(client.Do({"GET", "free"}), "$1\r\nv\r\n");
    // Slow jobs would fill the queue.
    const Json jobs = Get("/invalidations");
    for (const Json& job : jobs.at("items"))
      if (job.at("finished").is_null())
        (void)Api().Post("/invalidations/" + job.at("id").get<std::string>() + "/cancel", "");
  }

  const std::uint64_t seed_ = FromEnvironment("HERDGATE_TEST_SEED", 7);
  base::Random random_{seed_};
  JsonMutator mutator_{random_};
  std::map<std::string, std::vector<Json>> bodies_;
  std::vector<Json> targets_;  // of what was begun
  std::string last_ = "x1";    // a job
  std::string last_preview_;
  int taken_ = 0;
  int refused_ = 0;
  int away_ = 0;
};

TEST_P(AdminFuzz, NoRequestBreaksItOrTouchesWhatItDidNotName) {
  MakeSomethingOfEverything();
  Keep();
  for (const Operation& operation : all_) {
    if (!operation.body.is_null()) bodies_[operation.id] = ValidBodies(operation);
  }
  std::vector<Json>& targets = bodies_.at("PreviewInvalidation");
  targets.push_back({{"kind", "prefix"}, {"prefix", "keep:1"}, {"mode", "hard"}});
  targets.push_back({{"kind", "pattern"}, {"pattern", "keep:*5"}, {"mode", "soft"}});
  const std::chrono::seconds lasts{FromEnvironment("HERDGATE_FUZZ_SECONDS", 0)};
  const auto until = std::chrono::steady_clock::now() + lasts;
  long before = 0;
  int sent = 0;
  const auto goes_on = [&] { return lasts.count() > 0 ? std::chrono::steady_clock::now() < until : sent < kRequests; };
  for (; goes_on() && !HasFatalFailure(); ++sent) {
    SCOPED_TRACE("request " + std::to_string(sent) + ", HERDGATE_TEST_SEED=" + std::to_string(seed_));
    // What changes something is asked for more often.
    const Operation* operation = &all_[random_.Below(all_.size())];
    if (!operation->is_write()) operation = &all_[random_.Below(all_.size())];
    const ApiRequest request = Random(*operation);
    Judge(*operation, request, Send(request));
    if (sent % 100 == 0) ExpectServed();
    if (sent == kRequests / 2) before = ResidentBytes();
  }
  ExpectServed();
  ExpectKept(targets_);
  EXPECT_LE(away_, sent / 20);
  EXPECT_GT(taken_, sent / 20);
  EXPECT_GT(refused_, sent / 20);
  EXPECT_FALSE(targets_.empty());
  const long growth = ResidentBytes() - before;
  if (kMemoryTells) {
    EXPECT_LT(growth, kMaxGrowthBytes);
  }
  if (lasts.count() > 0) {
    std::printf("%d requests: %d taken, %d refused, %d while a loop or Redis was away; %zu jobs; grown by %ld KiB\n",
                sent, taken_, refused_, away_, targets_.size(), growth / 1024);
  }
}

INSTANTIATE_TEST_SUITE_P(With, AdminFuzz, ::testing::Values(2U), LoopsName);

}  // namespace
}  // namespace herdgate::integration

// Compares FindKeys with COMMAND GETKEYS of a real redis-server, over generated argument lists for every command that
// both know.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/command/correction.h"
#include "sidecar/command/keys.h"
#include "sidecar/command/table.h"
#include "tests/unit/command/real_redis.h"

namespace herdgate::command {
namespace {

using Request = std::vector<std::string>;

// Words that mean something to some command, numbers that count keys, and plain keys; never two alike in one request
// but keywords.
class RequestMaker {
 public:
  explicit RequestMaker(unsigned seed) : random_(seed) {}

  Request Make(const CommandSpec& spec) {
    Request request;
    if (spec.is_subcommand()) request.emplace_back(spec.name.substr(0, spec.name.find('|')));
    request.emplace_back(spec.short_name());
    const size_t fewest = static_cast<size_t>(spec.arity < 0 ? -spec.arity : spec.arity);
    const size_t size = spec.arity < 0 ? fewest + Below(7) : fewest;
    while (request.size() < size) request.push_back(Word(request.size()));
    if (spec.keys.search == KeySearch::kMigrate && Below(2) == 0) request[3].clear();
    return request;
  }

 private:
  size_t Below(size_t bound) { return std::uniform_int_distribution<size_t>(0, bound - 1)(random_); }

  std::string Word(size_t index) {
    static constexpr std::string_view kKeywords[] = {
        "STORE", "storedist", "STREAMS", "block", "count", "GROUP", "noack",   "KEYS", "auth", "AUTH2",
        "copy",  "replace",   "limit",   "GET",   "by",    "left",  "weights", "MIN",  "and",  "Limit"};
    switch (Below(4)) {
      case 0:
        return std::string(kKeywords[Below(std::size(kKeywords))]);
      case 1:
        return std::to_string(Below(5));
      case 2:
        return Below(8) == 0 ? "" : "k" + std::to_string(index);
      default:
        return "k" + std::to_string(index);
    }
  }

  std::mt19937 random_;
};

std::string Line(const Request& request) {
  std::string line;
  for (const std::string& word : request) line += (line.empty() ? "" : " ") + (word.empty() ? "''" : word);
  return line;
}

std::vector<std::string> OurKeys(const Table& table, const Request& request) {
  const std::vector<std::string_view> args(request.begin(), request.end());
  std::vector<std::string> keys;
  ForEachKey(*table.Resolve(args), args, [&](size_t index, KeyAccess) { keys.push_back(request[index]); });
  return keys;
}

// An error reply means that Redis found no key.
std::vector<std::string> RedisKeys(const std::string& reply) {
  const base::Result<resp::ParsedReply> parsed = resp::ParseReply(reply);
  EXPECT_TRUE(parsed.ok());
  std::vector<std::string> keys;
  if (parsed.ok()) {
    for (const resp::Reply& key : parsed.value().reply.elements) keys.emplace_back(key.text);
  }
  return keys;
}

TEST(KeysServerTest, AgreesWithCommandGetKeysOnGeneratedRequests) {
  RealRedis redis;
  if (!redis.available()) GTEST_SKIP() << "no redis-server on PATH";
  const base::Result<Table> corrected = Corrected(BuiltIn(), redis.Call({"COMMAND"}));
  ASSERT_TRUE(corrected.ok()) << corrected.status().message();

  RequestMaker maker(20261120);
  size_t compared = 0;
  size_t with_keys = 0;
  for (const CommandSpec& spec : corrected.value().specs().subspan(1)) {
    if (spec.absent || spec.container) continue;
    std::vector<Request> requests;
    std::vector<Request> questions;
    const int rounds = spec.keys.search != KeySearch::kSpecs || spec.keys.count > 1 ? 5000 : 200;
    for (int round = 0; round < rounds; ++round) {
      requests.push_back(maker.Make(spec));
      questions.push_back(requests.back());
      questions.back().insert(questions.back().begin(), {"COMMAND", "GETKEYS"});
    }
    const std::vector<std::string> replies = redis.CallAll(questions);
    for (size_t i = 0; i < requests.size(); ++i, ++compared) {
      const std::vector<std::string> expected = RedisKeys(replies[i]);
      with_keys += expected.empty() ? 0 : 1;
      ASSERT_EQ(OurKeys(BuiltIn(), requests[i]), expected) << Line(requests[i]) << " -> " << replies[i];
      ASSERT_EQ(OurKeys(corrected.value(), requests[i]), expected) << "corrected: " << Line(requests[i]);
    }
  }
  EXPECT_GT(compared, 20'000u);
  EXPECT_GT(with_keys, 10'000u);
}

}  // namespace
}  // namespace herdgate::command

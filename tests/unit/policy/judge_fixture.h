// Requests as one types them, judged; what became of them as one reads it.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sidecar/base/random.h"
#include "sidecar/command/table.h"
#include "sidecar/policy/request_judge.h"
#include "sidecar/resp/encoder.h"
#include "sidecar/resp/request_decoder.h"
#include "tests/unit/policy/policy_fixtures.h"

namespace herdgate::policy {

// 2001-09-09T01:46:40Z: in seconds 1000000000.
inline constexpr base::WallTime kNow{std::chrono::milliseconds(1'000'000'000'000)};

// Words between blanks; '' is an empty one.
inline std::vector<std::string> Words(std::string_view line) {
  std::vector<std::string> words;
  while (!line.empty()) {
    const std::string_view word = line.substr(0, line.find(' '));
    line.remove_prefix(std::min(line.size(), word.size() + 1));
    words.emplace_back(word == "''" ? "" : word);
  }
  return words;
}

inline std::string RequestOf(const std::vector<std::string>& words) {
  const std::vector<std::string_view> views(words.begin(), words.end());
  std::string raw;
  resp::AppendRequest(raw, views);
  return raw;
}

// The words of a request that must be one whole multibulk.
inline std::string LineOf(const std::string& raw) {
  const resp::Limits limits;
  resp::RequestDecoder decoder(limits);
  resp::Request request;
  if (decoder.Decode(raw, request) != resp::RequestDecoder::Outcome::kRequest) return "unreadable: " + raw;
  EXPECT_EQ(request.raw.size(), raw.size());
  std::string line;
  for (const std::string_view arg : request.args) {
    line += (line.empty() ? "" : " ") + (arg.empty() ? "''" : std::string(arg));
  }
  return line;
}

// "user:*" with an hour as the default, and bounds of ten seconds and a day.
inline Policy TtlPolicy(MissingTtl missing = MissingTtl::kApply) {
  Policy policy;
  policy.name = "user";
  policy.match = {"user:*"};
  policy.ttl = {.missing = missing,
                .default_ttl = std::chrono::hours(1),
                .min = std::chrono::seconds(10),
                .max = std::chrono::hours(24)};
  return policy;
}

inline SnapshotPtr SnapshotOf(std::vector<Policy> policies, std::vector<std::uint64_t> generations = {}) {
  return std::make_shared<const Snapshot>(std::make_shared<const PolicySet>(std::move(policies)),
                                          std::move(generations));
}

class Bench {
 public:
  explicit Bench(SnapshotPtr snapshot) : snapshot_(std::move(snapshot)) {}
  explicit Bench(Policy policy) : Bench(SnapshotOf({std::move(policy)})) {}

  RequestPlan& Judge(std::string_view line) { return Judge(Words(line)); }
  RequestPlan& Judge(std::vector<std::string> words) {
    words_ = std::move(words);
    raw_ = RequestOf(words_);
    const resp::Limits limits;
    resp::RequestDecoder decoder(limits);
    resp::Request request;
    EXPECT_EQ(decoder.Decode(raw_, request), resp::RequestDecoder::Outcome::kRequest);
    const JudgeContext context{.now = kNow, .random = random_, .in_multi = in_multi, .max_key_bytes = max_key_bytes};
    judge_.Judge(snapshot_, *command::BuiltIn().Resolve(request.args), request.args, request.raw, context, plan_);
    return plan_;
  }

  // "pass", the request in its place, "refused: " and the error, or "wait"; then "; " and each follow-up.
  std::string Outcome(std::string_view line) { return Show(Judge(line)); }
  static std::string Show(const RequestPlan& plan) {
    std::string out;
    switch (plan.action) {
      case RequestPlan::Action::kPass:
        out = "pass";
        break;
      case RequestPlan::Action::kRewrite:
        out = LineOf(plan.raw);
        break;
      case RequestPlan::Action::kRefuse:
        EXPECT_TRUE(plan.error.ends_with("\r\n"));
        out = "refused: " + plan.error.substr(0, plan.error.size() - 2);
        break;
      case RequestPlan::Action::kWait:
        out = "wait";
    }
    for (const FollowUp& follow_up : plan.follow_ups) {
      out += "; PEXPIRE " + follow_up.key + " " + std::to_string(follow_up.ttl.count());
      out += follow_up.only_shorten ? " XX LT" : " NX";
    }
    return out;
  }

  RequestPlan& plan() { return plan_; }
  const Snapshot& snapshot() const { return *snapshot_; }

  bool in_multi = false;
  std::uint64_t max_key_bytes = 1U << 20U;

 private:
  SnapshotPtr snapshot_;
  std::vector<std::string> words_;
  std::string raw_;
  base::Random random_{1};
  RequestJudge judge_;
  RequestPlan plan_;
};

struct Row {
  const char* request;
  const char* outcome;
};

template <std::size_t kRows>
void ExpectRows(Bench& bench, const Row (&rows)[kRows]) {
  for (const Row& row : rows) EXPECT_EQ(bench.Outcome(row.request), row.outcome) << row.request;
}

}  // namespace herdgate::policy

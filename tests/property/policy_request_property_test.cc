// Laws of RequestJudge, over random requests of every command of the table, made from its key specs: the bounds of an
// expiry, renaming that touches nothing but keys and goes back, and requests that no policy concerns.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sidecar/base/random.h"
#include "sidecar/command/keys.h"
#include "sidecar/command/table.h"
#include "sidecar/policy/request_edits.h"
#include "sidecar/policy/request_judge.h"
#include "sidecar/policy/ttl_rule.h"
#include "sidecar/resp/encoder.h"
#include "sidecar/resp/request_decoder.h"

namespace herdgate::policy {
namespace {

using std::chrono::milliseconds;
using Args = std::vector<std::string_view>;
using Request = std::vector<std::string>;

constexpr base::WallTime kNow{milliseconds(1'763'680'000'000)};

std::string Line(const Request& request) {
  std::string line;
  for (const std::string& word : request) line += (line.empty() ? "" : " ") + (word.empty() ? "''" : word);
  return line;
}

// Requests of every command: keys where its specs want them, and words that mean something to some command.
class RequestMaker {
 public:
  explicit RequestMaker(std::uint64_t seed) : random_(seed) {}

  base::Random& random() { return random_; }

  Request Make(const command::CommandSpec& spec) {
    Request request;
    if (spec.is_subcommand()) request.emplace_back(spec.name.substr(0, spec.name.find('|')));
    request.emplace_back(spec.short_name());
    const auto fewest = static_cast<std::size_t>(spec.arity < 0 ? -spec.arity : spec.arity);
    const std::size_t size = spec.arity < 0 ? fewest + random_.Below(7) : fewest;
    while (request.size() < size) request.push_back(Word());
    for (const command::KeySpec& keys : spec.keys) Place(keys, request);
    return request;
  }

  std::string Key() {
    static constexpr std::string_view kKinds[] = {"user:", "cart:", "us", "v7:", "free", "{tag}user:", ""};
    std::string key(kKinds[random_.Below(std::size(kKinds))]);
    for (std::uint64_t i = random_.Below(4); i > 0; --i) key += static_cast<char>(random_.Below(256));
    return key;
  }

 private:
  void Place(const command::KeySpec& keys, Request& request) {
    if (keys.begin != command::KeySpec::Begin::kIndex || keys.find != command::KeySpec::Find::kRange) return;
    const auto first = static_cast<std::size_t>(keys.position);
    const std::size_t last = keys.last >= 0 ? first + static_cast<std::size_t>(keys.last)
                                            : request.size() - static_cast<std::size_t>(-keys.last);
    for (std::size_t i = first; i < request.size() && i <= last; i += static_cast<std::size_t>(keys.step)) {
      request[i] = Key();
    }
  }

  std::string Word() {
    static constexpr std::string_view kKeywords[] = {"STORE", "STREAMS", "COUNT", "GROUP", "EX",  "PX",    "KEEPTTL",
                                                     "BY",    "GET",     "LIMIT", "NX",    "XX",  "MATCH", "REPLACE",
                                                     "EXAT",  "PXAT",    "GT",    "DB",    "KEYS"};
    switch (random_.Below(4)) {
      case 0:
        return std::string(kKeywords[random_.Below(std::size(kKeywords))]);
      case 1:
        return std::to_string(random_.Below(4));
      case 2:
        return std::to_string(random_.Next() >> random_.Below(64));
      default:
        return Key();
    }
  }

  base::Random random_;
};

class Judging {
 public:
  explicit Judging(std::vector<Policy> policies, std::vector<std::uint64_t> generations = {})
      : snapshot_(std::make_shared<const Snapshot>(std::make_shared<const PolicySet>(std::move(policies)),
                                                   std::move(generations))) {}

  const RequestPlan& Judge(const Request& request, base::Random& random, bool in_multi = false) {
    args_.assign(request.begin(), request.end());
    raw_.clear();
    resp::AppendRequest(raw_, args_);
    const resp::Limits limits;
    resp::RequestDecoder decoder(limits);
    resp::Request decoded;
    EXPECT_EQ(decoder.Decode(raw_, decoded), resp::RequestDecoder::Outcome::kRequest);
    const JudgeContext context{.now = kNow, .random = random, .in_multi = in_multi};
    judge_.Judge(snapshot_, *command::BuiltIn().Resolve(decoded.args), decoded.args, decoded.raw, context, plan_);
    return plan_;
  }
  // The request as it is to be sent.
  Request Sent(const Request& request) const {
    if (plan_.action != RequestPlan::Action::kRewrite) return request;
    const resp::Limits limits;
    resp::RequestDecoder decoder(limits);
    resp::Request decoded;
    EXPECT_EQ(decoder.Decode(plan_.raw, decoded), resp::RequestDecoder::Outcome::kRequest) << Line(request);
    EXPECT_EQ(decoded.raw.size(), plan_.raw.size()) << Line(request);
    return {decoded.args.begin(), decoded.args.end()};
  }
  const Snapshot& snapshot() const { return *snapshot_; }

 private:
  SnapshotPtr snapshot_;
  Args args_;
  std::string raw_;
  RequestJudge judge_;
  RequestPlan plan_;
};

std::vector<Policy> Versioned() {
  std::vector<Policy> policies(2);
  policies[0].name = "user";
  policies[0].match = {"user:*", "us"};
  policies[0].version.schema = 7;
  policies[1].name = "cart";
  policies[1].match = {"cart:*"};
  policies[1].version.generation = true;
  return policies;
}

template <typename Visit>
void ForEachRequest(std::uint64_t seed, int rounds, Visit visit) {
  RequestMaker maker(seed);
  for (int round = 0; round < rounds; ++round) {
    for (const command::CommandSpec& spec : command::BuiltIn().specs()) {
      if (spec.is_unknown()) continue;
      const Request request = maker.Make(spec);
      visit(maker, request);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

std::vector<std::size_t> KeysOf(const Request& request) {
  const Args args(request.begin(), request.end());
  std::vector<std::size_t> keys;
  command::ForEachKey(*command::BuiltIn().Resolve(args), args,
                      [&](std::size_t i, command::KeyAccess /*access*/) { keys.push_back(i); });
  return keys;
}

bool HasPatterns(const Request& request) {
  static const std::set<std::string_view> kNames = {"keys",       "scan",         "sort",        "sort_ro", "subscribe",
                                                    "psubscribe", "punsubscribe", "unsubscribe", "client",  "debug"};
  return kNames.contains(request[0]);
}

TEST(PolicyRequestProperty, RenamingTouchesKeysOnlyAndGoesBack) {
  Judging judging(Versioned(), {0, 1'763'680'000'123});
  int renamed = 0;
  ForEachRequest(1, 200, [&](RequestMaker& maker, const Request& request) {
    const RequestPlan& plan = judging.Judge(request, maker.random(), maker.random().Below(2) == 0);
    ASSERT_NE(plan.action, RequestPlan::Action::kWait);
    ASSERT_TRUE(plan.judgements.empty() && plan.follow_ups.empty()) << Line(request);
    if (plan.action == RequestPlan::Action::kRefuse || HasPatterns(request)) return;
    const Request sent = judging.Sent(request);
    ASSERT_EQ(sent.size(), request.size()) << Line(request);
    const std::vector<std::size_t> keys = KeysOf(request);
    std::size_t rewrites = 0;
    for (std::size_t i = 0; i < sent.size(); ++i) {
      if (std::ranges::find(keys, i) == keys.end()) {
        ASSERT_EQ(sent[i], request[i]) << Line(request);
        continue;
      }
      ASSERT_EQ(sent[i], judging.snapshot().Physical(request[i])) << Line(request);
      ASSERT_EQ(judging.snapshot().Visible(sent[i]), request[i]) << Line(request);
      rewrites += sent[i] != request[i] ? 1 : 0;
    }
    std::size_t counted = 0;
    for (const RequestPlan::Rewrites& count : plan.rewrites) counted += count.keys;
    ASSERT_EQ(counted, rewrites) << Line(request);
    ASSERT_EQ(plan.action == RequestPlan::Action::kRewrite, rewrites > 0) << Line(request);
    renamed += rewrites > 0 ? 1 : 0;
  });
  EXPECT_GT(renamed, 10'000);
}

bool IsUntouched(const RequestPlan& plan) {
  return plan.action == RequestPlan::Action::kPass && plan.reply.plain() && plan.follow_ups.empty();
}

TEST(PolicyRequestProperty, WhatNoPolicyConcernsPassesAsItIs) {
  Policy ttl;
  ttl.name = "ttl";
  ttl.match = {"nothing:*"};
  ttl.ttl = {.missing = MissingTtl::kReject, .max = std::chrono::hours(1)};
  std::vector<Policy> off = Versioned();
  for (Policy& policy : off) {
    policy.mode = Mode::kOff;
    policy.ttl = ttl.ttl;
  }
  off.push_back(ttl);
  Judging judging(std::move(off), {0, 5});
  ForEachRequest(2, 50, [&](RequestMaker& maker, const Request& request) {
    const RequestPlan& plan = judging.Judge(request, maker.random(), maker.random().Below(2) == 0);
    ASSERT_TRUE(IsUntouched(plan)) << Line(request);
    ASSERT_TRUE(plan.judgements.empty() && plan.refusals.empty() && plan.expiries.empty() && plan.rewrites.empty())
        << Line(request);
  });
}

TEST(PolicyRequestProperty, AuditChangesNothing) {
  std::vector<Policy> audited = Versioned();
  for (Policy& policy : audited) {
    policy.mode = Mode::kAudit;
    policy.version.require = "user:.*";
    policy.ttl = {.missing = MissingTtl::kReject, .max = std::chrono::hours(1), .jitter = 0.5};
  }
  Judging judging(std::move(audited));
  int counted = 0;
  ForEachRequest(3, 50, [&](RequestMaker& maker, const Request& request) {
    const RequestPlan& plan = judging.Judge(request, maker.random(), maker.random().Below(2) == 0);
    ASSERT_TRUE(IsUntouched(plan)) << Line(request);
    counted += !plan.judgements.empty() || !plan.refusals.empty() || !plan.rewrites.empty() ? 1 : 0;
  });
  EXPECT_GT(counted, 1'000);
}

TtlRules RandomRules(base::Random& random) {
  TtlRules rules;
  const auto time = [&] { return milliseconds(1 + static_cast<std::int64_t>(random.Below(100'000'000))); };
  rules.missing = static_cast<MissingTtl>(random.Below(3));
  if (random.Below(2) == 0) rules.min = time();
  if (random.Below(2) == 0) rules.max = std::max(time(), rules.min);
  if (random.Below(2) == 0) rules.jitter = random.Unit();
  if (rules.missing == MissingTtl::kApply || random.Below(2) == 0) rules.default_ttl = time();
  return rules;
}

void ExpectWithin(const TtlRules& rules, milliseconds requested, milliseconds applied) {
  ASSERT_GE(applied, milliseconds(1));
  ASSERT_GE(applied, rules.min) << requested.count();
  ASSERT_TRUE(rules.max.count() == 0 || applied <= rules.max) << requested.count() << " " << applied.count();
  ASSERT_LE(applied, std::max(requested, rules.min));
}

TEST(PolicyRequestProperty, EveryAppliedExpiryIsWithinItsBounds) {
  base::Random random(4);
  for (int i = 0; i < 200'000; ++i) {
    const TtlRules rules = RandomRules(random);
    const milliseconds requested(static_cast<std::int64_t>((random.Next() >> (1 + random.Below(62))) | 1U));
    const TtlOutcome outcome = ApplyTtl(rules, requested, random);
    ExpectWithin(rules, requested, outcome.applied);
    ASSERT_EQ(outcome.action == TtlAction::kUnchanged, outcome.applied == requested);
    if (HasFatalFailure()) return;
  }
}

// The expiry that Redis would read from SET, GETEX, SETEX, the EXPIRE family and RESTORE, in milliseconds from now.
std::int64_t ExpiryIn(const Request& request) {
  const std::string name = [&] {
    std::string upper = request[0];
    for (char& c : upper) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    return upper;
  }();
  const auto number = [&](std::size_t i) { return static_cast<std::int64_t>(std::stoll(request[i])); };
  const std::int64_t now = kNow.time_since_epoch().count();
  if (name == "SETEX" || name == "EXPIRE") return number(2) * 1000;
  if (name == "PSETEX" || name == "PEXPIRE") return number(2);
  if (name == "EXPIREAT") return number(2) * 1000 - now;
  if (name == "PEXPIREAT") return number(2) - now;
  if (name == "RESTORE") return request.back() == "ABSTTL" ? number(2) - now : number(2);
  for (std::size_t i = name == "SET" ? 3 : 2; i + 1 < request.size(); ++i) {
    if (request[i] == "EX") return number(i + 1) * 1000;
    if (request[i] == "PX") return number(i + 1);
    if (request[i] == "EXAT") return number(i + 1) * 1000 - now;
    if (request[i] == "PXAT") return number(i + 1) - now;
  }
  return 0;
}

Request WithExpiry(base::Random& random) {
  const auto ms = static_cast<std::int64_t>(1 + random.Below(std::uint64_t{1} << (10 + random.Below(30))));
  const std::int64_t now = kNow.time_since_epoch().count();
  const std::string in_ms = std::to_string(ms);
  const std::string in_seconds = std::to_string(ms / 1000 + 1);
  const std::string at_ms = std::to_string(now + ms);
  const std::string at_seconds = std::to_string((now + ms) / 1000 + 1);
  const Request forms[] = {{"SET", "k", "v", "EX", in_seconds},     {"SET", "k", "v", "NX", "PX", in_ms, "GET"},
                           {"SET", "k", "v", "EXAT", at_seconds},   {"SET", "k", "v", "PXAT", at_ms},
                           {"GETEX", "k", "EX", in_seconds},        {"GETEX", "k", "PXAT", at_ms},
                           {"SETEX", "k", in_seconds, "v"},         {"PSETEX", "k", in_ms, "v"},
                           {"EXPIRE", "k", in_seconds, "LT"},       {"PEXPIRE", "k", in_ms},
                           {"EXPIREAT", "k", at_seconds},           {"PEXPIREAT", "k", at_ms, "XX", "GT"},
                           {"RESTORE", "k", in_ms, "x", "REPLACE"}, {"RESTORE", "k", at_ms, "x", "ABSTTL"}};
  return forms[random.Below(std::size(forms))];
}

TEST(PolicyRequestProperty, WhatIsSentHoldsTheBounds) {
  base::Random random(5);
  for (int i = 0; i < 50'000; ++i) {
    Policy policy;
    policy.name = "all";
    policy.match = {"*"};
    policy.ttl = RandomRules(random);
    Judging judging({policy});
    const Request request = WithExpiry(random);
    const RequestPlan& plan = judging.Judge(request, random, random.Below(2) == 0);
    const milliseconds asked(ExpiryIn(request));
    const milliseconds sent(ExpiryIn(judging.Sent(request)));
    ExpectWithin(policy.ttl, asked, sent);
    if (policy.ttl.any()) {
      ASSERT_EQ(plan.judgements.size(), 1U);
      ASSERT_EQ(plan.judgements[0].requested, asked) << Line(request);
      ASSERT_EQ(plan.judgements[0].applied, sent) << Line(request);
    }
    ASSERT_EQ(plan.action == RequestPlan::Action::kPass, asked == sent) << Line(request);
    if (HasFatalFailure()) return;
  }
}

TEST(PolicyRequestProperty, DefaultsHoldTheBoundsToo) {
  base::Random random(6);
  for (int i = 0; i < 20'000; ++i) {
    Policy policy;
    policy.name = "all";
    policy.match = {"*"};
    policy.ttl = RandomRules(random);
    policy.ttl.missing = MissingTtl::kApply;
    policy.ttl.default_ttl = milliseconds(1 + static_cast<std::int64_t>(random.Below(100'000'000)));
    Judging judging({policy});
    const Request requests[] = {{"SET", "k", "v"}, {"GETSET", "k", "v"}, {"INCR", "k"}, {"GETEX", "k", "PERSIST"}};
    const Request& request = requests[random.Below(4)];
    const RequestPlan& plan = judging.Judge(request, random);
    const milliseconds given =
        plan.follow_ups.empty() ? milliseconds(ExpiryIn(judging.Sent(request))) : plan.follow_ups[0].ttl;
    ExpectWithin(policy.ttl, policy.ttl.default_ttl, given);
    ASSERT_EQ(plan.judgements.at(0).applied, given);
    if (HasFatalFailure()) return;
  }
}

TEST(PolicyRequestProperty, SplicingEqualsBuildingAnew) {
  RequestMaker maker(7);
  base::Random& random = maker.random();
  RequestEdits edits;
  for (int i = 0; i < 50'000; ++i) {
    Request request;
    for (std::uint64_t left = 1 + random.Below(6); left > 0; --left) request.push_back(maker.Key());
    Request expected = request;
    edits.Clear();
    for (std::uint64_t left = random.Below(4); left > 0; --left) {
      const std::size_t at = random.Below(request.size());
      const std::string front = maker.Key();
      const std::string back = maker.Key();
      edits.Replace(at, front, back);
      expected[at] = front + back;
    }
    for (std::uint64_t left = random.Below(3); left > 0; --left) {
      expected.push_back(maker.Key());
      edits.Append(expected.back());
    }
    const Args words(request.begin(), request.end());
    const Args wanted(expected.begin(), expected.end());
    std::string raw;
    std::string anew;
    resp::AppendRequest(raw, words);
    resp::AppendRequest(anew, wanted);
    const resp::Limits limits;
    resp::RequestDecoder decoder(limits);
    resp::Request decoded;
    ASSERT_EQ(decoder.Decode(raw, decoded), resp::RequestDecoder::Outcome::kRequest);
    std::string spliced;
    edits.Build(decoded.args, decoded.raw, spliced);
    ASSERT_EQ(spliced, anew) << Line(request);
    // Arguments that do not view the request, as those of an inline one.
    std::string copied;
    edits.Build(words, raw, copied);
    ASSERT_EQ(copied, anew) << Line(request);
  }
}

}  // namespace
}  // namespace herdgate::policy

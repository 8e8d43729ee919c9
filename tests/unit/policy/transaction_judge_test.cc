#include "sidecar/policy/transaction_judge.h"

#include <gtest/gtest.h>

#include <chrono>
#include <initializer_list>
#include <string>
#include <vector>

#include "tests/unit/policy/judge_fixture.h"

namespace herdgate::policy {
namespace {

// A transaction under policies that reject writes without an expiry.
class Transaction {
 public:
  explicit Transaction(SnapshotPtr snapshot) : bench_(std::move(snapshot)) { bench_.in_multi = true; }
  explicit Transaction(Policy policy) : Transaction(SnapshotOf({std::move(policy)})) {}

  TransactionJudge::Outcome Run(std::initializer_list<const char*> commands) {
    judge_.Clear();
    for (const char* command : commands) judge_.Add(bench_.Judge(command));
    return judge_.AtExec();
  }
  TransactionJudge& judge() { return judge_; }
  Bench& bench() { return bench_; }

 private:
  Bench bench_;
  TransactionJudge judge_;
};

Policy Rejecting() {
  Policy policy = TtlPolicy(MissingTtl::kReject);
  policy.ttl.default_ttl = std::chrono::milliseconds(0);
  return policy;
}

void ExpectAllowed(std::initializer_list<const char*> commands) {
  Transaction transaction(Rejecting());
  const auto outcome = transaction.Run(commands);
  EXPECT_EQ(outcome.error, "") << *(commands.end() - 1);
  EXPECT_TRUE(outcome.refusals.empty());
  EXPECT_TRUE(outcome.judgements.empty());
}

// `command`: the one that the error names; `keys`: how many are left without an expiry.
void ExpectRefused(std::initializer_list<const char*> commands, const std::string& command, std::size_t keys = 1) {
  Transaction transaction(Rejecting());
  const auto outcome = transaction.Run(commands);
  EXPECT_EQ(outcome.error, "-EXECABORT herdgate: policy 'user' requires a TTL on " + command + "\r\n")
      << *(commands.end() - 1);
  ASSERT_EQ(outcome.refusals.size(), 1U);
  EXPECT_EQ(outcome.refusals[0].reason, Refusal::kMissingTtl);
  ASSERT_EQ(outcome.judgements.size(), keys);
  for (const TtlJudgement& judgement : outcome.judgements) EXPECT_EQ(judgement.action, TtlAction::kRejected);
}

TEST(TransactionJudgeTest, AKeyLeftWithoutAnExpiryRefusesExec) {
  ExpectRefused({"SET user:1 v"}, "SET");
  ExpectRefused({"SET user:1 v", "GET user:1"}, "SET");
  ExpectRefused({"GET user:1", "INCR user:1", "EXPIRE user:2 60"}, "INCR");
  ExpectRefused({"MSET user:1 a user:2 b"}, "MSET", 2);
  ExpectRefused({"MSET user:1 a user:2 b", "EXPIRE user:1 60"}, "MSET");
  ExpectRefused({"SET user:1 v EX 60", "PERSIST user:1"}, "PERSIST");
  ExpectRefused({"SET user:1 v EX 60", "GETEX user:1 PERSIST"}, "GETEX");
  ExpectRefused({"SUNIONSTORE user:1 a b"}, "SUNIONSTORE");
  ExpectAllowed({"SET other v"});
  ExpectAllowed({"GET user:1", "DEL user:2"});
}

TEST(TransactionJudgeTest, ALaterCommandMayGiveTheExpiry) {
  ExpectAllowed({"SET user:1 v", "EXPIRE user:1 60"});
  ExpectAllowed({"MSET user:1 a user:2 b", "EXPIRE user:1 60", "PEXPIRE user:2 60000"});
  ExpectAllowed({"INCR user:1", "EXPIRE user:1 60 NX"});
  ExpectAllowed({"INCR user:1", "EXPIRE user:1 60 LT"});
  ExpectAllowed({"HSET user:1 f v", "EXPIREAT user:1 1000000060"});
  ExpectAllowed({"HSET user:1 f v", "GETEX user:1 EX 60"});
  ExpectAllowed({"SET user:1 v", "SETEX user:1 60 w"});
  ExpectAllowed({"SET user:1 v", "SET user:1 w PX 60000 XX"});
  ExpectAllowed({"SET user:1 v", "RESTORE user:1 60000 x REPLACE"});
  // Twice is as good as once.
  ExpectAllowed({"SET user:1 v", "SET user:1 w", "EXPIRE user:1 60"});
}

TEST(TransactionJudgeTest, WhatGivesNoExpiryDoesNotHelp) {
  ExpectRefused({"SET user:1 v", "EXPIRE user:1 60 XX"}, "SET");
  ExpectRefused({"SET user:1 v", "EXPIRE user:1 60 GT"}, "SET");
  ExpectRefused({"SET user:1 v", "EXPIRE user:1 60 NX XX"}, "SET");
  ExpectRefused({"SET user:1 v", "EXPIRE user:1 abc"}, "SET");
  ExpectRefused({"SET user:1 v", "SET user:1 w EX 60 NX"}, "SET");  // the key is there
  ExpectRefused({"SET user:1 v", "RESTORE user:1 60000 x"}, "SET");
  ExpectRefused({"SET user:1 v", "EXPIRE user:2 60"}, "SET");
  ExpectRefused({"SET user:1 v", "TTL user:1"}, "SET");
  ExpectRefused({"EXPIRE user:1 60", "INCR user:1"}, "INCR");  // there was no key yet, maybe
}

TEST(TransactionJudgeTest, ASecondWriteTakesTheExpiryAway) {
  ExpectRefused({"SET user:1 v", "EXPIRE user:1 60", "SET user:1 w"}, "SET");
  ExpectRefused({"SET user:1 v EX 60", "SET user:1 w"}, "SET");
  ExpectRefused({"SET user:1 v EX 60", "GETSET user:1 w"}, "GETSET");
  ExpectRefused({"SET user:1 v EX 60", "MSET user:1 w"}, "MSET");
  ExpectAllowed({"SET user:1 v EX 60", "SET user:1 w", "EXPIRE user:1 60"});
}

TEST(TransactionJudgeTest, CommandsThatKeepTheExpiryAreFine) {
  ExpectAllowed({"SET user:1 1 EX 60", "INCR user:1"});
  ExpectAllowed({"SET user:1 1", "EXPIRE user:1 60", "INCR user:1"});
  ExpectAllowed({"SET user:1 1 EX 60", "SET user:1 2 KEEPTTL"});
  ExpectAllowed({"SET user:1 1 EX 60", "SETNX user:1 2"});
  ExpectAllowed({"SET user:1 1 EX 60", "SET user:1 2 NX"});
  ExpectAllowed({"SET user:1 1 EX 60", "MSETNX user:1 2"});
  ExpectAllowed({"SET user:1 1 EX 60", "EVAL s 1 user:1"});
  ExpectAllowed({"LPUSH user:1 a", "EXPIRE user:1 60", "LMOVE user:1 user:1 LEFT RIGHT"});
  ExpectRefused({"SET user:1 2 KEEPTTL"}, "SET");
}

TEST(TransactionJudgeTest, AKeyThatIsDeletedOwesNothing) {
  ExpectAllowed({"SET user:1 v", "DEL user:1"});
  ExpectAllowed({"SET user:1 v", "UNLINK user:2 user:1"});
  ExpectAllowed({"SET user:1 v", "GETDEL user:1"});
  ExpectAllowed({"SET user:1 v", "EXPIRE user:1 0"});
  ExpectAllowed({"SET user:1 v", "EXPIRE user:1 -1 LT"});
  ExpectAllowed({"SET user:1 v", "EXPIREAT user:1 1"});
  ExpectAllowed({"SET user:1 v", "SET user:1 w PXAT 1"});
  ExpectRefused({"SET user:1 v", "EXPIREAT user:1 1 XX"}, "SET");
  // Made anew, it is without one again.
  ExpectRefused({"SET user:1 v EX 60", "DEL user:1", "INCR user:1"}, "INCR");
  ExpectRefused({"SET user:1 v EX 60", "DEL user:1", "SETNX user:1 w"}, "SETNX");
}

TEST(TransactionJudgeTest, RenameTakesTheExpiryAlong) {
  ExpectAllowed({"SET user:1 v EX 60", "RENAME user:1 user:2"});
  ExpectAllowed({"SET user:1 v", "RENAME user:1 user:2", "EXPIRE user:2 60"});
  ExpectAllowed({"SET user:1 v", "RENAME user:1 other"});
  ExpectAllowed({"SET user:1 v EX 60", "RENAMENX user:1 user:2"});
  ExpectRefused({"SET user:1 v", "RENAME user:1 user:2"}, "RENAME");
  ExpectRefused({"SET user:1 v", "RENAME user:1 user:2", "EXPIRE user:1 60"}, "RENAME");
  ExpectRefused({"RENAME other user:2"}, "RENAME");
  // It is there, so nothing is renamed.
  ExpectRefused({"SET user:2 w EX 60", "SET user:1 v", "RENAMENX user:1 user:2"}, "SET");
  ExpectRefused({"SET user:1 v EX 60", "RENAME user:1 user:1", "PERSIST user:1"}, "PERSIST");
  ExpectAllowed({"SET user:1 v EX 60", "RENAME user:1 user:1"});
}

TEST(TransactionJudgeTest, CopyHasTheExpiryOfItsSource) {
  ExpectAllowed({"SET user:1 v EX 60", "COPY user:1 user:2"});
  ExpectAllowed({"SET user:2 v EX 60", "COPY user:1 user:2"});
  ExpectRefused({"SET user:1 v", "COPY user:1 user:2", "EXPIRE user:1 60"}, "COPY");
  ExpectRefused({"SET user:2 v EX 60", "COPY user:1 user:2 REPLACE"}, "COPY");
}

TEST(TransactionJudgeTest, TheSourceOfAMoveOwesNothing) {
  ExpectAllowed({"LMOVE user:1 user:2 LEFT RIGHT", "EXPIRE user:2 60"});
  ExpectRefused({"SMOVE user:1 user:2 m", "EXPIRE user:1 60"}, "SMOVE");
}

TEST(TransactionJudgeTest, TheFirstCommandThatIsLeftNamesTheError) {
  ExpectRefused({"SET user:1 v", "SET user:2 v", "HSET user:3 f v", "EXPIRE user:1 60"}, "SET", 2);
  ExpectRefused({"HSET user:3 f v", "SET user:1 v"}, "HSET", 2);
}

TEST(TransactionJudgeTest, PhysicalNamesAreFollowed) {
  Policy policy = Rejecting();
  policy.version.schema = 7;
  Transaction transaction(policy);
  EXPECT_EQ(transaction.Run({"SET user:1 v", "RENAME user:1 user:2", "EXPIRE user:2 60"}).error, "");
  EXPECT_EQ(transaction.Run({"SET user:1 v EX 60", "COPY user:1 user:2"}).error, "");
  EXPECT_NE(transaction.Run({"SET user:1 v", "EXPIRE v7:user:1 60"}).error, "");
}

TEST(TransactionJudgeTest, AuditOnlyCountsWhatExecLeaves) {
  Policy policy = Rejecting();
  policy.mode = Mode::kAudit;
  Transaction transaction(policy);
  auto outcome = transaction.Run({"SET user:1 v", "INCR user:2", "EXPIRE user:1 60"});
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.refusals.size(), 1U);
  EXPECT_EQ(outcome.judgements.size(), 1U);
  outcome = transaction.Run({"SET user:1 v", "EXPIRE user:1 60"});
  EXPECT_TRUE(outcome.refusals.empty());
  EXPECT_TRUE(outcome.judgements.empty());
}

TEST(TransactionJudgeTest, AnEnforcedPolicyGoesBeforeAnAuditedOne) {
  Policy audited = Rejecting();
  audited.name = "audited";
  audited.match = {"a:*"};
  audited.mode = Mode::kAudit;
  Transaction transaction(SnapshotOf({audited, Rejecting()}));
  const auto outcome = transaction.Run({"SET a:1 v", "SET user:1 v"});
  EXPECT_EQ(outcome.error, "-EXECABORT herdgate: policy 'user' requires a TTL on SET\r\n");
  ASSERT_EQ(outcome.refusals.size(), 1U);
  EXPECT_EQ(outcome.refusals[0].policy, 1U);
  EXPECT_EQ(outcome.judgements.size(), 2U);
}

TEST(TransactionJudgeTest, FollowUpsComeOnceBehindExec) {
  Transaction transaction(TtlPolicy());
  const auto outcome = transaction.Run({"INCR user:1", "HSET user:2 f v", "INCR user:1", "RENAME user:2 user:1"});
  EXPECT_EQ(outcome.error, "");
  ASSERT_EQ(outcome.follow_ups.size(), 3U);
  EXPECT_EQ(outcome.follow_ups[0].key, "user:1");
  EXPECT_FALSE(outcome.follow_ups[0].only_shorten);
  EXPECT_EQ(outcome.follow_ups[1].key, "user:2");
  EXPECT_EQ(outcome.follow_ups[2].key, "user:1");
  EXPECT_TRUE(outcome.follow_ups[2].only_shorten);
}

TEST(TransactionJudgeTest, ARefusedTransactionIsFollowedByNothing) {
  Transaction transaction(SnapshotOf({Rejecting(), [] {
                                        Policy policy = TtlPolicy();
                                        policy.name = "applied";
                                        policy.match = {"a:*"};
                                        return policy;
                                      }()}));
  const auto outcome = transaction.Run({"INCR a:1", "SET user:1 v"});
  EXPECT_NE(outcome.error, "");
  EXPECT_TRUE(outcome.follow_ups.empty());
  EXPECT_TRUE(outcome.reply.plain());
}

TEST(TransactionJudgeTest, ACommandThatWasRefusedRefusesExec) {
  Transaction transaction(TtlPolicy());
  transaction.Run({"INCR user:1"});
  transaction.judge().Refuse();
  const auto outcome = transaction.judge().AtExec();
  EXPECT_EQ(outcome.error, "-EXECABORT Transaction discarded because of previous errors.\r\n");
  EXPECT_TRUE(outcome.follow_ups.empty());
  transaction.judge().Clear();
  EXPECT_EQ(transaction.judge().AtExec().error, "");
  EXPECT_TRUE(transaction.judge().AtExec().follow_ups.empty());
}

TEST(TransactionJudgeTest, ExecAwaitsTheReplyOfEachCommand) {
  Transaction transaction(OnePolicy());
  EXPECT_TRUE(transaction.Run({"SET a v", "GET a"}).reply.plain());
  const auto outcome = transaction.Run({"SET a v", "LMPOP 1 a LEFT", "GET a", "KEYS *", "GET a"});
  ASSERT_EQ(outcome.reply.shape, ReplyShape::kExec);
  ASSERT_EQ(outcome.reply.queued.size(), 5U);
  EXPECT_TRUE(outcome.reply.queued[0].plain());
  EXPECT_EQ(outcome.reply.queued[1].shape, ReplyShape::kFirstIsKey);
  EXPECT_TRUE(outcome.reply.queued[2].plain());
  EXPECT_EQ(outcome.reply.queued[3].shape, ReplyShape::kKeys);
  EXPECT_TRUE(outcome.reply.queued[4].plain());
  EXPECT_TRUE(transaction.bench().plan().reply.plain());
}

TEST(TransactionJudgeTest, ExecMayBeAskedAgain) {
  Transaction transaction(OnePolicy());
  transaction.Run({"KEYS *"});
  EXPECT_EQ(transaction.judge().AtExec().reply.queued.size(), 1U);
  EXPECT_EQ(transaction.judge().AtExec().reply.queued.size(), 1U);
}

// A quadratic look at what is known would take minutes.
TEST(TransactionJudgeTest, ManyKeysTakeNoLongerEach) {
  constexpr int kKeys = 100'000;
  for (const MissingTtl missing : {MissingTtl::kApply, MissingTtl::kReject}) {
    Bench bench(TtlPolicy(missing));
    bench.in_multi = true;
    TransactionJudge judge;
    std::vector<std::string> request = {"MSET"};
    for (int i = 0; i < kKeys; ++i) {
      request.push_back("user:" + std::to_string(i));
      request.emplace_back("v");
    }
    judge.Add(bench.Judge(request));
    judge.Add(bench.Judge(request));
    const auto outcome = judge.AtExec();
    EXPECT_EQ(outcome.follow_ups.size() + outcome.judgements.size(), static_cast<std::size_t>(kKeys));
  }
}

}  // namespace
}  // namespace herdgate::policy

#include "sidecar/admin/invalidation_json.h"

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sidecar/admin/audit_log.h"

namespace herdgate::admin {
namespace {

using nlohmann::json;
using pipeline::InvalidationKind;
using pipeline::InvalidationRequest;
using pipeline::InvalidationStatus;

InvalidationRequest Request(InvalidationKind kind, std::vector<std::string> targets) {
  InvalidationRequest request;
  request.kind = kind;
  request.targets = std::move(targets);
  return request;
}

// Of a job that has not ended.
std::string Audited(const InvalidationRequest& request) {
  InvalidationStatus status;
  status.id = "a-1";
  status.request = std::make_shared<const InvalidationRequest>(request);
  status.targets = request.targets.size();
  return AuditedInvalidation(status);
}

TEST(InvalidationJsonTest, AuditedTargetIsWholeWhereItIsShort) {
  const InvalidationRequest keys = Request(InvalidationKind::kKeys, {"user:1", "user:2"});
  JsonWriter whole;
  AddTarget(whole, {}, keys);
  EXPECT_EQ(AuditedTarget(keys), whole.Take());
  EXPECT_EQ(json::parse(AuditedTarget(Request(InvalidationKind::kPrefix, {"user:"}))),
            json::parse(R"({"kind":"prefix","prefix":"user:","mode":"hard","scope":"both"})"));
}

TEST(InvalidationJsonTest, AuditedTargetHasTheFirstKeysAndSaysHowManyAreLeftOut) {
  std::vector<std::string> names;
  for (int i = 0; i < 1000; ++i) names.push_back("user:" + std::to_string(i));
  const json audited = json::parse(AuditedTarget(Request(InvalidationKind::kKeys, names)));
  const std::size_t shown = audited.at("keys").size();
  EXPECT_GE(shown, 20U);
  EXPECT_EQ(audited.at("keys").at(shown - 1).at("key"), names[shown - 1]);
  EXPECT_EQ(audited.at("keys_left_out"), 1000 - shown);
  JsonWriter whole;
  AddTarget(whole, {}, Request(InvalidationKind::kKeys, names));
  EXPECT_EQ(json::parse(whole.Take()).at("keys").size(), 1000U);
}

TEST(InvalidationJsonTest, AuditedTargetCountsTheKeysThatAnEndedJobHasForgotten) {
  const json audited = json::parse(AuditedTarget(Request(InvalidationKind::kKeys, {"a", "b"}), 500));
  EXPECT_EQ(audited.at("keys").size(), 2U);
  EXPECT_EQ(audited.at("keys_left_out"), 498);
}

TEST(InvalidationJsonTest, AuditedTextIsCutBetweenCharacters) {
  const std::string text = std::string(255, 'x') + "\xc3\xa9y";
  const json audited = json::parse(AuditedTarget(Request(InvalidationKind::kPattern, {text})));
  EXPECT_EQ(audited.at("pattern"), std::string(255, 'x'));
  EXPECT_EQ(audited.at("cut"), true);
}

// What an entry keeps of it is not left out for its length, whatever the target is.
TEST(InvalidationJsonTest, TheLongestTargetsFitIntoAnEntry) {
  const std::string worst(65'536, '<');  // six characters each in JSON
  const std::string bytes(65'536, '\xff');
  for (const InvalidationRequest& request :
       {Request(InvalidationKind::kPrefix, {worst}), Request(InvalidationKind::kKey, {worst}),
        Request(InvalidationKind::kKeys, std::vector<std::string>(1000, worst)),
        Request(InvalidationKind::kKeys, std::vector<std::string>(1000, bytes))}) {
    EXPECT_LE(AuditedTarget(request).size(), AuditLog::kMaxJsonBytes);
    const std::string job = Audited(request);
    EXPECT_LE(job.size(), AuditLog::kMaxJsonBytes);
    EXPECT_EQ(json::parse(job).at("id"), "a-1");
  }
}

}  // namespace
}  // namespace herdgate::admin

// AdminApiTest: a sidecar in front of a real Redis whose HTTP API knows tokens: ops (every scope), reader,
// purger, keeper, and one for each scope alone.
#pragma once

#include <fstream>
#include <string>
#include <utility>

#include "sidecar/admin/token_file.h"
#include "tests/integration/support/api_client.h"
#include "tests/integration/support/schema_check.h"
#include "tests/integration/support/sidecar_test.h"

namespace herdgate::integration {

class AdminApiTest : public SidecarTest {
 protected:
  explicit AdminApiTest(std::string policies) : policies_(std::move(policies)) {}

  void SetUp() override {
    SidecarTest::SetUp();
    if (IsSkipped()) return;
    std::ofstream file(tokens_);
    for (const std::string_view scope : admin::kScopeNames)
      file << admin::TokenLine("only-" + std::string(scope), scope, TokenOf(scope)) << "\n";
    file << admin::TokenLine("ops", "read,inspect,invalidate,purge_all,operate", kToken) << "\n"
         << admin::TokenLine("reader", "read", kReader) << "\n"
         << admin::TokenLine("purger", "read,invalidate", kPurger) << "\n"
         << admin::TokenLine("keeper", "read,inspect,invalidate,operate", kKeeper) << "\n";
    file.close();
    Start(policies_);
    ASSERT_TRUE(Gate().MetricBecomes("herdgate_near_mode{mode=\"tracked\"", 1));
  }
  void Start(const std::string& policies) {
    config::AdminOptions options;
    options.tokens_file = tokens_;
    options.audit_file = audit_;
    Restart({.loops = GetParam(), .policies = policies, .admin = options});
  }
  ApiClient Api() { return {Gate().admin_port(), kToken}; }
  Json Get(const std::string& path) {
    const auto answer = Api().Get(path);
    EXPECT_EQ(answer.status, 200) << path << answer.body;
    return Json::parse(answer.body, nullptr, false);
  }
  static constexpr const char* kToken = "hg_the-secret-of-ops";
  static constexpr const char* kReader = "hg_the-secret-of-reader";
  static constexpr const char* kPurger = "hg_the-secret-of-purger";
  static constexpr const char* kKeeper = "hg_the-secret-of-keeper";  // all but purge_all
  static std::string TokenOf(std::string_view scope) { return "hg_the-secret-of-only-" + std::string(scope); }
  const std::string policies_;
  const TempDir directory_;
  const std::string tokens_ = directory_ / "tokens";
  const std::string audit_ = directory_ / "audit.jsonl";
};

}  // namespace herdgate::integration

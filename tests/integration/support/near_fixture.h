// Near: a sidecar whose policies have a near cache.
#pragma once

#include <string>

#include "tests/integration/support/sidecar_test.h"

namespace herdgate::integration {

inline constexpr const char* kNear = R"(
policies:
  - {name: near, match: ["n:*"], near: {enabled: true, max_ttl: 30s}}
  - {name: versioned, match: ["u:*"], version: {schema: 7}, near: {enabled: true, max_ttl: 30s}}
)";

class Near : public SidecarTest {
 protected:
  void SetUp() override {
    SidecarTest::SetUp();
    if (IsSkipped()) return;
    Restart({.loops = GetParam(), .policies = kNear});
    ASSERT_TRUE(Gate().MetricBecomes("herdgate_near_mode{mode=\"tracked\"", 1));
  }
  double Hits() { return Gate().Metric("herdgate_lookups_total{outcome=\"near_hit\""); }
  static double CommandCalls(const std::string& name) {
    const std::string stats = Text(Direct().Do({"INFO", "commandstats"}));
    const auto at = stats.find("cmdstat_" + name + ":calls=");
    return at == std::string::npos ? 0 : std::stod(stats.substr(at + 8 + name.size() + 7));
  }
  // Reads `key` until it is answered here; false if it never is.
  bool Warm(RawClient& client, const std::string& key) {
    return Eventually([&] {
      const double before = CommandCalls("get");
      client.Do({"GET", key});
      return CommandCalls("get") == before;
    });
  }
};

}  // namespace herdgate::integration

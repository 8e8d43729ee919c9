#include "sidecar/admin/health.h"

#include <gtest/gtest.h>

namespace herdgate::admin {
namespace {

TEST(VerboseHealthTest, PrintsOneLineACheckAndTheVerdict) {
  EXPECT_EQ(
      VerboseHealth("readyz", false,
                    {{"listener", true, "ignored"}, {"upstream", false, "connection refused"}, {"config", false, ""}}),
      "[+]listener ok\n[-]upstream failed: connection refused\n[-]config failed\nreadyz check failed\n");
  EXPECT_EQ(VerboseHealth("livez", true, {}), "livez check passed\n");
}

TEST(VerboseHealthTest, ADetailCannotForgeALine) {
  EXPECT_EQ(VerboseHealth("readyz", true, {{"upstream", false, "a\r\n[+]upstream ok\x1b[0m"}}),
            "[-]upstream failed: a  [+]upstream ok [0m\nreadyz check passed\n");
}

}  // namespace
}  // namespace herdgate::admin

#include "sidecar/inject/sidecar_args.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace herdgate::inject {
namespace {

using testing::ElementsAre;

TEST(SidecarArgsTest, AFlagIsSetOnceHoweverItWasWritten) {
  for (Args args : {Args{"serve", "--upstream", "a", "--x"}, Args{"serve", "--upstream=a", "--x", "--upstream=b"},
                    Args{"serve", "--x", "--upstream"}}) {
    SetFlag(args, "--upstream", "c");
    EXPECT_THAT(args, ElementsAre("serve", "--x", "--upstream=c"));
  }
  Args longer = {"--upstream-timeout=1s"};
  SetFlag(longer, "--upstream", "c");
  EXPECT_THAT(longer, ElementsAre("--upstream-timeout=1s", "--upstream=c"));
}

TEST(SidecarArgsTest, PortsAreThoseOfTcpListeners) {
  EXPECT_THAT(PortsOf({"serve", "--listen", "tcp://127.0.0.1:6380", "--listen=unix:///run/a:1/s", "--admin=[::1]:6381",
                       "--telemetry=off", "--upstream=redis://redis:6379", "--telemetry", "0.0.0.0:99999"}),
              ElementsAre(6380, 6381));
}

TEST(SidecarArgsTest, SizesAreKubernetesAndHerdgates) {
  EXPECT_EQ(SizeOf("1000"), 1000U);
  EXPECT_EQ(SizeOf("2k"), 2000U);
  EXPECT_EQ(SizeOf("128Mi"), 128U << 20U);
  EXPECT_EQ(SizeOf("1.5Gi"), 1536U << 20U);
  EXPECT_EQ(SizeOf("48MiB"), 48U << 20U);
  for (const char* const text : {"", "Mi", "1MB", "-1", "1.", ".5Gi", "1..5", "0", "999999999999Gi", "1e3"})
    EXPECT_FALSE(SizeOf(text)) << text;
}

TEST(SidecarArgsTest, TheLeastMemoryIsOfTheCachesAndTheProcess) {
  EXPECT_EQ(LeastMemory({}), (64U + 32U) << 20U);
  EXPECT_EQ(LeastMemory({"--near-max-bytes=16MiB", "--memory-max-bytes", "8MiB"}), (16U + 8U + 32U) << 20U);
}

}  // namespace
}  // namespace herdgate::inject

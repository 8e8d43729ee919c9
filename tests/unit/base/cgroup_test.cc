#include "sidecar/base/cgroup.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace herdgate::base {
namespace {

namespace fs = std::filesystem;

class CgroupTest : public ::testing::Test {
 protected:
  CgroupTest() {
    std::string name = (fs::temp_directory_path() / "cgroup_test.XXXXXX").string();
    root_ = mkdtemp(name.data());
  }
  ~CgroupTest() override { fs::remove_all(root_); }

  void Write(const std::string& path, const std::string& text) const {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  void V1Quota(const std::string& group, const std::string& quota, const std::string& period) const {
    Write(group + "/cpu.cfs_quota_us", quota + "\n");
    Write(group + "/cpu.cfs_period_us", period + "\n");
  }

  fs::path root_;
};

TEST_F(CgroupTest, WithoutCgroupsThereIsNoQuota) {
  EXPECT_EQ(CgroupCpuQuota(root_), std::nullopt);
}

TEST_F(CgroupTest, V2InsideAContainerReadsTheMountItself) {
  Write("proc/self/cgroup", "0::/\n");
  Write("sys/fs/cgroup/cpu.max", "150000 100000\n");
  EXPECT_EQ(CgroupCpuQuota(root_), 1.5);
}

TEST_F(CgroupTest, V2MaxIsNoQuota) {
  Write("proc/self/cgroup", "0::/\n");
  Write("sys/fs/cgroup/cpu.max", "max 100000\n");
  EXPECT_EQ(CgroupCpuQuota(root_), std::nullopt);
}

TEST_F(CgroupTest, V2TakesTheSmallestOfTheGroupAndItsParents) {
  Write("proc/self/cgroup", "0::/pods/pod1/app\n");
  Write("sys/fs/cgroup/pods/cpu.max", "400000 100000\n");
  Write("sys/fs/cgroup/pods/pod1/cpu.max", "50000 100000\n");
  Write("sys/fs/cgroup/pods/pod1/app/cpu.max", "max 100000\n");
  EXPECT_EQ(CgroupCpuQuota(root_), 0.5);
}

TEST_F(CgroupTest, V2GroupOutsideTheViewFallsBackToTheMount) {
  Write("proc/self/cgroup", "0::/../other\n");
  Write("sys/fs/cgroup/cpu.max", "200000 100000\n");
  Write("sys/fs/other/cpu.max", "10000 100000\n");
  EXPECT_EQ(CgroupCpuQuota(root_), 2.0);
}

TEST_F(CgroupTest, V1ReadsTheCpuController) {
  Write("proc/self/cgroup", "3:cpuset:/a\n2:cpu,cpuacct:/docker/abc\n");
  V1Quota("sys/fs/cgroup/cpu/docker/abc", "250000", "100000");
  EXPECT_EQ(CgroupCpuQuota(root_), 2.5);
}

TEST_F(CgroupTest, V1FindsTheDirectoryOfTheJoinedName) {
  Write("proc/self/cgroup", "2:cpu,cpuacct:/docker/abc\n");
  V1Quota("sys/fs/cgroup/cpu,cpuacct", "100000", "100000");
  EXPECT_EQ(CgroupCpuQuota(root_), 1.0);
}

TEST_F(CgroupTest, V1MinusOneIsNoQuota) {
  Write("proc/self/cgroup", "2:cpu:/\n");
  V1Quota("sys/fs/cgroup/cpu", "-1", "100000");
  EXPECT_EQ(CgroupCpuQuota(root_), std::nullopt);
}

TEST_F(CgroupTest, V1ControllerWithASimilarNameIsNotCpu) {
  Write("proc/self/cgroup", "2:cpuset:/\n");
  V1Quota("sys/fs/cgroup/cpu", "100000", "100000");
  EXPECT_EQ(CgroupCpuQuota(root_), std::nullopt);
}

TEST_F(CgroupTest, BrokenFilesAreNoQuota) {
  Write("proc/self/cgroup", "nonsense\n0:\n0::/\n2:cpu:/\n");
  for (const char* text : {"", "abc def\n", "100000\n", "100000 0\n", "-5 100000\n"}) {
    Write("sys/fs/cgroup/cpu.max", text);
    V1Quota("sys/fs/cgroup/cpu", "abc", "0");
    EXPECT_EQ(CgroupCpuQuota(root_), std::nullopt) << text;
  }
}

TEST_F(CgroupTest, WithoutCgroupsThereIsNoMemoryLimit) {
  EXPECT_EQ(CgroupMemoryLimit(root_), std::nullopt);
}

TEST_F(CgroupTest, V2MemoryIsTheSmallestOfTheGroupAndItsParents) {
  Write("proc/self/cgroup", "0::/pods/pod1/app\n");
  Write("sys/fs/cgroup/pods/memory.max", "1073741824\n");
  Write("sys/fs/cgroup/pods/pod1/memory.max", "134217728\n");
  Write("sys/fs/cgroup/pods/pod1/app/memory.max", "max\n");
  EXPECT_EQ(CgroupMemoryLimit(root_), 134217728U);
}

TEST_F(CgroupTest, V2MemoryInsideAContainerIsTheMountsOwn) {
  Write("proc/self/cgroup", "0::/\n");
  Write("sys/fs/cgroup/memory.max", "67108864\n");
  EXPECT_EQ(CgroupMemoryLimit(root_), 67108864U);
  Write("sys/fs/cgroup/memory.max", "max\n");
  EXPECT_EQ(CgroupMemoryLimit(root_), std::nullopt);
}

TEST_F(CgroupTest, V1MemoryIsReadUnderItsController) {
  Write("proc/self/cgroup", "4:memory:/docker/abc\n2:cpu:/docker/abc\n");
  Write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(CgroupMemoryLimit(root_), std::nullopt) << "the kernel's way to say none";
  Write("sys/fs/cgroup/memory/docker/memory.limit_in_bytes", "200000000\n");
  Write("sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "9223372036854771712\n");
  Write("sys/fs/cgroup/cpu/docker/abc/memory.limit_in_bytes", "5\n");
  EXPECT_EQ(CgroupMemoryLimit(root_), 200000000U);
}

TEST_F(CgroupTest, WithBothVersionsTheSmallerMemoryLimitWins) {
  Write("proc/self/cgroup", "4:memory:/a\n0::/b\n");
  Write("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "300\n");
  Write("sys/fs/cgroup/b/memory.max", "200\n");
  EXPECT_EQ(CgroupMemoryLimit(root_), 200U);
}

TEST_F(CgroupTest, BrokenFilesAreNoMemoryLimit) {
  Write("proc/self/cgroup", "nonsense\n0:\n0::/\n4:memory:/\n");
  for (const char* text : {"", "abc\n", "-5\n", "12x\n", "99999999999999999999999\n"}) {
    Write("sys/fs/cgroup/memory.max", text);
    Write("sys/fs/cgroup/memory/memory.limit_in_bytes", text);
    EXPECT_EQ(CgroupMemoryLimit(root_), std::nullopt) << text;
  }
}

TEST(LoopsForTest, WithoutAQuotaEachCpuGetsALoopUpToFour) {
  EXPECT_EQ(LoopsFor(std::nullopt, 0), 1U);
  EXPECT_EQ(LoopsFor(std::nullopt, 1), 1U);
  EXPECT_EQ(LoopsFor(std::nullopt, 3), 3U);
  EXPECT_EQ(LoopsFor(std::nullopt, 64), 4U);
}

TEST(LoopsForTest, AQuotaIsRoundedUpUnlessTheFractionIsSmall) {
  EXPECT_EQ(LoopsFor(0.1, 8), 1U);
  EXPECT_EQ(LoopsFor(1.25, 8), 1U);
  EXPECT_EQ(LoopsFor(1.5, 8), 2U);
  EXPECT_EQ(LoopsFor(2.0, 8), 2U);
  EXPECT_EQ(LoopsFor(3.3, 8), 4U);
  EXPECT_EQ(LoopsFor(1e9, 8), 4U);
}

TEST(LoopsForTest, NeverMoreThanTheCpus) {
  EXPECT_EQ(LoopsFor(4.0, 2), 2U);
}

TEST(OnlineCpusTest, FollowsTheAffinityMask) {
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  EXPECT_EQ(OnlineCpus(), static_cast<unsigned>(CPU_COUNT(&before)));
  cpu_set_t one;
  CPU_ZERO(&one);
  for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &before)) continue;
    CPU_SET(cpu, &one);
    break;
  }
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(OnlineCpus(), 1U);
  EXPECT_EQ(AutoLoops(), 1U);
  ASSERT_EQ(sched_setaffinity(0, sizeof before, &before), 0);
}

}  // namespace
}  // namespace herdgate::base

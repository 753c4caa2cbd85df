#include "larder/process/memory_limit.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace larder::process {
namespace {

class MemoryLimitTest : public ::testing::Test {
 protected:
  MemoryLimitTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "limit-XXXXXX").string();
    root = ::mkdtemp(pattern.data());
    write("/proc/meminfo", "MemFree: 1 kB\nMemTotal:        4096 kB\nBuffers: 7 kB\n");
  }
  ~MemoryLimitTest() override { std::filesystem::remove_all(root); }

  void write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(root + path).parent_path());
    std::ofstream(root + path) << text;
  }
  void expect(std::uint64_t bytes, const std::string& source) {
    const MemoryLimit limit = read_memory_limit(root);
    EXPECT_EQ(limit.bytes, bytes);
    EXPECT_EQ(limit.source, source);
  }

  std::string root;
};

TEST_F(MemoryLimitTest, WithoutCgroupsItIsTheMachines) { expect(4096 << 10, "/proc/meminfo"); }

TEST_F(MemoryLimitTest, ASystemWithoutFilesSaysNothing) {
  std::filesystem::remove_all(root + "/proc");
  expect(0, "");
}

TEST_F(MemoryLimitTest, TheLeastOfAllCgroupsOfVersion2Counts) {
  write("/proc/self/cgroup", "0::/pods/a/server\n");
  write("/sys/fs/cgroup/pods/a/server/memory.max", "max\n");
  write("/sys/fs/cgroup/pods/a/memory.max", "2000000\n");
  write("/sys/fs/cgroup/pods/memory.max", "3000000\n");
  expect(2'000'000, "/sys/fs/cgroup/pods/a/memory.max");
  write("/sys/fs/cgroup/memory.max", "1000000\n");
  expect(1'000'000, "/sys/fs/cgroup/memory.max");
  write("/sys/fs/cgroup/pods/a/server/memory.high", "900000\n");
  expect(900'000, "/sys/fs/cgroup/pods/a/server/memory.high");
}

// The path is that of the host.
TEST_F(MemoryLimitTest, AContainerOfVersion1HasItsLimitAtTheTop) {
  write("/proc/self/cgroup", "12:cpu,cpuacct:/docker/1\n4:hugetlb,memory:/docker/1\n0::/\n");
  write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "1234567\n");
  expect(1'234'567, "/sys/fs/cgroup/memory/memory.limit_in_bytes");
}

TEST_F(MemoryLimitTest, NoLimitOfVersion1IsANumberAboveTheMachines) {
  write("/proc/self/cgroup", "4:memory:/\n");
  write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  expect(4096 << 10, "/proc/meminfo");
}

TEST_F(MemoryLimitTest, OtherControllersAndBrokenLinesAreSkipped) {
  write("/proc/self/cgroup", "nonsense\n1:memoryless:/a\n2:cpu:/a\n:\n::\n0::\n");
  write("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "5\n");
  write("/sys/fs/cgroup/memory.max", "\n");
  expect(4096 << 10, "/proc/meminfo");
}

}  // namespace
}  // namespace larder::process

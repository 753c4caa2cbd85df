#include "larder/server/memory_plan.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "larder/memory/heap.h"
#include "tests/harness/harness.h"

namespace larder::server {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kMegabyte = 1 << 20;

class MemoryPlanTest : public ::testing::Test {
 protected:
  MemoryPlanTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "plan-XXXXXX").string();
    root = ::mkdtemp(pattern.data());
    write("/proc/self/cgroup", "0::/\n");
    allow(1100 * kMegabyte);
    log.level(base::LogLevel::nothing);
  }
  ~MemoryPlanTest() override { std::filesystem::remove_all(root); }

  void write(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(root + path).parent_path());
    std::ofstream(root + path) << text;
  }
  void allow(std::int64_t bytes) const {
    write("/sys/fs/cgroup/memory.max", std::to_string(bytes) + "\n");
  }
  std::int64_t maxmemory() const { return configuration.eviction.maxmemory.value(); }
  std::string set(const std::string& name, const std::string& value) {
    const auto done = configuration.registry.set({{name, value}}, {});
    return done ? "OK" : done.error().text;
  }
  std::string shown() const { return configuration.eviction.maxmemory.print(); }
  // What stands beside maxmemory: a share of it, and these.
  static constexpr std::int64_t kPercent = memory::kHasPageStore ? 104 : 110;
  static constexpr std::int64_t kNeeds =
      (16 + 4 + 32 + (memory::kHasPageStore ? 4 : 0)) * kMegabyte;
  static std::string unbounded(const std::string& more) {
    return (memory::kHasPageStore ? "jemalloc-pages," : "fragmentation,") + more;
  }

  std::string root;
  Configuration configuration;
  info::Reporter reporter;
  engine::Sessions sessions;
  base::Log log;
  harness::HarnessClock clock;
};

TEST_F(MemoryPlanTest, AutoLeavesWhatTheProcessNeedsBesideIt) {
  allow(kNeeds + 10 * kPercent * kMegabyte);
  MemoryPlan plan(reporter, configuration, sessions, log, clock, nullptr, root);
  EXPECT_EQ(maxmemory(), 0);
  EXPECT_EQ(set("maxmemory", "auto"), "OK");
  EXPECT_EQ(maxmemory(), 1000 * kMegabyte);
  EXPECT_EQ(plan.bound_of(maxmemory()), kNeeds + 10 * kPercent * kMegabyte);
}

TEST_F(MemoryPlanTest, WhatTheFileSaysIsFoundAtTheStart) {
  ASSERT_TRUE(configuration.eviction.maxmemory.parse({"AUTO"}));
  allow(kNeeds + kPercent * kMegabyte);
  const MemoryPlan plan(reporter, configuration, sessions, log, clock, nullptr, root);
  EXPECT_EQ(maxmemory(), 100 * kMegabyte);
  EXPECT_EQ(reporter.value("process_memory_limit"), std::to_string(kNeeds + kPercent * kMegabyte));
  EXPECT_EQ(reporter.value("process_memory_bound"), std::to_string(kNeeds + kPercent * kMegabyte));
  EXPECT_EQ(reporter.value("process_memory_unbounded"), unbounded("socket-buffers"));
  EXPECT_EQ(plan.bound_of_sockets(), 0);
}

TEST_F(MemoryPlanTest, TheBuffersOfSocketsHaveABoundIfTheirSizeIsGiven) {
  ASSERT_TRUE(configuration.net.clients.client_socket_buffer_bytes.parse({"512kb"}));
  const MemoryPlan plan(reporter, configuration, sessions, log, clock, nullptr, root);
  EXPECT_EQ(reporter.value("process_memory_unbounded"), unbounded("data"));
}

TEST_F(MemoryPlanTest, APercentageIsOfTheLimitAndNotMoreThanAuto) {
  const MemoryPlan plan(reporter, configuration, sessions, log, clock, nullptr, root);
  EXPECT_EQ(set("maxmemory", "50%"), "OK");
  EXPECT_EQ(maxmemory(), 550 * kMegabyte);
  EXPECT_EQ(set("maxmemory", "auto"), "OK");
  const std::int64_t automatic = maxmemory();
  EXPECT_LT(automatic, 1050 * kMegabyte);
  EXPECT_EQ(set("maxmemory", "100%"), "OK");
  EXPECT_EQ(maxmemory(), automatic);
}

TEST_F(MemoryPlanTest, ItFollowsTheLimitAndTheDirectivesOnceASecond) {
  MemoryPlan plan(reporter, configuration, sessions, log, clock, nullptr, root);
  EXPECT_EQ(set("maxmemory", "50%"), "OK");
  allow(600 * kMegabyte);
  clock.advance_ms(999);
  plan.beat();
  EXPECT_EQ(maxmemory(), 550 * kMegabyte);
  clock.advance_ms(1);
  plan.beat();
  EXPECT_EQ(maxmemory(), 300 * kMegabyte);
  EXPECT_EQ(set("maxmemory", "auto"), "OK");
  const std::int64_t before = maxmemory();
  EXPECT_EQ(set("snapshot-memory-limit", "43mb"), "OK");
  clock.advance_ms(1000);
  plan.beat();
  const std::int64_t less = 11 * kMegabyte * 100 / kPercent;
  EXPECT_NEAR(static_cast<double>(maxmemory()), static_cast<double>(before - less), 200);
}

TEST_F(MemoryPlanTest, ANumberOfBytesStaysWhateverTheSystemAllows) {
  MemoryPlan plan(reporter, configuration, sessions, log, clock, nullptr, root);
  EXPECT_EQ(set("maxmemory", "auto"), "OK");
  EXPECT_EQ(set("maxmemory", "5mb"), "OK");
  allow(300 * kMegabyte);
  clock.advance_ms(5000);
  plan.beat();
  EXPECT_EQ(maxmemory(), 5 * kMegabyte);
}

TEST_F(MemoryPlanTest, WithoutALimitOfTheSystemAWishIsRefused) {
  std::filesystem::remove_all(root);
  const MemoryPlan plan(reporter, configuration, sessions, log, clock, nullptr, root);
  EXPECT_EQ(set("maxmemory", "100mb"), "OK");
  EXPECT_THAT(set("maxmemory", "auto"), HasSubstr("the system does not say"));
  EXPECT_EQ(shown(), std::to_string(100 * kMegabyte));
  EXPECT_EQ(configuration.eviction.maxmemory.form(), config::Limit::Form::bytes);
}

TEST_F(MemoryPlanTest, TooLittleForTheNeedsLeavesTheLeast) {
  allow(40 * kMegabyte);
  const MemoryPlan plan(reporter, configuration, sessions, log, clock, nullptr, root);
  EXPECT_EQ(set("maxmemory", "auto"), "OK");
  EXPECT_EQ(maxmemory(), kMegabyte);
}

TEST_F(MemoryPlanTest, OtherWordsAreErrors) {
  const MemoryPlan plan(reporter, configuration, sessions, log, clock, nullptr, root);
  for (const char* wrong : {"0%", "101%", "-5%", "%", "autos", "x%"}) {
    EXPECT_NE(set("maxmemory", wrong), "OK") << wrong;
  }
  EXPECT_EQ(maxmemory(), 0);
}

// CONFIG GET shows the bytes, CONFIG REWRITE keeps the word.
TEST(MemoryPlanOfAServer, TheWordIsKeptAndTheBytesAreShown) {
  harness::Harness harness("maxmemory 75%\n");
  const config::Limit& maxmemory = harness.configuration().eviction.maxmemory;
  EXPECT_GT(maxmemory.value(), 0);
  EXPECT_EQ(maxmemory.lines(), std::vector<std::string>{"maxmemory 75%"});
  auto client = harness.connect();
  EXPECT_THAT(client->exchange("CONFIG GET maxmemory\r\n"),
              HasSubstr("\r\n" + std::to_string(maxmemory.value()) + "\r\n"));
  EXPECT_THAT(client->exchange("INFO memory\r\n"), HasSubstr("\r\nprocess_memory_bound:"));
}

// Twice the size in each direction, and a packet.
TEST(MemoryPlanOfAServer, TheBoundGrowsWithTheClients) {
  harness::Harness harness("maxmemory 100mb\nclient-socket-buffer-bytes 100kb\n");
  auto client = harness.connect();
  const auto bound = [&] {
    return std::stoll(harness.core().reporter.value("process_memory_bound"));
  };
  const std::int64_t before = bound();
  auto other = harness.connect();
  EXPECT_EQ(bound() - before, 464 << 10);
}

// What the disk has not taken of the stream stays in memory up to the limit of replicas.
TEST(MemoryPlanOfAServer, TheBoundContainsWhatIsKeptForReplicas) {
  harness::Harness harness(
      "maxmemory 100mb\nclient-output-buffer-limit replica 20mb 0 0\nrepl-diskless-sync-delay 0\n");
  const auto value = [&](std::string_view field) { return harness.core().reporter.value(field); };
  const auto bound = [&] { return std::stoll(value("process_memory_bound")); };
  const std::int64_t before = bound();
  auto replica = harness.connect();
  replica->exchange("PSYNC ? -1\r\n");
  EXPECT_EQ(bound() - before, 25 * kMegabyte + (256 << 10));
  auto client = harness.connect();
  client->exchange("CONFIG SET client-output-buffer-limit \"replica 0 0 0\"\r\n");
  EXPECT_THAT(value("process_memory_unbounded"), HasSubstr(",replica-buffers"));
  replica.reset();
  harness.end_turn();
  EXPECT_EQ(bound(), before);
}

TEST(MemoryPlanOfAServer, TheDataOfAReplicaHaveNoBoundOfItsOwn) {
  harness::Harness harness("maxmemory 100mb\n");
  const auto unbounded = [&] { return harness.core().reporter.value("process_memory_unbounded"); };
  auto client = harness.connect();
  EXPECT_THAT(unbounded(), testing::Not(HasSubstr("data")));
  client->exchange("REPLICAOF 127.0.0.1 1\r\n");
  EXPECT_THAT(unbounded(), HasSubstr(",data"));
  client->exchange("CONFIG SET replica-ignore-maxmemory no\r\n");
  EXPECT_THAT(unbounded(), testing::Not(HasSubstr("data")));
  client->exchange("REPLICAOF NO ONE\r\n");
}

}  // namespace
}  // namespace larder::server

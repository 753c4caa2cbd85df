// MEMORY AUDIT while the data changes and clients come and go.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "larder/base/rng.h"
#include "tests/harness/harness.h"

namespace larder::server {
namespace {

using harness::Harness;
using testing::HasSubstr;

constexpr int kAuditedKeys = 20'000;

class LongAudit : public testing::Test {
 protected:
  // From now on the budget of a turn ends after a few steps.
  void slow_down() { harness.clock().us_per_reading = 100; }
  void add_keys() {
    std::string lines;
    for (int i = 0; i < kAuditedKeys; ++i) lines += "SET key:" + std::to_string(i) + " v\r\n";
    client->exchange(lines);
  }
  bool is_working() { return !harness.core().executor.long_commands().empty(); }
  void write_some() {
    static constexpr const char* kWrites[] = {"SET # a-longer-value-that-takes-another-size-class",
                                              "DEL #",
                                              "APPEND # more",
                                              "RPUSH list# a b c",
                                              "HSET hash# a 1 b 2",
                                              "RENAME # other",
                                              "EXPIRE # 100",
                                              "PERSIST #",
                                              "COPY # copy# REPLACE",
                                              "DEL hash#",
                                              "LPOP list#",
                                              "MOVE # 1",
                                              "SET # 12345"};
    std::string line = kWrites[rng.below(std::size(kWrites))];
    const std::string key = "key:" + std::to_string(rng.below(kAuditedKeys));
    for (auto at = line.find('#'); at != std::string::npos; at = line.find('#')) {
      line.replace(at, 1, key);
    }
    client->exchange(line + "\r\n");
  }

  Harness harness;
  base::Rng rng{5};
  std::unique_ptr<Harness::Client> client = harness.connect();
  std::unique_ptr<Harness::Client> auditor = harness.connect();
};

TEST_F(LongAudit, BalancesWhileOtherClientsAreServed) {
  add_keys();
  slow_down();
  EXPECT_EQ(auditor->exchange("MEMORY AUDIT\r\n"), "");
  int turns = 0;
  while (is_working()) {
    write_some();
    ++turns;
  }
  EXPECT_GT(turns, kAuditedKeys / 128 / 6);
  EXPECT_THAT(auditor->exchange({}), HasSubstr("\nbalanced"));
}

TEST_F(LongAudit, BalancesThroughFlushesAndSwaps) {
  for (const char* change : {"FLUSHDB ASYNC", "SWAPDB 0 1", "FLUSHALL"}) {
    add_keys();
    slow_down();
    auditor->exchange("MEMORY AUDIT\r\n");
    for (int i = 0; i < 8; ++i) write_some();
    EXPECT_TRUE(is_working());
    client->exchange(std::string(change) + "\r\n");
    while (is_working()) write_some();
    EXPECT_THAT(auditor->exchange({}), HasSubstr("\nbalanced")) << change;
    harness.clock().us_per_reading = 0;
  }
}

TEST_F(LongAudit, WaitsForAnotherAudit) {
  add_keys();
  slow_down();
  const auto third = harness.connect();
  auditor->exchange("MEMORY AUDIT\r\n");
  third->exchange("MEMORY AUDIT\r\n");
  while (is_working()) write_some();
  EXPECT_THAT(auditor->exchange({}), HasSubstr("\nbalanced"));
  EXPECT_THAT(third->exchange({}), HasSubstr("\nbalanced"));
}

TEST_F(LongAudit, EndsWithItsClient) {
  add_keys();
  slow_down();
  auditor->exchange("MEMORY AUDIT\r\n");
  EXPECT_TRUE(is_working());
  client->exchange("CLIENT KILL TYPE normal SKIPME yes\r\n");
  EXPECT_FALSE(is_working());
  const auto third = harness.connect();
  third->exchange("MEMORY AUDIT\r\n");
  while (is_working()) write_some();
  EXPECT_THAT(third->exchange({}), HasSubstr("\nbalanced"));
}

TEST_F(LongAudit, RunsAtOnceInATransaction) {
  add_keys();
  slow_down();
  auditor->exchange("MEMORY AUDIT\r\n");
  EXPECT_THAT(client->exchange("MULTI\r\nSET a b\r\nMEMORY AUDIT\r\nEXEC\r\n"),
              HasSubstr("\nbalanced"));
  while (is_working()) write_some();
  EXPECT_THAT(auditor->exchange({}), HasSubstr("\nbalanced"));
}

}  // namespace
}  // namespace larder::server

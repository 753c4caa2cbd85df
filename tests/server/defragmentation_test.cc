// The chore of active defragmentation.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "larder/base/rng.h"
#include "larder/memory/heap.h"
#include "larder/memory/sparse_slabs.h"
#include "tests/harness/harness.h"

namespace larder::server {
namespace {

using harness::Harness;
using testing::HasSubstr;

constexpr const char* kAnyWaste = "active-defrag-ignore-bytes 1\nactive-defrag-threshold-lower 5\n";

double pages_per_live() {
  const memory::PageUse use = memory::page_use();
  return static_cast<double>(use.live_bytes) / static_cast<double>(use.block_bytes);
}

class DefragmentationTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!memory::kHasPageStore) GTEST_SKIP() << "without a page store";
    harness = std::make_unique<Harness>(kAnyWaste);
    client = harness->connect();
    // Each reading of the clock is a small step of work.
    harness->clock().us_per_reading = 1;
  }
  static std::string name(int i) { return "key:" + std::to_string(i); }
  static std::string value(int i) {
    return std::string(10 + static_cast<std::size_t>(i) % 60, static_cast<char>('a' + i % 26));
  }
  // About 25 MB of strings, and as much of fields.
  void fill() {
    std::string lines;
    for (int i = 0; i < kKeys; ++i) {
      lines += "SET " + name(i) + " " + value(i) + "\r\n";
      lines += "HSET hash" + std::to_string(i % 7) + " " + name(i) + " " + value(i) + "\r\n";
      if (i % 1000 != 999) continue;
      client->exchange(lines);
      lines.clear();
    }
  }
  void remove(unsigned percent) {
    std::string lines;
    for (int i = 0; i < kKeys; ++i) {
      if (rng.below(100) < percent) {
        kept[i] = false;
        lines += "DEL " + name(i) + "\r\n";
        lines += "HDEL hash" + std::to_string(i % 7) + " " + name(i) + "\r\n";
      }
      if (i % 1000 != 999) continue;
      client->exchange(lines);
      lines.clear();
    }
  }
  std::string field(const std::string& section, const std::string& name) {
    const std::string info = client->exchange("INFO " + section + "\r\n");
    const auto at = info.find(name + ":");
    if (at == std::string::npos) return "none";
    const auto begin = at + name.size() + 1;
    return info.substr(begin, info.find('\r', begin) - begin);
  }
  void switch_on() { client->exchange("CONFIG SET activedefrag yes\r\n"); }
  // Seconds until no pass runs and none begins, at most 100.
  int run_to_the_end() {
    int resting = 0;
    for (int tenths = 0; tenths < 1000; ++tenths) {
      harness->advance_ms(100);
      while (harness->end_turn()) {
      }
      resting = field("memory", "active_defrag_running") == "0" ? resting + 1 : 0;
      if (resting == 3) return tenths / 10;
    }
    return 100;
  }
  void expect_contents() {
    for (int i = 0; i < kKeys; ++i) {
      const std::string text = "$" + std::to_string(value(i).size()) + "\r\n" + value(i) + "\r\n";
      const std::string expected = kept[i] ? text + text : "$-1\r\n$-1\r\n";
      ASSERT_EQ(client->exchange("GET " + name(i) + "\r\nHGET hash" + std::to_string(i % 7) + " " +
                                 name(i) + "\r\n"),
                expected);
    }
  }

  static constexpr int kKeys = 300'000;
  std::unique_ptr<Harness> harness;
  std::unique_ptr<Harness::Client> client;
  base::Rng rng{5};
  std::vector<bool> kept = std::vector<bool>(kKeys, true);
};

TEST_F(DefragmentationTest, ReturnsThePagesOfRemovedKeys) {
  fill();
  EXPECT_LT(pages_per_live(), 1.10);
  remove(50);
  EXPECT_GT(pages_per_live(), 1.8);
  switch_on();
  EXPECT_LT(run_to_the_end(), 100);
  EXPECT_LT(pages_per_live(), 1.05);
  EXPECT_NE(field("stats", "active_defrag_key_hits"), "0");
  remove(80);
  EXPECT_LT(run_to_the_end(), 100);
  EXPECT_LT(pages_per_live(), 1.10);
  expect_contents();
  const memory::Audit audit = harness->core().auditor.run();
  EXPECT_TRUE(audit.balanced()) << audit.text();
}

TEST_F(DefragmentationTest, DoesNothingBelowItsThresholds) {
  fill();
  remove(50);
  client->exchange("CONFIG SET active-defrag-ignore-bytes 1gb\r\n");
  switch_on();
  EXPECT_EQ(run_to_the_end(), 0);
  client->exchange("CONFIG SET active-defrag-ignore-bytes 1 active-defrag-threshold-lower 500\r\n");
  EXPECT_EQ(run_to_the_end(), 0);
  EXPECT_EQ(field("stats", "active_defrag_misses"), "0");
  EXPECT_GT(pages_per_live(), 1.4);
}

TEST_F(DefragmentationTest, EndsAPassWhenItIsSwitchedOff) {
  fill();
  remove(50);
  switch_on();
  harness->advance_ms(100);
  EXPECT_NE(field("memory", "active_defrag_running"), "0");
  client->exchange("CONFIG SET activedefrag no\r\n");
  run_to_the_end();
  const std::string moved = field("stats", "active_defrag_hits");
  EXPECT_GT(pages_per_live(), 1.2);
  EXPECT_EQ(run_to_the_end(), 0);
  EXPECT_EQ(field("stats", "active_defrag_hits"), moved);
  // All slots are available again.
  const std::uint64_t pages = memory::page_use().live_bytes;
  for (int i = 0; i < kKeys / 4; ++i)
    client->exchange("SET new:" + name(i) + " " + value(i) + "\r\n");
  EXPECT_LT(memory::page_use().live_bytes, pages + pages / 50);
}

TEST_F(DefragmentationTest, TakesTheShareOfTheTimeThatIsSet) {
  fill();
  remove(50);
  client->exchange("CONFIG SET active-defrag-cycle-min 5 active-defrag-cycle-max 5\r\n");
  switch_on();
  harness->advance_ms(100);
  EXPECT_EQ(field("memory", "active_defrag_running"), "5");
  // The clock of the harness advances with each reading, within turns too.
  const std::int64_t began_us = harness->clock().steady_now_us();
  int steps = 0;
  while (harness->end_turn()) ++steps;
  EXPECT_GT(steps, 3);
  EXPECT_LT(harness->clock().steady_now_us() - began_us, 10'000);
}

TEST(Defragmentation, CannotBeSwitchedOnWithoutAPageStore) {
  Harness harness;
  const auto client = harness.connect();
  const std::string reply = client->exchange("CONFIG SET activedefrag yes\r\n");
  if (memory::kHasPageStore) {
    EXPECT_EQ(reply, "+OK\r\n");
  } else {
    EXPECT_THAT(reply, HasSubstr("-ERR CONFIG SET failed (possibly related to argument "
                                 "'activedefrag') - Active defragmentation cannot be enabled"));
    EXPECT_THROW(Harness("activedefrag yes\n"), std::runtime_error);
  }
}

}  // namespace
}  // namespace larder::server

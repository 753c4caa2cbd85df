#include "larder/observe/hot_keys.h"

#include <cmath>
#include <map>
#include <string>

#include "tests/observe/observing_room.h"

namespace larder::observe {
namespace {

using namespace engine;

class HotKeysTest : public ObservingRoom {
 protected:
  void every(int gap) {
    const auto set = registry.set({{"hot-keys-sample", std::to_string(gap)}}, {});
    ASSERT_TRUE(set);
  }
  // Commands that ran, in batches of `size`.
  void show(const std::vector<std::string>& keys, std::size_t size) {
    for (std::size_t at = 0; at < keys.size(); at += size) {
      const std::size_t count = std::min(size, keys.size() - at);
      std::vector<std::array<std::string_view, 2>> words;
      for (std::size_t i = 0; i < count; ++i) words.push_back({"get", keys[at + i]});
      std::vector<resp::Request> requests;
      for (const auto& pair : words) requests.push_back({resp::Args(pair), 0});
      if (hot.is_due(count)) hot.sample(0, commands, requests);
    }
  }
  double touches(std::string_view name, int db = -1) {
    for (const HotKey& key : hot.hottest(db, HotKeys::kMost)) {
      if (key.name == name) return key.touches_per_second;
    }
    return 0;
  }
  void expect_balance() {
    memory::Auditor auditor;
    auditor.add(hot);
    EXPECT_TRUE(auditor.run().balanced()) << auditor.run().text();
  }

  HotKeyMetrics hot_metrics{reporter};
  HotKeys hot{clock, rng, observer.settings, hot_metrics};
};

TEST_F(HotKeysTest, CountsEveryKeyIfEveryCommandIsSampled) {
  every(1);
  show({"a", "b", "a", "a", "c", "b"}, 4);
  const auto keys = hot.hottest(-1, 2);
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[0].name, "a");
  EXPECT_EQ(keys[1].name, "b");
  EXPECT_DOUBLE_EQ(keys[0].share, 0.5);
  EXPECT_DOUBLE_EQ(keys[0].error_per_second, 0);
  EXPECT_EQ(hot_metrics.samples.value(), 6u);
  expect_balance();
}

TEST_F(HotKeysTest, ReportsTouchesPerSecond) {
  every(1);
  for (int second = 0; second < 300; ++second) {
    show(std::vector<std::string>(50, "a"), 10);
    show({"b"}, 1);
    clock.advance_ms(1000);
  }
  EXPECT_NEAR(touches("a"), 50, 1.5);
  EXPECT_NEAR(touches("b"), 1, 0.03);
}

TEST_F(HotKeysTest, HalvesCountsInAHalfLife) {
  every(1);
  for (int i = 0; i < 1000; ++i) hot.touch(0, "then", 1);
  clock.advance_ms(HotKeys::kHalfLifeMs);
  for (int i = 0; i < 500; ++i) hot.touch(0, "now", 1);
  EXPECT_NEAR(touches("then") / touches("now"), 1, 1e-6);
  clock.advance_ms(200 * HotKeys::kHalfLifeMs);
  hot.touch(0, "new", 1);
  const auto keys = hot.hottest(-1, 1);
  EXPECT_EQ(keys[0].name, "new");
  EXPECT_NEAR(keys[0].share, 1, 1e-6);
}

// The bounds of Space-Saving: no count is below the truth, none is above it by more than its
// error, and no error is above the total through the number of counters.
TEST_F(HotKeysTest, KeepsItsErrorBoundsForManyKeys) {
  every(1);
  std::map<std::string, double> truth;
  double total = 0;
  for (int i = 0; i < 40000; ++i) {
    const double u = rng.unit();
    const auto rank = static_cast<int>(std::pow(5000.0, u));
    const std::string name = "key:" + std::to_string(rank);
    ++truth[name];
    ++total;
    hot.touch(0, name, 1);
  }
  ASSERT_GT(truth.size(), 10 * HotKeys::kMost);
  clock.advance_ms(1000);
  const double scale = touches("key:1") / truth["key:1"];
  std::map<std::string, HotKey> found;
  for (const HotKey& key : hot.hottest(-1, HotKeys::kMost)) found[std::string(key.name)] = key;
  for (const auto& [name, key] : found) {
    const double count = key.touches_per_second / scale;
    const double error = key.error_per_second / scale;
    EXPECT_GE(count + 1e-3, truth[name]) << name;
    EXPECT_LE(count - error, truth[name] + 1e-3) << name;
    EXPECT_LE(error, total / HotKeys::kMost + 1e-3) << name;
  }
  for (const auto& [name, count] : truth) {
    EXPECT_TRUE(count <= total / HotKeys::kMost || found.contains(name)) << name;
  }
  expect_balance();
}

TEST_F(HotKeysTest, SamplesRandomlyForPeriodicCommands) {
  every(16);
  std::vector<std::string> keys;
  for (int i = 0; i < 64000; ++i)
    keys.push_back(i % 16 == 0 ? "beat" : "rest" + std::to_string(i % 16));
  show(keys, 16);
  clock.advance_ms(1000);
  const auto found = hot.hottest(-1, 20);
  EXPECT_EQ(found.size(), 16u);
  for (const HotKey& key : found) EXPECT_NEAR(key.share, 1.0 / 16, 0.02) << key.name;
  EXPECT_NEAR(static_cast<double>(hot_metrics.samples.value()), 4000, 300);
}

TEST_F(HotKeysTest, SamplesMoreAtLowRates) {
  every(1024);
  for (int i = 0; i < 300; ++i) {
    show({"quiet"}, 1);
    clock.advance_ms(100);
  }
  EXPECT_GE(hot_metrics.samples.value(), 280u);
  EXPECT_NEAR(touches("quiet"), 10, 0.5);
  const std::uint64_t before = hot_metrics.samples.value();
  show(std::vector<std::string>(200'000, "busy"), 64);
  EXPECT_LE(hot_metrics.samples.value() - before, 400u);
}

TEST_F(HotKeysTest, DistinguishesDatabases) {
  hot.touch(0, "k", 1);
  hot.touch(3, "k", 2);
  EXPECT_EQ(hot.hottest(-1, 10).size(), 2u);
  ASSERT_EQ(hot.hottest(3, 10).size(), 1u);
  EXPECT_EQ(hot.hottest(3, 10)[0].db, 3);
  EXPECT_TRUE(hot.hottest(1, 10).empty());
}

TEST_F(HotKeysTest, TruncatesLongNamesAndBoundsItsMemory) {
  const std::string longest(1 << 20, 'x');
  for (std::size_t i = 0; i < 3 * HotKeys::kMost; ++i) hot.touch(0, std::to_string(i) + longest, 1);
  EXPECT_EQ(hot.hottest(-1, 1)[0].name.size(), HotKeys::kLongestName);
  expect_balance();
  EXPECT_LE(memory::balance(memory::Owner::statistics),
            static_cast<std::int64_t>(HotKeys::kMost * HotKeys::kLongestName));
  hot.touch(0, "", 1);
  expect_balance();
}

TEST_F(HotKeysTest, CountsNothingWhenOffAndClearsOnReset) {
  every(0);
  show(std::vector<std::string>(20000, "a"), 8);
  EXPECT_TRUE(hot.hottest(-1, 10).empty());
  EXPECT_FALSE(hot.is_on());
  every(1);
  show({"a"}, 1);
  EXPECT_EQ(hot.hottest(-1, 10).size(), 1u);
  hot.reset();
  EXPECT_TRUE(hot.hottest(-1, 10).empty());
}

}  // namespace
}  // namespace larder::observe

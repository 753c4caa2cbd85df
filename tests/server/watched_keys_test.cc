// WATCH compared with a model that checks every watched key at every change.

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "larder/base/rng.h"
#include "tests/harness/harness.h"

namespace larder::server {
namespace {

using harness::Harness;

constexpr int kDatabases = 3;
constexpr int kWatchedKeys = 5;

struct Model {
  struct Key {
    bool is_there = false;
    std::optional<std::int64_t> deadline_ms;
  };
  struct Watch {
    int db;
    int key;
  };

  bool alive(int db, int key) const {
    const Key& found = keys[static_cast<std::size_t>(db)][static_cast<std::size_t>(key)];
    return found.is_there && (!found.deadline_ms || *found.deadline_ms > now_ms);
  }
  Key& at(int db, int key) {
    return keys[static_cast<std::size_t>(db)][static_cast<std::size_t>(key)];
  }
  void watch(int db, int key) {
    if (!is_lost) watches.push_back({db, key});
  }
  void touch(int db, int key) {
    for (const Watch& watch : watches) is_lost |= watch.db == db && watch.key == key;
  }
  void flush(int db) {
    for (int key = 0; key < kWatchedKeys; ++key) {
      if (alive(db, key)) touch(db, key);
      at(db, key) = {};
    }
  }
  void swap(int one, int other) {
    if (one == other) return;
    for (int key = 0; key < kWatchedKeys; ++key) {
      if (!alive(one, key) && !alive(other, key)) continue;
      touch(one, key);
      touch(other, key);
    }
    std::swap(keys[static_cast<std::size_t>(one)], keys[static_cast<std::size_t>(other)]);
  }
  void pass(std::int64_t ms) {
    for (int db = 0; db < kDatabases; ++db) {
      for (int key = 0; key < kWatchedKeys; ++key) {
        const bool was_alive = alive(db, key);
        now_ms += ms;
        if (was_alive && !alive(db, key)) touch(db, key);
        now_ms -= ms;
      }
    }
    now_ms += ms;
  }

  std::array<std::array<Key, kWatchedKeys>, kDatabases> keys{};
  std::vector<Watch> watches;
  std::int64_t now_ms = 0;
  bool is_lost = false;
};

class WatchedKeys : public testing::Test {
 protected:
  int any(int below) { return static_cast<int>(rng.below(static_cast<std::uint64_t>(below))); }
  std::string name(int key) { return "key:" + std::to_string(key); }

  void change() {
    const int db = any(kDatabases);
    const int key = any(kWatchedKeys);
    std::string line = "SELECT " + std::to_string(db) + "\r\n";
    switch (any(8)) {
      case 0:
        line += "SET " + name(key) + " v\r\n";
        model.touch(db, key);
        model.at(db, key) = {.is_there = true, .deadline_ms = {}};
        break;
      case 1:
        line += "DEL " + name(key) + "\r\n";
        if (model.alive(db, key)) model.touch(db, key);
        model.at(db, key) = {};
        break;
      case 2:
        line += "PEXPIRE " + name(key) + " 50\r\n";
        if (!model.alive(db, key)) break;
        model.touch(db, key);
        model.at(db, key).deadline_ms = model.now_ms + 50;
        break;
      case 3:
        line += "GET " + name(key) + "\r\n";
        break;
      case 4:
        if (any(4) != 0) break;
        line += "FLUSHDB\r\n";
        model.flush(db);
        break;
      case 5: {
        const int other = any(kDatabases);
        line += "SWAPDB " + std::to_string(db) + " " + std::to_string(other) + "\r\n";
        model.swap(db, other);
        break;
      }
      case 6:
        // The periodic work, which removes expired keys, runs or not.
        any(2) == 0 ? harness.clock().advance_ms(20) : harness.advance_ms(20);
        model.pass(20);
        break;
      default:
        if (any(8) != 0) break;
        line += "FLUSHALL\r\n";
        for (int each = 0; each < kDatabases; ++each) model.flush(each);
    }
    writer->exchange(line);
  }
  void watch() {
    const int db = any(kDatabases);
    const int key = any(kWatchedKeys);
    watcher->exchange("SELECT " + std::to_string(db) + "\r\nWATCH " + name(key) + "\r\n");
    model.watch(db, key);
  }

  base::Rng rng{23};
  Harness harness;
  Model model;
  std::unique_ptr<Harness::Client> watcher = harness.connect();
  std::unique_ptr<Harness::Client> writer = harness.connect();
};

TEST_F(WatchedKeys, AgreeWithAModelThatChecksAllOfThem) {
  int lost = 0;
  constexpr int kRounds = 4000;
  for (int round = 0; round < kRounds; ++round) {
    model.watches.clear();
    model.is_lost = false;
    for (int i = any(6); i >= 0; --i) {
      watch();
      if (any(3) == 0) change();
    }
    for (int i = any(4); i > 0; --i) change();
    const std::string got = watcher->exchange("MULTI\r\nPING\r\nEXEC\r\n");
    ASSERT_EQ(got.ends_with("*-1\r\n"), model.is_lost) << round << ' ' << got;
    if (model.is_lost) ++lost;
  }
  EXPECT_GT(lost, kRounds / 10);
  EXPECT_LT(lost, kRounds / 2);
  const memory::Audit audit = harness.core().auditor.run();
  EXPECT_TRUE(audit.balanced()) << audit.text();
}

}  // namespace
}  // namespace larder::server

#include "larder/keyspace/evacuator.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "larder/info/info.h"
#include "larder/keyspace/edit.h"
#include "larder/memory/heap.h"
#include "larder/memory/page_use.h"
#include "larder/types/hash.h"
#include "tests/keyspace/fixture.h"

namespace larder::keyspace {
namespace {

using memory::BlockKind;

class EvacuatorTest : public KeyspaceTest {
 protected:
  std::set<const Entry*> entries() const {
    std::set<const Entry*> found;
    db.entries().for_each([&](const Entry* entry) { found.insert(entry); });
    return found;
  }
  void run_pass(BlockKind kind) {
    evacuator.begin_pass(kind);
    while (evacuator.is_in_pass()) {
      base::Budget small = evacuator.budget(0);
      ASSERT_TRUE(evacuator.step_pass(small));
    }
  }
  void drain() { keyspace.graveyard().drain(base::Budget::unlimited()); }

  memory::Metrics metrics{reporter};
  Evacuator evacuator{keyspace, metrics};
};

TEST_F(EvacuatorTest, GivesKeysOtherAddressesForTests) {
  for (int i = 0; i < 200; ++i) {
    db.put(key(name(i)), "value", Deadline::at(clock.unix_ms() + 1000 + i));
  }
  keyspace.db(3).put(key("other"), "database");
  const std::set<const Entry*> before = entries();
  const std::uint64_t bytes = db.volatile_bytes();
  for (int i = 0; i < 500; ++i) evacuator.move_for_test();
  const std::set<const Entry*> now = entries();
  EXPECT_NE(now, before);
  EXPECT_EQ(now.size(), 200u);
  EXPECT_EQ(db.volatile_bytes(), bytes);
  std::size_t indexed = 0;
  db.expires().for_each([&](const Entry* entry) { indexed += now.count(entry); });
  EXPECT_EQ(indexed, 200u);
  for (int i = 0; i < 200; ++i) EXPECT_TRUE(db.erase(key(name(i))));
  EXPECT_EQ(db.volatile_size(), 0u);
}

// The rest needs the page store, which other builds do not have.
class EvacuatorOfPagesTest : public EvacuatorTest {
 protected:
  void SetUp() override {
    if (!memory::kHasPageStore) GTEST_SKIP() << "there is no page store";
  }
};

TEST_F(EvacuatorOfPagesTest, EmptiesSlabsOfEntriesInAllDatabases) {
  for (int i = 0; i < 20'000; ++i) {
    keyspace.db(i % 3 == 0 ? 5 : 0)
        .put(key(name(i)), std::string(100, 'x'),
             i % 5 == 0 ? Deadline::at(clock.unix_ms() + 1000) : Deadline::never());
  }
  for (int i = 0; i < 20'000; ++i) {
    if (i % 4 != 0) keyspace.db(i % 3 == 0 ? 5 : 0).erase(key(name(i)));
  }
  drain();
  const memory::PageUse before = memory::page_use();
  ASSERT_GT(before.recoverable(BlockKind::entry), 1u << 20);
  while (evacuator.move_entries()) {
  }
  const memory::PageUse after = memory::page_use();
  EXPECT_LT(after.recoverable(BlockKind::entry), 64u << 10);
  EXPECT_LE(after.live_bytes, before.live_bytes - before.recoverable(BlockKind::entry) * 9 / 10);
  EXPECT_EQ(after.block_bytes, before.block_bytes);
  EXPECT_EQ(reporter.value("active_defrag_key_misses"), "0");
  for (int i = 0; i < 20'000; i += 4) {
    const auto found = keyspace.db(i % 3 == 0 ? 5 : 0).find<types::String>(key(name(i)));
    ASSERT_TRUE(found) << i;
  }
}

TEST_F(EvacuatorOfPagesTest, LeavesWhatIsRemoved) {
  for (int i = 0; i < 20'000; ++i) db.put(key(name(i)), std::string(100, 'x'));
  for (int i = 0; i < 20'000; ++i) {
    if (i % 2 != 0) db.erase(key(name(i)));
  }
  drain();
  for (int i = 0; i < 20'000; ++i) {
    if (i % 4 == 0) db.erase(key(name(i)));
  }
  while (evacuator.move_entries()) {
  }
  EXPECT_NE(reporter.value("active_defrag_key_misses"), "0");
  for (int i = 2; i < 20'000; i += 4) ASSERT_EQ(text(name(i)), std::string(100, 'x'));
  drain();
  keyspace.flush_all();
  EXPECT_FALSE(evacuator.move_entries()) << "of a flushed database";
}

TEST_F(EvacuatorOfPagesTest, EmptiesSlabsOfTables) {
  for (int i = 0; i < 100'000; ++i) db.put(key(name(i)), "value");
  for (int i = 0; i < 100'000; ++i) {
    if (i % 10 != 0) db.erase(key(name(i)));
  }
  drain();
  const memory::PageUse before = memory::page_use();
  ASSERT_NO_FATAL_FAILURE(run_pass(BlockKind::table));
  const memory::PageUse after = memory::page_use();
  EXPECT_LE(after.recoverable(BlockKind::table), before.recoverable(BlockKind::table) / 8);
  EXPECT_LE(after.live_bytes, before.live_bytes - before.recoverable(BlockKind::table) * 7 / 8);
  for (int i = 0; i < 100'000; i += 10) ASSERT_EQ(text(name(i)), "value");
}

TEST_F(EvacuatorOfPagesTest, EmptiesSlabsOfValues) {
  constexpr int kHashes = 150;
  for (int i = 0; i < kHashes; ++i) put_hash(name(i), 2000);
  for (int i = 0; i < kHashes; ++i) {
    if (i % 3 != 0) db.erase(key(name(i)));
  }
  drain();
  const memory::PageUse before = memory::page_use();
  ASSERT_GT(before.recoverable(BlockKind::value), 1u << 20);
  ASSERT_NO_FATAL_FAILURE(run_pass(BlockKind::value));
  const memory::PageUse after = memory::page_use();
  EXPECT_LE(after.recoverable(BlockKind::value), before.recoverable(BlockKind::value) / 8);
  EXPECT_EQ(after.block_bytes, before.block_bytes);
  for (int i = 0; i < kHashes; i += 3) {
    ASSERT_EQ(db.find<types::Hash>(key(name(i)))->size(), 2000u);
  }
}

}  // namespace
}  // namespace larder::keyspace

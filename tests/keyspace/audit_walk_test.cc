#include "larder/keyspace/audit_walk.h"

#include "larder/keyspace/edit.h"
#include "larder/types/list.h"
#include "tests/keyspace/fixture.h"

namespace larder::keyspace {
namespace {

class AuditWalkTest : public KeyspaceTest {
 protected:
  void begin() {
    ASSERT_TRUE(keyspace.reserve_mark(Entry::kAuditMark));
    walk.emplace(keyspace);
  }
  memory::Audit audit() {
    memory::Auditor auditor;
    auditor.add(keyspace);
    memory::StoreWalk store;
    return auditor.run(keyspace, *walk, store);
  }
  // Walks to the end without changes in between, and compares with the ledger.
  void end() {
    while (!walk->step()) {
    }
    const memory::Audit done = audit();
    EXPECT_TRUE(done.balanced()) << done.text();
    walk.reset();
    expect_no_marks();
  }
  void expect_no_marks() {
    for (std::size_t i = 0; i < keyspace.databases(); ++i) {
      keyspace.db(i).entries().for_each(
          [](const Entry* entry) { EXPECT_EQ(entry->marks(), 0) << entry->key(); });
    }
  }

  std::string name(std::size_t keys) { return "key" + std::to_string(rng.below(keys)); }
  void push(Database& to, const Key& key) {
    Entry* entry = to.look(key, Look::write);
    if (entry != nullptr && entry->type() != types::Type::list) return;
    Edit<types::List> list(to, key, entry, Event::rpush);
    list->push(limits, types::ListEnd::tail, "an element");
  }
  void append(Database& to, const Key& key) {
    Entry* entry = to.look(key, Look::write);
    if (entry == nullptr || entry->type() != types::Type::string) return;
    to.edit<types::String>(key, entry, Event::append).append(std::string(rng.below(700), 'x'));
  }
  void move(Database& from, Database& to, const Key& source, const Key& key) {
    Entry* entry = from.look(source, Look::write);
    if (entry == nullptr || (&from == &to && source.name == key.name)) return;
    to.put_moved(key, from, source, entry, Event::move_from, Event::move_to);
  }
  void change(std::size_t keys) {
    Database& to = keyspace.db(rng.below(3));
    const std::string one = name(keys);
    const std::string other = name(keys);
    Entry* entry = nullptr;
    switch (rng.below(12)) {
      case 0:
        to.erase(key(one));
        break;
      case 1:
        append(to, key(one));
        break;
      case 2:
        push(to, key(one));
        break;
      case 3:
        move(to, keyspace.db(rng.below(3)), key(one), key(other));
        break;
      case 4:
        entry = to.look(key(one), Look::write);
        if (entry != nullptr && one != other) to.put_copy(key(other), *entry, Event::copy_to);
        break;
      case 5:
        entry = to.look(key(one), Look::write);
        if (entry != nullptr)
          to.expire_at(key(one), entry,
                       clock.unix_ms() + 1 + static_cast<std::int64_t>(rng.below(50)));
        break;
      case 6:
        entry = to.look(key(one), Look::write);
        if (entry != nullptr) to.persist(key(one), entry);
        break;
      default:
        to.put(key(one), std::string(rng.below(rng.below(8) == 0 ? 2000 : 40), 'v'));
    }
  }

  const types::ListLimits limits{};
  std::optional<AuditWalk> walk;
};

TEST_F(AuditWalkTest, AgreesWithAWalkInOneStep) {
  for (int i = 0; i < 5000; ++i) change(2000);
  begin();
  end();
}

TEST_F(AuditWalkTest, CountsWhatChangesBetweenItsSteps) {
  for (const std::size_t keys : {50, 3000, 30'000}) {
    for (std::size_t i = 0; i < keys; ++i) change(keys);
    begin();
    for (std::size_t i = 0; i < 2 * keys; ++i) {
      change(keys);
      if (rng.below(40) == 0) static_cast<void>(walk->step());
      if (rng.below(500) == 0) clock.advance_ms(10);
      if (rng.below(64) == 0) keyspace.graveyard().drain(base::Budget::unlimited());
    }
    end();
  }
}

TEST_F(AuditWalkTest, CountsCorrectlyWhileTablesShrink) {
  for (std::size_t i = 0; i < 30'000; ++i) db.put(key("key" + std::to_string(i)), "v");
  begin();
  for (int i = 0; i < 150; ++i) static_cast<void>(walk->step());
  for (std::size_t i = 0; i < 30'000; ++i) {
    if (i % 10 != 0) db.erase(key("key" + std::to_string(i)));
    if (i % 300 == 0) static_cast<void>(walk->step());
  }
  for (std::size_t i = 30'000; i < 60'000; ++i) {
    db.put(key("key" + std::to_string(i)), "v");
    if (i % 300 == 0) static_cast<void>(walk->step());
  }
  end();
}

TEST_F(AuditWalkTest, FollowsFlushedAndSwappedDatabases) {
  for (int i = 0; i < 6000; ++i) change(3000);
  begin();
  for (int i = 0; i < 3000; ++i) {
    change(3000);
    if (rng.below(10) == 0) static_cast<void>(walk->step());
    if (rng.below(100) == 0) keyspace.swap(rng.below(3), rng.below(3));
    if (rng.below(500) == 0) keyspace.flush(rng.below(3));
  }
  keyspace.swap(0, 1);
  end();
}

TEST_F(AuditWalkTest, FollowsDataThatReplacesAllOther) {
  for (int i = 0; i < 6000; ++i) change(3000);
  auto beside = keyspace.make_beside();
  const auto fill = [&] {
    for (std::size_t i = 0; i < 2000; ++i) {
      const auto deadline = i % 2 == 0 ? Deadline::never() : Deadline::at(clock.unix_ms() + 1000);
      beside->db(i % 4).put(key("new" + std::to_string(i)), std::string(i % 300, 'x'), deadline);
    }
  };
  fill();
  begin();
  // Past all databases, also those that are empty before.
  while (!walk->step()) {
  }
  keyspace.take_over(*beside);
  EXPECT_EQ(keyspace.size(), 2000u);
  EXPECT_EQ(beside->size(), 0u);
  EXPECT_EQ(text("new4"), "xxxx");
  for (int i = 0; i < 100; ++i) change(3000);
  end();
  fill();
  keyspace.bury(*beside);
  EXPECT_EQ(beside->size(), 0u);
  EXPECT_TRUE(keyspace.graveyard().holds_tables());
}

TEST_F(AuditWalkTest, WaitsUntilFewPiecesAreInTheGraveyard) {
  for (std::size_t i = 0; i < 20'000; ++i) db.put(key("key" + std::to_string(i)), "v");
  begin();
  keyspace.flush(0);
  EXPECT_TRUE(keyspace.graveyard().holds_tables());
  end();
  EXPECT_LT(keyspace.graveyard().pieces(), 20'000u);
}

// Like a turn that makes more changes than the steps between turns can process.
TEST_F(AuditWalkTest, RecordsABoundedNumberOfChanges) {
  constexpr std::size_t kKeys = 100'000;
  for (std::size_t i = 0; i < kKeys; ++i) db.put(key("key" + std::to_string(i)), "v");
  begin();
  while (!walk->step()) {
  }
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < kKeys; ++i) {
      db.put(key("key" + std::to_string(i)), round == 0 ? "a longer value, elsewhere" : "v");
    }
  }
  EXPECT_LE(walk->pending(), 33'000u);
  EXPECT_LT(walk->held_bytes(), std::size_t{2} << 20);
  end();
}

TEST_F(AuditWalkTest, LeavesNoMarksWhenCancelled) {
  for (int i = 0; i < 3000; ++i) change(1000);
  begin();
  EXPECT_FALSE(keyspace.reserve_mark(Entry::kAuditMark));
  for (int i = 0; i < 10; ++i) static_cast<void>(walk->step());
  for (int i = 0; i < 1000; ++i) change(1000);
  EXPECT_GT(walk->pending(), 0u);
  walk.reset();
  expect_no_marks();
  begin();
  end();
}

TEST_F(AuditWalkTest, DetectsBytesMissingInTheLedger) {
  for (int i = 0; i < 1000; ++i) change(1000);
  begin();
  while (!walk->step()) {
  }
  memory::charge(memory::Owner::strings, 16);
  EXPECT_FALSE(audit().balanced());
  memory::charge(memory::Owner::strings, -16);
  EXPECT_TRUE(audit().balanced());
}

}  // namespace
}  // namespace larder::keyspace

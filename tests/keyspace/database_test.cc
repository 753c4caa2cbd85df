#include "larder/keyspace/database.h"

#include <map>
#include <string>

#include "fixture.h"
#include "larder/memory/pages.h"

namespace larder::keyspace {
namespace {

using DatabaseTest = KeyspaceTest;

TEST_F(DatabaseTest, FindsValuesOfEachForm) {
  const std::string large(100'000, 'x');
  db.put(key("number"), "-42");
  db.put(key("small"), "value");
  db.put(key("large"), large);
  EXPECT_EQ(text("number"), "-42");
  EXPECT_EQ(text("small"), "value");
  EXPECT_EQ(text("large"), large);
  EXPECT_EQ(db.look(key("number"), Look::untouched)->form(), Form::integer);
  EXPECT_EQ(db.look(key("small"), Look::untouched)->form(), Form::inside);
  EXPECT_EQ(db.look(key("large"), Look::untouched)->form(), Form::storage);
  EXPECT_EQ(text("none"), "(nil)");
}

TEST_F(DatabaseTest, EntryOverheadIsEightBytes) {
  const Entry::Shape shape{.key = "key:0000000001", .inside_bytes = 32};
  EXPECT_EQ(Entry::bytes(shape), 8 + 14 + 32u);
}

TEST_F(DatabaseTest, OverwritesInPlaceWhenTheSizeClassIsTheSame) {
  db.put(key("k"), "aaaa");
  const Entry* before = db.look(key("k"), Look::untouched);
  db.put(key("k"), "bb");
  EXPECT_EQ(db.look(key("k"), Look::untouched), before);
  EXPECT_EQ(text("k"), "bb");
  EXPECT_TRUE(keyspace.graveyard().empty());
}

TEST_F(DatabaseTest, PutsReplacedEntriesIntoTheGraveyard) {
  db.put(key("k"), "aaaa");
  db.put(key("k"), std::string(300, 'b'));
  EXPECT_EQ(keyspace.graveyard().keys(), 1u);
  EXPECT_GT(memory::balance(memory::Owner::graveyard), 0);
  EXPECT_TRUE(keyspace.graveyard().drain(base::Budget::unlimited()));
  EXPECT_EQ(text("k"), std::string(300, 'b'));
}

TEST_F(DatabaseTest, LongKeysWork) {
  for (const std::size_t size : {0u, 1u, 254u, 255u, 256u, 257u, 70'000u}) {
    const std::string name(size, 'k');
    db.put(key(name), "v", Deadline::at(clock.unix_ms() + 5000));
    EXPECT_EQ(text(name), "v");
    EXPECT_EQ(db.look(key(name), Look::untouched)->deadline(), clock.unix_ms() + 5000);
  }
}

TEST_F(DatabaseTest, ExpiredKeyIsNotFoundFromItsDeadlineOn) {
  db.put(key("k"), "v", Deadline::at(clock.unix_ms() + 100));
  clock.advance_ms(99);
  EXPECT_EQ(text("k"), "v");
  clock.advance_ms(1);
  EXPECT_EQ(text("k"), "(nil)");
  EXPECT_EQ(db.size(), 0u);
  EXPECT_EQ(db.volatile_size(), 0u);
  EXPECT_EQ(metrics.expired_keys.value(), 1u);
}

TEST_F(DatabaseTest, PutRemovesTheDeadlineUnlessKept) {
  db.put(key("k"), "v", Deadline::at(clock.unix_ms() + 100));
  db.put(key("k"), "w", Deadline::kept());
  EXPECT_TRUE(db.look(key("k"), Look::untouched)->has_deadline());
  db.put(key("k"), "x");
  EXPECT_FALSE(db.look(key("k"), Look::untouched)->has_deadline());
  EXPECT_EQ(db.volatile_size(), 0u);
}

TEST_F(DatabaseTest, ExpireAndPersistKeepTheValue) {
  for (const std::string& value :
       {std::string("12"), std::string("value"), std::string(5000, 'v')}) {
    db.put(key("k"), value);
    Entry* entry = db.expire_at(key("k"), db.look(key("k"), Look::write), clock.unix_ms() + 1000);
    EXPECT_EQ(entry->deadline_ms(), clock.unix_ms() + 1000);
    EXPECT_EQ(db.volatile_size(), 1u);
    entry = db.expire_at(key("k"), entry, clock.unix_ms() + 9000);
    EXPECT_EQ(entry->deadline_ms(), clock.unix_ms() + 9000);
    EXPECT_EQ(text("k"), value);
    entry = db.persist(key("k"), entry);
    EXPECT_FALSE(entry->has_deadline());
    EXPECT_EQ(db.volatile_size(), 0u);
    EXPECT_EQ(text("k"), value);
  }
}

TEST_F(DatabaseTest, GrowingStringsWasteAtMostOneSizeClass) {
  db.put(key("k"), "x");
  const std::string piece(100, 'p');
  std::size_t size = 1;
  while (size < 1'000'000) {
    db.edit<types::String>(key("k"), db.look(key("k"), Look::write), Event::append).append(piece);
    size += piece.size();
    const std::size_t held = db.look(key("k"), Look::untouched)->footprint();
    ASSERT_LE(held, std::max<std::size_t>(size + 64, (size + 64) * 5 / 4)) << size;
    keyspace.graveyard().drain(base::Budget::unlimited());
  }
  EXPECT_EQ(text("k"), "x" + std::string(size - 1, 'p'));
}

TEST_F(DatabaseTest, OverwritingPastTheEndFillsWithZeros) {
  db.put(key("k"), "ab");
  db.edit<types::String>(key("k"), db.look(key("k"), Look::write), Event::setrange)
      .overwrite(5, "xy");
  EXPECT_EQ(text("k"), std::string("ab\0\0\0xy", 7));
  EXPECT_TRUE(db.look(key("k"), Look::untouched)->was_edited());
}

TEST_F(DatabaseTest, EditsChangeBytesInPlace) {
  const std::size_t sizes[] = {1, 30, 512, 513, 5000, 600, 40, 3};
  db.put(key("k"), "12", Deadline::at(clock.unix_ms() + 100));
  std::string expected = "12";
  for (const std::size_t size : sizes) {
    auto edit = db.edit<types::String>(key("k"), db.look(key("k"), Look::write), Event::setbit);
    char* bytes = edit.bytes(size);
    expected.resize(size);
    bytes[size - 1] = expected[size - 1] = 'z';
    EXPECT_EQ(text("k"), expected);
  }
  EXPECT_TRUE(db.look(key("k"), Look::untouched)->was_edited());
  EXPECT_EQ(db.volatile_size(), 1u);
}

TEST_F(DatabaseTest, ZerosOfALargeStringTakeNoPages) {
  constexpr std::size_t kGap = 128 << 20;
  const std::uint64_t resident = memory::resident_set_bytes();
  db.put(key("k"), "abc");
  db.edit<types::String>(key("k"), db.look(key("k"), Look::write), Event::setrange)
      .overwrite(kGap, "end");
  memory::write_zeros(db.put_unwritten(key("bits"), kGap, Event::setbit, Contents::zeros), kGap);
  EXPECT_LT(memory::resident_set_bytes(), resident + kGap / 2);
  EXPECT_EQ(text("k"), "abc" + std::string(kGap - 3, '\0') + "end");
}

TEST_F(DatabaseTest, AnUnwrittenStringLeavesTheOldOneReadable) {
  for (const std::size_t size : {1u, 512u, 513u, 5000u}) {
    const std::string before(size, 'a');
    db.put(key("k"), before, Deadline::at(clock.unix_ms() + 100));
    const auto old = db.find<types::String>(key("k"));
    types::String::Scratch scratch;
    const std::string_view bytes = old->text(scratch);
    char* fresh = db.put_unwritten(key("k"), size, Event::set);
    for (std::size_t i = 0; i < size; ++i) fresh[i] = static_cast<char>(bytes[i] ^ 3);
    EXPECT_EQ(text("k"), std::string(size, 'b'));
    EXPECT_EQ(bytes, before);
    EXPECT_FALSE(db.look(key("k"), Look::untouched)->has_deadline());
    keyspace.graveyard().drain(base::Budget::unlimited());
  }
  db.put_unwritten(key("digits"), 1, Event::set)[0] = '7';
  EXPECT_EQ(db.look(key("digits"), Look::untouched)->form(), Form::inside);
  EXPECT_EQ(db.volatile_size(), 0u);
  EXPECT_EQ(db.size(), 2u);
}

TEST_F(DatabaseTest, MovesAndCopiesKeepDeadlineAndValue) {
  Database& other = keyspace.db(1);
  const std::int64_t due = clock.unix_ms() + 1000;
  db.put(key("a"), std::string(2000, 'a'), Deadline::at(due));
  other.put(key("b"), "old");
  other.put_moved(key("b"), db, key("a"), db.look(key("a"), Look::write), Event::move_from,
                  Event::move_to);
  EXPECT_EQ(db.size(), 0u);
  EXPECT_EQ(other.look(key("b"), Look::untouched)->deadline(), due);
  db.put_copy(key("c"), *other.look(key("b"), Look::untouched), Event::copy_to);
  EXPECT_EQ(text("c"), std::string(2000, 'a'));
  EXPECT_EQ(db.look(key("c"), Look::untouched)->deadline(), due);
  EXPECT_EQ(other.size(), 1u);
}

TEST_F(DatabaseTest, FlushedKeysAreFreedInSteps) {
  for (int i = 0; i < 5000; ++i)
    db.put(key("key:" + std::to_string(i)), "value", Deadline::at(clock.unix_ms() + i + 1));
  keyspace.flush(0);
  EXPECT_EQ(db.size(), 0u);
  EXPECT_EQ(text("key:1"), "(nil)");
  EXPECT_EQ(keyspace.graveyard().keys(), 5000u);
  db.put(key("key:1"), "new");
  EXPECT_TRUE(keyspace.graveyard().drain(base::Budget::unlimited()));
  EXPECT_EQ(text("key:1"), "new");
}

TEST_F(DatabaseTest, ReadsCountAsHitsAndMisses) {
  db.put(key("k"), "v");
  text("k");
  text("none");
  db.look(key("k"), Look::untouched);
  db.look(key("k"), Look::write);
  db.look(key("none"), Look::write);
  EXPECT_EQ(metrics.hits.value(), 2u);
  EXPECT_EQ(metrics.misses.value(), 1u);
}

TEST_F(DatabaseTest, OnlyReadsAndWritesUpdateTheAccessTime) {
  db.put(key("k"), "v");
  clock.advance_ms(5000);
  Entry* entry = db.look(key("k"), Look::untouched);
  EXPECT_EQ(keyspace.access().idle_ms(*entry), 5000);
  db.look(key("k"), Look::read);
  EXPECT_EQ(keyspace.access().idle_ms(*entry), 0);
}

TEST_F(DatabaseTest, AgreesWithAMapUnderRandomOperations) {
  std::map<std::string, std::string> model;
  for (int i = 0; i < 60'000; ++i) {
    const std::string name = "k" + std::to_string(rng.below(500));
    const std::string value(rng.below(20) == 0 ? rng.below(3000) : rng.below(40),
                            static_cast<char>('a' + i % 26));
    switch (rng.below(5)) {
      case 0:
      case 1:
        db.put(key(name), value, Deadline::kept());
        model[name] = value;
        break;
      case 2:
        EXPECT_EQ(db.erase(key(name)), model.erase(name) == 1);
        break;
      case 3:
        if (Entry* entry = db.look(key(name), Look::write)) {
          db.edit<types::String>(key(name), entry, Event::append).append(value);
          model[name] += value;
        }
        break;
      default:
        if (Entry* entry = db.look(key(name), Look::write)) {
          if (entry->has_deadline()) {
            db.persist(key(name), entry);
          } else {
            db.expire_at(key(name), entry, clock.unix_ms() + 1'000'000);
          }
        }
    }
    if (i % 64 == 0) keyspace.graveyard().drain(base::Budget::unlimited());
  }
  EXPECT_EQ(db.size(), model.size());
  for (const auto& [name, value] : model) EXPECT_EQ(text(name), value);
}

TEST_F(DatabaseTest, ChangesAreRecordedOnlyForListeners) {
  db.put(key("k"), "v");
  EXPECT_TRUE(keyspace.log().empty());
  EXPECT_EQ(keyspace.log().changes(), 1u);
  keyspace.log().listen();
  db.put(key("k"), "v", Deadline::at(clock.unix_ms() + 1));
  clock.advance_ms(1);
  text("k");
  const auto entries = keyspace.log().entries();
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].event, Event::set);
  EXPECT_EQ(entries[1].event, Event::expire);
  EXPECT_EQ(entries[2].event, Event::expired);
  EXPECT_EQ(entries[2].cause, Cause::expired);
  EXPECT_EQ(entries[2].key, "k");
  keyspace.log().clear();
}

TEST_F(DatabaseTest, TheLogKeepsNamesOfAnySizeUntilItIsRead) {
  keyspace.log().listen();
  std::vector<std::string> names;
  for (std::size_t i = 0; i < 3000; ++i) {
    names.push_back(std::string(i % 100 == 0 ? 20'000 : i % 50, 'k') + std::to_string(i));
    db.put(key(names.back()), "v");
  }
  std::size_t seen = 0;
  keyspace.log().read([&](std::span<const Change> changes) {
    for (const Change& change : changes) EXPECT_EQ(change.key, names[seen++]);
  });
  EXPECT_EQ(seen, names.size());
  EXPECT_TRUE(keyspace.log().empty());
}

TEST_F(DatabaseTest, AListenerThatWritesEndsTheProcess) {
  keyspace.log().listen();
  db.put(key("k"), "v");
  EXPECT_DEATH(keyspace.log().read([this](std::span<const Change>) { db.put(key("k"), "other"); }),
               "ASSERTION FAILED: .*being_read");
  keyspace.log().clear();
}

TEST_F(DatabaseTest, ExpiresNothingWhileExpiryIsHeld) {
  Removals& removals = keyspace.removals();
  removals.hold(Hold::replica);
  removals.hold(Hold::pause);
  db.put(key("k"), "v", Deadline::at(clock.unix_ms() + 1));
  clock.advance_ms(1);
  removals.release(Hold::pause);
  EXPECT_TRUE(removals.held());
  EXPECT_EQ(text("k"), "(nil)");
  EXPECT_EQ(db.look(key("k"), Look::untouched), nullptr);
  EXPECT_EQ(db.size(), 1u);
  removals.release(Hold::replica);
  EXPECT_EQ(text("k"), "(nil)");
  EXPECT_EQ(db.size(), 0u);
}

TEST_F(DatabaseTest, WritesRemoveExpiredKeysWhileExpiryIsHeld) {
  keyspace.removals().hold(Hold::pause);
  db.put(key("k"), "v", Deadline::at(clock.unix_ms() + 1));
  clock.advance_ms(1);
  EXPECT_FALSE(db.erase(key("k")));
  EXPECT_EQ(db.size(), 0u);
}

TEST_F(DatabaseTest, RepeatedCommandsFindExpiredKeys) {
  Removals& removals = keyspace.removals();
  removals.hold(Hold::replica);
  for (const char* name : {"kept", "erased", "edited"}) {
    db.put(key(name), "v", Deadline::at(clock.unix_ms() + 1));
  }
  clock.advance_ms(1);
  {
    const Removals::Repeating repeating(removals);
    EXPECT_EQ(text("kept"), "v");
    EXPECT_TRUE(db.erase(key("erased")));
    db.edit<types::String>(key("edited"), db.look(key("edited"), Look::write), Event::append)
        .append("w");
    db.put(key("kept"), "new", Deadline::kept());
    EXPECT_EQ(text("edited"), "vw");
  }
  EXPECT_EQ(text("kept"), "(nil)");
  EXPECT_EQ(text("edited"), "(nil)");
  EXPECT_EQ(db.size(), 2u);
  EXPECT_EQ(metrics.expired_keys.value(), 0u);
}

}  // namespace
}  // namespace larder::keyspace

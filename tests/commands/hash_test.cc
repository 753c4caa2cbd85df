#include "larder/types/hash.h"

#include "keyspace_commands.h"

namespace larder::commands {
namespace {

class Hashes : public KeyspaceCommands {};

TEST_F(Hashes, ReplicateTheirChanges) {
  EXPECT_EQ(effects_of({"HSET", "h", "a", "1", "b", "2"}), "0 HSET h a 1 b 2");
  EXPECT_EQ(effects_of({"HSETNX", "h", "a", "1"}), "");
  EXPECT_EQ(effects_of({"HDEL", "h", "none"}), "");
  EXPECT_EQ(effects_of({"HINCRBY", "h", "a", "1"}), "0 HINCRBY h a 1");
  EXPECT_EQ(effects_of({"HINCRBY", "h", "a", "x"}), "");
  EXPECT_EQ(effects_of({"HINCRBYFLOAT", "h", "a", "0.5"}), "0 HSET h a 2.5");
  EXPECT_EQ(effects_of({"HGETDEL", "h", "FIELDS", "2", "b", "none"}), "0 HDEL h b");
  EXPECT_EQ(effects_of({"HDEL", "h", "a"}), "0 HDEL h a");
  EXPECT_EQ(effects_of({"HGETEX", "h", "FIELDS", "1", "a"}), "");
}

TEST_F(Hashes, ReplicateFieldDeadlinesAsAbsoluteTimes) {
  run({"HSET", "h", "a", "1", "b", "2"});
  EXPECT_EQ(effects_of({"HEXPIRE", "h", "10", "FIELDS", "3", "a", "none", "b"}),
            "0 MULTI\n0 HPEXPIREAT h " + now_plus(10'000) + " FIELDS 1 a\n0 HPEXPIREAT h " +
                now_plus(10'000) + " FIELDS 1 b\n0 EXEC");
  EXPECT_EQ(effects_of({"HEXPIRE", "h", "10", "NX", "FIELDS", "1", "a"}), "");
  EXPECT_EQ(effects_of({"HINCRBYFLOAT", "h", "a", "0.5"}), "0 HSETEX h KEEPTTL FIELDS 1 a 1.5");
  EXPECT_EQ(effects_of({"HGETEX", "h", "PX", "5", "FIELDS", "1", "a"}),
            "0 HPEXPIREAT h " + now_plus(5) + " FIELDS 1 a");
  EXPECT_EQ(effects_of({"HGETEX", "h", "PERSIST", "FIELDS", "1", "a"}), "0 HPERSIST h FIELDS 1 a");
  EXPECT_EQ(effects_of({"HGETEX", "h", "PERSIST", "FIELDS", "1", "a"}), "");
  EXPECT_EQ(effects_of({"HSETEX", "h", "PX", "5", "FIELDS", "1", "a", "v"}),
            "0 HSETEX h PXAT " + now_plus(5) + " FIELDS 1 a v");
  EXPECT_EQ(effects_of({"HSETEX", "h", "EX", "0", "FIELDS", "2", "a", "v", "c", "v"}),
            "0 HDEL h a");
  EXPECT_EQ(effects_of({"HEXPIRE", "h", "0", "FIELDS", "1", "b"}), "0 HDEL h b");
}

TEST_F(Hashes, PublishTheEventsOfRedis) {
  EXPECT_EQ(changes_of({"HSET", "h", "a", "1", "b", "2", "c", "3"}), "h hset h@0");
  EXPECT_EQ(changes_of({"HINCRBY", "h", "a", "1"}), "h hincrby h@0");
  EXPECT_EQ(changes_of({"HINCRBYFLOAT", "h", "a", "1"}), "h hincrbyfloat h@0");
  EXPECT_EQ(changes_of({"HEXPIRE", "h", "10", "FIELDS", "1", "a"}), "h hexpire h@0");
  EXPECT_EQ(changes_of({"HPERSIST", "h", "FIELDS", "2", "a", "b"}), "h hpersist h@0");
  EXPECT_EQ(changes_of({"HPERSIST", "h", "FIELDS", "2", "a", "b"}), "");
  EXPECT_EQ(changes_of({"HSETEX", "h", "EX", "10", "FIELDS", "1", "a", "1"}),
            "h hset h@0\nh hexpire h@0");
  EXPECT_EQ(changes_of({"HGETEX", "h", "EX", "0", "FIELDS", "1", "a"}), "h hdel h@0");
  EXPECT_EQ(changes_of({"HDEL", "h", "b", "none"}), "h hdel h@0");
  EXPECT_EQ(changes_of({"HGETDEL", "h", "FIELDS", "1", "c"}), "h hdel h@0\ng del h@0");
}

TEST_F(Hashes, HideExpiredFieldsWhileRemovalIsPaused) {
  run({"HSET", "h", "a", "1", "b", "2"});
  run({"HPEXPIRE", "h", "5", "FIELDS", "1", "a"});
  clock.advance_ms(5);
  keyspace.removals().hold(keyspace::Hold::replica);
  EXPECT_EQ(effects_of({"HGET", "h", "a"}), "");
  EXPECT_EQ(run({"HGET", "h", "a"}), "$-1");
  EXPECT_EQ(effects_of({"HSET", "h", "c", "3"}), "0 HSET h c 3");
  EXPECT_EQ(reporter.value("expired_subkeys"), "0");
  keyspace.removals().release(keyspace::Hold::replica);
  EXPECT_EQ(effects_of({"HLEN", "h"}), "0 HDEL h a");
}

TEST_F(Hashes, AreNotChangedByExpiryWhileCommandsOfAnotherServerAreRepeated) {
  run({"HSET", "h", "a", "1", "b", "2", "c", "3", "d", "4"});
  run({"HPEXPIRE", "h", "5", "FIELDS", "3", "a", "b", "c"});
  clock.advance_ms(5);
  keyspace.removals().hold(keyspace::Hold::replica);
  {
    const keyspace::Removals::Repeating repeating(keyspace.removals());
    EXPECT_EQ(run({"HINCRBY", "h", "a", "1"}), ":2");
    EXPECT_EQ(run({"HSETNX", "h", "b", "new"}), ":0");
    EXPECT_EQ(run({"HDEL", "h", "b"}), ":1");
    EXPECT_EQ(run({"HPEXPIREAT", "h", now_plus(-1), "FIELDS", "1", "c"}), "*1\n  :1");
    EXPECT_EQ(run({"HLEN", "h"}), ":3");
  }
  EXPECT_EQ(run({"HEXISTS", "h", "a"}), ":0");
  EXPECT_EQ(run({"HGETALL", "h"}), "*2\n  \"d\"\n  \"4\"");
  sweeper.run(base::Budget::unlimited());
  keyspace::Entry* const entry = keyspace.db(0).find_hashed(keyspace::Key::of("h").hash);
  EXPECT_TRUE(keyspace.db(0).expire_elements(entry, keyspace::Key::of("h").hash, 100));
  EXPECT_EQ(entry->value<types::Hash>()->size(), 3u);
  EXPECT_EQ(reporter.value("expired_subkeys"), "0");
  keyspace.removals().release(keyspace::Hold::replica);
  EXPECT_EQ(effects_of({"HLEN", "h"}), "0 MULTI\n0 HDEL h a\n0 HDEL h c\n0 EXEC");
}

// Those of a large hash are not all removed at once.
TEST_F(Hashes, PropagateTheRemovalOfAnExpiredFieldThatACommandNames) {
  for (int i = 0; i < 600; ++i) run({"HSET", "h1", "field" + std::to_string(i), "1"});
  run({"HPEXPIRE", "h1", "5", "FIELDS", "3", "field0", "field1", "field2"});
  clock.advance_ms(5);
  EXPECT_EQ(effects_of({"HINCRBY", "h1", "field0", "1"}),
            "0 MULTI\n0 HDEL h1 field0\n0 HINCRBY h1 field0 1\n0 EXEC");
  EXPECT_EQ(effects_of({"HPERSIST", "h1", "FIELDS", "2", "field1", "field3"}), "0 HDEL h1 field1");
  run({"RPUSH", "l", "1"});
  EXPECT_EQ(effects_of({"SORT", "l", "GET", "h*->field2", "STORE", "d"}),
            "0 MULTI\n0 HDEL h1 field2\n0 SORT l GET h*->field2 STORE d\n0 EXEC");
}

TEST_F(Hashes, RemoveExpiredFieldsWhenRead) {
  run({"HSET", "h", "a", "1", "b", "2"});
  run({"HPEXPIRE", "h", "5", "FIELDS", "1", "a"});
  clock.advance_ms(5);
  change_lines.lines.clear();
  EXPECT_EQ(effects_of({"HLEN", "h"}), "0 HDEL h a");
  EXPECT_EQ(change_lines.lines, std::vector<std::string>{"h hexpired h@0"});
  EXPECT_EQ(reporter.value("expired_subkeys"), "1");
  run({"HPEXPIRE", "h", "5", "FIELDS", "1", "b"});
  clock.advance_ms(5);
  EXPECT_EQ(effects_of({"HSET", "h", "c", "3"}), "0 MULTI\n0 HDEL h b\n0 HSET h c 3\n0 EXEC");
  EXPECT_EQ(run({"HKEYS", "h"}), "*1\n  \"c\"");
}

TEST_F(Hashes, RemoveTheKeyWhenTheLastFieldExpires) {
  run({"HSET", "h", "a", "1"});
  run({"HPEXPIRE", "h", "5", "FIELDS", "1", "a"});
  clock.advance_ms(5);
  EXPECT_EQ(changes_of({"HGET", "h", "a"}), "h hexpired h@0\ng del h@0");
  EXPECT_EQ(run({"EXISTS", "h"}), ":0");
  EXPECT_EQ(keyspace.db(0).element_expires().size(), 0u);
}

TEST_F(Hashes, ShowNoneOfManyExpiredFields) {
  for (int i = 0; i < 2000; ++i) {
    const std::string name = std::to_string(i);
    run({"HSET", "h", name, "v"});
    if (i % 10 != 0) run({"HPEXPIRE", "h", "5", "FIELDS", "1", name});
  }
  clock.advance_ms(5);
  EXPECT_EQ(run({"HGET", "h", "11"}), "$-1");
  EXPECT_EQ(run({"HGET", "h", "10"}), "\"v\"");
  EXPECT_EQ(run({"HKEYS", "h"}).substr(0, 4), "*200");
  EXPECT_EQ(run({"HGETALL", "h"}).substr(0, 4), "*400");
  EXPECT_EQ(run({"HRANDFIELD", "h", "1000"}).substr(0, 4), "*200");
  EXPECT_EQ(run({"HRANDFIELD", "h", "5"}).substr(0, 2), "*5");
  EXPECT_EQ(run({"HSETNX", "h", "11", "w"}), ":1");
  EXPECT_EQ(run({"HTTL", "h", "FIELDS", "2", "11", "12"}), "*2\n  :-1\n  :-2");
  sweeper.run(base::Budget::unlimited());
  EXPECT_EQ(run({"HLEN", "h"}), ":201");
  EXPECT_EQ(reporter.value("expired_subkeys"), "1800");
}

TEST_F(Hashes, CountOneSlotOfEachIndexInMemoryUsage) {
  run({"HSET", "h", "a", "1"});
  run({"HEXPIRE", "h", "10", "FIELDS", "1", "a"});
  const auto key = keyspace::Key::of("h");
  const keyspace::Entry* entry = keyspace.db(0).look(key, keyspace::Look::write);
  EXPECT_EQ(keyspace.db(0).memory_usage(*entry),
            entry->footprint() + 2 * keyspace::EntryTable::kSlotBytes);
}

}  // namespace
}  // namespace larder::commands

#include "larder/keyspace/change_log.h"

#include <gtest/gtest.h>

namespace larder::keyspace {
namespace {

TEST(ChangeLog, RecordsNothingWithoutListeners) {
  ChangeLog log;
  log.add(Event::set, 0, "a");
  log.add(Event::expired, 0, "b", Cause::expired);
  EXPECT_TRUE(log.empty());
}

// Those of commands; a command may change several elements, or count as nothing.
TEST(ChangeLog, CountsTheElementsThatCommandsChange) {
  ChangeLog log;
  log.add(Event::expired, 0, "b", Cause::expired);
  log.add_expired(Event::hexpired, 0, "c", "field");
  EXPECT_EQ(log.changes(), 0u);
  log.add(Event::rpush, 0, "l");
  log.count_more(2);
  EXPECT_EQ(log.changes(), 3u);
  log.count_more(-1);
  log.add(Event::ltrim, 0, "l");
  EXPECT_EQ(log.changes(), 3u);
}

TEST(ChangeLog, RecordsOnlyRemovalsForAListenerToRemovals) {
  ChangeLog log;
  log.listen_to_removals();
  log.add(Event::set, 0, "a");
  log.also(Event::expire, 0, "a");
  log.add(Event::expired, 0, "b", Cause::expired);
  log.add_expired(Event::hexpired, 0, "c", "field");
  ASSERT_EQ(log.entries().size(), 2u);
  EXPECT_EQ(log.entries()[0].key, "b");
  EXPECT_EQ(log.entries()[1].element, "field");
  log.unlisten_to_removals();
  log.clear();
  log.add(Event::evicted, 0, "d", Cause::evicted);
  EXPECT_TRUE(log.empty());
}

TEST(ChangeLog, TellsWhetherACommandChangedSomething) {
  ChangeLog log;
  log.add(Event::set, 0, "a");
  log.listen_to_removals();
  EXPECT_FALSE(log.command_changed());
  log.add(Event::evicted, 0, "b", Cause::evicted);
  EXPECT_FALSE(log.command_changed());
  log.add(Event::set, 0, "a");
  EXPECT_TRUE(log.command_changed());
  log.clear();
  EXPECT_FALSE(log.command_changed());
  log.add_flush(0, 0);  // an empty database was flushed
  EXPECT_TRUE(log.command_changed());
}

}  // namespace
}  // namespace larder::keyspace

// A primary and its replica under random commands, while entries and values get other addresses at
// any time that this is allowed: in both servers a slab may be emptied before each command.

#include "pair.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/server/random_commands.h"
#include "tests/server/snapshot_folder.h"

namespace larder::replication {
namespace {

struct PairShape {
  const char* name;
  const char* options;
};

class PairTest : public server::SnapshotFolder, public testing::WithParamInterface<PairShape> {};

TEST_P(PairTest, HasTheSameDataWhereverBlocksMove) {
  Pair pair(GetParam().options);
  for (server::Core* core : {&pair.primary(), &pair.replica()}) core->evacuator.test(true);
  server::RandomCommands words(7);
  {
    const auto client = pair.primary_harness().connect();
    // Before the copy, while it is made, and after it; then the connection breaks at times.
    for (int i = 0; i < 12'000; ++i) {
      client->exchange(words.next() + "\r\n");
      if (i > 1000 && i % 5 == 0) pair.step();
      if (i == 4000) pair.expect_equal();
      if (i > 4000 && i % 1000 == 0) pair.cut();
    }
  }
  pair.expect_equal();
  EXPECT_EQ(pair.primary().replication_metrics.sync_partial_ok.value(), 7u);
  for (server::Core* core : {&pair.primary(), &pair.replica()}) {
    EXPECT_GT(core->memory_metrics.active_defrag_hits.value(), 10'000u);
  }
}

constexpr PairShape kShapes[] = {
    {"ThroughAFile", "repl-diskless-sync no\n"},
    {"ThroughAPipe", "repl-diskless-sync-delay 0\n"},
    {"ThroughAPipeToMemory", "repl-diskless-sync-delay 0\nrepl-diskless-load on-empty-db\n"},
};

INSTANTIATE_TEST_SUITE_P(Copies, PairTest, testing::ValuesIn(kShapes),
                         [](const auto& shape) { return std::string(shape.param.name); });

}  // namespace
}  // namespace larder::replication

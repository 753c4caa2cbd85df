// The keys that a command looks at when it runs again.

#include "larder/keyspace/edit.h"
#include "larder/types/list.h"
#include "waiting_room.h"

namespace larder::engine {
namespace {

class WaitingAgain : public Waiting {};

// A command with a million keys does not look them all up again for one push.
TEST_F(WaitingAgain, LooksOnlyAtTheKeyThatIsReady) {
  Words words{"bpop"};
  for (int i = 0; i < 1000; ++i) words.push_back("key:" + std::to_string(i));
  words.push_back("0");
  Client& one = waits(words);
  EXPECT_EQ(runs.candidates, 1000u);
  reply({"push", "key:700", "a"});
  EXPECT_EQ(output_of(one), "+key:700=a\r\n");
  EXPECT_EQ(runs.candidates, 1u);
  Client& two = waits(words);
  run({{"push", "other", "x"}, {"push", "key:3", "a"}, {"push", "key:1", "b"}});
  EXPECT_EQ(output_of(two), "+key:3=a\r\n");
  EXPECT_EQ(runs.candidates, 1u);
  // What the two waits left.
  sessions.free_left(base::Budget::unlimited());
}

// If several keys are ready, the order of the command decides.
TEST_F(WaitingAgain, TriesAllItsKeysIfSeveralAreReady) {
  Client& one = waits({"bpop", "a", "b", "c", "0"});
  keyspace.log().listen();
  keyspace.db(0).put(keyspace::Key::of("c"), "1");
  keyspace.db(0).put(keyspace::Key::of("a"), "2");
  executor.settle_background();
  executor.serve_ready();
  EXPECT_EQ(output_of(one), "+a=2\r\n");
  EXPECT_EQ(runs.candidates, 3u);
  keyspace.log().unlisten();
}

// A key that has a value is not ready for this command, but it may fail because of it.
TEST_F(WaitingAgain, TriesAllItsKeysIfOneHasAValueOfAnotherType) {
  Client& one = waits({"bpop", "a", "b", "c", "0"});
  keyspace.db(0)
      .edit<types::List>(keyspace::Key::of("a"), nullptr, keyspace::Event::rpush)
      ->push({}, types::ListEnd::tail, "x");
  executor.settle_background();
  executor.serve_ready();
  EXPECT_TRUE(one.session.is_blocked());
  reply({"push", "b", "1"});
  EXPECT_EQ(output_of(one), "+b=1\r\n");
  EXPECT_EQ(runs.candidates, 3u);
}

}  // namespace
}  // namespace larder::engine

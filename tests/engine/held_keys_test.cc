#include "larder/engine/held_keys.h"

#include <memory>

#include "room.h"

namespace larder::engine {
namespace {

class HoldingKeys : public Room {
 protected:
  struct Client {
    explicit Client(HoldingKeys& room)
        : output(room.pool), session(room.sessions, peer, output, room.clock) {}
    ~Client() { session.leave(); }
    NoPeer peer;
    resp::ReplyBuffer output;
    Session session;
  };
  std::size_t run_as(Client& caller, const Words& words) {
    const std::vector<std::string_view> views(words.begin(), words.end());
    const resp::Request request{.args = views, .bytes = 0};
    return executor.run(caller.session, {&request, 1}, std::numeric_limits<std::size_t>::max());
  }

  HeldKeys held{gates, waiters.for_held_keys()};
  const std::vector<std::string> names{"held", "held too"};
};

TEST_F(HoldingKeys, DelaysWritesOfTheseKeysOnly) {
  held.hold(names);
  EXPECT_EQ(run({{"get", "held"}, {"set", "free", "v"}, {"set", "held", "v"}, {"get", "held"}}),
            2u);
  EXPECT_EQ(take_output(), "$-1\r\n+OK\r\n");
  EXPECT_TRUE(session.is_held());
  EXPECT_EQ(session.last_command->name, "set");
  EXPECT_EQ(commands.find("set")->stats.calls, 1u);
  held.release(names);
  EXPECT_FALSE(session.is_held());
  EXPECT_EQ(peer.unblockings, 1);
  EXPECT_EQ(gates.closed(), 0u);
  EXPECT_EQ(reply({"set", "held", "v"}), "+OK\r\n");
}

TEST_F(HoldingKeys, DelaysCommandsThatMayChangeEveryKey) {
  held.hold(names);
  EXPECT_EQ(run({{"flush"}}), 0u);
  held.release(names);
  EXPECT_EQ(run({{"flush"}}), 1u);
}

TEST_F(HoldingKeys, DelaysATransactionThatWritesOne) {
  held.hold(names);
  EXPECT_EQ(run({{"multi"}, {"get", "held"}, {"set", "free", "v"}, {"exec"}}), 4u);
  EXPECT_EQ(run({{"multi"}, {"set", "held", "v"}, {"exec"}}), 2u);
  take_output();
  held.release(names);
  EXPECT_EQ(run({{"exec"}}), 1u);
  EXPECT_EQ(take_output(), "*1\r\n+OK\r\n");
}

TEST_F(HoldingKeys, ANameIsHeldAsOftenAsItWasNamed) {
  const std::vector<std::string> twice{"held", "held"};
  held.hold(names);
  held.hold(twice);
  held.release(names);
  EXPECT_EQ(run({{"set", "held too", "v"}}), 1u);
  EXPECT_EQ(run({{"set", "held", "v"}}), 0u);
  held.release(twice);
  EXPECT_EQ(run({{"set", "held", "v"}}), 1u);
}

TEST_F(HoldingKeys, ANameOutlivesAnotherHolderOfIt) {
  for (const bool is_first : {true, false}) {
    std::vector<std::string> gone = names;
    held.hold(is_first ? gone : names);
    held.hold(is_first ? names : gone);
    held.release(gone);
    gone.front().assign("other");
    EXPECT_EQ(run({{"set", "held", "v"}}), 0u) << is_first;
    held.release(names);
    EXPECT_EQ(run({{"set", "held", "v"}}), 1u) << is_first;
  }
}

TEST_F(HoldingKeys, ABlockedCommandKeepsWaitingWhileItsTargetIsHeld) {
  Client mover(*this);
  EXPECT_EQ(run_as(mover, {"bmove", "from", "held", "0"}), 1u);
  held.hold(names);
  EXPECT_EQ(reply({"push", "from", "ab"}), "+OK\r\n");
  EXPECT_TRUE(mover.session.is_blocked());
  EXPECT_EQ(reply({"get", "from"}), "$2\r\nab\r\n");
  EXPECT_EQ(reply({"push", "from", "c"}), "+OK\r\n");
  held.release(names);
  executor.end_turn();
  EXPECT_FALSE(mover.session.is_blocked());
  EXPECT_EQ(resp::taken(mover.output), "+a\r\n");
  EXPECT_EQ(reply({"get", "from"}), "$2\r\nbc\r\n");
}

TEST_F(HoldingKeys, ABlockedCommandThatIsDelayedDoesNotStopOthers) {
  Client mover(*this);
  Client popper(*this);
  run_as(mover, {"bmove", "from", "held", "0"});
  run_as(popper, {"bpop", "from", "0"});
  held.hold(names);
  run({{"push", "from", "a"}});
  EXPECT_EQ(resp::taken(popper.output), "+from=a\r\n");
  EXPECT_TRUE(mover.session.is_blocked());
  held.release(names);
}

TEST_F(HoldingKeys, ADelayedCommandThatWaitedForKeysStillTimesOut) {
  Client mover(*this);
  run_as(mover, {"bmove", "from", "held", "100"});
  held.hold(names);
  run({{"push", "from", "a"}});
  EXPECT_TRUE(mover.session.is_held());
  clock.advance_ms(100);
  executor.end_turn();
  EXPECT_EQ(resp::taken(mover.output), "$-1\r\n");
  EXPECT_FALSE(mover.session.is_held());
  EXPECT_EQ(run_as(mover, {"get", "held"}), 1u);
  held.release(names);
}

TEST_F(HoldingKeys, AClientThatLeavesIsForgotten) {
  {
    Client writer(*this);
    held.hold(names);
    EXPECT_EQ(run_as(writer, {"set", "held", "v"}), 0u);
    EXPECT_EQ(waiters.for_held_keys().size(), 1u);
  }
  held.release(names);
  EXPECT_TRUE(waiters.for_held_keys().empty());
}

TEST_F(HoldingKeys, ManyWaitersContinueInSteps) {
  held.hold(names);
  std::vector<std::unique_ptr<Client>> writers;
  for (int i = 0; i < 200; ++i) {
    writers.push_back(std::make_unique<Client>(*this));
    EXPECT_EQ(run_as(*writers.back(), {"set", "held", "v"}), 0u);
  }
  held.release(names);
  EXPECT_GT(waiters.for_held_keys().size(), 0u);
  while (held.resume_some()) {
  }
  EXPECT_TRUE(waiters.for_held_keys().empty());
}

}  // namespace
}  // namespace larder::engine

// Replies that show effects which the journal has not made durable.

#include "tests/net/served_room.h"

namespace larder::net {
namespace {

class HeldReplies : public ServedRoom {
 protected:
  // Each effect is one position.
  struct Journal final : engine::EffectSink {
    explicit Journal(engine::Executor& executor_) : executor(executor_) {}
    void take(const engine::Effect&) override { executor.running()->shown_position = ++position; }
    engine::Executor& executor;
    std::uint64_t position = 0;
  };

  HeldReplies() {
    effects.release(0);
    executor.follow(journal);
  }
  ~HeldReplies() override { executor.unfollow(journal); }

  std::string turn(Line& of) {
    loop->run_once(0);
    connections.end_turn();
    return of.read();
  }

  // The first session is that of the room.
  engine::Session& writers_session() { return *sessions.first()->next(); }

  Journal journal{executor};
  Line writer = connect();
  Line reader = connect();
};

TEST_F(HeldReplies, WaitUntilTheirPositionIsReleased) {
  writer.write("get a\r\nset a 1\r\n");
  EXPECT_EQ(turn(writer), "");
  // The loop does not spin for them.
  EXPECT_FALSE(connections.has_work());
  effects.release(1);
  EXPECT_EQ(turn(writer), "$-1\r\n+OK\r\n");
}

TEST_F(HeldReplies, OthersAreSent) {
  writer.write("set a 1\r\n");
  EXPECT_EQ(turn(writer), "");
  reader.write("get b\r\n");
  EXPECT_EQ(turn(reader), "$-1\r\n");
}

TEST_F(HeldReplies, EarlierOnesLeaveFirst) {
  writer.write("set a 1\r\n");
  EXPECT_EQ(turn(writer), "");
  writer.write("set a 2\r\nget a\r\n");
  EXPECT_EQ(turn(writer), "");
  effects.release(1);
  EXPECT_EQ(turn(writer), "+OK\r\n");
  writer.write("set a 3\r\n");
  EXPECT_EQ(turn(writer), "");
  effects.release(3);
  EXPECT_EQ(turn(writer), "+OK\r\n$1\r\n2\r\n+OK\r\n");
  expect_balance();
}

TEST_F(HeldReplies, AClosingConnectionGetsThemFirst) {
  writer.write("set a 1\r\n");
  EXPECT_EQ(turn(writer), "");
  writers_session().close(engine::Closing::after_reply);
  EXPECT_EQ(turn(writer), "");
  EXPECT_EQ(connections.size(), 2U);
  effects.release(1);
  EXPECT_EQ(turn(writer), "+OK\r\n");
  EXPECT_EQ(connections.size(), 1U);
}

TEST_F(HeldReplies, ADisconnectedClientIsForgotten) {
  writer.write("set a 1\r\n");
  EXPECT_EQ(turn(writer), "");
  writers_session().close(engine::Closing::now);
  turn(reader);
  effects.release(1);
  turn(reader);
  EXPECT_EQ(connections.size(), 1U);
  expect_balance();
}

// Much more output than one send takes, all of it behind one position.
TEST_F(HeldReplies, LargeOnesAreSentInFull) {
  keyspace.db(0).put(keyspace::Key::of("large"), std::string(300'000, 'v'));
  writer.write("set a 1\r\nget large\r\n");
  EXPECT_EQ(turn(writer), "");
  effects.release(1);
  std::string got;
  for (int i = 0; i < 50; ++i) got += turn(writer);
  EXPECT_EQ(got.size(), std::string("+OK\r\n$300000\r\n\r\n").size() + 300'000);
}

}  // namespace
}  // namespace larder::net

// Effects are flushed before the replies are sent.

#include "tests/net/served_room.h"

namespace larder::net {
namespace {

class Flushing : public ServedRoom {
 protected:
  // Records what the client had received when flush was called.
  struct Journal final : engine::EffectSink {
    explicit Journal(Line& client_) : client(client_) {}
    void take(const engine::Effect&) override { ++taken; }
    void flush() override {
      received += client.read();
      if (taken > flushed) received_at_flush = received;
      flushed = taken;
    }
    Line& client;
    int taken = 0;
    int flushed = 0;
    std::string received;
    std::string received_at_flush;
  };

  Line client = connect();
  Journal journal{client};
};

TEST_F(Flushing, HappensBeforeTheReplyIsSent) {
  executor.follow(journal);
  client.write("set a 1\r\nget a\r\n");
  loop->run_once(0);
  connections.end_turn();
  EXPECT_EQ(journal.taken, 1);
  EXPECT_EQ(journal.flushed, 1);
  EXPECT_EQ(journal.received_at_flush, "");
  EXPECT_EQ(client.read(), "+OK\r\n$1\r\n1\r\n");
  executor.unfollow(journal);
}

// The socket is full; the rest is sent when it is writable, after a later flush.
TEST_F(Flushing, HappensBeforeDelayedRepliesToASlowReader) {
  const std::string value(400'000, 'v');
  keyspace.db(0).put(keyspace::Key::of("large"), value);
  for (int i = 0; i < 4; ++i) client.write("get large\r\n");
  loop->run_once(0);
  connections.end_turn();
  executor.follow(journal);
  client.write("set a 1\r\n");
  // Reading makes room, so that the socket is readable and writable at once.
  journal.received = client.read();
  for (int turn = 0; turn < 100 && journal.taken == 0; ++turn) {
    loop->run_once(0);
    connections.end_turn();
  }
  ASSERT_EQ(journal.taken, 1);
  EXPECT_EQ(journal.flushed, 1);
  EXPECT_FALSE(journal.received_at_flush.ends_with("+OK\r\n"));
  for (int turn = 0; turn < 100; ++turn) {
    loop->run_once(0);
    connections.end_turn();
    journal.received += client.read();
  }
  EXPECT_TRUE(journal.received.ends_with("+OK\r\n"));
  executor.unfollow(journal);
}

}  // namespace
}  // namespace larder::net

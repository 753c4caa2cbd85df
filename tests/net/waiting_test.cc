// Connections with blocked sessions: their input while they are blocked, and how they are closed.

#include "tests/net/served_room.h"

namespace larder::net {
namespace {

class Waiting : public ServedRoom {
 protected:
  void turns(int count) {
    for (int i = 0; i < count; ++i) {
      loop->run_once(0);
      connections.end_turn();
      executor.end_turn();
    }
  }
  std::string talk(Line& line, std::string_view bytes) {
    line.write(bytes);
    turns(3);
    return line.read();
  }
};

TEST_F(Waiting, DelaysLaterRequestsOfThePipeline) {
  Line waiter = connect();
  Line other = connect();
  EXPECT_EQ(talk(waiter, "set x 1\r\nbpop k 0\r\nget x\r\nset x 2\r\n"), "+OK\r\n");
  EXPECT_EQ(talk(waiter, "get x\r\nbpop k"), "");
  EXPECT_EQ(talk(other, "get x\r\n"), "$1\r\n1\r\n");
  expect_balance();
  EXPECT_EQ(talk(other, "push k a\r\n"), "+OK\r\n");
  EXPECT_EQ(waiter.read(), "+k=a\r\n$1\r\n1\r\n+OK\r\n$1\r\n2\r\n");
  EXPECT_EQ(talk(waiter, " 0\r\n"), "");
  EXPECT_EQ(talk(other, "push k b\r\n"), "+OK\r\n");
  EXPECT_EQ(waiter.read(), "+k=b\r\n");
  expect_balance();
}

TEST_F(Waiting, SeveralBlockingCommandsInOnePipeline) {
  Line waiter = connect();
  Line other = connect();
  EXPECT_EQ(talk(waiter, "bpop k 0\r\nbpop k 0\r\nbpop j 0\r\nget k\r\n"), "");
  EXPECT_EQ(talk(other, "push j z\r\npush k abc\r\n"), "+OK\r\n+OK\r\n");
  turns(4);
  EXPECT_EQ(waiter.read(), "+k=a\r\n+k=b\r\n+j=z\r\n$1\r\nc\r\n");
}

TEST_F(Waiting, IsNotServedByLaterRequestsOfThePipeline) {
  Line waiter = connect();
  EXPECT_EQ(talk(waiter, "bpop k 0\r\npush k a\r\n"), "");
  EXPECT_EQ(keyspace.size(), 0u);
  clock.advance_ms(1000);
  EXPECT_EQ(talk(waiter, ""), "");
}

TEST_F(Waiting, EndsWithItsConnection) {
  Line gone = connect();
  Line half_gone = connect();
  Line stays = connect();
  for (Line* line : {&gone, &half_gone, &stays})
    EXPECT_EQ(talk(*line, "bpop k 0\r\nget k\r\n"), "");
  EXPECT_EQ(waiters.sessions(), 3u);
  gone.close();
  half_gone.stop_writing();
  turns(2);
  EXPECT_EQ(waiters.sessions(), 1u);
  EXPECT_EQ(connections.size(), 1u);
  reply({"push", "k", "a"});
  turns(3);
  EXPECT_EQ(stays.read(), "+k=a\r\n$-1\r\n");
}

TEST_F(Waiting, EndsWhenTheConnectionIsKilled) {
  Line victim = connect();
  EXPECT_EQ(talk(victim, "bpop k 0\r\n"), "");
  sessions.first()->next()->close(engine::Closing::now);
  EXPECT_EQ(waiters.sessions(), 0u);
  turns(2);
  victim.read();
  EXPECT_TRUE(victim.closed);
  EXPECT_EQ(reply({"push", "k", "a"}), "+OK\r\n");
  EXPECT_EQ(reply({"get", "k"}), "$1\r\na\r\n");
}

TEST_F(Waiting, ReadsMoreUpToTheQueryBufferLimit) {
  ASSERT_TRUE(registry.set({{"client-query-buffer-limit", "1048576"}}, {}));
  Line line = connect();
  EXPECT_EQ(talk(line, "bpop k 0\r\n"), "");
  const std::string much(64 * 1024, 'x');
  for (int i = 0; i < 100 && !line.closed; ++i) {
    line.write(much);
    turns(2);
    line.read();
  }
  EXPECT_TRUE(line.closed);
  EXPECT_EQ(net_metrics.query_limit_disconnections.value(), 1u);
  EXPECT_EQ(waiters.sessions(), 0u);
}

TEST_F(Waiting, AcceptsALargeRequestMeanwhile) {
  Line waiter = connect();
  EXPECT_EQ(talk(waiter, "bpop k 0\r\n"), "");
  const std::string value(300'000, 'v');
  const std::string request = "*3\r\n$3\r\nset\r\n$1\r\nx\r\n$300000\r\n" + value + "\r\nget k\r\n";
  for (std::string_view rest = request; !rest.empty();) {
    rest.remove_prefix(waiter.write(rest.substr(0, 50'000)));
    turns(2);
  }
  expect_balance();
  EXPECT_EQ(keyspace.size(), 0u);
  reply({"push", "k", "a"});
  turns(4);
  EXPECT_EQ(waiter.read(), "+k=a\r\n+OK\r\n$-1\r\n");
  EXPECT_TRUE(reply({"get", "x"}) == "$300000\r\n" + value + "\r\n");
}

TEST_F(Waiting, DoesNotCountAsIdle) {
  ASSERT_TRUE(registry.set({{"timeout", "10"}}, {}));
  Line waiter = connect();
  Line idle = connect();
  EXPECT_EQ(talk(waiter, "bpop k 20\r\n"), "");
  clock.advance_ms(15'000);
  for (int i = 0; i < 10; ++i) connections.run_periodic(10);
  turns(2);
  idle.read();
  EXPECT_TRUE(idle.closed);
  clock.advance_ms(5'000);
  turns(2);
  EXPECT_EQ(waiter.read(), "*-1\r\n");
  clock.advance_ms(9'000);
  for (int i = 0; i < 10; ++i) connections.run_periodic(10);
  EXPECT_EQ(talk(waiter, "get k\r\n"), "$-1\r\n");
}

TEST_F(Waiting, ContinuesAfterASlowReader) {
  ASSERT_TRUE(registry.set({{"client-reply-pause-bytes", "100000"}}, {}));
  reply({"set", "big", std::string(90'000, 'b')});
  take_output();
  Line waiter = connect();
  std::string requests;
  for (int i = 0; i < 20; ++i) requests += "get big\r\n";
  waiter.write(requests + "bpop k 0\r\nget nothing\r\n");
  std::string got;
  for (int i = 0; i < 200; ++i) {
    turns(1);
    got += waiter.read();
  }
  EXPECT_EQ(got.size(), 20u * (90'000 + 10));
  EXPECT_EQ(waiters.sessions(), 1u);
  reply({"push", "k", "a"});
  turns(3);
  EXPECT_EQ(waiter.read(), "+k=a\r\n$-1\r\n");
}

}  // namespace
}  // namespace larder::net

// Requests read from several connections in one turn run later, in order, each in its own session.

#include <string>
#include <vector>

#include "tests/net/served_room.h"

namespace larder::net {
namespace {

class ReadRequests : public ServedRoom {
 protected:
  // Reads the arrived bytes; runs only requests whose buffer is needed.
  void read() { loop->run_once(0); }
  void finish() {
    connections.end_turn();
    executor.end_turn();
  }
  std::size_t keys() const { return keyspace.db(0).size(); }
};

TEST_F(ReadRequests, RunInTheOrderOfArrival) {
  std::vector<Line> lines;
  for (int i = 0; i < 10; ++i) lines.push_back(connect());
  for (int i = 0; i < 10; ++i) {
    lines[static_cast<std::size_t>(i)].write("set x " + std::to_string(i) + "\r\nget x\r\n");
  }
  read();
  finish();
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(lines[i].read(), "+OK\r\n$1\r\n" + std::to_string(i) + "\r\n");
  }
  expect_balance();
}

TEST_F(ReadRequests, RunDuringLaterReadsOrAtTheEndOfTheTurn) {
  std::vector<Line> lines;
  for (int i = 0; i < 10; ++i) {
    lines.push_back(connect());
    lines.back().write("set k" + std::to_string(i) + " v\r\n");
  }
  read();
  EXPECT_EQ(keys(), 7u);
  finish();
  EXPECT_EQ(keys(), 10u);
}

TEST_F(ReadRequests, LargeBatchesRunAtOnce) {
  Line line = connect();
  std::string all;
  for (int i = 0; i < 100; ++i) all += "set k" + std::to_string(i) + " v\r\n";
  line.write(all);
  read();
  EXPECT_EQ(keys(), 100u);
  finish();
}

TEST_F(ReadRequests, AreDroppedIfTheSessionWasClosed) {
  Line one = connect();
  Line other = connect();
  const std::uint64_t id = sessions.last_id();
  one.write("set a 1\r\n");
  other.write("set b 1\r\n");
  read();
  sessions.find(id)->close(engine::Closing::now);
  finish();
  EXPECT_EQ(one.read(), "+OK\r\n");
  EXPECT_EQ(other.read(), "");
  EXPECT_TRUE(other.closed);
  EXPECT_EQ(keys(), 1u);
  expect_balance();
}

TEST_F(ReadRequests, ServeClientsThatBlockedEarlier) {
  Line waiter = connect();
  Line feeder = connect();
  waiter.write("bpop k 0\r\nset after 1\r\n");
  feeder.write("push k v\r\n");
  for (int turn = 0; turn < 3; ++turn) {
    read();
    finish();
  }
  EXPECT_EQ(feeder.read(), "+OK\r\n");
  EXPECT_EQ(waiter.read(), "+k=v\r\n+OK\r\n");
  expect_balance();
}

TEST_F(ReadRequests, RunBeforeMoreIsReadFromTheConnection) {
  Line line = connect();
  line.write("set x 1\r\nget");
  read();
  line.write(" x\r\nset y ");
  read();
  const std::string large(20000, 'l');
  line.write(large.substr(0, 9000));
  read();
  line.write(large.substr(9000));
  read();
  line.write("\r\nget y\r\n");
  read();
  finish();
  EXPECT_EQ(line.read(), "+OK\r\n$1\r\n1\r\n+OK\r\n$20000\r\n" + large + "\r\n");
  expect_balance();
}

TEST_F(ReadRequests, PartialRequestsOfEachConnectionAreKept) {
  std::vector<Line> lines;
  for (int i = 0; i < 7; ++i) lines.push_back(connect());
  const std::string request = "*3\r\n$3\r\nset\r\n$2\r\nk?\r\n$1\r\nv\r\n";
  for (const char c : request) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
      lines[i].write(c == '?' ? std::to_string(i) : std::string(1, c));
    }
    read();
    finish();
  }
  for (Line& line : lines) EXPECT_EQ(line.read(), "+OK\r\n");
  EXPECT_EQ(keys(), 7u);
  expect_balance();
}

TEST_F(ReadRequests, AreDroppedIfTheConnectionWasClosed) {
  Line line = connect();
  line.write("set a 1\r\nquatsch \"\r\nset b 1\r\n");
  read();
  line.close();
  finish();
  read();
  finish();
  EXPECT_EQ(connections.size(), 0u);
  EXPECT_EQ(keys(), 1u);
  expect_balance();
}

// The system doubles the sizes.
TEST_F(ReadRequests, ArriveInBuffersOfTheSystemThatAreBounded) {
  const auto size_of = [this](int option) {
    // The first session is that of the room.
    const int descriptor = sessions.first()->next()->peer().descriptor();
    int size = 0;
    socklen_t bytes = sizeof size;
    EXPECT_EQ(::getsockopt(descriptor, SOL_SOCKET, option, &size, &bytes), 0);
    return size;
  };
  {
    ASSERT_TRUE(net_settings.clients.client_socket_buffer_bytes.parse({"80kb"}));
    const Line line = connect();
    EXPECT_EQ(size_of(SO_SNDBUF), 160 << 10);
    EXPECT_EQ(size_of(SO_RCVBUF), 160 << 10);
  }
  finish();
  loop->run_once(0);
  finish();
  ASSERT_TRUE(net_settings.clients.client_socket_buffer_bytes.parse({"1"}));
  const Line line = connect();
  EXPECT_EQ(size_of(SO_SNDBUF), 128 << 10);
}

}  // namespace
}  // namespace larder::net

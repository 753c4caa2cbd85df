#include <algorithm>
#include <string>
#include <vector>

#include "larder/memory/ledger.h"
#include "tests/server/socket_fixture.h"

namespace larder::server {
namespace {

class Connections : public SocketFixture {
 protected:
  Connections() { log.level(base::LogLevel::nothing); }
};

TEST_F(Connections, ReplyToPipelinedRequestsInOrder) {
  Line line = connect();
  EXPECT_EQ(talk(line, "PING\r\n" + command({"SET", "k", "v"}) + command({"GET", "k"})),
            "+PONG\r\n+OK\r\n$1\r\nv\r\n");
}

TEST_F(Connections, AcceptRequestsByteByByte) {
  Line line = connect();
  std::string got;
  for (const char c : command({"SET", "key", "value"}) + command({"GET", "key"})) {
    line.write({&c, 1});
    turn();
    got += line.read();
  }
  EXPECT_EQ(got, "+OK\r\n$5\r\nvalue\r\n");
}

TEST_F(Connections, StoreAndReturnALargeValue) {
  Line line = connect();
  const std::string value(24 * kMega, 'x');
  EXPECT_EQ(talk(line, command({"SET", "k", value})), "+OK\r\n");
  const std::string expected = "$" + std::to_string(value.size()) + "\r\n" + value + "\r\n";
  EXPECT_TRUE(talk(line, command({"GET", "k"})) == expected);
}

TEST_F(Connections, AllocateNothingForAnnouncedSizes) {
  Line line = connect();
  const auto before = memory::used_bytes();
  talk(line, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$500000000\r\nstart");
  EXPECT_LT(memory::used_bytes(), before + 100'000);
}

TEST_F(Connections, HoldNoBuffersWhileTheyAreIdle) {
  std::vector<Line> lines;
  lines.push_back(connect());
  talk(lines[0], "PING\r\n");
  lines.reserve(1001);
  constexpr int kMany = 1000;
  const auto before = memory::used_bytes();
  for (int i = 0; i < kMany; ++i) {
    lines.push_back(connect());
    EXPECT_EQ(talk(lines.back(), command({"SET", "k", "v"})), "+OK\r\n");
  }
  EXPECT_LE((memory::used_bytes() - before) / kMany, 1024u);
}

TEST_F(Connections, ThatDoNotReadAreNotReadAndLoseNothing) {
  Line writer = connect();
  const std::string value(kMega, 'v');
  talk(writer, command({"SET", "k", value}));
  constexpr int kReaders = 10;
  constexpr int kGets = 200;
  const auto before = memory::used_bytes();
  std::vector<Line> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.push_back(connect());
    const std::string requests = repeated(command({"GET", "k"}) + "\r\n", kGets);
    ASSERT_EQ(readers.back().write(requests), requests.size());
  }
  turns(50);
  EXPECT_LT(memory::used_bytes() - before, kReaders * 3 * kMega);
  const std::string reply = "$" + std::to_string(value.size()) + "\r\n" + value + "\r\n";
  while (readers.size() > 1) readers.pop_back();  // the others close without reading
  for (Line& reader : readers) {
    std::size_t got = 0;
    for (int i = 0; i < 100'000 && got < kGets * reply.size(); ++i) {
      turn();
      for (std::string part = reader.read(); !part.empty(); part = reader.read()) {
        for (std::size_t at = 0; at < part.size();) {
          const std::size_t offset = got % reply.size();
          const std::size_t size = std::min(part.size() - at, reply.size() - offset);
          ASSERT_EQ(part.compare(at, size, reply, offset, size), 0);
          at += size;
          got += size;
        }
      }
    }
    EXPECT_EQ(got, kGets * reply.size());
  }
}

TEST_F(Connections, CloseAfterAProtocolErrorWasSent) {
  Line line = connect();
  EXPECT_EQ(talk(line, "PING\r\n*1\r\nx\r\n"),
            "+PONG\r\n-ERR Protocol error: expected '$', got 'x'\r\n");
  EXPECT_TRUE(line.closed);
  EXPECT_EQ(connections.size(), 0u);
}

TEST_F(Connections, CloseOnQuitAndIgnoreLaterRequests) {
  Line line = connect();
  EXPECT_EQ(talk(line, "QUIT\r\nPING\r\n"), "+OK\r\n");
  EXPECT_TRUE(line.closed);
}

TEST_F(Connections, ReplyToClientsThatShutDownWriting) {
  Line line = connect();
  const std::string value(6 * kMega, 'v');
  talk(line, command({"SET", "k", value}));
  line.write(repeated(command({"GET", "k"}), 3));
  line.stop_writing();
  std::size_t got = 0;
  for (int i = 0; i < 10'000 && !line.closed; ++i) {
    turn();
    got += line.read().size();
  }
  EXPECT_EQ(got, 3 * (value.size() + 12));
  EXPECT_TRUE(line.closed);
}

TEST_F(Connections, CloseOnClientKill) {
  Line victim = connect();
  const std::string id = talk(victim, "CLIENT ID\r\n");
  Line killer = connect();
  EXPECT_EQ(talk(killer, "CLIENT KILL ID " + id.substr(1)), ":1\r\n");
  victim.read();
  EXPECT_TRUE(victim.closed);
  EXPECT_EQ(connections.size(), 1u);
}

TEST_F(Connections, AreRejectedAboveMaxclients) {
  ASSERT_TRUE(harness.configuration().registry.set({{"maxclients", "1"}}, {}));
  Line first = connect();
  Line second = connect();
  EXPECT_EQ(second.read(), "-ERR max number of clients reached\r\n");
  second.read();
  EXPECT_TRUE(second.closed);
  EXPECT_EQ(metrics.rejected_connections.value(), 1u);
  EXPECT_EQ(talk(first, "PING\r\n"), "+PONG\r\n");
}

TEST_F(Connections, CloseWhenAnUnfinishedRequestExceedsTheLimit) {
  ASSERT_TRUE(harness.configuration().registry.set({{"client-query-buffer-limit", "1048576"}}, {}));
  Line line = connect();
  std::string_view rest;
  const std::string value = "*2\r\n$4\r\nECHO\r\n$3000000\r\n" + std::string(2 * kMega, 'x');
  rest = value;
  for (int i = 0; i < 1000 && !line.closed; ++i) {
    rest.remove_prefix(line.write(rest));
    turn();
    line.read();
  }
  EXPECT_TRUE(line.closed);
  EXPECT_EQ(metrics.query_limit_disconnections.value(), 1u);
}

TEST_F(Connections, CloseAfterTheIdleTimeout) {
  ASSERT_TRUE(harness.configuration().registry.set({{"timeout", "10"}}, {}));
  Line idle = connect();
  Line busy = connect();
  harness.clock().advance_ms(9'000);
  EXPECT_EQ(talk(busy, "PING\r\n"), "+PONG\r\n");
  harness.clock().advance_ms(2'000);
  for (int i = 0; i < 10; ++i) connections.run_periodic(10);
  turn();
  idle.read();
  EXPECT_TRUE(idle.closed);
  EXPECT_EQ(connections.size(), 1u);
}

TEST_F(Connections, AreRemovedWhenThePeerCloses) {
  Line line = connect();
  talk(line, "PING\r\n");
  line.close();
  turns(2);
  EXPECT_EQ(connections.size(), 0u);
}

}  // namespace
}  // namespace larder::server

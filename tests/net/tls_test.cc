// Connections with TLS.

#include "larder/net/tls.h"

#include <csignal>
#include <memory>
#include <vector>

#include "tests/net/tls_room.h"

namespace larder::net {
namespace {

TEST_F(TlsTest, ServesAfterTheHandshake) {
  const Client client = connect();
  EXPECT_EQ(client->version(), "TLSv1.3");
  EXPECT_EQ(client->server_name(), "one");
  EXPECT_EQ(talk(client, "set x 1\r\nget x\r\n"), "+OK\r\n$1\r\n1\r\n");
  EXPECT_EQ(left, TurnWork::nothing);
  expect_balance();
}

TEST_F(TlsTest, ServesRequestsThatArriveWithTheEndOfTheHandshake) {
  const Client client = come();
  while (!client->continue_handshake()) turns(1);
  client->write("set x 1\r\n");
  client->write("get x\r\n");
  turns(4);
  EXPECT_EQ(client->read(), "+OK\r\n$1\r\n1\r\n");
}

TEST_F(TlsTest, CarriesLargeRequestsAndReplies) {
  const Client client = connect();
  const std::string value(3'000'000, 'v');
  const std::string request =
      "*3\r\n$3\r\nset\r\n$1\r\nx\r\n$3000000\r\n" + value + "\r\nget x\r\n";
  std::string got;
  std::string_view rest = request;
  for (int i = 0; i < 10'000 && got.size() < value.size() + 17; ++i) {
    rest.remove_prefix(client->write(rest));
    turns(1);
    got += client->read();
  }
  EXPECT_TRUE(got == "+OK\r\n$3000000\r\n" + value + "\r\n");
  EXPECT_EQ(left, TurnWork::nothing);
  expect_balance();
}

TEST_F(TlsTest, RunsALongPipelineOfAClientThatDoesNotRead) {
  ASSERT_TRUE(registry.set({{"client-reply-pause-bytes", "100000"}}, {}));
  reply({"set", "big", std::string(90'000, 'b')});
  take_output();
  const Client client = connect();
  std::string requests;
  for (int i = 0; i < 40; ++i) requests += "get big\r\n";
  requests += std::string(100'000, '\n') + "get nothing\r\n";
  std::string_view rest = requests;
  for (int i = 0; i < 20; ++i) {
    rest.remove_prefix(client->write(rest));
    turns(1);
  }
  EXPECT_LT(memory::balance(memory::Owner::client_output), 1'000'000);
  expect_balance();
  std::string got;
  for (int i = 0; i < 1000 && !rest.empty(); ++i) {
    rest.remove_prefix(client->write(rest));
    got += client->read();
    turns(1);
  }
  for (int i = 0; i < 1000; ++i) {
    turns(1);
    got += client->read();
  }
  EXPECT_EQ(got.size(), 40u * (90'000 + 10) + 5);
  EXPECT_EQ(got.substr(got.size() - 5), "$-1\r\n");
}

TEST_F(TlsTest, GathersSmallPiecesAndSendsLargeOnesDirectly) {
  reply({"set", "small", "s"});
  reply({"set", "large", std::string(20'000, 'l')});
  take_output();
  const Client client = connect();
  std::string requests;
  std::string expected;
  for (int i = 0; i < 20; ++i) {
    requests += "get small\r\nget large\r\n";
    expected += "$1\r\ns\r\n$20000\r\n" + std::string(20'000, 'l') + "\r\n";
  }
  client->write(requests);
  std::string got;
  for (int i = 0; i < 100; ++i) {
    turns(1);
    got += client->read();
  }
  EXPECT_TRUE(got == expected);
}

TEST_F(TlsTest, ContinuesAfterAKeyUpdate) {
  const Client client = connect();
  EXPECT_EQ(talk(client, "set x 1\r\n"), "+OK\r\n");
  client->renew_keys();
  EXPECT_EQ(talk(client, "get x\r\n"), "$1\r\n1\r\n");
  EXPECT_EQ(talk(client, "get x\r\n"), "$1\r\n1\r\n");
}

TEST_F(TlsTest, SendsAndAcceptsCloseNotify) {
  const Client leaves = connect();
  const Client stays = connect();
  leaves->write("set x 1\r\n");
  leaves->send_close_notify();
  turns(3);
  EXPECT_EQ(leaves->read(), "+OK\r\n");
  EXPECT_TRUE(leaves->was_told_goodbye());
  EXPECT_EQ(connections.size(), 1u);
  sessions.first()->next()->close(engine::Closing::now);
  turns(2);
  stays->read();
  EXPECT_TRUE(stays->was_told_goodbye());
  EXPECT_EQ(connections.size(), 0u);
}

TEST_F(TlsTest, ServesRequestsBeforeAnEndWithoutCloseNotify) {
  const Client client = connect();
  client->write("set x 1\r\n");
  client->close();
  turns(3);
  EXPECT_EQ(connections.size(), 0u);
  EXPECT_EQ(reply({"get", "x"}), "$1\r\n1\r\n");
  expect_balance();
}

TEST_F(TlsTest, ClosesConnectionsThatDoNotSpeakTls) {
  for (const std::string_view words :
       {std::string_view("PING\r\n"), std::string_view("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        std::string_view("\0\0\0\0\0\0\0\0", 8), std::string_view("\x16\x03\x01\xff\xff", 5)}) {
    Line line(accept(Transport::tls));
    line.write(words);
    line.stop_writing();
    turns(3);
    line.read();
    line.read();
    EXPECT_TRUE(line.closed) << words;
  }
  EXPECT_TRUE(
      is_logged("Error accepting a client connection: error:0A00010B:SSL routines::wrong "
                "version number"));
  EXPECT_TRUE(is_logged("error:0A00009C:SSL routines::http request"));
  EXPECT_EQ(connections.size(), 0u);
  EXPECT_LE(bytes_of_clients(), kLists);
}

TEST_F(TlsTest, ClosesOnGarbageInTheMiddleOfTheHandshake) {
  const Client client = come();
  client->continue_handshake();
  turns(2);
  EXPECT_EQ(connections.size(), 1u);
  client->write_raw(std::string(500, 'x'));
  turns(2);
  EXPECT_EQ(connections.size(), 0u);
  EXPECT_LE(bytes_of_clients(), kLists);
}

TEST_F(TlsTest, ClosesOnGarbageAfterTheHandshake) {
  const Client client = connect();
  client->write("set x 1\r\n");
  client->write_raw(std::string(500, 'x'));
  turns(3);
  EXPECT_EQ(connections.size(), 0u);
  EXPECT_EQ(reply({"get", "x"}), "$1\r\n1\r\n");
  expect_balance();
}

TEST_F(TlsTest, LogsTenFailuresASecondAndCountsTheOthers) {
  for (int i = 0; i < 30; ++i) {
    Line line(accept(Transport::tls));
    line.write("PING\r\n");
    turns(2);
  }
  clock.advance_ms(1000);
  Line line(accept(Transport::tls));
  line.write("PING\r\n");
  turns(2);
  const std::string text = folder.read("log");
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find("Error accepting a client", at)) != std::string::npos;
       ++at) {
    ++count;
  }
  EXPECT_EQ(count, 11u);
  EXPECT_TRUE(is_logged("Error accepting 20 further client connections"));
}

TEST_F(TlsTest, ClosesConnectionsThatDoNotFinishTheHandshakeInTime) {
  const Client served = connect();
  const Client late = come();
  late->continue_handshake();
  turns(2);
  clock.advance_ms(10'000);
  connections.run_periodic(1);
  turns(2);
  EXPECT_EQ(connections.size(), 2u);
  clock.advance_ms(1);
  connections.run_periodic(1);
  turns(2);
  EXPECT_EQ(connections.size(), 1u);
  EXPECT_EQ(talk(served, "get nothing\r\n"), "$-1\r\n");
  EXPECT_TRUE(is_logged("handshake timed out"));
}

TEST_F(TlsTest, BoundsTheTimeOfHandshakesInATurn) {
  std::vector<Client> rush;
  for (int i = 0; i < 100; ++i) {
    rush.push_back(come());
    rush.back()->continue_handshake();
  }
  Line plain(accept(Transport::unix_socket));
  plain.write("get nothing\r\n");
  turns(1);
  EXPECT_EQ(left, TurnWork::work);
  EXPECT_EQ(plain.read(), "$-1\r\n");
  const auto answered = [&] {
    int count = 0;
    for (const Client& client : rush) count += client->continue_handshake() ? 1 : 0;
    return count;
  };
  EXPECT_EQ(answered(), 32);
  turns(1);
  EXPECT_EQ(answered(), 64);
  // One leaves the queue by closing, one is taken out of it; the remaining session is that of the
  // plain one.
  rush[98]->close();
  engine::Session* last = sessions.first();
  while (last->next()->next() != nullptr) last = last->next();
  last->close(engine::Closing::now);
  turns(8);
  EXPECT_EQ(answered(), 98);
  EXPECT_EQ(left, TurnWork::nothing);
  EXPECT_EQ(connections.size(), 99u);
  expect_balance();
}

TEST_F(TlsTest, CountsConnectionsInHandshakeAsClients) {
  ASSERT_TRUE(registry.set({{"maxclients", "1"}}, {}));
  const Client first = come();
  const Client second = connect();
  EXPECT_TRUE(second->closed());
  EXPECT_EQ(net_metrics.rejected_connections.value(), 1u);
  while (!first->continue_handshake()) turns(1);
  EXPECT_EQ(talk(first, "get nothing\r\n"), "$-1\r\n");
}

TEST_F(TlsTest, IdleClientsHoldLittleMemory) {
  const Client warm = connect();
  // Data that all connections share exists then.
  for (int i = 0; i < 8; ++i) talk(warm, "get nothing\r\n");
  const std::size_t before = bytes_of_clients();
  const Client client = connect();
  const std::size_t fresh = bytes_of_clients() - before;
  EXPECT_LT(fresh, 24u * 1024);
  reply({"set", "big", std::string(300'000, 'b')});
  take_output();
  client->write("get big\r\n");
  for (int i = 0; i < 50; ++i) {
    turns(1);
    client->read();
  }
  EXPECT_LE(bytes_of_clients() - before, fresh + 4096);
  EXPECT_EQ(sessions.first()->next()->peer().buffers().total, bytes_of_clients() - before);
}

}  // namespace
}  // namespace larder::net

// Memory of clients: output limits, the budget of all clients, and its effect on data.

#include <gmock/gmock.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "larder/memory/ledger.h"
#include "larder/memory/metrics.h"
#include "tests/server/socket_fixture.h"

namespace larder::server {
namespace {

using testing::HasSubstr;
using testing::Not;

class ClientMemory : public SocketFixture {
 protected:
  explicit ClientMemory(const std::string& options = {}) : SocketFixture(options) {
    log.level(base::LogLevel::nothing);
  }
  ~ClientMemory() override {
    lines.clear();
    for (int i = 0; i < 1000; ++i) turn();
    while (!harness.core().keyspace.graveyard().drain(base::Budget::unlimited())) {
    }
    const memory::Audit audit = harness.core().auditor.run();
    EXPECT_TRUE(audit.balanced()) << audit.text();
  }

  // A client that requests replies of this size and reads none of them.
  Line& slow_reader(int gets) {
    lines.push_back(std::make_unique<Line>(connect()));
    ask_without_reading(*lines.back(), gets);
    return *lines.back();
  }
  void ask_without_reading(Line& line, int gets) {
    const std::string requests = repeated("GET big\r\n", gets);
    for (std::string_view rest = requests; !rest.empty();) {
      const std::size_t took = line.write(rest);
      if (took == 0) break;
      rest.remove_prefix(took);
      turns(2);
    }
    turns(4);
  }
  std::string field(const std::string& name) {
    Line asking = connect();
    const std::string text = talk(asking, "INFO everything\r\n");
    const auto at = text.find("\n" + name + ":");
    if (at == std::string::npos) return "no " + name + " in " + text;
    const auto begin = at + name.size() + 2;
    return text.substr(begin, text.find('\r', begin) - begin);
  }
  long long figure(const std::string& name) {
    const std::string text = field(name);
    EXPECT_THAT(text, testing::MatchesRegex("-?[0-9]+"));
    return std::atoll(text.c_str());
  }
  std::string ask(const std::string& command) {
    Line asking = connect();
    return talk(asking, command + "\r\n");
  }
  void set_big(std::size_t bytes) {
    Line asking = connect();
    talk(asking, "*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$" + std::to_string(bytes) + "\r\n" +
                     std::string(bytes, 'v') + "\r\n");
  }
  static std::int64_t held() { return memory::client_bytes(memory::balance()); }

  std::vector<std::unique_ptr<Line>> lines;
};

class OutputLimits : public ClientMemory {};

TEST_F(OutputLimits, CloseTheClientAtTheHardLimitOfItsClass) {
  set_big(4 * kMega);
  ask("CONFIG SET client-output-buffer-limit \"normal 3mb 0 0\"");
  Line& line = slow_reader(1);
  line.read();
  EXPECT_TRUE(line.closed);
  EXPECT_EQ(figure("client_output_buffer_limit_disconnections"), 1);
}

TEST_F(OutputLimits, KeepClientsBelowTheLimit) {
  set_big(2 * kMega);
  ask("CONFIG SET client-output-buffer-limit \"normal 3mb 0 0\"");
  Line line = connect();
  EXPECT_EQ(talk(line, "GET big\r\n").size(), 2 * kMega + 12);
  EXPECT_EQ(figure("client_output_buffer_limit_disconnections"), 0);
}

TEST_F(OutputLimits, CloseTheClientWhenTheSoftLimitIsExceededTooLong) {
  set_big(kMega);
  ask("CONFIG SET client-output-buffer-limit \"normal 0 200kb 5\"");
  Line& line = slow_reader(4);
  for (int i = 0; i < 4; ++i) {
    harness.clock().advance_ms(1000);
    for (int j = 0; j < 10; ++j) connections.run_periodic(10);
    turns(2);
  }
  EXPECT_EQ(figure("client_output_buffer_limit_disconnections"), 0);
  harness.clock().advance_ms(2000);
  for (int j = 0; j < 10; ++j) connections.run_periodic(10);
  turns(2);
  while (!line.read().empty()) {
  }
  EXPECT_TRUE(line.closed);
  EXPECT_EQ(figure("client_output_buffer_limit_disconnections"), 1);
}

TEST_F(OutputLimits, RestartTheSoftLimitWhenTheClientReads) {
  set_big(kMega);
  ask("CONFIG SET client-output-buffer-limit \"normal 0 200kb 5\"");
  Line& line = slow_reader(4);
  harness.clock().advance_ms(4000);
  std::size_t got = 0;
  for (int i = 0; i < 2000; ++i) {
    got += line.read().size();
    turn();
  }
  EXPECT_EQ(got, 4 * (kMega + 12));
  ask_without_reading(line, 4);
  harness.clock().advance_ms(4000);
  for (int j = 0; j < 10; ++j) connections.run_periodic(10);
  turns(2);
  EXPECT_EQ(figure("client_output_buffer_limit_disconnections"), 0);
}

TEST_F(OutputLimits, ApplyToSubscribersAndMonitors) {
  ask("CONFIG SET client-output-buffer-limit \"pubsub 2mb 0 0\"");
  Line subscriber = connect();
  Line monitor = connect();
  Line reader = connect();
  talk(subscriber, "SUBSCRIBE c\r\n");
  talk(monitor, "MONITOR\r\n");
  talk(reader, "SUBSCRIBE c\r\n");
  Line publisher = connect();
  const std::string message = std::string(10'000, 'm');
  for (int i = 0; i < 400; ++i) {
    talk(publisher, "PUBLISH c " + message + "\r\n");
    reader.read();
  }
  EXPECT_EQ(figure("client_output_buffer_limit_disconnections"), 2);
  while (!subscriber.read().empty()) {
  }
  while (!monitor.read().empty()) {
  }
  EXPECT_TRUE(subscriber.closed);
  EXPECT_TRUE(monitor.closed);
  EXPECT_FALSE(reader.closed);
  EXPECT_LT(held(), static_cast<std::int64_t>(2 * kMega));
}

class ClientBudget : public ClientMemory {
 protected:
  ClientBudget() : ClientMemory("maxmemory 40mb\nmaxmemory-policy allkeys-lru\n") {}

  void fill() {
    ask("DEBUG POPULATE 60000 key 1000");
    // Connected after the others, so that they are evicted first.
    harness.clock().advance_ms(60'000);
    set_big(200'000);
    evict();
    evicted_before = figure("evicted_keys");
    ASSERT_GT(evicted_before, 0);
    ask("CONFIG RESETSTAT");
  }
  std::int64_t used() { return figure("used_memory"); }
  // Waits until there is room, also on a slow machine.
  void evict() {
    for (int i = 0; i < 100'000 && harness.core().evictor.over_limit(); ++i) {
      harness.core().end_turn();
    }
  }
  long long evicted_before = 0;
};

TEST_F(ClientBudget, SlowReadersTakeOnlyTheirShareFromData) {
  fill();
  for (int i = 0; i < 100; ++i) {
    slow_reader(30);
    // Above half of the share, no slow reader is read further, but each gets a first reply.
    if (i == 15) {
      EXPECT_LT(held(), static_cast<std::int64_t>(8 * kMega));
    }
    // The large pass allows one reply beyond the share.
    ASSERT_LE(held(), static_cast<std::int64_t>(10 * kMega + 300'000)) << i;
    ASSERT_LE(memory::used_bytes(), 41 * kMega) << i;
  }
  ask("SET another value");
  // A key takes about 1,100 bytes.
  EXPECT_LT(figure("evicted_keys"), 10'000);
  EXPECT_GT(held(), static_cast<std::int64_t>(2 * kMega));
  EXPECT_EQ(figure("evicted_clients"), 0);
  EXPECT_EQ(figure("maxmemory_clients"), static_cast<long long>(10 * kMega));
  EXPECT_GE(figure("mem_clients_total"), static_cast<long long>(2 * kMega));
  EXPECT_EQ(figure("mem_not_counted_for_evict"), 0);
  EXPECT_GT(figure("clients_paused_reading"), 0);
  EXPECT_THAT(ask("MEMORY DOCTOR"), HasSubstr("last command get"));
}

TEST_F(ClientBudget, OfZeroLetsClientsEvictKeys) {
  ask("CONFIG SET maxmemory-clients 0");
  fill();
  for (int i = 0; i < 20; ++i) slow_reader(30);
  ask("SET another value");
  evict();
  EXPECT_GT(figure("evicted_keys"), 5000);
  EXPECT_EQ(figure("evicted_clients"), 0);
  EXPECT_EQ(figure("maxmemory_clients"), 0);
  EXPECT_EQ(figure("mem_not_counted_for_evict"), 0);
}

TEST_F(ClientBudget, ClosesTheLargestFirst) {
  ask("CONFIG SET maxmemory 0");
  ask("CONFIG SET maxmemory-clients 5mb");
  Line small = connect();
  talk(small, "CLIENT SETNAME small\r\n");
  small.write("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$900000\r\n" + std::string(150'000, 'x'));
  turns(4);
  Line large = connect();
  talk(large, "MULTI\r\n");
  const std::string set = "SET k " + std::string(1000, 'v') + "\r\n";
  for (int i = 0; i < 800 && !large.closed; ++i) {
    large.write(repeated(set, 10));
    turns(2);
    large.read();
  }
  EXPECT_TRUE(large.closed);
  EXPECT_EQ(figure("evicted_clients"), 1);
  EXPECT_THAT(ask("CLIENT LIST"), HasSubstr("name=small"));
}

TEST_F(ClientBudget, SkipsClientsWithNoEvict) {
  ask("CONFIG SET maxmemory 0");
  ask("CONFIG SET maxmemory-clients 5mb");
  Line spared = connect();
  talk(spared, "CLIENT NO-EVICT on\r\nMULTI\r\n");
  const std::string set = "SET k " + std::string(1000, 'v') + "\r\n";
  for (int i = 0; i < 800; ++i) {
    spared.write(repeated(set, 10));
    turns(2);
    spared.read();
  }
  EXPECT_GT(held(), static_cast<std::int64_t>(6 * kMega));
  EXPECT_FALSE(spared.closed);
  // The budget is exceeded, and the other clients are disconnected for it.
  EXPECT_EQ(connections.size(), 1u);
  EXPECT_THAT(talk(spared, "EXEC\r\n"), HasSubstr("*8000\r\n+OK\r\n"));
  EXPECT_FALSE(spared.closed);
}

TEST_F(ClientBudget, CanBeLoweredBelowTheCurrentUse) {
  set_big(300'000);
  ask("CONFIG SET maxmemory-clients 32mb");
  for (int i = 0; i < 12; ++i) slow_reader(10);
  const std::int64_t before = held();
  EXPECT_GT(before, static_cast<std::int64_t>(8 * kMega));
  ask("CONFIG SET maxmemory-clients 4mb");
  turns(200);
  EXPECT_LE(held(), static_cast<std::int64_t>(4 * kMega));
  EXPECT_GT(figure("evicted_clients"), 0);
}

TEST_F(ClientBudget, ClosesSmallClientsIfThereAreNoLargerOnes) {
  const std::string name = "CLIENT SETNAME " + std::string(4000, 'n') + "\r\n";
  for (int i = 0; i < 1500; ++i) {
    lines.push_back(std::make_unique<Line>(connect()));
    talk(*lines.back(), name);
  }
  EXPECT_GT(held(), static_cast<std::int64_t>(6 * kMega));
  // Less than the minimum, which clients may always use.
  ask("CONFIG SET maxmemory-clients 1mb");
  turns(3000);
  EXPECT_LE(held(), static_cast<std::int64_t>(4 * kMega));
  EXPECT_GT(held(), static_cast<std::int64_t>(3 * kMega));
  EXPECT_LT(connections.size(), 1500u);
}

TEST_F(ClientBudget, BoundsQueuedTransactions) {
  ask("CONFIG SET maxmemory-clients 5mb");
  Line line = connect();
  talk(line, "MULTI\r\n");
  const std::string set = "SET k " + std::string(1000, 'v') + "\r\n";
  for (int i = 0; i < 800 && !line.closed; ++i) {
    line.write(repeated(set, 10));
    turns(2);
    line.read();
  }
  EXPECT_TRUE(line.closed);
  EXPECT_EQ(figure("evicted_clients"), 1);
}

TEST_F(ClientBudget, FreesLargeOutputInSteps) {
  ask("CONFIG SET client-output-buffer-limit \"pubsub 0 0 0\"");
  Line subscriber = connect();
  talk(subscriber, "SUBSCRIBE c\r\n");
  Line publisher = connect();
  const std::string burst = repeated("PUBLISH c message\r\n", 500);
  for (int i = 0; i < 60; ++i) talk(publisher, burst);
  const std::int64_t before = held();
  subscriber.close();
  turn();
  EXPECT_GT(held(), before / 2);
  turns(200);
  EXPECT_LT(held(), static_cast<std::int64_t>(kMega));
}

class ClientLines : public ClientMemory {};

TEST_F(ClientLines, ShowUnsentBytes) {
  set_big(300'000);
  slow_reader(10);
  const std::string list = ask("CLIENT LIST");
  EXPECT_THAT(list, testing::ContainsRegex(
                        "obl=[0-9]+ oll=[0-9]+ omem=[1-9][0-9]{5,} tot-mem=[1-9][0-9]{5,} "
                        "events=w cmd=get"));
}

TEST_F(ClientLines, AddUpToTheLedger) {
  Line half = connect();
  half.write("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$900000\r\n" + std::string(100'000, 'x'));
  Line multi = connect();
  talk(multi, "MULTI\r\nSET k " + std::string(5000, 'v') + "\r\n");
  Line named = connect();
  talk(named, "CLIENT SETNAME " + std::string(300, 'n') + "\r\n");
  turns(10);
  std::int64_t sum = 0;
  for (const engine::Session* session = harness.core().sessions.first(); session != nullptr;
       session = session->next()) {
    sum += static_cast<std::int64_t>(session->peer().buffers().total);
  }
  connections.run_periodic(1);
  const memory::Charges charges = memory::balance();
  const std::int64_t owned = memory::client_bytes(charges);
  EXPECT_GT(sum, 105'000);
  EXPECT_GE(owned, sum);
  // Memory that all clients share: the batch of requests, a free reply block, the lists of a turn,
  // and the rooms for dropped output of the pools of clients and of internal sessions.
  EXPECT_LT(owned - sum, 65'536 + 3 * 16'384);
}

}  // namespace
}  // namespace larder::server

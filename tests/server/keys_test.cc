// KEYS while the data changes and clients come and go.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "larder/base/rng.h"
#include "larder/memory/ledger.h"
#include "larder/resp/reply_reader.h"
#include "tests/server/socket_fixture.h"

namespace larder::server {
namespace {

using harness::Harness;
using testing::HasSubstr;
using testing::Not;

constexpr int kKeys = 20'000;

// Five pieces of some hundred keys in a turn.
class LongKeys : public SocketFixture {
 protected:
  explicit LongKeys(const std::string& options = {}) : SocketFixture(options) {}

  void slow_down() { harness.clock().us_per_reading = 100; }
  std::string ask(const std::string& line) { return client->exchange(line + "\r\n"); }
  std::string name(int i) { return "key:" + std::to_string(i); }
  void add(int first, int last) {
    std::string lines;
    for (int i = first; i < last; ++i) lines += "SET " + name(i) + " v\r\n";
    client->exchange(lines);
  }
  void remove(int first, int last) {
    std::string lines;
    for (int i = first; i < last; ++i) lines += "DEL " + name(i) + "\r\n";
    client->exchange(lines);
  }
  bool is_working() { return !harness.core().executor.long_commands().empty(); }
  // Counts each name in an array of bulk strings.
  static std::map<std::string, int> names(const std::string& reply) {
    std::map<std::string, int> found;
    std::size_t at = reply.find("\r\n") + 2;
    while (at < reply.size()) {
      const std::size_t begins = reply.find("\r\n", at) + 2;
      const std::size_t size = std::stoul(reply.substr(at + 1));
      ++found[reply.substr(begins, size)];
      at = begins + size + 2;
    }
    EXPECT_EQ(std::stoul(reply.substr(1)), [&found] {
      std::size_t count = 0;
      for (const auto& [name, times] : found) count += static_cast<std::size_t>(times);
      return count;
    }());
    return found;
  }
  void expect_balance() {
    const memory::Audit audit = harness.core().auditor.run();
    EXPECT_TRUE(audit.balanced()) << audit.text();
  }

  std::unique_ptr<Harness::Client> client = harness.connect();
  std::unique_ptr<Harness::Client> other = harness.connect();
};

TEST_F(LongKeys, ListsEveryKeyOnceWhileOtherClientsAreServed) {
  add(0, kKeys);
  slow_down();
  EXPECT_EQ(other->exchange("KEYS *\r\nDBSIZE\r\n"), "");
  int turns = 0;
  while (is_working()) {
    EXPECT_EQ(ask("GET key:1"), "$1\r\nv\r\n");
    ++turns;
  }
  EXPECT_GT(turns, kKeys / 128 / 6);
  const std::string got = other->exchange({});
  EXPECT_TRUE(got.ends_with(":20000\r\n"));
  const auto found = names(got.substr(0, got.size() - 8));
  EXPECT_EQ(found.size(), static_cast<std::size_t>(kKeys));
  for (const auto& [name, times] : found) ASSERT_EQ(times, 1) << name;
  expect_balance();
}

TEST_F(LongKeys, ListsPersistingKeysOnceWhileTheTableGrowsAndShrinks) {
  base::Rng rng(11);
  add(0, kKeys);
  for (int round = 0; round < 6; ++round) {
    slow_down();
    other->exchange("KEYS key:*\r\n");
    // Those below 500 stay.
    while (is_working()) {
      harness.clock().us_per_reading = 0;
      const int first = 500 + static_cast<int>(rng.below(kKeys));
      rng.below(3) == 0 ? add(first, first + 1500) : remove(first, first + 3000);
      slow_down();
      harness.end_turn();
    }
    const auto found = names(other->exchange({}));
    for (const auto& [name, times] : found) ASSERT_EQ(times, 1) << name;
    for (int i = 0; i < 500; ++i) ASSERT_EQ(found.count(name(i)), 1u) << i;
    harness.clock().us_per_reading = 0;
    add(0, kKeys);
  }
}

TEST_F(LongKeys, OmitsKeysThatExpiredMeanwhile) {
  add(0, kKeys);
  for (int i = 0; i < 200; ++i) ask("SET short:" + std::to_string(i) + " v PX 50");
  slow_down();
  other->exchange("KEYS short:*\r\n");
  harness.clock().us_per_reading = 0;
  harness.clock().advance_ms(60);
  while (is_working()) harness.end_turn();
  // Some were found before they expired.
  EXPECT_LT(names(other->exchange({})).size(), 50u);
}

TEST_F(LongKeys, SurvivesAFlushAndASwap) {
  add(0, kKeys);
  for (const char* change : {"FLUSHDB ASYNC", "SWAPDB 0 1", "FLUSHALL ASYNC"}) {
    slow_down();
    other->exchange("KEYS *\r\n");
    harness.end_turn();
    EXPECT_EQ(ask(change), "+OK\r\n");
    while (is_working()) harness.end_turn();
    names(other->exchange({}));
    harness.clock().us_per_reading = 0;
    add(0, kKeys);
  }
}

TEST_F(LongKeys, IsShownInClientList) {
  add(0, kKeys);
  slow_down();
  other->exchange("KEYS *\r\n");
  harness.end_turn();
  EXPECT_THAT(ask("CLIENT LIST"), HasSubstr("flags=l "));
  EXPECT_THAT(ask("INFO clients"), HasSubstr("blocked_clients:0\r\n"));
  EXPECT_EQ(ask("CLIENT UNBLOCK " + std::to_string(other->session().id)), ":0\r\n");
  while (is_working()) harness.end_turn();
  EXPECT_THAT(ask("CLIENT LIST"), Not(HasSubstr("flags=l ")));
  EXPECT_THAT(ask("INFO commandstats"), HasSubstr("cmdstat_keys:calls=1,"));
}

TEST_F(LongKeys, EndsWhenItsClientIsKilled) {
  add(0, kKeys);
  slow_down();
  other->exchange("KEYS *\r\n");
  harness.end_turn();
  EXPECT_EQ(ask("CLIENT KILL ID " + std::to_string(other->session().id)), ":1\r\n");
  EXPECT_FALSE(is_working());
  expect_balance();
}

TEST_F(LongKeys, ContinuesDuringAPause) {
  add(0, kKeys);
  slow_down();
  other->exchange("KEYS *\r\nGET key:1\r\n");
  ask("CLIENT PAUSE 100000");
  while (is_working()) harness.end_turn();
  EXPECT_EQ(names(other->exchange({})).size(), static_cast<std::size_t>(kKeys));
  EXPECT_EQ(ask("CLIENT UNPAUSE"), "+OK\r\n");
  harness.end_turn();
  EXPECT_EQ(other->exchange({}), "$1\r\nv\r\n");
}

TEST_F(LongKeys, RunsAtOnceInATransaction) {
  add(0, kKeys);
  slow_down();
  EXPECT_THAT(other->exchange("MULTI\r\nKEYS *\r\nDBSIZE\r\nEXEC\r\n"),
              HasSubstr("*2\r\n*20000\r\n"));
}

TEST_F(LongKeys, KeepsRequestsThatArriveMeanwhile) {
  add(0, kKeys);
  slow_down();
  Line line = connect();
  line.write("KEYS *\r\nPING\r\nRESET\r\n");
  std::string got;
  for (int i = 0; i < 400 && !got.ends_with("+RESET\r\n"); ++i) {
    turn();
    got += line.read();
  }
  EXPECT_TRUE(got.starts_with("*20000\r\n"));
  EXPECT_TRUE(got.ends_with("+PONG\r\n+RESET\r\n"));
}

TEST_F(LongKeys, RepliesToAClientThatShutDownWriting) {
  add(0, kKeys);
  slow_down();
  Line line = connect();
  line.write("KEYS key:1*\r\n");
  line.stop_writing();
  std::string got;
  for (int i = 0; i < 400 && connections.size() > 0; ++i) {
    turn();
    got += line.read();
  }
  EXPECT_TRUE(got.starts_with("*11111\r\n"));
  EXPECT_EQ(connections.size(), 0u);
}

class LimitedKeys : public LongKeys {
 protected:
  LimitedKeys() : LongKeys("client-output-buffer-limit normal 65536 0 0\n") {}
};

TEST_F(LimitedKeys, EndsAtTheOutputLimit) {
  add(0, kKeys);
  slow_down();
  Line line = connect();
  line.write("KEYS *\r\n");
  std::string got;
  int turns = 0;
  for (; turns < 400 && connections.size() > 0; ++turns) {
    turn();
    got += line.read();
  }
  EXPECT_EQ(connections.size(), 0u);
  EXPECT_EQ(got, "");
  EXPECT_FALSE(is_working());
  EXPECT_EQ(metrics.output_limit_disconnections.value(), 1u);
  // A quarter of the keys' names passes the limit.
  EXPECT_LT(turns, kKeys / 128 / 5 / 2);
  expect_balance();
}

TEST_F(LimitedKeys, EndsAtTheOutputLimitInATransactionToo) {
  add(0, kKeys);
  const auto before = memory::used_bytes();
  Line line = connect();
  talk(line, "MULTI\r\nKEYS *\r\nSET done v\r\nEXEC\r\n");
  EXPECT_TRUE(line.closed);
  EXPECT_EQ(metrics.output_limit_disconnections.value(), 1u);
  EXPECT_EQ(ask("EXISTS done"), ":1\r\n");
  EXPECT_LT(memory::used_bytes(), before + 200'000);
}

}  // namespace
}  // namespace larder::server

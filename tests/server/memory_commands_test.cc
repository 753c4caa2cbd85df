#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "larder/memory/heap.h"
#include "larder/memory/ledger.h"
#include "larder/memory/pages.h"
#include "socket_fixture.h"

namespace larder::server {
namespace {

using harness::Harness;
using testing::HasSubstr;
using testing::Not;

class MemoryCommands : public testing::Test {
 protected:
  std::string ask(const std::string& line) { return client->exchange(line + "\r\n"); }

  Harness harness;
  std::unique_ptr<Harness::Client> client = harness.connect();
};

// Charges bytes to an owner while the object exists.
class Charge {
 public:
  Charge(memory::Owner owner, std::int64_t bytes) : owner_(owner), bytes_(bytes) {
    memory::charge(owner_, bytes_);
  }
  ~Charge() { memory::charge(owner_, -bytes_); }
  Charge(const Charge&) = delete;
  Charge& operator=(const Charge&) = delete;

 private:
  memory::Owner owner_;
  std::int64_t bytes_;
};

constexpr std::int64_t kMiB = 1 << 20;

TEST_F(MemoryCommands, AuditPrintsEachOwnerAndBalances) {
  ask("SET k v EX 100");
  const std::string audit = ask("MEMORY AUDIT");
  for (const char* owner : {"runtime", "strings", "client.input", "client.output", "graveyard"}) {
    EXPECT_THAT(audit, HasSubstr(owner));
  }
  EXPECT_THAT(audit, HasSubstr("balanced"));
  EXPECT_THAT(audit, Not(HasSubstr("NOT")));
}

TEST_F(MemoryCommands, AuditFailsAndNamesTheOwnerThatDiffers) {
  ask("SET k v");
  const Charge stray(memory::Owner::strings, 16);
  EXPECT_THAT(ask("MEMORY AUDIT"), testing::MatchesRegex("-ERR.*strings.*\r\n"));
}

// The pages of the removed strings go back in several turns.
TEST_F(MemoryCommands, PurgeWorksInSteps) {
  if (!memory::kHasPageStore) GTEST_SKIP() << "there is no page store";
  const std::string value(60 << 10, 'x');
  std::string keys;
  for (int i = 0; i < 200; ++i) {
    keys += " key:" + std::to_string(i);
    ask("SET key:" + std::to_string(i) + " " + value);
  }
  ask("DEL" + keys);
  const std::uint64_t dirty = memory::read_pages().dirty_data;
  ASSERT_GT(dirty, 8u << 20);
  harness.clock().us_per_reading = 250;
  const auto other = harness.connect();
  const engine::LongCommands& steps = harness.core().executor.long_commands();
  EXPECT_EQ(ask("MEMORY PURGE"), "");
  int turns = 0;
  for (; !steps.empty(); ++turns) EXPECT_EQ(other->exchange("PING\r\n"), "+PONG\r\n");
  EXPECT_GT(turns, 2);
  EXPECT_EQ(client->exchange({}), "+OK\r\n");
  EXPECT_LT(memory::read_pages().dirty_data, dirty / 8);
  // A command within another one cannot wait.
  EXPECT_EQ(ask("MULTI\r\nMEMORY PURGE\r\nEXEC"), "+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
}

TEST_F(MemoryCommands, DoctorReportsAnEmptyInstance) {
  if (memory::used_bytes() > 5 * kMiB) GTEST_SKIP() << "the test program itself is larger";
  EXPECT_THAT(ask("MEMORY DOCTOR"), HasSubstr("empty or uses very little"));
}

TEST_F(MemoryCommands, DoctorReportsNoProblemWithOrdinaryData) {
  ask("DEBUG POPULATE 20000 key 1000");
  EXPECT_THAT(ask("MEMORY DOCTOR"), Not(HasSubstr("client.output")));
}

TEST_F(MemoryCommands, DoctorNamesTheOwnerThatHoldsMost) {
  ask("DEBUG POPULATE 1000 key 1000");
  {
    const Charge replies(memory::Owner::client_output, 50 * kMiB);
    EXPECT_THAT(ask("MEMORY DOCTOR"), HasSubstr("client.output holds 50"));
  }
  {
    const Charge dead(memory::Owner::graveyard, 50 * kMiB);
    EXPECT_THAT(ask("MEMORY DOCTOR"), HasSubstr("graveyard holds 50"));
  }
  {
    const Charge input(memory::Owner::client_input, 50 * kMiB);
    EXPECT_THAT(ask("MEMORY DOCTOR"), HasSubstr("client.input holds 50"));
  }
  const Charge scripts(memory::Owner::scripts, 50 * kMiB);
  EXPECT_THAT(ask("MEMORY DOCTOR"), HasSubstr("scripts holds 50"));
}

TEST_F(MemoryCommands, DoctorReportsTheLimitAndThePeak) {
  ask("DEBUG POPULATE 10000 key 1000");
  ask("CONFIG SET maxmemory 1mb");
  EXPECT_THAT(ask("MEMORY DOCTOR"), HasSubstr("maxmemory is nearly reached"));
  ask("CONFIG SET maxmemory 0");
  ask("FLUSHALL");
  for (int i = 0; i < 100; ++i) harness.core().end_turn();
  ask("DEBUG POPULATE 5000 key 1000");
  EXPECT_THAT(ask("MEMORY DOCTOR"), Not(HasSubstr("maxmemory")));
}

TEST_F(MemoryCommands, StatsAddsUpItsOwners) {
  ask("SET k v");
  ask("HELLO 3");
  const std::string stats = ask("MEMORY STATS");
  EXPECT_THAT(stats, HasSubstr("$15\r\ntotal.allocated\r\n:"));
  EXPECT_THAT(stats, HasSubstr("$4\r\ndb.0\r\n%3\r\n$23\r\noverhead.hashtable.main\r\n:"));
  EXPECT_THAT(stats, HasSubstr("$10\r\nkeys.count\r\n:1\r\n"));
  EXPECT_THAT(stats, HasSubstr("$13\r\nowner.strings\r\n:16\r\n"));
  EXPECT_THAT(stats, testing::StartsWith("%49\r\n"));
}

TEST_F(MemoryCommands, UsageOfAllKeysEqualsTheOwners) {
  for (int i = 1; i <= 100; ++i) {
    ask("SET k" + std::to_string(i) + " " + std::string(static_cast<std::size_t>(i) * 20, 'x'));
  }
  std::int64_t sum = 0;
  for (int i = 1; i <= 100; ++i) {
    sum += std::stoll(ask("MEMORY USAGE k" + std::to_string(i)).substr(1)) - 9;
  }
  EXPECT_EQ(sum, memory::balance(memory::Owner::strings));
}

class ConnectionsAudit : public SocketFixture {};

TEST_F(ConnectionsAudit, BalancesWithUnsentRepliesAndPartialRequests) {
  Line line = connect();
  Line slow = connect();
  line.write(
      "CLIENT SETNAME "
      "a-name-that-does-not-fit-inside-a-short-string\r\n*2\r\n$3\r\nGET\r\n$100\r\nhal");
  slow.write("SET k " + std::string(30000, 'x') + "\r\n");
  turn();
  for (int i = 0; i < 50; ++i) slow.write("GET k\r\n");
  turn();
  const memory::Audit audit = harness.core().auditor.run();
  EXPECT_GT(memory::balance(memory::Owner::client_output), 100'000);
  EXPECT_TRUE(audit.balanced()) << audit.text();
}

}  // namespace
}  // namespace larder::server

// The system refuses blocks of memory: commands and requests that need them end with an error.

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>

#include "larder/memory/heap.h"
#include "larder/memory/refusals.h"
#include "larder/memory/reserve.h"
#include "tests/server/socket_fixture.h"

namespace larder::server {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class RefusedMemory : public SocketFixture {
 protected:
  RefusedMemory() { log.level(base::LogLevel::nothing); }
  ~RefusedMemory() override { allow_all(); }

  static void refuse_megabytes() { memory::refuse_blocks_from(kMega); }
  static void allow_all() { memory::refuse_blocks_from(~std::size_t{0}); }

  std::string ask(const std::string& text) {
    Line asking = connect();
    return talk(asking, text + "\r\n");
  }
  void store_large() { ASSERT_EQ(ask("SETRANGE large 2097151 x"), ":2097152\r\n"); }
};

TEST_F(RefusedMemory, ReadsGetAnError) {
  store_large();
  refuse_megabytes();
  Line line = connect();
  EXPECT_THAT(talk(line, "PING\r\nGET large\r\nPING\r\n"),
              AllOf(StartsWith("+PONG\r\n-OOM the system has no memory for a reply of about 2"),
                    EndsWith("bytes\r\n+PONG\r\n")));
  EXPECT_THAT(talk(line, "MGET large large\r\n"), StartsWith("-OOM the system has no memory"));
  EXPECT_THAT(talk(line, "GETRANGE large 0 -1\r\n"), StartsWith("-OOM the system has no memory"));
  allow_all();
  EXPECT_THAT(talk(line, "GET large\r\n"), StartsWith("$2097152\r\n"));
}

TEST_F(RefusedMemory, CommandsThatRemoveTheirReplyRemoveNothing) {
  store_large();
  refuse_megabytes();
  for (const char* command : {"GETDEL large", "GETSET large x", "SET large x GET"}) {
    EXPECT_THAT(ask(command), StartsWith("-OOM the system has no memory")) << command;
    EXPECT_EQ(ask("STRLEN large"), ":2097152\r\n") << command;
  }
}

TEST_F(RefusedMemory, TransactionsContinueAfterTheError) {
  store_large();
  refuse_megabytes();
  Line line = connect();
  EXPECT_THAT(talk(line, "MULTI\r\nGET large\r\nINCR n\r\nGETDEL large\r\nEXEC\r\n"),
              AllOf(HasSubstr("*3\r\n-OOM the system has no memory for a reply of about 2"),
                    HasSubstr("\r\n:1\r\n-OOM the system has no memory for a reply of about 2")));
  EXPECT_EQ(ask("STRLEN large"), ":2097152\r\n");
}

TEST_F(RefusedMemory, CommandsThatComputeTheirSizeSayWhoRefused) {
  store_large();
  refuse_megabytes();
  for (const char* command : {"SETRANGE new 2097151 x", "SETBIT new 16777215 1",
                              "BITOP NOT new large", "BITFIELD new SET u8 #2097151 1"}) {
    EXPECT_THAT(ask(command), StartsWith("-OOM the system has no memory for a block of 2"))
        << command;
  }
  EXPECT_EQ(ask("EXISTS new"), ":0\r\n");
}

// The request is received already when the system refuses memory for the value.
TEST_F(RefusedMemory, CommandsThatStoreALargeRequestSayWhoRefused) {
  const std::string value(kMega, 'v');
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"SET", "new", value},
                                             {"HSET", "new", "field", value},
                                             {"RPUSH", "new", value},
                                             {"SADD", "new", value},
                                             {"XADD", "new", "*", "field", value},
                                             {"APPEND", "new", value}}) {
    Line line = connect();
    const std::string request = command(words);
    talk(line, request.substr(0, request.size() - 2));
    refuse_megabytes();
    EXPECT_THAT(talk(line, "\r\nPING\r\n"),
                AllOf(StartsWith("-OOM the system has no memory for a block of 1"),
                      EndsWith("bytes\r\n+PONG\r\n")))
        << words[0];
    allow_all();
    EXPECT_EQ(ask("EXISTS new"), ":0\r\n") << words[0];
  }
}

TEST_F(RefusedMemory, LargeTransactionsAreDiscarded) {
  Line line = connect();
  const std::string request = command({"SET", "new", std::string(kMega, 'v')});
  talk(line, "MULTI\r\nINCR n\r\n" + request.substr(0, request.size() - 2));
  refuse_megabytes();
  EXPECT_THAT(talk(line, "\r\n"), StartsWith("-OOM the system has no memory for a block of 1"));
  EXPECT_THAT(talk(line, "EXEC\r\n"), StartsWith("-EXECABORT"));
  allow_all();
  EXPECT_EQ(talk(line, "MULTI\r\nINCR n\r\n" + request), "+OK\r\n+QUEUED\r\n+QUEUED\r\n");
  refuse_megabytes();
  EXPECT_THAT(talk(line, "EXEC\r\n"),
              AllOf(StartsWith("-EXECABORT Transaction discarded because of: OOM the system has "
                               "no memory for a block of 1")));
  allow_all();
  EXPECT_EQ(ask("EXISTS new n"), ":0\r\n");
}

TEST_F(RefusedMemory, CopiesOfCollectionsNeedMemoryForAllOfThem) {
  std::string request = "RPUSH list";
  for (int i = 0; i < 100; ++i) request += " " + std::string(300, 'v');
  for (int i = 0; i < 100; ++i) ask(request);
  refuse_megabytes();
  EXPECT_THAT(ask("COPY list copied"),
              StartsWith("-OOM the system has no memory for a block of 3"));
  allow_all();
  EXPECT_EQ(ask("EXISTS copied"), ":0\r\n");
  EXPECT_EQ(ask("COPY list copied"), ":1\r\n");
}

TEST_F(RefusedMemory, CommandsThatStoreAResultNeedMemoryForAllOfIt) {
  for (int i = 0; i < 40; ++i) {
    std::string members = " " + std::to_string(i) + std::string(3000, 'v');
    for (int j = 0; j < 10; ++j)
      members += " " + std::to_string(i * 10 + j) + std::string(3000, 'v');
    ask("SADD set" + members);
    ask("GEOADD places 1 1 " + std::to_string(i) + std::string(30'000, 'v'));
    ask("RPUSH list" + members);
  }
  refuse_megabytes();
  for (const char* command :
       {"SUNIONSTORE new set", "SDIFFSTORE new set none", "SINTERSTORE new set set",
        "ZUNIONSTORE new 1 places", "ZINTERSTORE new 2 places set", "ZDIFFSTORE new 1 places",
        "ZRANGESTORE new places 0 -1", "SORT list ALPHA STORE new",
        "GEOSEARCHSTORE new places FROMLONLAT 1 1 BYRADIUS 1 km",
        "GEORADIUS places 1 1 1 km STORE new"}) {
    EXPECT_THAT(ask(command), StartsWith("-OOM the system has no memory for a block of "))
        << command;
  }
  allow_all();
  EXPECT_EQ(ask("EXISTS new"), ":0\r\n");
  EXPECT_EQ(ask("SUNIONSTORE new set"), ":400\r\n");
  EXPECT_EQ(ask("ZRANGESTORE new places 0 -1"), ":40\r\n");
}

// What a small block is taken from if the system has none: then the server goes on without growing.
TEST_F(RefusedMemory, WithoutTheReserveCommandsThatGrowAreRefused) {
  EXPECT_EQ(ask("SET k v"), "+OK\r\n");
  EXPECT_TRUE(memory::has_reserve());
  refuse_megabytes();
  EXPECT_TRUE(memory::give_back_reserve());
  EXPECT_FALSE(memory::give_back_reserve());
  turn();
  constexpr std::string_view kRefused =
      "-OOM command not allowed while the system has no memory.\r\n";
  EXPECT_EQ(ask("SET k w"), kRefused);
  EXPECT_EQ(ask("GET k"), "$1\r\nv\r\n");
  EXPECT_EQ(ask("EVAL \"return redis.pcall('SET', 'k', 'w')\" 0"), kRefused);
  Line line = connect();
  EXPECT_THAT(talk(line, "MULTI\r\nINCR n\r\nEXEC\r\n"),
              AllOf(StartsWith("+OK\r\n-OOM command"), EndsWith("previous errors.\r\n")));
  EXPECT_EQ(ask("DEL k"), ":1\r\n");
  allow_all();
  turn();
  EXPECT_EQ(ask("SET k w"), "+OK\r\n");
  EXPECT_TRUE(memory::has_reserve());
}

TEST_F(RefusedMemory, LargeRequestsGetAnErrorAndEnd) {
  refuse_megabytes();
  Line line = connect();
  const std::string request = command({"SET", "k", std::string(4 * kMega, 'v')});
  EXPECT_THAT(talk(line, request), AllOf(StartsWith("-OOM A request of 4194"),
                                         HasSubstr("needs a buffer of 5242880 bytes"),
                                         HasSubstr("the system has no memory")));
  EXPECT_TRUE(line.closed);
  EXPECT_EQ(ask("EXISTS k"), ":0\r\n");
}

TEST_F(RefusedMemory, TheLogHasOneWarningASecond) {
  const std::string path = testing::TempDir() + "/refused_memory.log";
  std::remove(path.c_str());
  harness.core().refusals.beat();
  base::Log warnings;
  ASSERT_TRUE(warnings.write_to(path));
  RefusalReport report(warnings, harness.clock());
  report.beat();  // What other tests have caused.
  harness.clock().advance_ms(2000);
  const auto lines = [&] {
    std::ifstream file(path);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    return std::pair(std::count(text.begin(), text.end(), '\n'), text);
  };
  const auto before = lines().first;
  refuse_megabytes();
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(memory::can_allocate(2 * kMega));
    report.beat();
  }
  EXPECT_EQ(lines().first, before + 1);
  EXPECT_THAT(lines().second, AllOf(HasSubstr("a block of 2097152 bytes"), HasSubstr("ulimit -v")));
  harness.clock().advance_ms(1000);
  report.beat();
  EXPECT_EQ(lines().first, before + 2);
  EXPECT_THAT(lines().second, HasSubstr("refused memory 9 times"));
  harness.clock().advance_ms(5000);
  report.beat();
  EXPECT_EQ(lines().first, before + 2);
}

}  // namespace
}  // namespace larder::server

// Saving and loading: by commands in process, and by the server as a process, beside redis-server
// if it is installed.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "child.h"
#include "failing_calls.h"
#include "larder/persistence/snapshot_file.h"
#include "snapshot_folder.h"
#include "tests/harness/harness.h"

namespace larder::server {
namespace {

using harness::Harness;

// Values of every type in their encodings.
std::string many_values() {
  std::string lines = "SET number 12345\r\nSET short text\r\nSET long " + std::string(700, 'x') +
                      "\r\nSET due 1 PX 100000000\r\nSADD ints 1 2 3\r\nSADD words a b c\r\n"
                      "ZADD zset 1.5 a 2 b -inf c\r\nRPUSH list a b 3\r\nHSET hash f v g 1\r\n"
                      "XADD stream 1-1 f v\r\nXADD stream 1-2 f w\r\n"
                      "XGROUP CREATE stream group 0\r\nXREADGROUP GROUP group alice COUNT 1 "
                      "STREAMS stream >\r\nSELECT 3\r\nSET other db\r\nSELECT 0\r\n";
  for (int i = 0; i < 700; ++i) {
    const std::string n = std::to_string(i);
    lines += "HSET large f" + n + " " + n + "\r\nSADD manywords word" + n + "\r\nZADD manyscores " +
             n + " m" + n + "\r\nRPUSH longlist element" + n + "\r\nSADD manyints " + n + "\r\n";
  }
  return lines;
}

class Snapshots : public SnapshotFolder {
 protected:
  static std::string digest(Harness::Client& client) { return client.exchange("DEBUG DIGEST\r\n"); }
};

TEST_F(Snapshots, ReloadsEveryTypeAndCountsNoChanges) {
  Harness harness;
  const auto client = harness.connect();
  client->exchange(many_values());
  client->exchange("HSET deadlines a 1 b 2\r\nHEXPIRE deadlines 1000 FIELDS 1 a\r\n");
  const std::string before = digest(*client);
  EXPECT_EQ(client->exchange("DEBUG RELOAD\r\n"), "+OK\r\n");
  EXPECT_EQ(digest(*client), before);
  EXPECT_EQ(client->exchange("HTTL deadlines FIELDS 1 a\r\n"), "*1\r\n:1000\r\n");
  EXPECT_NE(client->exchange("INFO persistence\r\n").find("rdb_changes_since_last_save:0"),
            std::string::npos);
  EXPECT_TRUE(harness.core().auditor.run().balanced());
}

TEST_F(Snapshots, WritesTheLowestVersionThatHoldsTheData) {
  Harness harness;
  const auto client = harness.connect();
  const auto version = [&] {
    EXPECT_EQ(client->exchange("SAVE\r\n"), "+OK\r\n");
    return read_file("dump.rdb").substr(0, 9);
  };
  client->exchange("HSET h a 1 b 2\r\n");
  EXPECT_EQ(version(), "REDIS0010");
  client->exchange("HEXPIRE h 1000 FIELDS 1 a\r\n");
  EXPECT_EQ(version(), "REDIS0012");
  client->exchange("CONFIG SET rdb-version 11\r\n");
  EXPECT_EQ(version(), "REDIS0011");
  EXPECT_NE(client->exchange("INFO persistence\r\n").find("rdb_last_save_dropped_field_ttls:1"),
            std::string::npos);
  client->exchange("DEBUG RELOAD NOSAVE\r\n");
  EXPECT_EQ(client->exchange("HTTL h FIELDS 1 a\r\n"), "*1\r\n:-1\r\n");
}

TEST_F(Snapshots, KeepsWhatKeysWereUsedLast) {
  Harness harness("maxmemory-policy allkeys-lru");
  const auto client = harness.connect();
  client->exchange("SET k v\r\n");
  harness.advance_ms(100'000);
  EXPECT_EQ(client->exchange("DEBUG RELOAD\r\nOBJECT IDLETIME k\r\n"), "+OK\r\n:100\r\n");
}

TEST_F(Snapshots, ADamagedFileIsFoundBeforeDataIsRemoved) {
  Harness harness;
  const auto client = harness.connect();
  client->exchange("SET a 1\r\nSAVE\r\nSET b 2\r\n");
  const std::string good = read_file("dump.rdb");
  std::ofstream("dump.rdb", std::ios::binary) << good.substr(0, good.size() - 9);
  EXPECT_EQ(client->exchange("DEBUG RELOAD NOSAVE\r\n"),
            "-ERR Error trying to load the RDB dump, check server logs.\r\n");
  EXPECT_EQ(client->exchange("MGET a b\r\n"), "*2\r\n$1\r\n1\r\n$1\r\n2\r\n");
}

TEST_F(Snapshots, MergesOnlyWhenAsked) {
  Harness harness;
  const auto client = harness.connect();
  client->exchange("SET a 1\r\nSAVE\r\nSET a 2\r\nSET b 3\r\n");
  EXPECT_EQ(client->exchange("DEBUG RELOAD NOSAVE NOFLUSH\r\n").substr(0, 4), "-ERR");
  EXPECT_EQ(client->exchange("DEBUG RELOAD NOSAVE NOFLUSH MERGE\r\nMGET a b\r\n"),
            "+OK\r\n*2\r\n$1\r\n1\r\n$1\r\n3\r\n");
}

TEST_F(Snapshots, AReloadKeepsTheDataIfALibraryOfTheFileDoesNotCompile) {
  Harness harness;
  const auto client = harness.connect();
  client->exchange(
      "CONFIG SET rdbcompression no rdbchecksum no\r\nSET k v\r\n"
      "FUNCTION LOAD \"#!lua name=l\\nredis.register_function('f', function() return 17 end)\"\r\n"
      "SAVE\r\n");
  std::string file = read_file("dump.rdb");
  const std::size_t place = file.find("return 17");
  ASSERT_NE(place, std::string::npos);
  std::ofstream("dump.rdb", std::ios::binary) << file.replace(place, 9, "return ((");
  EXPECT_EQ(client->exchange("DEBUG RELOAD NOSAVE\r\n").substr(0, 4), "-ERR");
  EXPECT_EQ(client->exchange("GET k\r\nFCALL f 0\r\n"), "$1\r\nv\r\n:17\r\n");
  EXPECT_EQ(client->exchange("DEBUG RELOAD\r\nFCALL f 0\r\n"), "+OK\r\n:17\r\n");
  EXPECT_TRUE(harness.core().auditor.run().balanced());
}

TEST_F(Snapshots, AWatchedKeyCountsAsChangedByAReload) {
  Harness harness;
  const auto client = harness.connect();
  const auto other = harness.connect();
  other->exchange("SET k 1\r\n");
  client->exchange("WATCH k\r\nMULTI\r\nPING\r\n");
  other->exchange("DEBUG RELOAD\r\n");
  EXPECT_EQ(client->exchange("EXEC\r\n"), "*-1\r\n");
}

TEST_F(Snapshots, AFailureOfAnyCallLeavesNoTemporaryFileAndAWholeSnapshot) {
  Harness harness;
  const auto client = harness.connect();
  client->exchange("SET a 1\r\nSAVE\r\n");
  const std::string before = read_file("dump.rdb");
  client->exchange(many_values());
  Core& core = harness.core();
  int failures = 0;
  for (int good = 0;; ++good) {
    FailingCalls calls(good);
    persistence::Snapshots snapshots(
        {core.clock, core.log, core.keyspace, core.evictor, core.configuration.types,
         core.configuration.persistence.snapshots, core.persistence_metrics, core.gates,
         core.disk_errors, core.checksums},
        calls);
    const auto saved = snapshots.save();
    EXPECT_EQ(files(), 1);
    if (!calls.failed()) {
      EXPECT_TRUE(saved);
      break;
    }
    ++failures;
    EXPECT_FALSE(saved);
    EXPECT_NE(saved.error().text.find("No space left"), std::string::npos) << saved.error().text;
    // Only the sync of the folder comes after the new file has its name.
    const bool is_new = read_file("dump.rdb") != before;
    EXPECT_TRUE(!is_new || saved.error().text.rfind("Failed syncing the folder", 0) == 0);
  }
  EXPECT_GE(failures, 6);
  EXPECT_TRUE(harness.core().auditor.run().balanced());
}

TEST(SnapshotProcess, SavesAtTheShutdownAndLoadsAtTheStart) {
  Child child;
  ASSERT_TRUE(child.serve({"--enable-debug-command", "yes"}));
  child.ask("SET a 1");
  child.ask("SET gone 1 PX 1");
  const std::string digest = child.ask("DEBUG DIGEST");
  EXPECT_EQ(child.end(SIGTERM), 0);
  EXPECT_TRUE(child.wrote("Saving the final RDB snapshot before exiting."));
  std::filesystem::remove(child.path("out"));
  ASSERT_TRUE(child.serve({"--enable-debug-command", "yes"}));
  EXPECT_TRUE(child.wrote("Done loading RDB, keys loaded: 1, keys expired: "));
  EXPECT_TRUE(child.wrote("DB loaded from disk: 0.0"));
  EXPECT_EQ(child.ask("GET a"), "$1\r\n1\r\n");
  EXPECT_EQ(child.end(SIGTERM), 0);
}

TEST(SnapshotProcess, ADamagedFileStopsTheStartAndStaysAsItIs) {
  for (const std::string contents : {"REDIS0099", "no snapshot at all", "REDIS0010\xfe", "REDI",
                                     "REDIS0010\x63\x01k\x01v\xff"}) {
    Child child;
    std::ofstream(child.path("dump.rdb"), std::ios::binary) << contents;
    child.start({"--port", "0", "--unixsocket", child.path("socket")});
    const int status = child.wait().value_or(-1);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 1) << contents;
    const std::string output = child.output();
    EXPECT_TRUE(output.find("Fatal error loading the DB") != std::string::npos ||
                output.find("Terminating server after rdb file") != std::string::npos)
        << output;
    EXPECT_EQ(read_file(child.path("dump.rdb")), contents);
  }
}

TEST(SnapshotProcess, AnswersWhileItLoadsAndRefusesWhatNeedsData) {
  Child child;
  ASSERT_TRUE(child.serve({"--enable-debug-command", "yes"}));
  child.ask("DEBUG POPULATE 400");
  ASSERT_EQ(child.end(SIGTERM), 0);
  std::filesystem::remove(child.path("out"));
  child.start({"--key-load-delay", "5000", "--port", "0", "--unixsocket", child.path("socket")});
  ASSERT_TRUE(wait_for([&] { return child.ask("DBSIZE").rfind("-LOADING", 0) == 0; }));
  EXPECT_EQ(child.ask("PING"), "+PONG\r\n");
  EXPECT_EQ(child.ask("GET key:1"), "-LOADING Redis is loading the dataset in memory\r\n");
  EXPECT_EQ(child.ask("LASTSAVE").front(), ':');
  const std::string info = child.ask("INFO persistence");
  EXPECT_NE(info.find("loading:1"), std::string::npos);
  EXPECT_NE(info.find("loading_total_bytes:"), std::string::npos);
  EXPECT_TRUE(child.wrote("Loading: "));
  ASSERT_TRUE(wait_for([&] { return child.ask("GET key:1") == "$7\r\nvalue:1\r\n"; }));
  EXPECT_EQ(child.ask("INFO persistence").find("loading_total_bytes"), std::string::npos);
  EXPECT_EQ(child.end(SIGTERM), 0);
}

TEST(SnapshotProcess, ALimitOfMemoryHoldsWhileItLoads) {
  Child child;
  ASSERT_TRUE(child.serve({"--enable-debug-command", "yes"}));
  child.ask("DEBUG POPULATE 20000 key 200");
  ASSERT_EQ(child.end(SIGTERM), 0);
  std::filesystem::remove(child.path("out"));
  child.start({"--maxmemory", "4mb", "--port", "0", "--unixsocket", child.path("socket")});
  const int status = child.wait().value_or(-1);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 1);
  EXPECT_TRUE(child.wrote("The data does not fit into maxmemory: key 'key:"));
  ASSERT_TRUE(child.serve({"--maxmemory", "4mb", "--maxmemory-policy", "allkeys-lru"}));
  const std::string memory = child.ask("INFO memory");
  const auto at = memory.find("used_memory_peak:");
  ASSERT_NE(at, std::string::npos);
  EXPECT_LT(std::stoll(memory.substr(at + 17)), 4'240'000);
  EXPECT_GT(std::stoll(child.ask("DBSIZE").substr(1)), 5000);
  EXPECT_EQ(child.end(SIGTERM), 0);
}

}  // namespace
}  // namespace larder::server

// The append-only file in process: what is written is loaded again, by a server that starts in the
// same folder.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <vector>

#include "child.h"
#include "snapshot_folder.h"
#include "tests/harness/harness.h"

namespace larder::server {
namespace {

using harness::Harness;

class Journals : public ::testing::Test {
 protected:
  Journals() : before_(std::filesystem::current_path()) {
    char name[] = "/tmp/larder_journal_XXXXXX";
    std::filesystem::current_path(::mkdtemp(name));
  }
  ~Journals() override {
    const auto folder = std::filesystem::current_path();
    std::filesystem::current_path(before_);
    std::filesystem::remove_all(folder);
  }

  struct NobodyServed final : persistence::LoadingHost {
    bool serve() override { return true; }
  };
  // Loads what the folder has, and writes from now on.
  static std::unique_ptr<Harness> start(const std::string& options = {}) {
    auto made = std::make_unique<Harness>("appendonly yes\n" + options);
    NobodyServed host;
    EXPECT_NE(made->core().load(host), persistence::Loading::failed);
    EXPECT_TRUE(made->core().journal.begin());
    return made;
  }
  // Until the thread for files has done what there is to do.
  static void settle(Harness& harness) {
    for (int i = 0; i < 3; ++i) {
      harness.end_turn();
      harness.core().snapshot_worker.finish();
      harness.core().journal_worker.finish();
    }
  }
  static void rewrite(Harness& harness, Harness::Client& client) {
    EXPECT_EQ(client.exchange("BGREWRITEAOF\r\n"),
              "+Background append only file rewriting started\r\n");
    EXPECT_TRUE(wait_for([&] {
      harness.advance_ms(100);
      settle(harness);
      return client.exchange("INFO persistence\r\n").find("aof_rewrite_in_progress:0") !=
             std::string::npos;
    }));
  }
  static std::string digest(Harness& harness) {
    return harness.connect()->exchange("DEBUG DIGEST\r\n");
  }

 private:
  const std::filesystem::path before_;
};

TEST_F(Journals, AServerStartsWithWhatWasWritten) {
  std::string before;
  {
    const auto harness = start();
    const auto client = harness->connect();
    client->exchange(
        "SET a 1\r\nSELECT 5\r\nRPUSH l 1 2 3\r\nMULTI\r\nINCR n\r\nSPOP l\r\nEXEC\r\n");
    client->exchange("SET due v PX 100000\r\nHSET h f v\r\nHPEXPIRE h 100000 FIELDS 1 f\r\n");
    EXPECT_TRUE(harness->core().auditor.run().balanced()) << harness->core().auditor.run().text();
    before = digest(*harness);
    harness->core().journal.close();
  }
  EXPECT_FALSE(std::filesystem::exists("appendonlydir/appendonly.aof.ring"));
  const auto harness = start();
  EXPECT_EQ(digest(*harness), before);
  EXPECT_TRUE(harness->core().auditor.run().balanced());
}

// Notes how many keys there are each time that clients are served.
struct Watcher final : persistence::LoadingHost {
  explicit Watcher(Harness& server) : watched(server), client(server.connect()) {}
  bool serve() override {
    sizes.push_back(watched.core().keyspace.db(0).size());
    EXPECT_EQ(client->exchange("GET key:1\r\n").substr(0, 8), "-LOADING");
    return true;
  }

  Harness& watched;
  std::unique_ptr<Harness::Client> client;
  std::vector<std::size_t> sizes;
};

TEST_F(Journals, ServesClientsWithinALargeTransaction) {
  constexpr std::size_t kSets = 5000;
  std::string before;
  {
    const auto harness = start();
    std::string lines = "MULTI\r\n";
    for (std::size_t i = 0; i < kSets; ++i) lines += "SET key:" + std::to_string(i) + " v\r\n";
    // An error, and a database that stays selected.
    harness->connect()->exchange(lines + "SELECT 3\r\nSET k v\r\nLPUSH k v\r\nEXEC\r\nSET l w\r\n");
    before = digest(*harness);
    harness->core().journal.close();
  }
  Harness harness("appendonly yes\n");
  Watcher watcher(harness);
  harness.clock().us_per_reading = 300;
  EXPECT_EQ(harness.core().load(watcher), persistence::Loading::done);
  harness.clock().us_per_reading = 0;
  const auto within = std::count_if(watcher.sizes.begin(), watcher.sizes.end(),
                                    [](std::size_t size) { return size > 0 && size < kSets; });
  EXPECT_GT(within, 10);
  EXPECT_EQ(digest(harness), before);
  EXPECT_EQ(harness.connect()->exchange("SELECT 3\r\nMGET k l\r\n"),
            "+OK\r\n*2\r\n$1\r\nv\r\n$1\r\nw\r\n");
  harness.end_turn();
  EXPECT_TRUE(harness.core().auditor.run().balanced()) << harness.core().auditor.run().text();
}

TEST_F(Journals, WhatWasOnlyInTheRingIsNotLost) {
  std::string before;
  {
    const auto harness = start("appendfsync no\n");
    const auto client = harness->connect();
    client->exchange("SET a 1\r\n");
    harness->core().journal_worker.finish();
    // Nothing moves these: the clock stands still.
    client->exchange("SET a 2\r\nSET b 3\r\n");
    before = digest(*harness);
  }
  const std::string file = read_file("appendonlydir/appendonly.aof.1.incr.aof");
  EXPECT_EQ(file.find("\r\nb\r\n"), std::string::npos);
  const auto harness = start();
  EXPECT_EQ(digest(*harness), before);
}

TEST_F(Journals, AlwaysReleasesWhatIsSynced) {
  const auto harness = start("appendfsync always\n");
  const auto writer = harness->connect();
  const auto reader = harness->connect();
  Core& core = harness->core();
  writer->exchange("SET a 1\r\nSET b 1\r\n");
  const std::uint64_t written = writer->session().shown_position;
  EXPECT_GT(written, core.effects.released());
  // Who reads a key that has changed waits as well; who reads another one does not.
  reader->exchange("GET c\r\nPING\r\n");
  EXPECT_LE(reader->session().shown_position, core.effects.released());
  reader->exchange("GET a\r\n");
  EXPECT_GT(reader->session().shown_position, core.effects.released());
  reader->exchange("DBSIZE\r\n");
  EXPECT_EQ(reader->session().shown_position, written);
  settle(*harness);
  EXPECT_GE(core.effects.released(), written);
  // The keys of a transaction are known when its effects are written.
  writer->exchange("MULTI\r\nSET d 1\r\nGET x\r\nEXEC\r\n");
  const auto other = harness->connect();
  other->exchange("GET x\r\n");
  EXPECT_LE(other->session().shown_position, core.effects.released());
  other->exchange("GET d\r\n");
  EXPECT_EQ(other->session().shown_position, writer->session().shown_position);
  EXPECT_TRUE(core.auditor.run().balanced());
}

TEST_F(Journals, WritesAndSyncsAreEventsOfLatency) {
  for (const bool always : {false, true}) {
    const auto harness = start(always ? "appendfsync always\n" : "appendfsync no\n");
    const auto client = harness->connect();
    client->exchange("CONFIG SET latency-monitor-threshold 1\r\n");
    harness->clock().us_per_reading = 2000;
    client->exchange("SET a 1\r\n");
    harness->advance_ms(100);
    settle(*harness);
    const std::string latest = client->exchange("LATENCY LATEST\r\n");
    EXPECT_NE(latest.find("\r\naof-write\r\n"), std::string::npos) << latest;
    EXPECT_EQ(latest.find("\r\naof-fsync-always\r\n") != std::string::npos, always) << latest;
  }
}

TEST_F(Journals, ARewriteKeepsTheDataAndRemovesTheHistory) {
  std::string before;
  {
    const auto harness = start();
    const auto client = harness->connect();
    for (int i = 0; i < 300; ++i) client->exchange("SET k" + std::to_string(i % 10) + " v\r\n");
    rewrite(*harness, *client);
    client->exchange("APPEND k1 more\r\n");
    EXPECT_NE(client->exchange("INFO persistence\r\n").find("aof_last_bgrewrite_status:ok"),
              std::string::npos);
    before = digest(*harness);
    harness->core().journal.close();
  }
  EXPECT_EQ(read_file("appendonlydir/appendonly.aof.manifest"),
            "file appendonly.aof.2.base.rdb seq 2 type b\n"
            "file appendonly.aof.2.incr.aof seq 2 type i\n");
  EXPECT_FALSE(std::filesystem::exists("appendonlydir/appendonly.aof.1.incr.aof"));
  const auto harness = start();
  EXPECT_EQ(digest(*harness), before);
}

TEST_F(Journals, ARewriteThatCannotBeginEndsItsSnapshot) {
  const auto harness = start();
  const auto client = harness->connect();
  client->exchange("DEBUG POPULATE 20000 key 100\r\n");
  settle(*harness);
  // The manifest cannot be written.
  std::filesystem::create_directory("appendonlydir/temp-appendonly.aof.manifest");
  client->exchange("BGREWRITEAOF\r\n");
  for (int i = 0; i < 3; ++i) settle(*harness);
  EXPECT_FALSE(harness->core().background_snapshot.is_running());
  const std::string info = client->exchange("INFO persistence\r\n");
  EXPECT_NE(info.find("aof_last_bgrewrite_status:err"), std::string::npos);
  EXPECT_NE(info.find("aof_rewrite_in_progress:0"), std::string::npos);
  std::filesystem::remove("appendonlydir/temp-appendonly.aof.manifest");
  rewrite(*harness, *client);
  EXPECT_NE(client->exchange("INFO persistence\r\n").find("aof_last_bgrewrite_status:ok"),
            std::string::npos);
}

// The snapshot of a rewrite is given up when the new increment cannot be created.
TEST_F(Journals, ARewriteThatCannotCreateItsFilesChangesNothing) {
  std::string before;
  {
    const auto harness = start();
    const auto client = harness->connect();
    client->exchange("SET a 1\r\n");
    std::filesystem::rename("appendonlydir", "elsewhere");
    rewrite(*harness, *client);
    EXPECT_NE(client->exchange("INFO persistence\r\n").find("aof_last_bgrewrite_status:err"),
              std::string::npos);
    std::filesystem::rename("elsewhere", "appendonlydir");
    client->exchange("SET b 2\r\n");
    EXPECT_TRUE(harness->core().auditor.run().balanced());
    before = digest(*harness);
  }
  {
    const auto harness = start();
    const auto client = harness->connect();
    EXPECT_EQ(digest(*harness), before);
    rewrite(*harness, *client);
    EXPECT_NE(client->exchange("INFO persistence\r\n").find("aof_last_bgrewrite_status:ok"),
              std::string::npos);
    harness->core().journal.close();
  }
  const auto harness = start();
  EXPECT_EQ(digest(*harness), before);
}

TEST_F(Journals, WithoutItNothingIsEncoded) {
  Harness harness;
  const auto client = harness.connect();
  client->exchange("SET a 1\r\n");
  EXPECT_FALSE(harness.core().effects.listened());
  EXPECT_EQ(client->session().shown_position, 0U);
  EXPECT_EQ(client->exchange("INFO persistence\r\n").find("aof_current_size"), std::string::npos);
}

TEST_F(Journals, WithoutItARewriteWritesABaseAlone) {
  {
    Harness harness;
    const auto client = harness.connect();
    client->exchange("SET a 1\r\n");
    rewrite(harness, *client);
    EXPECT_EQ(read_file("appendonlydir/appendonly.aof.manifest"),
              "file appendonly.aof.1.base.rdb seq 1 type b\n");
    client->exchange("SET b 2\r\n");
    rewrite(harness, *client);
    EXPECT_EQ(read_file("appendonlydir/appendonly.aof.manifest"),
              "file appendonly.aof.2.base.rdb seq 2 type b\n");
    EXPECT_FALSE(std::filesystem::exists("appendonlydir/appendonly.aof.1.base.rdb"));
    EXPECT_TRUE(harness.core().auditor.run().balanced());
    client->exchange("SET c 3\r\n");
  }
  const auto harness = start();
  EXPECT_EQ(harness->connect()->exchange("MGET a b c\r\n"), "*3\r\n$1\r\n1\r\n$1\r\n2\r\n$-1\r\n");
}

// It is given up, because it would not contain what is written from then on.
TEST_F(Journals, TurningItOnEndsARewriteOfABaseAlone) {
  {
    Harness harness;
    const auto client = harness.connect();
    client->exchange("SET a 1\r\nBGREWRITEAOF\r\nCONFIG SET appendonly yes\r\nSET b 2\r\n");
    EXPECT_TRUE(wait_for([&] {
      harness.advance_ms(100);
      settle(harness);
      return harness.core().journal.is_safe();
    }));
    EXPECT_TRUE(harness.core().auditor.run().balanced());
  }
  const auto harness = start();
  EXPECT_EQ(harness->connect()->exchange("MGET a b\r\n"), "*2\r\n$1\r\n1\r\n$1\r\n2\r\n");
}

// With values that are written in steps, and more elements than one command has.
std::string every_type() {
  std::string lines = "SET n 12\r\nSET t text\r\nSET due v PX 100000\r\nSELECT 3\r\n";
  const auto many = [&lines](const std::string& head, int count, const char* tail) {
    lines += head;
    for (int i = 0; i < count; ++i) lines += " " + std::to_string(i) + tail;
    lines += "\r\n";
  };
  many("RPUSH list", 200, "x");
  many("RPUSH long", 5000, "-element-of-a-list");
  many("SADD ints", 100, "");
  many("SADD set", 5000, "-member-of-a-set");
  many("ZADD packed 1.5 a inf b", 0, "");
  for (int i = 0; i < 1000; ++i) {
    const std::string n = std::to_string(i);
    lines += "ZADD zset " + n + ".25 member-of-a-sorted-set-" + n + "\r\nHSET hash field-" + n +
             " value-with-some-bytes-" + std::string(i % 90, 'v') + "\r\n";
  }
  lines +=
      "HSET small f 1 g 2\r\nHPEXPIRE small 100000 FIELDS 1 f\r\nHPEXPIRE hash 100000 FIELDS 2 "
      "field-1 field-999\r\nXADD s 5-1 f v g w\r\nXADD s 6-1 h x\r\nXDEL s 6-1\r\n"
      "XADD s 7-1 f v\r\nXGROUP CREATE s group 0\r\nXGROUP CREATECONSUMER s group idle\r\n"
      "XREADGROUP GROUP group alice COUNT 1 STREAMS s >\r\nXGROUP CREATE empty g $ MKSTREAM\r\n";
  lines += "SET large " + std::string(60'000, 'x') + "\r\nPEXPIRE list 100000\r\n";
  return lines;
}

std::string shown(Harness::Client& client) {
  return client.exchange(
      "SELECT 3\r\nHPEXPIRETIME hash FIELDS 3 field-1 field-2 field-999\r\n"
      "HPEXPIRETIME small FIELDS 2 f g\r\nPEXPIRETIME list\r\nXPENDING s group\r\n"
      "XINFO GROUPS s\r\nXINFO GROUPS empty\r\nXINFO STREAM empty\r\nXRANGE s - +\r\n"
      "XADD s 7-1 already there\r\n");
}

TEST_F(Journals, ABaseOfCommandsHasTheSameData) {
  std::string before;
  std::string details;
  {
    const auto harness = start("aof-use-rdb-preamble no\n");
    const auto client = harness->connect();
    EXPECT_EQ(client->exchange(requests_of(every_type())).find("-ERR"), std::string::npos);
    rewrite(*harness, *client);
    EXPECT_TRUE(harness->core().auditor.run().balanced());
    before = digest(*harness);
    details = shown(*client);
    harness->core().journal.close();
  }
  EXPECT_EQ(read_file("appendonlydir/appendonly.aof.manifest"),
            "file appendonly.aof.2.base.aof seq 2 type b\n"
            "file appendonly.aof.2.incr.aof seq 2 type i\n");
  EXPECT_EQ(read_file("appendonlydir/appendonly.aof.2.base.aof").substr(0, 14),
            "*2\r\n$6\r\nSELECT");
  const auto harness = start();
  EXPECT_EQ(digest(*harness), before);
  EXPECT_EQ(shown(*harness->connect()), details);
  EXPECT_TRUE(harness->core().auditor.run().balanced());
}

TEST_F(Journals, IsTurnedOnAndOffAtRunTime) {
  {
    Harness harness;
    const auto client = harness.connect();
    client->exchange("SET a 1\r\n");
    EXPECT_EQ(client->exchange("CONFIG SET appendonly yes\r\n"), "+OK\r\n");
    EXPECT_FALSE(harness.core().journal.is_safe());
    client->exchange("SET b 2\r\n");
    EXPECT_TRUE(wait_for([&] {
      harness.advance_ms(100);
      settle(harness);
      return harness.core().journal.is_safe();
    }));
    EXPECT_EQ(client->exchange("CONFIG SET appendonly no\r\n"), "+OK\r\n");
    client->exchange("SET c 3\r\n");
    EXPECT_FALSE(harness.core().effects.listened());
    EXPECT_TRUE(harness.core().auditor.run().balanced());
  }
  const auto harness = start();
  EXPECT_EQ(harness->connect()->exchange("MGET a b c\r\n"), "*3\r\n$1\r\n1\r\n$1\r\n2\r\n$-1\r\n");
}

// More than the ring takes, in one transaction: writers wait until the file has taken it.
TEST_F(Journals, AFullRingHoldsWritersBack) {
  const auto harness = start("appendfsync no\nproto-max-bulk-len 100mb\n");
  const auto client = harness->connect();
  Core& core = harness->core();
  const std::string large(20 << 20, 'x');
  client->exchange("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$" + std::to_string(large.size()) + "\r\n" +
                   large + "\r\n");
  EXPECT_NE(core.gates.closed() & bit(engine::Gate::journal), 0U);
  EXPECT_GT(client->session().shown_position, core.effects.released());
  EXPECT_EQ(client->exchange("SET b 1\r\n"), "");
  EXPECT_EQ(harness->connect()->exchange("GET none\r\n"), "$-1\r\n");
  EXPECT_TRUE(core.auditor.run().balanced()) << core.auditor.run().text();
  std::string replies;
  EXPECT_TRUE(wait_for([&] {
    settle(*harness);
    replies += client->exchange("");
    return !replies.empty();
  }));
  EXPECT_EQ(replies, "+OK\r\n");
  EXPECT_EQ(core.gates.closed() & bit(engine::Gate::journal), 0U);
  EXPECT_GE(core.effects.released(), client->session().shown_position);
}

}  // namespace
}  // namespace larder::server

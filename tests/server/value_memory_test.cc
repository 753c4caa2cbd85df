// The result of MEMORY USAGE for keys of each type and encoding, compared with the ledger.

#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <vector>

#include "larder/keyspace/tables.h"
#include "larder/memory/ledger.h"
#include "tests/harness/harness.h"

namespace larder::server {
namespace {

using harness::Harness;

constexpr memory::Owner kDataset[] = {memory::Owner::strings, memory::Owner::lists,
                                      memory::Owner::sets,    memory::Owner::sorted_sets,
                                      memory::Owner::hashes,  memory::Owner::streams};

// One value: its encoding, the commands that create it, in which %% is a number from 0 to
// `times` - 1, and commands that remove a part of it.
struct Case {
  const char* name;
  const char* encoding;
  std::vector<std::string> makes;
  int times;
  std::vector<std::string> takes;
};

const std::string kLong(100, 'x');

void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

std::vector<Case> cases() {
  return {
      {"Integer", "int", {"SET k 1234567"}, 1, {"APPEND k 1"}},
      {"ShortString", "embstr", {"SET k abc"}, 1, {"SETRANGE k 100 z"}},
      {"LongString", "raw", {"APPEND k " + kLong}, 100, {"SET k short"}},
      {"Sketch", "raw", {"PFADD k %%"}, 300, {"PFADD k a b c"}},
      {"ShortList", "listpack", {"RPUSH k element%%"}, 20, {"LPOP k 5", "LREM k 0 element7"}},
      {"LongList",
       "quicklist",
       {"RPUSH k element%%", "LPUSH k %%"},
       3000,
       {"LTRIM k 100 -100", "LSET k 500 " + kLong, "LINSERT k BEFORE element9 x", "RPOP k 900"}},
      {"CompressedList",
       "quicklist",
       {"CONFIG SET list-compress-depth 1 list-max-listpack-size 20", "RPUSH k element%%%%%%%%"},
       1000,
       {"LREM k 3 element5555", "LSET k 444 x", "LTRIM k 10 700"}},
      {"PlainList",
       "quicklist",
       {"DEBUG QUICKLIST-PACKED-THRESHOLD 50b", "RPUSH k b%%" + kLong},
       100,
       {"LPOP k 30", "LSET k 0 y", "LSET k 5 " + kLong + kLong, "LINSERT k AFTER y z"}},
      {"Intset", "intset", {"SADD k %%"}, 200, {"SREM k 5 6 7", "SADD k 99999999999", "SPOP k 20"}},
      {"PackedSet", "listpack", {"SADD k member%%"}, 60, {"SREM k member5 member6", "SPOP k 20"}},
      {"TableSet", "hashtable", {"SADD k member%%"}, 3000, {"SPOP k 2500", "SREM k member7"}},
      {"PackedHash", "listpack", {"HSET k f%% v"}, 60, {"HDEL k f1 f2", "HSET k f3 longer"}},
      {"TableHash",
       "hashtable",
       {"HSET k f%% value%%"},
       2000,
       {"HDEL k f1 f2", "HSET k f3 " + kLong, "HINCRBY k f4x 7", "HGETDEL k FIELDS 2 f8 f9"}},
      {"HashOfDeadlines",
       "hashtable",
       {"HSET k f%% value%%", "HPEXPIRE k 50%% FIELDS 1 f%%"},
       200,
       {"HPERSIST k FIELDS 2 f1 f2", "HPEXPIRE k 9 FIELDS 1 f1", "HSET k f5 x"}},
      {"PackedSortedSet",
       "listpack",
       {"ZADD k 1.%% member%%"},
       60,
       {"ZPOPMIN k 10", "ZREM k member30", "ZINCRBY k 3 member40"}},
      {"TreeSortedSet",
       "skiplist",
       {"ZADD k 1.%% member%%"},
       3000,
       {"ZREMRANGEBYRANK k 100 1900", "ZINCRBY k 5 member5", "ZPOPMAX k 500"}},
      {"Stream",
       "stream",
       {"XADD k %%-1 field value%%", "XADD k 1000%%-2 other value more %%"},
       500,
       {"XDEL k 3-1 4-1 5-2", "XTRIM k MAXLEN 300", "XTRIM k MAXLEN ~ 100"}},
      {"StreamOfGroups",
       "stream",
       {"XADD k %%-1 field value%%", "XGROUP CREATE k group%% 0",
        "XREADGROUP GROUP group%% consumer COUNT 50 STREAMS k >",
        "XREADGROUP GROUP group1 consumer%% COUNT 3 STREAMS k >"},
       40,
       {"XACK k group1 1-1 2-1", "XGROUP DELCONSUMER k group2 consumer", "XGROUP DESTROY k group3",
        "XAUTOCLAIM k group1 other 0 0"}},
  };
}

class KeyMemory : public testing::Test {
 protected:
  void TearDown() override {
    ask("FLUSHALL");
    drain();
    EXPECT_EQ(dataset(), 0);
    expect_balanced();
  }

  std::string ask(const std::string& line) {
    std::string reply = client->exchange(line + "\r\n");
    EXPECT_NE(reply[0], '-') << line << ": " << reply;
    return reply;
  }
  void ask_numbered(const std::string& line, int number) {
    std::string numbered = line;
    for (std::size_t at; (at = numbered.find("%%")) != std::string::npos;) {
      numbered.replace(at, 2, std::to_string(number));
    }
    ask(numbered);
  }
  void drain() {
    while (!harness.core().keyspace.graveyard().drain(base::Budget::unlimited())) {
    }
  }

  static std::int64_t dataset() {
    std::int64_t sum = 0;
    for (const memory::Owner owner : kDataset) sum += memory::balance(owner);
    return sum;
  }
  // Without the key's slots in the tables, which are charged to other owners; 0 for a missing
  // key.
  std::int64_t usage(const std::string& key) {
    const std::string reply = ask("MEMORY USAGE " + key + " SAMPLES 0");
    if (reply[0] != ':') return 0;
    const keyspace::Entry* entry =
        harness.core().keyspace.db(0).look(keyspace::Key::of(key), keyspace::Look::untouched);
    const int slots = 1 + entry->has_deadline() + entry->is_element_indexed();
    return std::stoll(reply.substr(1)) -
           slots * static_cast<std::int64_t>(keyspace::EntryTable::kSlotBytes);
  }
  // All keys together, and the audit's walk.
  void expect_exact(const std::string& when) {
    drain();
    std::int64_t sum = 0;
    for (const char* key : {"k", "copy", "renamed", "restored", "sorted"}) sum += usage(key);
    EXPECT_EQ(sum, dataset()) << when;
    expect_balanced();
  }
  void expect_balanced() {
    const memory::Audit audit = harness.core().auditor.run();
    EXPECT_TRUE(audit.balanced()) << audit.text();
  }
  void restore(const std::string& key) {
    const std::string dump = ask("DUMP k");
    const std::size_t head = dump.find("\r\n") + 2;
    const std::string payload = dump.substr(head, dump.size() - head - 2);
    const std::string reply =
        client->exchange("*5\r\n$7\r\nRESTORE\r\n$" + std::to_string(key.size()) + "\r\n" + key +
                         "\r\n$1\r\n0\r\n$" + std::to_string(payload.size()) + "\r\n" + payload +
                         "\r\n$7\r\nREPLACE\r\n");
    EXPECT_EQ(reply, "+OK\r\n");
  }

  Harness harness;
  std::unique_ptr<Harness::Client> client = harness.connect();
};

class ValueMemory : public KeyMemory, public testing::WithParamInterface<Case> {
 protected:
  void make() {
    for (const std::string& line : GetParam().makes) {
      const bool numbered = line.find("%%") != std::string::npos;
      for (int i = 1; i <= (numbered ? GetParam().times : 1); ++i) ask_numbered(line, i);
    }
  }
};

TEST_P(ValueMemory, EqualsTheGrowthOfTheLedger) {
  ASSERT_EQ(dataset(), 0);
  make();
  const std::string encoding = ask("OBJECT ENCODING k");
  EXPECT_NE(encoding.find(std::string("\r\n") + GetParam().encoding + "\r\n"), std::string::npos)
      << encoding;
  expect_exact("made");
}

TEST_P(ValueMemory, StaysExactAfterRemovals) {
  make();
  for (const std::string& line : GetParam().takes) {
    ask(line);
    expect_exact(line);
  }
}

TEST_P(ValueMemory, StaysExactWhenTheValueIsCopiedMovedAndRestored) {
  make();
  ask("COPY k copy");
  expect_exact("copied");
  for (const std::string& line : GetParam().takes) ask(line);
  expect_exact("one of them changed");
  ask("RENAME copy renamed");
  expect_exact("renamed");
  restore("restored");
  expect_exact("restored");
  restore("renamed");
  expect_exact("restored over another");
  ask("EXPIRE k 100");
  expect_exact("with a deadline");
  ask("DEL k");
  expect_exact("one deleted");
}

TEST_P(ValueMemory, StaysExactWhenEncodingLimitsChange) {
  make();
  ask("CONFIG SET hash-max-listpack-entries 3 zset-max-listpack-entries 3 set-max-intset-entries 3 "
      "set-max-listpack-entries 3 list-max-listpack-size 3 list-compress-depth 1");
  for (const std::string& line : GetParam().takes) {
    ask(line);
    expect_exact(line);
  }
  ask("COPY k copy");
  restore("restored");
  expect_exact("copied and restored");
}

TEST_P(ValueMemory, IsFreedOnExpiry) {
  make();
  ask("COPY k copy");
  ask("PEXPIRE k 500");
  harness.advance_ms(400);
  expect_exact("before the time");
  harness.advance_ms(2000);
  expect_exact("after it");
  ask("DEL copy");
  drain();
  EXPECT_EQ(dataset(), 0);
}

INSTANTIATE_TEST_SUITE_P(OfEachEncoding, ValueMemory, testing::ValuesIn(cases()),
                         [](const auto& param) { return std::string(param.param.name); });

TEST_F(KeyMemory, IsFreedFieldByField) {
  for (int i = 0; i < 1000; ++i) {
    ask("HSET k f" + std::to_string(i) + " " + kLong);
    ask("HPEXPIRE k " + std::to_string(1000 + i) + " FIELDS 1 f" + std::to_string(i));
  }
  ask("HSET k stays v");
  std::int64_t last = dataset();
  for (int i = 0; i < 4; ++i) {
    harness.advance_ms(500);
    expect_exact("fields went");
    EXPECT_LE(dataset(), last);
    last = dataset();
  }
  harness.advance_ms(2000);
  expect_exact("all went but one");
  EXPECT_EQ(ask("HLEN k"), ":1\r\n");
  EXPECT_LT(dataset(), 2000);
}

}  // namespace
}  // namespace larder::server

// Clients within maxmemory: replies and requests that exceed the free part of their share.

#include "tests/server/client_room.h"

namespace larder::server {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST_F(ClientRoom, SixtyReadersOfLargeRepliesStayBelowTheLimit) {
  fill();
  set("big", 3'000'000);
  for (int i = 0; i < 60; ++i) {
    add_line().write("GET big\r\n");
    watch_turns(10);
  }
  watch_turns(100);
  EXPECT_LE(most_used, kMaxMemory + kTolerance);
  EXPECT_LE(memory::client_bytes(memory::balance()), static_cast<std::int64_t>(14 * kMega));
  EXPECT_EQ(ask("PING"), "+PONG\r\n");
  // Then they read, one after the other, and each gets the complete reply.
  for (std::size_t i = 0; i < lines.size(); ++i) {
    ASSERT_EQ(drain_bulk(*lines[i], 3'000'000), bulk_bytes(3'000'000)) << i;
  }
  EXPECT_LE(most_used, kMaxMemory + kTolerance);
  EXPECT_EQ(figure("evicted_clients"), 0);
}

TEST_F(ClientRoom, IdleClientsAreEvictedIfOthersWaitForMemory) {
  fill();
  set("big", 3'000'000);
  for (int i = 0; i < 20; ++i) {
    add_line().write("GET big\r\n");
    watch_turns(10);
  }
  Line& reader = add_line();
  reader.write("GET big\r\n");
  watch_turns(10);
  EXPECT_EQ(reader.read(), "");
  pass_time(9000);
  EXPECT_EQ(figure("evicted_clients"), 0);
  std::string got;
  for (int i = 0; i < 300 && got.empty(); ++i) {
    pass_time(300);
    got = reader.read();
  }
  ASSERT_THAT(got, StartsWith("$3000000\r\n"));
  EXPECT_EQ(got.size() + drain(reader, "", 3'000'010 - got.size(), "\r\n"), bulk_bytes(3'000'000));
  EXPECT_GT(figure("evicted_clients"), 0);
  EXPECT_LE(most_used, kMaxMemory + kTolerance);
}

TEST_F(ClientRoom, TheReplyOfATransactionIsBoundedWhileItIsWritten) {
  fill();
  const long long evicted = figure("evicted_keys");
  ask("SADD members " + std::string(100, 'a') + " " + std::string(100, 'b'));
  Line& greedy = add_line();
  greedy.write("MULTI\r\nSET before 1\r\nSRANDMEMBER members -3000000\r\nINCR before\r\nEXEC\r\n");
  watch_turns(200);
  EXPECT_THAT(greedy.read(),
              testing::AllOf(HasSubstr("*3\r\n+OK\r\n-OOM there is no room for a reply of about "),
                             testing::EndsWith("\r\n:2\r\n")));
  EXPECT_EQ(ask("GET before"), "$1\r\n2\r\n");
  EXPECT_LE(most_used, kMaxMemory + kTolerance);
  EXPECT_EQ(figure("evicted_clients"), 0);
  EXPECT_LE(figure("evicted_keys") - evicted, 100);
}

TEST_F(ClientRoom, ATransactionWhoseRepliesCannotFitHasNoEffectsWithoutAShareToo) {
  fill();
  ask("CONFIG SET maxmemory-clients 0");
  set("big", 3'000'000);
  Line& greedy = add_line();
  std::string text = "MULTI\r\n";
  for (int i = 0; i < 100; ++i) text += "GET big\r\n";
  greedy.write(text + "INCR after\r\nEXEC\r\n");
  watch_turns(200);
  EXPECT_THAT(greedy.read(), HasSubstr("-OOM A reply of about "));
  EXPECT_EQ(greedy.read(), "");
  EXPECT_TRUE(greedy.closed);
  EXPECT_EQ(ask("GET after"), "$-1\r\n");
  EXPECT_LE(most_used, kMaxMemory + kTolerance);
}

TEST_F(ClientRoom, AKeyThatIsReadManyTimesCountsOnce) {
  set("value", kMega);
  std::string many = "MGET";
  for (int i = 0; i < 22; ++i) many += " value";
  Line& reader = add_line();
  const std::size_t bytes = 5 + 22 * bulk_bytes(kMega);
  reader.write(many + "\r\n");
  std::size_t got = 0;
  for (int i = 0; i < 1000 && got < bytes; ++i) {
    watch_turns(1);
    got += reader.read().size();
  }
  EXPECT_EQ(got, bytes);
}

TEST_F(ClientRoom, NoKeyIsEvictedForAReplyThatCannotFitBesideItsValue) {
  EXPECT_EQ(ask("SETRANGE large 25165823 x"), ":25165824\r\n");
  for (int i = 0; i < 1000; ++i) ask("SET small" + std::to_string(i) + " value");
  EXPECT_THAT(ask("GET large"), StartsWith("-OOM A reply of about "));
  ask("SADD members " + std::string(100, 'a') + " " + std::string(100, 'b'));
  EXPECT_THAT(ask("SRANDMEMBER members -2000000"), StartsWith("-OOM A reply of about "));
  EXPECT_THAT(ask("ZADD ranked 1 " + std::string(100, 'a')), StartsWith(":1"));
  EXPECT_THAT(ask("ZRANDMEMBER ranked -2000000"), StartsWith("-OOM A reply of about "));
  EXPECT_THAT(ask("HSET hash field " + std::string(100, 'a')), StartsWith(":1"));
  EXPECT_THAT(ask("HRANDFIELD hash -2000000 WITHVALUES"), StartsWith("-OOM A reply of about "));
  EXPECT_EQ(figure("evicted_keys"), 0);
}

TEST_F(ClientRoom, OneLargeRequestAndReplyPassAtATime) {
  const std::size_t bytes = 12 * kMega;  // more than the share of 10 MB
  fill();
  for (int i = 0; i < 5; ++i) add_line();
  EXPECT_EQ(store_at_once(bytes, [] {}), 5u);
  for (auto& line : lines) line->write("GET large\r\n");
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(drain_bulk(*lines[i], bytes), bulk_bytes(bytes)) << i;
  }
  EXPECT_EQ(figure("evicted_clients"), 0);
  EXPECT_GT(figure("evicted_keys"), 0);
}

// The other clients fill the share. The holder, which has its whole reply and keeps a long name,
// does not fit into the rest.
TEST_F(ClientRoom, AClientReturnsTheLargePassWhenItsReplyIsRead) {
  const std::size_t bytes = 12 * kMega;
  set("large", bytes);
  Line& holder = add_line();
  talk(holder, command({"CLIENT", "SETNAME", std::string(30'000, 'n')}));
  holder.write("GET large\r\n");
  watch_turns(20);
  Line& other = add_line();
  const std::string half = command({"SET", "k", std::string(5 * kMega, 'v')}).substr(0, 4 * kMega);
  for (std::string_view left = half; !left.empty(); watch_turns(1)) {
    left.remove_prefix(other.write(left));
  }
  const auto held = static_cast<std::size_t>(memory::client_bytes(memory::balance()));
  ASSERT_GT(held, bytes + 4 * kMega);
  // The bytes of all clients except the holder, and half of its name.
  ask("CONFIG SET maxmemory-clients " + std::to_string(held - bytes - 16'000));
  ASSERT_EQ(drain_bulk(holder, bytes), bulk_bytes(bytes));
  Line& next = add_line();
  next.write("GET large\r\n");
  EXPECT_EQ(drain_bulk(next, bytes), bulk_bytes(bytes));
  EXPECT_EQ(figure("evicted_clients"), 0);
  EXPECT_FALSE(other.closed);
}

// No other client allocates or frees memory: only eviction makes room.
TEST_F(ClientRoom, EvictionMakesRoomForLargeRequestsWithoutOtherTraffic) {
  fill();
  for (int i = 0; i < 3; ++i) add_line();
  for (std::size_t bytes = 11 * kMega; bytes < 13 * kMega; bytes += 200'001) {
    ASSERT_EQ(store_at_once(bytes, [this] { connections.run_periodic(1); }), 3u) << bytes;
  }
}

TEST_F(ClientRoom, SendsAnErrorBeforeItClosesForRequestsThatCannotFit) {
  Line& asks = add_line();
  EXPECT_THAT(talk(asks, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$60000000\r\nvalue"),
              testing::AllOf(StartsWith("-OOM "), HasSubstr("60000"), HasSubstr("maxmemory")));
  // The client may continue to send, and can still read the error.
  const auto used = memory::used_bytes();
  EXPECT_EQ(talk(asks, std::string(kMega, 'v')), "");
  EXPECT_LT(memory::used_bytes(), used + kMega / 2);
  EXPECT_FALSE(asks.closed);
  talk(asks, std::string(60'000'000 - 5 - kMega + 2, 'v'));
  EXPECT_TRUE(asks.closed);
  ask("SADD s one two three");
  Line& reads = add_line();
  EXPECT_THAT(talk(reads, "SRANDMEMBER s -40000000\r\n"),
              testing::AllOf(StartsWith("-OOM "), HasSubstr(" of about "), HasSubstr("maxmemory")));
  EXPECT_TRUE(reads.closed);
  EXPECT_LT(memory::used_bytes(), 10 * kMega);
}

// The size is not known in advance: the reply grows up to the limit.
TEST_F(ClientRoom, BoundsRepliesOfUnknownSize) {
  fill();
  talk(add_line(), command({"SET", "part", std::string(10'000, 'v')}));
  std::vector<std::string> words{"MGET"};
  for (int i = 0; i < 10'000; ++i) words.emplace_back("part");
  Line& line = add_line();
  const std::string request = command(words);
  for (std::string_view left = request; !left.empty();) {
    left.remove_prefix(line.write(left));
    watch_turns(1);
  }
  std::string got;
  for (int i = 0; i < 3000 && !line.closed; ++i) {
    watch_turns(1);
    got += line.read();
  }
  EXPECT_THAT(got, StartsWith("-OOM "));
  EXPECT_TRUE(line.closed);
  EXPECT_LE(most_used, kMaxMemory + kTolerance);
}

TEST_F(ClientRoom, SmallCommandsWorkIfMaxmemoryIsTiny) {
  ask("CONFIG SET maxmemory 100");
  turns(100);
  Line& line = add_line();
  EXPECT_THAT(talk(line, "SET k v\r\n"), StartsWith("-OOM "));
  EXPECT_EQ(talk(line, "PING\r\n"), "+PONG\r\n");
  EXPECT_THAT(ask("INFO memory"), HasSubstr("maxmemory:100\r\n"));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(talk(add_line(), "PING\r\n"), "+PONG\r\n");
  EXPECT_EQ(ask("CONFIG SET maxmemory 0"), "+OK\r\n");
  EXPECT_FALSE(line.closed);
}

// The same as with the equivalent percentage.
TEST_F(ClientRoom, AShareInBytesActsLikeAPercentage) {
  std::vector<std::int64_t> held;
  set("big", 3'000'000);
  for (const std::string share : {"25%", "10mb", "25%", "10mb"}) {
    ask("CONFIG SET maxmemory-clients " + share);
    for (int i = 0; i < 10; ++i) {
      add_line().write("GET big\r\n");
      watch_turns(10);
    }
    connections.run_periodic(1);
    held.push_back(memory::client_bytes(memory::balance()));
    lines.clear();
    watch_turns(100);
  }
  // The first rounds also allocate the lists of a turn, which keep their capacity.
  EXPECT_EQ(held[2], held[3]);
  EXPECT_GT(held[3], static_cast<std::int64_t>(9 * kMega));
}

TEST_F(ClientRoom, PipelinesThatAreNotReadAreClosedAfterATime) {
  set("big", 300'000);
  for (const auto& [timeout, after_ms] : {std::pair{0, 60'000}, std::pair{10, 10'000}}) {
    ask("CONFIG SET timeout " + std::to_string(timeout));
    Line& line = add_line();
    for (int i = 0; i < 20; ++i) {
      line.write("GET big\r\n");
      watch_turns(2);
    }
    pass_time(after_ms - 1000);
    EXPECT_EQ(connections.size(), 1u) << timeout;
    pass_time(2000);
    EXPECT_EQ(connections.size(), 0u) << timeout;
  }
}

// A payload of less than a megabyte that expands to 50 MB, which do not fit.
TEST_F(ClientRoom, RestoreOfAValueThatExpandsBeyondTheLimitFails) {
  ask("CONFIG SET maxmemory 0");
  ask("SETRANGE large 49999999 x");
  Line& dumps = add_line();
  const std::string reply = talk(dumps, "DUMP large\r\n");
  const std::string payload =
      reply.substr(reply.find('\n') + 1, reply.size() - reply.find('\n') - 3);
  ASSERT_LT(payload.size(), kMega);
  ask("FLUSHALL");
  watch_turns(100);
  ask("DEBUG POPULATE 15000 key 1000");
  ask("CONFIG SET maxmemory 40mb");
  for (const std::string policy : {"allkeys-lru", "volatile-lru", "noeviction"}) {
    ask("CONFIG SET maxmemory-policy " + policy);
    most_used = 0;
    EXPECT_THAT(talk(add_line(), command({"RESTORE", "copy", "0", payload})), StartsWith("-OOM "));
    watch_turns(100);
    EXPECT_LE(most_used, kMaxMemory);
    EXPECT_EQ(ask("DBSIZE"), ":15000\r\n") << policy;
  }
  ask("CONFIG SET maxmemory 120mb");
  EXPECT_EQ(talk(add_line(), command({"RESTORE", "copy", "0", payload})), "+OK\r\n");
  EXPECT_EQ(ask("STRLEN copy"), ":50000000\r\n");
}

// Commands that run at the limit can also grow memory beside the data: users and directives.
TEST_F(ClientRoom, AclUsersAndLongDirectivesAreBounded) {
  ask("CONFIG SET maxmemory-policy noeviction");
  ask("DEBUG POPULATE 30000 key 1000");
  ask("CONFIG SET maxmemory " + std::to_string(memory::used_bytes() + kMega));
  const std::size_t limit = memory::used_bytes() + kMega;
  Line& line = add_line();
  most_used = 0;
  int made = 0;
  std::string reply;
  for (; made < 5000 && reply.find("OOM") == std::string::npos; ++made) {
    line.write("ACL SETUSER user:" + std::to_string(made) + " on ~" + std::string(1000, 'k') +
               "\r\n");
    watch_turns(1);
    reply = line.read();
  }
  EXPECT_THAT(reply, StartsWith("-OOM "));
  EXPECT_GT(made, 500);
  EXPECT_THAT(talk(line, command({"CONFIG", "SET", "requirepass", std::string(kMega, 't')})),
              StartsWith("-ERR CONFIG SET failed"));
  EXPECT_LE(most_used, limit + 2 * kMega);
  EXPECT_EQ(talk(line, "ACL DELUSER user:0\r\n"), ":1\r\n");
  for (int i = 1; i < made; ++i) talk(line, "ACL DELUSER user:" + std::to_string(i) + "\r\n");
}

class OutputOfCommands : public ClientRoom {};

TEST_F(OutputOfCommands, StopsAtTheOutputLimitOfTheClient) {
  ask("CONFIG SET maxmemory 0");
  ask("CONFIG SET client-output-buffer-limit \"normal 10mb 0 0\"");
  ask("HSET h field value");
  const std::string value(100'000, 'v');
  for (const char* const hostile :
       {"HRANDFIELD h -40000000", "HRANDFIELD h -9000000000000000000", "HRANDFIELD h -1500000"}) {
    const auto before = memory::used_bytes();
    Line& line = add_line();
    line.write(std::string(hostile) + "\r\n");
    watch_turns(1);
    EXPECT_LT(most_used, before + 12 * kMega);
    while (!line.read().empty()) {
    }
    EXPECT_TRUE(line.closed) << hostile;
  }
  EXPECT_EQ(figure("client_output_buffer_limit_disconnections"), 3);
}

TEST_F(OutputOfCommands, ATransactionWithTooLargeRepliesStillRuns) {
  ask("CONFIG SET maxmemory 0");
  ask("CONFIG SET client-output-buffer-limit \"normal 2mb 0 0\"");
  set("big", 900'000);
  Line& line = add_line();
  talk(line, "MULTI\r\nSET a 1\r\nGET big\r\nGET big\r\nGET big\r\nGET big\r\nINCR a\r\n");
  talk(line, "EXEC\r\n");
  EXPECT_TRUE(line.closed);
  EXPECT_EQ(ask("GET a"), "$1\r\n2\r\n");
}

TEST_F(OutputOfCommands, AWriteWithATooLargeReplyStillRuns) {
  ask("CONFIG SET maxmemory 0");
  ask("CONFIG SET client-output-buffer-limit \"normal 2mb 0 0\"");
  set("big", 3'000'000);
  Line& line = add_line();
  talk(line, "GETDEL big\r\n");
  EXPECT_TRUE(line.closed);
  EXPECT_EQ(ask("EXISTS big"), ":0\r\n");
}

TEST_F(OutputOfCommands, RepliesOfOtherRequestsInThePipelineAreKept) {
  fill();
  for (int i = 0; i < 2; ++i) set("big", 9'000'000);
  Line& first = add_line();
  first.write("GET big\r\n");
  watch_turns(200);
  Line& second = add_line();
  second.write("ECHO before\r\nGET big\r\nECHO after\r\n");
  Line& third = add_line();
  third.write("GET big\r\n");
  watch_turns(200);
  EXPECT_EQ(drain_bulk(first, 9'000'000), bulk_bytes(9'000'000));
  EXPECT_EQ(drain(second, "$6\r\nbefore\r\n$9000000\r\n", 9'000'000, "\r\n$5\r\nafter\r\n"),
            12 + bulk_bytes(9'000'000) + 11);
  EXPECT_EQ(drain_bulk(third, 9'000'000), bulk_bytes(9'000'000));
  EXPECT_LE(most_used, kMaxMemory + kTolerance);
}

// The keys that KEYS has found are kept outside the client's output until all are found.
class KeysReplyMemory : public ClientRoom {
 protected:
  static constexpr std::size_t kNameBytes = 150;
  static constexpr std::size_t kReaders = 6;

  // Names of 150 bytes, and values that fill memory up to the limit.
  void fill_with_names(int keys) {
    ask("DEBUG POPULATE " + std::to_string(keys) + " " + std::string(kNameBytes - 6, 'n') +
        " 1400");
    for (int i = 0; i < 100'000 && harness.core().evictor.over_limit(); ++i) {
      harness.core().end_turn();
    }
  }
  // A turn has time for four pieces of a walk.
  void slow_down() { harness.clock().us_per_reading = 100; }
  // They use the memory that clients may always use.
  void add_clients_that_do_not_read() {
    for (int i = 0; i < 8; ++i) {
      add_line().write("GET big\r\nGET big\r\nGET big\r\n");
      watch_turns(2);
    }
  }
  // Reads arrays of names from all lines from `first` on; returns how many were complete. The bytes
  // are not stored, since they would count as used memory.
  std::size_t read_names(std::size_t first) {
    struct Names {
      std::size_t announced = 0;
      std::size_t found = 0;
      bool ended = false;
    };
    std::vector<Names> all(lines.size());
    std::size_t done = 0;
    for (int quiet = 0; quiet < 3000 && done + first < lines.size(); ++quiet) {
      watch_turns(1);
      for (std::size_t i = first; i < lines.size(); ++i) {
        const std::string part = lines[i]->read();
        if (part.empty()) continue;
        quiet = 0;
        Names& names = all[i];
        if (names.announced == 0) names.announced = std::stoul(part.substr(1));
        names.found += static_cast<std::size_t>(std::count(part.begin(), part.end(), '$'));
        names.ended = names.found == names.announced && part.ends_with("\r\n");
        if (names.ended) ++done;
      }
    }
    return done;
  }
};

TEST_F(KeysReplyMemory, ManyKeysCommandsWaitForMemory) {
  for (const auto& [policy, keys] :
       {std::pair{"allkeys-lru", 20'000}, std::pair{"noeviction", 15'000}}) {
    lines.clear();
    ask("FLUSHALL");
    watch_turns(200);
    ask(std::string("CONFIG SET maxmemory-policy ") + policy);
    fill_with_names(keys);
    set("big", 600'000);
    add_clients_that_do_not_read();
    watch_turns(100);
    most_used = 0;
    slow_down();
    for (std::size_t i = 0; i < kReaders; ++i) add_line().write("KEYS *\r\n");
    watch_turns(300);
    // No client reads, so that not all replies can be complete.
    EXPECT_FALSE(harness.core().executor.long_commands().empty()) << policy;
    EXPECT_EQ(read_names(lines.size() - kReaders), kReaders) << policy;
    EXPECT_LE(most_used, kMaxMemory + kTolerance) << policy;
    harness.clock().us_per_reading = 0;
    EXPECT_EQ(figure("evicted_clients"), 0) << policy;
  }
}

TEST_F(KeysReplyMemory, KeysFailsIfItsReplyCannotFit) {
  ask("CONFIG SET maxmemory-policy noeviction");
  fill_with_names(30'000);
  slow_down();
  ask("CONFIG SET maxmemory 30mb");
  Line& line = add_line();
  line.write("KEYS *\r\n");
  std::string got;
  for (int i = 0; i < 3000 && !line.closed; ++i) {
    watch_turns(1);
    got += line.read();
  }
  EXPECT_THAT(got, testing::AllOf(StartsWith("-OOM "), HasSubstr("maxmemory")));
  EXPECT_TRUE(line.closed);
  EXPECT_LT(got.size(), 200u);
  EXPECT_TRUE(harness.core().executor.long_commands().empty());
}

TEST_F(KeysReplyMemory, KeysInATransactionIsBounded) {
  ask("CONFIG SET maxmemory-policy noeviction");
  fill_with_names(20'000);
  slow_down();
  ask("CONFIG SET maxmemory 34mb");
  most_used = memory::used_bytes();
  const std::uint64_t before = most_used;
  Line& line = add_line();
  // One copy of the names, four megabytes, exceeds the memory that clients may always use.
  line.write("MULTI\r\nKEYS *\r\nKEYS *\r\nDEL some\r\nEXEC\r\n");
  for (int i = 0; i < 20 && !line.closed; ++i) {
    watch_turns(1);
    line.read();
  }
  EXPECT_TRUE(line.closed);
  EXPECT_LE(most_used, before + 6 * kMega);
}

}  // namespace
}  // namespace larder::server

// Clients inside maxmemory: replies and requests that are larger than what is left of their share.

#include <gmock/gmock.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "larder/memory/ledger.h"
#include "larder/memory/metrics.h"
#include "tests/server/socket_fixture.h"

namespace larder::server {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::size_t kMega = std::size_t{1} << 20;
constexpr std::size_t kLimit = 40 * kMega;
// Clients may take used_memory so far beyond maxmemory.
constexpr std::size_t kTolerance = kMega;

std::string command(const std::vector<std::string>& words) {
  std::string text = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) {
    text += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  }
  return text;
}

class ClientRoom : public SocketFixture {
 protected:
  ClientRoom() : SocketFixture("maxmemory 40mb\nmaxmemory-policy allkeys-lru\n") {
    log.level(base::LogLevel::nothing);
  }
  ~ClientRoom() override {
    lines.clear();
    for (int i = 0; i < 1000; ++i) turn();
    while (!harness.core().keyspace.graveyard().drain(base::Budget::unlimited())) {
    }
    const memory::Audit audit = harness.core().auditor.run();
    EXPECT_TRUE(audit.balanced()) << audit.text();
  }

  std::string ask(const std::string& text) {
    Line asking = connect();
    return talk(asking, text + "\r\n");
  }
  long long figure(const std::string& name) {
    const std::string text = ask("INFO everything");
    const auto at = text.find("\n" + name + ":");
    EXPECT_NE(at, std::string::npos) << name;
    return std::atoll(text.c_str() + at + name.size() + 2);
  }
  void set(const std::string& key, std::size_t bytes) {
    Line asking = connect();
    // In one string of its size: what the test holds counts as well.
    std::string text = "*3\r\n$3\r\nSET\r\n$" + std::to_string(key.size()) + "\r\n" + key +
                       "\r\n$" + std::to_string(bytes) + "\r\n";
    text.reserve(text.size() + bytes + 2);
    text.append(bytes, 'v').append("\r\n");
    ASSERT_EQ(talk(asking, text), "+OK\r\n");
  }
  // Data up to the limit, older than what is set afterwards.
  void fill() {
    ask("DEBUG POPULATE 60000 key 1000");
    harness.clock().advance_ms(60'000);
    for (int i = 0; i < 100'000 && harness.core().evictor.over_limit(); ++i) {
      harness.core().end_turn();
    }
    ASSERT_GT(memory::used_bytes(), kLimit - kMega);
  }
  Line& add_line() {
    lines.push_back(std::make_unique<Line>(connect()));
    return *lines.back();
  }
  // Turns the loop, and notes the most that was used.
  void watch_turns(int count) {
    for (int i = 0; i < count; ++i) {
      turn();
      most_used = std::max(most_used, memory::used_bytes());
    }
  }
  // How many bytes of `head`, then of the letter v, then of `tail` a line gets, until it has all of
  // them or nothing comes any more. Texts of the test's own would count as used memory.
  std::size_t drain(Line& line, const std::string& head, std::size_t letters,
                    const std::string& tail) {
    const std::size_t all = head.size() + letters + tail.size();
    std::size_t got = 0;
    for (int quiet = 0; got < all && quiet < 3000 && !line.closed; ++quiet) {
      watch_turns(1);
      const std::string part = line.read();
      if (!part.empty()) quiet = 0;
      const bool is_right = part == expected(got, part.size(), head, letters, tail);
      EXPECT_TRUE(is_right) << got;
      if (!is_right) return got;
      got += part.size();
    }
    return got;
  }
  static std::string expected(std::size_t from, std::size_t size, const std::string& head,
                              std::size_t letters, const std::string& tail) {
    std::string text(size, 'v');
    for (std::size_t i = from; i < std::min(from + size, head.size()); ++i)
      text[i - from] = head[i];
    const std::size_t end = head.size() + letters;
    for (std::size_t i = std::max(from, end); i < from + size; ++i) {
      text[i - from] = i - end < tail.size() ? tail[i - end] : '?';
    }
    return text;
  }
  std::size_t drain_bulk(Line& line, std::size_t bytes) {
    return drain(line, "$" + std::to_string(bytes) + "\r\n", bytes, "\r\n");
  }
  static std::size_t bulk_bytes(std::size_t bytes) {
    return bytes + std::to_string(bytes).size() + 5;
  }
  // Each line sends SET large with a value of that size, all at once, and `each_turn` is called in
  // between; how many were answered with OK.
  std::size_t store_at_once(std::size_t bytes, const std::function<void()>& each_turn) {
    const std::string header =
        "*3\r\n$3\r\nSET\r\n$5\r\nlarge\r\n$" + std::to_string(bytes) + "\r\n";
    const std::string letters(1 << 18, 'v');
    const std::string_view end = "\r\n";
    const auto next_piece = [&](std::size_t left) {
      return left > end.size() ? std::string_view(letters).substr(0, left - end.size())
                               : end.substr(end.size() - left);
    };
    std::vector<std::size_t> left(lines.size(), bytes + end.size());
    std::size_t answered = 0;
    for (auto& line : lines) EXPECT_EQ(line->write(header), header.size());
    for (int round = 0; round < 3000 && answered < lines.size(); ++round) {
      for (std::size_t i = 0; i < lines.size(); ++i) {
        left[i] -= lines[i]->write(next_piece(left[i]));
        if (lines[i]->read() == "+OK\r\n") ++answered;
      }
      watch_turns(1);
      each_turn();
    }
    return answered;
  }
  void pass_time(std::int64_t ms) {
    harness.clock().advance_ms(ms);
    for (int i = 0; i < 10; ++i) connections.tend(10);
    watch_turns(4);
  }

  std::vector<std::unique_ptr<Line>> lines;
  std::uint64_t most_used = 0;
};

TEST_F(ClientRoom, HoldsSixtyReadersOfLargeRepliesBelowTheLimit) {
  fill();
  set("big", 3'000'000);
  for (int i = 0; i < 60; ++i) {
    add_line().write("GET big\r\n");
    watch_turns(10);
  }
  watch_turns(100);
  EXPECT_LE(most_used, kLimit + kTolerance);
  EXPECT_LE(memory::client_bytes(memory::balance()), static_cast<std::int64_t>(14 * kMega));
  EXPECT_EQ(ask("PING"), "+PONG\r\n");
  // They read after all, one after the other, and each gets the whole.
  for (std::size_t i = 0; i < lines.size(); ++i) {
    ASSERT_EQ(drain_bulk(*lines[i], 3'000'000), bulk_bytes(3'000'000)) << i;
  }
  EXPECT_LE(most_used, kLimit + kTolerance);
  EXPECT_EQ(figure("evicted_clients"), 0);
}

TEST_F(ClientRoom, IsTakenFromThoseWhoStandStillWhileOthersWait) {
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
  EXPECT_LE(most_used, kLimit + kTolerance);
}

TEST_F(ClientRoom, LetsOneLargeRequestAndReplyPassAtATime) {
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

// No other client takes or gives memory: nothing but eviction makes the room.
TEST_F(ClientRoom, IsMadeForLargeRequestsWhileNothingElseHappens) {
  fill();
  for (int i = 0; i < 3; ++i) add_line();
  for (std::size_t bytes = 11 * kMega; bytes < 13 * kMega; bytes += 200'001) {
    ASSERT_EQ(store_at_once(bytes, [this] { connections.tend(1); }), 3u) << bytes;
  }
}

TEST_F(ClientRoom, SaysWhatCannotEverFitBeforeItCloses) {
  Line& asks = add_line();
  EXPECT_THAT(talk(asks, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$60000000\r\nvalue"),
              testing::AllOf(StartsWith("-OOM "), HasSubstr("60000"), HasSubstr("maxmemory")));
  // The client may go on sending, and still reads why.
  const auto used = memory::used_bytes();
  EXPECT_EQ(talk(asks, std::string(kMega, 'v')), "");
  EXPECT_LT(memory::used_bytes(), used + kMega / 2);
  EXPECT_FALSE(asks.closed);
  talk(asks, std::string(60'000'000 - 5 - kMega + 2, 'v'));
  EXPECT_TRUE(asks.closed);
  ask("SADD s one two three");
  Line& reads = add_line();
  EXPECT_THAT(
      talk(reads, "SRANDMEMBER s -40000000\r\n"),
      testing::AllOf(StartsWith("-OOM "), HasSubstr(" of about 1600"), HasSubstr("maxmemory")));
  EXPECT_TRUE(reads.closed);
  EXPECT_LT(memory::used_bytes(), 10 * kMega);
}

// No size is known before: the reply grows until it cannot.
TEST_F(ClientRoom, BoundsRepliesThatGrow) {
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
  EXPECT_LE(most_used, kLimit + kTolerance);
}

TEST_F(ClientRoom, IsForAnOperatorWhereMaxmemoryIsTiny) {
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

// The same as with the percentage that they come to.
TEST_F(ClientRoom, IsTheSameForAShareInBytes) {
  std::vector<std::int64_t> held;
  set("big", 3'000'000);
  for (const std::string share : {"25%", "10mb", "25%", "10mb"}) {
    ask("CONFIG SET maxmemory-clients " + share);
    for (int i = 0; i < 10; ++i) {
      add_line().write("GET big\r\n");
      watch_turns(10);
    }
    connections.tend(1);
    held.push_back(memory::client_bytes(memory::balance()));
    lines.clear();
    watch_turns(100);
  }
  // What the lists of a turn keep comes with the first.
  EXPECT_EQ(held[2], held[3]);
  EXPECT_GT(held[3], static_cast<std::int64_t>(9 * kMega));
}

TEST_F(ClientRoom, IsKeptByNoPipelineThatIsNotRead) {
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

class OutputOfCommands : public ClientRoom {};

TEST_F(OutputOfCommands, EndsAtOnceAtTheClientsOwnLimit) {
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

TEST_F(OutputOfCommands, IsLostAloneWhenATransactionRepliesTooMuch) {
  ask("CONFIG SET maxmemory 0");
  ask("CONFIG SET client-output-buffer-limit \"normal 2mb 0 0\"");
  set("big", 900'000);
  Line& line = add_line();
  talk(line, "MULTI\r\nSET a 1\r\nGET big\r\nGET big\r\nGET big\r\nGET big\r\nINCR a\r\n");
  talk(line, "EXEC\r\n");
  EXPECT_TRUE(line.closed);
  EXPECT_EQ(ask("GET a"), "$1\r\n2\r\n");
}

TEST_F(OutputOfCommands, IsLostAloneWhenAWriteRepliesTooMuch) {
  ask("CONFIG SET maxmemory 0");
  ask("CONFIG SET client-output-buffer-limit \"normal 2mb 0 0\"");
  set("big", 3'000'000);
  Line& line = add_line();
  talk(line, "GETDEL big\r\n");
  EXPECT_TRUE(line.closed);
  EXPECT_EQ(ask("EXISTS big"), ":0\r\n");
}

TEST_F(OutputOfCommands, OfOtherRequestsInThePipelineIsKept) {
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
  EXPECT_LE(most_used, kLimit + kTolerance);
}

// What KEYS has found waits beside its client's output until it has all.
class RoomForKeys : public ClientRoom {
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
  // Four pieces of a walk in each turn.
  void slow_down() { harness.clock().us_per_reading = 100; }
  // They take what is always allowed.
  void add_clients_that_do_not_read() {
    for (int i = 0; i < 8; ++i) {
      add_line().write("GET big\r\nGET big\r\nGET big\r\n");
      watch_turns(2);
    }
  }
  // Reads whole arrays of names from all lines behind the `first`; how many came to their end. What
  // is read is not kept, as it would count as used memory.
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

TEST_F(RoomForKeys, IsWaitedForByManyAtOnce) {
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
    // Nobody reads, so not all of them can have come to their end.
    EXPECT_FALSE(harness.core().executor.long_commands().empty()) << policy;
    EXPECT_EQ(read_names(lines.size() - kReaders), kReaders) << policy;
    EXPECT_LE(most_used, kLimit + kTolerance) << policy;
    harness.clock().us_per_reading = 0;
    EXPECT_EQ(figure("evicted_clients"), 0) << policy;
  }
}

TEST_F(RoomForKeys, IsSaidToBeTooLittleWhereItCanNeverDo) {
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

TEST_F(RoomForKeys, IsBoundedWhileATransactionRuns) {
  ask("CONFIG SET maxmemory-policy noeviction");
  fill_with_names(20'000);
  slow_down();
  ask("CONFIG SET maxmemory 34mb");
  most_used = memory::used_bytes();
  const std::uint64_t before = most_used;
  Line& line = add_line();
  // One copy of the names of four megabytes would pass what clients are always allowed.
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

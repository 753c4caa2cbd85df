// Commands with effects whose reply is large: there is room for it before they have effects, or
// they have none.

#include "tests/server/client_room.h"

namespace larder::server {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::size_t kPart = kMega;
constexpr std::size_t kParts = 12;
constexpr std::size_t kLarge = kParts * kPart;  // more than the share of 10 MB
// Without victims this is more than the minimum of all clients.
constexpr std::size_t kAboveMinimum = 5 * kMega;

// Claims all entries of the stream of add_parts().
std::string claim_all(const std::string& command, const std::string& consumer,
                      const std::string& options) {
  std::string request = command + " stream group " + consumer + " 0";
  for (std::size_t i = 1; i <= kParts; ++i) request += " " + std::to_string(i) + "-0";
  return request + options;
}

class ReplyRoom : public ClientRoom {
 protected:
  void store_large(std::size_t bytes) {
    add_line();
    ASSERT_EQ(store_at_once(bytes, [] {}), 1u);
    lines.clear();
    watch_turns(10);
  }
  // Keys with elements of a part each; also those are newer than the data of fill().
  void push_parts(const std::string& key) {
    const std::string part(kPart, 'v');
    for (std::size_t i = 0; i < kParts; ++i) {
      Line& line = add_line();
      const std::string request = command({"RPUSH", key, part});
      for (std::string_view left = request; !left.empty(); watch_turns(1)) {
        left.remove_prefix(line.write(left));
      }
      watch_turns(50);
      ASSERT_THAT(line.read(), StartsWith(":"));
      lines.clear();
    }
  }
  // A stream with entries of a part each, all of which are pending for the consumer "first".
  void add_parts() {
    for (std::size_t i = 1; i <= kParts; ++i) {
      Line& line = add_line();
      const std::string request =
          command({"XADD", "stream", std::to_string(i) + "-0", "f", std::string(kPart, 'v')});
      for (std::string_view left = request; !left.empty(); watch_turns(1)) {
        left.remove_prefix(line.write(left));
      }
      watch_turns(50);
      ASSERT_THAT(line.read(), StartsWith("$"));
      lines.clear();
    }
    ASSERT_EQ(ask("XGROUP CREATE stream group 0"), "+OK\r\n");
    ASSERT_THAT(ask(claim_all("XCLAIM", "first", " FORCE JUSTID")), StartsWith("*12\r\n"));
  }
  // No room is left below the limit, nor in its tolerance.
  void use_up_memory() {
    watch_turns(100);
    ask("CONFIG SET maxmemory " + std::to_string(memory::used_bytes() - kMega));
  }
  // Enough for small writes.
  void leave_little_memory() {
    watch_turns(100);
    ask("CONFIG SET maxmemory " + std::to_string(memory::used_bytes() + 200'000));
  }
  // An entry of 2 MB by a small request, and the size of the reply with it.
  void add_news(const std::string& id) {
    const std::string script =
        "return redis.call('XADD', 'news', '" + id + "', 'f', string.rep('v', 2097152))";
    EXPECT_EQ(ask("EVAL \"" + script + "\" 0"), "$3\r\n" + id + "\r\n");
    watch_turns(20);
  }
  // The peak of memory while an entry is added, for which keys are evicted afterwards.
  std::uint64_t peak_of_news() {
    most_used = 0;
    add_news("0-1");
    watch_turns(50);
    return most_used;
  }
  static constexpr std::size_t kNews =
      std::string_view("*1\r\n*2\r\n$4\r\nnews\r\n*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\nf\r\n")
          .size() +
      std::string_view("$2097152\r\n\r\n").size() + 2 * kPart;
  void refuse_to_evict() { ask("CONFIG SET maxmemory-policy noeviction"); }
};

TEST_F(ReplyRoom, CommandsThatRemoveTheirReplySendIt) {
  fill();
  for (const char* request : {"GETDEL large\r\n", "GETSET large x\r\n", "SET large x GET\r\n",
                              "SET large x XX GET\r\n"}) {
    store_large(kLarge);
    Line& line = add_line();
    line.write(request);
    EXPECT_EQ(drain_bulk(line, kLarge), bulk_bytes(kLarge)) << request;
    lines.clear();
  }
  EXPECT_EQ(ask("GET large"), "$1\r\nx\r\n");
  // The command itself needs its value and the reply at one time.
  EXPECT_LE(most_used, kMaxMemory + kLarge + kTolerance);
  EXPECT_EQ(figure("evicted_clients"), 0);
}

TEST_F(ReplyRoom, ElementsThatAreRemovedAreSent) {
  fill();
  const std::string count_of_all = std::to_string(kParts);
  for (const std::string& request :
       {"LPOP parts " + count_of_all, "LMPOP 1 parts RIGHT COUNT " + count_of_all}) {
    push_parts("parts");
    Line& line = add_line();
    line.write(request + "\r\n");
    EXPECT_GE(count(line, kParts * bulk_bytes(kPart)), kParts * bulk_bytes(kPart)) << request;
    EXPECT_EQ(ask("EXISTS parts"), ":0\r\n");
    lines.clear();
  }
  EXPECT_EQ(figure("evicted_clients"), 0);
}

TEST_F(ReplyRoom, AReplyWithAnEffectThatFreesNothingWaitsForEviction) {
  fill();
  store_large(kLarge);
  most_used = 0;
  Line& line = add_line();
  line.write("GETEX large EX 100\r\n");
  EXPECT_EQ(drain_bulk(line, kLarge), bulk_bytes(kLarge));
  EXPECT_EQ(ask("TTL large"), ":100\r\n");
  EXPECT_LE(most_used, kMaxMemory + kTolerance);
  EXPECT_EQ(figure("evicted_clients"), 0);
}

TEST_F(ReplyRoom, WithoutVictimsARefusedCommandHasNoEffect) {
  fill();
  store_large(kAboveMinimum);
  refuse_to_evict();
  EXPECT_THAT(ask("GETEX large EX 100"),
              AllOf(StartsWith("-OOM A reply of about "), HasSubstr("maxmemory")));
  EXPECT_EQ(ask("TTL large"), ":-1\r\n");
  EXPECT_EQ(ask("STRLEN large"), ":" + std::to_string(kAboveMinimum) + "\r\n");
}

TEST_F(ReplyRoom, WithoutVictimsAReplyTakesTheRoomOfWhatIsRemoved) {
  fill();
  store_large(kAboveMinimum);
  refuse_to_evict();
  Line& line = add_line();
  line.write("GETDEL large\r\n");
  EXPECT_EQ(drain_bulk(line, kAboveMinimum), bulk_bytes(kAboveMinimum));
  EXPECT_EQ(ask("EXISTS large"), ":0\r\n");
  EXPECT_EQ(figure("evicted_clients"), 0);
}

TEST_F(ReplyRoom, TransactionsThatReadWaitForRoom) {
  fill();
  set("big", kPart);
  most_used = 0;
  constexpr std::size_t kReads = 3;
  std::string request = "MULTI\r\n";
  for (std::size_t i = 0; i < kReads; ++i) request += "GET big\r\n";
  for (int i = 0; i < 20; ++i) add_line().write(request + "EXEC\r\n");
  watch_turns(100);
  const std::size_t all = 5 + kReads * 9 + 4 + kReads * bulk_bytes(kPart);
  for (auto& line : lines) ASSERT_EQ(count(*line, all), all);
  EXPECT_LE(most_used, kMaxMemory + kTolerance);
  EXPECT_EQ(figure("evicted_clients"), 0);
}

TEST_F(ReplyRoom, ATransactionThatWaitsLooksAtItsWatchedKeysAgain) {
  fill();
  set("big", 3 * kMega);
  for (int i = 0; i < 10; ++i) add_line().write("GET big\r\n");
  watch_turns(100);
  Line& line = add_line();
  talk(line, "WATCH w\r\nMULTI\r\nGET big\r\n");
  line.write("EXEC\r\n");
  watch_turns(20);
  ASSERT_EQ(line.read(), "");
  ask("SET w 1");
  for (std::size_t i = 0; i < 10; ++i) drain_bulk(*lines[i], 3 * kMega);
  watch_turns(20);
  EXPECT_EQ(line.read(), "*-1\r\n");
}

TEST_F(ReplyRoom, MonitorShowsTheCommandsOfATransactionThatWaitsOnce) {
  fill();
  take_the_share();
  Line monitor = connect();
  EXPECT_EQ(talk(monitor, "MONITOR\r\n"), "+OK\r\n");
  Line line = connect();
  talk(line, "MULTI\r\nGET small\r\nGET big\r\n");
  line.write("EXEC\r\n");
  watch_turns(20);
  ASSERT_EQ(line.read(), "");
  give_back_the_share();
  const std::size_t all = 4 + 5 + bulk_bytes(3 * kMega);
  EXPECT_EQ(count(line, all), all);
  watch_turns(2);
  const std::string shown = monitor.read();
  for (const char* words : {"\"GET\" \"small\"", "\"EXEC\""}) {
    const auto first = shown.find(words);
    EXPECT_NE(first, std::string::npos) << words;
    EXPECT_EQ(shown.find(words, first + 1), std::string::npos) << shown;
  }
}

TEST_F(ReplyRoom, OneLargeReplyOfATransactionWithWritesIsSent) {
  fill();
  store_large(kLarge);
  Line& line = add_line();
  talk(line, "MULTI\r\nINCR n\r\nGET large\r\n");
  line.write("EXEC\r\n");
  EXPECT_EQ(drain(line, "*2\r\n:1\r\n$" + std::to_string(kLarge) + "\r\n", kLarge, "\r\n"),
            bulk_bytes(kLarge) + 8);
  EXPECT_EQ(figure("evicted_clients"), 0);
}

TEST_F(ReplyRoom, KeysAreEvictedBetweenTheCommandsOfATransaction) {
  fill();
  set("big", kPart);
  most_used = 0;
  std::string request = "MULTI\r\nINCR n\r\n";
  for (int i = 0; i < 8; ++i) request += "GET big\r\n";
  Line& line = add_line();
  talk(line, request);
  const auto peak_before = memory::used_bytes();
  EXPECT_LE(peak_before, kMaxMemory + kTolerance);
  line.write("EXEC\r\n");
  watch_turns(1);
  EXPECT_LE(most_used, kMaxMemory + 2 * kTolerance);
  const std::size_t all = 8 + 8 * bulk_bytes(kPart);
  EXPECT_EQ(count(line, all), all);
}

TEST_F(ReplyRoom, ATransactionThatReadsFirstRemovesNothingIfItIsRefused) {
  fill();
  store_large(kAboveMinimum);
  refuse_to_evict();
  use_up_memory();
  Line& line = add_line();
  EXPECT_THAT(talk(line, "MULTI\r\nGET large\r\nDEL large\r\nEXEC\r\n"),
              AllOf(HasSubstr("-OOM A reply of about "), HasSubstr("maxmemory")));
  EXPECT_TRUE(line.closed);
  EXPECT_EQ(ask("EXISTS large"), ":1\r\n");
}

TEST_F(ReplyRoom, AReadWithoutRoomInATransactionWithEffectsGetsAnError) {
  fill();
  store_large(kAboveMinimum);
  refuse_to_evict();
  leave_little_memory();
  Line& line = add_line();
  talk(line, "MULTI\r\nINCR n\r\nGET large\r\nINCR n\r\n");
  EXPECT_THAT(talk(line, "EXEC\r\n"),
              AllOf(StartsWith("*3\r\n:1\r\n-OOM there is no room for a reply of about "),
                    EndsWith("\r\n:2\r\n")));
  EXPECT_FALSE(line.closed);
  EXPECT_EQ(figure("evicted_clients"), 0);
}

// An element is sent as often as it is removed, and no other time.
TEST_F(ReplyRoom, NothingIsRemovedForAClientThatDoesNotGetIt) {
  fill();
  push_parts("parts");
  refuse_to_evict();
  use_up_memory();
  for (int i = 0; i < 10; ++i) add_line().write("LPOP parts 2\r\n");
  watch_turns(200);
  for (std::size_t i = 0; i < kParts / 2; ++i) {
    EXPECT_EQ(count(*lines[i], 2 * bulk_bytes(kPart)), 2 * bulk_bytes(kPart) + 4) << i;
  }
  EXPECT_EQ(ask("EXISTS parts"), ":0\r\n");
  for (std::size_t i = kParts / 2; i < lines.size(); ++i) {
    EXPECT_EQ(lines[i]->read(), "*-1\r\n") << i;
  }
  EXPECT_EQ(figure("evicted_clients"), 0);
}

TEST_F(ReplyRoom, AServedClientGetsTheElementThatCameForIt) {
  fill();
  Line& waiting = add_line();
  waiting.write("BLPOP queue 0\r\n");
  watch_turns(2);
  Line& pushing = add_line();
  pushing.write("MULTI\r\n");
  const std::string request = command({"RPUSH", "queue", std::string(2 * kPart, 'v')});
  for (std::string_view left = request; !left.empty(); watch_turns(1)) {
    left.remove_prefix(pushing.write(left));
  }
  pushing.write("EXEC\r\n");
  watch_turns(50);
  const std::size_t all = 4 + 11 + bulk_bytes(2 * kPart);
  EXPECT_EQ(count(waiting, all), all);
  EXPECT_EQ(ask("EXISTS queue"), ":0\r\n");
}

TEST_F(ReplyRoom, ClaimedEntriesAreSent) {
  fill();
  add_parts();
  most_used = 0;
  const std::size_t all = kParts * bulk_bytes(kPart);
  for (const std::string& request :
       {claim_all("XCLAIM", "second", ""), std::string("XAUTOCLAIM stream group third 0 -")}) {
    Line& line = add_line();
    line.write(request + "\r\n");
    EXPECT_GE(count(line, all), all) << request;
    lines.clear();
    watch_turns(50);
  }
  EXPECT_THAT(ask("XPENDING stream group"), HasSubstr("$5\r\nthird\r\n$2\r\n12\r\n"));
  EXPECT_LE(most_used, kMaxMemory + kTolerance);
  EXPECT_EQ(figure("evicted_clients"), 0);
}

TEST_F(ReplyRoom, NothingIsClaimedForAClientThatDoesNotGetIt) {
  fill();
  add_parts();
  refuse_to_evict();
  use_up_memory();
  for (const std::string& request :
       {claim_all("XCLAIM", "second", ""), std::string("XAUTOCLAIM stream group third 0 -")}) {
    EXPECT_THAT(ask(request), StartsWith("-OOM A reply of about ")) << request;
    EXPECT_THAT(ask("XPENDING stream group"), HasSubstr("$5\r\nfirst\r\n$2\r\n12\r\n"));
  }
  EXPECT_EQ(ask("XINFO CONSUMERS stream group").substr(0, 4), "*1\r\n");
}

TEST_F(ReplyRoom, BlockedReadersOfAStreamWaitForRoom) {
  constexpr std::size_t kReaders = 12;
  fill();
  const std::uint64_t without_readers = peak_of_news();
  for (std::size_t i = 0; i < kReaders; ++i) add_line().write("XREAD BLOCK 0 STREAMS news $\r\n");
  watch_turns(5);
  most_used = 0;
  add_news("1-1");
  watch_turns(50);
  for (std::size_t i = 0; i < kReaders; ++i) EXPECT_EQ(count(*lines[i], kNews), kNews) << i;
  EXPECT_EQ(talk(*lines[0], "PING\r\n"), "+PONG\r\n");
  EXPECT_LT(most_used, without_readers + kTolerance);
  EXPECT_EQ(figure("evicted_clients"), 0);
}

TEST_F(ReplyRoom, BlockedConsumersOfAGroupWaitForRoom) {
  constexpr std::size_t kConsumers = 12;
  fill();
  const std::uint64_t without_readers = peak_of_news();
  for (std::size_t i = 0; i < kConsumers; ++i) {
    const std::string group = "group" + std::to_string(i);
    ask("XGROUP CREATE news " + group + " $ MKSTREAM");
    add_line().write("XREADGROUP GROUP " + group + " first BLOCK 0 STREAMS news >\r\n");
  }
  watch_turns(5);
  most_used = 0;
  add_news("1-1");
  watch_turns(50);
  for (std::size_t i = 0; i < kConsumers; ++i) EXPECT_EQ(count(*lines[i], kNews), kNews) << i;
  EXPECT_LT(most_used, without_readers + kTolerance);
  EXPECT_THAT(ask("XPENDING news group3"), StartsWith("*4\r\n:1\r\n"));
  EXPECT_EQ(figure("evicted_clients"), 0);
}

// Others have replies that they do not read, so that no reply of 2 MB has room.
TEST_F(ReplyRoom, ABlockedReaderWaitsOnIfItsEntryIsGoneMeanwhile) {
  fill();
  Line& reader = add_line();
  reader.write("XREAD BLOCK 0 STREAMS news $\r\n");
  Line& late = add_line();
  late.write("XREAD BLOCK 3000 STREAMS news $\r\nPING\r\n");
  watch_turns(2);
  take_the_share();
  add_news("1-1");
  EXPECT_EQ(reader.read(), "");
  EXPECT_EQ(ask("DEL news"), ":1\r\n");
  EXPECT_EQ(late.read(), "");
  // The time that it may wait is over before there is room.
  harness.clock().advance_ms(3000);
  watch_turns(5);
  EXPECT_EQ(late.read(), "*-1\r\n+PONG\r\n");
  give_back_the_share();
  EXPECT_EQ(reader.read(), "");
  EXPECT_EQ(ask("XADD news 2-1 f v"), "$3\r\n2-1\r\n");
  watch_turns(5);
  EXPECT_EQ(reader.read(),
            "*1\r\n*2\r\n$4\r\nnews\r\n*1\r\n*2\r\n$3\r\n2-1\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n");
  EXPECT_EQ(talk(reader, "PING\r\n"), "+PONG\r\n");
}

// It is counted as blocked, and can be unblocked.
TEST_F(ReplyRoom, ABlockedReaderThatWaitsForRoomCanBeUnblocked) {
  fill();
  Line& reader = add_line();
  const std::string id = talk(reader, "CLIENT ID\r\n");
  reader.write("XREAD BLOCK 0 STREAMS news $\r\nPING\r\n");
  watch_turns(2);
  take_the_share();
  add_news("1-1");
  EXPECT_EQ(reader.read(), "");
  EXPECT_EQ(ask("CLIENT UNBLOCK " + id.substr(1, id.size() - 3)), ":1\r\n");
  watch_turns(2);
  EXPECT_EQ(reader.read(), "*-1\r\n+PONG\r\n");
  give_back_the_share();
}

// Others hold nearly the minimum as unfinished requests: the reply has room when these are gone.
TEST_F(ReplyRoom, AReplyWaitsWhileOthersHoldTheMinimum) {
  // More than the output that is always allowed, and than what the others leave.
  constexpr std::size_t kValue = 1'200'000;
  fill();
  set("value", kValue);
  refuse_to_evict();
  use_up_memory();
  const std::string half = command({"SET", "k", std::string(100'000, 'v')}).substr(0, 30'000);
  const auto held = [] { return memory::client_bytes(memory::balance()); };
  while (held() < static_cast<std::int64_t>(4 * kMega - 800'000) && lines.size() < 300) {
    add_line().write(half);
    watch_turns(2);
  }
  ASSERT_LT(held(), static_cast<std::int64_t>(4 * kMega));
  Line reader = connect();
  reader.write("GET value\r\n");
  watch_turns(50);
  EXPECT_EQ(reader.read(), "");
  EXPECT_FALSE(reader.closed);
  lines.clear();
  EXPECT_EQ(drain_bulk(reader, kValue), bulk_bytes(kValue));
}

}  // namespace
}  // namespace larder::server

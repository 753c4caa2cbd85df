// The records of commands that ran: times, logs of slow and large commands, latency events.

#include "larder/observe/command_observer.h"

#include "tests/observe/observing_room.h"

namespace larder::observe {
namespace {

using namespace engine;

class Observing : public ObservingRoom {
 protected:
  void set(const std::string& name, const std::string& value) {
    ASSERT_TRUE(registry.set({{name, value}}, {})) << name;
  }
  // The entries of a log, the newest first, as "value? word word".
  std::vector<std::string> words(LogKind kind) const {
    std::vector<std::string> found;
    for (const auto* entry = observer.log.newest(kind); entry != nullptr; entry = entry->older) {
      std::string line;
      for (const std::string_view word : entry->words) {
        line += (line.empty() ? "" : " ") + std::string(word);
      }
      found.push_back(line);
    }
    return found;
  }
  const LatencyHistogram& histogram(const std::string& name) const {
    return commands.find(name)->stats.latency;
  }
  // Observes a command of this name that took the given time.
  void slow(const std::string& name, double us, std::uint64_t calls = 1) {
    const std::array<std::string_view, 1> ran = {name};
    observer.slow({session, *commands.find(name), ran},
                  static_cast<std::uint64_t>(us * base::cycles_per_us()), calls);
  }
  static constexpr double kMs = 1000;
};

using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(Observing, LogsNoFastCommand) {
  reply({"set", "k", "v"});
  EXPECT_THAT(words(LogKind::slow), IsEmpty());
}

TEST_F(Observing, LogsEveryCommandIfTheThresholdIsZero) {
  set("slowlog-log-slower-than", "0");
  run({{"set", "k", "v"}, {"get", "k"}, {"get", "k"}});
  EXPECT_THAT(words(LogKind::slow), ElementsAre("get k", "get k", "set k v"));
}

TEST_F(Observing, ComparesMicrosecondsWithTheThreshold) {
  set("slowlog-log-slower-than", "50");
  slow("get", 49.5);
  EXPECT_THAT(words(LogKind::slow), IsEmpty());
  slow("get", 51.5);
  EXPECT_THAT(words(LogKind::slow), ElementsAre("get"));
  EXPECT_EQ(observer.log.newest(LogKind::slow)->value, 51);
}

TEST_F(Observing, LogsClientAndTime) {
  session.name.assign("me");
  clock.advance_ms(5000);
  slow("get", 20 * kMs);
  const auto* entry = observer.log.newest(LogKind::slow);
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->address, "10.0.0.1:1");
  EXPECT_EQ(entry->name, "me");
  EXPECT_EQ(entry->unix_s, clock.unix_ms() / 1000);
  session.name.assign(std::string(100'000, 'n'));
  slow("get", 20 * kMs);
  EXPECT_EQ(observer.log.newest(LogKind::slow)->name, std::string(128, 'n'));
  session.name.clear();
}

TEST_F(Observing, EntryIdsContinueAfterAReset) {
  slow("get", 20 * kMs);
  const auto id = observer.log.newest(LogKind::slow)->id;
  observer.log.clear(LogKind::slow);
  slow("get", 20 * kMs);
  EXPECT_EQ(observer.log.newest(LogKind::slow)->id, id + 1);
}

TEST_F(Observing, ShortensALogAtOnce) {
  for (int i = 0; i < 5; ++i) slow("get", 20 * kMs);
  set("slowlog-max-len", "2");
  EXPECT_EQ(observer.log.size(LogKind::slow), 2u);
  slow("set", 20 * kMs);
  EXPECT_THAT(words(LogKind::slow), ElementsAre("set", "get"));
}

TEST_F(Observing, LogsNothingIfTheMaximumLengthIsZero) {
  set("slowlog-max-len", "0");
  slow("get", 20 * kMs);
  set("slowlog-max-len", "10");
  EXPECT_THAT(words(LogKind::slow), IsEmpty());
}

// As many words as are logged, one of them secret.
// Entries of 4 KB each, many more than fit.
TEST_F(Observing, LogsAreBoundedInBytesForAnyMaximumLength) {
  set("slowlog-max-len", "1000000");
  Words words{"set"};
  words.resize(CommandLog::kMostWords, std::string(200, 'x'));
  const std::vector<std::string_view> views(words.begin(), words.end());
  for (int i = 0; i < 3000; ++i) {
    observer.slow({session, *commands.find("set"), views}, 1'000'000'000, 1);
    ASSERT_LE(observer.log.held_bytes(LogKind::slow), CommandLog::kMostBytes);
  }
  EXPECT_GT(observer.log.held_bytes(LogKind::slow), CommandLog::kMostBytes - 8192);
  EXPECT_EQ(observer.log.newest(LogKind::slow)->id, 2999u);
  EXPECT_LT(observer.log.size(LogKind::slow), 1100u);
}

TEST_F(Observing, TruncatesLongArgumentsAndLongCommands) {
  const std::string longest(CommandLog::kMostWordBytes, 'x');
  const std::string longer = longest + "yz";
  std::vector<std::string_view> ran = {"fail", longest, longer};
  ran.resize(CommandLog::kMostWords + 1, "w");
  observer.slow({session, *commands.find("fail"), ran}, 1'000'000'000, 1);
  const auto* entry = observer.log.newest(LogKind::slow);
  ASSERT_EQ(entry->words.size(), CommandLog::kMostWords);
  EXPECT_EQ(entry->words[1], longest);
  EXPECT_EQ(entry->words[2], longest + "... (2 more bytes)");
  EXPECT_EQ(entry->words.back(), "... (2 more arguments)");
}

TEST_F(Observing, CountsEveryCallInTheHistogram) {
  run({{"get", "a"}, {"get", "b"}, {"set", "a", "1"}, {"get", "a"}});
  EXPECT_EQ(histogram("get").count(), 3u);
  EXPECT_EQ(histogram("set").count(), 1u);
}

TEST_F(Observing, CountsNoCallWhileTrackingIsOff) {
  set("latency-tracking", "no");
  reply({"get", "a"});
  set("latency-tracking", "yes");
  EXPECT_TRUE(histogram("get").empty());
  reply({"get", "a"});
  EXPECT_EQ(histogram("get").count(), 1u);
}

TEST_F(Observing, ResetsTheHistogramsWithTheStatistics) {
  reply({"get", "a"});
  commands.reset_stats();
  EXPECT_TRUE(histogram("get").empty());
}

TEST_F(Observing, CountsBlockedCommandsWhenServed) {
  set("slowlog-log-slower-than", "0");
  reply({"bpop", "k", "0"});
  EXPECT_TRUE(histogram("bpop").empty());
  EXPECT_THAT(words(LogKind::slow), IsEmpty());
  NoPeer other_peer;
  resp::ReplyBuffer other_output{pool};
  Session other{sessions, other_peer, other_output, clock};
  const std::array<std::string_view, 3> push = {"push", "k", "v"};
  const resp::Request request{.args = push, .bytes = 0};
  executor.run(other, {&request, 1}, std::numeric_limits<std::size_t>::max());
  EXPECT_EQ(histogram("bpop").count(), 1u);
  EXPECT_THAT(words(LogKind::slow), ElementsAre("bpop k 0", "push k v"));
  other_output.clear();
}

TEST_F(Observing, CountsBlockedCommandsThatTimeOut) {
  set("slowlog-log-slower-than", "0");
  reply({"bpop", "k", "1"});
  clock.advance_ms(2000);
  executor.end_turn();
  EXPECT_EQ(histogram("bpop").count(), 1u);
  EXPECT_THAT(words(LogKind::slow), ElementsAre("bpop k 1"));
  reply({"bpop", "k", "0"});
  waiters.unblock(session, Waiters::Ending::error);
  EXPECT_EQ(histogram("bpop").count(), 2u);
  EXPECT_THAT(words(LogKind::slow), ElementsAre("bpop k 0", "bpop k 1"));
}

TEST_F(Observing, AddsTheTimeOfEarlierRunsOfABlockedCommand) {
  set("slowlog-log-slower-than", "1000");
  reply({"bpop", "k", "0"});
  EXPECT_THAT(words(LogKind::slow), IsEmpty());
  waiters.keep_cycles(session, static_cast<std::uint64_t>(base::cycles_per_us() * 2000));
  waiters.unblock(session, Waiters::Ending::timeout);
  EXPECT_THAT(words(LogKind::slow), ElementsAre("bpop k 0"));
  EXPECT_EQ(histogram("bpop").count_below(20), 0u);
}

TEST_F(Observing, TheTimeOfATransactionIncludesItsCommands) {
  reply({"multi"});
  reply({"set", "k", "v"});
  reply({"exec"});
  EXPECT_EQ(histogram("set").count(), 1u);
  EXPECT_GE(commands.find("exec")->stats.cycles, commands.find("set")->stats.cycles);
}

TEST_F(Observing, TimesEachCommandForASecondAfterASlowBatch) {
  EXPECT_FALSE(observer.times_each());
  slow("get", 20 * kMs, 10);
  EXPECT_THAT(words(LogKind::slow), IsEmpty());
  EXPECT_TRUE(observer.times_each());
  clock.advance_ms(500);
  observer.run_periodic();
  EXPECT_TRUE(observer.times_each());
  clock.advance_ms(501);
  observer.run_periodic();
  EXPECT_FALSE(observer.times_each());
}

TEST_F(Observing, TimesEachCommandForLowThresholds) {
  set("slowlog-log-slower-than", "100");
  EXPECT_TRUE(observer.times_each());
  set("slowlog-log-slower-than", "10000");
  EXPECT_FALSE(observer.times_each());
}

TEST_F(Observing, RecordsEventsFromTheThresholdOn) {
  set("latency-monitor-threshold", "5");
  slow("get", 4.9 * kMs);
  EXPECT_EQ(observer.latency.series(LatencyEvent::command), nullptr);
  slow("get", 7.5 * kMs);
  const auto* series = observer.latency.series(LatencyEvent::command);
  ASSERT_NE(series, nullptr);
  EXPECT_EQ(series->size(), 1u);
  EXPECT_EQ(series->latest().ms, 7u);
  EXPECT_TRUE(observer.latency.forget(LatencyEvent::command));
  EXPECT_FALSE(observer.latency.forget(LatencyEvent::command));
}

TEST_F(Observing, KeepsTheLongestEventOfASecond) {
  set("latency-monitor-threshold", "5");
  for (const double ms : {7.5, 9.5, 6.5}) slow("get", ms * kMs);
  clock.advance_ms(1000);
  slow("get", 5.5 * kMs);
  const auto& series = *observer.latency.series(LatencyEvent::command);
  ASSERT_EQ(series.size(), 2u);
  EXPECT_EQ(series[0].ms, 9u);
  EXPECT_EQ(series[1].ms, 5u);
  EXPECT_EQ(series.most_ms(), 9u);
}

TEST_F(Observing, KeepsAHundredAndSixtySamplesOfAnEvent) {
  set("latency-monitor-threshold", "1");
  for (int i = 1; i <= 170; ++i) {
    slow("get", (i + 0.5) * kMs);
    clock.advance_ms(1000);
  }
  const auto& series = *observer.latency.series(LatencyEvent::command);
  ASSERT_EQ(series.size(), LatencyMonitor::kSamples);
  EXPECT_EQ(series[0].ms, 11u);
  EXPECT_EQ(series.latest().ms, 170u);
}

TEST_F(Observing, LogsLargeRepliesByTheirBytes) {
  set("commandlog-reply-larger-than", "10");
  run({{"set", "k", "1234"}, {"get", "k"}, {"set", "k", "12345"}, {"get", "k"}});
  EXPECT_THAT(words(LogKind::large_reply), ElementsAre("get k", "get k"));
  EXPECT_EQ(observer.log.newest(LogKind::large_reply)->value, 11);
}

}  // namespace
}  // namespace larder::observe

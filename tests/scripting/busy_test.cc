// Other clients while a script runs for long.

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <vector>

#include "larder/memory/ledger.h"
#include "src/server/busy_turns.h"
#include "tests/server/socket_fixture.h"

namespace larder::scripting {
namespace {

using net::Line;
using server::command;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kBusy =
    "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.\r\n";
constexpr std::string_view kKilled = "-ERR Script killed by user with SCRIPT KILL... script: ";

// Each turn within the script's turn is preceded by one step of the test.
class Steps final : public server::BusyTurns {
 public:
  using BusyTurns::BusyTurns;
  using Step = std::function<void()>;

  void begin() override {
    is_busy = true;
    BusyTurns::begin();
  }
  void serve() override {
    if (!steps.empty()) {
      const Step step = std::move(steps.front());
      steps.erase(steps.begin());
      step();
    }
    BusyTurns::serve();
  }
  void end() override {
    BusyTurns::end();
    is_busy = false;
  }

  std::vector<Step> steps;
  bool is_busy = false;
  bool has_stopped = false;

 private:
  void stopped() override { has_stopped = true; }
};

class BusyScript : public server::SocketFixture {
 protected:
  explicit BusyScript(const std::string& options = {})
      : SocketFixture("busy-reply-threshold 50\nscript-time-limit 20000\n" + options) {
    harness.clock().us_per_reading = 1000;
    harness.core().scripts.serve_with(turns_within);
  }
  ~BusyScript() override {
    harness.clock().us_per_reading = 0;
    turns(4);
    const memory::Audit audit = harness.core().auditor.run();
    EXPECT_TRUE(audit.balanced()) << audit.text();
  }

  // A step that sends a request, and one that compares the reply.
  void then_send(Line& line, std::string bytes) {
    turns_within.steps.emplace_back([&line, bytes] { EXPECT_EQ(line.write(bytes), bytes.size()); });
  }
  void then_expect(Line& line, std::string_view reply) {
    turns_within.steps.emplace_back([&line, reply] { EXPECT_EQ(line.read(), reply); });
  }
  void then_exchange(Line& line, const std::string& bytes, std::string_view reply) {
    then_send(line, bytes);
    then_expect(line, reply);
  }
  // The script ends within that turn.
  void then_kill() { then_send(killer, "SCRIPT KILL\r\n"); }
  std::string eval(const std::string& script) {
    const std::string got = talk(caller, command({"EVAL", script, "0"}));
    EXPECT_TRUE(turns_within.steps.empty()) << turns_within.steps.size() << " steps are left";
    EXPECT_FALSE(turns_within.is_busy);
    return got;
  }

  Steps turns_within{*loop, connections, harness.core()};
  Line caller = connect();
  Line other = connect();
  Line killer = connect();
};

class WorkingFolder {
 public:
  WorkingFolder() {
    char name[] = "/tmp/larder_busy_XXXXXX";
    std::filesystem::current_path(::mkdtemp(name));
  }
  ~WorkingFolder() {
    const auto folder = std::filesystem::current_path();
    std::filesystem::current_path(outer_);
    std::filesystem::remove_all(folder);
  }

 private:
  const std::filesystem::path outer_ = std::filesystem::current_path();
};

struct NobodyServed final : persistence::LoadingHost {
  bool serve() override { return true; }
};

// With files, in a folder of its own.
class BusyScriptOnDisk : private WorkingFolder, public BusyScript {
 protected:
  explicit BusyScriptOnDisk(const std::string& options) : BusyScript(options) {}
};

class BusyScriptWithJournal : public BusyScriptOnDisk {
 protected:
  BusyScriptWithJournal() : BusyScriptOnDisk("appendonly yes\nappendfsync everysec\n") {
    EXPECT_EQ(harness.core().load(host), persistence::Loading::no_file);
    EXPECT_TRUE(harness.core().journal.begin());
  }
  ~BusyScriptWithJournal() override { harness.core().journal_worker.finish(); }

  NobodyServed host;
};

class BusyScriptWithSnapshots : public BusyScriptOnDisk {
 protected:
  BusyScriptWithSnapshots() : BusyScriptOnDisk("save \"\"\n") {}
};

TEST_F(BusyScript, OthersGetAnErrorUntilItIsKilled) {
  then_exchange(other, "GET k\r\n", kBusy);
  then_exchange(other, "PING\r\n", kBusy);
  then_exchange(other, "EVAL 'return 1' 0\r\n", kBusy);
  then_exchange(other, "NOSUCHCOMMAND\r\n",
                "-ERR unknown command 'NOSUCHCOMMAND', with args beginning with: \r\n");
  then_exchange(other, "GET\r\n", "-ERR wrong number of arguments for 'get' command\r\n");
  then_exchange(other, "SHUTDOWN\r\n", kBusy);
  then_exchange(other, "SHUTDOWN SAVE\r\n", kBusy);
  then_kill();
  EXPECT_THAT(eval("while true do end"), StartsWith(kKilled));
  EXPECT_EQ(killer.read(), "+OK\r\n");
  EXPECT_EQ(talk(other, "PING\r\n"), "+PONG\r\n");
  EXPECT_EQ(talk(other, "SCRIPT KILL\r\n"), "-NOTBUSY No scripts in execution right now.\r\n");
}

TEST_F(BusyScript, TheErrorNamesTheScriptAndItsLine) {
  then_kill();
  EXPECT_EQ(eval("local n = 0\nwhile true do n = n + 1 end"),
            "-ERR Script killed by user with SCRIPT KILL... script: "
            "ace6b25fd3c41df44044616cec5a8694bce7381a, on @user_script:2.\r\n");
}

TEST_F(BusyScript, AFunctionIsShownAndKilledByItsOwnCommand) {
  constexpr std::string_view kBusyFunction =
      "-BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN "
      "NOSAVE.\r\n";
  talk(caller, command({"FUNCTION", "LOAD",
                        "#!lua name=l\nredis.register_function('f', function(keys)\n"
                        "  while true do end\nend)"}));
  then_exchange(other, "GET k\r\n", kBusyFunction);
  then_exchange(other, "SCRIPT KILL\r\n", kBusyFunction);
  std::string shown;
  then_send(other, "FUNCTION STATS\r\n");
  turns_within.steps.emplace_back([&] { shown = other.read(); });
  then_send(killer, "FUNCTION KILL\r\n");
  EXPECT_EQ(talk(caller, command({"FCALL", "f", "1", "k", "word"})),
            "-ERR Script killed by user with SCRIPT KILL... script: f, on @user_function:3.\r\n");
  EXPECT_EQ(killer.read(), "+OK\r\n");
  EXPECT_THAT(shown,
              StartsWith("*4\r\n$14\r\nrunning_script\r\n*6\r\n$4\r\nname\r\n$1\r\nf\r\n"
                         "$7\r\ncommand\r\n*5\r\n$5\r\nFCALL\r\n$1\r\nf\r\n$1\r\n1\r\n$1\r\nk\r\n"
                         "$4\r\nword\r\n$11\r\nduration_ms\r\n:"));
}

TEST_F(BusyScript, AScriptIsNotShownAsAFunction) {
  then_exchange(other, "FUNCTION STATS\r\n", kBusy);
  then_exchange(other, "FUNCTION KILL\r\n", kBusy);
  then_kill();
  EXPECT_THAT(eval("while true do end"), StartsWith(kKilled));
}

TEST_F(BusyScript, SomeCommandsStayAllowed) {
  then_exchange(other, "MULTI\r\n", "+OK\r\n");
  then_exchange(other, "DISCARD\r\n", "+OK\r\n");
  then_exchange(other, "WATCH k\r\n", "+OK\r\n");
  then_exchange(other, "UNWATCH\r\n", "+OK\r\n");
  then_exchange(other, "RESET\r\n", "+RESET\r\n");
  then_exchange(other, "AUTH x\r\n",
                "-ERR AUTH <password> called without any password configured for the default user. "
                "Are you sure your configuration is correct?\r\n");
  then_kill();
  eval("while true do end");
}

TEST_F(BusyScript, ATransactionThatIsQueuedMeanwhileIsAborted) {
  then_exchange(other, "MULTI\r\n", "+OK\r\n");
  then_exchange(other, "SET k v\r\n", kBusy);
  then_kill();
  eval("while true do end");
  EXPECT_EQ(talk(other, "EXEC\r\n"),
            "-EXECABORT Transaction discarded because of previous errors.\r\n");
}

TEST_F(BusyScript, ExecIsRefused) {
  EXPECT_EQ(talk(other, "MULTI\r\nSET k v\r\n"), "+OK\r\n+QUEUED\r\n");
  const std::string aborted =
      "-EXECABORT Transaction discarded because of: " + std::string(kBusy.substr(1));
  then_exchange(other, "EXEC\r\n", aborted);
  then_kill();
  eval("while true do end");
  EXPECT_EQ(talk(other, "GET k\r\n"), "$-1\r\n");
}

TEST_F(BusyScript, AScriptThatHasWrittenIsNotKilled) {
  then_exchange(other, "SCRIPT KILL\r\n",
                "-UNKILLABLE Sorry the script already executed write commands against the dataset. "
                "You can either wait the script termination or kill the server in a hard way using "
                "the SHUTDOWN NOSAVE command.\r\n");
  EXPECT_EQ(eval("redis.call('SET', 'k', 'v') for i = 1, 3000000 do end return redis.call('GET', "
                 "'k')"),
            "$1\r\nv\r\n");
}

TEST_F(BusyScript, ShutdownWithoutSavingIsPossible) {
  then_send(other, "SHUTDOWN NOSAVE\r\n");
  turns_within.steps.emplace_back([this] {
    EXPECT_TRUE(harness.ended());
    harness.configuration().scripting.script_time_limit.value(1);
  });
  eval("redis.call('SET', 'k', 'v') while true do end");
}

TEST_F(BusyScript, NoPcallNorCoroutinePreventsAKill) {
  for (const char* script :
       {"while true do pcall(function() while true do end end) end",
        "local function f() pcall(f) while true do end end f()",
        "while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
        "while true do string.gsub(('x'):rep(1000), 'x', function() while true do end end) end",
        "table.sort({3, 2, 1}, function() while true do end end)",
        "xpcall(function() while true do end end, function() while true do end end)",
        "while true do redis.pcall('GET', 'k') end"}) {
    SCOPED_TRACE(script);
    then_kill();
    EXPECT_THAT(eval(script), StartsWith(kKilled));
  }
}

TEST_F(BusyScript, ATransactionContinuesAfterAKilledScript) {
  then_kill();
  EXPECT_EQ(talk(caller, "MULTI\r\n" + command({"EVAL", "while true do end", "0"}) + "SET k v\r\n"),
            "+OK\r\n+QUEUED\r\n+QUEUED\r\n");
  const std::string got = talk(caller, "EXEC\r\n");
  EXPECT_THAT(got, StartsWith("*2\r\n" + std::string(kKilled)));
  EXPECT_THAT(got, testing::EndsWith("+OK\r\n"));
}

TEST_F(BusyScript, RequestsBehindItRunAfterwards) {
  then_kill();
  const std::string got =
      talk(caller, "PING a\r\n" + command({"EVAL", "while true do end", "0"}) + "PING b\r\n");
  EXPECT_THAT(got, StartsWith("$1\r\na\r\n" + std::string(kKilled)));
  EXPECT_THAT(got, testing::EndsWith("$1\r\nb\r\n"));
}

// They were read, but had not run, when the script began.
TEST_F(BusyScript, RequestsOfTheSameTurnGetTheError) {
  Line early = connect();
  Line late = connect();
  early.write("GET k\r\n");
  caller.write(command({"EVAL", "while true do end", "0"}));
  late.write("GET k\r\n");
  turns_within.steps.emplace_back([] {});
  then_kill();
  turns(4);
  EXPECT_THAT(caller.read(), StartsWith(kKilled));
  // Which of them ran before the script depends on the order of the sockets.
  for (Line* line : {&early, &late}) {
    EXPECT_THAT(line->read(), testing::AnyOf("$-1\r\n", kBusy));
  }
}

TEST_F(BusyScript, ItsClientMayDisconnect) {
  turns_within.steps.emplace_back([this] { caller.close(); });
  then_exchange(other, "GET k\r\n", kBusy);
  then_kill();
  caller.write(command({"EVAL", "while true do end", "0"}));
  turns(4);
  EXPECT_EQ(connections.size(), 2u);
  EXPECT_EQ(talk(other, "PING\r\n"), "+PONG\r\n");
}

TEST_F(BusyScript, ClientsMayComeAndGo) {
  std::vector<Line> guests;
  std::int64_t held = 0;
  for (int i = 0; i < 100; ++i) {
    turns_within.steps.emplace_back([this, &guests] {
      guests.push_back(connect());
      guests.back().write("GET k\r\n");
    });
    turns_within.steps.emplace_back([&guests, i] {
      EXPECT_EQ(guests.back().read(), kBusy);
      i % 2 == 0 ? guests.back().close() : void(guests.back().write("QUIT\r\n"));
    });
  }
  turns_within.steps.emplace_back([&held] { held = memory::balance(memory::Owner::client_input); });
  then_kill();
  eval("while true do end");
  EXPECT_EQ(connections.size(), 3u);
  turns(2);
  EXPECT_LT(held, memory::balance(memory::Owner::client_input) + 40'000);
}

// One that was there before: the outer turn may still use it, so it is freed at its end.
TEST_F(BusyScript, OtherClientsMayLeave) {
  Line leaver = connect();
  turn();
  turns_within.steps.emplace_back([&leaver] { leaver.close(); });
  then_exchange(other, "GET k\r\n", kBusy);
  then_kill();
  eval("while true do end");
  EXPECT_EQ(connections.size(), 3u);
}

TEST_F(BusyScript, ClientsThatWaitForKeysAreServedAfterwards) {
  Line waiting = connect();
  EXPECT_EQ(talk(waiting, "BLPOP list 0\r\n"), "");
  then_exchange(other, "GET k\r\n", kBusy);
  then_expect(waiting, "");
  EXPECT_EQ(eval("redis.call('RPUSH', 'list', 'a') for i = 1, 3000000 do end "
                 "return redis.call('LLEN', 'list')"),
            ":1\r\n");
  EXPECT_EQ(waiting.read(), "*2\r\n$4\r\nlist\r\n$1\r\na\r\n");
}

// The next sync is due a second after the last one, which is while the script runs.
TEST_F(BusyScriptWithJournal, TheFileIsSyncedMeanwhile) {
  const persistence::Journal& journal = harness.core().journal;
  EXPECT_EQ(talk(other, "SET a 1\r\n"), "+OK\r\n");
  harness.core().journal_worker.finish();
  const std::uint64_t before = journal.synced();
  EXPECT_EQ(talk(other, "SET a 2\r\n"), "+OK\r\n");
  harness.core().journal_worker.finish();
  EXPECT_EQ(journal.synced(), before);
  bool is_synced = false;
  constexpr int kMostTurns = 3000;
  for (int i = 0; i < kMostTurns; ++i) {
    turns_within.steps.emplace_back([this, &is_synced, &journal, before] {
      harness.core().journal_worker.finish();
      is_synced = is_synced || journal.synced() > before;
    });
  }
  then_kill();
  EXPECT_THAT(eval("while true do end"), StartsWith(kKilled));
  EXPECT_TRUE(is_synced);
}

TEST_F(BusyScriptWithJournal, ClientsThatWaitForTheFileGetTheirAnswerMeanwhile) {
  EXPECT_EQ(talk(other, "SET a 1\r\n"), "+OK\r\n");
  harness.core().journal_worker.finish();
  EXPECT_EQ(talk(other, "SET a 2\r\nWAITAOF 1 0 0\r\nGET a\r\n"), "+OK\r\n");
  Line left = connect();
  EXPECT_EQ(talk(left, "SET b 1\r\nWAITAOF 1 0 0\r\n"), "+OK\r\n");
  left.close();
  std::string got;
  constexpr int kMostTurns = 3000;
  for (int i = 0; i < kMostTurns; ++i) {
    turns_within.steps.emplace_back([this, &got] {
      harness.core().journal_worker.finish();
      got += other.read();
    });
  }
  then_kill();
  EXPECT_THAT(eval("while true do end"), StartsWith(kKilled));
  EXPECT_EQ(got, "*2\r\n:1\r\n:0\r\n");
  // What is behind it is run afterwards.
  EXPECT_EQ(other.read(), "$1\r\n2\r\n");
}

// Its file has what was there before the script, which changes everything while it is written.
TEST_F(BusyScriptWithSnapshots, ASnapshotGoesOnMeanwhile) {
  EXPECT_THAT(eval("for i = 1, 1000 do redis.call('SET', 'key:' .. i, 'before') "
                   "redis.call('HSET', 'large', 'field:' .. i, ('x'):rep(200)) end return 1"),
              ":1\r\n");
  const std::string before = talk(other, "DEBUG DIGEST\r\n");
  bool has_ended = false;
  constexpr int kMostTurns = 2000;
  for (int i = 0; i < kMostTurns; ++i) {
    turns_within.steps.emplace_back([this, &has_ended] {
      harness.core().snapshot_worker.finish();
      has_ended = has_ended || !harness.core().background_snapshot.is_running();
    });
  }
  const std::string script =
      "for i = 1, 1000 do for wait = 1, 15000 do end "
      "redis.call('DEL', 'key:' .. i) redis.call('SET', 'new:' .. i, 'after') "
      "redis.call('HSET', 'large', 'field:' .. 1001 - i, 'after') end "
      "for wait = 1, 20000000 do end return redis.call('HGET', 'large', 'field:7')";
  const std::string got = talk(caller, "BGSAVE\r\n" + command({"EVAL", script, "0"}));
  EXPECT_EQ(got, "+Background saving started\r\n$5\r\nafter\r\n");
  EXPECT_TRUE(has_ended);
  EXPECT_NE(talk(other, "DEBUG DIGEST\r\n"), before);
  server::Harness loaded;
  NobodyServed host;
  EXPECT_EQ(loaded.core().load(host), persistence::Loading::done);
  EXPECT_EQ(loaded.connect()->exchange("DEBUG DIGEST\r\n"), before);
}

TEST_F(BusyScript, MessagesAreSentMeanwhile) {
  Line subscriber = connect();
  EXPECT_THAT(talk(subscriber, "SUBSCRIBE news\r\n"), HasSubstr("subscribe"));
  turns_within.steps.emplace_back([] {});
  then_expect(subscriber, "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$1\r\na\r\n");
  then_kill();
  eval("redis.call('PUBLISH', 'news', 'a') while true do end");
}

TEST_F(BusyScript, ItsOwnClientGetsItsMessagesAfterwards) {
  EXPECT_THAT(talk(caller, "HELLO 3\r\n"), HasSubstr("proto"));
  EXPECT_THAT(talk(caller, "SUBSCRIBE news\r\n"), HasSubstr("subscribe"));
  turns_within.steps.emplace_back([] {});
  then_expect(caller, "");
  then_kill();
  const std::string got = eval("redis.call('PUBLISH', 'news', 'a') while true do end");
  EXPECT_THAT(got, StartsWith(kKilled));
  EXPECT_THAT(got, testing::EndsWith(">3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$1\r\na\r\n"));
}

TEST_F(BusyScript, TheTimeStandsStillForIt) {
  EXPECT_EQ(talk(other, "SET k v PX 20\r\n"), "+OK\r\n");
  then_exchange(other, "WATCH k\r\n", "+OK\r\n");
  EXPECT_EQ(eval("local t = redis.call('TIME') for i = 1, 3000000 do end "
                 "local u = redis.call('TIME') "
                 "return {t[1] == u[1] and t[2] == u[2], redis.call('GET', 'k')}"),
            "*2\r\n:1\r\n$1\r\nv\r\n");
}

TEST_F(BusyScript, NobodyIsServedIfTheThresholdIsZero) {
  EXPECT_EQ(talk(other, "CONFIG SET lua-time-limit 0\r\n"), "+OK\r\n");
  EXPECT_EQ(eval("for i = 1, 3000000 do end return 1"), ":1\r\n");
  EXPECT_EQ(talk(other, "CONFIG GET busy-reply-threshold\r\n"),
            "*2\r\n$20\r\nbusy-reply-threshold\r\n$1\r\n0\r\n");
}

TEST_F(BusyScript, AShortScriptServesNobody) {
  turns_within.steps.emplace_back([] { FAIL() << "served"; });
  EXPECT_EQ(talk(caller, command({"EVAL", "for i = 1, 10000 do end return 1", "0"})), ":1\r\n");
  turns_within.steps.clear();
}

}  // namespace
}  // namespace larder::scripting

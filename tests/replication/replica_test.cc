#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>

#include "replica_fixture.h"

namespace larder::replication {
namespace {

constexpr const char* kGetAck = "*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n";

std::string ack(std::int64_t offset) {
  const std::string number = std::to_string(offset);
  return "*3\r\n$8\r\nREPLCONF\r\n$3\r\nACK\r\n$" + std::to_string(number.size()) + "\r\n" +
         number + "\r\n";
}

TEST_F(ReplicaTest, IntroducesItself) {
  EXPECT_EQ(ask("CONFIG SET masterauth secret masteruser me replica-announce-ip 10.1.1.1"),
            "+OK\r\n");
  const std::string id = core().history.id();
  EXPECT_EQ(ask("REPLICAOF primary.example 6400"), "+OK\r\n");
  EXPECT_EQ(primary_.destination().host, "primary.example");
  EXPECT_EQ(primary_.destination().port, 6400);
  primary_.accept();
  primary_.take_received();
  primary_.send("-NOAUTH Authentication required.\r\n");
  EXPECT_EQ(primary_.take_received(),
            "*3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$6\r\nsecret\r\n"
            "*3\r\n$8\r\nREPLCONF\r\n$14\r\nlistening-port\r\n$4\r\n7000\r\n"
            "*3\r\n$8\r\nREPLCONF\r\n$10\r\nip-address\r\n$8\r\n10.1.1.1\r\n"
            "*7\r\n$8\r\nREPLCONF\r\n$4\r\ncapa\r\n$3\r\neof\r\n$4\r\ncapa\r\n$6\r\npsync2\r\n"
            "$4\r\ncapa\r\n$15\r\nfield-deadlines\r\n");
  primary_.send("+OK\r\n-ERR unknown option\r\n+OK\r\n+OK\r\n");
  EXPECT_EQ(primary_.take_received(), "*3\r\n$5\r\nPSYNC\r\n$40\r\n" + id + "\r\n$1\r\n1\r\n");
}

TEST_F(ReplicaTest, TriesAgainAfterEachRefusal) {
  ask("REPLICAOF primary 6400");
  primary_.refuse();
  for (const char* refusal : {"-LOADING it loads\r\n", "-ERR no\r\n"}) {
    harness_.advance_ms(1100);
    ASSERT_TRUE(primary_.is_dialed());
    primary_.accept();
    primary_.send(refusal);
    EXPECT_FALSE(primary_.is_dialed());
  }
  for (const char* refusal : {"-NOMASTERLINK no\r\n", "-LOADING it loads\r\n", "-ERR no\r\n",
                              "what\r\n", "+FULLRESYNC short 1\r\n", "+FULLRESYNC\r\n"}) {
    harness_.advance_ms(1100);
    ASSERT_TRUE(primary_.is_dialed());
    shake_hands();
    primary_.send(refusal);
    EXPECT_FALSE(primary_.is_dialed()) << refusal;
  }
  EXPECT_EQ(primary_.dialed(), 9);
}

TEST_F(ReplicaTest, LoadsACopyAndRunsTheStream) {
  ask("SET old value");
  ask("REPLICAOF primary 6400");
  shake_hands();
  sync("v1", 100);
  EXPECT_EQ(primary_.take_received(), ack(100));
  EXPECT_EQ(ask("GET k"), "$2\r\nv1\r\n");
  EXPECT_EQ(ask("EXISTS old"), ":0\r\n");
  const std::string set = server::requests_of("SET k v2\r\n");
  primary_.send(set + kGetAck);
  settle();
  EXPECT_EQ(primary_.take_received(), ack(100 + static_cast<std::int64_t>(set.size())));
  EXPECT_EQ(ask("GET k"), "$2\r\nv2\r\n");
  EXPECT_EQ(core().history.offset(),
            100 + static_cast<std::int64_t>(set.size() + std::string(kGetAck).size()));
  EXPECT_EQ(core().history.id(), kPrimaryId);
}

TEST_F(ReplicaTest, TakesACopyWithAMark) {
  ask("REPLICAOF primary 6400");
  shake_hands();
  primary_.send("+FULLRESYNC " + kPrimaryId + " 7\r\n$EOF:" + kMark + "\r\n" + copy_with("v1") +
                kMark);
  settle();
  EXPECT_EQ(primary_.take_received(), ack(7));
  EXPECT_EQ(ask("GET k"), "$2\r\nv1\r\n");
}

// While a copy is loaded from the link and has not arrived: the link ends.
struct EndsTheLink final : persistence::LoadingHost {
  explicit EndsTheLink(FakePrimary& primary) : primary_(primary) {}
  bool serve() override { return true; }
  bool wait() override { return primary_.end(), true; }

 private:
  FakePrimary& primary_;
};

// The link may end anywhere: the old data or the new, and the next attempt succeeds.
class CutReplicaTest : public ReplicaTest {
 protected:
  void survive_cuts();
};

TEST_F(CutReplicaTest, SurvivesACutAtEveryByte) { survive_cuts(); }

TEST_F(CutReplicaTest, SurvivesACutAtEveryByteOfACopyBesideItsData) {
  ask("CONFIG SET repl-diskless-load swapdb");
  survive_cuts();
}

void CutReplicaTest::survive_cuts() {
  const std::string file = copy_with("v1");
  const std::string set = server::requests_of("SET k v2\r\n");
  EndsTheLink host(primary_);
  for (const bool has_mark : {false, true}) {
    const std::string head = has_mark ? "$EOF:" + kMark : "$" + std::to_string(file.size());
    const std::string script = "+PONG\r\n+OK\r\n+OK\r\n+FULLRESYNC " + kPrimaryId + " 100\r\n\n" +
                               head + "\r\n" + file + (has_mark ? kMark : "");
    for (std::size_t cut = 0; cut <= script.size(); ++cut) {
      ask("REPLICAOF NO ONE");
      ask("SET k old");
      ask("REPLICAOF primary 6400");
      primary_.accept();
      primary_.send(script.substr(0, cut));
      settle(host);
      primary_.end();
      settle(host);
      const bool is_whole = cut == script.size();
      ASSERT_EQ(ask("GET k"), is_whole ? "$2\r\nv1\r\n" : "$3\r\nold\r\n") << cut;
      harness_.advance_ms(1100);
      ASSERT_TRUE(primary_.is_dialed()) << cut;
      shake_hands();
      if (is_whole) {
        primary_.send("+CONTINUE\r\n" + set);
      } else {
        sync("v1", 100);
        primary_.send(set);
      }
      settle();
      ASSERT_EQ(ask("GET k"), "$2\r\nv2\r\n") << cut;
      ASSERT_EQ(core().history.offset(), 100 + static_cast<std::int64_t>(set.size()));
    }
  }
}

// A transaction counts when its EXEC has run.
TEST_F(ReplicaTest, ContinuesBeforeAMultiThatIsNotComplete) {
  ask("REPLICAOF primary 6400");
  shake_hands();
  sync("v1", 100);
  const std::string before = server::requests_of("SELECT 3\r\nSET a 1\r\n");
  const std::string transaction = server::requests_of("MULTI\r\nINCR a\r\nINCR b\r\nEXEC\r\n");
  for (std::size_t cut = 0; cut < transaction.size(); ++cut) {
    const std::int64_t begin = core().history.offset();
    primary_.send(before + transaction.substr(0, cut));
    settle();
    ASSERT_EQ(core().history.offset(), begin + static_cast<std::int64_t>(before.size()));
    primary_.end();
    settle();
    ASSERT_TRUE(primary_.is_dialed());
    const std::string asked = shake_hands();
    EXPECT_NE(asked.find(std::to_string(core().history.offset() + 1)), std::string::npos);
    primary_.send("+CONTINUE " + kPrimaryId + "\r\n" + transaction);
    settle();
  }
  client_->exchange(server::requests_of("SELECT 3\r\n"));
  EXPECT_EQ(ask("GET a"), "$1\r\n2\r\n");
  EXPECT_EQ(ask("GET b"), "$" + std::to_string(std::to_string(transaction.size()).size()) + "\r\n" +
                              std::to_string(transaction.size()) + "\r\n");
}

TEST_F(ReplicaTest, KeepsItsDataIfTheCopyIsBroken) {
  ask("SET k old");
  ask("REPLICAOF primary 6400");
  std::string broken = copy_with("v1");
  broken[broken.size() - 12] ^= 1;
  std::string newer = copy_with("v1");
  newer.replace(5, 4, "0099");
  for (const std::string& file : {broken, newer, std::string("REDIS"), std::string()}) {
    shake_hands();
    primary_.send("+FULLRESYNC " + kPrimaryId + " 1\r\n$" + std::to_string(file.size()) + "\r\n" +
                  file);
    settle();
    EXPECT_FALSE(primary_.is_dialed());
    EXPECT_EQ(ask("GET k"), "$3\r\nold\r\n");
    EXPECT_EQ(files(), 0);
    harness_.advance_ms(1100);
  }
}

// Asks the server while a copy has arrived in part, and sends the rest.
class AsksMeanwhile final : public persistence::LoadingHost {
 public:
  AsksMeanwhile(FakePrimary& primary, std::string rest, std::function<void()> asks)
      : primary_(primary), rest_(std::move(rest)), asks_(std::move(asks)) {}
  bool serve() override { return true; }
  bool wait() override {
    asks_();
    primary_.send(std::exchange(rest_, {}));
    return true;
  }

 private:
  FakePrimary& primary_;
  std::string rest_;
  std::function<void()> asks_;
};

class BesideReplicaTest : public ReplicaTest {
 protected:
  BesideReplicaTest() { ask("CONFIG SET repl-diskless-load swapdb"); }
  // A full copy of the history at this offset; `asks` is called before its end has arrived.
  void sync_and_ask(const std::string& value, std::int64_t offset, std::function<void()> asks) {
    AsksMeanwhile host(primary_, send_part(value, offset), std::move(asks));
    settle(host);
  }
  // Returns the rest.
  std::string send_part(const std::string& value, std::int64_t offset) {
    const std::string file = copy_with(value) + kMark;
    const std::size_t part = file.size() - kMark.size() - 4;
    primary_.send("+FULLRESYNC " + kPrimaryId + " " + std::to_string(offset) + "\r\n$EOF:" + kMark +
                  "\r\n" + file.substr(0, part));
    return file.substr(part);
  }
  std::string loading() {
    const std::string text = ask("INFO persistence");
    return text.substr(text.find("loading:"), 9) + " " +
           text.substr(text.find("async_loading:"), 15);
  }
  int asked_ = 0;
};

TEST_F(BesideReplicaTest, ServesItsDataWhileANewerStateOfItIsLoaded) {
  ask("REPLICAOF primary 6400");
  shake_hands();
  sync("v1", 100);
  primary_.send(server::requests_of("SELECT 3\r\nSET other 1\r\n"));
  settle();
  primary_.end();
  settle();
  shake_hands();
  sync_and_ask("v2", 500, [this] {
    ++asked_;
    EXPECT_EQ(ask("GET k"), "$2\r\nv1\r\n");
    EXPECT_EQ(loading(), "loading:0 async_loading:1");
    EXPECT_NE(ask("INFO replication").find("master_sync_in_progress:1"), std::string::npos);
    for (const char* refused : {"SAVE", "REPLICAOF NO ONE", "DEBUG RELOAD"}) {
      EXPECT_EQ(ask(refused), "-LOADING Redis is loading the dataset in memory\r\n") << refused;
    }
    EXPECT_EQ(ask("MEMORY AUDIT").substr(0, 1), "$");
  });
  EXPECT_EQ(asked_, 1);
  EXPECT_EQ(loading(), "loading:0 async_loading:0");
  EXPECT_EQ(ask("GET k"), "$2\r\nv2\r\n");
  ask("SELECT 3");
  EXPECT_EQ(ask("EXISTS other"), ":0\r\n");
  EXPECT_EQ(core().history.offset(), 500);
}

TEST_F(BesideReplicaTest, KeepsDataOfAnotherHistoryUntilTheCopyIsLoaded) {
  ask("SET k old");
  ask("REPLICAOF primary 6400");
  shake_hands();
  sync_and_ask("v1", 100, [this] {
    ++asked_;
    EXPECT_EQ(ask("GET k"), "-LOADING Redis is loading the dataset in memory\r\n");
    EXPECT_EQ(core().keyspace.size(), 1u);
  });
  EXPECT_EQ(asked_, 1);
  EXPECT_EQ(ask("GET k"), "$2\r\nv1\r\n");
}

TEST_F(BesideReplicaTest, TellsWatchersOfTheNewData) {
  ask("REPLICAOF primary 6400");
  shake_hands();
  sync("v1", 100);
  ask("CONFIG SET replica-read-only no");
  ask("WATCH k");
  primary_.end();
  settle();
  shake_hands();
  sync("v2", 500);
  ask("MULTI");
  ask("GET k");
  EXPECT_EQ(ask("EXEC"), "*-1\r\n");
}

// With a limit of its own, both copies may not fit.
TEST_F(BesideReplicaTest, LoadsFromAFileWithinALimit) {
  ask("CONFIG SET replica-ignore-maxmemory no maxmemory 100mb maxmemory-policy allkeys-lru");
  ask("SET k old");
  ask("REPLICAOF primary 6400");
  shake_hands();
  const std::string rest = send_part("v1", 100);
  EXPECT_FALSE(replica().has_copy());
  EXPECT_EQ(ask("GET k"), "$3\r\nold\r\n");
  primary_.send(rest);
  settle();
  EXPECT_EQ(ask("GET k"), "$2\r\nv1\r\n");
}

TEST_F(ReplicaTest, ExpiresKeysOfItsOwnClientsAlone) {
  ask("CONFIG SET replica-read-only no");
  ask("REPLICAOF primary 6400");
  shake_hands();
  sync("v1", 100);
  const std::string at = std::to_string(core().clock.unix_ms() + 100);
  primary_.send(server::requests_of("SELECT 0\r\nSET theirs v PXAT " + at + "\r\n"));
  ask("SET own v PX 100");
  ask("SET taken v PX 100");
  ask("SET longer v PX 100");
  ask("PEXPIRE longer 1000");
  settle();
  primary_.send(server::requests_of("SET taken v PXAT " + at + "\r\n"));
  settle();
  const auto tracked = [this] {
    const std::string text = ask("INFO stats");
    return text.substr(text.find("slave_expires_tracked_keys:"), 28);
  };
  EXPECT_EQ(tracked(), "slave_expires_tracked_keys:2");
  EXPECT_EQ(ask("DBSIZE"), ":5\r\n");
  harness_.advance_ms(300);
  EXPECT_EQ(ask("DBSIZE"), ":4\r\n");
  EXPECT_EQ(ask("EXISTS own theirs taken longer"), ":1\r\n");
  EXPECT_EQ(tracked(), "slave_expires_tracked_keys:1");
  ask("CONFIG SET replica-read-only yes");
  harness_.advance_ms(1000);
  EXPECT_EQ(ask("DBSIZE"), ":3\r\n");
  ask("REPLICAOF NO ONE");
  EXPECT_EQ(tracked(), "slave_expires_tracked_keys:0");
}

// In the middle of a chain: nothing selects the database again.
TEST_F(ReplicaTest, TellsItsReplicasTheDatabaseOfTheStream) {
  ask("CONFIG SET repl-diskless-sync no");
  ask("REPLICAOF primary 6400");
  shake_hands();
  sync("v1", 100);
  primary_.send(server::requests_of("SELECT 3\r\nSET k v2\r\n"));
  settle();
  const auto last = harness_.connect();
  std::string sent = last->exchange(server::requests_of("PSYNC ? -1\r\n"));
  for (int i = 0; i < 1000 && sent.find("REDIS0010") == std::string::npos; ++i) {
    harness_.advance_ms(10);
    core().replica_worker.finish();
    settle();
    sent += last->exchange("");
  }
  EXPECT_NE(sent.find("\x0erepl-stream-db\xc0\x03"), std::string::npos) << sent;
}

// Commands that would end the session which runs them.
TEST_F(ReplicaTest, StaysAReplicaWhateverThePrimarySends) {
  ask("REPLICAOF primary 6400");
  shake_hands();
  sync("v1", 100);
  primary_.send(server::requests_of(
      "REPLICAOF NO ONE\r\nSLAVEOF other 1\r\nMULTI\r\nREPLICAOF NO ONE\r\nEXEC\r\nSET k v2\r\n"));
  settle();
  EXPECT_EQ(replica().state(), LinkState::connected);
  EXPECT_EQ(ask("GET k"), "$2\r\nv2\r\n");
}

TEST_F(ReplicaTest, EndsALinkThatIsSilent) {
  ask("CONFIG SET repl-timeout 5");
  ask("REPLICAOF primary 6400");
  harness_.advance_ms(6000);
  EXPECT_FALSE(primary_.dialed() == 0);
  const int dialed = primary_.dialed();
  harness_.advance_ms(1100);
  ASSERT_TRUE(primary_.is_dialed());
  shake_hands();
  sync("v1", 100);
  harness_.advance_ms(3000);
  EXPECT_EQ(replica().state(), LinkState::connected);
  harness_.advance_ms(3000);
  EXPECT_NE(replica().state(), LinkState::connected);
  EXPECT_GT(primary_.dialed(), dialed);
}

TEST_F(ReplicaTest, KeepsItsHistoryWhenItIsPromoted) {
  ask("REPLICAOF primary 6400");
  shake_hands();
  sync("v1", 100);
  ask("REPLICAOF NO ONE");
  EXPECT_NE(core().history.id(), kPrimaryId);
  EXPECT_EQ(core().history.id2(), kPrimaryId);
  EXPECT_EQ(core().history.second_offset(), 101);
  EXPECT_EQ(ask("SET k own"), "+OK\r\n");
  EXPECT_GT(core().history.offset(), 100);
}

TEST_F(ReplicaTest, RunsAsMuchAsItsTimeAllows) {
  ask("REPLICAOF primary 6400");
  shake_hands();
  sync("v1", 0);
  std::string stream;
  for (int i = 0; i < 20000; ++i) stream += server::requests_of("INCR n\r\n");
  harness_.clock().us_per_reading = 100;
  primary_.send(stream);
  EXPECT_TRUE(harness_.end_turn());
  const std::int64_t first = core().history.offset();
  EXPECT_GT(first, 0);
  EXPECT_LT(first, static_cast<std::int64_t>(stream.size()) / 4);
  while (harness_.end_turn()) {
  }
  EXPECT_EQ(core().history.offset(), static_cast<std::int64_t>(stream.size()));
  harness_.clock().us_per_reading = 0;
  EXPECT_EQ(ask("GET n"), "$5\r\n20000\r\n");
}

}  // namespace
}  // namespace larder::replication

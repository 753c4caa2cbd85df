#include "larder/pubsub/tracking.h"

#include <map>
#include <memory>
#include <set>

#include "tests/engine/room.h"

namespace larder::pubsub {
namespace {

class TrackingTest : public engine::Room {
 protected:
  struct Client {
    explicit Client(TrackingTest& room)
        : output(room.pool), session(room.sessions, peer, output, room.clock) {
      session.reply.protocol(resp::Protocol::resp3);
    }
    engine::NoPeer peer;
    resp::ReplyBuffer output;
    engine::Session session;
  };

  TrackingTest() { executor.attach(tracking); }
  ~TrackingTest() override {
    expect_balance();
    clients.clear();
    expect_balance();
    EXPECT_EQ(tracking.clients(), 0u);
    while (tracking.end_turn()) {
    }
    EXPECT_EQ(memory::balance(memory::Owner::tracking), before_);
  }

  Client& client() { return *clients.emplace_back(std::make_unique<Client>(*this)); }
  Client& tracker(const TrackingMode& mode = {}, std::vector<std::string_view> prefixes = {}) {
    Client& made = client();
    tracking.start(made.session, mode, prefixes);
    return made;
  }
  void run_as(Client& caller, const Words& words) {
    const std::vector<std::string_view> views(words.begin(), words.end());
    const resp::Request request{.args = views, .bytes = 0};
    executor.run(caller.session, {&request, 1}, SIZE_MAX);
  }
  std::string output_of(Client& caller) { return resp::taken(caller.output); }
  // How many invalidations it has received.
  std::size_t invalidations(Client& caller) {
    const std::string text = output_of(caller);
    std::size_t count = 0;
    for (std::size_t at = 0; (at = text.find("invalidate\r\n", at)) != std::string::npos; ++at) {
      ++count;
    }
    return count;
  }
  void expect_balance() {
    memory::Auditor auditor;
    auditor.add(tracking);
    const memory::Audit audit = auditor.run();
    for (const auto& row : audit.rows()) {
      if (row.owner != memory::Owner::tracking) continue;
      EXPECT_EQ(row.walked_bytes.value_or(-1), row.ledger_bytes - before_);
    }
  }
  static std::string invalidation_of(const std::string& key) {
    return ">2\r\n$10\r\ninvalidate\r\n*1\r\n$" + std::to_string(key.size()) + "\r\n" + key +
           "\r\n";
  }

  std::int64_t before_ = memory::balance(memory::Owner::tracking);
  TrackingSettings limits{registry};
  Tracking tracking{{limits, keyspace, executor, sessions, clock, rng}};
  std::vector<std::unique_ptr<Client>> clients;
};

TEST_F(TrackingTest, InvalidatesOnceForEachReader) {
  Client& one = tracker();
  Client& other = tracker();
  run_as(one, {"get", "a"});
  EXPECT_EQ(output_of(one), "_\r\n");
  reply({"set", "a", "1"});
  reply({"set", "a", "2"});
  EXPECT_EQ(output_of(one), invalidation_of("a"));
  EXPECT_EQ(output_of(other), "");
  EXPECT_EQ(one.peer.pushes, 1);
  EXPECT_EQ(tracking.keys().size(), 0u);
}

TEST_F(TrackingTest, RecordsNoChangesWithoutTrackingClients) {
  reply({"get", "a"});
  keyspace.db(0).put(keyspace::Key::of("a"), "1");
  EXPECT_TRUE(keyspace.log().empty());
  Client& one = tracker();
  keyspace.db(0).put(keyspace::Key::of("a"), "1");
  EXPECT_FALSE(keyspace.log().empty());
  reply({"get", "b"});
  tracking.stop(one.session);
  keyspace.db(0).put(keyspace::Key::of("a"), "1");
  EXPECT_TRUE(keyspace.log().empty());
  EXPECT_EQ(one.session.attachment(engine::Attached::tracking), nullptr);
}

TEST_F(TrackingTest, ClientsShareOneText) {
  for (int i = 0; i < 1000; ++i) run_as(tracker(), {"get", "a"});
  EXPECT_EQ(tracking.keys().size(), 1u);
  EXPECT_EQ(tracking.keys().items(), 1000u);
  for (const auto& each : clients) output_of(*each);
  expect_balance();
  const auto before = memory::balance(memory::Owner::tracking);
  reply({"set", "a", "1"});
  EXPECT_LT(memory::balance(memory::Owner::tracking) - before, 200);
  for (const auto& each : clients) EXPECT_EQ(output_of(*each), invalidation_of("a"));
}

TEST_F(TrackingTest, InvalidatesKeysThatTheSweepRemoves) {
  Client& one = tracker({.no_loop = true});
  keyspace.db(0).put(keyspace::Key::of("a"), "1", keyspace::Deadline::at(clock.unix_ms() + 10));
  run_as(one, {"get", "a"});
  output_of(one);
  clock.advance_ms(20);
  sweeper.run(base::Budget::unlimited());
  executor.end_turn();
  EXPECT_EQ(output_of(one), invalidation_of("a"));
}

TEST_F(TrackingTest, InvalidatesEvictedKeys) {
  Client& one = tracker();
  reply({"set", "a", std::string(10'000, 'x')});
  run_as(one, {"get", "a"});
  output_of(one);
  limit("1", "allkeys-lru");
  executor.end_turn();
  EXPECT_EQ(output_of(one), invalidation_of("a"));
}

TEST_F(TrackingTest, KeepsTheTableWithinItsLimit) {
  ASSERT_TRUE(registry.set({{"tracking-table-max-keys", "100"}}, {}));
  Client& one = tracker();
  for (int i = 0; i < 1000; ++i) {
    run_as(one, {"get", "key" + std::to_string(i)});
    EXPECT_LE(tracking.keys().size(), 100u);
  }
  EXPECT_EQ(invalidations(one), 900u);
  EXPECT_EQ(tracking.keys().items(), 100u);
  expect_balance();
}

TEST_F(TrackingTest, ShrinksInStepsWhenTheLimitIsLowered) {
  Client& one = tracker();
  for (int i = 0; i < 1000; ++i) run_as(one, {"get", "key" + std::to_string(i)});
  output_of(one);
  ASSERT_TRUE(registry.set({{"tracking-table-max-keys", "10"}}, {}));
  reply({"get", "other"});
  EXPECT_EQ(tracking.keys().size(), 900u);
  EXPECT_EQ(invalidations(one), 100u);
  while (tracking.end_turn()) {
  }
  EXPECT_EQ(tracking.keys().size(), 10u);
  EXPECT_EQ(invalidations(one), 890u);
}

TEST_F(TrackingTest, DropsClosedClients) {
  for (int round = 0; round < 1000; ++round) {
    Client& one = tracker();
    Client& other = tracker();
    run_as(one, {"get", "a"});
    run_as(other, {"get", "b"});
    if (clients.size() > 10) clients.erase(clients.begin(), clients.begin() + 2);
  }
  EXPECT_LE(tracking.keys().items(), 40u);
  expect_balance();
}

TEST_F(TrackingTest, FreesManyKeysInSteps) {
  Client& one = tracker();
  for (int i = 0; i < 5000; ++i) run_as(one, {"get", "key" + std::to_string(i)});
  output_of(one);
  keyspace.flush_all();
  executor.end_turn();
  EXPECT_EQ(output_of(one), ">2\r\n$10\r\ninvalidate\r\n_\r\n");
  EXPECT_EQ(tracking.keys().size(), 0u);
  EXPECT_EQ(tracking.keys().items(), 0u);
  EXPECT_TRUE(tracking.keys().has_removed_tables());
  run_as(one, {"get", "a"});
  EXPECT_EQ(tracking.keys().size(), 1u);
  expect_balance();
  while (tracking.end_turn()) {
  }
  EXPECT_FALSE(tracking.keys().has_removed_tables());
  expect_balance();
}

TEST_F(TrackingTest, BroadcastsAtTheEndOfTheTurn) {
  Client& all = tracker({.broadcast = true});
  Client& some = tracker({.broadcast = true}, {"ab", "x"});
  Client& own = tracker({.broadcast = true, .no_loop = true}, {"a"});
  run_as(own, {"set", "abc", "1"});
  EXPECT_EQ(output_of(own), "+OK\r\n");
  reply({"set", "ac", "1"});
  reply({"set", "ac", "2"});
  reply({"set", "x", "1"});
  EXPECT_EQ(output_of(all), "");
  expect_balance();
  tracking.end_turn();
  EXPECT_EQ(output_of(all),
            ">2\r\n$10\r\ninvalidate\r\n*3\r\n$3\r\nabc\r\n$2\r\nac\r\n$1\r\nx\r\n");
  EXPECT_EQ(output_of(some), invalidation_of("abc") + invalidation_of("x"));
  EXPECT_EQ(output_of(own), invalidation_of("ac"));
  tracking.end_turn();
  EXPECT_EQ(output_of(all), "");
}

TEST_F(TrackingTest, DropsPrefixesWithTheirLastClient) {
  tracker({.broadcast = true}, {"a", "b"});
  tracker({.broadcast = true}, {"b", "cc"});
  EXPECT_EQ(tracking.prefixes().size(), 3u);
  reply({"set", "a", "1"});
  reply({"set", "b", "1"});
  clients.erase(clients.begin());
  EXPECT_EQ(tracking.prefixes().size(), 2u);
  expect_balance();
  tracking.end_turn();
  EXPECT_EQ(output_of(*clients.front()), invalidation_of("b"));
  clients.clear();
  EXPECT_EQ(tracking.prefixes().size(), 0u);
  EXPECT_FALSE(tracking.prefixes().has_changes());
}

TEST_F(TrackingTest, RedirectsToAnotherClient) {
  Client& redirected = client();
  Client& one = tracker({.redirect = redirected.session.id});
  run_as(one, {"get", "a"});
  reply({"set", "a", "1"});
  EXPECT_EQ(output_of(redirected), invalidation_of("a"));
  EXPECT_EQ(output_of(one), "_\r\n");
  EXPECT_EQ(Tracking::of(redirected.session), nullptr);
  run_as(one, {"get", "a"});
  output_of(one);
  redirected.session.reset();
  redirected.session.reply.protocol(resp::Protocol::resp3);
  reply({"set", "a", "1"});
  EXPECT_EQ(output_of(redirected), invalidation_of("a"));
  run_as(one, {"get", "a"});
  output_of(one);
  clients.erase(clients.begin());
  reply({"set", "a", "1"});
  EXPECT_EQ(output_of(*clients.front()), ">2\r\n$21\r\ntracking-redir-broken\r\n:2\r\n");
  EXPECT_TRUE(Tracking::of(clients.front()->session)->broken);
}

// Compared with a model: for each key, the sessions that have read it since it changed.
TEST_F(TrackingTest, AgreesWithAModel) {
  std::map<std::string, std::set<Client*>> readers;
  for (int i = 0; i < 8; ++i) tracker();
  base::Rng dice(11);
  for (int step = 0; step < 20'000; ++step) {
    const std::string key = "key" + std::to_string(dice.below(200));
    Client& reader = *clients[dice.below(clients.size())];
    if (dice.below(3) > 0) {
      run_as(reader, {"get", key});
      readers[key].insert(&reader);
      for (const auto& each : clients) output_of(*each);
      continue;
    }
    reply({"set", key, "1"});
    for (const auto& each : clients) {
      EXPECT_EQ(output_of(*each), readers[key].count(each.get()) > 0 ? invalidation_of(key) : "");
    }
    readers.erase(key);
  }
  std::size_t items = 0;
  for (const auto& [key, all] : readers) items += all.size();
  EXPECT_EQ(tracking.keys().items(), items);
  EXPECT_EQ(tracking.keys().size(), readers.size());
}

}  // namespace
}  // namespace larder::pubsub

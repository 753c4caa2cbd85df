#include "effect_lines.h"
#include "room.h"

namespace larder::engine {
namespace {

// Appends its events to a list that several sinks may share.
struct Listener final : ChangeSink, EffectSink {
  Listener(std::string label, Room::Words& lines) : name(std::move(label)), received(lines) {}
  void read(std::span<const keyspace::Change> changes) override {
    for (const auto& change : changes) {
      received.push_back(name + " " + std::string(keyspace::row(change.event).name) + " " +
                         std::string(change.key));
    }
  }
  void take(const Effect& effect) override {
    received.push_back(name + " " + std::to_string(effect.db) + ": " + spelled(effect));
  }
  std::string name;
  Room::Words& received;
};

class Settle : public Room {
 protected:
  // Ten keys k0 to k9 pass their deadlines, and `sweep` removes them.
  template <typename Sweep>
  void expire_ten_keys(Sweep sweep) {
    for (int i = 0; i < 10; ++i) {
      keyspace.db(0).put(keyspace::Key::of("k" + std::to_string(i)), "1",
                         keyspace::Deadline::at(clock.unix_ms() + 10));
    }
    executor.end_turn();
    received.clear();
    for (int i = 0; i < 50 && keyspace.size() > 0; ++i) {
      clock.advance_ms(100);
      sweep();
    }
    EXPECT_EQ(keyspace.size(), 0u);
  }

  Words received;
  Listener first{"first", received};
  Listener second{"second", received};
};

TEST_F(Settle, SendsChangesToSinksInOrder) {
  executor.add(first);
  executor.add(second);
  reply({"set", "a", "1"});
  EXPECT_EQ(received, (Words{"first set a", "second set a"}));
  received.clear();
  reply({"get", "a"});
  reply({"del", "nosuch"});
  EXPECT_EQ(received, Words{});
}

TEST_F(Settle, SendsChangesAfterEachCommandOfABatch) {
  executor.add(first);
  executor.follow(second);
  run({{"set", "a", "1"}, {"del", "a"}});
  EXPECT_EQ(received,
            (Words{"second 0: set a 1", "first set a", "second 0: del a", "first del a"}));
}

TEST_F(Settle, ReplicatesCommandsAsSent) {
  executor.follow(first);
  session.db = 3;
  reply({"SET", "a", "1"});
  reply({"get", "a"});
  reply({"del", "nosuch"});
  EXPECT_EQ(received, (Words{"first 3: SET a 1"}));
}

TEST_F(Settle, ReplicatesNoChangesFromBeforeAFollowerWasAdded) {
  reply({"set", "a", "1"});
  executor.follow(first);
  reply({"get", "a"});
  EXPECT_EQ(received, Words{});
}

TEST_F(Settle, ReplicatesTheCommandThatTheHandlerNames) {
  executor.follow(first);
  reply({"put", "a", "1"});
  reply({"secret", "b"});
  reply({"set", "c", "1"});
  EXPECT_EQ(received, (Words{"first 0: SET a 1", "first 0: set c 1"}));
}

// The command that ends the following has already named its effect.
TEST_F(Settle, KeepsNoEffectForTheNextFollower) {
  executor.follow(first);
  effects.replace({"SET", "old", "1"});
  executor.unfollow(first);
  executor.follow(first);
  reply({"set", "a", "1"});
  EXPECT_EQ(received, (Words{"first 0: set a 1"}));
}

TEST_F(Settle, KeepsNoEffectOfAnOpenGroupForTheNextFollower) {
  executor.follow(first);
  {
    const Propagation::Group group(effects);
    effects.replace({"SET", "old", "1"});
    executor.unfollow(first);
    executor.follow(first);
  }
  reply({"set", "a", "1"});
  EXPECT_EQ(received, (Words{"first 0: set a 1"}));
}

TEST_F(Settle, ReturnsTheMemoryOfALargeGroup) {
  executor.follow(first);
  const auto before = memory::balance(memory::Owner::journal);
  {
    const Propagation::Group group(effects);
    for (int i = 0; i < 10'000; ++i) effects.replace({"SET", "key", std::string(100, 'v')});
    EXPECT_GT(memory::balance(memory::Owner::journal) - before, 10'000 * 100);
    expect_audit_balances();
  }
  EXPECT_LT(memory::balance(memory::Owner::journal) - before, 64 * 1024);
}

// What a command suppresses is its own, also if the follower changes in the same batch.
TEST_F(Settle, KeepsNoSuppressionForTheNextFollower) {
  executor.follow(first);
  prompt.act = [this] {
    executor.unfollow(first);
    executor.follow(first);
  };
  reply({"act"});
  reply({"set", "a", "1"});
  EXPECT_EQ(received, (Words{"first 0: set a 1"}));
}

TEST_F(Settle, NamesTheDatabaseInWhichTheCommandBegan) {
  executor.follow(first);
  OwnEffects own = effects.begin_command();
  effects.prepend(own, 5, {"DEL", "x"});
  const std::string_view words[] = {"set", "a", "1"};
  effects.settle(own, 2, words, /*changed=*/true);
  EXPECT_EQ(received,
            (Words{"first 5: MULTI", "first 5: DEL x", "first 2: set a 1", "first 2: EXEC"}));
}

TEST_F(Settle, SendsExpiryBeforeTheCommandThatFoundIt) {
  executor.follow(first);
  keyspace.db(0).put(keyspace::Key::of("a"), "1", keyspace::Deadline::at(clock.unix_ms() + 10));
  clock.advance_ms(20);
  reply({"set", "a", "2"});
  EXPECT_EQ(received,
            (Words{"first 0: MULTI", "first 0: DEL a", "first 0: set a 2", "first 0: EXEC"}));
}

TEST_F(Settle, SeparatesRemovalsOfBackgroundWorkFromTheNextCommand) {
  executor.follow(first);
  expire_ten_keys([this] { sweeper.run(base::Budget::unlimited()); });
  executor.settle_background();
  EXPECT_EQ(received.size(), 10u);
  EXPECT_THAT(received, testing::Each(testing::StartsWith("first 0: DEL k")));
  received.clear();
  reply({"set", "a", "1"});
  EXPECT_EQ(received, (Words{"first 0: set a 1"}));
}

TEST_F(Settle, EndsTheProcessIfAFollowerChangesTheKeyspace) {
  struct Writer final : EffectSink {
    explicit Writer(keyspace::Keyspace& keyspace) : keyspace_(keyspace) {}
    void take(const Effect&) override { keyspace_.db(0).put(keyspace::Key::of("x"), "1"); }
    keyspace::Keyspace& keyspace_;
  } writer(keyspace);
  executor.follow(writer);
  EXPECT_DEATH(reply({"set", "a", "1"}), "changes_ == changes");
  executor.unfollow(writer);
}

TEST_F(Settle, SendsEvictionBeforeTheCommandThatCausedIt) {
  for (int i = 0; i < 100; ++i) reply({"set", "k" + std::to_string(i), std::string(4000, 'x')});
  executor.follow(first);
  limit(std::to_string(memory::used_bytes() - 50'000), "allkeys-random");
  reply({"set", "new", "1"});
  ASSERT_GE(received.size(), 2u);
  EXPECT_EQ(received.back(), "first 0: set new 1");
  for (std::size_t i = 0; i + 1 < received.size(); ++i) {
    EXPECT_THAT(received[i], testing::StartsWith("first 0: DEL k"));
  }
}

TEST_F(Settle, SendsRemovalsOfTheEndOfATurn) {
  executor.add(first);
  expire_ten_keys([this] { executor.end_turn(); });
  EXPECT_EQ(received.size(), 10u);
  EXPECT_THAT(received, testing::Each(testing::StartsWith("first expired k")));
}

}  // namespace
}  // namespace larder::engine

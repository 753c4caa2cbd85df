// Commands near the limit of pages, which pay for moving blocks. Without a page store there is no
// such limit.

#include "larder/eviction/page_limit.h"
#include "larder/memory/page_use.h"
#include "room.h"
#include "step_clock.h"

namespace larder::engine {
namespace {

// Each command reads the clock several times.
class NearThePageLimit : public RoomOn<StepClock<20>> {
 protected:
  static constexpr std::size_t kKeys = 200'000;

  void SetUp() override {
    if (!memory::kHasPageStore) GTEST_SKIP() << "there is no page store";
    for (std::size_t i = 0; i < kKeys; ++i) put(i);
    // Entries move from a hundredth and 1 MB before the edge on.
    std::size_t removed = 0;
    while (memory::wasted_page_bytes() + (250 << 10) <
           eviction::PageLimit::slack(memory::used_bytes())) {
      ASSERT_LT(removed, kKeys);
      keyspace.db(0).erase(keyspace::Key::of(name_of(removed)));
      removed += 3;
      keyspace.graveyard().drain(base::Budget::unlimited());
    }
    // Room for the batches of the test.
    limit(std::to_string(memory::used_bytes() + (64 << 10)));
    ASSERT_TRUE(evictor.is_near_page_limit());
  }
  static std::string name_of(std::size_t i) { return "key:" + std::to_string(i); }
  void put(std::size_t i) { keyspace.db(0).put(keyspace::Key::of(name_of(i)), kValue); }
  std::size_t overwrite(std::size_t count) {
    std::vector<Words> batch;
    for (std::size_t i = 0; i < count; ++i) batch.push_back({"set", name_of(3 * i + 1), kValue});
    const std::size_t ran = run(batch);
    std::string replies;
    for (std::size_t i = 0; i < ran; ++i) replies += "+OK\r\n";
    EXPECT_EQ(take_output(), replies);
    return ran;
  }

  const std::string kValue = std::string(100, 'x');
};

TEST_F(NearThePageLimit, ATurnMovesForAFewCommands) {
  constexpr std::size_t kCommands = 64;
  std::size_t ran = 0;
  int turns = 0;
  for (; ran < kCommands; ++turns) {
    ASSERT_LT(turns, 100);
    const std::int64_t before_us = clock.now_us;
    ran += overwrite(kCommands - ran);
    EXPECT_LE(clock.now_us - before_us, 1200);
    EXPECT_EQ(session.is_held(), ran < kCommands);
    // What needs no memory does not wait.
    resp::ReplyBuffer others(pool);
    Session other(sessions, peer, others, clock);
    const std::vector<std::string_view> words{"get", "key:1"};
    EXPECT_EQ(executor.run(other, std::vector<resp::Request>{{.args = words, .bytes = 0}},
                           std::numeric_limits<std::size_t>::max()),
              1u);
    EXPECT_EQ(resp::taken(others), "$100\r\n" + kValue + "\r\n");
    other.leave();
    executor.end_turn();
    EXPECT_FALSE(session.is_held());
  }
  EXPECT_GT(turns, 5);
}

TEST_F(NearThePageLimit, CommandsProceedWhenOtherWorkTakesTheTime) {
  executor.turn_time().spend(base::TurnTime::kTurnUs);
  const std::size_t ran = overwrite(8);
  EXPECT_GT(ran, 0u);
  EXPECT_LT(ran, 8u);
}

TEST_F(NearThePageLimit, FarFromItNoCommandWaits) {
  limit("0");
  executor.turn_time().spend(base::TurnTime::kTurnUs);
  EXPECT_EQ(overwrite(64), 64u);
}

}  // namespace
}  // namespace larder::engine

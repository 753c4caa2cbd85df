#include "larder/engine/long_commands.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "room.h"

namespace larder::engine {
namespace {

constexpr int kPiecesPerTurn = static_cast<int>(LongCommands::kTurnUs / kPieceUs);

class LongCommandsTest : public Room {
 protected:
  struct Client {
    explicit Client(LongCommandsTest& room)
        : output(room.pool), session(room.sessions, peer, output, room.clock) {}
    NoPeer peer;
    resp::ReplyBuffer output;
    Session session;
  };

  static std::string answer(int pieces) {
    std::string text = "*" + std::to_string(pieces) + "\r\n";
    for (int i = 0; i < pieces; ++i) text += "$1\r\np\r\n";
    return text;
  }
  // The number of turns until no command is under way.
  int turns() {
    int count = 0;
    for (; !executor.long_commands().empty(); ++count) executor.end_turn();
    return count;
  }
  void start(Client& client, const std::string& pieces) {
    const std::array<std::string_view, 2> words{"pieces", pieces};
    const std::array<resp::Request, 1> requests{{{.args = words, .bytes = 0}}};
    EXPECT_EQ(executor.run(client.session, requests, 1 << 20), 1u);
  }
};

TEST_F(LongCommandsTest, CommandsThatFitIntoATurnReplyAtOnce) {
  constexpr int kMost = kPiecesPerTurn - 1;
  EXPECT_EQ(reply({"pieces", std::to_string(kMost)}), answer(kMost));
  EXPECT_EQ(reply({"pieces", std::to_string(kMost)}), "")
      << "what is left of the turn is not enough";
  EXPECT_TRUE(session.is_working());
  turns();
  EXPECT_EQ(take_output(), answer(kMost));
}

TEST_F(LongCommandsTest, LongCommandsContinueInLaterTurns) {
  EXPECT_EQ(run({{"pieces", "23"}, {"set", "k", "v"}}), 1u);
  EXPECT_TRUE(session.is_working());
  EXPECT_FALSE(session.is_blocked());
  EXPECT_EQ(run({{"set", "k", "v"}}), 0u);
  // The turn in which it started has no time left; each later turn has its own budget.
  EXPECT_EQ(turns(), 1 + (23 - kPiecesPerTurn + kPiecesPerTurn - 1) / kPiecesPerTurn);
  EXPECT_EQ(take_output(), answer(23));
  EXPECT_EQ(peer.unblockings, 1);
  EXPECT_EQ(run({{"get", "k"}}), 1u);
  EXPECT_EQ(commands.find("pieces")->stats.calls, 1u);
}

TEST_F(LongCommandsTest, CommandsUnderWayShareTheTimeOfATurn) {
  Client one(*this);
  Client two(*this);
  Client three(*this);
  start(one, "1000");
  start(two, "3");
  start(three, "12");
  const std::int64_t before = clock.steady_us();
  EXPECT_EQ(turns(), 1 + (1000 + 3 + 12 - kPiecesPerTurn) / kPiecesPerTurn + 1);
  EXPECT_EQ(clock.steady_us() - before, (1000 + 3 + 12 - kPiecesPerTurn) * kPieceUs);
  EXPECT_EQ(resp::taken(two.output), answer(3));
  EXPECT_EQ(resp::taken(three.output), answer(12));
  EXPECT_EQ(resp::taken(one.output), answer(1000));
}

TEST_F(LongCommandsTest, AShortCommandDoesNotWaitForAMuchLongerOne) {
  Client one(*this);
  Client two(*this);
  start(one, "1000000");
  start(two, "3");
  for (int i = 0; i < 4; ++i) executor.end_turn();
  EXPECT_EQ(resp::taken(two.output), answer(3));
}

TEST_F(LongCommandsTest, RunsAtOnceInATransaction) {
  EXPECT_EQ(run({{"multi"}, {"pieces", "100"}, {"exec"}}), 3u);
  EXPECT_EQ(take_output(), "+OK\r\n+QUEUED\r\n*1\r\n" + answer(100));
  EXPECT_TRUE(executor.long_commands().empty());
}

TEST_F(LongCommandsTest, SkippedReplyIsNotSent) {
  run({{"mode", "skip"}, {"pieces", "20"}});
  turns();
  EXPECT_EQ(take_output(), "");
  EXPECT_EQ(reply({"get", "k"}), "$-1\r\n");
}

TEST_F(LongCommandsTest, EndsWithItsSession) {
  Client left(*this);
  start(left, "1000");
  executor.end_turn();
  executor.end_turn();
  memory::Auditor auditor;
  auditor.add(executor.long_commands());
  auditor.add(pool_bytes);
  pool.trim();
  EXPECT_TRUE(auditor.run().balanced()) << auditor.run().text();
  EXPECT_GT(left.session.unfinished_reply_bytes(), 0u);
  left.session.close(Closing::now);
  EXPECT_TRUE(executor.long_commands().empty());
  EXPECT_EQ(left.session.unfinished_reply_bytes(), 0u);
  EXPECT_EQ(resp::taken(left.output), "");
  executor.end_turn();
  EXPECT_EQ(commands.find("pieces")->stats.calls, 0u);
}

TEST_F(LongCommandsTest, CannotBeUnblocked) {
  run({{"pieces", "20"}});
  EXPECT_FALSE(waiters.unblock(session, Waiters::Ending::timeout));
  EXPECT_EQ(waiters.sessions(), 0u);
  turns();
  EXPECT_EQ(take_output(), answer(20));
}

}  // namespace
}  // namespace larder::engine

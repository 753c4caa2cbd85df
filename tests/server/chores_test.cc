#include "larder/server/chores.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/harness/harness.h"

namespace larder::server {
namespace {

using harness::Harness;

TEST(Chores, HaveANameAndATime) {
  std::set<std::string_view> names;
  for (const Chore& chore : chores()) {
    EXPECT_TRUE(names.insert(chore.name).second) << chore.name;
    EXPECT_GT(chore.most_us, 0) << chore.name;
    // The data's chore is several ones, each of which keeps the limit.
    const bool is_several = chore.name == "data";
    EXPECT_LE(chore.most_us, is_several ? engine::Executor::kEndTurnUs : 1000) << chore.name;
  }
}

TEST(Chores, DoNotNeedANetwork) {
  Harness harness;
  for (const Period period : {Period::beat, Period::sweep, Period::deadline, Period::turn}) {
    EXPECT_FALSE(run_chores(period, {harness.core()}));
  }
}

// More clients than one turn resumes: all but the first are held by a pause.
class PausedClients : public ::testing::Test {
 protected:
  static constexpr std::size_t kClients = 1000;

  PausedClients() {
    for (std::size_t i = 0; i < kClients; ++i) clients.push_back(harness.connect());
    clients[0]->exchange("CLIENT PAUSE 100000 WRITE\r\n");
    for (std::size_t i = 1; i < kClients; ++i) clients[i]->exchange("INCR n\r\n");
  }

  Harness harness;
  std::vector<std::unique_ptr<Harness::Client>> clients;
};

TEST_F(PausedClients, ResumeInSteps) {
  EXPECT_EQ(harness.core().pause.held(), kClients - 1);
  clients[0]->exchange("CLIENT UNPAUSE\r\n");
  const std::size_t held = harness.core().pause.held();
  EXPECT_GT(held, 0u);
  EXPECT_LT(held, kClients - 1);
  // A client that leaves in the meantime leaves the queue.
  clients.pop_back();
  EXPECT_EQ(harness.core().pause.held(), held - 1);
  while (harness.end_turn()) {
  }
  EXPECT_EQ(harness.core().pause.held(), 0u);
  EXPECT_EQ(clients[0]->exchange("GET n\r\n"), "$3\r\n998\r\n");
}

TEST_F(PausedClients, AreHeldByASecondPauseIfTheyDidNotResumeYet) {
  clients[0]->exchange("CLIENT UNPAUSE\r\nCLIENT PAUSE 100000 WRITE\r\n");
  while (harness.end_turn()) {
  }
  EXPECT_EQ(harness.core().pause.held(), kClients - 1);
  clients[0]->exchange("CLIENT UNPAUSE\r\n");
  while (harness.end_turn()) {
  }
  EXPECT_EQ(clients[0]->exchange("GET n\r\n"), "$3\r\n999\r\n");
}

// More waits time out at once than one turn ends in its time.
TEST(Chores, EndWaitsInSteps) {
  constexpr std::size_t kClients = 500;
  Harness harness;
  std::vector<std::unique_ptr<Harness::Client>> clients;
  for (std::size_t i = 0; i < kClients; ++i) {
    clients.push_back(harness.connect());
    clients.back()->exchange("BLPOP list 1\r\n");
  }
  harness.clock().us_per_reading = 100;
  harness.clock().advance_ms(2000);
  harness.core().end_turn();
  std::size_t waiting = 0;
  for (const auto& client : clients) waiting += client->session().is_parked() ? 1 : 0;
  EXPECT_GT(waiting, 0u);
  EXPECT_LT(waiting, kClients);
  while (harness.end_turn()) {
  }
  for (const auto& client : clients) EXPECT_FALSE(client->session().is_parked());
}

}  // namespace
}  // namespace larder::server

// While commands come turn after turn, the stream is sent to replicas every 0.2 ms.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "pair.h"
#include "tests/server/snapshot_folder.h"

namespace larder::replication {
namespace {

class SendPauseTest : public server::SnapshotFolder {
 protected:
  SendPauseTest() {
    EXPECT_TRUE(pair_.settle());
    pass_us(1000);
    take_stream();
  }

  void pass_us(std::int64_t us) { pair_.primary_harness().clock().advance_us(us); }
  void set() { EXPECT_EQ(client_->exchange("SET k v\r\n"), "+OK\r\n"); }
  // What the replica is sent in a turn.
  std::string take_stream() {
    pair_.primary_harness().end_turn();
    return pair_.peer()->exchange("");
  }

  Pair pair_{"repl-diskless-sync no\n"};
  std::unique_ptr<harness::Harness::Client> client_ = pair_.primary_harness().connect();
  const std::string effect_ = server::requests_of("SET k v\r\n");
};

TEST_F(SendPauseTest, SendsAtOnceAfterSilence) {
  set();
  EXPECT_TRUE(take_stream().ends_with(effect_));
  EXPECT_EQ(pair_.primary().replicas.wakes_us(), 0);
}

TEST_F(SendPauseTest, SendsOnceInAPause) {
  set();
  take_stream();
  for (int turn = 1; turn < 4; ++turn) {
    pass_us(50);
    set();
    EXPECT_EQ(take_stream(), "") << turn;
  }
  // The loop wakes up for it, also if no command comes any more.
  EXPECT_EQ(pair_.primary().replicas.wakes_us(), pair_.primary().clock.steady_us() + 50);
  pass_us(49);
  EXPECT_EQ(take_stream(), "");
  pass_us(1);
  EXPECT_EQ(take_stream(), effect_ + effect_ + effect_);
  EXPECT_EQ(pair_.primary().replicas.wakes_us(), 0);
}

TEST_F(SendPauseTest, SendsManyBytesAtOnce) {
  set();
  take_stream();
  const std::string large = "SET k " + std::string(30'000, 'v') + "\r\n";
  for (int turn = 0; turn < 2; ++turn) {
    client_->exchange(large);
    EXPECT_EQ(take_stream(), "");
  }
  client_->exchange(large);
  EXPECT_EQ(take_stream().size(), 3 * server::requests_of(large).size());
}

TEST_F(SendPauseTest, SendsAtOnceForAClientInWait) {
  set();
  take_stream();
  set();
  EXPECT_EQ(client_->exchange("WAIT 1 0\r\n"), "");
  EXPECT_EQ(take_stream(), effect_ + server::requests_of("REPLCONF GETACK *\r\n"));
}

}  // namespace
}  // namespace larder::replication

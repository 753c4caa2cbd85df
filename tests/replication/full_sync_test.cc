#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "larder/memory/ledger.h"
#include "tests/harness/harness.h"
#include "tests/server/snapshot_folder.h"

namespace larder::replication {
namespace {

class FullSyncTest : public server::SnapshotFolder {
 protected:
  std::string ask(const std::string& line) { return client_->exchange(line + "\r\n"); }

  harness::Harness harness_{"repl-diskless-sync-delay 0\n"};
  std::unique_ptr<harness::Harness::Client> client_ = harness_.connect();
};

// Until the end of the turn the snapshot has what it wrote, and nobody receives it.
TEST_F(FullSyncTest, HasItsBytesInTheAuditWhenItsReplicaLeaves) {
  ask("DEBUG POPULATE 20000 key 100");
  auto replica = harness_.connect();
  replica->exchange("REPLCONF capa eof\r\n");
  replica->exchange("PSYNC ? -1\r\n");
  const auto held = [] { return memory::balance(memory::Owner::replicas); };
  for (int i = 0; i < 1000 && held() == 0; ++i) {
    harness_.advance_ms(1);
    harness_.core().snapshot_worker.wait(1000);
    harness_.core().snapshot_worker.deliver();
  }
  ASSERT_GT(held(), 0);
  EXPECT_EQ(ask("MEMORY AUDIT").substr(0, 1), "$");
  replica.reset();
  ASSERT_GT(held(), 0);
  EXPECT_EQ(ask("MEMORY AUDIT").substr(0, 1), "$");
}

}  // namespace
}  // namespace larder::replication

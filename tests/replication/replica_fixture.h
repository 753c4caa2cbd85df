#pragma once

// A server that copies a primary whose bytes the test chooses.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

#include "fake_primary.h"
#include "tests/harness/harness.h"
#include "tests/server/snapshot_folder.h"

namespace larder::replication {

class ReplicaTest : public server::SnapshotFolder {
 protected:
  ReplicaTest() {
    replica().connect_through(&primary_, &place_);
    replica().start();
  }
  ~ReplicaTest() override {
    replica().connect_through(nullptr, nullptr);
    EXPECT_EQ(ask("MEMORY AUDIT").substr(0, 1), "$");
  }

  server::Core& core() { return harness_.core(); }
  Replica& replica() { return core().replica; }
  std::string ask(const std::string& line) {
    return client_->exchange(server::requests_of(line + "\r\n"));
  }
  // Until the worker has written what was received, and what was received is loaded.
  void settle() {
    NobodyServed host;
    settle(host);
  }
  void settle(persistence::LoadingHost& host) {
    for (;;) {
      core().snapshot_worker.finish();
      while (harness_.end_turn()) {
      }
      if (!replica().has_copy()) return;
      replica().load_copy(host);
    }
  }
  // Up to PSYNC, whose words it returns.
  std::string shake_hands() {
    primary_.accept();
    EXPECT_EQ(primary_.take_received(), "*1\r\n$4\r\nPING\r\n");
    primary_.send("+PONG\r\n+OK\r\n+OK\r\n");
    const std::string sent = primary_.take_received();
    const std::size_t psync = sent.find("*3\r\n$5\r\nPSYNC");
    EXPECT_NE(psync, std::string::npos) << sent;
    return sent.substr(std::min(psync, sent.size()));
  }
  void sync(const std::string& value, std::int64_t offset) {
    const std::string file = copy_with(value);
    primary_.send("+FULLRESYNC " + kPrimaryId + " " + std::to_string(offset) + "\r\n\n$" +
                  std::to_string(file.size()) + "\r\n" + file);
    settle();
  }

  harness::Harness harness_;
  std::unique_ptr<harness::Harness::Client> client_ = harness_.connect();
  FakePrimary primary_;
  FakePlace place_;
};

}  // namespace larder::replication

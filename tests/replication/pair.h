#pragma once

// A primary and its replica in one process: the bytes of the connection between them pass when the
// test says so. Both have one ledger, so an audit needs the keyspaces of both.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "fake_primary.h"
#include "larder/memory/audit.h"
#include "tests/harness/harness.h"

namespace larder::replication {

class Pair {
 public:
  // Lines of the configuration of both.
  explicit Pair(const std::string& options = {}) : primary_(options), replica_(options) {
    replica().replica.connect_through(&link_, &place_);
    replica().replica.start();
    replica_.connect()->exchange("REPLICAOF primary 6379\r\n");
  }
  ~Pair() { replica().replica.connect_through(nullptr, nullptr); }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  harness::Harness& primary_harness() { return primary_; }
  harness::Harness& replica_harness() { return replica_; }
  server::Core& primary() { return primary_.core(); }
  server::Core& replica() { return replica_.core(); }

  // A millisecond of both servers and of the connection.
  void step() {
    for (auto* harness : {&primary_, &replica_}) harness->advance_ms(1);
    wait_for_workers();
    carry();
    Carrying host(*this);
    if (replica().replica.has_copy()) replica().replica.load_copy(host);
  }
  bool is_in_step() {
    return replica().replica.state() == LinkState::connected &&
           replica().history.offset() == primary().history.offset();
  }
  // Until the replica has everything. False if it never has.
  bool settle() {
    constexpr int kMostSteps = 20'000;
    for (int i = 0; i < kMostSteps && !is_in_step(); ++i) step();
    return is_in_step();
  }
  // The connection ends; the replica opens another one.
  void cut() {
    link_.end();
    peer_.reset();
  }
  // The primary's end of the connection; null while there is none.
  harness::Harness::Client* peer() { return peer_.get(); }

  void expect_equal() {
    ASSERT_TRUE(settle());
    EXPECT_EQ(digest(replica_), digest(primary_));
    memory::Auditor auditor;
    for (server::Core* core : {&primary(), &replica()}) {
      while (!core->keyspace.graveyard().drain(base::Budget::unlimited())) {
      }
      auditor.add(core->keyspace);
    }
    const memory::Audit audit = auditor.run();
    EXPECT_TRUE(audit.balanced()) << audit.text();
  }

 private:
  static constexpr std::int64_t kWorkUs = 20;
  // While the replica loads from the connection.
  class Carrying final : public persistence::LoadingHost {
   public:
    explicit Carrying(Pair& pair) : pair_(pair) {}
    bool serve() override { return true; }
    bool wait() override {
      pair_.primary_.advance_ms(1);
      pair_.wait_for_workers();
      pair_.carry();
      return true;
    }

   private:
    Pair& pair_;
  };

  static std::string digest(harness::Harness& harness) {
    return harness.connect()->exchange("DEBUG DIGEST\r\n");
  }
  void wait_for_workers() {
    for (server::Core* core : {&primary(), &replica()}) {
      for (disk::Worker* worker : {&core->snapshot_worker, &core->replica_worker}) {
        if (worker->wait(kWorkUs)) worker->deliver();
      }
    }
  }
  void carry() {
    if (link_.dialed() != dialed_ && link_.is_dialed()) {
      dialed_ = link_.dialed();
      peer_ = primary_.connect();
      link_.accept();
    }
    if (peer_ == nullptr) return;
    if (!link_.is_dialed()) return peer_.reset();
    const std::string bytes = peer_->exchange(link_.take_received());
    if (!bytes.empty()) link_.send(bytes);
    if (peer_->is_closed()) cut();
  }

  harness::Harness primary_;
  harness::Harness replica_;
  FakePrimary link_;
  FakePlace place_;
  std::unique_ptr<harness::Harness::Client> peer_;
  int dialed_ = 0;
};

}  // namespace larder::replication

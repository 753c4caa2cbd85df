#pragma once

// Full syncs: starts a snapshot for the replicas that wait, and gives it to them.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "larder/persistence/background_snapshot.h"
#include "larder/replication/replicas.h"
#include "sync_payload.h"

namespace larder::replication {

class FullSync final : private persistence::SnapshotOwner, private persistence::SnapshotOutlet {
 public:
  FullSync(const Replicas::Parts& parts, Replicas& replicas) : parts_(parts), replicas_(replicas) {}
  ~FullSync() { stop(); }

  bool is_running() const { return payload_ != nullptr; }
  // Or has something to give back.
  bool has_work() const { return is_running() || !spills_.empty(); }
  // Of the snapshot that is written, also when no replica is left that receives it; or null.
  const SyncPayload* payload() const { return payload_.get(); }
  // A replica waits from now on. Logs what it waits for, and lets it share a snapshot to a file
  // that is already being written.
  void wait_for(Follower& replica);
  // Starts a snapshot if one is due; passes on what it has written. True if there is more to do.
  bool end_turn();
  // Ends a snapshot for replicas; they are disconnected.
  void stop();
  std::int64_t wakes_us() const;
  // Of the copies that are sent, on disk; and the memory of what will be.
  std::uint64_t spilled_bytes() const;
  std::size_t held_bytes() const;

 private:
  enum class Form : std::uint8_t { file, pipe };
  using Group = std::vector<Follower*>;

  Form form_for(const Group& group) const;
  Group waiting() const;
  bool is_due(const Group& group) const;
  void start(const Group& group);
  std::shared_ptr<SyncPayload> make_payload(Form form);
  void fail(const Group& group);
  void drop_spills();
  Group receivers() const;

  // persistence::SnapshotOwner
  void snapshot_ended(const persistence::SnapshotResult& result) override;
  // persistence::SnapshotOutlet
  void relieve() override;

  const Replicas::Parts& parts_;
  Replicas& replicas_;
  std::shared_ptr<SyncPayload> payload_;  // of the snapshot that is written
  PipePayload* pipe_ = nullptr;           // the same, if it is one
  Follower::Description contents_;
  // Of all copies that are sent, also of those whose snapshot is complete.
  std::vector<std::shared_ptr<Spill>> spills_;
  std::string id_;
  std::int64_t offset_ = 0;
  // The last snapshot was ended by FLUSHALL, FLUSHDB or SWAPDB. The next is written by a process,
  // so that clients which repeat these commands cannot keep replicas from their copy.
  bool was_outdated_ = false;
};

}  // namespace larder::replication

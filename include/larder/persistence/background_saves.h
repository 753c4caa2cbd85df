#pragma once

// When snapshots are saved to `dbfilename` in the background: by BGSAVE and at save points; and
// what their end means: the counters of changes, INFO, and whether writes are refused.

#include <cstdint>

#include "larder/persistence/background_snapshot.h"
#include "larder/persistence/disk_error_gate.h"
#include "larder/persistence/snapshots.h"

namespace larder::persistence {

class BackgroundSaves final : private SnapshotOwner {
 public:
  struct Parts {
    base::Log& log;
    Snapshots& snapshots;
    BackgroundSnapshot& background;
    const SnapshotSettings& settings;
    Metrics& metrics;
    DiskErrorGate& disk_errors;
  };
  explicit BackgroundSaves(const Parts& parts) : parts_(parts) {}

  // A snapshot of this class is being written.
  bool is_saving() const { return parts_.background.owner() == this; }

  // BGSAVE. `later` permits to wait for another snapshot; within a transaction it always waits for
  // the end of the transaction.
  enum class Answer : std::uint8_t { started, scheduled, already, busy, failed };
  enum class When : std::uint8_t { now, later, after_transaction };
  Answer save(When when);
  // To be called `hz` times a second: starts what was scheduled, or what a save point demands.
  void beat();

  // SAVE: at once, while nothing else is done.
  base::Result<void> save_now();
  // FLUSHALL has removed everything: a running save is ended, and if there are save points the
  // empty data is saved at once, so that the old data does not come back.
  void data_flushed();
  // Ends a running save, and starts it again with the next beat().
  void restart_save();
  // Ends a running save, because the server ends and saves otherwise.
  void stop();
  // Ends any snapshot, because the server ends. False if the disk does not answer: see
  // BackgroundSnapshot::abandon().
  bool abandon();

 private:
  void snapshot_ended(const SnapshotResult& result) override;
  bool start();
  void note_done(const SnapshotResult& result);
  bool may_try_again() const;
  bool is_due(const config::SavePoint& point) const;
  std::int64_t now_s() const;

  Parts parts_;
  bool scheduled_ = false;
  bool restarts_ = false;  // data was exchanged while it was saved
  std::int64_t tried_s_ = 0;
  std::uint64_t changes_at_start_ = 0;
};

}  // namespace larder::persistence

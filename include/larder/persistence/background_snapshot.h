#pragma once

// Writes a snapshot of one moment into a file while the server goes on. BGSAVE, save points and
// rewrites of the append-only file use it; one snapshot is written at a time.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "larder/base/budget.h"
#include "larder/base/log.h"
#include "larder/base/result.h"
#include "larder/disk/files.h"
#include "larder/disk/worker.h"
#include "larder/engine/gates.h"
#include "larder/engine/observer.h"
#include "larder/engine/waiters.h"
#include "larder/memory/audit.h"
#include "larder/persistence/metrics.h"
#include "larder/persistence/snapshot_file.h"
#include "larder/persistence/snapshots.h"

namespace larder::persistence {

// Takes what is written, when the snapshot does not go to a disk.
class SnapshotOutlet {
 public:
  // Commands wait because the outlet has not taken what was written: it should take more than
  // usual. Called repeatedly, also while the event loop waits.
  virtual void relieve() = 0;

 protected:
  ~SnapshotOutlet() = default;
};

struct SnapshotOrder {
  std::string name;  // a path, or a name in the folder that is the working folder at the start
  RdbPurpose purpose = RdbPurpose::snapshot;
  SnapshotFile::Syncing syncing = SnapshotFile::Syncing::at_end;
  // The calls that write it, in place of those of BackgroundSnapshot::Parts.
  disk::FileCalls* calls = nullptr;
  SnapshotOutlet* outlet = nullptr;
  // See SnapshotSource.
  int most_version = kNewestRdbVersion;
  bool without_keys = false;
  bool without_functions = false;
  // By a process of its own (snapshot-method fork), whatever the setting: no command can end it.
  bool by_process = false;
};

struct SnapshotResult {
  enum class End : std::uint8_t {
    done,       // the file is complete, on disk, and has its name
    failed,     // for `reason`
    cancelled,  // by cancel(), or the process that wrote it was ended by SIGUSR1
    outdated,   // databases were emptied or exchanged: it must be started anew
  };
  End end;
  std::string reason;
  // Bytes that were copied because data changed while the snapshot was written.
  std::uint64_t copied_bytes = 0;
  int version = 0;
  std::size_t hashes_without_deadlines = 0;
};

// The object that ordered a snapshot.
class SnapshotOwner {
 public:
  // Nothing is running any more, so that the next snapshot can be started here. If the end is not
  // `done`, no temporary file is left, and an older file of this name is as it was.
  virtual void snapshot_ended(const SnapshotResult& result) = 0;

 protected:
  ~SnapshotOwner() = default;
};

// Names the process of a snapshot in process lists, within that process.
class ChildTitle {
 public:
  virtual void show(const char* title) = 0;

 protected:
  ~ChildTitle() = default;
};

class SnapshotMethod;

// The marks of entries (Entry::kSnapshotMarks), one value for each snapshot in steps. A snapshot
// that was given up leaves its marks behind; they are removed in steps before their value is used
// again.
class SnapshotMarks {
 public:
  explicit SnapshotMarks(keyspace::Keyspace& keyspace) : keyspace_(keyspace) {}

  // A value that no entry has. Cost: if there is none, a walk over all keys.
  std::uint8_t draw();
  // Entries may still have it.
  void left(std::uint8_t mark);
  // A snapshot was complete: it has removed all marks.
  void all_removed();
  bool are_left() const { return left_ != 0; }
  // Continues to remove marks; true if there is more to do.
  bool clean(base::Budget budget);

 private:
  static constexpr std::uint8_t kFirst = 0x10;

  keyspace::Keyspace& keyspace_;
  unsigned left_ = 0;  // a bit for each value that entries may have
  std::size_t db_ = 0;
  std::uint64_t cursor_ = 0;
};

class BackgroundSnapshot final : public memory::AuditedOwner {
 public:
  struct Parts {
    base::Log& log;
    const Snapshots& snapshots;
    const SnapshotSettings& settings;
    Metrics& metrics;
    engine::GateBoard& gates;
    engine::Waiters& waiters;
    engine::Observer& observer;
    disk::Worker& worker;
    disk::FileCalls& calls;
    ChildTitle* title = nullptr;
  };
  explicit BackgroundSnapshot(const Parts& parts);
  // Cancels without telling the owner.
  ~BackgroundSnapshot() override;
  BackgroundSnapshot(const BackgroundSnapshot&) = delete;
  BackgroundSnapshot& operator=(const BackgroundSnapshot&) = delete;

  bool is_running() const { return method_ != nullptr; }
  // Null if nothing runs.
  const SnapshotOwner* owner() const { return owner_; }

  // The file will contain the data of this moment, which must not be within a transaction. Nothing
  // may run yet. The owner is told of the end later, from run() or cancel(). After an error nothing
  // runs.
  base::Result<void> start(const SnapshotOrder& order, SnapshotOwner& owner);
  // Returns when nothing runs any more. Cost: up to one write or sync of the file.
  void cancel();
  // The same for the end of the process. Waits at most `us` microseconds for the disk. False if it
  // still works on the file, whose temporary name is removed: then the process must end without
  // destroying this.
  bool abandon(std::int64_t us);
  // Of processes that are started from now on.
  void name_children(ChildTitle& title) { parts_.title = &title; }

  bool has_work() const { return is_running() || marks_.are_left(); }
  // To be called at the end of each turn: works for at most `us` microseconds. True if it could go
  // on at once.
  bool run(std::int64_t us);
  // When run() must be called at the latest, in the time of Clock::steady_us(); 0: when there is a
  // turn.
  std::int64_t wakes_us() const;
  // To be called `hz` times a second.
  void beat();

  void report_bytes(memory::Audit& audit) const override;

 private:
  std::unique_ptr<SnapshotMethod> make(const SnapshotOrder& order);
  void end_if_over();

  Parts parts_;
  SnapshotMarks marks_;
  std::uint8_t mark_ = 0;  // of a snapshot in steps
  std::unique_ptr<SnapshotMethod> method_;
  SnapshotOwner* owner_ = nullptr;
};

}  // namespace larder::persistence

#pragma once

// The append-only file: every effect is written to a file before, or soon after, the client gets
// its reply, and the next start runs the commands of the file. It consists of a base, increments,
// and a manifest that names them, as in Redis 7; before the file stands a ring of 8 MB in a shared
// mapping (journal_ring.h), from which a killed process loses nothing.
//
// With `appendfsync always` a reply leaves when what it shows is on disk: the effects of its own
// command, and those of others that the command may have read (its keys, or all keys if they are
// not known). Other replies do not wait.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "larder/base/clock.h"
#include "larder/base/log.h"
#include "larder/disk/worker.h"
#include "larder/engine/executor.h"
#include "larder/info/info.h"
#include "larder/memory/audit.h"
#include "larder/persistence/aof_manifest.h"
#include "larder/persistence/background_snapshot.h"
#include "larder/persistence/disk_error_gate.h"
#include "larder/persistence/journal_calls.h"
#include "larder/persistence/metrics.h"
#include "larder/persistence/settings.h"
#include "larder/persistence/snapshots.h"

namespace larder::persistence {

class AofRewrite;
class OpenJournal;

class Journal final : public memory::AuditedOwner {
 public:
  struct Parts {
    base::Log& log;
    const base::Clock& clock;
    Snapshots& snapshots;
    BackgroundSnapshot& background;
    disk::Worker& worker;
    engine::Executor& executor;
    engine::CommandTable& commands;
    engine::Sessions& sessions;
    engine::Propagation& effects;
    engine::Waiters& waiters;
    engine::Observer& observer;
    engine::GateBoard& gates;
    JournalSettings& settings;
    Metrics& metrics;
    info::Reporter& reporter;
    DiskErrorGate& disk_errors;
  };
  // Without `calls` the system's.
  explicit Journal(const Parts& parts, JournalCalls* calls = nullptr);
  ~Journal() override;

  // At the start, with appendonly: loads the files; `no_file` if there are none.
  Loading load(LoadingHost& host);
  // Then, with appendonly: effects are written from now on. The data are those that were loaded. If
  // there was no file, but there are data, they are not safe before is_safe().
  base::Result<void> begin();
  // False while the append-only file has no base yet.
  bool is_safe() const;

  bool is_on() const { return open_ != nullptr; }
  // Whether the directive `appendonly` is `yes`.
  bool is_configured() const { return parts_.settings.appendonly.value(); }

  // CONFIG SET appendonly.
  base::Result<void> turn_on();
  void turn_off();

  // BGREWRITEAOF. With appendonly `no` it writes a base and a manifest that names only this.
  enum class Answer : std::uint8_t { started, scheduled, already, failed };
  Answer rewrite();
  // DEBUG LOADAOF: empties the databases and loads the files, without serving clients. A base that
  // cannot be loaded is found before, and nothing is removed.
  base::Result<void> reload();
  // Everything is on disk when it returns.
  base::Result<void> finish();
  // The end of the process.
  void close();

  // WAITAOF: the position of the journal up to which effects are on disk.
  std::uint64_t synced() const;

  // To be called some times a second.
  void beat();
  void report_bytes(memory::Audit& audit) const override;

 private:
  class Figures;

  base::Result<void> read_manifest();
  base::Result<void> adopt_single_file();
  void remove_temporary_file();
  base::Result<void> make_files();
  base::Result<void> write_base(const AofFile& base);
  base::Result<void> make_increment(const AofFile& incr);
  base::Result<void> open_increment(const AofFile& incr);
  base::Result<void> begin_unnamed();
  base::Result<void> prepare_rewrite();
  void end_rewrite();
  void note_state();

  Parts parts_;
  JournalCalls system_calls_;
  JournalCalls& calls_;
  AofNames names_;
  AofManifest manifest_;
  std::uint64_t next_position_ = 1;
  std::unique_ptr<Figures> figures_;
  std::unique_ptr<OpenJournal> open_;
  std::unique_ptr<AofRewrite> rewrite_;  // while appendonly is `no`
};

}  // namespace larder::persistence

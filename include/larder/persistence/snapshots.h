#pragma once

// Saves all data to the file `dbfilename` in the working folder, and loads it.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "larder/base/clock.h"
#include "larder/base/log.h"
#include "larder/engine/debug_switches.h"
#include "larder/engine/function_libraries.h"
#include "larder/eviction/evictor.h"
#include "larder/keyspace/keyspace.h"
#include "larder/persistence/disk_error_gate.h"
#include "larder/persistence/metrics.h"
#include "larder/persistence/rdb_file_writer.h"
#include "larder/persistence/settings.h"
#include "larder/persistence/snapshot_file.h"
#include "larder/persistence/snapshot_source.h"
#include "larder/types/settings.h"

namespace larder::persistence {

// What serves clients while a file is loaded.
class LoadingHost {
 public:
  // Called at least once in a millisecond. False: give up.
  virtual bool serve() = 0;
  // The same when there is nothing to load yet: may wait some milliseconds for events.
  virtual bool wait() { return serve(); }

 protected:
  ~LoadingHost() = default;
};

enum class Loading : std::uint8_t {
  done,
  no_file,
  failed,
  stopped
};  // The position in the stream of effects that a file contains: the history's id, the
// offset, and the database in which the stream was.
struct StreamPoint {
  std::string id;
  std::int64_t offset = -1;
  int db = 0;

  bool is_known() const { return !id.empty() && offset >= 0; }
};

// What a copy contains that is loaded while the databases are served.
struct CopyBeside {
  explicit CopyBeside(const keyspace::Keyspace& served) : keyspace(served.make_beside()) {}

  const std::unique_ptr<keyspace::Keyspace> keyspace;
  std::vector<std::string> libraries;  // their code
};

// DEBUG RELOAD's options.
struct Reload {
  bool save = true;
  bool flush = true;
  bool merge = false;  // a key of the file replaces one of the database
};

// Tells the operator how many hashes a file of this version has without the deadlines of fields.
void log_dropped_deadlines(base::Log& log, int version, std::size_t hashes);

class Snapshots final {
 public:
  struct Parts {
    const base::Clock& clock;
    base::Log& log;
    keyspace::Keyspace& keyspace;
    eviction::Evictor& evictor;
    const types::Settings& types;
    const SnapshotSettings& settings;
    Metrics& metrics;
    engine::GateBoard& gates;
    DiskErrorGate& disk_errors;
    const engine::ChecksumValidation& checksums;
  };
  explicit Snapshots(const Parts& parts) : parts_(parts) {}
  Snapshots(const Parts& parts, disk::FileCalls& calls) : parts_(parts), calls_(calls) {}

  // Writes everything and returns when it is on disk. The error is in the log. Cost: as long as
  // that takes; memory: two buffers of 64 KB.
  base::Result<void> save();

  // Loads the file into the empty databases, in slices of at most a millisecond; between them
  // `host` serves clients, which find the gate `loading` closed. The reason of a failure is in the
  // log; the file is not touched.
  Loading load(LoadingHost& host);

  // Loads the base of an append-only file from this source, within the loading of all its files, of
  // which `bytes_before` were loaded before. The reason of a failure is in the log. Without a host
  // no clients are served.
  struct LoadedBase {
    Loading result;
    std::uint64_t end = 0;  // of the RDB part of the file
  };
  LoadedBase load_base(RdbSource& source, std::uint64_t bytes_before, LoadingHost* host);
  // Loads a primary's copy of its data into the empty databases, with all keys that have expired:
  // the primary removes them. `bytes` is its size, 0 if that is not known. The reason of a failure
  // is in the log.
  Loading load_copy(RdbSource& source, std::uint64_t bytes, LoadingHost& host);
  // The same beside the data, which stays as it is. `gate` is closed meanwhile.
  Loading load_beside(RdbSource& source, std::uint64_t bytes, LoadingHost& host, engine::Gate gate,
                      CopyBeside& copy);
  // Replaces all data and functions by the loaded ones; those that there were are freed in steps.
  void take_over(CopyBeside& copy);
  // What the file of the last load(), load_copy() or load_beside() says.
  const StreamPoint& found_stream() const { return found_stream_; }
  // check() while `host` serves clients; it may also give up.
  Loading check_copy(const std::string& path, LoadingHost& host);

  // The libraries of functions, which are loaded and saved with the data.
  void set_functions(engine::FunctionLibraries& functions) { functions_ = &functions; }
  void clear_functions() {
    if (functions_ != nullptr) functions_->clear();
  }
  const Parts& parts() const { return parts_; }

  // Saves, empties the databases and loads the file, without serving clients. A file that is
  // missing or damaged, or has a library that does not compile, is found before anything is
  // removed.
  base::Result<void> reload(const Reload& options);

  // What a snapshot of this moment contains.
  SnapshotSource source(RdbPurpose purpose = RdbPurpose::snapshot) const {
    return {parts_.clock, parts_.keyspace, parts_.evictor, parts_.settings,
            functions_,   purpose,         stream_};
  }
  // The stream of effects, whose position files have.
  void set_stream(const StreamOfEffects& stream) { stream_ = &stream; }

  // Whether this file can be loaded, as far as that is known without storing its keys: its form,
  // and its libraries, which are compiled.
  base::Result<void> check(const std::string& path);

 private:
  void note_saved();
  RdbReading reading() const;

  Parts parts_;
  disk::FileCalls system_calls_;
  disk::FileCalls& calls_ = system_calls_;
  engine::FunctionLibraries* functions_ = nullptr;
  StreamPoint found_stream_;
  const StreamOfEffects* stream_ = nullptr;
};

}  // namespace larder::persistence

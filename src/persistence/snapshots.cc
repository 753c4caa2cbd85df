#include "larder/persistence/snapshots.h"

#include <unistd.h>

#include <string>
#include <vector>

#include "larder/base/format.h"
#include "larder/memory/ledger.h"
#include "loading_state.h"
#include "rdb_format.h"
#include "rdb_loader.h"

namespace larder::persistence {
namespace {

using Kind = RdbFailure::Kind;

void log_internal(base::Log& log, const RdbFailure& failure, const std::string& text) {
  log.warning("Internal error in RDB reading offset " + std::to_string(failure.offset) + " -> " +
              text);
  log.warning("Terminating server after rdb file reading failure.");
}

void log_failure(base::Log& log, const RdbFailure& failure, const RdbLoader& loader) {
  switch (failure.kind) {
    case Kind::magic:
    case Kind::version:
      log.warning(failure.text);
      log.warning("Fatal error loading the DB: Invalid argument. Exiting.");
      return;
    case Kind::source:
      log.warning("Fatal error loading the DB: " + failure.text + ". Exiting.");
      return;
    case Kind::truncated:
      log.warning("Short read or OOM loading DB. Unrecoverable error, aborting now.");
      return log_internal(log, failure, failure.text);
    case Kind::checksum:
      log.warning(failure.text + ". Aborting now.");
      return log_internal(log, failure, "RDB CRC error");
    case Kind::damaged:
    case Kind::visitor:
      return log_internal(log, failure, failure.text);
    case Kind::stopped:
      break;
  }
  if (!loader.lacked_room()) return;
  log_internal(log, failure, failure.text + " does not fit into maxmemory");
}

// Reads a file without storing anything but the code of its libraries. Without slices no clients
// are served meanwhile.
class Check final : public RdbVisitor {
 public:
  explicit Check(LoadingSlices* slices = nullptr) : slices_(slices) {}
  bool go_on() override { return slices_ == nullptr || slices_->go_on(bytes_, 0); }
  void aux(std::string_view, std::string_view) override {}
  base::Result<void> function(std::string_view library) override {
    libraries_.emplace_back(library);
    return {};
  }
  const std::vector<std::string>& libraries() const { return libraries_; }

  base::Result<void> database(std::uint64_t) override { return {}; }
  void sizes(std::uint64_t, std::uint64_t) override {}
  base::Result<void> keys(std::span<RdbKey>) override { return {}; }
  void progress(std::uint64_t bytes) override { bytes_ = bytes; }

 private:
  LoadingSlices* const slices_;
  std::uint64_t bytes_ = 0;
  std::vector<std::string> libraries_;
};

}  // namespace

void log_dropped_deadlines(base::Log& log, int version, std::size_t hashes) {
  if (hashes == 0) return;
  log.warning("The snapshot has version " + std::to_string(version) + ", and so " +
              std::to_string(hashes) + " hashes without the deadlines of their fields.");
}

void Snapshots::note_saved() {
  Metrics& metrics = parts_.metrics;
  const std::size_t dropped = source().dropped_deadlines();
  metrics.rdb_last_save_dropped_field_ttls = static_cast<std::int64_t>(dropped);
  log_dropped_deadlines(parts_.log, source().version(), dropped);
  metrics.rdb_last_save_time = parts_.clock.unix_ms() / 1000;
  metrics.changes_at_save = parts_.keyspace.log().changes();
  parts_.disk_errors.note(DiskErrorGate::Outcome::saved);
  parts_.log.notice("DB saved on disk");
}

base::Result<void> Snapshots::save() {
  SnapshotFile file(calls_,
                    parts_.settings.rdb_save_incremental_fsync.value()
                        ? SnapshotFile::Syncing::incremental
                        : SnapshotFile::Syncing::at_end,
                    temporary_snapshot(::getpid()));
  auto done = file.open();
  if (done) done = source().write(file);
  if (done) done = file.publish(parts_.settings.dbfilename.value());
  if (done) {
    note_saved();
  } else {
    parts_.log.warning(done.error().text);
  }
  return done;
}

RdbReading Snapshots::reading() const {
  return {.settings = parts_.types,
          .now_ms = parts_.clock.unix_ms(),
          .verifies_checksum = parts_.settings.rdbchecksum.value() && !parts_.checksums.skipped};
}

Loading Snapshots::load(LoadingHost& host) {
  FileSource source;
  const auto opened = source.open(parts_.settings.dbfilename.value());
  if (!opened) {
    parts_.log.warning("Fatal error loading the DB: " + opened.error().text + ". Exiting.");
    return Loading::failed;
  }
  if (!opened.value()) return Loading::no_file;
  const std::int64_t started_us = parts_.clock.steady_now_us();
  const LoadingState state(parts_, source.size());
  RdbLoader loader(parts_, functions_, &host, /*merge=*/false);
  found_stream_ = {};
  loader.note_stream(found_stream_);
  const auto failure = read_rdb(source, reading(), loader);
  if (failure) {
    log_failure(parts_.log, *failure, loader);
    return failure->kind == Kind::stopped && !loader.lacked_room() ? Loading::stopped
                                                                   : Loading::failed;
  }
  loader.log_result();
  parts_.keyspace.log().clear();
  parts_.metrics.changes_at_save = parts_.keyspace.log().changes();
  const std::string line =
      base::printed("DB loaded from disk: %.3f seconds",
                    static_cast<double>(parts_.clock.steady_now_us() - started_us) / 1e6);
  parts_.log.notice(line);
  return Loading::done;
}

base::Result<void> Snapshots::check(const std::string& path) {
  FileSource source;
  const auto opened = source.open(path);
  if (!opened) return opened.error();
  if (!opened.value()) return base::Error{"there is no file"};
  Check check;
  const auto failure = read_rdb(source, reading(), check);
  if (failure) {
    return base::Error{failure->text + " at offset " + std::to_string(failure->offset)};
  }
  if (functions_ == nullptr) return {};
  const std::vector<std::string_view> codes(check.libraries().begin(), check.libraries().end());
  return functions_->check_saved(codes);
}

Loading Snapshots::check_copy(const std::string& path, LoadingHost& host) {
  FileSource source;
  if (const auto opened = source.open(path); !opened || !opened.value()) return Loading::no_file;
  LoadingSlices slices(parts_, &host);
  Check check(&slices);
  const auto failure = read_rdb(source, reading(), check);
  if (!failure) return Loading::done;
  parts_.log.warning(failure->text + " at offset " + std::to_string(failure->offset));
  return failure->kind == Kind::stopped ? Loading::stopped : Loading::failed;
}

base::Result<void> Snapshots::reload(const Reload& options) {
  if (options.save) {
    if (auto saved = save(); !saved) return saved;
  }
  if (auto good = check(parts_.settings.dbfilename.value()); !good) {
    parts_.log.warning("The snapshot cannot be loaded: " + good.error().text);
    return good;
  }
  if (options.flush) {
    parts_.keyspace.flush_all();
    clear_functions();
  }
  FileSource source;
  if (const auto opened = source.open(parts_.settings.dbfilename.value()); !opened) {
    return opened.error();
  }
  RdbLoader loader(parts_, functions_, nullptr, options.merge);
  const auto failure = read_rdb(source, reading(), loader);
  // Listeners learn of all that in one change: any key may have another value.
  parts_.keyspace.log().clear();
  parts_.keyspace.log().add_flush(-1, parts_.keyspace.size());
  if (failure) {
    parts_.log.warning("The snapshot was not loaded completely: " + failure->text);
    return base::Error{failure->text};
  }
  loader.log_result();
  parts_.metrics.changes_at_save = parts_.keyspace.log().changes();
  return {};
}

}  // namespace larder::persistence

// The loading of files that do not stand for themselves: the base of an append-only file, and the
// copy of a primary. Keys and fields that have expired are kept, because what follows removes them.

#include <limits>
#include <optional>

#include "larder/persistence/snapshots.h"
#include "loading_state.h"
#include "rdb_loader.h"

namespace larder::persistence {
namespace {

// Nothing, or how it failed, with the reason in the log.
std::optional<Loading> read_all(RdbSource& source, RdbReading reading, RdbLoader& loader,
                                base::Log& log) {
  reading.now_ms = std::numeric_limits<std::int64_t>::min();
  const auto failure = read_rdb(source, reading, loader);
  if (!failure) return std::nullopt;
  if (failure->kind == RdbFailure::Kind::stopped && !loader.lacked_room()) return Loading::stopped;
  const std::string what = loader.lacked_room() ? " does not fit into maxmemory" : "";
  log.warning("Internal error in RDB reading offset " + std::to_string(failure->offset) + " -> " +
              failure->text + what);
  return Loading::failed;
}

}  // namespace

Snapshots::LoadedBase Snapshots::load_base(RdbSource& source, std::uint64_t bytes_before,
                                           LoadingHost* host) {
  RdbLoader loader(parts_, functions_, host, /*merge=*/false);
  loader.load_as_base(bytes_before);
  if (const auto failed = read_all(source, reading(), loader, parts_.log)) return {*failed};
  loader.log_result();
  parts_.keyspace.log().clear();
  return {Loading::done, loader.bytes()};
}

Loading Snapshots::load_copy(RdbSource& source, std::uint64_t bytes, LoadingHost& host) {
  const LoadingState state(parts_, bytes);
  RdbLoader loader(parts_, functions_, &host, /*merge=*/false);
  loader.load_as_base(0);
  found_stream_ = {};
  loader.note_stream(found_stream_);
  const auto failed = read_all(source, reading(), loader, parts_.log);
  parts_.keyspace.log().clear();
  if (failed) return *failed;
  loader.log_result();
  parts_.metrics.changes_at_save = parts_.keyspace.log().changes();
  return Loading::done;
}

}  // namespace larder::persistence

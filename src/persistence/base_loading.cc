#include <limits>

#include "larder/persistence/snapshots.h"
#include "rdb_loader.h"

namespace larder::persistence {

// Fields of hashes that have expired are kept like keys.
Snapshots::LoadedBase Snapshots::load_base(RdbSource& source, std::uint64_t bytes_before,
                                           LoadingHost* host) {
  RdbLoader loader(parts_, functions_, host, /*merge=*/false);
  loader.load_as_base(bytes_before);
  RdbReading all_fields = reading();
  all_fields.now_ms = std::numeric_limits<std::int64_t>::min();
  const auto failure = read_rdb(source, all_fields, loader);
  if (!failure) {
    loader.log_result();
    parts_.keyspace.log().clear();
    return {Loading::done, loader.bytes()};
  }
  if (failure->kind == RdbFailure::Kind::stopped && !loader.lacked_room())
    return {Loading::stopped};
  const std::string what = loader.lacked_room() ? " does not fit into maxmemory" : "";
  parts_.log.warning("Internal error in RDB reading offset " + std::to_string(failure->offset) +
                     " -> " + failure->text + what);
  return {Loading::failed};
}

}  // namespace larder::persistence

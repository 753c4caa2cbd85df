// The loading of files that do not stand for themselves: the base of an append-only file, and the
// copy of a primary. Keys and fields that have expired are kept, because what follows removes them.

#include <limits>
#include <optional>
#include <string>
#include <vector>

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

// Keeps the code of the libraries of a file, as long as it is not known to be whole.
class LibraryCodes final : public engine::FunctionLibraries {
 public:
  explicit LibraryCodes(std::vector<std::string>& codes) : codes_(codes) {}

  std::size_t libraries() const override { return codes_.size(); }
  std::string_view code(std::size_t index) const override { return codes_[index]; }
  base::Result<void> load_saved(std::string_view code, Existing, Pauses*) override {
    codes_.emplace_back(code);
    return {};
  }
  // What is only kept can be anything.
  base::Result<void> check_saved(std::span<const std::string_view>) override { return {}; }
  void clear() override { codes_.clear(); }

 private:
  std::vector<std::string>& codes_;
};

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

Loading Snapshots::load_beside(RdbSource& source, std::uint64_t bytes, LoadingHost& host,
                               engine::Gate gate, CopyBeside& copy) {
  const LoadingState state(parts_, bytes, gate);
  const Parts beside{parts_.clock,       parts_.log,      *copy.keyspace, parts_.evictor,
                     parts_.types,       parts_.settings, parts_.metrics, parts_.gates,
                     parts_.disk_errors, parts_.checksums};
  LibraryCodes codes(copy.libraries);
  RdbLoader loader(beside, &codes, &host, /*merge=*/false);
  loader.load_as_base(0);
  found_stream_ = {};
  loader.note_stream(found_stream_);
  if (const auto failed = read_all(source, reading(), loader, parts_.log)) return *failed;
  loader.log_result();
  if (functions_ == nullptr) return Loading::done;
  const std::vector<std::string_view> views(copy.libraries.begin(), copy.libraries.end());
  const auto good = functions_->check_saved(views);
  if (!good) parts_.log.warning("Failed loading library, " + good.error().text);
  return good ? Loading::done : Loading::failed;
}

void Snapshots::take_over(CopyBeside& copy) {
  parts_.keyspace.take_over(*copy.keyspace);
  clear_functions();
  for (const std::string& code : copy.libraries) {
    const auto loaded =
        functions_->load_saved(code, engine::FunctionLibraries::Existing::is_an_error);
    if (!loaded) parts_.log.warning("Failed loading library, " + loaded.error().text);
  }
  parts_.metrics.changes_at_save = parts_.keyspace.log().changes();
}

}  // namespace larder::persistence

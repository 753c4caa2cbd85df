#pragma once

// Stores what an RDB file contains in the databases.

#include <optional>
#include <string>

#include "larder/persistence/rdb_file.h"
#include "larder/persistence/snapshots.h"
#include "loading_slices.h"

namespace larder::persistence {

class RdbLoader final : public RdbVisitor, private engine::FunctionLibraries::Pauses {
 public:
  // Without a host no clients are served.
  RdbLoader(const Snapshots::Parts& parts, engine::FunctionLibraries* functions, LoadingHost* host,
            bool merge);

  bool go_on() override;
  void aux(std::string_view name, std::string_view value) override;
  base::Result<void> function(std::string_view library) override;
  base::Result<void> database(std::uint64_t index) override;
  void sizes(std::uint64_t keys, std::uint64_t deadlines) override;
  base::Result<void> keys(std::span<RdbKey> keys) override;
  void progress(std::uint64_t bytes) override;

  // The value that was being read did not fit into maxmemory.
  bool lacked_room() const { return slices_.lacked_room(); }
  // Logs what was loaded.
  void log_result() const;

  // For the base of an append-only file, whose commands expect keys that have expired since; so
  // many bytes of other files were loaded before.
  void load_as_base(std::uint64_t bytes_before) {
    is_base_ = true;
    slices_.loaded_before(bytes_before);
  }
  // Stores the position in the stream of effects that the file contains, if any, in `point`.
  void note_stream(StreamPoint& point) { stream_ = &point; }
  // How much of the file was read.
  std::uint64_t bytes() const { return bytes_; }

 private:
  base::Result<void> store(const RdbKey& key, const keyspace::Key& name);
  void put(const RdbKey& key, const keyspace::Key& name);
  void set_use(const RdbKey& key, const keyspace::Key& name);
  void log_empty(const RdbKey& key);

  const Snapshots::Parts& parts_;
  engine::FunctionLibraries* const functions_;
  const bool merge_;
  keyspace::Database* db_;
  LoadingSlices slices_;
  bool is_base_ = false;
  StreamPoint* stream_ = nullptr;
  std::uint64_t bytes_ = 0;
  std::uint64_t loaded_ = 0;
  std::uint64_t expired_ = 0;
  std::uint64_t empty_ = 0;
  std::uint64_t delayed_ = 0;
};

}  // namespace larder::persistence

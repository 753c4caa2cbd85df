#pragma once

// Stores what an RDB file contains in the databases.

#include <optional>
#include <string>

#include "larder/persistence/rdb_file.h"
#include "larder/persistence/snapshots.h"

namespace larder::persistence {

class RdbLoader final : public RdbVisitor {
 public:
  // Without a host nobody is served.
  RdbLoader(const Snapshots::Parts& parts, KeptFunctions& functions, LoadingHost* host, bool merge);

  bool go_on() override;
  void aux(std::string_view name, std::string_view value) override;
  void function(std::string_view library) override { functions_.add(library); }
  base::Result<void> database(std::uint64_t index) override;
  void sizes(std::uint64_t keys, std::uint64_t deadlines) override;
  base::Result<void> keys(std::span<RdbKey> keys) override;
  void progress(std::uint64_t bytes) override;

  // The value that was being read did not fit into maxmemory.
  bool lacked_room() const { return lacked_room_; }
  // Logs what was loaded.
  void log_result() const;

 private:
  base::Result<void> store(const RdbKey& key, const keyspace::Key& name);
  void put(const RdbKey& key, const keyspace::Key& name);
  void set_use(const RdbKey& key, const keyspace::Key& name);
  // False if the limit of memory is exceeded and may not be evicted for.
  bool make_room();
  bool serve(std::int64_t now_us);
  void log_progress(std::int64_t now_us);
  void log_empty(const RdbKey& key);

  const Snapshots::Parts& parts_;
  KeptFunctions& functions_;
  LoadingHost* const host_;
  const bool merge_;
  keyspace::Database* db_;
  std::int64_t started_us_;
  std::int64_t served_us_;
  std::int64_t logged_us_;
  std::uint64_t bytes_ = 0;
  std::uint64_t served_bytes_ = 0;
  std::uint64_t loaded_ = 0;
  std::uint64_t expired_ = 0;
  std::uint64_t empty_ = 0;
  std::uint64_t delayed_ = 0;
  bool lacked_room_ = false;
  bool stopped_ = false;
};

}  // namespace larder::persistence

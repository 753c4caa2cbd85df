#pragma once

// Loads the files of a manifest: the base, which is an RDB file or commands, and the commands of
// the increments, which an internal session runs.

#include <cstdint>
#include <optional>
#include <string>

#include "aof_file_reader.h"
#include "larder/engine/executor.h"
#include "larder/engine/internal_session.h"
#include "larder/persistence/aof_manifest.h"
#include "larder/persistence/settings.h"
#include "larder/persistence/snapshots.h"
#include "loading_slices.h"

namespace larder::persistence {

// What is known about the end of a file, from the damaged place on.
struct AofRest {
  bool was_on_disk = false;  // a later group's sum shows it, or it is too large to be read
  bool has_groups = false;   // it is Larder's, so that groups would say so
  bool is_empty = false;     // nothing but zeros, which the system fills in for missing pages
};

class AofLoader {
 public:
  struct Parts {
    Snapshots& snapshots;
    engine::Executor& executor;
    engine::CommandTable& commands;
    engine::Sessions& sessions;
    const JournalSettings& settings;
    const AofNames& names;
  };
  // Without a host no clients are served.
  AofLoader(const Parts& parts, LoadingHost* host);

  // Whether the base can be loaded (Snapshots::check()), if it is an RDB file.
  base::Result<void> check_base(const AofManifest& manifest) const;
  // Loads everything into the empty databases. An incomplete end of the last file is removed if
  // aof-load-truncated allows it. The reason of a failure is in the log.
  Loading load(const AofManifest& manifest);

 private:
  struct File {
    std::string name;
    std::string path;
    std::uint64_t bytes = 0;
    bool is_last = false;
  };
  // Where a file ends early, and why.
  struct Cut {
    std::uint64_t offset = 0;
    std::string why;
  };

  std::optional<std::vector<File>> find_files(const AofManifest& manifest);
  Loading load_file(const File& file);
  Loading load_commands(const File& file, std::uint64_t offset);
  Loading run_ready(AofFileReader& reader, const File& file);
  bool run_batch(AofFileReader& reader, const File& file);
  bool run_requests(std::span<const resp::Request> requests, const AofFileReader& reader);
  bool run_exec(std::span<const resp::Request> exec, const AofFileReader& reader);
  bool run_some(std::span<const resp::Request> requests);
  void follow_transaction(const AofFileReader& reader, std::size_t index, resp::Args words);
  bool report_errors(const AofFileReader& reader, const File& file);
  Loading stop(const AofFileReader& reader);
  Loading stop_for_room(const AofFileReader& reader);

  Loading end_early(const File& file, const AofFailure& failure, const AofFileReader& reader);
  Loading refuse(const File& file, const AofFailure& failure);
  Loading cut_off(const File& file, std::uint64_t offset);
  AofRest rest_of(const File& file, std::uint64_t offset, std::uint64_t verified) const;

  base::Log& log() const { return parts_.snapshots.parts().log; }

  const Parts parts_;
  LoadingHost* const host_;
  LoadingSlices slices_;
  engine::InternalSession session_;
  resp::Batch batch_;
  std::uint64_t loaded_bytes_ = 0;            // of the files before
  std::optional<std::uint64_t> transaction_;  // where the open MULTI begins
  std::string last_key_;                      // of the last commands that ran
};

}  // namespace larder::persistence

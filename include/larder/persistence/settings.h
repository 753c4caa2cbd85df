#pragma once

// The directives of persistence: snapshots and the append-only file.

#include <climits>
#include <string>

#include "larder/config/config.h"
#include "larder/config/lists.h"

namespace larder::persistence {

enum class SnapshotMethodName { steps, fork };

inline bool is_path(const std::string& name) {
  return name.find_first_of("/\\") != std::string::npos;
}

inline base::Result<void> check_dbfilename(const std::string& name) {
  if (is_path(name)) return base::Error{"dbfilename can't be a path, just a filename"};
  return {};
}

inline base::Result<void> check_appendfilename(const std::string& name) {
  if (name.empty()) return base::Error{"appendfilename can't be empty"};
  if (is_path(name)) return base::Error{"appendfilename can't be a path, just a filename"};
  return {};
}

inline base::Result<void> check_appenddirname(const std::string& name) {
  if (name.empty()) return base::Error{"appenddirname can't be empty"};
  if (is_path(name)) return base::Error{"appenddirname can't be a path, just a dirname"};
  return {};
}

enum class SyncPolicy { everysec, always, no };
enum class SanitizePayload { no, yes, clients };

struct SnapshotSettings : config::Group {
  explicit SnapshotSettings(config::Registry& registry) : Group(registry, "Snapshots") {}

  config::SavePoints save{
      *this,
      {.name = "save",
       .fallback = {{3600, 1}, {300, 100}, {60, 10000}},
       .traits = config::kRepeatable,
       .help = "Save points: seconds and changes. A snapshot is written when so many seconds have "
               "passed since the last one and there were so many changes, and at the shutdown. "
               "Several lines are combined; an empty value means none."}};
  config::Text dbfilename{*this,
                          {.name = "dbfilename",
                           .fallback = "dump.rdb",
                           .traits = config::kProtected,
                           .help = "Name of the snapshot, inside dir.",
                           .check = check_dbfilename}};
  config::Toggle rdbcompression{
      *this,
      {.name = "rdbcompression", .fallback = true, .help = "Compress strings in snapshots."}};
  config::Toggle rdbchecksum{*this,
                             {.name = "rdbchecksum",
                              .fallback = true,
                              .traits = config::kImmutable,
                              .help = "End snapshots with a checksum and check it on loading."}};
  config::Choice sanitize_dump_payload{
      *this,
      {.name = "sanitize-dump-payload",
       .fallback = 0,
       .words = {"no", "yes", "clients"},
       .help = "Every byte of RESTORE payloads and snapshots is always checked. This only decides "
               "which checks of packed values INFO counts as dump_payload_sanitizations: none, "
               "all, or those of clients without skip-sanitize-payload."}};
  config::Toggle stop_writes_on_bgsave_error{
      *this,
      {.name = "stop-writes-on-bgsave-error",
       .fallback = true,
       .help = "Refuse writes if the last snapshot failed and save points are set."}};
  config::Choice rdb_version{
      *this,
      {.name = "rdb-version",
       .fallback = 0,
       .words = {"auto", "10", "11", "12"},
       .help = "Version of snapshots. Redis reads 10 from 7.0 on, 11 from 7.2 on, and 12 from 7.4 "
               "on; auto is 12 if a field of a hash has a deadline, otherwise 10. Versions 10 and "
               "11 are without such deadlines."}};
  config::Choice snapshot_method{
      *this,
      {.name = "snapshot-method",
       .fallback = 0,
       .words = {"steps", "fork"},
       .help = "How a snapshot is written while the server goes on: in steps between the commands, "
               "which takes at most snapshot-memory-limit; or by a forked process, for which the "
               "system copies each page that changes."}};
  config::Bytes snapshot_memory_limit{
      *this,
      {.name = "snapshot-memory-limit",
       .fallback = 32 << 20,
       .range = {4 << 20, INT64_MAX},
       .help = "Memory that a snapshot in steps takes for data on the way to the disk. When it is "
               "used up, commands that change keys which are not written yet wait."}};
  config::Integer snapshot_max_hold_ms{
      *this,
      {.name = "snapshot-max-hold-ms",
       .fallback = 10'000,
       .range = {1, INT_MAX},
       .help = "A snapshot in steps is given up when commands have waited for it this long."}};
  config::Toggle rdb_save_incremental_fsync{
      *this,
      {.name = "rdb-save-incremental-fsync",
       .fallback = true,
       .help = "Sync a snapshot to disk every few megabytes while it is written."}};
  config::Toggle rdb_del_sync_files{*this,
                                    {.name = "rdb-del-sync-files",
                                     .fallback = false,
                                     .help = "Delete snapshots that were written only for "
                                             "replicas, if no data is to be kept on disk."}};
  config::Integer rdb_key_save_delay{
      *this,
      {.name = "rdb-key-save-delay",
       .fallback = 0,
       .range = {INT_MIN, INT_MAX},
       .traits = config::kHidden,
       .help = "Microseconds to wait after each key that is saved; a negative number waits one "
               "microsecond after so many keys. For tests."}};
  config::Integer key_load_delay{
      *this,
      {.name = "key-load-delay",
       .fallback = 0,
       .range = {INT_MIN, INT_MAX},
       .traits = config::kHidden,
       .help = "Microseconds to wait after each key that is loaded; a negative number waits one "
               "microsecond after so many keys. For tests."}};
  config::Integer loading_process_events_interval_bytes{
      *this,
      {.name = "loading-process-events-interval-bytes",
       .fallback = 2 << 20,
       .range = {1024, INT_MAX},
       .traits = config::kHidden,
       .help = "Bytes that are loaded before clients are served in between."}};
};

struct JournalSettings : config::Group {
  explicit JournalSettings(config::Registry& registry) : Group(registry, "Append-only file") {}

  config::Toggle appendonly{
      *this,
      {.name = "appendonly",
       .fallback = false,
       .traits = config::kDeniedLoading,
       .help = "Append every change to a file when it happens, and load that file at the start."}};
  config::Text appendfilename{*this,
                              {.name = "appendfilename",
                               .fallback = "appendonly.aof",
                               .traits = config::kImmutable,
                               .help = "First part of the names of the append-only files.",
                               .check = check_appendfilename}};
  config::Text appenddirname{*this,
                             {.name = "appenddirname",
                              .fallback = "appendonlydir",
                              .traits = config::kImmutable,
                              .help = "Folder of the append-only files, inside dir.",
                              .check = check_appenddirname}};
  config::Choice appendfsync{*this,
                             {.name = "appendfsync",
                              .fallback = 0,
                              .words = {"everysec", "always", "no"},
                              .help = "When the append-only file is synced to disk (fsync): once a "
                                      "second (everysec), before each reply (always), or when the "
                                      "system decides (no)."}};
  config::Toggle no_appendfsync_on_rewrite{
      *this,
      {.name = "no-appendfsync-on-rewrite",
       .fallback = false,
       .help = "Do not sync the append-only file to disk while a snapshot or a rewrite is "
               "written."}};
  config::Integer auto_aof_rewrite_percentage{
      *this,
      {.name = "auto-aof-rewrite-percentage",
       .fallback = 100,
       .range = {0, INT_MAX},
       .help = "Growth in percent after which the append-only file is rewritten; 0 means never."}};
  config::Bytes auto_aof_rewrite_min_size{
      *this,
      {.name = "auto-aof-rewrite-min-size",
       .fallback = 64 << 20,
       .range = {0, INT64_MAX},
       .help = "Size below which the append-only file is not rewritten automatically."}};
  config::Toggle aof_load_truncated{*this,
                                    {.name = "aof-load-truncated",
                                     .fallback = true,
                                     .help = "Remove an incomplete end of the append-only file at "
                                             "the start and continue; otherwise stop."}};
  config::Toggle aof_use_rdb_preamble{
      *this,
      {.name = "aof-use-rdb-preamble",
       .fallback = true,
       .help =
           "Write the base of the append-only file as a snapshot, which loads faster; otherwise "
           "as commands."}};
  config::Toggle aof_timestamp_enabled{*this,
                                       {.name = "aof-timestamp-enabled",
                                        .fallback = false,
                                        .help = "Write the time to the append-only file, so that "
                                                "it can be truncated at a point in time."}};
  config::Toggle aof_rewrite_incremental_fsync{
      *this,
      {.name = "aof-rewrite-incremental-fsync",
       .fallback = true,
       .help = "Sync a rewrite to disk every few megabytes while it is written."}};
  config::Toggle aof_disable_auto_gc{
      *this,
      {.name = "aof-disable-auto-gc",
       .fallback = false,
       .traits = config::kHidden,
       .help = "Keep append-only files that a rewrite has replaced."}};
};

// All directives of this room.
struct Settings {
  explicit Settings(config::Registry& registry) : snapshots(registry), journal(registry) {}

  SnapshotSettings snapshots;
  JournalSettings journal;
};

}  // namespace larder::persistence

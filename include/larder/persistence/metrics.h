#pragma once

// INFO's section persistence, and the counters of background children. The fields that INFO shows
// only while the append-only file is on are those of the Journal.

#include <optional>

#include "larder/base/clock.h"
#include "larder/base/format.h"
#include "larder/engine/gates.h"
#include "larder/info/info.h"
#include "larder/keyspace/keyspace.h"

namespace larder::persistence {

// The progress of a file that is loaded.
struct LoadingFigures {
  bool is_active = false;
  std::int64_t started_unix_s = 0;
  std::int64_t started_us = 0;
  std::uint64_t total_bytes = 0;
  std::uint64_t loaded_bytes = 0;
  std::int64_t used_bytes_then = 0;  // when the file was written

  double percent() const {
    return total_bytes == 0
               ? 0
               : 100 * static_cast<double>(loaded_bytes) / static_cast<double>(total_bytes);
  }
  std::int64_t seconds_left(std::int64_t elapsed_us) const {
    if (loaded_bytes == 0 || loaded_bytes >= total_bytes) return 1;
    const double rest = static_cast<double>(total_bytes - loaded_bytes);
    return static_cast<std::int64_t>(static_cast<double>(elapsed_us) / 1e6 * rest /
                                     static_cast<double>(loaded_bytes));
  }
};

// The progress of a snapshot that is written in the background.
struct SavingFigures {
  bool is_active = false;
  std::int64_t started_us = 0;
  std::uint64_t keys_total = 0;
  std::uint64_t keys_done = 0;
  std::uint64_t held_bytes = 0;
  std::uint64_t held_peak = 0;
  std::uint64_t overlay_bytes = 0;  // of held_bytes: copies of elements that have changed
  // What was copied because data changed, with the maximum, and when it was measured.
  std::uint64_t copied_bytes = 0;
  std::uint64_t copied_peak = 0;
  std::int64_t copied_at_us = 0;

  double percent() const {
    return keys_total == 0 ? 0
                           : 100 * static_cast<double>(keys_done) / static_cast<double>(keys_total);
  }
};

class Metrics final : public info::Group {
 public:
  Metrics(info::Reporter& reporter, const base::Clock& clock, keyspace::Keyspace& keyspace,
          const engine::GateBoard& gates)
      : Group(reporter), clock_(clock), keyspace_(keyspace), gates_(gates) {
    rdb_last_save_time = clock.unix_ms() / 1000;
    rdb_last_bgsave_time_sec = kNever;
    aof_last_rewrite_time_sec = kNever;
    aof_current_rewrite_time_sec = kNever;
    rdb_last_bgsave_status = "ok";
    aof_last_bgrewrite_status = "ok";
    aof_last_write_status = "ok";
  }

  info::Gauge async_loading{*this,
                            "persistence",
                            "async_loading",
                            {.help = "1 while a replica loads new data and serves its old data."}};
  info::Gauge current_cow_peak{*this,
                               "persistence",
                               "current_cow_peak",
                               {.help = "Maximum of the bytes copied on write while a child runs.",
                                .name = "current_cow_peak_bytes"}};
  info::Gauge current_cow_size{
      *this,
      "persistence",
      "current_cow_size",
      {.help = "Bytes copied on write while a child runs.", .name = "current_cow_bytes"}};
  info::Gauge current_cow_size_age{
      *this,
      "persistence",
      "current_cow_size_age",
      {.help = "Age of the value of current_cow_size.", .name = "current_cow_age_seconds"}};
  info::Text current_fork_perc{
      *this, "persistence", "current_fork_perc", {.help = "Progress of the running child."}};
  info::Gauge current_save_keys_processed{*this,
                                          "persistence",
                                          "current_save_keys_processed",
                                          {.help = "Keys that the running child has written."}};
  info::Gauge current_save_keys_total{
      *this,
      "persistence",
      "current_save_keys_total",
      {.help = "Keys that the running child will write.", .name = "current_save_keys"}};
  info::Gauge rdb_bgsave_in_progress{
      *this, "persistence", "rdb_bgsave_in_progress", {.help = "1 while a snapshot is written."}};
  // Unix seconds; the start counts as a save.
  info::Gauge rdb_last_save_time{*this,
                                 "persistence",
                                 "rdb_last_save_time",
                                 {.help = "When the last snapshot was written, as Unix time.",
                                  .name = "rdb_last_save_timestamp_seconds"}};
  info::Text rdb_last_bgsave_status{*this,
                                    "persistence",
                                    "rdb_last_bgsave_status",
                                    {.help = "1 if the last snapshot succeeded."}};
  info::Gauge rdb_last_bgsave_time_sec{
      *this,
      "persistence",
      "rdb_last_bgsave_time_sec",
      {.help = "Duration of the last snapshot; -1 before the first.",
       .name = "rdb_last_bgsave_seconds"}};
  info::Gauge rdb_current_bgsave_time_sec{
      *this,
      "persistence",
      "rdb_current_bgsave_time_sec",
      {.help = "Duration of the running snapshot; -1 without one.",
       .name = "rdb_current_bgsave_seconds"}};
  info::Gauge rdb_saves{*this,
                        "persistence",
                        "rdb_saves",
                        {.help = "Snapshots written.", .kind = info::MetricKind::counter}};
  info::Gauge rdb_last_cow_size{
      *this,
      "persistence",
      "rdb_last_cow_size",
      {.help = "Bytes copied on write during the last snapshot.", .name = "rdb_last_cow_bytes"}};
  info::Gauge rdb_last_load_keys_expired{*this,
                                         "persistence",
                                         "rdb_last_load_keys_expired",
                                         {.help = "Keys of the loaded snapshot that had expired."}};
  info::Gauge rdb_last_load_keys_loaded{*this,
                                        "persistence",
                                        "rdb_last_load_keys_loaded",
                                        {.help = "Keys of the loaded snapshot that were stored."}};
  info::Gauge rdb_last_save_dropped_field_ttls{
      *this,
      "persistence",
      "rdb_last_save_dropped_field_ttls",
      {.help = "Hashes that the last snapshot has without the deadlines of their fields, because "
               "of rdb-version.",
       .name = "rdb_last_save_dropped_field_ttls"}};
  info::Gauge snapshot_held_bytes{
      *this,
      "persistence",
      "snapshot_held_bytes",
      {.help = "Memory that the running snapshot takes for data on the way to the disk.",
       .name = "snapshot_held_bytes"}};
  info::Gauge snapshot_held_bytes_peak{
      *this,
      "persistence",
      "snapshot_held_bytes_peak",
      {.help = "Maximum of snapshot_held_bytes in the running or last snapshot.",
       .name = "snapshot_held_peak_bytes"}};
  info::Gauge snapshot_overlay_bytes{
      *this,
      "persistence",
      "snapshot_overlay_bytes",
      {.help = "The part of snapshot_held_bytes that copies of changed elements take.",
       .name = "snapshot_overlay_bytes"}};
  info::Gauge snapshot_seconds_left{
      *this,
      "persistence",
      "snapshot_seconds_left",
      {.help = "Expected time until the running snapshot has read all keys; -1 without one.",
       .name = "snapshot_left_seconds"}};
  info::Counter snapshot_holds{
      *this,
      "persistence",
      "snapshot_holds",
      {.help = "Commands that had to wait because of a snapshot.", .name = "snapshot_holds"}};
  info::Gauge snapshot_longest_hold_ms{
      *this,
      "persistence",
      "snapshot_longest_hold_ms",
      {.help = "Longest time that commands had to wait because of a snapshot.",
       .name = "snapshot_longest_hold_seconds",
       .decimals = 3}};
  info::Gauge aof_enabled{
      *this, "persistence", "aof_enabled", {.help = "1 while an append-only file is written."}};
  info::Gauge aof_rewrite_in_progress{*this,
                                      "persistence",
                                      "aof_rewrite_in_progress",
                                      {.help = "1 while the append-only file is rewritten."}};
  info::Gauge aof_rewrite_scheduled{*this,
                                    "persistence",
                                    "aof_rewrite_scheduled",
                                    {.help = "1 while a rewrite waits for a snapshot to end."}};
  info::Gauge aof_last_rewrite_time_sec{
      *this,
      "persistence",
      "aof_last_rewrite_time_sec",
      {.help = "Duration of the last rewrite; -1 before the first.",
       .name = "aof_last_rewrite_seconds"}};
  info::Gauge aof_current_rewrite_time_sec{
      *this,
      "persistence",
      "aof_current_rewrite_time_sec",
      {.help = "Duration of the running rewrite; -1 without one.",
       .name = "aof_current_rewrite_seconds"}};
  info::Text aof_last_bgrewrite_status{
      *this,
      "persistence",
      "aof_last_bgrewrite_status",
      {.help = "1 if the last rewrite of the append-only file succeeded."}};
  info::Gauge aof_rewrites{
      *this,
      "persistence",
      "aof_rewrites",
      {.help = "Rewrites of the append-only file.", .kind = info::MetricKind::counter}};
  info::Gauge aof_rewrites_consecutive_failures{
      *this,
      "persistence",
      "aof_rewrites_consecutive_failures",
      {.help = "Failed rewrites since the last one that succeeded."}};
  info::Text aof_last_write_status{
      *this,
      "persistence",
      "aof_last_write_status",
      {.help = "1 if the last write to the append-only file succeeded."}};
  info::Gauge aof_last_cow_size{
      *this,
      "persistence",
      "aof_last_cow_size",
      {.help = "Bytes copied on write during the last rewrite.", .name = "aof_last_cow_bytes"}};
  info::Gauge module_fork_in_progress{
      *this, "persistence", "module_fork_in_progress", {.help = "1 while a module's child runs."}};
  info::Gauge module_fork_last_cow_size{*this,
                                        "persistence",
                                        "module_fork_last_cow_size",
                                        {.help = "Bytes copied on write for a module's last child.",
                                         .name = "module_fork_last_cow_bytes"}};

  info::Gauge eventloop_duration_aof_sum{*this,
                                         "debug",
                                         "eventloop_duration_aof_sum",
                                         {.help = "Time spent in writing the append-only file.",
                                          .name = "eventloop_aof_seconds",
                                          .kind = info::MetricKind::counter,
                                          .decimals = 6}};
  info::Gauge latest_fork_usec{
      *this,
      "stats",
      "latest_fork_usec",
      {.help = "Duration of the last fork.", .name = "latest_fork_seconds", .decimals = 6}};
  info::Counter total_forks{*this, "stats", "total_forks", {.help = "Child processes started."}};
  info::Counter dump_payload_sanitizations{
      *this,
      "stats",
      "dump_payload_sanitizations",
      {.help = "Values of RESTORE that were checked because of sanitize-dump-payload."}};

  void refresh() override {
    loading_ = (gates_.closed() & bit(engine::Gate::loading)) != 0 ? 1 : 0;
    async_loading = (gates_.closed() & bit(engine::Gate::async_loading)) != 0 ? 1 : 0;
    rdb_changes_since_last_save_ =
        static_cast<std::int64_t>(keyspace_.log().changes() - changes_at_save);
    loading_lines_ = loading.is_active ? loading_text() : std::string();
    show_saving();
  }

  LoadingFigures loading;
  SavingFigures saving;
  // When the snapshot that BGSAVE or a save point started began, on the steady clock.
  std::optional<std::int64_t> bgsave_started_us;
  // keyspace::ChangeLog::changes() when the last snapshot was written.
  std::uint64_t changes_at_save = 0;

 private:
  static constexpr std::int64_t kNever = -1;

  std::int64_t seconds_since(std::int64_t us) const {
    return (clock_.steady_us() - us) / 1'000'000;
  }

  void show_saving() {
    rdb_bgsave_in_progress = bgsave_started_us ? 1 : 0;
    rdb_current_bgsave_time_sec = bgsave_started_us ? seconds_since(*bgsave_started_us) : kNever;
    const SavingFigures figures = saving.is_active ? saving : SavingFigures();
    current_cow_peak = static_cast<std::int64_t>(figures.copied_peak);
    current_cow_size = static_cast<std::int64_t>(figures.copied_bytes);
    current_cow_size_age = figures.copied_at_us == 0 ? 0 : seconds_since(figures.copied_at_us);
    snapshot_held_bytes = static_cast<std::int64_t>(figures.held_bytes);
    snapshot_held_bytes_peak = static_cast<std::int64_t>(saving.held_peak);
    snapshot_overlay_bytes = static_cast<std::int64_t>(figures.overlay_bytes);
    snapshot_seconds_left = seconds_left();
    current_fork_perc = base::printed("%.2f", figures.percent());
    current_save_keys_processed = static_cast<std::int64_t>(figures.keys_done);
    current_save_keys_total = static_cast<std::int64_t>(figures.keys_total);
  }

  std::int64_t seconds_left() const {
    if (!saving.is_active) return kNever;
    const double elapsed_s = static_cast<double>(clock_.steady_us() - saving.started_us) / 1e6;
    const double share = saving.percent() / 100;
    return share == 0 ? 0 : static_cast<std::int64_t>(elapsed_s * (1 - share) / share);
  }

  std::string loading_text() const {
    std::string text = base::printed(
        "loading_start_time:%lld\r\nloading_total_bytes:%llu\r\nloading_rdb_used_mem:%lld\r\n"
        "loading_loaded_bytes:%llu\r\nloading_loaded_perc:%.2f\r\nloading_eta_seconds:%lld\r\n",
        static_cast<long long>(loading.started_unix_s),
        static_cast<unsigned long long>(loading.total_bytes),
        static_cast<long long>(loading.used_bytes_then),
        static_cast<unsigned long long>(loading.loaded_bytes), loading.percent(),
        static_cast<long long>(loading.seconds_left(clock_.steady_now_us() - loading.started_us)));
    return text;
  }

  const base::Clock& clock_;
  keyspace::Keyspace& keyspace_;
  const engine::GateBoard& gates_;
  info::Gauge loading_{*this,
                       "persistence",
                       "loading",
                       {.help = "1 while a file is loaded and commands are refused."}};
  info::Gauge rdb_changes_since_last_save_{*this,
                                           "persistence",
                                           "rdb_changes_since_last_save",
                                           {.help = "Changes that no snapshot has yet."}};
  info::Lines loading_lines_{*this, "persistence"};
};

}  // namespace larder::persistence

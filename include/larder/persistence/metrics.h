#pragma once

// INFO's section persistence, and what background children count. Nothing is saved yet, so
// all but a few fields stay at what Redis shows before the first save.

#include "larder/base/clock.h"
#include "larder/engine/gates.h"
#include "larder/info/info.h"
#include "larder/keyspace/keyspace.h"

namespace larder::persistence {

class Metrics final : public info::Group {
 public:
  Metrics(info::Reporter& reporter, const base::Clock& clock, keyspace::Keyspace& keyspace,
          const engine::GateBoard& gates)
      : Group(reporter), keyspace_(keyspace), gates_(gates) {
    rdb_last_save_time = clock.unix_ms() / 1000;
    rdb_last_bgsave_time_sec = kNever;
    rdb_current_bgsave_time_sec = kNever;
    aof_last_rewrite_time_sec = kNever;
    aof_current_rewrite_time_sec = kNever;
    current_fork_perc = "0.00";
    rdb_last_bgsave_status = "ok";
    aof_last_bgrewrite_status = "ok";
    aof_last_write_status = "ok";
  }

  info::Gauge async_loading{*this, "persistence", "async_loading"};
  info::Gauge current_cow_peak{*this, "persistence", "current_cow_peak"};
  info::Gauge current_cow_size{*this, "persistence", "current_cow_size"};
  info::Gauge current_cow_size_age{*this, "persistence", "current_cow_size_age"};
  info::Text current_fork_perc{*this, "persistence", "current_fork_perc"};
  info::Gauge current_save_keys_processed{*this, "persistence", "current_save_keys_processed"};
  info::Gauge current_save_keys_total{*this, "persistence", "current_save_keys_total"};
  info::Gauge rdb_bgsave_in_progress{*this, "persistence", "rdb_bgsave_in_progress"};
  // Unix seconds; the start counts as a save.
  info::Gauge rdb_last_save_time{*this, "persistence", "rdb_last_save_time"};
  info::Text rdb_last_bgsave_status{*this, "persistence", "rdb_last_bgsave_status"};
  info::Gauge rdb_last_bgsave_time_sec{*this, "persistence", "rdb_last_bgsave_time_sec"};
  info::Gauge rdb_current_bgsave_time_sec{*this, "persistence", "rdb_current_bgsave_time_sec"};
  info::Gauge rdb_saves{*this, "persistence", "rdb_saves"};
  info::Gauge rdb_last_cow_size{*this, "persistence", "rdb_last_cow_size"};
  info::Gauge rdb_last_load_keys_expired{*this, "persistence", "rdb_last_load_keys_expired"};
  info::Gauge rdb_last_load_keys_loaded{*this, "persistence", "rdb_last_load_keys_loaded"};
  info::Gauge aof_enabled{*this, "persistence", "aof_enabled"};
  info::Gauge aof_rewrite_in_progress{*this, "persistence", "aof_rewrite_in_progress"};
  info::Gauge aof_rewrite_scheduled{*this, "persistence", "aof_rewrite_scheduled"};
  info::Gauge aof_last_rewrite_time_sec{*this, "persistence", "aof_last_rewrite_time_sec"};
  info::Gauge aof_current_rewrite_time_sec{*this, "persistence", "aof_current_rewrite_time_sec"};
  info::Text aof_last_bgrewrite_status{*this, "persistence", "aof_last_bgrewrite_status"};
  info::Gauge aof_rewrites{*this, "persistence", "aof_rewrites"};
  info::Gauge aof_rewrites_consecutive_failures{*this, "persistence",
                                                "aof_rewrites_consecutive_failures"};
  info::Text aof_last_write_status{*this, "persistence", "aof_last_write_status"};
  info::Gauge aof_last_cow_size{*this, "persistence", "aof_last_cow_size"};
  info::Gauge module_fork_in_progress{*this, "persistence", "module_fork_in_progress"};
  info::Gauge module_fork_last_cow_size{*this, "persistence", "module_fork_last_cow_size"};

  info::Gauge eventloop_duration_aof_sum{*this, "debug", "eventloop_duration_aof_sum"};
  info::Gauge latest_fork_usec{*this, "stats", "latest_fork_usec"};
  info::Counter total_forks{*this, "stats", "total_forks"};
  info::Counter dump_payload_sanitizations{*this, "stats", "dump_payload_sanitizations"};

  void refresh() override {
    loading_ = (gates_.closed() & bit(engine::Gate::loading)) != 0 ? 1 : 0;
    rdb_changes_since_last_save_ = static_cast<std::int64_t>(keyspace_.log().changes());
  }

 private:
  static constexpr std::int64_t kNever = -1;

  keyspace::Keyspace& keyspace_;
  const engine::GateBoard& gates_;
  info::Gauge loading_{*this, "persistence", "loading"};
  info::Gauge rdb_changes_since_last_save_{*this, "persistence", "rdb_changes_since_last_save"};
};

}  // namespace larder::persistence

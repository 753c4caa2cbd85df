#include "metric_notes.h"

#include <algorithm>
#include <iterator>

namespace larder::info {
namespace {

constexpr auto kCounter = MetricKind::counter;
constexpr auto kGauge = MetricKind::gauge;
constexpr auto kHidden = MetricKind::hidden;

// By the names of the fields.
constexpr MetricNote kNotes[] = {
    {"acl_access_denied_auth", "Logins with a wrong name or password."},
    {"acl_access_denied_channel", "Commands refused for a channel that the user may not use."},
    {"acl_access_denied_cmd", "Commands refused because the user may not run them."},
    {"acl_access_denied_key", "Commands refused for a key that the user may not touch."},
    {"allocator_active", "Bytes in pages that hold allocations.", "allocator_active_bytes"},
    {"allocator_allocated", "Bytes that the allocator handed out.", "allocator_allocated_bytes"},
    {"allocator_frag_bytes", "Bytes of active pages that hold no allocation."},
    {"allocator_frag_ratio", "Active pages to what was handed out."},
    {"allocator_resident", "Bytes of pages that the allocator holds.", "allocator_resident_bytes"},
    {"aof_rewrites", "Rewrites of the append-only file.", {}, kCounter},
    {"big_keys_walks", "Walks over all keys that looked for the largest."},
    {"blocked_clients", "Clients that wait for keys."},
    {"client_query_buffer_limit_disconnections",
     "Clients disconnected because their unfinished requests were too long."},
    {"client_recent_max_input_buffer", "Largest input buffer of a client lately.",
     "client_recent_max_input_buffer_bytes"},
    {"client_recent_max_output_buffer", "Largest output buffer of a client lately.",
     "client_recent_max_output_buffer_bytes"},
    {"connected_clients", "Connections of clients."},
    {"connected_slaves", "Replicas that are connected.", "connected_replicas"},
    {"current_active_defrag_time", "Time that the running defragmentation took.",
     "current_active_defrag_seconds", kGauge, 3},
    {"current_eviction_exceeded_time", "Time that memory has stood over the limit by now.",
     "current_eviction_exceeded_seconds", kGauge, 3},
    {"eventloop_cmd_per_cycle_max", "Most commands in a turn of the event loop."},
    {"eventloop_cycles", "Turns of the event loop.", {}, kCounter},
    {"eventloop_duration_aof_sum", "Time spent in writing the append-only file.",
     "eventloop_aof_seconds", kCounter, 6},
    {"eventloop_duration_cmd_sum", "Time spent in commands.", "eventloop_command_seconds", kCounter,
     6},
    {"eventloop_duration_cron_sum", "Time spent in periodic work.", "eventloop_cron_seconds",
     kCounter, 6},
    {"eventloop_duration_max", "Longest turn of the event loop.", "eventloop_longest_turn_seconds",
     kGauge, 6},
    {"eventloop_duration_sum", "Time that the event loop worked.", "eventloop_busy_seconds",
     kCounter, 6},
    {"evicted_clients", "Clients disconnected for the memory of their buffers."},
    {"evicted_keys", "Keys removed because memory ran out."},
    {"expire_cycle_cpu_milliseconds", "Time spent in looking for expired keys.",
     "expire_cycle_seconds", kCounter, 3},
    {"expired_keys", "Keys removed because their time had passed."},
    {"expired_stale_perc", "Share of the keys with a deadline that had passed it."},
    {"expired_subkeys", "Fields of hashes removed because their time had passed."},
    {"expired_unfreed_bytes", "Bytes of what was found past its deadline and still takes memory.",
     {}, kGauge},
    {"expired_unfreed_keys", "Keys found past their deadline that still take memory."},
    {"hot_keys_samples", "Keys of commands that were looked at for the most used."},
    {"instantaneous_eventloop_duration_usec", "Mean time of a turn lately.",
     "instantaneous_eventloop_duration_seconds", kGauge, 6},
    {"instantaneous_ops_per_sec", "Commands per second lately."},
    {"keyspace_hits", "Lookups that found their key."},
    {"keyspace_misses", "Lookups that did not."},
    {"latest_fork_usec", "Time that the last fork took.", "latest_fork_seconds", kGauge, 6},
    {"lazyfree_pending_objects", "Removed values that are not freed yet."},
    {"lazyfreed_objects", "Values freed after their removal."},
    {"loading", "1 while a file is loaded and commands are refused."},
    {"maxclients", "Most clients at a time."},
    {"maxmemory", "The limit of memory; 0 is none.", "maxmemory_bytes"},
    {"mem_aof_buffer", "Bytes that wait for the append-only file.", "mem_aof_buffer_bytes"},
    {"mem_clients_normal", "Bytes of clients' sessions and buffers.", "mem_clients_normal_bytes"},
    {"mem_clients_slaves", "Bytes of replicas' buffers.", "mem_clients_replicas_bytes"},
    {"mem_cluster_links", "Bytes of links between the nodes of a cluster.",
     "mem_cluster_links_bytes"},
    {"mem_fragmentation_bytes", "Resident memory less what is used."},
    {"mem_fragmentation_ratio", "Resident memory to what is used."},
    {"mem_not_counted_for_evict", "Bytes that the limit does not count.",
     "mem_not_counted_for_evict_bytes"},
    {"mem_replication_backlog", "Bytes of the replication backlog.",
     "mem_replication_backlog_bytes"},
    {"mem_total_replication_buffers", "Bytes of all replication buffers.",
     "mem_total_replication_buffers_bytes"},
    {"memory_bytes", "Bytes that each owner holds; their sum is the memory used."},
    {"metrics_last_scrape_usec", "What the last scrape held up the server for.",
     "metrics_last_scrape_seconds", kGauge, 6},
    {"metrics_scrapes", "Scrapes of the metrics port."},
    {"pubsub_channels", "Channels that somebody listens to."},
    {"pubsub_patterns", "Patterns that somebody listens to."},
    {"rdb_changes_since_last_save", "Changes that no snapshot has yet."},
    {"rdb_last_save_time", "When the last snapshot was written, as Unix time.",
     "rdb_last_save_timestamp_seconds"},
    {"rdb_saves", "Snapshots written.", {}, kCounter},
    {"rejected_connections", "Connections refused, for their number or for protection."},
    {"repl_backlog_histlen", "Bytes in the replication backlog.", "repl_backlog_used_bytes"},
    {"repl_backlog_size", "Size of the replication backlog.", "repl_backlog_size_bytes"},
    {"rss_overhead_bytes", "Resident memory less what the allocator holds."},
    {"server_time_usec", "The server's clock, as Unix time.", "server_time_seconds", kGauge, 6},
    {"total_active_defrag_time", "Time spent in defragmentation.", "active_defrag_seconds",
     kCounter, 3},
    {"total_blocking_keys", "Keys that clients wait for.", "blocking_keys"},
    {"total_blocking_keys_on_nokey", "Keys that clients wait for and would hear the removal of.",
     "blocking_keys_on_nokey"},
    {"total_commands_processed", "Commands that ran."},
    {"total_connections_received", "Connections accepted."},
    {"total_error_replies", "Errors answered."},
    {"total_eviction_exceeded_time", "Time that memory stood over the limit.",
     "eviction_exceeded_seconds", kCounter, 3},
    {"total_net_input_bytes", "Bytes received from clients."},
    {"total_net_output_bytes", "Bytes sent to clients."},
    {"total_system_memory", "Memory of the machine.", "system_memory_bytes"},
    {"total_watched_keys", "Keys watched for transactions.", "watched_keys"},
    {"tracking_clients", "Clients that are told of changes to what they cached."},
    {"uptime_in_days", {}, {}, kHidden},
    {"uptime_in_seconds", "Time since the start.", "uptime_seconds"},
    {"used_cpu_sys", "Processor time of the system's for this process.", "cpu_sys_seconds",
     kCounter},
    {"used_cpu_sys_children", "The same of its children.", "cpu_sys_children_seconds", kCounter},
    {"used_cpu_sys_main_thread", "The same of its main thread.", "cpu_sys_main_thread_seconds",
     kCounter},
    {"used_cpu_user", "Processor time of this process.", "cpu_user_seconds", kCounter},
    {"used_cpu_user_children", "The same of its children.", "cpu_user_children_seconds", kCounter},
    {"used_cpu_user_main_thread", "The same of its main thread.", "cpu_user_main_thread_seconds",
     kCounter},
    {"used_memory", "Bytes used: the sum of the owners.", "used_memory_bytes"},
    {"used_memory_dataset", "Bytes of keys and values.", "used_memory_dataset_bytes"},
    {"used_memory_dataset_perc", "Keys and values to all that came after the start."},
    {"used_memory_functions", "Bytes of functions.", "used_memory_functions_bytes"},
    {"used_memory_lua", {}, {}, kHidden},
    {"used_memory_overhead", "Bytes of what is neither key nor value.",
     "used_memory_overhead_bytes"},
    {"used_memory_peak", "Most bytes ever used.", "used_memory_peak_bytes"},
    {"used_memory_peak_perc", "Bytes used to the most ever used."},
    {"used_memory_rss", "Bytes of memory that the process occupies.", "used_memory_rss_bytes"},
    {"used_memory_scripts", "Bytes of scripts and functions.", "used_memory_scripts_bytes"},
    {"used_memory_scripts_eval", "Bytes of scripts.", "used_memory_scripts_eval_bytes"},
    {"used_memory_startup", "Bytes used when the server had started.",
     "used_memory_startup_bytes"},
    {"used_memory_vm_eval", "Bytes of the interpreter of scripts.", "used_memory_vm_eval_bytes"},
    {"used_memory_vm_functions", "Bytes of the interpreter of functions.",
     "used_memory_vm_functions_bytes"},
    {"used_memory_vm_total", "Bytes of both interpreters.", "used_memory_vm_total_bytes"},
};

constexpr bool stands_before(const MetricNote& note, std::string_view field) {
  return note.field < field;
}

constexpr bool is_in_order() {
  for (std::size_t i = 1; i < std::size(kNotes); ++i) {
    if (!stands_before(kNotes[i - 1], kNotes[i].field)) return false;
  }
  return true;
}
static_assert(is_in_order(), "found by halving");

constexpr LineFigure kDatabase[] = {
    {"keys", "db_keys", kGauge, 0, "Keys of a database."},
    {"expires", "db_keys_expiring", kGauge, 0, "Keys of a database that have a deadline."},
    {"avg_ttl", "db_avg_ttl_seconds", kGauge, 3, "Mean time left to keys that have a deadline."},
};
constexpr LineFigure kCommand[] = {
    {"calls", "commands", kCounter, 0, "Calls of a command."},
    {"usec", "commands_duration_seconds", kCounter, 6, "Time spent in a command."},
    {"rejected_calls", "commands_rejected_calls", kCounter, 0,
     "Calls of a command refused before it ran."},
    {"failed_calls", "commands_failed_calls", kCounter, 0, "Calls of a command that failed."},
};
constexpr LineFigure kError[] = {
    {"count", "errors", kCounter, 0, "Errors answered, by the first word of their text."},
};
constexpr LineFigure kReplica[] = {
    {"offset", "replica_offset_bytes", kGauge, 0, "How far a replica has come."},
    {"lag", "replica_lag_seconds", kGauge, 0, "Time since a replica was last heard of."},
};

constexpr LineNote kLines[] = {
    {"keyspace", "db", "db", kDatabase},
    {"commandstats", "cmdstat_", "cmd", kCommand},
    {"errorstats", "errorstat_", "code", kError},
    {"latencystats", "latency_percentiles_usec_", "cmd", {}, "command_latency_seconds",
     "Time that calls of a command took."},
    {"replication", "slave", "replica", kReplica},
};

}  // namespace

const MetricNote* find_note(std::string_view field) {
  const auto* found = std::lower_bound(std::begin(kNotes), std::end(kNotes), field, stands_before);
  return found == std::end(kNotes) || found->field != field ? nullptr : found;
}

std::span<const LineNote> line_notes() { return kLines; }

}  // namespace larder::info

#pragma once

// The directives of replication.

#include <climits>

#include "larder/config/config.h"
#include "larder/config/lists.h"

namespace larder::replication {

enum class DisklessLoad { disabled, on_empty_db, swapdb };
enum class PropagationError { ignore, panic, panic_on_replicas };

struct Settings : config::Group {
  explicit Settings(config::Registry& registry) : Group(registry, "Replication") {}

  config::Endpoint replicaof{*this,
                             {.name = "replicaof",
                              .alias = "slaveof",
                              .refusal = "Invalid master port",
                              .traits = config::kImmutable,
                              .help = "Host and port of the primary to copy."}};
  config::Text masteruser{*this,
                          {.name = "masteruser",
                           .traits = config::kSensitive,
                           .help = "User to log in to the primary as."}};
  config::Text masterauth{*this,
                          {.name = "masterauth",
                           .traits = config::kSensitive,
                           .help = "Password to log in to the primary with."}};
  config::Toggle replica_serve_stale_data{
      *this,
      {.name = "replica-serve-stale-data",
       .alias = "slave-serve-stale-data",
       .fallback = true,
       .help = "Reply with the data that exists while the primary cannot be reached or the copy is "
               "incomplete; otherwise refuse."}};
  config::Toggle replica_read_only{*this,
                                   {.name = "replica-read-only",
                                    .alias = "slave-read-only",
                                    .fallback = true,
                                    .help = "Refuse writes from clients on a replica."}};
  config::Toggle replica_lazy_flush{
      *this,
      {.name = "replica-lazy-flush",
       .alias = "slave-lazy-flush",
       .fallback = false,
       .help = "Free the old data in the background before a full copy is loaded."}};
  config::Integer replica_priority{
      *this,
      {.name = "replica-priority",
       .alias = "slave-priority",
       .fallback = 100,
       .range = {0, INT_MAX},
       .help = "Rank in a failover: the lowest number is promoted first, 0 never."}};
  config::Toggle replica_announced{*this,
                                   {.name = "replica-announced",
                                    .fallback = true,
                                    .help = "Let Sentinel name this replica to clients."}};
  config::Text replica_announce_ip{*this,
                                   {.name = "replica-announce-ip",
                                    .alias = "slave-announce-ip",
                                    .help = "Address that this replica reports instead of its "
                                            "own."}};
  config::Integer replica_announce_port{
      *this,
      {.name = "replica-announce-port",
       .alias = "slave-announce-port",
       .fallback = 0,
       .range = {0, 65535},
       .help = "Port that this replica reports; 0 means its own."}};
  config::Toggle replica_ignore_disk_write_errors{
      *this,
      {.name = "replica-ignore-disk-write-errors",
       .fallback = false,
       .help = "Let a replica continue when it cannot write to disk; otherwise it stops."}};
  config::Integer min_replicas_to_write{*this,
                                        {.name = "min-replicas-to-write",
                                         .alias = "min-slaves-to-write",
                                         .fallback = 0,
                                         .range = {0, INT_MAX},
                                         .help = "Refuse writes if fewer replicas than this are "
                                                 "connected and up to date; 0 disables this."}};
  config::Integer min_replicas_max_lag{
      *this,
      {.name = "min-replicas-max-lag",
       .alias = "min-slaves-max-lag",
       .fallback = 10,
       .range = {0, INT_MAX},
       .help = "Seconds since the last message of a replica up to which it counts as up to date."}};
  // CONFIG SET raises a smaller size to this one.
  static constexpr std::int64_t kLeastBacklog = 16 << 10;
  config::Bytes repl_backlog_size{*this,
                                  {.name = "repl-backlog-size",
                                   .fallback = 1 << 20,
                                   .range = {1, INT64_MAX},
                                   .help = "Bytes of changes that are kept for disconnected "
                                           "replicas, so that they need no full copy."}};
  config::Bytes repl_spill_size{
      *this,
      {.name = "repl-spill-size",
       .fallback = -50,
       .range = {0, INT64_MAX},
       .percent = true,
       .help = "Maximum bytes on disk for changes that do not fit into repl-backlog-size and that "
               "replicas still need, including those that disconnected less than "
               "repl-backlog-ttl seconds ago. A share of the free space of the disk, such as 50%, "
               "is at most four times maxmemory. 0 keeps such changes in memory."}};
  config::Integer repl_backlog_ttl{
      *this,
      {.name = "repl-backlog-ttl",
       .fallback = 3600,
       .range = {0, INT64_MAX},
       .help =
           "Seconds without replicas after which the kept changes are dropped; 0 means never."}};
  config::Integer repl_timeout{*this,
                               {.name = "repl-timeout",
                                .fallback = 60,
                                .range = {1, INT_MAX},
                                .help = "Seconds without traffic after which the link between "
                                        "primary and replica is considered broken."}};
  config::Integer repl_ping_replica_period{
      *this,
      {.name = "repl-ping-replica-period",
       .alias = "repl-ping-slave-period",
       .fallback = 10,
       .range = {1, INT_MAX},
       .help = "Seconds between two pings of the primary to its replicas."}};
  config::Toggle repl_disable_tcp_nodelay{
      *this,
      {.name = "repl-disable-tcp-nodelay",
       .fallback = false,
       .help = "Send fewer and larger packets to replicas, with more delay."}};
  config::Toggle repl_diskless_sync{
      *this,
      {.name = "repl-diskless-sync",
       .fallback = true,
       .help = "Send a full copy directly to the replicas without writing it to disk."}};
  config::Integer repl_diskless_sync_delay{
      *this,
      {.name = "repl-diskless-sync-delay",
       .fallback = 5,
       .range = {0, INT_MAX},
       .help = "Seconds to wait for more replicas before a diskless copy starts."}};
  config::Integer repl_diskless_sync_max_replicas{
      *this,
      {.name = "repl-diskless-sync-max-replicas",
       .fallback = 0,
       .range = {0, INT_MAX},
       .help = "Start a diskless copy at once if this many replicas wait; 0 waits for the whole "
               "delay."}};
  config::Choice repl_diskless_load{*this,
                                    {.name = "repl-diskless-load",
                                     .fallback = 0,
                                     .words = {"disabled", "on-empty-db", "swapdb"},
                                     .traits = config::kDeniedLoading,
                                     .help = "Load a full copy directly from the link: never, if "
                                             "there is no data yet, or beside the old data, which "
                                             "goes when the copy is complete (swapdb)."}};
  config::Choice propagation_error_behavior{
      *this,
      {.name = "propagation-error-behavior",
       .fallback = 0,
       .words = {"ignore", "panic", "panic-on-replicas"},
       .help = "What to do when a command from the primary or the append-only file fails."}};
};

}  // namespace larder::replication

#pragma once

// What INFO's section replication has on a replica alone.

#include "larder/info/info.h"
#include "larder/replication/replica.h"

namespace larder::replication {

class ReplicaMetrics final : public info::Group {
 public:
  ReplicaMetrics(info::Reporter& reporter, const Replica& replica)
      : Group(reporter), replica_(replica) {}

  void refresh() override;

 private:
  void refresh_link();
  void refresh_copying();

  const Replica& replica_;
  info::Text host_{*this, "replication", "master_host"};
  info::Gauge port_{*this, "replication", "master_port", {.help = "Port of the primary."}};
  info::Text status_{*this, "replication", "master_link_status"};
  info::Gauge idle_{*this,
                    "replication",
                    "master_last_io_seconds_ago",
                    {.help = "Seconds since the primary sent anything; -1 without a link."}};
  info::Gauge syncing_{*this,
                       "replication",
                       "master_sync_in_progress",
                       {.help = "1 while a full copy is received or loaded."}};
  info::Gauge read_offset_{*this,
                           "replication",
                           "slave_read_repl_offset",
                           {.help = "Offset of the stream that was received."}};
  info::Gauge offset_{
      *this, "replication", "slave_repl_offset", {.help = "Offset of the stream that has run."}};
  info::Gauge copy_bytes_{*this,
                          "replication",
                          "master_sync_total_bytes",
                          {.help = "Bytes of the full copy; 0 if the primary did not say."}};
  info::Gauge copied_{*this,
                      "replication",
                      "master_sync_read_bytes",
                      {.help = "Bytes of the full copy that were received."}};
  info::Gauge copy_left_{*this,
                         "replication",
                         "master_sync_left_bytes",
                         {.help = "Bytes of the full copy that are missing."}};
  info::Text copy_percent_{*this, "replication", "master_sync_perc"};
  info::Gauge copy_idle_{*this,
                         "replication",
                         "master_sync_last_io_seconds_ago",
                         {.help = "Seconds since bytes of the full copy arrived."}};
  info::Gauge down_{*this,
                    "replication",
                    "master_link_down_since_seconds",
                    {.help = "Seconds since the link broke; -1 if it never was up."}};
  info::Gauge priority_{
      *this, "replication", "slave_priority", {.help = "Rank in a failover; 0: never promoted."}};
  info::Gauge read_only_{
      *this, "replication", "slave_read_only", {.help = "1 if writes of clients are refused."}};
  info::Gauge announced_{*this,
                         "replication",
                         "replica_announced",
                         {.help = "1 if Sentinel names this replica to clients."}};
};

}  // namespace larder::replication

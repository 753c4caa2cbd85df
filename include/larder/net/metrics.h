#pragma once

// What the network counts.

#include "larder/info/info.h"

namespace larder::net {

struct Metrics : info::Group {
  using Group::Group;
  info::Counter connections_received{*this, "stats", "total_connections_received"};
  info::Counter input_bytes{*this, "stats", "total_net_input_bytes"};
  info::Counter output_bytes{*this, "stats", "total_net_output_bytes"};
  info::Counter rejected_connections{*this, "stats", "rejected_connections"};
  // Disconnected for the sake of maxmemory-clients.
  info::Counter evicted_clients{*this, "stats", "evicted_clients"};
  info::Counter reads_processed{*this, "stats", "total_reads_processed"};
  info::Counter writes_processed{*this, "stats", "total_writes_processed"};
  // One thread reads and writes, and replies stand in chunks of one size: these stay zero.
  info::Counter io_threaded_reads{*this, "stats", "io_threaded_reads_processed"};
  info::Counter io_threaded_writes{*this, "stats", "io_threaded_writes_processed"};
  info::Counter reply_buffer_shrinks{*this, "stats", "reply_buffer_shrinks"};
  info::Counter reply_buffer_expands{*this, "stats", "reply_buffer_expands"};
  info::Counter output_limit_disconnections{*this, "stats",
                                            "client_output_buffer_limit_disconnections"};
  info::Counter query_limit_disconnections{*this, "stats",
                                           "client_query_buffer_limit_disconnections"};
};

}  // namespace larder::net

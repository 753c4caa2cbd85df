#pragma once

// The counters of the network.

#include "larder/info/info.h"

namespace larder::net {

struct Metrics : info::Group {
  using Group::Group;
  info::Counter connections_received{
      *this, "stats", "total_connections_received", {.help = "Connections accepted."}};
  info::Counter input_bytes{
      *this, "stats", "total_net_input_bytes", {.help = "Bytes received from clients."}};
  info::Counter output_bytes{
      *this, "stats", "total_net_output_bytes", {.help = "Bytes sent to clients."}};
  info::Counter rejected_connections{
      *this,
      "stats",
      "rejected_connections",
      {.help = "Connections refused by maxclients or protected mode."}};
  // Disconnected because of maxmemory-clients.
  info::Counter evicted_clients{
      *this,
      "stats",
      "evicted_clients",
      {.help = "Clients disconnected because of the memory of their buffers."}};
  info::Counter reads_processed{
      *this, "stats", "total_reads_processed", {.help = "Reads from sockets."}};
  info::Counter writes_processed{
      *this, "stats", "total_writes_processed", {.help = "Writes to sockets."}};
  // There is one thread for reads and writes, and reply chunks have one size: these stay zero.
  info::Counter io_threaded_reads{*this,
                                  "stats",
                                  "io_threaded_reads_processed",
                                  {.help = "Reads by threads; Larder has one thread."}};
  info::Counter io_threaded_writes{*this,
                                   "stats",
                                   "io_threaded_writes_processed",
                                   {.help = "Writes by threads; Larder has one thread."}};
  info::Counter reply_buffer_shrinks{
      *this,
      "stats",
      "reply_buffer_shrinks",
      {.help = "Reply buffers made smaller; Larder's have one size."}};
  info::Counter reply_buffer_expands{
      *this,
      "stats",
      "reply_buffer_expands",
      {.help = "Reply buffers made larger; Larder's have one size."}};
  info::Counter output_limit_disconnections{
      *this,
      "stats",
      "client_output_buffer_limit_disconnections",
      {.help = "Clients disconnected by client-output-buffer-limit."}};
  info::Counter query_limit_disconnections{
      *this,
      "stats",
      "client_query_buffer_limit_disconnections",
      {.help = "Clients disconnected by client-query-buffer-limit."}};
};

}  // namespace larder::net

#pragma once

// The memory budget of clients in INFO memory.

#include "larder/eviction/settings.h"
#include "larder/info/info.h"
#include "larder/net/connections.h"

namespace larder::net {

class BudgetMetrics final : public info::Group {
 public:
  BudgetMetrics(info::Reporter& reporter, const eviction::Settings& settings,
                const Connections& connections)
      : Group(reporter), settings_(settings), connections_(connections) {}
  void refresh() override;

 private:
  const eviction::Settings& settings_;
  const Connections& connections_;

  // The budget in bytes, 0 if there is none; the memory of all clients, including replicas; and the
  // number of clients that are not read because of their unsent output.
  info::Gauge budget_{
      *this,
      "memory",
      "maxmemory_clients",
      {.help = "The memory budget of clients; 0 means none.", .name = "maxmemory_clients_bytes"}};
  info::Gauge total_{
      *this,
      "memory",
      "mem_clients_total",
      {.help = "Bytes of all clients that count for their budget.", .name = "mem_clients_bytes"}};
  info::Gauge paused_{
      *this,
      "memory",
      "clients_paused_reading",
      {.help = "Clients that are not read until they have received some of their replies."}};
};

}  // namespace larder::net

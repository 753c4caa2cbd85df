#pragma once

// INFO's section cluster, and the counters of cluster mode, which does not exist yet.

#include "larder/info/info.h"

namespace larder::cluster {

struct Metrics final : info::Group {
  using Group::Group;
  info::Gauge cluster_enabled{
      *this, "cluster", "cluster_enabled", {.help = "1 as a node of a cluster."}};
  info::Gauge migrate_cached_sockets{
      *this, "stats", "migrate_cached_sockets", {.help = "Connections that MIGRATE keeps open."}};
};

}  // namespace larder::cluster

#pragma once

// How much is remembered for clients that keep caches of their own.

#include "larder/info/info.h"

namespace larder::engine {

struct TrackingMetrics final : info::Group {
  using Group::Group;
  info::Gauge keys{*this, "stats", "tracking_total_keys"};
  info::Gauge items{*this, "stats", "tracking_total_items"};
  info::Gauge prefixes{*this, "stats", "tracking_total_prefixes"};
};

}  // namespace larder::engine

#pragma once

// How much is subscribed to.

#include "larder/info/info.h"

namespace larder::pubsub {

struct Metrics final : info::Group {
  using Group::Group;
  info::Gauge channels{*this, "stats", "pubsub_channels"};
  info::Gauge patterns{*this, "stats", "pubsub_patterns"};
  info::Gauge shard_channels{*this, "stats", "pubsubshard_channels"};
};

}  // namespace larder::pubsub

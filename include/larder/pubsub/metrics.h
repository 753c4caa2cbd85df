#pragma once

// The numbers of channels, patterns and subscribers.

#include "larder/info/info.h"
#include "larder/pubsub/hub.h"

namespace larder::pubsub {

class Metrics final : public info::Group {
 public:
  Metrics(info::Reporter& reporter, const Hub& hub) : Group(reporter), hub_(hub) {}

  void refresh() override {
    clients_ = static_cast<std::int64_t>(hub_.subscribers());
    channels_ = static_cast<std::int64_t>(hub_.topics(Kind::channel));
    patterns_ = static_cast<std::int64_t>(hub_.topics(Kind::pattern));
    shard_channels_ = static_cast<std::int64_t>(hub_.topics(Kind::shard));
  }

 private:
  const Hub& hub_;

  info::Gauge clients_{*this, "clients", "pubsub_clients", {.help = "Clients with subscriptions."}};
  info::Gauge channels_{
      *this, "stats", "pubsub_channels", {.help = "Channels that have subscribers."}};
  info::Gauge patterns_{
      *this, "stats", "pubsub_patterns", {.help = "Patterns that have subscribers."}};
  info::Gauge shard_channels_{
      *this, "stats", "pubsubshard_channels", {.help = "Sharded channels that have subscribers."}};
};

}  // namespace larder::pubsub

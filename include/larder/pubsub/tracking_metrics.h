#pragma once

// The number of tracking clients, and the size of their tables.

#include "larder/info/info.h"
#include "larder/pubsub/tracking.h"

namespace larder::pubsub {

class TrackingMetrics final : public info::Group {
 public:
  TrackingMetrics(info::Reporter& reporter, const Tracking& tracking)
      : Group(reporter), tracking_(tracking) {}

  void refresh() override {
    clients_ = static_cast<std::int64_t>(tracking_.clients());
    keys_ = static_cast<std::int64_t>(tracking_.keys().size());
    items_ = static_cast<std::int64_t>(tracking_.keys().items());
    prefixes_ = static_cast<std::int64_t>(tracking_.prefixes().size());
  }

 private:
  const Tracking& tracking_;

  info::Gauge clients_{
      *this, "clients", "tracking_clients", {.help = "Clients with client-side caching."}};
  info::Gauge keys_{*this,
                    "stats",
                    "tracking_total_keys",
                    {.help = "Keys in the tracking table.", .name = "tracking_keys"}};
  info::Gauge items_{
      *this,
      "stats",
      "tracking_total_items",
      {.help = "Pairs of client and key in the tracking table.", .name = "tracking_items"}};
  info::Gauge prefixes_{*this,
                        "stats",
                        "tracking_total_prefixes",
                        {.help = "Prefixes that clients track.", .name = "tracking_prefixes"}};
};

}  // namespace larder::pubsub

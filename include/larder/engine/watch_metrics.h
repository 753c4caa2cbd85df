#pragma once

// Who watches keys, as INFO's section clients tells it.

#include "larder/engine/watch_set.h"
#include "larder/info/info.h"

namespace larder::engine {

class WatchMetrics final : public info::Group {
 public:
  WatchMetrics(info::Reporter& reporter, const WatchSet& watches)
      : Group(reporter), watches_(watches) {}

  void refresh() override {
    watching_clients_ = static_cast<std::int64_t>(watches_.sessions());
    total_watched_keys_ = static_cast<std::int64_t>(watches_.keys());
  }

 private:
  const WatchSet& watches_;

  info::Gauge watching_clients_{
      *this, "clients", "watching_clients", {.help = "Clients that watch keys."}};
  info::Gauge total_watched_keys_{
      *this,
      "clients",
      "total_watched_keys",
      {.help = "Keys watched for transactions.", .name = "watched_keys"}};
};

}  // namespace larder::engine

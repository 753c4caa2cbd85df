#pragma once

// Sessions that wait, for keys or for the end of a pause, and sessions that watch keys, in the
// section clients of INFO.

#include "larder/engine/pause.h"
#include "larder/engine/waiters.h"
#include "larder/engine/watch_set.h"
#include "larder/info/info.h"

namespace larder::engine {

class SessionMetrics final : public info::Group {
 public:
  SessionMetrics(info::Reporter& reporter, const Waiters& waiters, const Pause& pause,
                 const WatchSet& watches)
      : Group(reporter), waiters_(waiters), pause_(pause), watches_(watches) {}

  void refresh() override {
    blocked_clients_ =
        static_cast<std::int64_t>(waiters_.sessions() + waiters_.held() + pause_.held());
    clients_in_timeout_table_ = static_cast<std::int64_t>(waiters_.with_deadline());
    total_blocking_keys_ = static_cast<std::int64_t>(waiters_.keys());
    total_blocking_keys_on_nokey_ = static_cast<std::int64_t>(waiters_.keys_awaiting_removal());
    watching_clients_ = static_cast<std::int64_t>(watches_.sessions());
    total_watched_keys_ = static_cast<std::int64_t>(watches_.keys());
  }

 private:
  const Waiters& waiters_;
  const Pause& pause_;
  const WatchSet& watches_;

  info::Gauge blocked_clients_{
      *this, "clients", "blocked_clients", {.help = "Clients that wait for keys."}};
  info::Gauge clients_in_timeout_table_{*this,
                                        "clients",
                                        "clients_in_timeout_table",
                                        {.help = "Clients that wait for keys with a timeout."}};
  info::Gauge total_blocking_keys_{
      *this,
      "clients",
      "total_blocking_keys",
      {.help = "Keys that clients wait for.", .name = "blocking_keys"}};
  info::Gauge total_blocking_keys_on_nokey_{
      *this,
      "clients",
      "total_blocking_keys_on_nokey",
      {.help = "Keys that clients wait for, and whose removal unblocks them.",
       .name = "blocking_keys_on_nokey"}};
  info::Gauge watching_clients_{
      *this, "clients", "watching_clients", {.help = "Clients that watch keys."}};
  info::Gauge total_watched_keys_{
      *this,
      "clients",
      "total_watched_keys",
      {.help = "Keys watched for transactions.", .name = "watched_keys"}};
};

}  // namespace larder::engine

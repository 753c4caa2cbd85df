#pragma once

// The directives of keyspace notifications and of client-side caching.

#include <cstdint>

#include "larder/config/config.h"
#include "larder/config/lists.h"

namespace larder::pubsub {

// Bits of notify-keyspace-events.
enum NotifyClass : std::uint32_t {
  kNotifyKeyspace = 1 << 0,
  kNotifyKeyevent = 1 << 1,
  kNotifyGeneric = 1 << 2,
  kNotifyString = 1 << 3,
  kNotifyList = 1 << 4,
  kNotifySet = 1 << 5,
  kNotifyHash = 1 << 6,
  kNotifySortedSet = 1 << 7,
  kNotifyExpired = 1 << 8,
  kNotifyEvicted = 1 << 9,
  kNotifyStream = 1 << 10,
  kNotifyMiss = 1 << 11,
  kNotifyModule = 1 << 12,
  kNotifyNew = 1 << 13,
  kNotifyAll = kNotifyGeneric | kNotifyString | kNotifyList | kNotifySet | kNotifyHash |
               kNotifySortedSet | kNotifyExpired | kNotifyEvicted | kNotifyStream | kNotifyModule,
};

struct Settings : config::Group {
  explicit Settings(config::Registry& registry) : Group(registry, "Notifications") {}

  config::Letters notify_keyspace_events{
      *this,
      {.name = "notify-keyspace-events",
       .letters = {{'A', kNotifyAll},
                   {'g', kNotifyGeneric},
                   {'$', kNotifyString},
                   {'l', kNotifyList},
                   {'s', kNotifySet},
                   {'h', kNotifyHash},
                   {'z', kNotifySortedSet},
                   {'x', kNotifyExpired},
                   {'e', kNotifyEvicted},
                   {'t', kNotifyStream},
                   {'d', kNotifyModule},
                   {'n', kNotifyNew},
                   {'K', kNotifyKeyspace},
                   {'E', kNotifyKeyevent},
                   {'m', kNotifyMiss}},
       .refusal = "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.",
       .help =
           "Which keyspace events are published: K by key, E by event, and at least one class: g "
           "generic, $ strings, l lists, s sets, h hashes, z sorted sets, x expired, e evicted, t "
           "streams, d modules, A all of these; m misses, n new keys. Empty publishes none."}};
};

struct TrackingSettings : config::Group {
  explicit TrackingSettings(config::Registry& registry) : Group(registry, "Client-side caching") {}

  config::Integer tracking_table_max_keys{
      *this,
      {.name = "tracking-table-max-keys",
       .fallback = 1000000,
       .range = {0, INT64_MAX},
       .help = "Maximum number of keys that are remembered for client-side caching; above it keys "
               "are dropped and their clients get an invalidation. 0 means no limit."}};
};

}  // namespace larder::pubsub

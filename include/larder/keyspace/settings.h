#pragma once

// The directives of the keyspace: databases, how uses are recorded, how values are freed.

#include <climits>

#include "larder/config/config.h"

namespace larder::keyspace {

// More would cost tens of megabytes even if they are empty.
inline constexpr std::int64_t kMostDatabases = 65536;

struct Settings : config::Group {
  explicit Settings(config::Registry& registry) : Group(registry, "Keyspace") {}

  config::Integer databases{*this,
                            {.name = "databases",
                             .fallback = 16,
                             .range = {1, kMostDatabases},
                             .traits = config::kImmutable,
                             .help = "Number of databases; SELECT takes 0 up to this number minus "
                                     "one. Each takes about 600 bytes."}};
  config::Integer lfu_log_factor{
      *this,
      {.name = "lfu-log-factor",
       .fallback = 10,
       .range = {0, INT_MAX},
       .help = "How slowly the access counter of an LFU policy grows: with 10 it reaches its "
               "maximum after about a million accesses, with 0 after 255."}};
  config::Integer lfu_decay_time{
      *this,
      {.name = "lfu-decay-time",
       .fallback = 1,
       .range = {0, INT_MAX},
       .help = "Minutes without an access after which the access counter of an LFU policy is "
               "decremented; 0 means never."}};
  config::Toggle big_keys_tracking{
      *this,
      {.name = "big-keys-tracking",
       .fallback = true,
       .help = "Track the largest keys of each type, for KEYSTATS BIG. A background walk over all "
               "keys takes 0.25 % of the time."}};
  config::Toggle lazyfree_lazy_eviction{
      *this,
      {.name = "lazyfree-lazy-eviction",
       .fallback = false,
       .traits = config::kNotActing,
       .help =
           "Free evicted values in the background. Larder always frees large values in steps."}};
  config::Toggle lazyfree_lazy_expire{
      *this,
      {.name = "lazyfree-lazy-expire",
       .fallback = false,
       .traits = config::kNotActing,
       .help =
           "Free expired values in the background. Larder always frees large values in steps."}};
  config::Toggle lazyfree_lazy_server_del{
      *this,
      {.name = "lazyfree-lazy-server-del",
       .fallback = false,
       .traits = config::kNotActing,
       .help = "Free values that a command replaces, such as RENAME's target, in the background. "
               "Larder always frees large values in steps."}};
  config::Toggle lazyfree_lazy_user_del{
      *this,
      {.name = "lazyfree-lazy-user-del",
       .fallback = false,
       .traits = config::kNotActing,
       .help = "Let DEL free values like UNLINK. Larder always frees large values in steps."}};
  config::Toggle lazyfree_lazy_user_flush{
      *this,
      {.name = "lazyfree-lazy-user-flush",
       .fallback = false,
       .help = "Let FLUSHALL and FLUSHDB without SYNC reply at once and free the memory afterwards "
               "in steps."}};
  config::Toggle activerehashing{
      *this,
      {.name = "activerehashing",
       .fallback = true,
       .traits = config::kNotActing,
       .help = "Use idle time to resize hash tables. Larder's tables are resized in small steps "
               "whenever they are used, so no work is left for idle time."}};
};

}  // namespace larder::keyspace

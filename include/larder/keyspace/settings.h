#pragma once

// The directives of the keyspace: databases, how access is remembered, how values are freed.

#include <climits>

#include "larder/config/config.h"

namespace larder::keyspace {

// More would cost tens of megabytes while they are empty.
inline constexpr std::int64_t kMostDatabases = 65536;

struct Settings : config::Group {
  explicit Settings(config::Registry& registry) : Group(registry, "Keyspace") {}

  config::Integer databases{*this,
                            {.name = "databases",
                             .fallback = 16,
                             .range = {1, kMostDatabases},
                             .traits = config::kImmutable,
                             .help = "How many databases there are; SELECT takes 0 up to this "
                                     "number less one. Each costs about 600 bytes."}};
  config::Integer lfu_log_factor{
      *this,
      {.name = "lfu-log-factor",
       .fallback = 10,
       .range = {0, INT_MAX},
       .help = "How slowly the counter of accesses grows under an LFU policy: with 10 it is full "
               "after about a million accesses, with 0 after 255."}};
  config::Integer lfu_decay_time{
      *this,
      {.name = "lfu-decay-time",
       .fallback = 1,
       .range = {0, INT_MAX},
       .help = "Minutes without an access after which the counter of an LFU policy falls by one; "
               "0 lets it never fall."}};
  config::Toggle big_keys_tracking{
      *this,
      {.name = "big-keys-tracking",
       .fallback = true,
       .help =
           "Know the largest keys of each type, for KEYSTATS BIG. Takes 0.25 % of the time for a "
           "walk that goes on all the time."}};
  config::Toggle lazyfree_lazy_eviction{
      *this,
      {.name = "lazyfree-lazy-eviction",
       .fallback = false,
       .traits = config::kNotActing,
       .help = "Free evicted values in the background. Larder takes every large value apart "
               "in steps, whatever stands here."}};
  config::Toggle lazyfree_lazy_expire{
      *this,
      {.name = "lazyfree-lazy-expire",
       .fallback = false,
       .traits = config::kNotActing,
       .help = "Free expired values in the background. Larder takes every large value apart in "
               "steps, whatever stands here."}};
  config::Toggle lazyfree_lazy_server_del{
      *this,
      {.name = "lazyfree-lazy-server-del",
       .fallback = false,
       .traits = config::kNotActing,
       .help = "Free values that a command replaces, such as RENAME's target, in the background. "
               "Larder takes every large value apart in steps, whatever stands here."}};
  config::Toggle lazyfree_lazy_user_del{
      *this,
      {.name = "lazyfree-lazy-user-del",
       .fallback = false,
       .traits = config::kNotActing,
       .help = "Let DEL free like UNLINK. Larder takes every large value apart in steps, whatever "
               "stands here."}};
  config::Toggle lazyfree_lazy_user_flush{
      *this,
      {.name = "lazyfree-lazy-user-flush",
       .fallback = false,
       .help = "Let FLUSHALL and FLUSHDB answer at once and free little by little afterwards, "
               "unless they say SYNC."}};
  config::Toggle activerehashing{
      *this,
      {.name = "activerehashing",
       .fallback = true,
       .traits = config::kNotActing,
       .help = "Spend idle time on resizing hash tables. Larder's tables grow and shrink bucket by "
               "bucket as they are used, so that there is nothing to finish later."}};
};

}  // namespace larder::keyspace

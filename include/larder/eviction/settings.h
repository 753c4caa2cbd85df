#pragma once

// The directives of eviction: how much memory there is and what goes when it is used up.

#include <climits>

#include "larder/config/config.h"

namespace larder::eviction {

// The most keys that one round looks at, whatever maxmemory-samples says.
inline constexpr std::int64_t kMostSamples = 64;

struct Settings : config::Group {
  explicit Settings(config::Registry& registry) : Group(registry, "Memory limit and eviction") {}

  config::Bytes maxmemory{
      *this,
      {.name = "maxmemory",
       .fallback = 0,
       .range = {0, INT64_MAX},
       .help = "Most memory for data and what serves it. Beyond it keys are evicted as "
               "maxmemory-policy says, and where that yields nothing, commands that need memory "
               "are refused. 0 is no limit."}};
  // Policy::named() knows the words.
  config::Choice maxmemory_policy{
      *this,
      {.name = "maxmemory-policy",
       .fallback = 7,
       .words = {"volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl", "allkeys-lru",
                 "allkeys-lfu", "allkeys-random", "noeviction"},
       .help = "Which keys go first: those unused longest (lru), used least (lfu), nearest to "
               "their deadline (ttl) or any (random), among keys with a deadline (volatile) or "
               "all keys; or none."}};
  config::Integer maxmemory_samples{
      *this,
      {.name = "maxmemory-samples",
       .fallback = 5,
       .range = {1, INT_MAX},
       .help = "Keys looked at in each round of eviction; more is closer to exact and slower. 5 "
               "is a good approximation, 10 is very close. What lies beyond 64 is taken as 64."}};
  config::Integer maxmemory_eviction_tenacity{
      *this,
      {.name = "maxmemory-eviction-tenacity",
       .fallback = 10,
       .range = {0, 100},
       .help = "How long a command may wait for eviction while memory is over the limit: 0 is "
               "least waiting, 10 is half a millisecond, 100 goes on until there is room."}};
  config::Bytes maxmemory_clients{
      *this,
      {.name = "maxmemory-clients",
       .fallback = -25,
       .range = {0, INT64_MAX},
       .percent = true,
       .help = "Share of all clients' buffers together, in bytes or percent of maxmemory, which "
               "they count against. From a fifth of it on, clients that do not read are not read; "
               "past it the largest are disconnected. 4 MB are theirs in any case. 0 is no share "
               "of their own: they may take all that maxmemory leaves when keys are evicted."}};
  config::Toggle replica_ignore_maxmemory{
      *this,
      {.name = "replica-ignore-maxmemory",
       .alias = "slave-ignore-maxmemory",
       .fallback = true,
       .traits = config::kNotActing,
       .help = "A replica does not evict by itself; it deletes what its primary evicts."}};

  // The clients' share in bytes; 0 is none.
  std::int64_t client_budget() const {
    const std::int64_t value = maxmemory_clients.value();
    return value >= 0 ? value : percent_of(maxmemory.value(), -value);
  }

 private:
  static std::int64_t percent_of(std::int64_t whole, std::int64_t percent) {
    return whole / 100 * percent + whole % 100 * percent / 100;
  }
};

}  // namespace larder::eviction

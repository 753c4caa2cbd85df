#pragma once

// The directives of eviction: the memory limit, and which keys are removed when it is reached.

#include <climits>

#include "larder/config/config.h"

namespace larder::eviction {

// The maximum of keys that one round examines, for any maxmemory-samples.
inline constexpr std::int64_t kMostSamples = 64;

struct Settings : config::Group {
  explicit Settings(config::Registry& registry) : Group(registry, "Memory limit and eviction") {}

  config::Limit maxmemory{
      *this,
      {.name = "maxmemory",
       .help = "Maximum memory for data, clients and the server itself. Above it keys are evicted "
               "by maxmemory-policy, and if no key can be evicted, commands that need memory are "
               "refused. The holes in the pages of the data may take 3 % and 4 MB more. 0 means no "
               "limit. auto is what the machine or the container allows, less what the process "
               "needs beside it; 75% is three quarters of what is allowed, but no more than auto. "
               "Both follow when the container gets another limit."}};
  // The names are those of Policy::named().
  config::Choice maxmemory_policy{
      *this,
      {.name = "maxmemory-policy",
       .fallback = 7,
       .words = {"volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl", "allkeys-lru",
                 "allkeys-lfu", "allkeys-random", "noeviction"},
       .help = "Which keys are evicted first: least recently used (lru), least often used (lfu), "
               "nearest deadline (ttl) or random, among keys with a deadline (volatile) or all "
               "keys; noeviction evicts none."}};
  config::Integer maxmemory_samples{
      *this,
      {.name = "maxmemory-samples",
       .fallback = 5,
       .range = {1, INT_MAX},
       .help = "Number of keys that each round of eviction samples; more is closer to the exact "
               "order and slower. 5 is a good approximation, 10 is very close. Values above 64 "
               "have the effect of 64."}};
  config::Integer maxmemory_eviction_tenacity{
      *this,
      {.name = "maxmemory-eviction-tenacity",
       .fallback = 10,
       .range = {0, 100},
       .help = "How long a command may wait for eviction while memory is above the limit: 0 is the "
               "shortest time, 10 is half a millisecond, 100 means until there is room."}};
  config::Bytes maxmemory_clients{
      *this,
      {.name = "maxmemory-clients",
       .fallback = -25,
       .range = {0, INT64_MAX},
       .percent = true,
       .help = "Limit of the buffers of all clients together, in bytes or percent of maxmemory; "
               "the buffers count against maxmemory. Above a fifth of it, the server does not read "
               "requests of clients that do not read their replies; above the limit, the largest "
               "clients are disconnected. 4 MB "
               "are always allowed. 0 means no separate limit: clients may use all memory that "
               "eviction can free."}};
  config::Toggle replica_ignore_maxmemory{
      *this,
      {.name = "replica-ignore-maxmemory",
       .alias = "slave-ignore-maxmemory",
       .fallback = true,
       .help = "A replica does not evict keys itself; it deletes what its primary evicts."}};

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

#include "larder/eviction/policy.h"

#include <limits>

#include "larder/base/assert.h"

namespace larder::eviction {
namespace {

struct Named {
  std::string_view name;
  Policy policy;
};

constexpr Named kPolicies[] = {
    {"noeviction", {Victims::none, Order::random}},
    {"allkeys-lru", {Victims::all_keys, Order::least_recent}},
    {"allkeys-lfu", {Victims::all_keys, Order::least_frequent}},
    {"allkeys-random", {Victims::all_keys, Order::random}},
    {"volatile-lru", {Victims::keys_with_deadline, Order::least_recent}},
    {"volatile-lfu", {Victims::keys_with_deadline, Order::least_frequent}},
    {"volatile-random", {Victims::keys_with_deadline, Order::random}},
    {"volatile-ttl", {Victims::keys_with_deadline, Order::soonest_deadline}},
};

}  // namespace

Policy Policy::named(std::string_view name) {
  for (const Named& known : kPolicies) {
    if (known.name == name) return known.policy;
  }
  LARDER_ASSERT(!"a policy that maxmemory-policy knows");
  return {};
}

std::int64_t Policy::score(const keyspace::Entry& entry,
                           const keyspace::AccessPolicy& access) const {
  const std::int64_t now = access.clock.unix_ms();
  if (entry.expired(now)) return std::numeric_limits<std::int64_t>::max();
  if (order == Order::least_frequent) return 255 - access.frequency(entry);
  if (order == Order::soonest_deadline) return -entry.deadline_ms();
  return access.idle_ms(entry) - now;
}

}  // namespace larder::eviction

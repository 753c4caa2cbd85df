#include "shared_integers.h"

#include "larder/eviction/policy.h"

namespace larder::commands {
namespace {

constexpr std::int64_t kSharedIntegers = 10'000;
constexpr std::int64_t kSharedReferences = INT32_MAX;

// Under a limit with an LRU or LFU policy every key needs its own use time or counter.
bool shares_integers(const eviction::Settings& settings) {
  if (settings.maxmemory.value() == 0) return true;
  const auto order = eviction::Policy::named(settings.maxmemory_policy.print()).order;
  return order != eviction::Order::least_recent && order != eviction::Order::least_frequent;
}

}  // namespace

std::int64_t references(const keyspace::Entry& entry, const eviction::Settings& settings) {
  const bool small = entry.type() == types::Type::string &&
                     entry.form() == keyspace::Form::integer && entry.integer() >= 0 &&
                     entry.integer() < kSharedIntegers;
  return small && shares_integers(settings) ? kSharedReferences : 1;
}

}  // namespace larder::commands

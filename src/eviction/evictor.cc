#include "larder/eviction/evictor.h"

#include <algorithm>
#include <cmath>

#include "larder/base/assert.h"
#include "larder/memory/metrics.h"

namespace larder::eviction {
namespace {

using keyspace::Database;
using keyspace::Entry;
using memory::Owner;

// Victims between two looks at the clock; one takes about half a microsecond.
constexpr std::uint32_t kStride = 8;
// Rounds of sampling that may yield no candidate, as in a table that is mostly empty, before
// any key is taken.
constexpr int kMostRounds = 8;
// The walk over all entries that a change of policy begins with, before the command's answer.
constexpr std::int64_t kRestartUs = 1000;
// Larger blocks are asked of the allocator before a command counts on them.
constexpr std::uint64_t kLeastProbed = 1 << 20;
constexpr std::uint64_t kMostUncounted = 2 << 20;

std::uint64_t figure(const memory::Charges& charges, Owner owner) {
  return static_cast<std::uint64_t>(charges[static_cast<std::size_t>(owner)]);
}

// What may wait in the graveyard without counting: half of the 1 % or 1 MB by which used_memory may
// stand above the limit.
std::uint64_t uncounted(std::uint64_t limit) {
  constexpr auto kLeast = static_cast<std::uint64_t>(keyspace::Graveyard::kMostWaiting);
  return std::clamp(limit / 200, kLeast, kMostUncounted);
}

// What waits in the graveyard to be freed. An empty graveyard still holds its lists, some KB that
// do not become free: if they counted as waiting, a client that waits for room below the limit
// would wait for them for ever.
std::uint64_t waiting(const memory::Charges& charges, const keyspace::Keyspace& keyspace) {
  return keyspace.graveyard().empty() ? 0 : figure(charges, Owner::graveyard);
}

// The entry of that hash, where nearly always no more than one is.
Entry* entry_of(Database& db, std::uint64_t hash) {
  const Entry* candidate = db.entries().prefetch_candidate(hash);
  if (candidate == nullptr || keyspace::EntryTraits::hash(*candidate) != hash) return nullptr;
  return db.entries().find(candidate->key(), hash);
}

std::uint64_t charged_to_data(const memory::Charges& charges) {
  std::uint64_t sum = 0;
  for (const std::int64_t bytes : charges) sum += static_cast<std::uint64_t>(bytes);
  return sum - static_cast<std::uint64_t>(apart_from_data(charges));
}

// What would be gone with every key.
std::uint64_t charged_to_keys(const memory::Charges& charges) {
  std::uint64_t sum = 0;
  for (const Owner owner : {Owner::strings, Owner::lists, Owner::hashes, Owner::sets,
                            Owner::sorted_sets, Owner::streams, Owner::table, Owner::expires}) {
    sum += figure(charges, owner);
  }
  return sum;
}

}  // namespace

std::int64_t apart_from_data(const memory::Charges& charges) {
  const auto of = [&charges](Owner owner) { return charges[static_cast<std::size_t>(owner)]; };
  return of(Owner::replicas) + of(Owner::journal);
}

Evictor::Evictor(keyspace::Keyspace& keyspace, Settings& settings, Metrics& metrics)
    : keyspace_(keyspace), settings_(settings), metrics_(metrics), ager_(keyspace) {
  policy_ = Policy::named(settings_.maxmemory_policy.print());
  keyspace_.access().mode = policy_.access_mode();
  settings_.maxmemory_policy.watch([this] {
    obey();
    return base::Result<void>();
  });
}

void Evictor::obey() {
  policy_ = Policy::named(settings_.maxmemory_policy.print());
  pool_.clear();
  if (keyspace_.access().mode == policy_.access_mode()) return;
  keyspace_.access().mode = policy_.access_mode();
  ager_.restart();
  // What the walk has not reached, OBJECT FREQ and IDLETIME would read as what it is not.
  ager_.run(base::Budget(keyspace_.clock(), kRestartUs));
}

std::uint64_t Evictor::counted_bytes() const {
  const memory::Charges charges = memory::balance();
  return charged_to_data(charges) - std::min(waiting(charges, keyspace_), uncounted(limit()));
}

std::uint64_t Evictor::living_bytes() const {
  const memory::Charges charges = memory::balance();
  return charged_to_data(charges) - waiting(charges, keyspace_);
}

bool Evictor::exceeds_with(std::uint64_t more) const {
  return counted_bytes() + more > limit() && !keyspace_.removals_held();
}

base::Budget Evictor::budget() const {
  const auto tenacity = static_cast<int>(settings_.maxmemory_eviction_tenacity.value());
  if (tenacity >= 100) return base::Budget::unlimited();
  const double us = tenacity <= 10 ? 50.0 * tenacity : 500.0 * std::pow(1.15, tenacity - 10);
  return {keyspace_.clock(), static_cast<std::int64_t>(us)};
}

Room Evictor::make_room(base::Budget budget) {
  Room room = exceeds() ? evict(budget, reserved_) : Room::enough;
  if (room == Room::none && reserved_ > 0) {
    // Nothing is kept free for clients at the cost of refused writes.
    reserved_ = 0;
    room = exceeds() ? evict(budget) : Room::enough;
  }
  if (room == Room::enough) {
    metrics_.under_limit();
  } else {
    metrics_.over_limit();
  }
  return room;
}

Room Evictor::evict(base::Budget& budget, std::uint64_t wanted) {
  while (exceeds_with(wanted)) {
    if (keyspace_.graveyard().holds_tables() || living_bytes() + wanted <= limit()) {
      return free_buried(budget, wanted);
    }
    if (!evict_one()) return Room::none;
    if (budget.spent(kStride)) return exceeds_with(wanted) ? Room::working : Room::enough;
  }
  return Room::enough;
}

// Until there is room. Where a flushed database's tables are gone and there is none, what is over
// the limit lives, and the next call evicts it.
Room Evictor::free_buried(base::Budget& budget, std::uint64_t wanted) {
  while (exceeds_with(wanted)) {
    if (keyspace_.graveyard().drain_a_little(keyspace_.clock())) break;
    if (budget.spent()) return Room::freeing;
  }
  return exceeds_with(wanted) ? evict(budget, wanted) : Room::enough;
}

bool Evictor::may_ever_fit(const Need& need) const {
  const memory::Charges charges = memory::balance();
  const std::uint64_t living = charged_to_data(charges) - waiting(charges, keyspace_);
  const bool tables = keyspace_.graveyard().holds_tables();
  const std::uint64_t movable = has_victims() || tables ? charged_to_keys(charges) : 0;
  return living - movable + std::min(need.kept, movable) + need.more <= limit();
}

bool Evictor::make_room_for(const Need& need) {
  if (need.block >= kLeastProbed && !memory::can_allocate(need.block)) return false;
  if (limit() == 0 || memory::used_bytes() + need.more <= limit()) return true;
  if (!exceeds_with(need.more)) return true;
  if (!may_ever_fit(need)) return false;
  base::Budget unlimited = base::Budget::unlimited();
  return evict(unlimited, need.more) == Room::enough;
}

// So that evicting makes room as it goes.
void Evictor::keep_graveyard_small() {
  if (keyspace::Graveyard::bytes() <= keyspace::Graveyard::kMostWaiting) return;
  keyspace_.graveyard().drain_a_little(keyspace_.clock());
}

bool Evictor::evict_one() {
  if (policy_.victims == Victims::none) return false;
  keep_graveyard_small();
  // Until the access bits have all been restarted they order nothing.
  if (policy_.order == Order::random || ager_.is_restarting()) return evict_random();
  return evict_best() || evict_random();
}

bool Evictor::evict_random() {
  Database* db = pick_database();
  if (db == nullptr) return false;
  Entry* entry = policy_.victims == Victims::all_keys ? db->entries().random(keyspace_.rng())
                                                      : db->expires().random(keyspace_.rng());
  LARDER_ASSERT(entry != nullptr);
  remove(*db, *entry, keyspace::EntryTraits::hash(*entry));
  return true;
}

bool Evictor::evict_best() {
  for (int round = 0; round < kMostRounds; ++round) {
    sample();
    while (!pool_.empty()) {
      if (evict_candidate()) return true;
    }
  }
  return false;
}

// Whether the best candidate went; if not it was found to be gone, or used since, and dropped.
bool Evictor::evict_candidate() {
  const Candidate candidate = pool_.best();
  pool_.drop_best();
  Database& db = keyspace_.db(static_cast<std::size_t>(candidate.db));
  Entry* entry = entry_of(db, candidate.hash);
  if (entry == nullptr) return false;
  if (policy_.victims == Victims::keys_with_deadline && !entry->has_deadline()) return false;
  const std::int64_t score = policy_.score(*entry, keyspace_.access());
  if (score < candidate.score && !pool_.empty() && score < pool_.best().score) return false;
  remove(db, *entry, candidate.hash);
  return true;
}

void Evictor::sample() {
  const auto wanted =
      static_cast<std::size_t>(std::min(settings_.maxmemory_samples.value(), kMostSamples));
  // A bucket may be empty; as many as were asked for are enough in any case.
  std::size_t seen = 0;
  for (std::size_t buckets = 0; seen < wanted && buckets < wanted; ++buckets) {
    seen += sample_bucket();
  }
}

std::size_t Evictor::sample_bucket() {
  Database* db = pick_database();
  if (db == nullptr) return 0;
  std::array<Entry*, 8> sampled;
  std::size_t count = 0;
  const auto take = [&sampled, &count](Entry* entry) {
    __builtin_prefetch(entry);
    sampled[count++] = entry;
  };
  if (policy_.victims == Victims::all_keys) {
    db->entries().sample_bucket(keyspace_.rng(), take);
  } else {
    db->expires().sample_bucket(keyspace_.rng(), take);
  }
  for (std::size_t i = 0; i < count; ++i) consider(*db, *sampled[i]);
  return count;
}

void Evictor::consider(Database& db, Entry& entry) {
  const keyspace::AccessPolicy& access = keyspace_.access();
  if (access.mode == keyspace::AccessMode::lru) age(entry, access.clock.unix_ms());
  const std::int64_t score = policy_.score(entry, access);
  if (!pool_.would_take(score)) return;
  pool_.offer({score, keyspace::EntryTraits::hash(entry), db.index()});
}

void Evictor::remove(Database& db, Entry& entry, std::uint64_t hash) {
  if (entry.expired(keyspace_.clock().unix_ms())) {
    db.erase(&entry, hash, keyspace::Cause::expired, keyspace::Event::expired);
    return;
  }
  db.erase(&entry, hash, keyspace::Cause::evicted, keyspace::Event::evicted);
  ++metrics_.evicted_keys;
}

bool Evictor::has_victims() const {
  if (policy_.victims == Victims::none || keyspace_.removals_held()) return false;
  for (std::size_t i = 0; i < keyspace_.databases(); ++i) {
    if (eligible(keyspace_.db(i)) > 0) return true;
  }
  return false;
}

std::size_t Evictor::eligible(const Database& db) const {
  return policy_.victims == Victims::all_keys ? db.size() : db.volatile_size();
}

Database* Evictor::pick_database() {
  std::size_t all = 0;
  for (std::size_t i = 0; i < keyspace_.databases(); ++i) all += eligible(keyspace_.db(i));
  if (all == 0) return nullptr;
  std::size_t at = keyspace_.rng().below(all);
  for (std::size_t i = 0;; ++i) {
    const std::size_t here = eligible(keyspace_.db(i));
    if (at < here) return &keyspace_.db(i);
    at -= here;
  }
}

}  // namespace larder::eviction

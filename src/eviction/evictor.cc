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
// What may wait in the graveyard when a step of evicting ends.
constexpr std::int64_t kMostBuried = 1 << 20;

std::uint64_t figure(const memory::Charges& charges, Owner owner) {
  return static_cast<std::uint64_t>(charges[static_cast<std::size_t>(owner)]);
}

// The entry of that hash, where nearly always no more than one is.
Entry* entry_of(Database& db, std::uint64_t hash) {
  const Entry* candidate = db.entries().prefetch_candidate(hash);
  if (candidate == nullptr || keyspace::EntryTraits::hash(*candidate) != hash) return nullptr;
  return db.entries().find(candidate->key(), hash);
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
  std::uint64_t sum = 0;
  for (const std::int64_t bytes : charges) sum += static_cast<std::uint64_t>(bytes);
  return sum - static_cast<std::uint64_t>(apart_from_data(charges)) -
         figure(charges, Owner::graveyard);
}

base::Budget Evictor::budget() const {
  const auto tenacity = static_cast<int>(settings_.maxmemory_eviction_tenacity.value());
  if (tenacity >= 100) return base::Budget::unlimited();
  const double us = tenacity <= 10 ? 50.0 * tenacity : 500.0 * std::pow(1.15, tenacity - 10);
  return {keyspace_.clock(), static_cast<std::int64_t>(us)};
}

Room Evictor::make_room(base::Budget budget) {
  const Room room = exceeds() ? evict(budget) : Room::enough;
  if (room == Room::enough) {
    metrics_.under_limit();
  } else {
    metrics_.over_limit();
  }
  return room;
}

Room Evictor::evict(base::Budget& budget) {
  keyspace::Graveyard& graveyard = keyspace_.graveyard();
  if (graveyard.holds_tables()) {
    graveyard.drain(budget);
    if (!exceeds()) return Room::enough;
    if (graveyard.holds_tables()) return Room::working;
  }
  do {
    if (!evict_one()) {
      // Nothing is kept free for clients at the cost of refused writes.
      reserved_ = 0;
      return exceeds() ? Room::none : Room::enough;
    }
    if (!exceeds()) return Room::enough;
  } while (!budget.spent(kStride));
  return Room::working;
}

bool Evictor::evict_one() {
  if (policy_.victims == Victims::none) return false;
  if (memory::balance(Owner::graveyard) > kMostBuried) {
    keyspace_.graveyard().drain(base::Budget(keyspace_.clock(), 0));
  }
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
  const auto wanted = static_cast<std::size_t>(settings_.maxmemory_samples.value());
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
    db.erase(&entry, hash, keyspace::Cause::expired, keyspace::events::kExpired);
    return;
  }
  db.erase(&entry, hash, keyspace::Cause::evicted, keyspace::events::kEvicted);
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

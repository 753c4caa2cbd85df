#include "larder/eviction/evictor.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "larder/base/assert.h"
#include "larder/memory/metrics.h"

namespace larder::eviction {
namespace {

using keyspace::Database;
using keyspace::Entry;
using memory::Owner;

// Evictions between two readings of the clock; one takes about half a microsecond.
constexpr std::uint32_t kStride = 8;
// Rounds of sampling that may find no candidate, for example in a table that is mostly empty,
// before a random key is evicted.
constexpr int kMostRounds = 8;
// The longest work for pages for a caller that cannot wait (an unlimited budget).
constexpr std::int64_t kMostPagesUs = 500;
// The number of keys to evict at once if no slab can be emptied.
constexpr int kEvictedForPages = 4;
// The walk over all entries that a change of policy starts, before the reply of the command.
constexpr std::int64_t kRestartUs = 700;
// For larger blocks the allocator is tested before a command relies on them.
constexpr std::uint64_t kLeastProbed = 1 << 20;
constexpr std::uint64_t kMostUncounted = 2 << 20;
// The most bytes that are freed in the tables with an entry.
constexpr std::uint64_t kSlotBytes = 32;

std::uint64_t figure(const memory::Charges& charges, Owner owner) {
  return static_cast<std::uint64_t>(charges[static_cast<std::size_t>(owner)]);
}

// The bytes that may wait in the graveyard without counting: half of the 1 % or 1 MB by which
// used_memory may exceed the limit.
std::uint64_t uncounted(std::uint64_t limit) {
  constexpr auto kLeast = static_cast<std::uint64_t>(keyspace::Graveyard::kMostWaiting);
  return std::clamp(limit / 200, kLeast, kMostUncounted);
}

// The bytes that wait in the graveyard to be freed. An empty graveyard still holds its lists, some
// KB that are not freed: if they counted as waiting, a client that waits for room below the limit
// would wait for them forever.
std::uint64_t waiting(const memory::Charges& charges, const keyspace::Keyspace& keyspace) {
  return keyspace.graveyard().empty() ? 0 : figure(charges, Owner::graveyard);
}

// The entry with that hash; there is nearly always at most one.
Entry* entry_of(Database& db, std::uint64_t hash) {
  const Entry* candidate = db.entries().prefetch_candidate(hash);
  if (candidate == nullptr || keyspace::EntryTraits::hash(*candidate) != hash) return nullptr;
  return db.entries().find(candidate->key(), hash);
}

std::uint64_t charged_to_data(const memory::Charges& charges) {
  std::uint64_t sum = 0;
  for (const std::int64_t bytes : charges) sum += static_cast<std::uint64_t>(bytes);
  return sum - static_cast<std::uint64_t>(bytes_not_counted_for_evict(charges));
}

// The bytes that evicting every key would free.
std::uint64_t charged_to_keys(const memory::Charges& charges) {
  std::uint64_t sum = 0;
  for (const Owner owner : {Owner::strings, Owner::lists, Owner::hashes, Owner::sets,
                            Owner::sorted_sets, Owner::streams, Owner::table, Owner::expires}) {
    sum += figure(charges, owner);
  }
  return sum;
}

}  // namespace

std::int64_t bytes_not_counted_for_evict(const memory::Charges& charges) {
  const auto of = [&charges](Owner owner) { return charges[static_cast<std::size_t>(owner)]; };
  return of(Owner::replicas) + of(Owner::journal) + of(Owner::snapshot);
}

Evictor::Evictor(keyspace::Keyspace& keyspace, keyspace::Evacuator& evacuator, Settings& settings,
                 Metrics& metrics)
    : keyspace_(keyspace),
      settings_(settings),
      metrics_(metrics),
      evacuator_(evacuator),
      page_limit_(evacuator),
      ager_(keyspace) {
  policy_ = Policy::named(settings_.maxmemory_policy.print());
  keyspace_.access().mode = policy_.access_mode();
  settings_.maxmemory_policy.watch([this] {
    apply_settings();
    return base::Result<void>();
  });
}

void Evictor::apply_settings() {
  policy_ = Policy::named(settings_.maxmemory_policy.print());
  pool_.clear();
  if (keyspace_.access().mode == policy_.access_mode()) return;
  keyspace_.access().mode = policy_.access_mode();
  ager_.restart();
  // For entries that the walk has not visited, OBJECT FREQ and IDLETIME would misread the bits.
  ager_.run(base::Budget(keyspace_.clock(), kRestartUs));
}

std::uint64_t Evictor::counted_bytes() const {
  const memory::Charges charges = memory::balance();
  return charged_to_data(charges) - std::min(waiting(charges, keyspace_), uncounted(limit()));
}

std::uint64_t Evictor::bytes_without_removed() const {
  const memory::Charges charges = memory::balance();
  return charged_to_data(charges) - waiting(charges, keyspace_);
}

bool Evictor::exceeds_with(std::uint64_t more) const {
  return counted_bytes() + more > limit() && !keyspace_.eviction_held();
}

base::Budget Evictor::budget(std::int64_t most_us) const {
  const auto tenacity = static_cast<int>(settings_.maxmemory_eviction_tenacity.value());
  if (tenacity >= 100) return base::Budget::unlimited();
  const double us = tenacity <= 10 ? 50.0 * tenacity : 500.0 * std::pow(1.15, tenacity - 10);
  return {keyspace_.clock(), std::min(static_cast<std::int64_t>(us), most_us)};
}

Room Evictor::make_room(base::Budget budget) {
  if (__builtin_expect(evacuator_.is_tested(), 0)) evacuator_.move_for_test();
  Room room = make_room_in_bytes(budget);
  page_work_us_ = 0;
  if (room == Room::enough && is_near_page_limit()) room = make_room_in_pages(budget);
  if (room == Room::enough) {
    metrics_.under_limit();
  } else {
    metrics_.over_limit();
  }
  return room;
}

Room Evictor::make_room_in_bytes(base::Budget& budget) {
  Room room = exceeds() ? evict(budget, reserved_) : Room::enough;
  if (room == Room::none && reserved_ > 0) {
    // No memory is reserved if writes would be refused for it.
    reserved_ = reserved_for_client_ = reserved_for_command_ = 0;
    room = exceeds() ? evict(budget) : Room::enough;
  }
  return room;
}

// Where nothing may be evicted, as on a replica, the bytes may exceed maxmemory; then the holes are
// bounded as if they did not.
PageLimit::Use Evictor::page_use() const {
  const std::uint64_t bytes = charged_to_data(memory::balance());
  const bool may_exceed = limit() != 0 && keyspace_.eviction_held();
  return {.maxmemory = may_exceed ? std::max(limit(), bytes) : limit(), .bytes = bytes};
}

void Evictor::beat() {
  PageLimit::bound_free_pages(page_use());
  page_limit_.go_on();
}

Room Evictor::make_room_in_pages(const base::Budget& given) {
  const std::int64_t began_us = keyspace_.clock().steady_now_us();
  const Room room = work_for_pages(given);
  page_work_us_ = keyspace_.clock().steady_now_us() - began_us;
  return room;
}

// At the edge, what was removed is freed, then sparse slabs are emptied as long as this returns
// pages, and then keys are evicted, whose slots make other slabs sparse. A caller that cannot wait
// exceeds the edge by what it allocates until the pages are free: a pass over all values may take
// seconds. So does one for which nothing may be evicted, when moving returns nothing more.
Room Evictor::work_for_pages(const base::Budget& given) {
  const bool may_wait = !given.is_unlimited();
  base::Budget budget = may_wait ? given : base::Budget(keyspace_.clock(), kMostPagesUs);
  page_limit_.move_some(page_use());
  keyspace::Graveyard& graveyard = keyspace_.graveyard();
  while (page_use().is_over()) {
    if (!graveyard.empty()) {
      graveyard.drain_a_little(keyspace_.clock());
    } else if (!page_limit_.move_more(page_use())) {
      if (keyspace_.eviction_held()) return Room::enough;
      if (may_wait && keyspace_.defers_removals() && has_victims()) return Room::waiting;
      if (!evict_for_pages()) return Room::none;
    }
    if (budget.spent()) return may_wait && page_use().is_over() ? Room::working : Room::enough;
  }
  return Room::enough;
}

bool Evictor::evict_for_pages() {
  int evicted = 0;
  while (evicted < kEvictedForPages && evict_one()) ++evicted;
  metrics_.evicted_keys_for_pages += static_cast<std::uint64_t>(evicted);
  return evicted > 0;
}

// Only removed data is in the way. The bytes of a flushed database count as stored keys until its
// tables are freed, so they are freed first.
bool Evictor::only_removed_data_exceeds(std::uint64_t wanted) const {
  return keyspace_.graveyard().holds_tables() || bytes_without_removed() + wanted <= limit();
}

Room Evictor::evict(base::Budget& budget, std::uint64_t wanted) {
  while (exceeds_with(wanted)) {
    if (only_removed_data_exceeds(wanted)) return free_deferred(budget, wanted);
    if (!budget.is_unlimited() && keyspace_.defers_removals() && has_victims()) {
      return Room::waiting;
    }
    if (!evict_one()) return Room::none;
    if (budget.spent(kStride)) return exceeds_with(wanted) ? Room::working : Room::enough;
  }
  return Room::enough;
}

// Frees until there is room. If the tables of flushed databases are freed and there is still no
// room, the excess belongs to stored keys, and the next call evicts them.
Room Evictor::free_deferred(base::Budget& budget, std::uint64_t wanted) {
  while (exceeds_with(wanted)) {
    if (keyspace_.graveyard().drain_a_little(keyspace_.clock())) break;
    if (budget.spent()) return Room::freeing;
  }
  return exceeds_with(wanted) ? evict(budget, wanted) : Room::enough;
}

std::uint64_t Evictor::living_movable_bytes(const memory::Charges& charges) const {
  return has_victims() || keyspace_.graveyard().holds_tables() ? charged_to_keys(charges) : 0;
}

std::uint64_t Evictor::most_freeable_bytes(const memory::Charges& charges) const {
  return living_movable_bytes(charges) + waiting(charges, keyspace_);
}

std::uint64_t Evictor::most_growth() const {
  if (limit() == 0) return std::numeric_limits<std::uint64_t>::max();
  const memory::Charges charges = memory::balance();
  const std::uint64_t stays =
      charged_to_data(charges) - living_movable_bytes(charges) - waiting(charges, keyspace_);
  return limit() - std::min(limit(), stays);
}

std::uint64_t Evictor::free_bytes() const {
  if (limit() == 0) return std::numeric_limits<std::uint64_t>::max();
  return limit() - std::min(limit(), memory::used_bytes());
}

bool Evictor::may_free(std::uint64_t bytes) const {
  if (bytes > most_freeable_bytes(memory::balance())) return false;
  if (policy_.victims != Victims::keys_with_deadline) return true;
  if (keyspace_.graveyard().holds_tables()) return true;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < keyspace_.databases(); ++i) {
    const Database& db = keyspace_.db(i);
    sum += db.volatile_bytes() + db.volatile_size() * kSlotBytes;
  }
  return sum >= bytes;
}

bool Evictor::may_ever_fit(const Need& need) const {
  const memory::Charges charges = memory::balance();
  const std::uint64_t living = charged_to_data(charges) - waiting(charges, keyspace_);
  const std::uint64_t movable = living_movable_bytes(charges);
  const std::uint64_t kept = std::min(need.kept, movable);
  if (living - movable + kept + need.more > limit()) return false;
  return living + need.more <= limit() || may_free(living + need.more - limit());
}

Room Evictor::make_room_for(const Need& need, base::Budget budget) {
  if (need.block >= kLeastProbed && !memory::can_allocate(need.block)) return Room::none;
  if (limit() == 0 || memory::used_bytes() + need.more <= limit()) return Room::enough;
  if (!exceeds_with(need.more)) return Room::enough;
  if (!may_ever_fit(need)) return Room::none;
  while (only_removed_data_exceeds(need.more)) {
    const bool is_empty = keyspace_.graveyard().drain_a_little(keyspace_.clock());
    if (!exceeds_with(need.more)) return Room::enough;
    if (is_empty) break;
    if (budget.spent()) return Room::freeing;
  }
  // While tables were being freed, the bytes of stored keys were not known.
  if (!may_ever_fit(need)) return Room::none;
  return evict(budget, need.more);
}

// Frees some removed data, so that evicting makes room as it proceeds.
void Evictor::keep_graveyard_small() {
  if (keyspace::Graveyard::bytes() <= keyspace::Graveyard::kMostWaiting) return;
  keyspace_.graveyard().drain_a_little(keyspace_.clock());
}

bool Evictor::evict_one() {
  if (policy_.victims == Victims::none) return false;
  keep_graveyard_small();
  // Until all access bits have been restarted they give no order.
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

// True if the best candidate was evicted; otherwise it had been removed or used since, and is
// dropped.
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
  // A bucket may be empty; the requested number is enough in any case.
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
  if (policy_.victims == Victims::none || keyspace_.eviction_held()) return false;
  for (std::size_t i = 0; i < keyspace_.databases(); ++i) {
    if (eligible(keyspace_.db(i)) > 0) return true;
  }
  return false;
}

std::size_t Evictor::victims() const {
  if (policy_.victims == Victims::none || keyspace_.eviction_held()) return 0;
  std::size_t keys = 0;
  for (std::size_t i = 0; i < keyspace_.databases(); ++i) keys += eligible(keyspace_.db(i));
  return keys;
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

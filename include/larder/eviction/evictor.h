#pragma once

// Makes room when memory runs out: samples keys, keeps the best candidates across rounds,
// and removes the best of them until the ledger stands under maxmemory.

#include <cstdint>

#include "larder/base/budget.h"
#include "larder/base/clock.h"
#include "larder/eviction/ager.h"
#include "larder/eviction/candidate_pool.h"
#include "larder/eviction/metrics.h"
#include "larder/eviction/policy.h"
#include "larder/eviction/settings.h"
#include "larder/keyspace/keyspace.h"
#include "larder/memory/ledger.h"

namespace larder::eviction {

enum class Room : std::uint8_t {
  enough,   // the ledger is under the limit
  working,  // over it still, but more can go: call again
  none,     // over it, and nothing may be evicted
};

// Bytes that do not count against the limit, as evicting keys would not make them smaller: buffers
// for replicas and the journal. What clients hold counts.
std::int64_t apart_from_data(const memory::Charges& charges);

class Evictor {
 public:
  // Obeys maxmemory-policy as it stands and watches it from here on; a change between LFU and
  // the other policies changes the keyspace's access mode with it.
  Evictor(keyspace::Keyspace& keyspace, Settings& settings, Metrics& metrics);

  // What counts against the limit: the ledger less what evicting keys would not make smaller
  // (apart_from_data) and less the graveyard, whose bytes are on their way out. Cost: 20 ns or so.
  std::uint64_t counted_bytes() const;
  // Asked by every command that may grow memory; about 10 ns while there is room.
  bool over_limit() const {
    if (exceeds()) return true;
    metrics_.under_limit();
    return false;
  }

  // Evicts until there is room, nothing is left to evict, or the budget is spent. Frees flushed
  // databases first, as their bytes count until they are gone. Expired keys that it comes across
  // are removed as expired.
  Room make_room(base::Budget budget);

  // Whether the policy leaves anything that may go.
  bool has_victims() const;
  // Keeps so many bytes below the limit free, for a client that waits for room: until the next
  // call keys are evicted for them too, while there are any.
  void reserve(std::uint64_t bytes) { reserved_ = bytes; }

  // How long a call may hold the loop, by maxmemory-eviction-tenacity: up to 10, that many times
  // 50 us; above, 15 % more for each point; 100 without end.
  base::Budget budget() const;

  // The chore that keeps access bits right; to be run at hz.
  Ager& ager() { return ager_; }

  const Policy& policy() const { return policy_; }

 private:
  bool exceeds() const {
    const auto limit = static_cast<std::uint64_t>(settings_.maxmemory.value());
    if (limit == 0 || __builtin_expect(memory::used_bytes() + reserved_ <= limit, 1)) return false;
    return counted_bytes() + reserved_ > limit && !keyspace_.removals_held();
  }
  void obey();
  Room evict(base::Budget& budget);
  bool evict_one();
  bool evict_random();
  bool evict_best();
  bool evict_candidate();
  void sample();
  std::size_t sample_bucket();
  void consider(keyspace::Database& db, keyspace::Entry& entry);
  void remove(keyspace::Database& db, keyspace::Entry& entry, std::uint64_t hash);

  // How many keys of the database may go.
  std::size_t eligible(const keyspace::Database& db) const;
  // A database by chance, weighted by its eligible keys; null when there are none.
  keyspace::Database* pick_database();

  keyspace::Keyspace& keyspace_;
  Settings& settings_;
  Metrics& metrics_;
  Policy policy_;
  CandidatePool pool_;
  Ager ager_;
  std::uint64_t reserved_ = 0;
};

}  // namespace larder::eviction

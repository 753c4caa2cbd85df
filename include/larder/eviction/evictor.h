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
  freeing,  // over it only because of what was removed and is not freed yet: call again
  none,     // over it, and nothing may be evicted
};

// What a command needs, in bytes.
struct Need {
  std::uint64_t more = 0;   // beyond what is held now
  std::uint64_t block = 0;  // the largest block that will be allocated
  std::uint64_t kept =
      0;  // held by values, and no help when evicted: what it works on, or has made
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
  // (apart_from_data) and less what the graveyard may hold uncounted. Cost: 20 ns or so.
  std::uint64_t counted_bytes() const;
  // The same without anything that waits in the graveyard. Keys are evicted only while this stands
  // over the limit. A flushed database's tables are in it until they are freed.
  std::uint64_t living_bytes() const;
  // Asked by every command that may grow memory; about 10 ns while there is room. False while
  // clients are paused, but what INFO tells of the excess goes on.
  bool over_limit() const {
    if (exceeds()) return true;
    if (__builtin_expect(metrics_.is_over(), 0) && !keyspace_.removals_held()) {
      metrics_.under_limit();
    }
    return false;
  }

  // Evicts until there is room, nothing is left to evict, or the budget is spent. What was removed
  // before and is not freed yet is freed first where that is enough, flushed databases always, as
  // their bytes cannot be told from living ones. Expired keys that it comes across are removed as
  // expired.
  Room make_room(base::Budget budget);

  // Makes room for a command that knows what it needs before it writes. `none` when it cannot fit:
  // at once, with nothing evicted, where all that may go would not leave that much (may_free()), or
  // where the system refuses a block of that size. `freeing` where the bytes of what was removed
  // before are in the way and the budget is spent: nothing is evicted for them. Keys that were
  // looked up before may be gone, and what was read of them. Cost: two comparisons while there is
  // room, and what evicting takes otherwise.
  Room make_room_for(const Need& need, base::Budget budget);

  // Whether the policy leaves anything that may go.
  bool has_victims() const;
  // How many keys it lets go.
  std::size_t victims() const;
  // Whether something that was removed waits to be freed, so that memory goes down by itself.
  bool is_freeing() const { return !keyspace_.graveyard().empty(); }
  // The most bytes that evicting, and freeing what was removed, can give back. More than is true
  // where keys without a deadline may not go, and while a flushed database is taken apart: its
  // bytes stand among those of the living.
  std::uint64_t most_movable_bytes(const memory::Charges& charges) const;
  // By how much memory could grow at most if all that may go went. No bound without maxmemory.
  std::uint64_t most_growth() const;
  // False where evicting is known to free less than `bytes`. With the policies that evict only
  // keys with a deadline this adds up such keys, if there are no more than 4,096 and one for each
  // 256 bytes; where there are more, the answer is true.
  bool may_free(std::uint64_t bytes) const;
  // Keeps so many bytes below the limit free, for a client that waits for room: until the next
  // call keys are evicted for them too, while there are any.
  void reserve(std::uint64_t bytes) { reserved_ = bytes; }

  // How long a call may hold the loop, by maxmemory-eviction-tenacity: up to 10, that many times
  // 50 us; above, 15 % more for each point; 100 without end.
  base::Budget budget() const;

  // The chore that keeps access bits right; to be run at hz.
  Ager& ager() { return ager_; }
  const Ager& ager() const { return ager_; }

  const Policy& policy() const { return policy_; }

 private:
  std::uint64_t limit() const { return static_cast<std::uint64_t>(settings_.maxmemory.value()); }
  bool exceeds() const {
    if (limit() == 0 || __builtin_expect(memory::used_bytes() + reserved_ <= limit(), 1)) {
      return false;
    }
    return exceeds_with(reserved_);
  }
  void obey();
  bool exceeds_with(std::uint64_t more) const;
  bool may_ever_fit(const Need& need) const;
  bool is_over_by_buried(std::uint64_t wanted) const;
  std::uint64_t living_movable_bytes(const memory::Charges& charges) const;
  Room evict(base::Budget& budget, std::uint64_t wanted = 0);
  Room free_buried(base::Budget& budget, std::uint64_t wanted);
  void keep_graveyard_small();
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

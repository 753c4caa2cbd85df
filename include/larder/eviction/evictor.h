#pragma once

// Makes room when memory reaches the limit: samples keys, keeps the best candidates across rounds,
// and removes the best of them until the ledger is below maxmemory. Near the limit of pages
// (page_limit.h), empties sparse slabs as well.

#include <cstdint>
#include <limits>

#include "larder/base/budget.h"
#include "larder/base/clock.h"
#include "larder/eviction/ager.h"
#include "larder/eviction/candidate_pool.h"
#include "larder/eviction/metrics.h"
#include "larder/eviction/page_limit.h"
#include "larder/eviction/policy.h"
#include "larder/eviction/settings.h"
#include "larder/keyspace/keyspace.h"
#include "larder/memory/ledger.h"

namespace larder::eviction {

enum class Room : std::uint8_t {
  enough,   // the ledger is under the limit
  working,  // still over the limit, but more keys can be evicted: call again
  freeing,  // over the limit only because removed data is not freed yet: call again
  none,     // over the limit, and no key may be evicted
  waiting,  // over the limit, and no key can be evicted until a snapshot has room for its value
};

// The memory that a command needs, in bytes.
struct Need {
  std::uint64_t more = 0;   // beyond what is held now
  std::uint64_t block = 0;  // the largest block that will be allocated
  std::uint64_t kept =
      0;  // held by values that cannot be evicted for it: those it works on, or has made
};

// Bytes that do not count against the limit, because evicting keys would not reduce them: buffers
// for replicas and the journal, and what a snapshot holds. The memory of clients counts.
std::int64_t bytes_not_counted_for_evict(const memory::Charges& charges);

class Evictor {
 public:
  // Applies the present maxmemory-policy and watches it from here on; a change between LFU and the
  // other policies also changes the keyspace's access mode.
  Evictor(keyspace::Keyspace& keyspace, keyspace::Evacuator& evacuator, Settings& settings,
          Metrics& metrics);

  // The bytes that count against the limit: the ledger without bytes_not_counted_for_evict and
  // without the part of the graveyard that need not count. Cost: about 20 ns.
  std::uint64_t counted_bytes() const;
  // The same without everything that waits in the graveyard. Keys are evicted only while this is
  // over the limit. The tables of a flushed database are included until they are freed.
  std::uint64_t bytes_without_removed() const;
  // Whether make_room() has something to do. Called for every command that may grow memory; about
  // 10 ns while there is room. False while clients are paused, but INFO still shows the excess.
  bool needs_room() const {
    return over_limit() || PageLimit::is_near(limit()) || evacuator_.is_tested();
  }
  // Whether the bytes alone are over the limit.
  bool over_limit() const {
    if (exceeds()) return true;
    if (__builtin_expect(metrics_.is_over(), 0) && !keyspace_.eviction_held()) {
      metrics_.under_limit();
    }
    return false;
  }

  // Evicts until there is room, no key can be evicted, or the budget is spent. Blocks that stay may
  // get other addresses. With an unlimited budget it does not wait for a snapshot, and stays above
  // the limit of pages while moving takes long. Data that was removed before is freed first if that
  // is enough; flushed databases are always freed first, because their bytes cannot be
  // distinguished from those of stored keys. Expired keys that it finds are removed as expired.
  Room make_room(base::Budget budget);
  // Whether make_room() may have to move blocks, and how long the last call worked for pages. A
  // command does not use up the room that this makes.
  bool is_near_page_limit() const { return PageLimit::is_near(limit()); }
  std::int64_t page_work_us() const { return page_work_us_; }

  // Adapts the bound of free pages to the present maxmemory and use; to be called `hz` times a
  // second.
  void beat();

  // Makes room for a command that computes its size before it writes. `none` if it cannot fit: then
  // at once, without evicting, if all keys that may be evicted would not free enough (may_free()),
  // or if the system refuses a block of that size. `freeing` or `working` if the budget is spent
  // before there is room, `waiting` as in make_room(). No key is evicted for bytes of removed data.
  // Keys that were looked up before may be removed, which invalidates their values. Cost: two
  // comparisons while there is room, otherwise that of evicting.
  Room make_room_for(const Need& need, base::Budget budget);

  // Whether the policy allows this key to be evicted.
  bool may_evict(const keyspace::Entry& entry) const {
    return policy_.victims == Victims::all_keys ||
           (policy_.victims == Victims::keys_with_deadline && entry.deadline());
  }

  // Whether the policy allows any key to be evicted.
  bool has_victims() const;
  // The number of keys that the policy allows to be evicted.
  std::size_t victims() const;
  // Whether removed data waits to be freed, so that memory will decrease without eviction.
  bool is_freeing() const { return !keyspace_.graveyard().empty(); }
  // The most bytes that evicting, and freeing removed data, can give back. Too large if keys
  // without a deadline must not be evicted, and while the tables of a flushed database are being
  // freed: its bytes count as stored keys.
  std::uint64_t most_freeable_bytes(const memory::Charges& charges) const;
  // The largest possible growth of memory if all keys that may be evicted were. Unlimited without
  // maxmemory.
  std::uint64_t most_growth() const;
  // The bytes that are free below the limit. Unlimited without maxmemory.
  std::uint64_t free_bytes() const;
  // False if evicting frees less than `bytes`. Cost: a few instructions for each database.
  bool may_free(std::uint64_t bytes) const;
  // Keeps this many bytes below the limit free, for a client that waits for room: until the next
  // call keys are evicted for them too, as long as there are any.
  void reserve(std::uint64_t bytes) { reserve(reserved_for_client_, bytes); }
  // The same for a command that was postponed until it has room. For both together.
  void reserve_for_command(std::uint64_t bytes) { reserve(reserved_for_command_, bytes); }

  // The maximum duration of a call, by maxmemory-eviction-tenacity: up to 10, that many times 50
  // us; above, 15 % more for each point; 100 without a bound. At most `most_us`, except without a
  // bound.
  base::Budget budget(std::int64_t most_us = std::numeric_limits<std::int64_t>::max()) const;

  // The chore that keeps access bits valid; to be run `hz` times a second.
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
  void apply_settings();
  void reserve(std::uint64_t& part, std::uint64_t bytes) {
    part = bytes;
    reserved_ = reserved_for_client_ + reserved_for_command_;
  }
  bool exceeds_with(std::uint64_t more) const;
  bool may_ever_fit(const Need& need) const;
  bool only_removed_data_exceeds(std::uint64_t wanted) const;
  std::uint64_t living_movable_bytes(const memory::Charges& charges) const;
  Room make_room_in_bytes(base::Budget& budget);
  Room make_room_in_pages(const base::Budget& given);
  Room work_for_pages(const base::Budget& given);
  bool evict_for_pages();
  PageLimit::Use page_use() const;
  Room evict(base::Budget& budget, std::uint64_t wanted = 0);
  Room free_deferred(base::Budget& budget, std::uint64_t wanted);
  void keep_graveyard_small();
  bool evict_one();
  bool evict_random();
  bool evict_best();
  bool evict_candidate();
  void sample();
  std::size_t sample_bucket();
  void consider(keyspace::Database& db, keyspace::Entry& entry);
  void remove(keyspace::Database& db, keyspace::Entry& entry, std::uint64_t hash);

  // The number of keys of the database that may be evicted.
  std::size_t eligible(const keyspace::Database& db) const;
  // A random database, weighted by its eligible keys; null if there are none.
  keyspace::Database* pick_database();

  keyspace::Keyspace& keyspace_;
  Settings& settings_;
  Metrics& metrics_;
  keyspace::Evacuator& evacuator_;
  PageLimit page_limit_;
  Policy policy_;
  CandidatePool pool_;
  Ager ager_;
  std::int64_t page_work_us_ = 0;
  std::uint64_t reserved_ = 0;  // the sum of the two
  std::uint64_t reserved_for_client_ = 0;
  std::uint64_t reserved_for_command_ = 0;
};

}  // namespace larder::eviction

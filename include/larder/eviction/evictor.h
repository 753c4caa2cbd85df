#pragma once

// Makes room when memory runs out: samples keys, keeps the best candidates across rounds,
// and removes the best of them until the ledger stands under maxmemory.

#include <cstdint>

#include "larder/base/budget.h"
#include "larder/base/clock.h"
#include "larder/eviction/candidate_pool.h"
#include "larder/eviction/metrics.h"
#include "larder/eviction/policy.h"
#include "larder/eviction/settings.h"
#include "larder/keyspace/keyspace.h"

namespace larder::eviction {

enum class Room : std::uint8_t {
  enough,   // the ledger is under the limit
  working,  // over it still, but more can go: call again
  none,     // over it, and nothing may be evicted
};

class Evictor {
 public:
  Evictor(keyspace::Keyspace& keyspace, const Settings& settings, Metrics& metrics);

  // What counts against the limit: the ledger less replica and journal buffers, replies that wait to
  // be sent, and the graveyard, whose bytes are on their way out.
  std::uint64_t counted_bytes() const;
  bool over_limit() const {
    const auto limit = static_cast<std::uint64_t>(settings_.maxmemory.value());
    return limit != 0 && counted_bytes() > limit;
  }

  // How long one command may evict, by maxmemory-eviction-tenacity.
  base::Budget budget() const;

  // Evicts until there is room, nothing is left to evict, or the budget is spent.
  Room make_room(base::Budget budget);

 private:
  bool evict_one();

  keyspace::Keyspace& keyspace_;
  const Settings& settings_;
  Metrics& metrics_;
  CandidatePool pool_;
};

}  // namespace larder::eviction

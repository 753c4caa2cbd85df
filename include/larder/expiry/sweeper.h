#pragma once

// Removes keys whose deadline has passed, a little at a time, so that memory comes back
// even when nobody reads them. Readers never see an expired key whether or not this runs.

#include <cstddef>
#include <cstdint>

#include "larder/base/budget.h"
#include "larder/base/clock.h"
#include "larder/expiry/metrics.h"
#include "larder/expiry/settings.h"
#include "larder/keyspace/keyspace.h"

namespace larder::expiry {

class Sweeper {
 public:
  Sweeper(keyspace::Keyspace& keyspace, const Settings& settings, Metrics& metrics);

  // The slow cycle, run at hz: goes on until a whole pass over the index is done or the
  // budget is spent. Returns how many keys went. Never touches a key whose deadline lies ahead.
  std::size_t run(base::Budget budget);

  // The fast cycle, before the loop sleeps: goes on where the last cycle ran out of time,
  // for a millisecond at most. Does nothing when the index was clean lately.
  std::size_t run_fast();

  // DEBUG SET-ACTIVE-EXPIRE.
  void active(bool on) { active_ = on; }
  bool active() const { return active_; }

 private:
  keyspace::Keyspace& keyspace_;
  const Settings& settings_;
  Metrics& metrics_;
  bool active_ = true;
};

}  // namespace larder::expiry

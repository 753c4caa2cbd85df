#pragma once

// Removes keys and fields of hashes whose deadline has passed, in small steps, so that their memory
// is freed even if no command reads them. Readers never see an expired key, whether or not this
// runs.
//
// The sweeper walks the index of deadlines from end to end, one pass after another. Next to each
// slot of the index is one byte of the deadline, its class: one of 256 units of about a second. A
// pass visits only the entries whose class has come due since the previous passes, so a pass over
// keys that are not due reads only the index, in a few milliseconds for a million keys. The time
// until the next pass depends on how much the last one found.

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "larder/base/budget.h"
#include "larder/base/clock.h"
#include "larder/expiry/metrics.h"
#include "larder/expiry/settings.h"
#include "larder/keyspace/keyspace.h"

namespace larder::expiry {

// Reads the changes that the sweeper has made, a few keys at a time.
class RemovalReader {
 public:
  virtual void read_removals() = 0;

 protected:
  ~RemovalReader() = default;
};

class Sweeper {
 public:
  // The most time in one turn of the loop, for both cycles together and any active-expire-effort.
  static constexpr std::int64_t kStepUs = 400;

  Sweeper(keyspace::Keyspace& keyspace, const Settings& settings, Metrics& metrics);

  // Calls `reader` after each few removals: its time is a part of that of the cycle.
  void report_to(RemovalReader& reader) { reader_ = &reader; }

  // The slow cycle, run at hz: continues until a complete pass over the index is done or the budget
  // is spent. Returns the number of removed keys. Never removes a key before its deadline.
  std::size_t run(base::Budget budget);

  // The fast cycle, before the loop sleeps: continues an unfinished pass, or starts one
  // that is due, for `most_us` and kStepUs at most and within the share of time that expiry may
  // take (25 %, and 2 % more for each point of active-expire-effort above 1). Returns how many keys
  // went. Costs one comparison when there is nothing to do.
  std::size_t run_fast(std::int64_t most_us = kStepUs);

  // The budget of one step, for run().
  base::Budget budget() const { return {keyspace_.clock(), kStepUs - turn_us_}; }
  // The time of both cycles in this turn.
  std::int64_t turn_us() const { return turn_us_; }
  // The same at the end of the turn: the next one has kStepUs again.
  std::int64_t end_turn() { return std::exchange(turn_us_, 0); }

  // A pass was interrupted and continues with the next call.
  bool is_unfinished() const { return in_pass_; }
  // How long the event loop may sleep until run_fast() has work; at most kLongestSleepMs.
  static constexpr std::int64_t kLongestSleepMs = 1000;
  std::int64_t rest_ms() const;

  // DEBUG SET-ACTIVE-EXPIRE. While off, passes only count what they would remove.
  void active(bool on);
  bool active() const { return active_; }

 private:
  // Buckets between two readings of the clock, and the maximum number of keys in them.
  static constexpr std::size_t kLines = 16;
  static constexpr std::size_t kMostHits = kLines * 7;
  // The same for values with elements that expire, and the cache lines that are read in each: at
  // most about 800 elements.
  static constexpr std::size_t kElementIndexLines = 2;
  static constexpr std::size_t kElementLines = 8;

  struct Due {
    keyspace::Entry* entry;
    std::uint64_t hash;
  };
  struct Hits {
    std::array<Due, kMostHits> items;
    std::size_t count = 0;
    void drop_repeated();
  };

  bool is_due() const { return keyspace_.clock().steady_us() >= next_pass_us_; }
  double share() const;
  void add_allowance();
  std::size_t step(base::Budget& budget);
  bool free_removed(base::Budget& budget);
  void begin_pass();
  void end_pass();
  void schedule();
  std::size_t sweep_lines();
  // The same over the index of values whose elements have deadlines, after the pass over keys.
  std::size_t sweep_elements();
  void end_database();
  void begin_database();
  // The lap over this database's index is over; true when it must be made again.
  bool starts_another_lap(const keyspace::Database& db);
  // Drops entries that are not due yet and prepares to erase the others.
  void keep_due(const keyspace::Database& db, Hits& hits) const;
  void take(keyspace::Database& db, const Hits& hits);
  void estimate_ttl(keyspace::Database& db);
  types::TagWindow window() const;

  keyspace::Keyspace& keyspace_;
  const Settings& settings_;
  Metrics& metrics_;
  RemovalReader* reader_ = nullptr;
  bool active_ = true;

  // The current pass: its position and its counts.
  bool in_pass_ = false;
  std::size_t db_ = 0;
  bool in_elements_ = false;
  std::uint64_t cursor_ = 0;
  int laps_ = 0;
  std::uint64_t lap_slots_ = 0;
  std::uint64_t found_ = 0;
  std::uint64_t found_bytes_ = 0;
  std::uint64_t all_ = 0;
  std::uint64_t swaps_before_ = 0;
  std::int64_t begun_us_ = 0;
  std::int64_t cost_us_ = 0;

  // When this pass and the two before it began, the latest first; kNever before the first. A pass
  // during which databases were exchanged counts as one that began when the pass before it did.
  static constexpr std::int64_t kNever = -1;
  std::array<std::int64_t, 3> began_ms_{kNever, kNever, kNever};

  std::int64_t last_cost_us_ = 0;
  std::int64_t interval_us_ = 0;
  std::int64_t next_pass_us_ = 0;
  std::int64_t turn_us_ = 0;  // spent in this turn
  // Time that fast cycles may take: it accumulates with time, and every cycle spends some.
  std::int64_t allowance_us_ = 0;
  std::int64_t earned_at_us_ = kNever;
};

}  // namespace larder::expiry

#pragma once

// Active defragmentation: moves keys and values out of the sparse slabs of the page store, whose
// pages then go back to the system. A pass begins when more memory is wasted than the settings
// allow, and takes a share of the time that depends on how much it is.

#include <cstdint>

#include "larder/base/budget.h"
#include "larder/keyspace/evacuator.h"
#include "larder/keyspace/keyspace.h"
#include "larder/memory/metrics.h"
#include "larder/memory/page_use.h"
#include "larder/memory/settings.h"

namespace larder::keyspace {

class Defragmenter {
 public:
  // The most time of one step. A step may pass it by what an Evacuator does between two looks at
  // the clock.
  static constexpr std::int64_t kStepUs = 250;

  Defragmenter(Keyspace& keyspace, Evacuator& evacuator, const memory::Settings& settings,
               memory::Metrics& metrics)
      : keyspace_(keyspace), evacuator_(evacuator), settings_(settings), metrics_(metrics) {}

  // Whether run() has something to do or to look for.
  bool is_on() const { return settings_.activedefrag.value() || part_ != Part::none; }

  // Whether blocks may move now, as decided by the caller. In addition, values do not move while a
  // hook before changes is registered.
  enum class Moves : std::uint8_t { allowed, forbidden };
  // A step of at most `most_us`, between commands; true if its share of the time allows another one
  // now. Ends the pass if moves are forbidden.
  bool run(std::int64_t most_us, Moves moves);

 private:
  // Of a pass.
  enum class Part : std::uint8_t { none, entries, tables, values };

  bool may_move(Moves moves) const;
  void check_page_use();
  std::int64_t percent_of_time(const memory::PageUse& use) const;
  void add_allowance(std::int64_t now_us);
  void step(base::Budget& budget);
  bool pass(base::Budget& budget);
  void begin_pass();
  void give_up();
  void end_pass();
  void report(std::int64_t now_us);

  Keyspace& keyspace_;
  Evacuator& evacuator_;
  const memory::Settings& settings_;
  memory::Metrics& metrics_;
  Part part_ = Part::none;
  std::int64_t percent_ = 0;        // of the time, for this pass
  std::int64_t next_check_us_ = 0;  // at the use of the pages
  std::int64_t last_us_ = 0;        // when time was added to the allowance
  std::int64_t allowance_us_ = 0;
  std::int64_t began_us_ = 0;  // this pass
  std::int64_t reported_ms_ = 0;
};

}  // namespace larder::keyspace

#include "larder/expiry/sweeper.h"

#include <algorithm>

#include "larder/types/table.h"

namespace larder::expiry {
namespace {

using keyspace::Database;
using keyspace::Entry;
using keyspace::ExpiresTable;
using keyspace::ExpiresTraits;

// The share of keys that a pass may find expired before the next one follows sooner; divided
// by active-expire-effort. On average half of it is in memory.
constexpr double kGoal = 0.005;
// After a pass that finds little, the next one waits 15 times its duration, within these bounds.
constexpr std::int64_t kRelaxation = 16;
constexpr std::int64_t kLeastRelaxedUs = 25'000;
constexpr std::int64_t kMostRelaxedUs = 1'000'000;
constexpr std::int64_t kLeastIntervalUs = 2'000;
// The slow cycle makes a pass at every call if a pass costs no more than this.
constexpr std::int64_t kCheapPassUs = 10'000;
// The most time that fast cycles may accumulate.
constexpr std::int64_t kMostAllowanceUs = 5'000;
// A pass over the index can miss an entry whose segment changes its shape at that moment. If more
// than one slot in kStableSlotRatio was added or removed, another pass follows at once; otherwise
// the next passes also visit entries that came due this long before them.
constexpr std::uint64_t kStableSlotRatio = 64;
constexpr int kMostLaps = 8;
constexpr std::int64_t kOverlapMs = 2'000;
constexpr std::int64_t kClasses = 256;
// Number of keys whose deadline the estimate of the average reads.
constexpr std::size_t kTtlSamples = 16;

}  // namespace

Sweeper::Sweeper(keyspace::Keyspace& keyspace, const Settings& settings, Metrics& metrics)
    : keyspace_(keyspace), settings_(settings), metrics_(metrics) {}

void Sweeper::active(bool on) {
  active_ = on;
  // Many keys may have come due since the last pass.
  began_ms_.fill(kNever);
  if (on) metrics_.left(0, 0);
}

double Sweeper::share() const {
  return 0.25 + 0.02 * static_cast<double>(settings_.active_expire_effort.value() - 1);
}

void Sweeper::add_allowance() {
  const std::int64_t now = keyspace_.clock().steady_us();
  const std::int64_t elapsed = earned_at_us_ == kNever ? kMostAllowanceUs : now - earned_at_us_;
  earned_at_us_ = now;
  const auto earned = static_cast<std::int64_t>(static_cast<double>(elapsed) * share());
  allowance_us_ = std::min(allowance_us_ + earned, kMostAllowanceUs);
}

std::int64_t Sweeper::rest_ms() const {
  if (keyspace_.removals_held()) return kLongestSleepMs;
  if (!in_pass_) {
    if (!active_ || !keyspace_.has_volatile_keys() || interval_us_ >= kLeastRelaxedUs) {
      return kLongestSleepMs;
    }
    return std::max<std::int64_t>(0, next_pass_us_ - keyspace_.clock().steady_us()) / 1000;
  }
  if (active_ && keyspace_.defers_removals()) return kLongestSleepMs;
  if (allowance_us_ > 0) return 0;
  return static_cast<std::int64_t>(static_cast<double>(1 - allowance_us_) / share()) / 1000 + 1;
}

std::size_t Sweeper::run(base::Budget budget) {
  if (keyspace_.removals_held()) return 0;
  add_allowance();
  if (!in_pass_) {
    if (!is_due() && last_cost_us_ > kCheapPassUs) return 0;
    begin_pass();
  }
  const std::size_t gone = step(budget);
  if (in_pass_) ++metrics_.time_cap_reached;
  return gone;
}

std::size_t Sweeper::run_fast(std::int64_t most_us) {
  if (!active_ || (!in_pass_ && !is_due()) || keyspace_.removals_held()) return 0;
  add_allowance();
  if (allowance_us_ <= 0 || turn_us_ >= kStepUs) return 0;
  if (!in_pass_) begin_pass();
  base::Budget budget(keyspace_.clock(), std::min(most_us, kStepUs - turn_us_));
  return step(budget);
}

std::size_t Sweeper::step(base::Budget& budget) {
  const base::Clock& clock = keyspace_.clock();
  const std::int64_t start_us = clock.steady_now_us();
  std::size_t gone = 0;
  do {
    if (active_ && keyspace_.defers_removals()) break;
    if (!free_removed(budget)) continue;
    const std::size_t removed = sweep_lines();
    if (removed > 0 && reader_ != nullptr) reader_->read_removals();
    gone += removed;
  } while (in_pass_ && !budget.spent());
  const std::int64_t spent_us = clock.steady_now_us() - start_us;
  metrics_.spent(spent_us);
  allowance_us_ -= spent_us;
  turn_us_ += spent_us;
  cost_us_ += spent_us;
  if (!in_pass_) schedule();
  return gone;
}

// The memory of removed keys is freed as the pass proceeds: the end of the turn may have no time.
// False if so much waits to be freed that no more keys may be removed.
bool Sweeper::free_removed(base::Budget& budget) {
  keyspace::Graveyard& graveyard = keyspace_.graveyard();
  while (keyspace::Graveyard::bytes() > keyspace::Graveyard::kMostWaiting) {
    if (graveyard.drain_a_little(keyspace_.clock())) return true;
    if (budget.spent()) break;
  }
  return !graveyard.is_behind();
}

void Sweeper::begin_pass() {
  in_pass_ = true;
  in_elements_ = false;
  db_ = 0;
  cursor_ = 0;
  found_ = found_bytes_ = all_ = 0;
  cost_us_ = 0;
  swaps_before_ = keyspace_.swaps();
  begun_us_ = keyspace_.clock().steady_us();
  began_ms_ = {keyspace_.clock().unix_ms(), began_ms_[0], began_ms_[1]};
  for (std::size_t i = 0; i < keyspace_.databases(); ++i) all_ += keyspace_.db(i).volatile_size();
  begin_database();
}

void Sweeper::end_pass() {
  in_pass_ = false;
  if (keyspace_.swaps() != swaps_before_) began_ms_[0] = began_ms_[1];
  if (active_) {
    metrics_.pass_done(found_, all_);
  } else {
    metrics_.left(found_, found_bytes_);
  }
}

void Sweeper::schedule() {
  last_cost_us_ = cost_us_;
  const std::int64_t relaxed = std::clamp(kRelaxation * cost_us_, kLeastRelaxedUs, kMostRelaxedUs);
  const double goal = kGoal / static_cast<double>(settings_.active_expire_effort.value());
  const double found = all_ == 0 ? 0 : static_cast<double>(found_) / static_cast<double>(all_);
  if (interval_us_ == 0) interval_us_ = relaxed;
  if (found > goal) interval_us_ = std::max(interval_us_ / 2, kLeastIntervalUs);
  if (found < goal / 4) interval_us_ *= 2;
  interval_us_ = std::min(interval_us_, relaxed);
  next_pass_us_ = begun_us_ + interval_us_;
}

// The classes that have come due since the start of the pass before the last: one pass may have
// missed entries that moved when the table changed its shape.
types::TagWindow Sweeper::window() const {
  const std::int64_t since_ms = began_ms_[2];
  const std::int64_t now_ms = keyspace_.clock().unix_ms();
  if (since_ms == kNever || since_ms > now_ms || began_ms_[1] > now_ms) return {};
  const std::int64_t oldest = (since_ms - kOverlapMs) >> ExpiresTraits::kTagShift;
  const std::int64_t width = (now_ms >> ExpiresTraits::kTagShift) - oldest;
  if (width >= kClasses - 1) return {};
  return {ExpiresTraits::tag_of(since_ms - kOverlapMs), static_cast<std::uint8_t>(width)};
}

std::size_t Sweeper::sweep_lines() {
  if (in_elements_) return sweep_elements();
  Database& db = keyspace_.db(db_);
  Hits hits;
  const std::uint64_t moved = db.expires().moved_slots();
  cursor_ = db.expires().sweep(cursor_, window(), kLines, [&hits](Entry* entry) {
    __builtin_prefetch(entry);
    hits.items[hits.count++].entry = entry;
    return types::Verdict::keep;
  });
  if (db.expires().moved_slots() != moved) hits.drop_repeated();
  keep_due(db, hits);
  take(db, hits);
  if (cursor_ == 0 && !starts_another_lap(db)) {
    estimate_ttl(db);
    in_elements_ = true;
  }
  return active_ ? hits.count : 0;
}

std::size_t Sweeper::sweep_elements() {
  Database& db = keyspace_.db(db_);
  if (!active_ || db.element_expires().empty()) {
    end_database();
    return 0;
  }
  Hits hits;
  const std::uint64_t start = cursor_;
  const std::uint64_t moved = db.element_expires().moved_slots();
  cursor_ = db.element_expires().sweep(cursor_, window(), kElementIndexLines, [&](Entry* entry) {
    hits.items[hits.count++].entry = entry;
    return types::Verdict::keep;
  });
  if (db.element_expires().moved_slots() != moved) hits.drop_repeated();
  const std::int64_t now_ms = keyspace_.clock().unix_ms();
  const std::size_t keys = db.size();
  bool done = true;
  for (std::size_t i = 0; i < hits.count; ++i) {
    Entry* entry = hits.items[i].entry;
    if (entry->next_element_deadline() > now_ms) continue;
    done = db.expire_elements(entry, ExpiresTraits::hash(*entry), kElementLines) && done;
  }
  // The same lines again, until nothing in them is due.
  if (!done) cursor_ = start;
  if (done && cursor_ == 0) end_database();
  return keys - db.size();
}

void Sweeper::end_database() {
  in_elements_ = false;
  cursor_ = 0;
  if (++db_ == keyspace_.databases()) {
    end_pass();
  } else {
    begin_database();
  }
}

bool Sweeper::starts_another_lap(const Database& db) {
  const std::uint64_t slots = db.expires().slots();
  const std::uint64_t change = slots > lap_slots_ ? slots - lap_slots_ : lap_slots_ - slots;
  if (!active_ || laps_ == kMostLaps || change * kStableSlotRatio <= lap_slots_) return false;
  ++laps_;
  lap_slots_ = slots;
  return true;
}

void Sweeper::begin_database() {
  laps_ = 1;
  lap_slots_ = keyspace_.db(db_).expires().slots();
}

// If the index has shrunk during the walk, an entry may have been visited twice.
void Sweeper::Hits::drop_repeated() {
  const auto by_address = [](const Due& a, const Due& b) { return a.entry < b.entry; };
  const auto same = [](const Due& a, const Due& b) { return a.entry == b.entry; };
  const auto end = items.begin() + static_cast<std::ptrdiff_t>(count);
  std::sort(items.begin(), end, by_address);
  count = static_cast<std::size_t>(std::unique(items.begin(), end, same) - items.begin());
}

// After the clock was set back: overdue entries had the class of the time before the change
// (keyspace/deadline_class.h); those that are not due any more get the class of their deadline.
void Sweeper::keep_due(const Database& db, Hits& hits) const {
  const std::int64_t now_ms = keyspace_.clock().unix_ms();
  const bool set_back = began_ms_[1] > now_ms || began_ms_[2] > now_ms;
  std::size_t due = 0;
  for (std::size_t i = 0; i < hits.count; ++i) {
    Entry* entry = hits.items[i].entry;
    const bool expired = entry->expired(now_ms);
    if (!expired && !set_back) continue;
    const std::uint64_t hash = ExpiresTraits::hash(*entry);
    if (!expired) {
      ExpiresTable& expires = keyspace_.db(db_).expires();
      expires.retag(entry, hash, ExpiresTraits::tag_of(entry->deadline_ms()));
      continue;
    }
    if (active_) db.prefetch(hash);
    hits.items[due++] = {entry, hash};
  }
  hits.count = due;
}

void Sweeper::take(Database& db, const Hits& hits) {
  found_ += hits.count;
  for (std::size_t i = 0; i < hits.count; ++i) {
    const std::size_t bytes = hits.items[i].entry->footprint();
    found_bytes_ += bytes;
    if (!active_) continue;
    metrics_.deferred(bytes);
    db.erase(hits.items[i].entry, hits.items[i].hash, keyspace::Cause::expired,
             keyspace::Event::expired);
  }
}

void Sweeper::estimate_ttl(Database& db) {
  if (db.volatile_size() == 0) {
    db.average_ttl_ms = 0;
    return;
  }
  const std::int64_t now_ms = keyspace_.clock().unix_ms();
  const bool all = db.volatile_size() <= kTtlSamples;
  const auto count = static_cast<std::int64_t>(all ? db.volatile_size() : kTtlSamples);
  // Deadlines may be so far in the future that their sum overflows.
  std::int64_t whole = 0;
  std::int64_t rest = 0;
  const auto ask = [&whole, &rest, count, now_ms](const Entry* entry) {
    const std::int64_t ttl_ms = std::max<std::int64_t>(0, entry->deadline_ms() - now_ms);
    whole += ttl_ms / count;
    rest += ttl_ms % count;
  };
  if (all) {
    db.expires().for_each(ask);
  } else {
    for (std::size_t i = 0; i < kTtlSamples; ++i) ask(db.expires().random(keyspace_.rng()));
  }
  const std::int64_t mean = whole + rest / count;
  const bool known = !all && db.average_ttl_ms != 0;
  db.average_ttl_ms = known ? db.average_ttl_ms + (mean - db.average_ttl_ms) / 8 : mean;
}

}  // namespace larder::expiry

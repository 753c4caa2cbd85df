// The walk of a snapshot in steps, and its pace.

#include <algorithm>
#include <utility>

#include "larder/base/prefetch.h"
#include "larder/keyspace/prefetch.h"
#include "step_snapshot.h"

namespace larder::persistence {
namespace {

using End = SnapshotResult::End;
using keyspace::Entry;

// Keys whose cache misses overlap.
constexpr std::size_t kAtOnce = 64;
// Keys between two readings of the clock.
constexpr std::uint32_t kKeysBetweenClockReadings = 4;

// While clients keep the loop busy, a snapshot takes a seventh of its time. This share is doubled
// every minute, so that the snapshot ends, and for each fifth of the room for copies of elements
// that is in use, so that commands need not wait for room.
constexpr std::int64_t kBusyPart = 7;
constexpr std::int64_t kDoubledUs = 60'000'000;
constexpr std::size_t kDoubledRoom = 5;
constexpr std::int64_t kMostDoublings = 4;
constexpr std::int64_t kLeastUs = 50;
// A turn with less work had nothing else to do. The loop is busy until so long after the last turn
// with more: a client that sends one command after the other pauses between them.
constexpr std::int64_t kIdleUs = 10;
constexpr std::int64_t kQuietUs = 1000;

}  // namespace

// Prefetches the next keys.
void StepSnapshot::collect() {
  const keyspace::EntryTable& entries = source_.keyspace.db(db_).entries();
  batch_.found.clear();
  batch_.in_first_bucket = 0;
  std::uint64_t cursor = position_;
  do {
    const std::size_t before = batch_.found.size();
    std::uint64_t next = entries.scan(cursor, [this](Entry* entry) {
      base::prefetch(entry);
      batch_.found.push_back({entry, 0});
    });
    for (std::size_t i = before; i < batch_.found.size(); ++i) batch_.found[i].next = next;
    if (cursor == position_) batch_.in_first_bucket = batch_.found.size();
    cursor = next;
  } while (cursor != 0 && batch_.found.size() < kAtOnce);
  batch_.next = cursor;
  for (const Batch::Found& each : batch_.found) prefetch_storage(*each.entry);
}

// True if its value must be written in steps.
bool StepSnapshot::pass(Entry& entry) {
  const auto marks = static_cast<std::uint8_t>(entry.marks() & Entry::kSnapshotMarks);
  if (marks != 0) entry.marks(static_cast<std::uint8_t>(entry.marks() & ~Entry::kSnapshotMarks));
  if (marks == mark_) return false;
  const std::int64_t delay = parts_.settings.rdb_key_save_delay.value();
  if (delay > 0) paced_until_us_ += delay;
  if (delay < 0 && ++delayed_ % static_cast<std::uint64_t>(-delay) == 0) ++paced_until_us_;
  const int db = static_cast<int>(db_);
  if (!is_written_in_steps(entry)) {
    write(entry, db);
    return false;
  }
  add_unwritten(entry, db);
  return true;
}

// Ends behind the bucket of a large value, so that few of them wait to be written, and behind the
// bucket at which the time is over.
void StepSnapshot::walk() {
  const keyspace::EntryTable& entries = source_.keyspace.db(db_).entries();
  collect();
  bool stops = false;
  for (std::size_t i = 0; i < batch_.found.size() && state_ == State::walking; ++i) {
    const Batch::Found& each = batch_.found[i];
    if (stops && each.next != batch_.next) break;
    // The bucket at the position may have been merged with those before it.
    if (i < batch_.in_first_bucket &&
        entries.cursor_of(keyspace::EntryTraits::hash(*each.entry)) < position_) {
      continue;
    }
    const bool is_late = pass(*each.entry) || slice_->spent(kKeysBetweenClockReadings);
    if (!is_late || stops) continue;
    stops = true;
    batch_.next = each.next;
  }
  position_ = batch_.next;
  if (position_ == 0) ++db_;
}

// False if it must wait.
bool StepSnapshot::step() {
  const std::size_t free = pipe_.free_blocks();
  if (free < kFewestFree) return false;
  if (!unwritten_.empty()) {
    if (must_wait_for_worker()) return false;
    continue_value();
    return true;
  }
  if (is_paced()) return false;
  if (db_ == sizes_.size()) {
    leave_keyspace();
    now_.writer.end();
    pipe_.finish();
    state_ = State::finishing;
    return false;
  }
  // The rest is for old values of keys that change.
  if (free < pipe_.most_blocks() / 4) return false;
  source_.keyspace.db(db_).size() == 0 ? skip_database() : walk();
  return true;
}

void StepSnapshot::skip_database() {
  ++db_;
  position_ = 0;
}

bool StepSnapshot::is_paced() const { return source_.clock.steady_us() < paced_until_us_; }

// Adds up the part of short turns until it is enough for a slice; 0 until then. The time in which
// the loop slept before this turn does not count.
std::int64_t StepSnapshot::slice_us(std::int64_t most_us) {
  const std::int64_t now_us = source_.clock.steady_now_us();
  const std::int64_t began_us =
      std::max(std::exchange(ended_us_, now_us), source_.clock.steady_us());
  const std::int64_t elsewhere_us = now_us - began_us;
  if (elsewhere_us >= kIdleUs) busy_until_us_ = now_us + kQuietUs;
  if (now_us >= busy_until_us_) return most_us;
  const std::int64_t age_us = now_us - parts_.metrics.saving.started_us;
  const auto copied = static_cast<std::int64_t>(kDoubledRoom * unwritten_.overlay_bytes() /
                                                pipe_.most_lent_bytes());
  const std::int64_t doublings =
      std::clamp<std::int64_t>(age_us / kDoubledUs + copied, 0, kMostDoublings);
  saved_us_ = std::min(saved_us_ + (elsewhere_us << doublings) / (kBusyPart - 1), most_us);
  return saved_us_ < kLeastUs ? 0 : std::exchange(saved_us_, 0);
}

bool StepSnapshot::work(base::Budget& budget) {
  while (state_ == State::walking) {
    if (!step()) return false;
    if (budget.spent()) return true;
  }
  return false;
}

bool StepSnapshot::run(std::int64_t us) {
  wakes_us_ = 0;
  parts_.worker.deliver();
  if (state_ == State::walking) {
    if (pipe_.failure() != nullptr) {
      stop(End::failed, *pipe_.failure());
    } else if (pipe_.is_cancelled() ||
               holds_.lasts_ms() > parts_.settings.snapshot_max_hold_ms.value()) {
      stop(End::failed, "The snapshot was given up, because commands waited too long for it");
    }
  }
  if (state_ != State::walking) {
    leave_keyspace();
    end_when_idle();
    return false;
  }
  stood_still_us_ = 0;
  bool more = false;
  const std::int64_t slice = slice_us(us);
  // Otherwise the loop may sleep until a client has something for it, or until it is idle.
  if (slice == 0) wakes_us_ = busy_until_us_;
  if (slice > 0) {
    base::Budget budget(source_.clock, slice);
    slice_ = &budget;
    more = work(budget);
    slice_ = nullptr;
  }
  resume_held();
  note_bytes();
  ended_us_ = source_.clock.steady_now_us();
  return more;
}

void StepSnapshot::resume_held() {
  constexpr std::size_t kResumedAtOnce = 64;
  engine::HeldSessions& held = parts_.waiters.for_snapshot();
  removals_wait_ = removals_wait_ && (is_short_of_blocks() || keeps_most());
  if (held.empty() && !removals_wait_) return holds_.end();
  const bool has_room = pipe_.free_blocks() >= pipe_.most_blocks() / 4;
  if (!has_room) relieve();
  if (held.empty()) return;
  if (was_in_element_ && !is_in_element()) {
    was_in_element_ = false;
    value_written_ = true;
  }
  if (!value_written_ && !(was_short_ && has_room)) return;
  value_written_ = false;
  was_short_ = was_short_ && !has_room;
  held.resume(kResumedAtOnce);
  value_written_ = !held.empty();
}

bool StepSnapshot::is_in_element() {
  return !unwritten_.empty() && unwritten_.first().overlay &&
         unwritten_.first().overlay->is_within_long_element();
}

std::uint64_t StepSnapshot::held_bytes() const {
  const std::size_t batch = batch_.found.capacity() * sizeof(Batch::Found);
  return pipe_.held_bytes() + unwritten_.held_bytes() + Fiber::kStackBytes +
         (batch == 0 ? 0 : memory::size_class(batch));
}

void StepSnapshot::note_bytes() {
  pipe_.lend(unwritten_.overlay_bytes());
  SavingFigures& figures = parts_.metrics.saving;
  figures.held_bytes = held_bytes();
  figures.overlay_bytes = unwritten_.overlay_bytes();
  figures.held_peak = std::max(figures.held_peak, figures.held_bytes);
}

void StepSnapshot::report_bytes(memory::Audit& audit) const {
  audit.found(memory::Owner::snapshot, static_cast<std::int64_t>(held_bytes()));
}

}  // namespace larder::persistence

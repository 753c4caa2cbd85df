#include "journal_writer.h"

#include <time.h>

#include <algorithm>

namespace larder::persistence {
namespace {

using At = JournalFailure::At;

constexpr std::int64_t kSecondUs = 1'000'000;
// Without `always`: the time between two moves, and the bytes for which the next one does not wait.
constexpr std::int64_t kPaceUs = 2000;
constexpr std::uint64_t kManyBytes = 256 << 10;
// A sync that begins later after the first effect that needs it counts as delayed.
constexpr std::int64_t kDelayedUs = 2 * kSecondUs;
// The wait for more effects: at most this and as long as a sync, in steps; it ends if none comes
// for half of that.
constexpr std::int64_t kMostWaitUs = 4000;
constexpr std::int64_t kWaitStepUs = 40;

}  // namespace

JournalWriter::JournalWriter(const Parts& parts)
    : parts_(parts), published_(parts.stream.end()), synced_(published_) {}

void JournalWriter::published(std::uint64_t end) {
  if (end == published_) return;
  const std::int64_t now_us = parts_.clock.steady_us();
  if (unsynced_since_us_ == 0) unsynced_since_us_ = now_us;
  published_ = end;
  if (is_posted_ || has_failed()) return;
  if (is_always() || now_us - posted_us_ >= kPaceUs || end - written() >= kManyBytes) post();
}

bool JournalWriter::is_sync_due(std::int64_t now_us) const {
  if (spares_) return false;
  switch (parts_.settings.appendfsync.as<SyncPolicy>()) {
    case SyncPolicy::always:
      return true;
    case SyncPolicy::everysec:
      return unsynced_since_us_ != 0 && now_us - synced_us_ >= kSecondUs;
    case SyncPolicy::no:
      break;
  }
  return false;
}

void JournalWriter::post() {
  const std::int64_t now_us = parts_.clock.steady_us();
  is_posted_ = true;
  posted_us_ = now_us;
  syncs_ = is_sync_due(now_us);
  if (syncs_) {
    if (!is_always() && now_us - unsynced_since_us_ > kDelayedUs) ++delayed_syncs_;
    synced_us_ = now_us;
    unsynced_since_us_ = 0;
  }
  parts_.worker.post(*this);
}

void JournalWriter::beat() {
  if (is_posted_) return;
  const std::int64_t now_us = parts_.clock.steady_us();
  if (failed_at_ == At::sync || (failed_at_ == At::write && now_us < retry_us_)) return;
  if (has_more() || has_failed() || (unsynced_since_us_ != 0 && is_sync_due(now_us))) post();
}

bool JournalWriter::has_more() const {
  return std::min(published_, parts_.file.limit()) > written();
}

void JournalWriter::go_on() {
  if (!is_posted_ && !has_failed() && has_more()) post();
}

void JournalWriter::restart(std::uint64_t position) {
  failed_at_ = At::nothing;
  synced_ = std::max(synced_, position);
  unsynced_since_us_ = parts_.clock.steady_us();
  synced_us_ = 0;
  post();
}

// The steps bound the wait where the clock stands still.
void JournalWriter::wait_for_more() const {
  std::uint64_t seen = parts_.stream.effects();
  std::int64_t quiet_until_us = wait_until_us_;
  for (std::int64_t waited = 0; waited < kMostWaitUs; waited += kWaitStepUs) {
    const std::uint64_t effects = parts_.stream.effects();
    const std::int64_t now_us = parts_.clock.steady_now_us();
    if (effects >= wait_for_effects_ || now_us >= std::min(wait_until_us_, quiet_until_us)) return;
    if (effects != seen) quiet_until_us = now_us + last_sync_us_ / 2;
    seen = effects;
    const timespec step{0, kWaitStepUs * 1000};
    ::nanosleep(&step, nullptr);
  }
}

void JournalWriter::work() {
  if (syncs_ && wait_for_effects_ != 0) wait_for_more();
  const std::int64_t began_us = parts_.clock.steady_now_us();
  effects_synced_ = parts_.stream.effects();
  failure_ = parts_.file.move();
  moved_to_ = parts_.file.place().position;
  const std::int64_t moved_us = parts_.clock.steady_now_us();
  write_us_ = moved_us - began_us;
  sync_us_ = 0;
  if (failure_ || !syncs_) return;
  failure_ = parts_.file.sync();
  sync_us_ = parts_.clock.steady_now_us() - moved_us;
}

void JournalWriter::note_failure() {
  failed_at_ = failure_.at;
  retry_us_ = parts_.clock.steady_us() + kSecondUs;
  if (unsynced_since_us_ == 0) unsynced_since_us_ = posted_us_;
  failure_.at == At::sync ? parts_.owner.sync_failed(failure_.reason)
                          : parts_.owner.write_failed(failure_.reason);
}

void JournalWriter::note_sync() {
  synced_ = moved_to_;
  if (synced_ < published_ && unsynced_since_us_ == 0) unsynced_since_us_ = posted_us_;
  if (!is_always()) return;
  parts_.observer.worked_elsewhere(engine::LatencyEvent::aof_fsync_always, sync_us_);
  plan_wait();
}

void JournalWriter::plan_wait() {
  last_sync_us_ = sync_us_;
  wait_until_us_ = parts_.clock.steady_now_us() + std::min(sync_us_, kMostWaitUs);
  wait_for_effects_ = parts_.stream.effects() + (effects_synced_ - effects_before_);
  effects_before_ = effects_synced_;
}

void JournalWriter::done() {
  is_posted_ = false;
  wait_for_effects_ = 0;
  parts_.observer.worked_elsewhere(engine::LatencyEvent::aof_write, write_us_);
  if (failure_) {
    note_failure();
    return parts_.owner.moved();
  }
  if (syncs_) note_sync();
  const bool failed_before = has_failed();
  failed_at_ = At::nothing;
  if (failed_before) parts_.owner.works_again();
  parts_.owner.moved();
  // What was published while the task ran.
  if (is_always() || published_ - written() >= kManyBytes) go_on();
}

JournalFailure JournalWriter::finish() {
  syncs_ = true;
  wait_for_effects_ = 0;
  work();
  if (!failure_) synced_ = moved_to_;
  failed_at_ = failure_.at;
  return failure_;
}

}  // namespace larder::persistence

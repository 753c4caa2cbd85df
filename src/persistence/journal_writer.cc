#include "journal_writer.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace larder::persistence {
namespace {

using At = JournalFailure::At;

constexpr std::int64_t kSecondUs = 1'000'000;
// Without `always`: the time between two moves, and the bytes for which the next one does not wait.
constexpr std::int64_t kPaceUs = 2000;
constexpr std::uint64_t kManyBytes = 256 << 10;
// A sync that begins later after the first effect that needs it counts as delayed.
constexpr std::int64_t kDelayedUs = 2 * kSecondUs;
// The wait for more effects: at most this and as long as a sync; it ends if none comes for half of
// that.
constexpr std::int64_t kMostWaitUs = 4000;
constexpr std::int64_t kLeastPauseUs = 100;
// Two syncs may overlap if they take this long: the time for fifty clients to send their next
// requests. Shorter ones would only become more.
constexpr std::int64_t kLongSyncUs = 1000;
// If the loop takes results of syncs later than this, on average, it is busy: syncs then begin at
// most so often, or one after the other.
constexpr std::int64_t kLateUs = 100;
constexpr std::int64_t kBusyPaceUs = 1000;
constexpr std::int64_t kAveraged = 8;

}  // namespace

JournalWriter::JournalWriter(const Parts& parts)
    : parts_(parts), published_(parts.stream.end()), synced_(published_) {}

void JournalWriter::published(std::uint64_t end) {
  if (end == published_) return;
  const std::int64_t now_us = parts_.clock.steady_us();
  if (unsynced_since_us_ == 0) unsynced_since_us_ = now_us;
  published_ = end;
  wake_if_enough();
  if (has_failed()) return;
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

bool JournalWriter::is_syncing() const {
  return std::any_of(rounds_.begin(), rounds_.end(),
                     [](const Round& each) { return each.is_posted && each.syncs; });
}

std::uint64_t JournalWriter::syncing_effects() const {
  std::uint64_t sum = 0;
  for (const Round& each : rounds_) {
    if (each.is_posted && each.syncs) sum += each.effects;
  }
  return sum;
}

// How many may run at the same time.
std::size_t JournalWriter::most_syncs() const {
  const bool overlap =
      last_sync_us_ >= kLongSyncUs && is_always() && !spares_ && parts_.file.syncs_overlap();
  if (!overlap) return 1;
  if (delivery_us_ < kLateUs) return rounds_.size();
  return std::min(rounds_.size(), static_cast<std::size_t>(last_sync_us_ / kBusyPaceUs));
}

// Null while one takes what was published, or no more may be posted.
JournalWriter::Round* JournalWriter::next_round() {
  Round* free = nullptr;
  std::size_t posted = 0;
  for (Round& each : rounds_) {
    if (!each.is_posted) {
      if (free == nullptr) free = &each;
      continue;
    }
    ++posted;
    if (!each.syncs || !each.has_moved.load(std::memory_order_acquire)) return nullptr;
  }
  return posted < most_syncs() ? free : nullptr;
}

void JournalWriter::post() {
  Round* const round = next_round();
  if (round != nullptr) post(*round);
}

void JournalWriter::post(Round& round) {
  const std::int64_t now_us = parts_.clock.steady_now_us();
  round.posted_us = posted_us_ = now_us;
  round.syncs = is_sync_due(now_us);
  if (round.syncs) {
    if (!is_always() && now_us - unsynced_since_us_ > kDelayedUs) ++delayed_syncs_;
    synced_us_ = now_us;
    unsynced_since_us_ = 0;
  }
  expect(round);
  awaited_effects_ = round.awaited_effects;
  round.is_posted = true;
  round.has_moved.store(false, std::memory_order_relaxed);
  parts_.worker.post(round);
}

// If syncs overlap, each is to have the same share of all effects that are under way.
void JournalWriter::expect(Round& round) const {
  const std::uint64_t coming =
      expected_.effects > moved_effects_ ? expected_.effects - moved_effects_ : 0;
  const std::size_t syncs = most_syncs();
  const std::uint64_t share = syncs > 1 ? (coming + syncing_effects() + syncs - 1) / syncs : coming;
  round.awaited_effects = coming == 0 ? 0 : moved_effects_ + std::min(coming, share);
  round.wait_until_us = expected_.until_us;
  round.most_quiet_us = last_sync_us_ / 2;
}

void JournalWriter::wake_if_enough() {
  if (awaited_effects_ == 0 || parts_.stream.effects() < awaited_effects_) return;
  awaited_effects_ = 0;
  { const std::lock_guard lock(arrival_); }
  arrived_.notify_one();
}

// The clock of the turn stands still while a script runs for long.
void JournalWriter::beat() {
  const std::int64_t now_us = parts_.clock.steady_now_us();
  if (failed_at_ == At::sync || (failed_at_ == At::write && now_us < retry_us_)) return;
  if (has_more() || has_failed() || (unsynced_since_us_ != 0 && is_sync_due(now_us))) post();
}

bool JournalWriter::has_more() const {
  return std::min(published_, parts_.file.limit()) > written();
}

void JournalWriter::go_on() {
  if (!has_failed() && has_more()) post();
}

void JournalWriter::restart(std::uint64_t position) {
  failed_at_ = At::nothing;
  synced_ = std::max(synced_, position);
  unsynced_since_us_ = parts_.clock.steady_us();
  synced_us_ = 0;
  post();
}

// The sum of the pauses bounds the wait where the clock stands still.
void JournalWriter::wait_for_more(const Round& round) {
  std::unique_lock lock(arrival_);
  std::uint64_t seen = parts_.stream.effects();
  std::int64_t until_us = round.wait_until_us;
  for (std::int64_t left_us = kMostWaitUs; left_us > 0;) {
    const std::uint64_t effects = parts_.stream.effects();
    const std::int64_t now_us = parts_.clock.steady_now_us();
    if (effects != seen) until_us = std::min(round.wait_until_us, now_us + round.most_quiet_us);
    if (effects >= round.awaited_effects || now_us >= until_us) return;
    seen = effects;
    const std::int64_t look_us = std::max(round.most_quiet_us / 2, kLeastPauseUs);
    const std::int64_t pause_us = std::min({until_us - now_us, look_us, left_us});
    arrived_.wait_for(lock, std::chrono::microseconds(pause_us));
    left_us -= pause_us;
  }
}

void JournalWriter::work(Round& round) {
  if (round.syncs && round.awaited_effects != 0) wait_for_more(round);
  const std::int64_t began_us = parts_.clock.steady_now_us();
  const std::uint64_t effects = parts_.stream.effects();
  round.effects = effects - std::exchange(moved_effects_, effects);
  round.failure = parts_.file.move();
  round.moved_to = parts_.file.written();
  const std::int64_t moved_us = parts_.clock.steady_now_us();
  round.write_us = moved_us - began_us;
  round.sync_us = 0;
  round.has_moved.store(true, std::memory_order_release);
  if (round.failure || !round.syncs) return;
  round.failure = parts_.file.sync(round.descriptor);
  round.synced_at_us = parts_.clock.steady_now_us();
  round.sync_us = round.synced_at_us - moved_us;
}

void JournalWriter::note_failure(const Round& round) {
  // Two rounds may fail for the same reason.
  if (failed_at_ == At::sync) return;
  failed_at_ = round.failure.at;
  retry_us_ = parts_.clock.steady_us() + kSecondUs;
  if (unsynced_since_us_ == 0) unsynced_since_us_ = round.posted_us;
  round.failure.at == At::sync ? parts_.owner.sync_failed(round.failure.reason)
                               : parts_.owner.write_failed(round.failure.reason);
}

void JournalWriter::note_sync(const Round& round) {
  synced_ = std::max(synced_, round.moved_to);
  if (synced_ < published_ && unsynced_since_us_ == 0) unsynced_since_us_ = round.posted_us;
  if (!is_always()) return;
  parts_.observer.worked_elsewhere(engine::LatencyEvent::aof_fsync_always, round.sync_us);
  const std::int64_t now_us = parts_.clock.steady_now_us();
  // One long wait must not change the average much.
  const std::int64_t delivery_us = std::min(now_us - round.synced_at_us, 2 * kLateUs);
  delivery_us_ += (delivery_us - delivery_us_) / kAveraged;
  last_sync_us_ = round.sync_us;
  expected_.effects = parts_.stream.effects() + round.effects;
  expected_.until_us = now_us + std::min(round.sync_us, kMostWaitUs);
}

void JournalWriter::done(Round& round) {
  round.is_posted = false;
  parts_.observer.worked_elsewhere(engine::LatencyEvent::aof_write, round.write_us);
  if (round.failure) {
    note_failure(round);
    return parts_.owner.moved();
  }
  // After a failed sync of the other round this one proves nothing.
  if (failed_at_ == At::sync) return parts_.owner.moved();
  if (round.syncs) note_sync(round);
  const bool failed_before = has_failed();
  failed_at_ = At::nothing;
  if (failed_before) parts_.owner.works_again();
  parts_.owner.moved();
  // What was published while the task ran.
  if (is_always() || published_ - written() >= kManyBytes) go_on();
}

JournalFailure JournalWriter::finish() {
  Round& round = rounds_[0];
  round.syncs = true;
  round.awaited_effects = 0;
  work(round);
  if (!round.failure) synced_ = round.moved_to;
  failed_at_ = round.failure.at;
  return round.failure;
}

}  // namespace larder::persistence

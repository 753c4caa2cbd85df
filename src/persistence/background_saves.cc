#include "larder/persistence/background_saves.h"

#include <utility>

namespace larder::persistence {
namespace {

using End = SnapshotResult::End;

// At the end of the server a disk that does not answer is waited for so long.
constexpr std::int64_t kEndUs = 300'000;
// After a failure the next automatic save waits so long.
constexpr std::int64_t kRetryS = 5;

}  // namespace

std::int64_t BackgroundSaves::now_s() const {
  return parts_.snapshots.source().clock.unix_ms() / 1000;
}

bool BackgroundSaves::may_try_again() const {
  return !parts_.disk_errors.has_failed() || now_s() - tried_s_ > kRetryS;
}

BackgroundSaves::Answer BackgroundSaves::save(When when) {
  if (is_saving()) return Answer::already;
  if (parts_.background.is_running() || when == When::after_transaction) {
    if (when == When::now) return Answer::busy;
    scheduled_ = true;
    return Answer::scheduled;
  }
  return start() ? Answer::started : Answer::failed;
}

bool BackgroundSaves::start() {
  const SnapshotSource source = parts_.snapshots.source();
  tried_s_ = now_s();
  parts_.metrics.rdb_saves += 1;
  changes_at_start_ = source.keyspace.log().changes();
  const bool incremental = parts_.settings.rdb_save_incremental_fsync.value();
  const auto started = parts_.background.start(
      {.name = parts_.settings.dbfilename.value(),
       .syncing = incremental ? SnapshotFile::Syncing::incremental : SnapshotFile::Syncing::at_end},
      *this);
  if (!started) {
    parts_.disk_errors.note(DiskErrorGate::Outcome::failed);
    return false;
  }
  scheduled_ = false;
  restarts_ = false;
  parts_.metrics.bgsave_started_us = source.clock.steady_us();
  return true;
}

bool BackgroundSaves::is_due(const config::SavePoint& point) const {
  const keyspace::ChangeLog& log = parts_.snapshots.source().keyspace.log();
  return static_cast<std::int64_t>(log.changes() - parts_.metrics.changes_at_save) >=
             point.changes &&
         now_s() - parts_.metrics.rdb_last_save_time.value() > point.seconds;
}

// While a file is loaded the data is not complete.
void BackgroundSaves::beat() {
  if (parts_.background.is_running() || parts_.metrics.loading.is_active) return;
  if (restarts_) {
    start();
    return;
  }
  if (!may_try_again()) return;
  for (const config::SavePoint& point : parts_.settings.save.value()) {
    if (!is_due(point)) continue;
    parts_.log.notice(std::to_string(point.changes) + " changes in " +
                      std::to_string(point.seconds) + " seconds. Saving...");
    start();
    return;
  }
  if (scheduled_) start();
}

void BackgroundSaves::note_done(const SnapshotResult& result) {
  Metrics& metrics = parts_.metrics;
  parts_.log.notice("Background saving terminated with success");
  log_dropped_deadlines(parts_.log, result.version, result.hashes_without_deadlines);
  metrics.rdb_last_save_dropped_field_ttls =
      static_cast<std::int64_t>(result.hashes_without_deadlines);
  metrics.changes_at_save = changes_at_start_;
  metrics.rdb_last_save_time = now_s();
  parts_.disk_errors.note(DiskErrorGate::Outcome::saved);
}

void BackgroundSaves::snapshot_ended(const SnapshotResult& result) {
  Metrics& metrics = parts_.metrics;
  const std::int64_t started_us = metrics.bgsave_started_us.value_or(0);
  metrics.bgsave_started_us.reset();
  metrics.rdb_last_bgsave_time_sec =
      (parts_.snapshots.source().clock.steady_us() - started_us) / 1'000'000;
  metrics.rdb_last_cow_size = static_cast<std::int64_t>(result.copied_bytes);
  if (result.end == End::done) return note_done(result);
  if (!result.reason.empty()) parts_.log.warning(result.reason);
  restarts_ = result.end == End::outdated;
  if (result.end != End::failed) return;
  parts_.log.warning("Background saving error");
  parts_.disk_errors.note(DiskErrorGate::Outcome::failed);
}

base::Result<void> BackgroundSaves::save_now() {
  parts_.metrics.rdb_saves += 1;
  return parts_.snapshots.save();
}

void BackgroundSaves::data_flushed() {
  stop();
  if (parts_.settings.save.value().empty()) return;
  // FLUSHALL itself counts as a change that is not saved, as in Redis.
  if (parts_.snapshots.save()) parts_.metrics.changes_at_save -= 1;
}

void BackgroundSaves::restart_save() {
  if (!is_saving()) return;
  parts_.background.cancel();
  restarts_ = true;
}

bool BackgroundSaves::abandon() {
  restarts_ = false;
  return parts_.background.abandon(kEndUs);
}

void BackgroundSaves::stop() {
  if (is_saving()) parts_.background.cancel();
  restarts_ = false;
}

}  // namespace larder::persistence

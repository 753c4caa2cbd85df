#include "aof_rewrite.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "larder/persistence/snapshot_file.h"

namespace larder::persistence {
namespace {

using End = SnapshotResult::End;

constexpr std::int64_t kSecondUs = 1'000'000;
constexpr std::int64_t kFailuresWithoutDelay = 3;
constexpr int kMostDelayMinutes = 60;

std::uint64_t size_of(const std::string& path) {
  struct stat found;
  return ::stat(path.c_str(), &found) == 0 ? static_cast<std::uint64_t>(found.st_size) : 0;
}

std::string reason_of(const JournalFailure& failure) {
  std::string text = failure.at == JournalFailure::At::sync ? "syncing" : "writing";
  return text.append(" the increment: ").append(std::strerror(failure.reason));
}

}  // namespace

BaseFormat base_format(const JournalSettings& settings) {
  return settings.aof_use_rdb_preamble.value() ? BaseFormat::rdb : BaseFormat::commands;
}

RdbPurpose base_purpose(const JournalSettings& settings) {
  return settings.aof_use_rdb_preamble.value() ? RdbPurpose::aof_base : RdbPurpose::aof_commands;
}

base::Result<void> write_manifest(JournalCalls& calls, const AofNames& names,
                                  const AofManifest& manifest) {
  SnapshotFile file(calls, SnapshotFile::Syncing::at_end, names.path("temp-" + names.manifest()));
  auto done = file.open();
  if (done) done = file.append(manifest.print());
  if (done) done = file.publish(names.path(names.manifest()));
  return done;
}

void AofRewrite::Begin::work() {
  const Parts& parts = rewrite.parts_;
  JournalFile& old = rewrite.increment_->file;
  failure.clear();
  JournalFailure failed = old.move();
  if (!failed && syncs_old) failed = old.sync();
  if (failed || old.written() != position) {
    failure = failed ? reason_of(failed) : "the increment is not complete";
    return;
  }
  old_bytes = old.bytes();
  const int file = parts.calls.create(parts.names.path(next.name).c_str());
  if (file < 0) {
    failure = "creating " + next.name + ": " + std::strerror(errno);
    return;
  }
  const auto begun = mark_increment(parts.calls, file);
  const auto named =
      begun && is_named ? write_manifest(parts.calls, parts.names, manifest) : base::Result<void>();
  if (!begun || !named) {
    failure = begun ? named.error().text : "writing " + next.name + ": " + begun.error().text;
    parts.calls.close(file);
    return;
  }
  old.open(file, {position, next.seq, begun.value()});
}

void AofRewrite::Publish::work() {
  const Parts& parts = rewrite.parts_;
  failure.clear();
  not_removed.clear();
  base_bytes = size_of(parts.names.path(manifest.base->name));
  if (const auto named = write_manifest(parts.calls, parts.names, manifest); !named) {
    failure = named.error().text;
    return;
  }
  if (keeps_history || manifest.history.empty()) return;
  AofManifest rest = manifest;
  rest.history.clear();
  for (const AofFile& old : manifest.history) {
    if (parts.calls.remove(parts.names.path(old.name).c_str()) == 0 || errno == ENOENT) continue;
    not_removed = old.name + ": " + std::strerror(errno);
    rest.history.push_back(old);
  }
  // Names of files that are gone do no harm in the history.
  if (write_manifest(parts.calls, parts.names, rest)) manifest = std::move(rest);
}

AofRewrite::Answer AofRewrite::start() {
  if (is_running()) return Answer::already;
  // A part of a command that waits for room in the ring must reach the old increment.
  const bool is_full = increment_ && increment_->stream.is_full();
  if (parts_.background.is_running() || is_full) {
    is_scheduled_ = true;
    return Answer::scheduled;
  }
  base_ = parts_.manifest.next_base(parts_.names, base_format(parts_.settings));
  const bool incremental = parts_.settings.aof_rewrite_incremental_fsync.value();
  const auto started = parts_.background.start(
      {.name = parts_.names.path(base_.name),
       .purpose = base_purpose(parts_.settings),
       .syncing = incremental ? SnapshotFile::Syncing::incremental : SnapshotFile::Syncing::at_end},
      *this);
  parts_.metrics.aof_rewrites += 1;
  started_us_ = parts_.clock.steady_us();
  if (!started) {
    note_end(false);
    return Answer::failed;
  }
  is_scheduled_ = false;
  is_saving_ = true;
  failure_.clear();
  if (increment_) begin_increment();
  parts_.log.notice("Background append only file rewriting started");
  return Answer::started;
}

void AofRewrite::begin_increment() {
  is_beginning_ = true;
  begin_.position = increment_->stream.end();
  begin_.next = parts_.manifest.next_incr(parts_.names);
  begin_.manifest = parts_.manifest;
  begin_.manifest.incr.push_back(begin_.next);
  begin_.is_named = files_ != Files::unnamed;
  begin_.syncs_old = files_ == Files::named;
  increment_->file.limit(begin_.position);
  increment_->stream.publish();
  increment_->stream.begin_file();
  parts_.worker.post(begin_);
}

void AofRewrite::begun() {
  is_beginning_ = false;
  increment_->file.limit(JournalFile::kNoLimit);
  if (begin_.failure.empty()) {
    if (begin_.is_named) {
      parts_.manifest = begin_.manifest;
      older_bytes_ += begin_.old_bytes;
    }
    parts_.log.notice("Creating AOF incr file " + begin_.next.name + " on background rewrite");
  } else {
    failure_ = begin_.failure;
    if (is_saving_) return parts_.background.cancel();
  }
  increment_->writer.go_on();
  if (!is_saving_) failure_.empty() ? publish() : fail(failure_);
}

void AofRewrite::snapshot_ended(const SnapshotResult& result) {
  is_saving_ = false;
  parts_.metrics.aof_last_cow_size = static_cast<std::int64_t>(result.copied_bytes);
  if (result.end != End::done) {
    if (failure_.empty()) {
      failure_ = result.reason.empty() ? "the snapshot was ended" : result.reason;
    }
    if (result.end == End::outdated) is_scheduled_ = true;
  }
  if (is_beginning_) return;
  failure_.empty() ? publish() : fail(failure_);
}

void AofRewrite::publish() {
  publish_.manifest = parts_.manifest;
  if (increment_) {
    if (!begin_.is_named) publish_.manifest.incr.push_back(begin_.next);
    publish_.manifest.replace_base(base_);
  } else {
    publish_.manifest.replace_all(base_);
  }
  publish_.keeps_history = parts_.settings.aof_disable_auto_gc.value();
  is_publishing_ = true;
  parts_.worker.post(publish_);
}

void AofRewrite::published() {
  is_publishing_ = false;
  if (!publish_.failure.empty()) return fail(publish_.failure);
  parts_.manifest = publish_.manifest;
  files_ = Files::named;
  older_bytes_ = publish_.base_bytes;
  bytes_then_ = all_bytes();
  parts_.log.notice("Successfully created the AOF base file " + base_.name);
  parts_.log.notice("Background AOF rewrite finished successfully");
  if (!publish_.not_removed.empty()) {
    parts_.log.warning("Failed to remove the old AOF file " + publish_.not_removed +
                       ". The next rewrite tries it again");
  }
  note_end(true);
  if (increment_) increment_->owner.rewritten(begin_.position);
}

void AofRewrite::fail(const std::string& reason) {
  parts_.log.warning("Background AOF rewrite failed: " + reason);
  if (increment_) increment_->writer.go_on();
  note_end(false);
}

void AofRewrite::note_end(bool succeeded) {
  Metrics& metrics = parts_.metrics;
  metrics.aof_last_rewrite_time_sec = running_us() / kSecondUs;
  metrics.aof_last_bgrewrite_status = succeeded ? "ok" : "err";
  retry_us_ = parts_.clock.steady_us() + kSecondUs;
  if (succeeded) {
    metrics.aof_rewrites_consecutive_failures = 0;
    delay_minutes_ = 0;
    delayed_until_us_ = 0;
    return;
  }
  metrics.aof_rewrites_consecutive_failures += 1;
  // Without a base, or with a file whose end is lost, it is tried until it succeeds.
  if (files_ != Files::named) is_scheduled_ = true;
}

void AofRewrite::forget_failures() { parts_.metrics.aof_rewrites_consecutive_failures = 0; }

void AofRewrite::cancel() {
  is_scheduled_ = false;
  if (is_saving_) parts_.background.cancel();
  while (is_running()) {
    parts_.worker.wait(kSecondUs);
    parts_.worker.deliver();
  }
  is_scheduled_ = false;
}

void AofRewrite::found_bytes(std::uint64_t older, std::uint64_t base) {
  older_bytes_ = older;
  bytes_then_ = base;
}

bool AofRewrite::is_limited() {
  if (parts_.metrics.aof_rewrites_consecutive_failures.value() < kFailuresWithoutDelay) {
    delay_minutes_ = 0;
    delayed_until_us_ = 0;
    return false;
  }
  const std::int64_t now_us = parts_.clock.steady_us();
  if (delayed_until_us_ != 0) {
    if (now_us < delayed_until_us_) return true;
    delayed_until_us_ = 0;
    return false;
  }
  delay_minutes_ = std::clamp(2 * delay_minutes_, 1, kMostDelayMinutes);
  delayed_until_us_ = now_us + delay_minutes_ * 60 * kSecondUs;
  parts_.log.warning(
      "Background AOF rewrite has repeatedly failed and triggered the limit, will retry in " +
      std::to_string(delay_minutes_) + " minutes");
  return true;
}

bool AofRewrite::is_due() {
  const auto percent =
      static_cast<std::uint64_t>(parts_.settings.auto_aof_rewrite_percentage.value());
  const auto least = static_cast<std::uint64_t>(parts_.settings.auto_aof_rewrite_min_size.value());
  const std::uint64_t now = all_bytes();
  const std::uint64_t then = std::max<std::uint64_t>(bytes_then_, 1);
  if (!increment_ || files_ != Files::named || percent == 0 || now <= least || now <= then)
    return false;
  const std::uint64_t growth =
      static_cast<std::uint64_t>(static_cast<double>(now - then) * 100 / static_cast<double>(then));
  if (growth < percent || is_limited()) return false;
  parts_.log.notice("Starting automatic rewriting of AOF on " + std::to_string(growth) +
                    "% growth");
  return true;
}

void AofRewrite::note_figures() const {
  Metrics& metrics = parts_.metrics;
  metrics.aof_rewrite_in_progress = is_running() ? 1 : 0;
  metrics.aof_rewrite_scheduled = is_scheduled_ ? 1 : 0;
  metrics.aof_current_rewrite_time_sec = is_running() ? running_us() / kSecondUs : -1;
}

void AofRewrite::beat() {
  if (is_running() || parts_.background.is_running()) return;
  const bool may_retry = parts_.clock.steady_us() >= retry_us_;
  if ((is_scheduled_ && may_retry) || is_due()) start();
}

}  // namespace larder::persistence

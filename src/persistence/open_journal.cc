#include "open_journal.h"

#include <algorithm>
#include <cstring>

namespace larder::persistence {
namespace {

// A failure that lasts is logged so often.
constexpr std::int64_t kLogUs = 30'000'000;

void append(std::string& out, const char* name, std::uint64_t value) {
  out.append(name).append(":").append(std::to_string(value)).append("\r\n");
}

}  // namespace

OpenJournal::OpenJournal(const Parts& parts, std::unique_ptr<JournalRing> ring, int file,
                         const RingPlace& place, AofRewrite::Files files)
    : parts_(parts.journal),
      ring_(std::move(ring)),
      file_(parts.calls, *ring_),
      stream_(*ring_),
      writer_(
          {parts_.worker, parts_.clock, parts_.observer, parts_.settings, file_, stream_, *this}),
      rewrite_({parts_.worker, parts.calls, parts_.log, parts_.clock, parts_.background,
                parts_.settings, parts.names, parts_.metrics, parts.manifest},
               {file_, stream_, writer_, *this}, files),
      published_(place.position) {
  file_.open(file, place);
  apply_policy();
  release();
  resume();
}

OpenJournal::~OpenJournal() {
  rewrite_.cancel();
  settle();
  pause();
  barrier_.reset();
  if (holds_writers_) release_writers();
  parts_.effects.release(engine::Propagation::kAll);
  parts_.waiters.reached(engine::Propagation::kAll);
  parts_.disk_errors.journal_works();
}

// Effects

void OpenJournal::take(const engine::Effect& effect) {
  if (effect.reach == engine::Reach::replicas) return;
  if (turn_begins_ && parts_.settings.aof_timestamp_enabled.value()) {
    stream_.add_time(parts_.clock.unix_ms() / 1000);
  }
  turn_begins_ = false;
  stream_.add(effect);
  if (engine::Session* const session = parts_.executor.running()) {
    session->shown_position = stream_.end();
  }
  if (__builtin_expect(stream_.is_full(), 0) && !holds_writers_) hold_writers();
}

void OpenJournal::flush() {
  turn_begins_ = true;
  if (stream_.end() == published_) return go_on_if_busy();
  published_ = stream_.publish();
  if (!waits_for_sync()) parts_.effects.release(published_);
  writer_.published(published_);
  if (__builtin_expect(holds_writers_, 0) && !stream_.is_full()) release_writers();
}

// No beat() comes while a script runs for long.
void OpenJournal::go_on_if_busy() {
  const bool is_busy = (parts_.gates.closed() & bit(engine::Gate::busy)) != 0;
  if (__builtin_expect(is_busy, 0)) writer_.beat();
}

// The ring is full: commands that write wait, and nothing is removed by itself, until the file has
// taken some of it.
void OpenJournal::hold_writers() {
  holds_writers_ = true;
  ++holds_;
  parts_.gates.close(engine::Gate::journal);
  parts_.snapshots.parts().keyspace.removals().hold(keyspace::Hold::journal);
}

void OpenJournal::release_writers() {
  holds_writers_ = false;
  parts_.gates.open(engine::Gate::journal);
  parts_.snapshots.parts().keyspace.removals().release(keyspace::Hold::journal);
}

// Durability

bool OpenJournal::waits_for_sync() const {
  return !spares_ && parts_.settings.appendfsync.as<SyncPolicy>() == SyncPolicy::always;
}

void OpenJournal::release() {
  parts_.effects.release(waits_for_sync() ? writer_.synced() : published_);
}

void OpenJournal::apply_policy() {
  const bool always = parts_.settings.appendfsync.as<SyncPolicy>() == SyncPolicy::always;
  if (always && !barrier_) barrier_.emplace(parts_.executor, parts_.effects, stream_);
  if (!always) barrier_.reset();
  release();
}

void OpenJournal::moved() {
  if (stream_.is_full()) flush();
  release();
  parts_.waiters.reached(writer_.synced());
}

JournalFailure OpenJournal::finish() {
  JournalFailure failure;
  do {
    flush();
    settle();
    failure = writer_.finish();
  } while (!failure && stream_.is_full());
  release();
  return failure;
}

void OpenJournal::beat() {
  spares_ = parts_.settings.no_appendfsync_on_rewrite.value() && parts_.background.is_running();
  writer_.spare_disk(spares_);
  release();
  writer_.beat();
  rewrite_.beat();
}

// Failures

void OpenJournal::refuse_writes(const std::string& text) {
  parts_.metrics.aof_last_write_status = "err";
  parts_.disk_errors.journal_failed(text);
}

void OpenJournal::write_failed(int reason) {
  const std::string text = std::strerror(reason);
  const std::int64_t now_us = parts_.clock.steady_us();
  if (logged_us_ == 0 || now_us - logged_us_ >= kLogUs) {
    logged_us_ = now_us;
    parts_.log.warning("Error writing to the AOF file: " + text +
                       ". Writes are refused and reads go on. Nothing is lost: the rest is written "
                       "when the disk works again, which is tried every second. Free space in the "
                       "folder of the append only file, or repair the disk.");
  }
  refuse_writes(text);
}

void OpenJournal::sync_failed(int reason) {
  const std::string text = std::strerror(reason);
  parts_.log.warning("Fail to fsync the AOF file: " + text +
                     ". The system may have lost what was written since the last sync: writes are "
                     "refused until all data are in a new base and a new increment.");
  rewrite_.distrust();
  rewrite_.schedule();
  refuse_writes(text);
}

void OpenJournal::works_again() {
  logged_us_ = 0;
  parts_.metrics.aof_last_write_status = "ok";
  parts_.disk_errors.journal_works();
  parts_.log.warning("AOF write error looks solved, the server can write again.");
}

void OpenJournal::rewritten(std::uint64_t position) {
  if (!writer_.has_failed()) return;
  writer_.restart(position);
  works_again();
}

// Figures

std::string OpenJournal::lines() const {
  std::string out;
  append(out, "aof_current_size", rewrite_.all_bytes());
  append(out, "aof_base_size", rewrite_.bytes_then());
  append(out, "aof_pending_rewrite", rewrite_.is_scheduled() ? 1 : 0);
  append(out, "aof_buffer_length", stream_.end() - writer_.written());
  append(out, "aof_pending_bio_fsync", writer_.is_syncing() ? 1 : 0);
  append(out, "aof_delayed_fsync", writer_.delayed_syncs());
  append(out, "aof_holds", holds_);
  return out;
}

std::size_t OpenJournal::held_bytes() const {
  return stream_.held_bytes() + (barrier_ ? barrier_->held_bytes() : 0);
}

}  // namespace larder::persistence

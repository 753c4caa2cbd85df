// What is kept of the stream for replicas, and what they are told each second.

#include <sys/statvfs.h>

#include <algorithm>

#include "full_sync.h"
#include "larder/replication/replicas.h"
#include "spill.h"

namespace larder::replication {
namespace {

// What waits for the disk before the places of disconnected replicas are given up.
constexpr std::uint64_t kMostWaiting = 8 << 20;

// A send costs the system several microseconds, mostly for waking up the replica: while commands
// come turn after turn, their effects are sent after this time, or as soon as there are so many.
constexpr std::int64_t kSendPauseUs = 200;
constexpr std::int64_t kSentAtOnce = 64 << 10;

// The chunks of the backlog that a turn drops. If its size is reduced, many have to go.
constexpr int kMostDropped = 64;

// More than this beyond the size of the backlog is not left for the end of the turn.
constexpr std::uint64_t kTrimmedAtOnce = 4 << 20;

constexpr std::string_view kPing = "*1\r\n$4\r\nPING\r\n";

}  // namespace

void Replicas::stream_grew() {
  has_grown_ = true;
  const auto kept = static_cast<std::uint64_t>(parts_.settings.repl_backlog_size.value());
  if (parts_.backlog.size() > kept + kTrimmedAtOnce) trim();
  const bool is_due = parts_.clock.steady_us() - sent_us_ >= kSendPauseUs ||
                      parts_.history.offset() - sent_offset_ >= kSentAtOnce;
  if (is_asked_for_ || is_due) return send_stream();
  sends_at_us_ = sent_us_ + kSendPauseUs;
}

void Replicas::send_stream() {
  is_asked_for_ = false;
  sends_at_us_ = 0;
  sent_us_ = parts_.clock.steady_us();
  sent_offset_ = parts_.history.offset();
  for (Follower* const replica : replicas_) {
    if (replica->is_online()) replica->wake();
  }
}

void Replicas::stream_restarted() {
  spill_->clear();
  places_.clear();
  disconnect_all();
}

std::uint64_t Replicas::spilled_bytes() const {
  return spill_->bytes() + full_sync_->spilled_bytes();
}

std::uint64_t Replicas::spill_room() const {
  const std::uint64_t limit = spill_limit();
  return limit - std::min(limit, spill_->bytes());
}

std::int64_t Replicas::first_kept() const {
  return spill_->empty() ? parts_.backlog.first() : spill_->first();
}

std::string_view Replicas::stream_at(std::int64_t offset, Follower& replica) {
  if (offset >= parts_.backlog.first()) {
    replica.stop_reading();
    return parts_.backlog.at(offset);
  }
  if (spill_->holds(offset)) return spill_->at(offset, replica.reader());
  return replica.close(), std::string_view();
}

bool Replicas::end_turn() {
  if (sends_at_us_ != 0 && parts_.clock.steady_us() >= sends_at_us_) send_stream();
  if (!waits_.empty()) {
    waits_.expire();
    waits_.look();
  }
  if (!replicas_.empty() || full_sync_->has_work()) full_sync_->end_turn();
  // The replicas may have been sent more of what is kept for them alone.
  const bool is_stored = parts_.backlog.is_lending() || !spill_->empty();
  if (!has_grown_ && !is_stored) return false;
  has_grown_ = trim();
  return has_grown_;
}

// One that takes what it is sent has the rest in the backlog if it is disconnected. One that does
// not may have much in the buffers of the network, which would be lost.
std::int64_t Replicas::needed_by(const Follower& replica) const {
  constexpr auto kBehind = static_cast<std::int64_t>(4 * Backlog::kChunkBytes);
  const bool takes = parts_.backlog.end() - replica.next_offset() <= kBehind;
  return takes ? replica.next_offset() : std::min(replica.next_offset(), replica.first_unacked());
}

std::int64_t Replicas::first_needed() const {
  std::int64_t needed = parts_.backlog.end();
  for (const Follower* const replica : replicas_) {
    if (replica->needs_stream()) needed = std::min(needed, needed_by(*replica));
  }
  for (const Place& place : places_) needed = std::min(needed, place.next_offset);
  return needed;
}

// Drops what neither the backlog nor a replica needs, and gives to the disk what only replicas do.
// True if there is more to drop.
bool Replicas::trim() {
  Backlog& backlog = parts_.backlog;
  constexpr auto kChunk = Backlog::kChunkBytes;
  const auto kept = static_cast<std::uint64_t>(parts_.settings.repl_backlog_size.value());
  const std::int64_t needed = first_needed();
  spill_->drop_before(needed);
  for (int dropped = 0; backlog.size() >= kept + kChunk; ++dropped) {
    if (dropped == kMostDropped) return true;
    if (backlog.first() + static_cast<std::int64_t>(kChunk) <= needed) {
      spill_->clear();
      backlog.drop_chunk();
    } else if (!spill_one()) {
      break;
    }
  }
  if (!spill_->empty()) bound_spill();
  const std::uint64_t excess = backlog.size() - std::min(backlog.size(), kept);
  backlog.keep_for_replicas(excess / kChunk);
  if (excess < kChunk) return false;
  // The disk is too slow, or fails: memory is not kept for those that are not there.
  if (excess > kMostWaiting) places_.clear();
  check_limits();
  return false;
}

// False if the chunk stays in memory.
bool Replicas::spill_one() {
  if (parts_.settings.repl_spill_size.value() == 0 || !spill_->may_take()) return false;
  spill_->take(parts_.backlog);
  return true;
}

std::uint64_t Replicas::spill_limit() const {
  const std::int64_t wanted = parts_.settings.repl_spill_size.value();
  if (wanted >= 0) return static_cast<std::uint64_t>(wanted);
  struct statvfs disk;
  if (::statvfs(".", &disk) != 0) return 0;
  const std::uint64_t free = std::uint64_t{disk.f_bavail} * disk.f_frsize + spilled_bytes();
  const std::uint64_t share = free / 100 * static_cast<std::uint64_t>(-wanted);
  const auto memory = static_cast<std::uint64_t>(parts_.memory.maxmemory.value());
  return memory == 0 ? share : std::min(share, 4 * memory);
}

// The replicas that are furthest behind lose their part of it.
void Replicas::bound_spill() {
  const std::uint64_t copies = full_sync_->spilled_bytes();
  const std::uint64_t all = spill_limit();
  const std::uint64_t limit = all - std::min(all, copies);
  if (spill_->bytes() <= limit) return;
  const std::int64_t least = parts_.backlog.first() - static_cast<std::int64_t>(limit);
  std::erase_if(places_, [least](const Place& place) { return place.next_offset < least; });
  for (Follower* const replica : replicas_) {
    if (!replica->needs_stream() || replica->next_offset() >= least || replica->is_closing()) {
      continue;
    }
    parts_.log.warning("Client " + replica->name() +
                       " scheduled to be closed ASAP for overcoming of output buffer limits: "
                       "what it has not been sent exceeds repl-spill-size.");
    replica->close();
  }
  spill_->drop_before(least);
}

// Only what is on disk is kept for them: the backlog is there for all.
void Replicas::keep_place(const Follower& replica) {
  constexpr std::size_t kMostPlaces = 16;
  if (replica.description.port == 0 || parts_.settings.repl_spill_size.value() == 0) return;
  if (places_.size() == kMostPlaces) places_.erase(places_.begin());
  const std::int64_t next = std::min(replica.next_offset(), replica.first_unacked());
  places_.push_back({replica.name(), next, now_ms()});
}

void Replicas::leave_place(const Follower& replica) {
  std::erase_if(places_,
                [name = replica.name()](const Place& place) { return place.name == name; });
}

void Replicas::forget_old_places() {
  const std::int64_t ttl_ms = parts_.settings.repl_backlog_ttl.value() * 1000;
  if (ttl_ms == 0) return;
  std::erase_if(places_,
                [this, ttl_ms](const Place& place) { return now_ms() - place.left_ms > ttl_ms; });
}

// Whether more than these bytes are kept in memory for it.
bool Replicas::is_behind(const Follower& replica, std::uint64_t bytes) const {
  constexpr std::uint64_t kSlack = 4 * Backlog::kChunkBytes;
  const std::int64_t from = std::max(replica.next_offset(), parts_.backlog.first());
  return static_cast<std::uint64_t>(parts_.backlog.end() - from) > bytes + kSlack;
}

void Replicas::check_limits() {
  const auto kept = static_cast<std::uint64_t>(parts_.settings.repl_backlog_size.value());
  const config::BufferLimit& limit = parts_.limits.value(config::ClientClass::replica);
  for (Follower* const replica : replicas_) {
    if (!replica->needs_stream() || replica->is_closing()) continue;
    const bool is_hard =
        limit.hard_bytes != 0 && is_behind(*replica, std::max(limit.hard_bytes, kept));
    const bool is_soft =
        limit.soft_bytes != 0 && is_behind(*replica, std::max(limit.soft_bytes, kept));
    if (!is_hard && !replica->is_behind_for_longer(is_soft, limit.soft_seconds * 1000)) continue;
    parts_.log.warning("Client " + replica->name() +
                       " scheduled to be closed ASAP for overcoming of output buffer limits.");
    replica->close();
  }
}

void Replicas::beat() {
  constexpr std::int64_t kSecondMs = 1000;
  if (now_ms() - second_ms_ < kSecondMs) return;
  second_ms_ = now_ms();
  every_second();
}

void Replicas::every_second() {
  ++seconds_;
  const bool pings = seconds_ % parts_.settings.repl_ping_replica_period.value() == 0;
  if (pings && !replicas_.empty() && upstream_ == Upstream::none) feed_.add(kPing);
  for (Follower* const replica : replicas_) {
    if (replica->waits()) replica->send_newline();
  }
  forget_old_places();
  check_timeouts();
  check_limits();
  // The size of the backlog may have been changed.
  has_grown_ = has_grown_ || parts_.feed.is_open();
  close_stream_if_unused();
  apply_gate();
}

void Replicas::check_timeouts() {
  const std::int64_t most_ms = parts_.settings.repl_timeout.value() * 1000;
  for (Follower* const replica : replicas_) {
    if (replica->is_closing()) continue;
    if (replica->is_online() && replica->acknowledges() &&
        now_ms() - replica->acked_ms() > most_ms) {
      parts_.log.warning("Disconnecting timedout replica (streaming sync): " + replica->name());
      replica->close();
    } else if (replica->is_stuck() && now_ms() - replica->took_ms() > most_ms) {
      parts_.log.warning("Disconnecting timedout replica (full sync): " + replica->name());
      replica->close();
    }
  }
}

// A replica keeps its stream always.
void Replicas::close_stream_if_unused() {
  const std::int64_t ttl_s = parts_.settings.repl_backlog_ttl.value();
  const bool is_unused = feed_.is_open() && replicas_.empty() && upstream_ == Upstream::none;
  if (!is_unused) unused_since_ms_ = now_ms();
  if (ttl_s == 0 || now_ms() - unused_since_ms_ <= ttl_s * 1000) return;
  parts_.history.renew();
  feed_.close();
  spill_->clear();
  places_.clear();
  parts_.log.notice("Replication backlog freed after " + std::to_string(ttl_s) +
                    " seconds without connected replicas.");
}

}  // namespace larder::replication

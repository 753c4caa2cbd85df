// What is kept of the stream for replicas, and what they are told each second.

#include <algorithm>

#include "full_sync.h"
#include "larder/replication/replicas.h"

namespace larder::replication {
namespace {

constexpr std::string_view kPing = "*1\r\n$4\r\nPING\r\n";

}  // namespace

void Replicas::stream_grew() {
  has_grown_ = true;
  for (Follower* const replica : replicas_) {
    if (replica->is_online()) replica->wake();
  }
}

std::string_view Replicas::stream_at(std::int64_t offset, Follower& replica) {
  if (offset < parts_.backlog.first()) return replica.close(), std::string_view();
  return parts_.backlog.at(offset);
}

bool Replicas::end_turn() {
  if (!waits_.empty()) {
    waits_.expire();
    waits_.look();
  }
  if (!replicas_.empty() || full_sync_->is_running()) full_sync_->end_turn();
  if (!has_grown_) return false;
  has_grown_ = false;
  trim();
  return false;
}

// Drops what neither the backlog nor a replica needs.
void Replicas::trim() {
  Backlog& backlog = parts_.backlog;
  constexpr auto kChunk = Backlog::kChunkBytes;
  const auto kept = static_cast<std::uint64_t>(parts_.settings.repl_backlog_size.value());
  std::int64_t needed = backlog.end();
  for (const Follower* const replica : replicas_) {
    if (replica->needs_stream()) needed = std::min(needed, replica->next_offset());
  }
  while (backlog.size() >= kept + kChunk &&
         backlog.first() + static_cast<std::int64_t>(kChunk) <= needed) {
    backlog.drop_chunk();
  }
  const std::uint64_t excess = backlog.size() - std::min(backlog.size(), kept);
  backlog.keep_for_replicas(excess / kChunk);
  if (excess >= kChunk) check_limits();
}

// Whether it has been sent so little that more than these bytes are kept.
bool Replicas::is_behind(const Follower& replica, std::uint64_t bytes) {
  return static_cast<std::uint64_t>(parts_.backlog.end() - replica.next_offset()) > bytes;
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
  check_timeouts();
  check_limits();
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
  if (!is_unused || ttl_s == 0 || now_ms() - unused_since_ms_ <= ttl_s * 1000) return;
  parts_.history.renew();
  feed_.close();
  parts_.log.notice("Replication backlog freed after " + std::to_string(ttl_s) +
                    " seconds without connected replicas.");
}

}  // namespace larder::replication

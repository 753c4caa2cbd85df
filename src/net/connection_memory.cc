// The memory of a connection, and whether it is too much.

#include <algorithm>

#include "connection.h"
#include "larder/engine/command.h"
#include "larder/memory/heap.h"

namespace larder::net {
namespace {

// The gates of sessions for which subsystems may hold much memory: a queue, subscriptions.
constexpr std::uint32_t kHolding =
    engine::bit(engine::Gate::queueing) | engine::bit(engine::Gate::subscribed);

config::ClientClass class_of(const engine::Session& session) {
  return session.is_subscribed() ? config::ClientClass::pubsub : config::ClientClass::normal;
}

}  // namespace

std::uint64_t Connection::output_bytes() const {
  return output_.held_bytes() - output_.first().held + output_.shared_bytes() +
         session_.held_push_bytes() + session_.unfinished_reply_bytes();
}

void Connection::bound_output() {
  const auto& limits = home_.parts_.settings.clients.client_output_buffer_limit;
  const std::uint64_t hard = limits.value(class_of(session_)).hard_bytes;
  output_.bound(hard == 0 ? resp::ReplyBuffer::kNoBound : hard + resp::ChunkPool::kChunkBytes);
}

void Connection::close_for_output() {
  home_.parts_.metrics.output_limit_disconnections += 1;
  home_.parts_.log.warning("Client " + describe() +
                           " closed for overcoming of output buffer limits.");
}

bool Connection::passed_output_limits() {
  const auto& limits = home_.parts_.settings.clients.client_output_buffer_limit;
  const std::int64_t now_ms = home_.parts_.loop.clock().steady_ms();
  const bool too_much =
      output_excess_.note(limits.value(class_of(session_)), output_bytes(), now_ms);
  const bool pushed_too_much =
      push_excess_.note(limits.value(config::ClientClass::pubsub), output_.shared_bytes(), now_ms);
  if (!too_much && !pushed_too_much) return false;
  close_for_output();
  return true;
}

void Connection::rank() {
  if (!home_.budget_.in_force()) return;
  const bool is_small = output_.chunks() == 0 && input_.capacity() < ClientRanks::kLeastBytes &&
                        (session_.closed_gates & kHolding) == 0 && !session_.is_parked();
  if (is_small && rank_.level == Rank::kNone) return;
  home_.ranks_->place(*this, session_.no_evict ? 0 : total_bytes());
}

void Connection::roll_peak(std::int64_t now_ms, std::int64_t reset_ms) {
  if (reset_ms < 0) return;
  const auto period = static_cast<std::uint32_t>(now_ms / std::max<std::int64_t>(reset_ms, 1));
  if (period == peak_period_) return;
  peak_period_ = period;
  output_peak_ = output_.size();
}

std::size_t Connection::total_bytes() const {
  return memory::size_class(sizeof(Connection)) + input_.capacity() + reader_.held_bytes() +
         session_.text_bytes() + session_.parked_bytes() + session_.attached_bytes() +
         output_.held_bytes() + output_.shared_bytes() + session_.held_push_bytes() +
         session_.unfinished_reply_bytes() + tls_bytes();
}

Connection::Buffers Connection::buffers() const {
  const resp::ReplyBuffer::First first = output_.first();
  Buffers found;
  found.query = std::max(input_.size(), running_bytes_);
  const std::size_t shared = running_bytes_ == 0 ? 0 : std::max(kReadBytes, found.query);
  found.query_free = std::max(input_.capacity(), shared) - found.query;
  found.arguments = reader_.held_bytes() + session_.parked_bytes();
  // Its reply is about to take a block.
  found.reply_buffer = running_bytes_ == 0 ? first.held : resp::ChunkPool::kChunkBytes;
  found.reply_peak =
      std::min<std::size_t>(std::max(output_peak_, output_.size()), resp::ChunkPool::kRoom);
  found.reply_bytes = first.unsent;
  found.reply_blocks = output_.chunks() - (first.held == 0 ? 0 : 1);
  found.reply_held = output_bytes();
  found.total = total_bytes();
  found.reading = (interest() & kReadable) != 0;
  found.writing = (interest() & kWritable) != 0;
  found.held_back = paused_;
  return found;
}

std::string Connection::describe() const {
  const std::string_view command =
      session_.last_command == nullptr ? "NULL" : session_.last_command->name;
  return "id=" + std::to_string(session_.id) + " addr=" + address() + " laddr=" + local_address() +
         " fd=" + std::to_string(socket_) +
         " name=" + std::string(std::string_view(session_.name)) +
         " qbuf=" + std::to_string(input_.size()) + " omem=" + std::to_string(output_bytes()) +
         " tot-mem=" + std::to_string(total_bytes()) + " cmd=" + std::string(command);
}

}  // namespace larder::net

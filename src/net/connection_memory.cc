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
  if (session.is_replica) return config::ClientClass::replica;
  return session.is_subscribed() ? config::ClientClass::pubsub : config::ClientClass::normal;
}

}  // namespace

std::uint64_t Connection::output_bytes() const {
  return output_.held_bytes() - output_.first().held + output_.shared_bytes() +
         session_.held_push_bytes() + session_.unfinished_reply_bytes();
}

void Connection::bound_output() {
  const auto& limits = services_.parts.settings.clients.client_output_buffer_limit;
  const std::uint64_t hard = limits.value(class_of(session_)).hard_bytes;
  output_.bound(hard == 0 ? resp::ReplyBuffer::kNoBound : hard + resp::ChunkPool::kChunkBytes);
}

void Connection::close_for_output() {
  services_.parts.metrics.output_limit_disconnections += 1;
  services_.parts.log.warning("Client " + describe() +
                              " closed for overcoming of output buffer limits.");
}

bool Connection::passed_output_limits() {
  const auto& limits = services_.parts.settings.clients.client_output_buffer_limit;
  const std::int64_t now_ms = services_.clock.steady_ms();
  const bool too_much =
      output_excess_.note(limits.value(class_of(session_)), output_bytes(), now_ms);
  const bool pushed_too_much =
      push_excess_.note(limits.value(config::ClientClass::pubsub), output_.shared_bytes(), now_ms);
  if (!too_much && !pushed_too_much) return false;
  close_for_output();
  return true;
}

bool Connection::is_small() const {
  return output_.chunks() == 0 && input_.capacity() < ClientRanks::kLeastBytes &&
         (session_.closed_gates & kHolding) == 0 && !session_.is_parked() &&
         session_.attachment(engine::Attached::watcher) == nullptr &&
         session_.attachment(engine::Attached::tracking) == nullptr;
}

// What a session keeps beyond its commands may be many times as large as the requests.
void Connection::note_kept_memory(std::size_t input_bytes) {
  constexpr std::size_t kSmallInput = 128;
  constexpr std::size_t kLeastKept = 4096;
  if (input_bytes < kSmallInput) return;
  if (session_.attached_bytes() + session_.parked_bytes() < kLeastKept) return;
  services_.memory.note_growth();
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

bool Connection::may_ever_reply(std::uint64_t bytes, std::uint64_t kept) {
  const bool fits = !services_.memory.exceeds_any_budget(total_bytes() + bytes + kept);
  in_memory.is_alone = !fits;
  if (fits || session_.stopped == engine::ReplyOrder::of_removed) return true;
  refuse_for_maxmemory("A reply of about " + std::to_string(bytes) +
                       " bytes, beside the values of " + std::to_string(kept) +
                       " bytes that the command reads, has no room");
  return false;
}

void Connection::put_off(std::uint64_t bytes) { services_.memory.wait_to_reply(*this, bytes); }

bool Connection::make_room_to_reply(std::uint64_t bytes) {
  in_memory.removes = session_.stopped == engine::ReplyOrder::of_removed;
  const bool obtained = services_.memory.obtains(*this, bytes);
  in_memory.removes = false;
  return obtained;
}

void Connection::refuse_room(Shortage shortage) {
  const bool is_reply = in_memory.is_reply;
  const std::uint64_t bytes = is_reply ? in_memory.wanted + session_.unfinished_reply_bytes()
                                       : std::max<std::uint64_t>(wanted_, in_memory.wanted);
  services_.memory.stop_waiting(*this);
  if (!is_reply) discarded_ = bytes - std::min<std::uint64_t>(bytes, input_.size());
  input_.clear();
  reader_.reset();
  wanted_ = 0;
  stalled_ = false;
  const std::string size = std::to_string(bytes) + " bytes";
  if (is_reply) return refuse_for_maxmemory("A reply of about " + size + " has no room");
  const std::string request = "A request of " + size + " needs a buffer of " +
                              std::to_string(memory::size_class(bytes)) + " bytes";
  shortage == Shortage::system ? refuse(request + ", for which the system has no memory")
                               : refuse_for_maxmemory(request);
}

void Connection::refuse_for_maxmemory(const std::string& need) {
  refuse(need + ": maxmemory (" + std::to_string(services_.parts.memory.maxmemory.value()) +
         " bytes) leaves at most " + std::to_string(services_.memory.most_for(*this)) +
         " bytes for it");
}

void Connection::refuse(const std::string& text) {
  services_.parts.log.warning("Closing client: " + text + ": " + describe());
  session_.reply.error("OOM", text);
  session_.close(engine::Closing::after_reply);
}

// The command had its effects; its reply is lost, and with it the order of replies.
void Connection::dropped() {
  if (output_.passed_own_bound()) {
    close_for_output();
  } else {
    services_.parts.metrics.evicted_clients += 1;
    services_.parts.log.warning("Evicting client whose reply exceeds maxmemory-clients (" +
                                std::to_string(services_.parts.memory.client_budget()) +
                                " bytes) and what maxmemory leaves: " + describe());
  }
  session_.close(engine::Closing::now);
}

void Connection::report_bytes(memory::Audit& audit) const {
  const std::size_t input = memory::size_class(sizeof(Connection)) + input_.capacity() +
                            reader_.held_bytes() + session_.text_bytes() + queue_bytes() +
                            tls_bytes();
  audit.found(memory::Owner::client_input, static_cast<std::int64_t>(input));
  audit.found(memory::Owner::client_output,
              static_cast<std::int64_t>(output_.held_bytes() + session_.held_push_bytes()));
}

}  // namespace larder::net

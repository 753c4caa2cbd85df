// How a connection handles its input.

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "connection.h"
#include "larder/base/text.h"
#include "larder/memory/heap.h"
#include "sockets.h"

namespace larder::net {
namespace {

// A large request is received in steps of at most this many bytes.
constexpr std::size_t kMostReadDirectly = 1 << 20;

}  // namespace

ssize_t Connection::receive(std::span<char> room) {
  const ssize_t got =
      tls_ == nullptr ? ::recv(socket_, room.data(), room.size(), 0) : tls_->receive(room);
  services_.parts.metrics.reads_processed += 1;
  if (got > 0) {
    services_.parts.metrics.input_bytes += static_cast<std::uint64_t>(got);
    session_.last_active_ms = services_.clock.steady_ms();
    if (has_unread()) visit_at_turn_end();
    return got;
  }
  if (got < 0 && would_block(errno)) return got;
  services_.parts.loop.bound_ready(Closer::kReadyWhileClosing);
  if (got < 0) return lose("Reading from client"), got;
  ended_ = true;
  visit_at_turn_end();
  return got;
}

std::span<const char> Connection::read_in_place() {
  std::span<char> room = input_.room(wanted_);
  room = room.first(std::min(room.size(), kMostReadDirectly));
  const ssize_t got = receive(room);
  if (got <= 0) return {};
  input_.added(static_cast<std::size_t>(got));
  return input_.bytes();
}

std::span<const char> Connection::read(std::span<char> room) {
  const std::span<const char> kept = input_.bytes();
  if (!kept.empty()) std::memcpy(room.data(), kept.data(), kept.size());
  const ssize_t got = receive(room.subspan(kept.size(), kReadBytes));
  if (got <= 0) return {};
  return room.first(kept.size() + static_cast<std::size_t>(got));
}

void Connection::run_long_request() {
  if (is_dead() || is_closing() || !has_room_to_receive()) return;
  if (!input_.reserve_room(wanted_)) return refuse_room(Shortage::system);
  InputBatch& batch = services_.reader.without_buffer();
  batch.input = read_in_place();
  if (batch.input.empty()) return;
  if (!session_.is_parked()) services_.reader.plan_to_run(*this, batch, 0);
  run_batch(batch);
}

void Connection::split(InputBatch& batch, std::size_t from) {
  batch.batch.clear();
  const auto most_bulk =
      static_cast<std::uint64_t>(services_.parts.settings.clients.proto_max_bulk_len.value());
  batch.parsed =
      reader_.parse(batch.input.subspan(from), batch.batch,
                    {.max_bulk_bytes = most_bulk, .authenticated = session_.authenticated()});
}

void Connection::run_batch(InputBatch& batch) {
  if (is_dead()) return;
  const std::span<const char> input = batch.input;
  const std::size_t done = session_.is_parked() ? 0 : run_requests(batch);
  if (is_dead()) return;
  keep(input, done);
  services_.peaks.input.note(input.size());
  if ((!input_.empty() || queue_bytes() > 0) && outgrew_its_limit()) return disconnect();
  if (input_.capacity() >= ClientRanks::kLeastBytes) services_.memory.note_growth();
  note_kept_memory(input.size());
  if (wanted_ > kReadBytes && services_.memory.exceeds_any_budget(memory::size_class(wanted_))) {
    return refuse_room();
  }
  // Otherwise the end of the turn updates the rank.
  if (in_sender.visit == ConnectionVisits::kNowhere) rank();
}

std::size_t Connection::run_requests(InputBatch& batch) {
  std::size_t done = 0;
  stalled_ = false;
  wanted_ = 0;
  bound_output();
  const std::size_t most_unsent = std::max(pause_bytes(), resp::ChunkPool::kChunkBytes);
  for (;; services_.reader.plan_to_run(*this, batch, done)) {
    const auto requests = batch.batch.requests();
    running_bytes_ = batch.input.size() - done;
    const std::size_t ran = requests.empty() ? 0
                                             : services_.parts.executor.run(
                                                   session_, requests, batch.plan, most_unsent);
    if (ran < requests.size() || session_.is_parked()) {
      for (std::size_t i = 0; i < ran; ++i) done += requests[i].bytes;
      reader_.reset();
      stalled_ = !is_closing();
      break;
    }
    done += batch.parsed.consumed;
    if (!has_more_input_after(batch.parsed)) break;
  }
  batch.batch.clear();
  running_bytes_ = 0;
  is_still_ = false;
  // The next connections in this turn must see how much this one took.
  if (output_.held_bytes() > resp::ChunkPool::kChunkBytes) services_.memory.note_growth();
  if (is_closing()) {
    done = batch.input.size();
    wanted_ = 0;
  }
  visit_at_turn_end();
  return done;
}

bool Connection::has_more_input_after(const resp::Parsed& parsed) {
  using Status = resp::Parsed::Status;
  wanted_ = parsed.wanted;
  if (is_closing()) return false;
  if (parsed.status == Status::failed) {
    session_.reply.error(parsed.error);
    session_.close(engine::Closing::after_reply);
  }
  return parsed.status == Status::full;
}

void Connection::keep(std::span<const char> input, std::size_t done) {
  if (input.data() == input_.bytes().data()) return input_.drop(done);
  if (done == 0) return input_.append(input.subspan(input_.size()));
  input_.assign(input.subspan(done));
}

bool Connection::outgrew_its_limit() {
  const auto limit = static_cast<std::uint64_t>(
      services_.parts.settings.clients.client_query_buffer_limit.value());
  if (input_.size() + reader_.held_bytes() + queue_bytes() <= limit) return false;
  const auto start = input_.bytes().first(std::min<std::size_t>(input_.size(), 64));
  services_.parts.log.warning(
      "Closing client that reached max query buffer length: " + describe() +
      " (qbuf initial bytes: " + base::quoted({start.data(), start.size()}) + ")");
  services_.parts.metrics.query_limit_disconnections += 1;
  return true;
}

// Requests grow within the budget; at most to the announced size, or to twice what has arrived.
bool Connection::has_room_to_receive() {
  const std::size_t more = input_.growth(wanted_);
  if (more == 0) return true;
  // While it waits for room it is not read, so the other end has closed the connection.
  if (waits_for_memory() && !in_memory.is_served) return disconnect(), false;
  return services_.memory.admits(*this, more);
}

void Connection::run_kept_requests() {
  if (!is_open() || is_closing()) return;
  InputBatch& batch = services_.reader.without_buffer();
  batch.input = input_.bytes();
  services_.reader.plan_to_run(*this, batch, 0);
  input_.drop(run_requests(batch));
}

// What it removes makes the room, which is not there yet.
void Connection::run_held_command() {
  session_.resume();
  if (in_memory.removes) services_.chunks.promise(output_, in_memory.wanted);
  run_kept_requests();
  services_.chunks.promise(output_, 0);
}

void Connection::discard(std::span<char> room) {
  if (is_dead()) return;
  const ssize_t got = receive(room);
  if (is_dead()) return;
  if (got > 0) discarded_ -= std::min<std::uint64_t>(discarded_, static_cast<std::uint64_t>(got));
  if (ended_) discarded_ = 0;
  if (!is_discarding()) visit_at_turn_end();
}

}  // namespace larder::net

// How a connection handles its input.

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "connection.h"
#include "larder/base/text.h"
#include "sockets.h"

namespace larder::net {
namespace {

// Larger batches do not wait until others are read.
constexpr std::size_t kMostAhead = 4;

// A large request is received in steps of at most this many bytes.
constexpr std::size_t kMostReadDirectly = 1 << 20;

}  // namespace

ssize_t Connection::read_into(std::span<char> room) {
  const ssize_t got =
      tls_ == nullptr ? ::recv(socket_, room.data(), room.size(), 0) : tls_->receive(room);
  home_.parts_.metrics.reads_processed += 1;
  if (got > 0) {
    home_.parts_.metrics.input_bytes += static_cast<std::uint64_t>(got);
    session_.last_active_ms = home_.parts_.loop.clock().steady_ms();
    if (has_unread()) home_.mark_dirty(*this);
  } else if (got == 0) {
    ended_ = true;
    home_.mark_dirty(*this);
  } else if (!would_block(errno)) {
    lose("Reading from client");
  }
  return got;
}

std::span<const char> Connection::take_in_place() {
  std::span<char> room = input_.room(wanted_);
  room = room.first(std::min(room.size(), kMostReadDirectly));
  const ssize_t got = read_into(room);
  if (got <= 0) return {};
  input_.added(static_cast<std::size_t>(got));
  return input_.bytes();
}

std::span<const char> Connection::take_in(std::span<char> room) {
  const std::span<const char> kept = input_.bytes();
  if (!kept.empty()) std::memcpy(room.data(), kept.data(), kept.size());
  const ssize_t got = read_into(room.subspan(kept.size(), kReadBytes));
  if (got <= 0) return {};
  return room.first(kept.size() + static_cast<std::size_t>(got));
}

void Connection::receive() {
  if (Reading* read = home_.read_ahead_->of(*this); read != nullptr) finish(*read);
  if (input_.size() > kMostCopied || wanted_ > kReadBytes) return receive_long();
  Reading& reading = home_.next_reading();
  if (home_.is_full() || is_dead() || is_closing()) return;
  reading.input = take_in(home_.read_ahead_->room(reading));
  if (reading.input.empty()) return;
  reading.connection = this;
  if (session_.is_parked()) return finish(reading);
  cut(reading, 0);
  // The prefetches of so many requests overlap with each other anyway.
  if (reading.batch.size() > kMostAhead) {
    home_.parts_.executor.fetch_entries(session_, reading.plan);
    return finish(reading);
  }
  home_.parts_.executor.fetch_buckets(session_, reading.plan);
  home_.fetch_entries(home_.read_ahead_->before());
}

void Connection::receive_long() {
  if (is_dead() || is_closing() || !has_room_to_receive()) return;
  Reading& reading = home_.read_ahead_->spare();
  reading.input = take_in_place();
  if (reading.input.empty()) return;
  if (!session_.is_parked()) cut_to_run(reading, 0);
  finish(reading);
}

void Connection::cut(Reading& reading, std::size_t from) {
  reading.batch.clear();
  const auto most_bulk =
      static_cast<std::uint64_t>(home_.parts_.settings.clients.proto_max_bulk_len.value());
  reading.parsed =
      reader_.parse(reading.input.subspan(from), reading.batch,
                    {.max_bulk_bytes = most_bulk, .authenticated = session_.authenticated()});
  home_.parts_.executor.plan(session_, reading.batch.requests(), reading.plan);
}

void Connection::cut_to_run(Reading& reading, std::size_t from) {
  cut(reading, from);
  home_.parts_.executor.fetch_entries(session_, reading.plan);
}

void Connection::finish(Reading& reading) {
  reading.connection = nullptr;
  if (is_dead()) return;
  const std::span<const char> input = reading.input;
  const std::size_t done = session_.is_parked() ? 0 : run_requests(reading);
  if (is_dead()) return;
  keep(input, done);
  home_.input_peak_.note(input.size());
  if ((!input_.empty() || queue_bytes() > 0) && outgrew_its_limit()) return disconnect();
  if (input_.capacity() >= ClientRanks::kLeastBytes) home_.note_growth();
  if (wanted_ > kReadBytes && is_too_long()) return refuse_room();
  // Otherwise the end of the turn updates the rank.
  if (!dirty_) rank();
}

std::size_t Connection::run_requests(Reading& reading) {
  using Status = resp::Parsed::Status;
  std::size_t done = 0;
  stalled_ = false;
  wanted_ = 0;
  bound_output();
  const std::size_t most_unsent = std::max(pause_bytes(), resp::ChunkPool::kChunkBytes);
  for (;; cut_to_run(reading, done)) {
    const auto requests = reading.batch.requests();
    running_bytes_ = reading.input.size() - done;
    const std::size_t ran =
        requests.empty() ? 0
                         : home_.parts_.executor.run(session_, requests, reading.plan, most_unsent);
    if (ran < requests.size() || session_.is_parked()) {
      for (std::size_t i = 0; i < ran; ++i) done += requests[i].bytes;
      reader_.reset();
      stalled_ = !is_closing();
      break;
    }
    const resp::Parsed& parsed = reading.parsed;
    done += parsed.consumed;
    wanted_ = parsed.wanted;
    if (is_closing()) break;
    if (parsed.status == Status::failed) {
      session_.reply.error(parsed.error);
      session_.close(engine::Closing::after_reply);
    }
    if (parsed.status != Status::full) break;
  }
  reading.batch.clear();
  running_bytes_ = 0;
  // The next connections in this turn must see how much this one took.
  if (output_.held_bytes() > resp::ChunkPool::kChunkBytes) home_.note_growth();
  if (is_closing()) {
    done = reading.input.size();
    wanted_ = 0;
  }
  home_.mark_dirty(*this);
  return done;
}

void Connection::keep(std::span<const char> input, std::size_t done) {
  if (input.data() == input_.bytes().data()) return input_.drop(done);
  if (done == 0) return input_.append(input.subspan(input_.size()));
  input_.assign(input.subspan(done));
}

bool Connection::outgrew_its_limit() {
  const auto limit =
      static_cast<std::uint64_t>(home_.parts_.settings.clients.client_query_buffer_limit.value());
  if (input_.size() + reader_.held_bytes() + queue_bytes() <= limit) return false;
  const auto start = input_.bytes().first(std::min<std::size_t>(input_.size(), 64));
  home_.parts_.log.warning("Closing client that reached max query buffer length: " + describe() +
                           " (qbuf initial bytes: " + base::quoted({start.data(), start.size()}) +
                           ")");
  home_.parts_.metrics.query_limit_disconnections += 1;
  return true;
}

// Requests grow within the budget; at most to the announced size, or to twice what has arrived.
bool Connection::has_room_to_receive() {
  const std::size_t more = input_.growth(wanted_);
  if (more == 0) return true;
  // While it waits for room it is not read, so the other end has closed the connection.
  if (waits_for_memory() && !takes_room_) return disconnect(), false;
  switch (home_.budget_.ask(*this, more)) {
    case ClientBudget::Answer::yes:
      return true;
    case ClientBudget::Answer::too_much:
      return refuse_room(), false;
    case ClientBudget::Answer::evicts:
    case ClientBudget::Answer::waits:
      break;
  }
  wait_for_memory(more);
  return false;
}

bool Connection::is_too_long() const {
  home_.measure();
  return wanted_ > home_.budget_.most_ever();
}

void Connection::resume() {
  if (is_dead() || leaving_) return;
  if (is_discarding()) return discard();
  if (is_closing()) return;
  if (has_unread()) return receive();
  Reading& reading = home_.read_ahead_->spare();
  reading.input = input_.bytes();
  cut_to_run(reading, 0);
  input_.drop(run_requests(reading));
}

}  // namespace larder::net

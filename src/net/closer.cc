#include "closer.h"

#include <sys/uio.h>

#include <array>
#include <utility>

#include "connection.h"
#include "larder/base/budget.h"
#include "larder/memory/heap.h"

namespace larder::net {
namespace {

constexpr std::int64_t kClosersShareUs = 200;
constexpr std::int64_t kFreeingUs = 500;
// Output with more chunks than this is not freed at once; each turn frees this many.
constexpr std::size_t kFreedAtOnce = 256;

}  // namespace

// Commands may have taken some of the turn's time.
bool Closer::has_time() const { return spent_us_ < turn_time_.left_us(kClosersShareUs); }

void Closer::disconnect(Connection& connection) {
  const std::int64_t began_us = clock_.steady_now_us();
  connection.disconnect();
  spent_us_ += clock_.steady_now_us() - began_us;
}

void Closer::close(Connection& connection) {
  if (queue_.empty() && has_time()) return disconnect(connection);
  queue(connection);
}

// Its events are not waited for any more: a lost connection would be reported in each turn.
void Closer::queue(Connection& connection) {
  if (!connection.is_open()) return;
  connection.ignore_events();
  queue_.join(connection, connection.in_closer.place);
}

void Closer::close_queued() {
  if (queue_.empty()) return;
  while (Connection* const connection = queue_.first()) {
    if (!has_time()) return;
    disconnect(*connection);
  }
}

void Closer::retire(Connection& connection) {
  queue_.leave(connection.in_closer.place);
  closed_.push_back(&connection);
}

void Closer::take_unsent_output(resp::ReplyBuffer& output) {
  output.keep_all();
  if (output.chunks() <= kFreedAtOnce) return output.clear();
  remains_.take_over(output);
}

// The rest of the background work gets the time that is left.
void Closer::end_turn() {
  turn_time_.spend(std::exchange(spent_us_, 0));
  if (closed_.empty() && remains_.empty()) return;
  const std::int64_t began_us = clock_.steady_now_us();
  free_closed();
  if (!remains_.empty()) free_remains();
  turn_time_.spend(clock_.steady_now_us() - began_us);
}

void Closer::end_turn_within(std::uint64_t last_id) {
  spent_us_ = 0;
  std::erase_if(closed_, [last_id](Connection* connection) {
    if (connection->session().id <= last_id) return false;
    memory::destroy(memory::Owner::client_input, connection);
    return true;
  });
}

void Closer::free_all() {
  free_closed();
  remains_.clear();
}

void Closer::free_closed() {
  for (Connection* connection : closed_) {
    memory::destroy(memory::Owner::client_input, connection);
  }
  closed_.clear();
}

// The more there is, the more is freed at a time: an eighth in each turn, as far as the time
// allows. It counts until it is freed, so others cannot fill memory faster.
void Closer::free_remains() {
  std::array<iovec, kFreedAtOnce> pieces;
  base::Budget time(clock_, kFreeingUs);
  for (std::size_t rounds = 1 + remains_.chunks() / (8 * kFreedAtOnce); rounds > 0; --rounds) {
    std::uint64_t bytes = 0;
    const std::size_t count = remains_.gather(pieces.data(), pieces.size());
    for (std::size_t i = 0; i < count; ++i) bytes += pieces[i].iov_len;
    remains_.consume(bytes);
    if (time.spent()) break;
  }
}

void Closer::report_bytes(memory::Audit& audit) const {
  for (const Connection* connection : closed_) connection->report_bytes(audit);
  audit.found(memory::Owner::client_output, static_cast<std::int64_t>(remains_.held_bytes()));
}

}  // namespace larder::net

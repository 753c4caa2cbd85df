#include "periodic_check.h"

#include <algorithm>

#include "connection.h"
#include "handshakes.h"
#include "memory_gate.h"
#include "sender.h"

namespace larder::net {

void PeriodicCheck::run(std::size_t calls, base::Budget budget) {
  constexpr std::uint32_t kBetweenLooks = 16;
  const std::int64_t now_ms = parts_.loop.clock().steady_ms();
  for (std::size_t left = list_.size() / std::max<std::size_t>(calls, 1) + 1;
       left > 0 && !budget.spent(kBetweenLooks); --left) {
    Connection* const connection = list_.visit();
    if (connection == nullptr) return;
    check(*connection, now_ms);
  }
}

void PeriodicCheck::check(Connection& connection, std::int64_t now_ms) {
  if (connection.is_closing()) return check_closing(connection, now_ms);
  if (is_late_with_handshake(connection, now_ms) || connection.outgrew_output_limits()) {
    return connection.session().close(engine::Closing::now);
  }
  connection.rank();
  connection.roll_peak(now_ms, parts_.reply_peak == nullptr ? engine::ReplyPeak::kUsualMs
                                                            : parts_.reply_peak->reset_ms);
  if (is_stuck(connection, now_ms) || is_idle(connection, now_ms)) {
    connection.session().close(engine::Closing::now);
  }
}

void PeriodicCheck::check_closing(Connection& connection, std::int64_t now_ms) {
  if (connection.idle_ms(now_ms) < MemoryGate::kMostStallMs) return;
  connection.stop_discarding();
  sender_.visit_at_turn_end(connection);
}

bool PeriodicCheck::is_late_with_handshake(const Connection& connection, std::int64_t now_ms) {
  if (!connection.is_late_with_handshake(now_ms)) return false;
  handshakes_.note_failure("Error accepting a client connection: handshake timed out (addr=" +
                           connection.address() + " laddr=" + connection.local_address() + ")");
  return true;
}

bool PeriodicCheck::is_stuck(const Connection& connection, std::int64_t now_ms) {
  const std::int64_t most_ms = timeout_ms() != 0 ? timeout_ms() : kMostStuckMs;
  if (!connection.is_stuck() || connection.idle_ms(now_ms) <= most_ms) return false;
  parts_.log.warning("Closing client that sends requests and does not read its replies: " +
                     connection.describe());
  return true;
}

bool PeriodicCheck::is_idle(Connection& connection, std::int64_t now_ms) {
  const engine::Session& session = connection.session();
  const bool may_be_silent = connection.waits_for_memory() || session.is_parked() ||
                             session.is_held() || session.is_listener();
  if (timeout_ms() == 0 || may_be_silent || connection.idle_ms(now_ms) <= timeout_ms()) {
    return false;
  }
  parts_.log.verbose("Closing idle client");
  return true;
}

}  // namespace larder::net

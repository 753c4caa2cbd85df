#include "handshakes.h"

#include "connection.h"
#include "larder/base/budget.h"

namespace larder::net {
namespace {

// This many failed handshakes in a second are logged individually.
constexpr std::size_t kMostFailuresLogged = 10;

}  // namespace

void Handshakes::queue(Connection& connection) {
  queue_.join(connection, connection.in_handshakes.place);
}

void Handshakes::forget(Connection& connection) { queue_.leave(connection.in_handshakes.place); }

void Handshakes::run() {
  if (queue_.empty()) return;
  base::Budget time(clock_, kMostUs);
  Connection* connection = queue_.first();
  for (int steps = 0; connection != nullptr && steps < kMostSteps; connection = queue_.first()) {
    if (steps++ > 0 && time.spent()) return;
    forget(*connection);
    connection->continue_handshake();
  }
}

void Handshakes::note_failure(const std::string& what) {
  const std::int64_t now = clock_.steady_ms();
  if (now - failures_since_ms_ >= 1000) {
    if (failures_ > kMostFailuresLogged) {
      log_.warning("Error accepting " + std::to_string(failures_ - kMostFailuresLogged) +
                   " further client connections");
    }
    failures_since_ms_ = now;
    failures_ = 0;
  }
  if (++failures_ <= kMostFailuresLogged) log_.warning(what);
}

}  // namespace larder::net

#include "larder/replication/migrations.h"

#include <algorithm>
#include <utility>

#include "larder/replication/replica.h"
#include "migration.h"

namespace larder::replication {

Migrations::Migrations(const Parts& parts)
    : parts_(parts), session_(parts.sessions, parts.clock, "migrate") {}

Migrations::~Migrations() = default;

void Migrations::connect_through(Dialer* dialer, const OwnPlace* place) {
  if (dialer == nullptr) {
    while (!running_.empty()) running_.back()->give_up();
    ended_.clear();
  }
  dialer_ = dialer;
  place_ = place;
}

void Migrations::begin(engine::Session& session, MigrationOrder order) {
  running_.push_back(std::make_unique<Migration>(*this, session, std::move(order)));
}

// It may be the one that calls.
void Migrations::forget(Migration& migration) {
  const auto found = std::find_if(running_.begin(), running_.end(),
                                  [&](const auto& each) { return each.get() == &migration; });
  if (found == running_.end()) return;
  ended_.push_back(std::move(*found));
  running_.erase(found);
}

void Migrations::beat() {
  ended_.clear();
  const std::int64_t now_ms = parts_.clock.steady_ms();
  for (std::size_t i = running_.size(); i > 0; --i) {
    Migration& each = *running_[i - 1];
    if (each.is_late(now_ms)) each.give_up();
  }
}

void Migrations::report_bytes(memory::Audit& audit) const {
  std::size_t bytes = 0;
  for (const auto& each : running_) bytes += each->bytes();
  for (const auto& each : ended_) bytes += each->bytes();
  audit.found(memory::Owner::client_input, static_cast<std::int64_t>(bytes));
  session_.report_bytes(audit);
}

}  // namespace larder::replication

#include "larder/persistence/disk_error_gate.h"

namespace larder::persistence {

DiskErrorGate::DiskErrorGate(SnapshotSettings& settings, engine::GateBoard& gates, Metrics& metrics)
    : settings_(settings), gates_(gates), metrics_(metrics) {
  const auto watcher = [this]() -> base::Result<void> {
    move();
    return {};
  };
  settings_.save.watch(watcher);
  settings_.stop_writes_on_bgsave_error.watch(watcher);
}

DiskErrorGate::~DiskErrorGate() {
  settings_.save.watch({});
  settings_.stop_writes_on_bgsave_error.watch({});
}

void DiskErrorGate::note(Outcome outcome) {
  last_ = outcome;
  metrics_.rdb_last_bgsave_status = outcome == Outcome::saved ? "ok" : "err";
  move();
}

void DiskErrorGate::move() {
  const bool refuses = last_ == Outcome::failed && !settings_.save.value().empty() &&
                       settings_.stop_writes_on_bgsave_error.value();
  refuses ? gates_.close(engine::Gate::disk_error) : gates_.open(engine::Gate::disk_error);
}

}  // namespace larder::persistence

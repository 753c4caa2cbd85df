#include "larder/persistence/disk_error_gate.h"

#include "larder/engine/errors.h"

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

void DiskErrorGate::journal_failed(const std::string& reason) {
  journal_error_ = "MISCONF Errors writing to the AOF file: " + reason;
  move();
}

void DiskErrorGate::journal_works() {
  journal_error_.clear();
  move();
}

void DiskErrorGate::move() {
  const bool refuses = last_ == Outcome::failed && !settings_.save.value().empty() &&
                       settings_.stop_writes_on_bgsave_error.value();
  if (refuses) return gates_.refuse_writes(std::string(engine::errors::kDiskError));
  if (!journal_error_.empty()) return gates_.refuse_writes(journal_error_);
  gates_.open(engine::Gate::disk_error);
}

}  // namespace larder::persistence

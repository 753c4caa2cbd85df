#pragma once

// Refuses writes so that data that would be lost are not accepted: after a snapshot failed, if save
// points are set and stop-writes-on-bgsave-error is on; and while the append-only file cannot be
// written.

#include <string>

#include "larder/engine/gates.h"
#include "larder/persistence/metrics.h"
#include "larder/persistence/settings.h"

namespace larder::persistence {

class DiskErrorGate {
 public:
  DiskErrorGate(SnapshotSettings& settings, engine::GateBoard& gates, Metrics& metrics);
  ~DiskErrorGate();
  DiskErrorGate(const DiskErrorGate&) = delete;
  DiskErrorGate& operator=(const DiskErrorGate&) = delete;

  enum class Outcome : std::uint8_t { saved, failed };
  // The outcome of the last snapshot.
  void note(Outcome outcome);
  bool has_failed() const { return last_ == Outcome::failed; }
  // The append-only file cannot be written, for this reason, or can be again.
  void journal_failed(const std::string& reason);
  void journal_works();

 private:
  void move();

  SnapshotSettings& settings_;
  engine::GateBoard& gates_;
  Metrics& metrics_;
  Outcome last_ = Outcome::saved;
  std::string journal_error_;  // empty: it works
};

}  // namespace larder::persistence

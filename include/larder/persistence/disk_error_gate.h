#pragma once

// Refuses writes after a snapshot failed, if save points are set and stop-writes-on-bgsave-error is
// on, so that data that would be lost are not accepted.

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

 private:
  void move();

  SnapshotSettings& settings_;
  engine::GateBoard& gates_;
  Metrics& metrics_;
  Outcome last_ = Outcome::saved;
};

}  // namespace larder::persistence

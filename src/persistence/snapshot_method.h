#pragma once

// How a snapshot is written while the server goes on.

#include <cstdint>
#include <optional>

#include "larder/base/result.h"
#include "larder/persistence/background_snapshot.h"

namespace larder::persistence {

class SnapshotMethod {
 public:
  SnapshotMethod() = default;
  virtual ~SnapshotMethod() = default;
  SnapshotMethod(const SnapshotMethod&) = delete;
  SnapshotMethod& operator=(const SnapshotMethod&) = delete;

  virtual base::Result<void> start() = 0;
  // See BackgroundSnapshot.
  virtual bool run(std::int64_t us) = 0;
  // See BackgroundSnapshot.
  virtual std::int64_t wakes_us() const { return 0; }
  virtual void beat() = 0;
  // Afterwards there is a result: `cancelled`, unless it was over already.
  virtual void cancel() = 0;
  // See BackgroundSnapshot. If true, there is a result.
  virtual bool abandon(std::int64_t us) = 0;
  virtual void report_bytes(memory::Audit& audit) const = 0;

  // Nothing while it goes on.
  const std::optional<SnapshotResult>& result() const { return result_; }

 protected:
  void end(SnapshotResult result) {
    if (!result_) result_ = std::move(result);
  }

 private:
  std::optional<SnapshotResult> result_;
};

}  // namespace larder::persistence

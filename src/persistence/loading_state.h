#pragma once

#include "larder/persistence/snapshots.h"

namespace larder::persistence {

// While it exists, the gate `loading` is closed and INFO shows the progress.
class LoadingState {
 public:
  LoadingState(const Snapshots::Parts& parts, std::uint64_t bytes) : parts_(parts) {
    parts_.gates.close(engine::Gate::loading);
    parts_.metrics.loading = {.is_active = true,
                              .started_unix_s = parts.clock.unix_ms() / 1000,
                              .started_us = parts.clock.steady_now_us(),
                              .total_bytes = bytes};
  }
  ~LoadingState() {
    parts_.metrics.loading.is_active = false;
    parts_.gates.open(engine::Gate::loading);
  }
  LoadingState(const LoadingState&) = delete;
  LoadingState& operator=(const LoadingState&) = delete;

 private:
  const Snapshots::Parts& parts_;
};

}  // namespace larder::persistence

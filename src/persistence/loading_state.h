#pragma once

#include "larder/persistence/snapshots.h"

namespace larder::persistence {

// While it exists, the gate `loading` or `async_loading` is closed and INFO shows the progress.
class LoadingState {
 public:
  LoadingState(const Snapshots::Parts& parts, std::uint64_t bytes,
               engine::Gate gate = engine::Gate::loading)
      : parts_(parts), gate_(gate) {
    parts_.gates.close(gate_);
    parts_.metrics.loading = {.is_active = true,
                              .started_unix_s = parts.clock.unix_ms() / 1000,
                              .started_us = parts.clock.steady_now_us(),
                              .total_bytes = bytes};
  }
  ~LoadingState() {
    parts_.metrics.loading.is_active = false;
    parts_.gates.open(gate_);
  }
  LoadingState(const LoadingState&) = delete;
  LoadingState& operator=(const LoadingState&) = delete;

 private:
  const Snapshots::Parts& parts_;
  const engine::Gate gate_;
};

}  // namespace larder::persistence

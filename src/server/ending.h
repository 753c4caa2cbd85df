#pragma once

// The orderly shutdown, by SHUTDOWN or by a signal.

#include "larder/base/log.h"
#include "larder/engine/host.h"
#include "larder/net/loop.h"
#include "larder/process/signals.h"
#include "larder/server/configuration.h"

namespace larder::server {

class Ending final : public engine::Shutdown, public net::Watch {
 public:
  Ending(net::Loop& loop, process::Signals& signals, const Configuration& configuration,
         base::Log& log);
  ~Ending() override;

  base::Result<void> begin(const engine::ShutdownOptions& options) override;
  // Nothing waits before the end as long as there are no replicas.
  bool abort() override { return false; }

  // A signal was received.
  void on_ready(unsigned readiness) override;

 private:
  net::Loop& loop_;
  process::Signals& signals_;
  const ShutdownSettings& settings_;
  const config::SavePoints& save_points_;
  base::Log& log_;
};

}  // namespace larder::server

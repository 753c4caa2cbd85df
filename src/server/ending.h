#pragma once

// The orderly end, asked for by SHUTDOWN or by a signal.

#include "larder/base/log.h"
#include "larder/engine/shutdown.h"
#include "larder/net/loop.h"
#include "larder/server/configuration.h"
#include "process_signals.h"

namespace larder::server {

class Ending final : public engine::Shutdown, public net::Watch {
 public:
  Ending(net::Loop& loop, Signals& signals, const Configuration& configuration, base::Log& log);
  ~Ending() override;

  base::Result<void> begin(const engine::ShutdownOptions& options) override;
  // Nothing waits before the end as long as there are no replicas.
  bool abort() override { return false; }

  // A signal came.
  void on_ready(unsigned readiness) override;

 private:
  net::Loop& loop_;
  Signals& signals_;
  const ShutdownSettings& settings_;
  const config::SavePoints& save_points_;
  base::Log& log_;
};

}  // namespace larder::server

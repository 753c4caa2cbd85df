#pragma once

// The orderly shutdown, by SHUTDOWN or by a signal.

#include "larder/base/log.h"
#include "larder/engine/host.h"
#include "larder/net/loop.h"
#include "larder/persistence/background_saves.h"
#include "larder/persistence/journal.h"
#include "larder/process/signals.h"
#include "larder/server/configuration.h"

namespace larder::server {

class Ending final : public engine::Shutdown, public net::Watch {
 public:
  Ending(net::Loop& loop, process::Signals& signals, const Configuration& configuration,
         base::Log& log);
  ~Ending() override;

  // What saves the data at the end from now on.
  void attach(persistence::BackgroundSaves& saves, const persistence::Journal& journal) {
    saves_ = &saves;
    journal_ = &journal;
  }
  // While data is loaded, it is not saved at the end.
  void loading(bool is_loading) { is_loading_ = is_loading; }

  base::Result<void> begin(const engine::ShutdownOptions& options) override;
  // Nothing waits before the end as long as there are no replicas.
  bool abort() override { return false; }

  // The disk does not answer: the process must end without waiting for the threads.
  bool leaves_threads() const { return leaves_threads_; }

  // A signal was received.
  void on_ready(unsigned readiness) override;

 private:
  // False if the data must be saved before the end and could not be.
  bool save(const engine::ShutdownOptions& options);
  bool has_whole_journal(const engine::ShutdownOptions& options);

  net::Loop& loop_;
  process::Signals& signals_;
  const ShutdownSettings& settings_;
  const config::SavePoints& save_points_;
  base::Log& log_;
  persistence::BackgroundSaves* saves_ = nullptr;
  const persistence::Journal* journal_ = nullptr;
  bool is_loading_ = false;
  bool leaves_threads_ = false;
};

}  // namespace larder::server

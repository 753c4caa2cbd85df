#pragma once

// The orderly shutdown, by SHUTDOWN or by a signal.

#include <cstdint>
#include <optional>

#include "larder/base/log.h"
#include "larder/engine/host.h"
#include "larder/net/loop.h"
#include "larder/process/signals.h"
#include "larder/server/configuration.h"
#include "larder/server/core.h"

namespace larder::server {

class OrderlyShutdown final : public engine::Shutdown, public net::Watch, private net::Timer {
 public:
  OrderlyShutdown(net::Loop& loop, process::Signals& signals, const Configuration& configuration,
                  base::Log& log);
  ~OrderlyShutdown() override;

  // From now on there is data to save at the end, and there are clients.
  void attach(Core& core) { core_ = &core; }
  // While data is loaded, it is not saved at the end.
  void loading(bool is_loading) { is_loading_ = is_loading; }

  base::Result<void> begin(const engine::ShutdownOptions& options) override;
  bool abort() override;
  bool is_waiting() const override { return waiting_.has_value(); }

  // The disk does not answer: the process must end without waiting for the threads.
  bool leaves_threads() const { return leaves_threads_; }

  // A signal was received.
  void on_ready(unsigned readiness) override;

 private:
  // For replicas that are behind; writes are paused meanwhile.
  struct Waiting {
    engine::ShutdownOptions options;
    std::int64_t end_ms;
    std::int64_t offset;  // that replicas must have
  };
  std::int64_t wanted_offset() const;
  bool must_wait(const engine::ShutdownOptions& options) const;
  void wait(const engine::ShutdownOptions& options);
  void stop_waiting();
  base::Result<void> finish(const engine::ShutdownOptions& options);
  void log_replicas() const;
  // Sends the error to the clients in SHUTDOWN when the shutdown is cancelled.
  void answer_clients();
  // net::Timer
  std::int64_t on_time() override;
  // False if the data must be saved before the end and could not be.
  bool save(const engine::ShutdownOptions& options);
  bool has_whole_journal(const engine::ShutdownOptions& options);

  net::Loop& loop_;
  process::Signals& signals_;
  const ShutdownSettings& settings_;
  const config::SavePoints& save_points_;
  base::Log& log_;
  Core* core_ = nullptr;
  std::optional<Waiting> waiting_;
  bool is_loading_ = false;
  bool leaves_threads_ = false;
};

}  // namespace larder::server

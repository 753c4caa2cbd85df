#include "orderly_shutdown.h"

#include <csignal>
#include <string>

namespace larder::server {
namespace {

engine::ShutdownOptions options_of(std::uint32_t flags) {
  return {.save = (flags & kShutdownSave) != 0,
          .nosave = (flags & kShutdownNoSave) != 0,
          .now = (flags & kShutdownNow) != 0,
          .force = (flags & kShutdownForce) != 0};
}

}  // namespace

OrderlyShutdown::OrderlyShutdown(net::Loop& loop, process::Signals& signals,
                                 const Configuration& configuration, base::Log& log)
    : loop_(loop),
      signals_(signals),
      settings_(configuration.server.shutdown),
      save_points_(configuration.persistence.snapshots.save),
      log_(log) {
  loop_.watch(signals_.wake_descriptor(), net::kReadable, *this);
}

OrderlyShutdown::~OrderlyShutdown() {
  loop_.cancel(*this);
  loop_.forget(*this);
}

base::Result<void> OrderlyShutdown::begin(const engine::ShutdownOptions& options) {
  log_.notice("User requested shutdown...");
  if (must_wait(options)) return wait(options), base::Result<void>();
  log_replicas();
  stop_waiting();
  return finish(options);
}

base::Result<void> OrderlyShutdown::finish(const engine::ShutdownOptions& options) {
  if (core_ != nullptr) core_->replicas.stop_syncs();
  if (!has_whole_journal(options) || !save(options)) {
    log_.warning("Errors trying to shut down the server. Check the logs for more information.");
    return base::Error{"the data could not be saved"};
  }
  loop_.stop();
  return {};
}

// Whether the shutdown may continue: the append-only file has a base, or FORCE was given. The rest
// of the file is written when the loop has ended.
bool OrderlyShutdown::has_whole_journal(const engine::ShutdownOptions& options) {
  if (core_ == nullptr || core_->journal.is_safe()) return true;
  log_.warning(options.force ? "Writing initial AOF. Exit anyway."
                             : "Writing initial AOF, can't exit");
  return options.force;
}

bool OrderlyShutdown::save(const engine::ShutdownOptions& options) {
  if (is_loading_ || core_ == nullptr) return true;
  persistence::BackgroundSaves& saves = core_->saves;
  if (saves.is_saving()) {
    log_.warning("There is a child saving an .rdb. Killing it!");
  }
  if (options.nosave || (!options.save && save_points_.value().empty())) {
    leaves_threads_ = !saves.abandon();
    return true;
  }
  saves.stop();
  log_.notice("Saving the final RDB snapshot before exiting.");
  if (saves.save_now()) return true;
  log_.warning(options.force ? "Error trying to save the DB. Exit anyway."
                             : "Error trying to save the DB, can't exit.");
  return options.force;
}

void OrderlyShutdown::on_ready(unsigned) {
  const int signal = signals_.take_stop_signal();
  const bool is_int = signal == SIGINT;
  log_.notice(std::string("Received ") + (is_int ? "SIGINT" : "SIGTERM") +
              " scheduling shutdown...");
  const auto& flags = is_int ? settings_.shutdown_on_sigint : settings_.shutdown_on_sigterm;
  if (begin(options_of(flags.value()))) return;
  signals_.forget_stop_signal();
}

}  // namespace larder::server

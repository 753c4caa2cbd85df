// The shutdown waits for replicas that are behind, so that they have all writes.

#include <algorithm>
#include <string>

#include "larder/engine/command.h"
#include "orderly_shutdown.h"

namespace larder::server {
namespace {

// The time between two checks of the replicas.
constexpr std::int64_t kLookUs = 10'000;

}  // namespace

// REPLCONF GETACK, which is sent meanwhile, must not raise the offset to wait for.
std::int64_t OrderlyShutdown::wanted_offset() const {
  return waiting_ ? waiting_->offset : core_->history.offset();
}

bool OrderlyShutdown::must_wait(const engine::ShutdownOptions& options) const {
  if (options.now || is_loading_ || core_ == nullptr) return false;
  if (settings_.shutdown_timeout.value() == 0) return false;
  const auto& replicas = core_->replicas.all();
  return std::any_of(replicas.begin(), replicas.end(),
                     [this](const auto* replica) { return replica->acked() < wanted_offset(); });
}

void OrderlyShutdown::wait(const engine::ShutdownOptions& options) {
  const std::int64_t end_ms = loop_.clock().steady_ms() + settings_.shutdown_timeout.value() * 1000;
  if (waiting_) return;
  waiting_ = {options, end_ms, core_->history.offset()};
  log_.notice("Waiting for replicas before shutting down.");
  core_->pause.begin(engine::Pause::Purpose::shutdown, engine::Pause::Extent::writes,
                     end_ms + 1000);
  core_->replicas.ask_for_offsets();
  loop_.start(*this, kLookUs);
}

void OrderlyShutdown::stop_waiting() {
  if (!waiting_) return;
  waiting_.reset();
  loop_.cancel(*this);
  core_->pause.end(engine::Pause::Purpose::shutdown);
}

bool OrderlyShutdown::abort() {
  if (!waiting_) return false;
  stop_waiting();
  answer_clients();
  log_.notice("Shutdown manually aborted.");
  return true;
}

std::int64_t OrderlyShutdown::on_time() {
  if (!waiting_) return 0;
  const engine::ShutdownOptions options = waiting_->options;
  if (must_wait(options) && loop_.clock().steady_ms() < waiting_->end_ms) {
    core_->replicas.ask_for_offsets();
    return kLookUs;
  }
  log_replicas();
  stop_waiting();
  if (!finish(options)) answer_clients();
  return 0;
}

void OrderlyShutdown::log_replicas() const {
  if (core_ == nullptr || core_->replicas.size() == 0) return;
  std::size_t in_sync = 0;
  for (const replication::Follower* const replica : core_->replicas.all()) {
    const std::int64_t behind = wanted_offset() - replica->acked();
    if (behind <= 0) {
      ++in_sync;
      continue;
    }
    const std::int64_t lag_s = (core_->replicas.now_ms() - replica->acked_ms()) / 1000;
    log_.notice("Lagging replica " + replica->name() + " reported offset " +
                std::to_string(behind) + " behind master, lag=" + std::to_string(lag_s) +
                ", state=" + std::string(replication::state_name(*replica)) + ".");
  }
  log_.notice(std::to_string(in_sync) + " of " + std::to_string(core_->replicas.size()) +
              " replicas are in sync when shutting down.");
}

void OrderlyShutdown::answer_clients() {
  for (engine::Session* session = core_->sessions.first(); session != nullptr;
       session = session->next()) {
    const engine::Command* const command = session->last_command;
    if (!session->is_blocked() || command == nullptr || command->name != "shutdown") continue;
    core_->waiters.forget(*session);
    session->reply.error("ERR Errors trying to SHUTDOWN. Check logs.");
    session->peer().unblocked();
  }
}

}  // namespace larder::server

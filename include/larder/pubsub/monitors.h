#pragma once

// MONITOR: sends every command of other sessions to the monitoring sessions, as one line that they
// share. Secrets are left out. Commands are examined only while a session monitors.

#include <string>

#include "larder/base/clock.h"
#include "larder/engine/executor.h"
#include "larder/engine/sinks.h"
#include "larder/memory/audit.h"
#include "larder/resp/shared_text.h"

namespace larder::pubsub {

class Monitors final : public engine::CommandSink, public memory::AuditedOwner {
 public:
  Monitors(engine::Executor& executor, const base::Clock& clock)
      : executor_(executor), clock_(clock), texts_(memory::Owner::client_output) {}
  // There must be no monitoring sessions any more.
  ~Monitors() override;
  Monitors(const Monitors&) = delete;
  Monitors& operator=(const Monitors&) = delete;

  // False if the session monitors already. A monitoring session must not read or write keys.
  bool add(engine::Session& session);
  static bool is_monitor(const engine::Session& session) {
    return session.attachment(engine::Attached::monitor) != nullptr;
  }

  void ran(const engine::Session& session, const engine::BoundCommand& command,
           resp::Args words) override;

  // Reports the monitoring sessions (client_input) and the lines that are not sent yet
  // (client_output) to the audit.
  void report_bytes(memory::Audit& audit) const override;

 private:
  class MonitoringSession;

  engine::Executor& executor_;
  const base::Clock& clock_;
  resp::SharedTexts texts_;
  MonitoringSession* first_ = nullptr;
  std::string line_;
};

}  // namespace larder::pubsub

#include "larder/persistence/background_snapshot.h"

#include <utility>

#include "fork_snapshot.h"
#include "larder/base/assert.h"
#include "snapshot_method.h"

namespace larder::persistence {

BackgroundSnapshot::BackgroundSnapshot(const Parts& parts) : parts_(parts) {}

BackgroundSnapshot::~BackgroundSnapshot() = default;

std::unique_ptr<SnapshotMethod> BackgroundSnapshot::make(const SnapshotOrder& order) {
  return std::make_unique<ForkSnapshot>(parts_, order);
}

base::Result<void> BackgroundSnapshot::start(const SnapshotOrder& order, SnapshotOwner& owner) {
  LARDER_ASSERT(!is_running());
  const SnapshotSource source = parts_.snapshots.source();
  parts_.metrics.saving = {.is_active = true,
                           .started_us = source.clock.steady_us(),
                           .keys_total = source.keyspace.size()};
  method_ = make(order);
  owner_ = &owner;
  auto started = method_->start();
  if (started) return started;
  parts_.metrics.saving.is_active = false;
  parts_.log.warning(started.error().text);
  method_.reset();
  owner_ = nullptr;
  return started;
}

// The owner may start the next one.
void BackgroundSnapshot::end_if_over() {
  if (!method_->result()) return;
  const SnapshotResult result = *method_->result();
  method_.reset();
  parts_.metrics.saving.is_active = false;
  std::exchange(owner_, nullptr)->snapshot_ended(result);
}

void BackgroundSnapshot::cancel() {
  if (!is_running()) return;
  method_->cancel();
  end_if_over();
}

bool BackgroundSnapshot::run(std::int64_t us) {
  if (!is_running()) return false;
  const bool more = method_->run(us);
  end_if_over();
  return more;
}

void BackgroundSnapshot::beat() {
  if (!is_running()) return;
  method_->beat();
  end_if_over();
}

void BackgroundSnapshot::report_bytes(memory::Audit& audit) const {
  audit.found(memory::Owner::snapshot, 0);
  if (is_running()) method_->report_bytes(audit);
}

}  // namespace larder::persistence

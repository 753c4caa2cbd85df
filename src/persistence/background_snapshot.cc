#include "larder/persistence/background_snapshot.h"

#include <utility>

#include "fork_snapshot.h"
#include "larder/base/assert.h"
#include "snapshot_method.h"
#include "step_snapshot.h"

namespace larder::persistence {

std::uint8_t SnapshotMarks::draw() {
  for (std::uint8_t mark = kFirst; mark <= keyspace::Entry::kSnapshotMarks; mark += kFirst) {
    if ((left_ & (1u << (mark / kFirst))) == 0) return mark;
  }
  while (clean(base::Budget::unlimited())) {
  }
  return kFirst;
}

// A walk that removes marks must begin anew to find these.
void SnapshotMarks::left(std::uint8_t mark) {
  left_ |= 1u << (mark / kFirst);
  db_ = 0;
  cursor_ = 0;
}

void SnapshotMarks::all_removed() {
  left_ = 0;
  db_ = 0;
  cursor_ = 0;
}

bool SnapshotMarks::clean(base::Budget budget) {
  constexpr std::uint32_t kStride = 8;
  while (left_ != 0 && !budget.spent(kStride)) {
    if (db_ == keyspace_.databases()) {
      all_removed();
      break;
    }
    cursor_ = keyspace_.db(db_).scan(cursor_, 1, [](keyspace::Entry& entry) {
      entry.marks(static_cast<std::uint8_t>(entry.marks() & ~keyspace::Entry::kSnapshotMarks));
    });
    if (cursor_ == 0) ++db_;
  }
  return left_ != 0;
}

BackgroundSnapshot::BackgroundSnapshot(const Parts& parts)
    : parts_(parts), marks_(parts.snapshots.source().keyspace) {}

BackgroundSnapshot::~BackgroundSnapshot() = default;

std::unique_ptr<SnapshotMethod> BackgroundSnapshot::make(const SnapshotOrder& order) {
  mark_ = 0;
  const Parts parts{
      parts_.log,      parts_.snapshots, parts_.settings,
      parts_.metrics,  parts_.gates,     parts_.waiters,
      parts_.observer, parts_.worker,    order.calls == nullptr ? parts_.calls : *order.calls,
      parts_.title};
  if (order.by_process ||
      parts_.settings.snapshot_method.as<SnapshotMethodName>() == SnapshotMethodName::fork) {
    return std::make_unique<ForkSnapshot>(parts, order);
  }
  mark_ = marks_.draw();
  return std::make_unique<StepSnapshot>(parts, order, mark_);
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
  if (mark_ != 0) {
    result.end == SnapshotResult::End::done ? marks_.all_removed() : marks_.left(mark_);
  }
  method_.reset();
  parts_.metrics.saving.is_active = false;
  std::exchange(owner_, nullptr)->snapshot_ended(result);
}

void BackgroundSnapshot::cancel() {
  if (!is_running()) return;
  method_->cancel();
  end_if_over();
}

bool BackgroundSnapshot::abandon(std::int64_t us) {
  if (!is_running()) return true;
  if (!method_->abandon(us)) return false;
  end_if_over();
  return true;
}

bool BackgroundSnapshot::run(std::int64_t us) {
  if (!is_running()) {
    return marks_.clean(base::Budget(parts_.snapshots.source().clock, us));
  }
  const bool more = method_->run(us);
  end_if_over();
  return more;
}

std::int64_t BackgroundSnapshot::wakes_us() const { return is_running() ? method_->wakes_us() : 0; }

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

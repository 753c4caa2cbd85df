#include "larder/replication/replica_metrics.h"

#include "larder/base/format.h"
#include "link.h"

namespace larder::replication {

void ReplicaMetrics::refresh() {
  const bool is_replica = replica_.is_replica();
  for (info::Field* field : fields()) field->show(is_replica);
  if (!is_replica) return;
  host_ = replica_.host();
  port_ = replica_.port();
  priority_ = replica_.settings().replica_priority.value();
  read_only_ = replica_.settings().replica_read_only.value() ? 1 : 0;
  announced_ = replica_.settings().replica_announced.value() ? 1 : 0;
  refresh_link();
  refresh_copying();
}

void ReplicaMetrics::refresh_link() {
  const Link& link = *replica_.link();
  status_ = link.is_up() ? "up" : "down";
  idle_ = link.is_up() ? link.idle_s() : -1;
  read_offset_ = link.read_offset();
  offset_ = link.offset();
  down_ = link.down_s();
  down_.show(!link.is_up());
}

void ReplicaMetrics::refresh_copying() {
  const Link& link = *replica_.link();
  syncing_ = link.is_syncing() ? 1 : 0;
  for (info::Field* field : std::initializer_list<info::Field*>{&copy_bytes_, &copied_, &copy_left_,
                                                                &copy_percent_, &copy_idle_}) {
    field->show(link.is_syncing());
  }
  if (!link.is_syncing()) return;
  const auto bytes = static_cast<std::int64_t>(link.copy_bytes());
  const auto copied = static_cast<std::int64_t>(link.copied_bytes());
  copy_bytes_ = bytes;
  copied_ = copied;
  copy_left_ = bytes - copied;
  copy_percent_ = base::printed(
      "%.2f", bytes == 0 ? 0.0 : 100 * static_cast<double>(copied) / static_cast<double>(bytes));
  copy_idle_ = link.idle_s();
}

}  // namespace larder::replication

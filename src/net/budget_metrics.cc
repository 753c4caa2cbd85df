#include "larder/net/budget_metrics.h"

#include "larder/memory/metrics.h"

namespace larder::net {

void BudgetMetrics::refresh() {
  const memory::Charges charges = memory::balance();
  budget_ = settings_.client_budget();
  total_ =
      memory::client_bytes(charges) + charges[static_cast<std::size_t>(memory::Owner::replicas)];
  paused_ = static_cast<std::int64_t>(connections_.paused());
}

}  // namespace larder::net

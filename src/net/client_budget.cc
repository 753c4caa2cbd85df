#include "larder/net/client_budget.h"

#include <algorithm>

#include "larder/memory/ledger.h"
#include "larder/memory/metrics.h"

namespace larder::net {
namespace {

// However little is left, so much may everybody have unsent.
constexpr std::size_t kLeastUnsent = 16 * 1024;
constexpr std::uint64_t kShareOfRest = 8;

}  // namespace

void ClientBudget::measure(std::uint64_t leaving) {
  limit_ = static_cast<std::uint64_t>(settings_.client_budget());
  if (limit_ == 0) {
    most_unsent_ = kNoBound;
    return;
  }
  const auto held = static_cast<std::uint64_t>(memory::client_bytes(memory::balance()));
  used_ = held - std::min(held, leaving);
  most_unsent_ = bound();
}

std::size_t ClientBudget::bound() const {
  if (used_ <= limit_ / 4 * 3) return kNoBound;
  const std::uint64_t left = limit_ - std::min(used_, limit_);
  return std::max<std::size_t>(left / kShareOfRest, kLeastUnsent);
}

}  // namespace larder::net

#include "larder/expiry/metrics.h"

#include <algorithm>

#include "larder/base/format.h"
#include "larder/memory/ledger.h"

namespace larder::expiry {
namespace {

constexpr double kWeightOfLastPass = 0.1;

}  // namespace

Metrics::Metrics(info::Reporter& reporter, const keyspace::Keyspace& keyspace)
    : Group(reporter), keyspace_(keyspace) {}

void Metrics::pass_done(std::uint64_t found, std::uint64_t all) {
  const double share = all == 0 ? 0 : static_cast<double>(found) / static_cast<double>(all);
  stale_share_ += (share - stale_share_) * kWeightOfLastPass;
}

void Metrics::deferred(std::size_t bytes) {
  if (keyspace_.graveyard().empty()) deferred_keys_ = deferred_bytes_ = 0;
  ++deferred_keys_;
  deferred_bytes_ += bytes;
}

void Metrics::left(std::uint64_t keys, std::uint64_t bytes) {
  left_keys_ = keys;
  left_bytes_ = bytes;
}

std::uint64_t Metrics::unfreed_bytes() const {
  if (keyspace_.graveyard().empty()) return left_bytes_;
  const auto waiting = static_cast<std::uint64_t>(memory::balance(memory::Owner::graveyard));
  return left_bytes_ + std::min(deferred_bytes_, waiting);
}

void Metrics::refresh() {
  const auto waiting_keys = static_cast<std::uint64_t>(keyspace_.graveyard().keys());
  if (keyspace_.graveyard().empty()) deferred_keys_ = deferred_bytes_ = 0;
  unfreed_keys_ = static_cast<std::int64_t>(left_keys_ + std::min(deferred_keys_, waiting_keys));
  unfreed_bytes_ = static_cast<std::int64_t>(unfreed_bytes());
  cycle_ms_ = cycle_us_ / 1000;
  stale_percent_ = base::printed("%.2f", stale_share_ * 100);
}

void Metrics::reset() {
  Group::reset();
  stale_share_ = 0;
  cycle_us_ = 0;
}

}  // namespace larder::expiry

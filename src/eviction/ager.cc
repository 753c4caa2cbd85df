#include "larder/eviction/ager.h"

#include <algorithm>

namespace larder::eviction {
namespace {

constexpr std::uint32_t kStride = 4;
// The longest time that one call catches up on; after a longer pause the walk continues from there.
constexpr std::int64_t kLongestCatchUpMs = 60'000;

}  // namespace

void Ager::restart() {
  restarting_ = keyspace_.size() > 0;
  db_ = 0;
  cursor_ = 0;
}

bool Ager::has_old_bits(const keyspace::Database& db, std::uint64_t hash) const {
  if (!restarting_) return false;
  const auto index = static_cast<std::size_t>(db.index());
  return index > db_ || (index == db_ && db.entries().cursor_of(hash) >= cursor_);
}

void Ager::pass(keyspace::Entry& entry) {
  const keyspace::AccessPolicy& access = keyspace_.access();
  if (restarting_) return entry.access(access.fresh());
  age(entry, access.clock.unix_ms());
}

void Ager::end_walk() {
  restarting_ = false;
  db_ = 0;
  owed_ = 0;
}

std::size_t Ager::step() {
  keyspace::Database& db = keyspace_.db(db_);
  std::size_t passed = 0;
  cursor_ = db.scan(cursor_, 1, [&](keyspace::Entry& entry) {
    pass(entry);
    ++passed;
  });
  if (cursor_ == 0) {
    ++passed;
    if (++db_ == keyspace_.databases()) end_walk();
  }
  return passed;
}

void Ager::add_allowance() {
  const std::int64_t now = keyspace_.clock().steady_ms();
  const std::int64_t elapsed = last_ms_ < 0 ? 0 : std::min(now - last_ms_, kLongestCatchUpMs);
  last_ms_ = now;
  // Empty databases count as steps too.
  const auto all = static_cast<double>(keyspace_.size() + keyspace_.databases());
  owed_ = std::min(owed_ + all * static_cast<double>(elapsed) / kWalkMs, all);
}

void Ager::run(base::Budget budget) {
  add_allowance();
  if (keyspace_.access().mode == keyspace::AccessMode::lfu && !restarting_) return;
  while (restarting_ || owed_ >= 1) {
    owed_ -= static_cast<double>(step());
    if (budget.spent(kStride)) return;
  }
}

}  // namespace larder::eviction

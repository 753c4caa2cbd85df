#include "larder/keyspace/big_keys.h"

#include <algorithm>
#include <limits>

#include "larder/base/budget.h"
#include "larder/keyspace/keyspace.h"

namespace larder::keyspace {
namespace {

// The walk gets one part in this many of the time.
constexpr std::int64_t kShare = 400;
// A walk does not start for a shorter time.
constexpr std::int64_t kLeastUs = 50;
// Keys visited between two readings of the clock.
constexpr std::uint32_t kStride = 16;
// How long a command may search before it replies.
constexpr std::int64_t kAnswerUs = 1000;

}  // namespace

void BigKeys::set_floor(std::size_t type) {
  const Pool& pool = pools_[type];
  floors_[type] = 0;
  if (pool.size < kMost) return;
  floors_[type] =
      std::min_element(pool.items.begin(), pool.items.end(),
                       [](const Candidate& a, const Candidate& b) { return a.bytes < b.bytes; })
          ->bytes;
}

void BigKeys::keep(int db, std::uint64_t hash, types::Type type, std::size_t bytes) {
  Pool& pool = pools_[index(type)];
  const auto end = pool.items.begin() + static_cast<std::ptrdiff_t>(pool.size);
  auto place = std::find_if(pool.items.begin(), end,
                            [&](const Candidate& one) { return one.hash == hash && one.db == db; });
  if (place == end && pool.size < kMost) ++pool.size;
  if (place == pool.items.end()) {
    place =
        std::min_element(pool.items.begin(), pool.items.end(),
                         [](const Candidate& a, const Candidate& b) { return a.bytes < b.bytes; });
  }
  *place = {hash, bytes, db};
  set_floor(index(type));
}

void BigKeys::swap(int a, int b) {
  for (Pool& pool : pools_) {
    for (std::size_t i = 0; i < pool.size; ++i) {
      int& db = pool.items[i].db;
      db = db == a ? b : db == b ? a : db;
    }
  }
}

void BigKeys::forget(int db) {
  for (std::size_t type = 0; type < types::kTypes; ++type) {
    Pool& pool = pools_[type];
    for (std::size_t i = pool.size; i > 0; --i) {
      if (pool.items[i - 1].db == db) pool.items[i - 1] = pool.items[--pool.size];
    }
    if (!stopped_) set_floor(type);
  }
}

void BigKeys::stop() {
  *this = BigKeys();
  stopped_ = true;
  floors_.fill(std::numeric_limits<std::size_t>::max());
}

void BigKeys::start() { *this = BigKeys(); }

void BigKeys::measure(Keyspace& keyspace, std::size_t type, std::size_t item) {
  Pool& pool = pools_[type];
  Candidate& one = pool.items[item];
  const Database& db = keyspace.db(static_cast<std::size_t>(one.db));
  const Entry* entry = db.find_hashed(one.hash);
  if (entry == nullptr || index(entry->type()) != type) {
    one = pool.items[--pool.size];
  } else {
    one.bytes = db.memory_usage(*entry);
  }
  set_floor(type);
}

void BigKeys::measure(Keyspace& keyspace) {
  for (std::size_t type = 0; type < types::kTypes; ++type) {
    for (std::size_t i = pools_[type].size; i > 0; --i) measure(keyspace, type, i - 1);
  }
}

bool BigKeys::walk(Keyspace& keyspace, std::int64_t us) {
  ++measured_;
  for (std::size_t type = 0; type < types::kTypes; ++type) {
    const std::size_t size = pools_[type].size;
    if (size > 0) measure(keyspace, type, measured_ % size);
  }
  base::Budget budget(keyspace.clock(), us);
  do {
    const Database& db = keyspace.db(db_);
    cursor_ = db.scan(cursor_, kStride, [&](Entry& entry) {
      if (floors_[index(entry.type())] >= entry.footprint()) return;
      note(static_cast<int>(db_), EntryTraits::hash(entry), entry.type(), db.memory_usage(entry));
    });
    if (cursor_ == 0 && ++db_ == keyspace.databases()) {
      db_ = 0;
      return true;
    }
  } while (!budget.spent());
  return false;
}

std::int64_t BigKeys::add_allowance(std::int64_t now_us) {
  if (last_us_ != 0) earned_us_ = std::min(earned_us_ + (now_us - last_us_), kMostUs * kShare);
  last_us_ = now_us;
  if (earned_us_ / kShare < kLeastUs) return 0;
  const std::int64_t us = earned_us_ / kShare;
  earned_us_ = 0;
  return us;
}

void Keyspace::look_for_big_keys() {
  if (!tracks_big_keys()) {
    if (!big_keys_.is_stopped()) big_keys_.stop();
    return;
  }
  if (big_keys_.is_stopped()) big_keys_.start();
  const std::int64_t us = big_keys_.add_allowance(clock_.steady_us());
  if (us > 0 && big_keys_.walk(*this, us)) ++metrics_.big_key_walks;
}

std::vector<BigKey> Keyspace::big_keys(int db, std::optional<types::Type> type, std::size_t count) {
  if (big_keys_.is_stopped()) big_keys_.start();
  // Finishes the present walk, and makes a whole one if there is time for it.
  for (int i = 0; i < 2 && big_keys_.walk(*this, kAnswerUs); ++i) ++metrics_.big_key_walks;
  big_keys_.measure(*this);
  std::vector<BigKey> found;
  for (std::size_t i = 0; i < types::kTypes; ++i) {
    if (type && static_cast<std::size_t>(*type) != i) continue;
    const BigKeys::Pool& pool = big_keys_.pool(static_cast<types::Type>(i));
    for (std::size_t item = 0; item < pool.size; ++item) {
      const BigKeys::Candidate& one = pool.items[item];
      const Entry* entry = this->db(static_cast<std::size_t>(one.db)).find_hashed(one.hash);
      if ((db >= 0 && one.db != db) || entry->expired(clock_.unix_ms())) continue;
      found.push_back({one.db, entry, one.bytes});
    }
  }
  std::sort(found.begin(), found.end(), [](const BigKey& a, const BigKey& b) {
    return a.bytes != b.bytes ? a.bytes > b.bytes : a.entry->key() < b.entry->key();
  });
  if (found.size() > count) found.resize(count);
  return found;
}

}  // namespace larder::keyspace

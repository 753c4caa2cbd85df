#include "larder/keyspace/relocation_walk.h"

#include <cmath>

#include "larder/base/prefetch.h"
#include "larder/keyspace/keyspace.h"

namespace larder::keyspace {

void Database::relocate_value(Entry& entry, types::Relocation& walk, memory::Mover& mover,
                              base::Budget& budget) {
  const OpenEntry open(&entry);
  void* const storage = open.storage();
  void* const now = types::row(entry.type()).relocate_some(storage, walk, mover, budget);
  if (now != storage) open.storage(now);
}

// Counts what another mover does.
class RelocationWalk::CountingMover final : public memory::Mover {
 public:
  CountingMover(memory::Mover& mover, Tally& tally) : mover_(mover), tally_(tally) {}

  bool wants(const void* block) const override {
    if (mover_.wants(block)) return true;
    ++tally_.blocks_left;
    return false;
  }
  void* move(memory::Owner owner, void* block, std::size_t bytes) override {
    return count(mover_.move(owner, block, bytes));
  }
  void* move_aligned(memory::Owner owner, void* block, std::size_t bytes,
                     std::size_t alignment) override {
    return count(mover_.move_aligned(owner, block, bytes, alignment));
  }
  std::uint64_t moved() const { return tally_.blocks_moved; }

 private:
  void* count(void* moved) {
    ++(moved == nullptr ? tally_.blocks_left : tally_.blocks_moved);
    return moved;
  }

  memory::Mover& mover_;
  Tally& tally_;
};

bool RelocationWalk::run(memory::Mover& mover, base::Budget& budget) {
  CountingMover counting(mover, tally_);
  while (db_ < keyspace_.databases()) {
    if (!pass_values(counting, budget)) return false;
    if (passed_keys_) {
      ++db_;
      passed_keys_ = false;
      continue;
    }
    pass_keys(counting, budget);
    if (budget.spent()) return false;
  }
  restart();
  return true;
}

double RelocationWalk::progress() const {
  const double part = passed_keys_ ? 1 : std::ldexp(static_cast<double>(cursor_), -47);
  return keyspace_.share_before(db_, part);
}

void RelocationWalk::restart() {
  db_ = 0;
  cursor_ = 0;
  passed_keys_ = false;
  values_left_ = 0;
}

// True if none is left.
bool RelocationWalk::pass_values(CountingMover& mover, base::Budget& budget) {
  while (values_left_ > 0) {
    Value& value = values_[values_left_ - 1];
    Entry* const entry = keyspace_.db(db_).find_hashed(value.hash);
    const bool exists = entry != nullptr && entry->form() == Form::storage;
    if (exists) pass_some(*entry, value, mover, budget);
    if (!exists || value.walk.done) {
      count_key(value.has_moved);
      --values_left_;
    }
    if (budget.spent()) return false;
  }
  return true;
}

void RelocationWalk::pass_some(Entry& entry, Value& value, CountingMover& mover,
                               base::Budget& budget) {
  const std::uint64_t moved = mover.moved();
  Database::relocate_value(entry, value.walk, mover, budget);
  value.has_moved |= mover.moved() != moved;
}

void RelocationWalk::pass_keys(CountingMover& mover, base::Budget& budget) {
  Database& db = keyspace_.db(db_);
  passed_keys_ = db.size() == 0;
  if (passed_keys_) return;
  std::array<Entry*, kRoom> entries;
  std::size_t count = 0;
  do {
    cursor_ = db.entries().scan(cursor_, [&](Entry* entry) {
      base::prefetch(entry);
      if (count < kRoom) entries[count++] = entry;
    });
    passed_keys_ = cursor_ == 0;
  } while (!passed_keys_ && count < kAtOnce);
  for (std::size_t i = 0; i < count; ++i) pass_key(*entries[i], mover, budget);
}

void RelocationWalk::pass_key(Entry& entry, CountingMover& mover, base::Budget& budget) {
  if (entry.form() != Form::storage) return;
  Value value{.hash = 0, .walk = {}, .has_moved = false};
  if (!budget.spent()) pass_some(entry, value, mover, budget);
  if (value.walk.done) return count_key(value.has_moved);
  value.hash = EntryTraits::hash(entry);
  values_[values_left_++] = value;
}

void RelocationWalk::count_key(bool has_moved) {
  ++(has_moved ? tally_.keys_moved : tally_.keys_left);
}

}  // namespace larder::keyspace

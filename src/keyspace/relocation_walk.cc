#include "larder/keyspace/relocation_walk.h"

#include "larder/base/prefetch.h"
#include "larder/keyspace/keyspace.h"

namespace larder::keyspace {

Entry* Database::relocate_entry(EntryTable::Slot slot, memory::Mover& mover) {
  Entry* const before = slot.element();
  if (!mover.wants(before)) return before;
  void* const block = mover.move(types::row(before->type()).owner, before, before->block_bytes());
  if (block == nullptr) return before;
  auto* const entry = static_cast<Entry*>(block);
  slot.replace(entry);
  if (!entry->has_deadline() && !entry->is_element_indexed()) return entry;
  const std::uint64_t hash = EntryTraits::hash(*entry);
  if (entry->has_deadline()) expires_.replace(before, entry, hash);
  if (entry->is_element_indexed()) element_expires_.replace(before, entry, hash);
  return entry;
}

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
  std::array<EntryTable::Slot, kRoom> slots;
  std::size_t count = 0;
  do {
    cursor_ = db.entries().scan_slots(cursor_, [&](EntryTable::Slot slot) {
      base::prefetch(slot.element());
      if (count < kRoom) slots[count++] = slot;
    });
    passed_keys_ = cursor_ == 0;
  } while (!passed_keys_ && count < kAtOnce);
  for (std::size_t i = 0; i < count; ++i) pass_key(db, slots[i], mover, budget);
}

void RelocationWalk::pass_key(Database& db, EntryTable::Slot slot, CountingMover& mover,
                              base::Budget& budget) {
  const Entry* const before = slot.element();
  Entry* const entry = db.relocate_entry(slot, mover);
  Value value{.hash = 0, .walk = {}, .has_moved = entry != before};
  if (entry->form() == Form::storage) {
    if (!budget.spent()) pass_some(*entry, value, mover, budget);
    if (!value.walk.done) {
      value.hash = EntryTraits::hash(*entry);
      values_[values_left_++] = value;
      return;
    }
  }
  count_key(value.has_moved);
}

void RelocationWalk::count_key(bool has_moved) {
  ++(has_moved ? tally_.keys_moved : tally_.keys_left);
}

}  // namespace larder::keyspace

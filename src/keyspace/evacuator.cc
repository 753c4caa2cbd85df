#include "larder/keyspace/evacuator.h"

#include <array>
#include <cstring>
#include <span>

#include "larder/base/prefetch.h"
#include "larder/memory/heap.h"

namespace larder::keyspace {

namespace {

// Gives each block another address, and overwrites the old one.
class TestMover final : public memory::Mover {
 public:
  enum class Blocks : std::uint8_t { entries, others };
  explicit TestMover(Blocks blocks) : blocks_(blocks) {}

  bool wants(const void*) const override { return true; }
  void* move(memory::Owner owner, void* block, std::size_t bytes) override {
    if (blocks_ == Blocks::others) {
      return leave(memory::allocate(owner, bytes), block, bytes,
                   [&] { memory::release(owner, block, bytes); });
    }
    return leave(memory::allocate_entry(owner, bytes), block, bytes,
                 [&] { memory::release_entry(owner, block, bytes); });
  }
  void* move_aligned(memory::Owner owner, void* block, std::size_t bytes,
                     std::size_t alignment) override {
    return leave(memory::allocate_aligned(owner, bytes, alignment), block, bytes,
                 [&] { memory::release_aligned(owner, block, bytes, alignment); });
  }

 private:
  template <typename Release>
  static void* leave(void* to, void* from, std::size_t bytes, Release release) {
    constexpr int kPoison = 0xa5;
    std::memcpy(to, from, bytes);
    std::memset(from, kPoison, bytes);
    release();
    return to;
  }

  Blocks blocks_;
};

}  // namespace

bool Database::relocate_entry(EntryTable::Slot slot, std::uint64_t hash, memory::Mover& mover) {
  Entry* const before = slot.element();
  if (!mover.wants(before)) return false;
  void* const block = mover.move(types::row(before->type()).owner, before, before->block_bytes());
  if (block == nullptr) return false;
  auto* const entry = static_cast<Entry*>(block);
  slot.replace(entry);
  if (entry->has_deadline()) expires_.replace(before, entry, hash);
  if (entry->is_element_indexed()) element_expires_.replace(before, entry, hash);
  return true;
}

// The entries of flushed databases are in no table that is known here.
bool Evacuator::move_entries() {
  if (keyspace_.graveyard().holds_tables()) return false;
  std::array<void*, kAtOnce> blocks;
  const std::size_t count = memory::show_sparse_entries(blocks);
  std::array<std::uint64_t, kAtOnce> hashes;
  const EntryTable& likely = keyspace_.db(last_db_).entries();
  for (std::size_t i = 0; i < count; ++i) {
    hashes[i] = EntryTraits::hash(*static_cast<const Entry*>(blocks[i]));
    likely.prefetch(hashes[i]);
  }
  std::size_t moved = 0;
  for (std::size_t i = 0; i < count; ++i) {
    moved += move_entry(*static_cast<Entry*>(blocks[i]), hashes[i]) ? 1 : 0;
  }
  metrics_.active_defrag_hits += moved;
  metrics_.active_defrag_key_hits += moved;
  metrics_.active_defrag_misses += count - moved;
  metrics_.active_defrag_key_misses += count - moved;
  vain_steps_ = moved > 0 ? 0 : vain_steps_ + 1;
  if (count > 0 && vain_steps_ < kMostVainSteps) return true;
  vain_steps_ = 0;
  return false;
}

// Most entries are in the same database as the one before. What was removed is in none.
bool Evacuator::move_entry(Entry& entry, std::uint64_t hash) {
  const std::size_t databases = keyspace_.databases();
  for (std::size_t tried = 0; tried < databases; ++tried) {
    const std::size_t at = (last_db_ + tried) % databases;
    Database& db = keyspace_.db(at);
    if (db.size() == 0) continue;
    const EntryTable::Slot slot = db.entries().find_slot(&entry, hash);
    if (!slot) continue;
    last_db_ = at;
    return db.relocate_entry(slot, hash, entry_mover_);
  }
  return false;
}

void Evacuator::begin_pass(memory::BlockKind kind) {
  part_ = Part::choosing;
  kind_ = kind;
  walk_.restart();
  table_walk_.restart();
}

void Evacuator::give_up_pass() {
  if (is_in_pass()) part_ = Part::releasing;
}

double Evacuator::pass_progress() const {
  switch (part_) {
    case Part::choosing:
      return 0;
    case Part::moving:
      return kind_ == memory::BlockKind::table ? table_walk_.progress() : walk_.progress();
    case Part::none:
    case Part::releasing:
      break;
  }
  return 1;
}

bool Evacuator::step_pass(base::Budget& budget) {
  const bool is_held = kind_ == memory::BlockKind::value && !keyspace_.before_changes().empty();
  if (is_held && part_ == Part::moving) return false;
  do {
    switch (part_) {
      case Part::none:
        break;
      case Part::choosing:
        if (memory::choose_sparse_slabs(kind_)) part_ = is_held ? Part::releasing : Part::moving;
        break;
      case Part::moving:
        if (walk(budget)) part_ = Part::releasing;
        break;
      case Part::releasing:
        if (memory::release_chosen_slabs(kind_)) part_ = Part::none;
        break;
    }
  } while (is_in_pass() && !budget.spent());
  report();
  return true;
}

bool Evacuator::walk(base::Budget& budget) {
  memory::SlabMover mover(kind_);
  return kind_ == memory::BlockKind::table ? table_walk_.run(mover, budget)
                                           : walk_.run(mover, budget);
}

void Evacuator::report() {
  const RelocationWalk::Tally& tally = walk_.tally();
  metrics_.active_defrag_hits += tally.blocks_moved - reported_.blocks_moved;
  metrics_.active_defrag_misses += tally.blocks_left - reported_.blocks_left;
  metrics_.active_defrag_key_hits += tally.keys_moved - reported_.keys_moved;
  metrics_.active_defrag_key_misses += tally.keys_left - reported_.keys_left;
  reported_ = tally;
}

void Evacuator::move_for_test() {
  TestMover entries(TestMover::Blocks::entries);
  for (std::size_t i = 0; i < keyspace_.databases(); ++i) {
    Database& db = keyspace_.db(i);
    if (db.size() == 0) continue;
    constexpr std::size_t kMost = 8;
    std::array<Entry*, kMost> found;
    std::size_t count = 0;
    db.entries().sample_bucket(keyspace_.rng(), [&](Entry* entry) {
      if (count < kMost) found[count++] = entry;
    });
    for (Entry* entry : std::span(found).first(count)) {
      const std::uint64_t hash = EntryTraits::hash(*entry);
      db.relocate_entry(db.entries().find_slot(entry, hash), hash, entries);
      ++metrics_.active_defrag_hits;
    }
  }
  if (is_in_pass()) return;
  TestMover others(TestMover::Blocks::others);
  base::Budget tables = budget(0);
  table_walk_.run(others, tables);
  if (!may_begin(memory::BlockKind::value)) return;
  base::Budget values = budget(0);
  walk_.run(others, values);
  report();
}

}  // namespace larder::keyspace

#include "slabs.h"

#include <algorithm>
#include <bit>
#include <bitset>
#include <cstring>

#include "larder/base/assert.h"

namespace larder::memory {

namespace {

// What a class needs to compute the number of a slot, and the list of a slab.
struct Divisors {
  std::uint32_t by_slot_bytes = 0;  // 2^32 / slot bytes, rounded up
  std::uint32_t by_slots = 0;       // lists * 2^16 / slots, rounded down
};

template <std::size_t kLists>
constexpr std::array<Divisors, kSlabClasses> divisors() {
  std::array<Divisors, kSlabClasses> all{};
  for (std::size_t i = 0; i < kSlabClasses; ++i) {
    const std::uint64_t bytes = kSlabs[i].slot_bytes;
    all[i] = {static_cast<std::uint32_t>(((std::uint64_t{1} << 32) + bytes - 1) / bytes),
              static_cast<std::uint32_t>((kLists << 16) / kSlabs[i].slots)};
  }
  return all;
}
constexpr auto kDivisors = divisors<32>();

// Moving more than this percentage of a slab's bytes costs more than its pages are worth.
constexpr std::size_t kMostMoved = 97;
constexpr std::size_t kMostShownBytes = 32 << 10;  // at once, by show_some(), and one block
// Slabs that were shown and are not empty; after so many they are ordinary slabs again.
constexpr std::size_t kMostPassed = 16;
constexpr std::size_t kMostSlots = 2048;
static_assert(kSlabs[0].slots == kMostSlots);

// Exact for each offset in a slab: the error of the factor is below 2^-32, an offset below 2^17,
// and a slot has at least 8 bytes.
std::size_t slot_at(std::size_t number, std::size_t offset) {
  return offset * kDivisors[number].by_slot_bytes >> 32;
}

// For slabs with room, which are not empty.
std::size_t list_of(std::size_t number, std::size_t used) {
  return used * kDivisors[number].by_slots >> 16;
}

}  // namespace

Slabs::Slabs(PageHeap& pages) : pages_(pages) {}

void* Slabs::take_from_slab(std::size_t number) {
  Class& its = classes_[number];
  const bool has_room = its.current != kNoRun && pages_[its.current].used < kSlabs[number].slots;
  if (!has_room && !find_current(number)) return nullptr;
  return take_slot(number, pages_[its.current]);
}

// The fullest slab with room, or else a new one. The old one is full, or there is none.
bool Slabs::find_current(std::size_t number) {
  Class& its = classes_[number];
  if (its.filled_lists != 0) {
    const auto list = static_cast<std::size_t>(std::bit_width(its.filled_lists)) - 1;
    its.current = its.lists[list];
    delist(its, its.current, list);
    return true;
  }
  const RunId id = pages_.take(kSlabs[number].pages, RunState::slab);
  if (id == kNoRun) return false;
  Run& slab = pages_[id];
  slab.slab_class = static_cast<std::uint8_t>(number);
  slab.used = 0;
  slab.first_free = kNoSlot;
  slab.first_fresh = 0;
  its.current = id;
  its.free += kSlabs[number].slots;
  return true;
}

void* Slabs::take_slot(std::size_t number, Run& slab) {
  char* const begin = pages_.address_of(slab);
  ++slab.used;
  pages_.tally().took_slot(slab);
  --classes_[number].free;
  if (slab.first_free == kNoSlot) {
    return begin + slab.first_fresh++ * std::size_t{kSlabs[number].slot_bytes};
  }
  char* const slot = begin + slab.first_free * std::size_t{kSlabs[number].slot_bytes};
  std::memcpy(&slab.first_free, slot, sizeof slab.first_free);
  return slot;
}

void Slabs::return_to_slab(std::size_t number, void* block) {
  Class& its = classes_[number];
  const RunId id = pages_.run_of(block);
  Run& slab = pages_[id];
  const bool is_emptying = slab.state == RunState::emptying;
  LARDER_ASSERT((slab.state == RunState::slab || is_emptying) && slab.slab_class == number);
  const auto offset = static_cast<std::size_t>(static_cast<char*>(block) - pages_.address_of(slab));
  const std::size_t slot = slot_at(number, offset);
  LARDER_ASSERT(slot * kSlabs[number].slot_bytes == offset && slot < slab.first_fresh);
  std::memcpy(block, &slab.first_free, sizeof slab.first_free);
  slab.first_free = static_cast<Slot>(slot);
  if (__builtin_expect(is_emptying, 0)) return return_to_emptying(number, id);
  ++its.free;
  const bool was_full = slab.used == kSlabs[number].slots;
  const std::size_t list_before = was_full ? kLists : list_of(number, slab.used);
  --slab.used;
  pages_.tally().returned_slot(slab);
  const bool is_listed = id != its.current && !was_full;
  if (slab.used == 0) {
    if (is_listed) delist(its, id, list_before);
    return drop(number, id);
  }
  const std::size_t list = list_of(number, slab.used);
  if (id == its.current || list == list_before) return;
  if (is_listed) delist(its, id, list_before);
  enlist(its, id, list);
}

void Slabs::drop(std::size_t number, RunId id) {
  Class& its = classes_[number];
  if (id == its.current) its.current = kNoRun;
  its.free -= kSlabs[number].slots;
  pages_.give_back(id);
}

void Slabs::return_to_emptying(std::size_t number, RunId id) {
  Class& its = classes_[number];
  --its.emptying_used;
  pages_.tally().returned_slot(pages_[id]);
  if (--pages_[id].used > 0) return;
  unlink(its.emptying, id);
  if (--its.emptying_slabs == 0) its.most_kept = kRecent;
  if (id == shown_) shown_ = kNoRun;
  pages_.give_back(id);
}

void Slabs::push(RunId& first, RunId id) {
  Run& slab = pages_[id];
  slab.previous = kNoRun;
  slab.next = first;
  if (slab.next != kNoRun) pages_[slab.next].previous = id;
  first = id;
}

void Slabs::unlink(RunId& first, RunId id) {
  const Run& slab = pages_[id];
  if (slab.next != kNoRun) pages_[slab.next].previous = slab.previous;
  if (slab.previous != kNoRun) {
    pages_[slab.previous].next = slab.next;
  } else {
    first = slab.next;
  }
}

void Slabs::enlist(Class& its, RunId id, std::size_t list) {
  push(its.lists[list], id);
  its.filled_lists |= std::uint32_t{1} << list;
}

void Slabs::delist(Class& its, RunId id, std::size_t list) {
  unlink(its.lists[list], id);
  if (its.lists[list] == kNoRun) its.filled_lists &= ~(std::uint32_t{1} << list);
}

// Without the sparsest slab, the others still have room for its blocks and for those of the slabs
// that are being emptied.
bool Slabs::has_another_to_mark(std::size_t number) const {
  const Class& its = classes_[number];
  return its.filled_lists != 0 && its.free >= kSlabs[number].slots + its.emptying_used;
}

// Slabs of one list differ by a few slots only.
void Slabs::mark_sparsest(std::size_t number) {
  const Class& its = classes_[number];
  mark(number, its.lists[sparsest_list(its)]);
}

// The slab is in the list of its occupancy.
void Slabs::mark(std::size_t number, RunId id) {
  Class& its = classes_[number];
  Run& slab = pages_[id];
  delist(its, id, list_of(number, slab.used));
  slab.state = RunState::emptying;
  its.free -= kSlabs[number].slots - slab.used;
  its.emptying_used += slab.used;
  ++its.emptying_slabs;
  its.most_kept = 0;
  push(its.emptying, id);
}

bool Slabs::mark_some(std::size_t most) {
  for (std::size_t classes = 0; classes < kSlabClasses; ++classes) {
    return_recent(next_to_mark_);
    while (has_another_to_mark(next_to_mark_)) {
      if (most-- == 0) return false;
      mark_sparsest(next_to_mark_);
    }
    next_to_mark_ = (next_to_mark_ + 1) % kSlabClasses;
  }
  return true;
}

void Slabs::unmark_first(std::size_t number) {
  Class& its = classes_[number];
  const RunId id = its.emptying;
  unlink(its.emptying, id);
  if (--its.emptying_slabs == 0) its.most_kept = kRecent;
  if (id == shown_) shown_ = kNoRun;
  Run& slab = pages_[id];
  slab.state = RunState::slab;
  its.free += kSlabs[number].slots - slab.used;
  its.emptying_used -= slab.used;
  enlist(its, id, list_of(number, slab.used));
}

// The bytes to move for each page that a slab with so many slots in use returns.
std::size_t Slabs::bytes_for_page(std::size_t number, std::size_t used) {
  return used * kSlabs[number].slot_bytes / kSlabs[number].pages;
}

// One of the first slabs of the sparsest list, which are nearly equally full.
RunId Slabs::sparsest_of(std::size_t number) const {
  constexpr int kSeen = 32;
  const Class& its = classes_[number];
  RunId best = its.lists[sparsest_list(its)];
  RunId id = pages_[best].next;
  for (int seen = 1; seen < kSeen && id != kNoRun; ++seen, id = pages_[id].next) {
    if (pages_[id].used < pages_[best].used) best = id;
  }
  return best;
}

// The slab that returns a page for the fewest bytes to move.
RunId Slabs::sparsest() const {
  RunId best = kNoRun;
  std::size_t least = kPageBytes * kMostMoved / 100;
  for (std::size_t number = 0; number < kSlabClasses; ++number) {
    if (!has_another_to_mark(number)) continue;
    const std::size_t fewest = sparsest_list(classes_[number]) * kSlabs[number].slots / kLists;
    if (bytes_for_page(number, fewest) >= least) continue;
    const RunId id = sparsest_of(number);
    const std::size_t moved = bytes_for_page(number, pages_[id].used);
    if (moved >= least) continue;
    least = moved;
    best = id;
  }
  return best;
}

std::size_t Slabs::show_some(std::span<void*> blocks) {
  while (true) {
    if (shown_ != kNoRun) {
      const std::size_t shown = show_rest(blocks);
      if (shown > 0) return shown;
      pass_shown();
    }
    RunId id = sparsest();
    if (id == kNoRun) {
      // Recent slots may keep a slab from being chosen, or from being empty.
      return_some_recent();
      unmark_some(kMostPassed);
      passed_ = 0;
      return 0;
    }
    const std::size_t number = pages_[id].slab_class;
    return_recent(number);
    // Now there may be a sparser one, or none.
    if (!has_another_to_mark(number)) continue;
    id = sparsest_of(number);
    mark(number, id);
    shown_ = id;
    next_shown_ = 0;
  }
}

// What is left in the slab is removed soon, or stays because the other slabs had no room. It must
// not keep slots from being used for long.
void Slabs::pass_shown() {
  shown_ = kNoRun;
  if (++passed_ < kMostPassed) return;
  unmark_some(kMostPassed);
  passed_ = 0;
}

// Of the slab that was begun.
std::size_t Slabs::show_rest(std::span<void*> blocks) {
  const Run& slab = pages_[shown_];
  const std::size_t slot_bytes = kSlabs[slab.slab_class].slot_bytes;
  char* const begin = pages_.address_of(slab);
  std::bitset<kMostSlots> free;
  for (Slot slot = slab.first_free; slot != kNoSlot;) {
    free.set(slot);
    std::memcpy(&slot, begin + slot * slot_bytes, sizeof slot);
  }
  const std::size_t most = std::clamp<std::size_t>(kMostShownBytes / slot_bytes, 1, blocks.size());
  std::size_t count = 0;
  for (; next_shown_ < slab.first_fresh && count < most; ++next_shown_) {
    if (!free[next_shown_]) blocks[count++] = begin + next_shown_ * slot_bytes;
  }
  return count;
}

bool Slabs::unmark_some(std::size_t most) {
  for (std::size_t classes = 0; classes < kSlabClasses; ++classes) {
    while (classes_[next_to_unmark_].emptying != kNoRun) {
      if (most-- == 0) return false;
      unmark_first(next_to_unmark_);
    }
    next_to_unmark_ = (next_to_unmark_ + 1) % kSlabClasses;
  }
  return true;
}

std::size_t Slabs::recoverable_pages() const {
  std::size_t pages = 0;
  for (std::size_t i = 0; i < kSlabClasses; ++i) {
    const Class& its = classes_[i];
    const std::uint64_t spare = its.free - std::min(its.free, its.emptying_used);
    pages += (its.emptying_slabs + spare / kSlabs[i].slots) * kSlabs[i].pages;
  }
  return pages;
}

void Slabs::return_recent(std::size_t number) {
  Class& its = classes_[number];
  while (its.kept > 0) return_to_slab(number, its.recent[--its.kept]);
}

void Slabs::return_some_recent() {
  for (std::size_t i = 0; i < kClassesAtOnce; ++i) {
    return_recent(next_to_return_);
    next_to_return_ = (next_to_return_ + 1) % kSlabClasses;
  }
}

void Slabs::return_recent() {
  for (std::size_t number = 0; number < kSlabClasses; ++number) return_recent(number);
}

std::size_t Slabs::recent_bytes() const {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < kSlabClasses; ++i) bytes += classes_[i].kept * kSlabs[i].slot_bytes;
  return bytes;
}

}  // namespace larder::memory

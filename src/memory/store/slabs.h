#pragma once

// Slots of equal size in slabs, for each class of data_class.h. No slot has a header: its slab is
// found by the page, and its number by a multiplication.
//
//   recent ── the slots that were released last, handed out first: they are in the cache
//   current ─ the slab that provides slots
//   lists ─── other slabs with room, by occupancy: the fullest becomes the current one, so that
//             the sparse ones become empty and their pages free
//   emptying  sparse slabs that provide no slots; the owners of their blocks move these to other
//   slabs
//
// Emptying has two forms. Where only a walk over all data finds the owner of a block, many slabs
// are marked before the walk, which checks for each block whether it is in one of them. Where the
// owner is found from the block itself, show_some() shows the blocks of one sparse slab after the
// other.
//
// Invariants:
//   1. A slab with room is the current one of its class, in the list of its occupancy, or in the
//      list of emptying slabs. A full one is in no list.
//   2. While a class has emptying slabs, it keeps no recent slots, which could be theirs.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "larder/memory/data_class.h"
#include "page_heap.h"

namespace larder::memory {

class Slabs {
 public:
  explicit Slabs(PageHeap& pages);

  // A slot of the class; null if no pages are left. Cost: a few nanoseconds.
  void* take(std::size_t number) {
    Class& its = classes_[number];
    if (__builtin_expect(its.kept > 0, 1)) return its.recent[--its.kept];
    return take_from_slab(number);
  }
  void give_back(std::size_t number, void* block) {
    Class& its = classes_[number];
    if (its.kept < its.most_kept) {
      its.recent[its.kept++] = block;
    } else {
      return_to_slab(number, block);
    }
  }

  // Chooses about the sparsest slabs of each class for emptying: as many as the free slots of the
  // class make up, so that the other slabs have room for their blocks. Goes on where the last call
  // stopped, with at most `most` slabs; true if no class has another one to choose. Cost: about 50
  // ns a slab.
  bool mark_some(std::size_t most);
  // Makes emptying slabs ordinary ones, at most `most`; true if there are no more.
  bool unmark_some(std::size_t most);
  // The pages that emptying can return: those of the chosen slabs, and of those to be chosen.
  // Cost: a look at each class.
  std::size_t recoverable_pages() const;
  // For a class with emptying slabs: a slot of another slab; null if that needs a new one.
  void* take_existing(std::size_t number) {
    return classes_[number].free == 0 ? nullptr : take(number);
  }

  // Up to `blocks.size()` blocks of a sparse slab, or 32 KiB, which the caller should move; after
  // its last ones, those of the next slab. Blocks that were not moved are not shown again for some
  // slabs. 0 if no slab is worth it. Cost: that of reading the list of the slab's free slots.
  std::size_t show_some(std::span<void*> blocks);

  // The recent slots of all classes.
  std::size_t recent_bytes() const;

  // Recent slots keep their slabs from becoming empty. This returns those of some classes, a call
  // after the other, or of all.
  static constexpr std::size_t kClassesAtOnce = 16;
  void return_some_recent();
  void return_recent();

 private:
  static constexpr std::size_t kRecent = 8;
  static constexpr std::size_t kLists = 32;

  struct Class {
    std::array<void*, kRecent> recent{};
    std::uint32_t kept = 0;  // number of `recent`
    std::uint32_t most_kept = kRecent;
    RunId current = kNoRun;
    RunId emptying = kNoRun;            // the first of their list
    std::uint32_t emptying_slabs = 0;   // their number
    std::uint64_t emptying_used = 0;    // their slots in use
    std::uint64_t free = 0;             // slots of the other slabs that are not in use
    std::uint32_t filled_lists = 0;     // a bit for each list that is not empty
    std::array<RunId, kLists> lists{};  // by occupancy
  };

  void return_recent(std::size_t number);
  void* take_from_slab(std::size_t number);
  void return_to_slab(std::size_t number, void* block);
  void return_to_emptying(std::size_t number, RunId id);
  bool has_another_to_mark(std::size_t number) const;
  void mark_sparsest(std::size_t number);
  void mark(std::size_t number, RunId id);
  void unmark_first(std::size_t number);
  static std::size_t sparsest_list(const Class& its) {
    return static_cast<std::size_t>(std::countr_zero(its.filled_lists));
  }
  static std::size_t bytes_for_page(std::size_t number, std::size_t used);
  RunId sparsest() const;
  RunId sparsest_of(std::size_t number) const;
  std::size_t show_rest(std::span<void*> blocks);
  void pass_shown();
  bool find_current(std::size_t number);
  void* take_slot(std::size_t number, Run& slab);
  void drop(std::size_t number, RunId id);
  void enlist(Class& its, RunId id, std::size_t list);
  void delist(Class& its, RunId id, std::size_t list);
  void push(RunId& first, RunId id);
  void unlink(RunId& first, RunId id);

  PageHeap& pages_;
  std::array<Class, kSlabClasses> classes_{};
  std::size_t next_to_return_ = 0;  // the class with which return_some_recent() goes on
  std::size_t next_to_mark_ = 0;    // and mark_some()
  std::size_t next_to_unmark_ = 0;  // and unmark_some()
  RunId shown_ = kNoRun;            // the slab that show_some() has begun
  Slot next_shown_ = 0;             // and its first slot that was not shown
  std::size_t passed_ = 0;          // slabs that it has left since it unmarked some
};

}  // namespace larder::memory

#pragma once

// Slots of equal size in slabs, for each class of data_class.h. No slot has a header: its slab is
// found by the page, and its number by a multiplication.
//
//   recent ── the slots that were released last, handed out first: they are in the cache
//   current ─ the slab that provides slots
//   lists ─── other slabs with room, by occupancy: the fullest becomes the current one, so that
//             the sparse ones become empty and their pages free
//
// Invariant: a slab with room is the current one of its class or in the list of its occupancy; a
// full one is in no list.

#include <array>
#include <cstddef>
#include <cstdint>

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
    if (its.kept < kRecent) {
      its.recent[its.kept++] = block;
    } else {
      return_to_slab(number, block);
    }
  }

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
    RunId current = kNoRun;
    std::uint32_t filled_lists = 0;     // a bit for each list that is not empty
    std::array<RunId, kLists> lists{};  // by occupancy
  };

  void return_recent(std::size_t number);
  void* take_from_slab(std::size_t number);
  void return_to_slab(std::size_t number, void* block);
  bool find_current(std::size_t number);
  void* take_slot(std::size_t number, Run& slab);
  void drop(std::size_t number, RunId id);
  void enlist(Class& its, RunId id, std::size_t list);
  void delist(Class& its, RunId id, std::size_t list);

  PageHeap& pages_;
  std::array<Class, kSlabClasses> classes_{};
  std::size_t next_to_return_ = 0;  // the class with which return_some_recent() goes on
};

}  // namespace larder::memory

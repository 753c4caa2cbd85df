#pragma once

// A run: neighbouring pages of the store that are used, or unused, together. Each page up to the
// frontier belongs to exactly one run.
//
//   slab      live: slots of one class
//   emptying  live: a slab that provides no more slots, because its blocks are being moved away
//   block     live: one block of more than kMostSlotBytes
//   dirty     free; its pages still take physical memory
//   clean     free; its pages take none, only addresses

#include <cstdint>

namespace larder::memory {

// The number of a run in the RunTable; 0 is no run.
using RunId = std::uint32_t;
inline constexpr RunId kNoRun = 0;

enum class RunState : std::uint8_t { slab, emptying, block, dirty, clean };

// The number of a slot in its slab.
using Slot = std::uint16_t;
inline constexpr Slot kNoSlot = 0xffff;

struct Run {
  std::uint32_t first_page = 0;
  std::uint32_t pages = 0;
  // Its list: the free runs of about this size, the slabs of about this occupancy, or the emptying
  // slabs of a class.
  RunId next = kNoRun;
  RunId previous = kNoRun;
  RunState state = RunState::clean;

  // Of slabs:
  std::uint8_t slab_class = 0;
  // Slots that are handed out, or kept by the class for the next allocation.
  std::uint16_t used = 0;
  // Released slots form a list, which is stored in themselves.
  Slot first_free = kNoSlot;
  // This slot and all after it have not been used yet.
  Slot first_fresh = 0;
};
static_assert(sizeof(Run) == 24);

}  // namespace larder::memory

#pragma once

// The types of values, and the functions of each type for the storage of an entry: one constexpr
// row per type, so that no other code has a switch over types.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include "larder/base/budget.h"
#include "larder/memory/ledger.h"
#include "larder/memory/mover.h"
#include "larder/types/relocation.h"

namespace larder::types {

enum class Type : std::uint8_t { string, list, set, sorted_set, hash, stream };
inline constexpr std::size_t kTypes = 6;

// No element has a deadline.
inline constexpr std::int64_t kNoDeadline = std::numeric_limits<std::int64_t>::max();
// A time before all deadlines.
inline constexpr std::int64_t kLongAgo = std::numeric_limits<std::int64_t>::min();

// Called with the name of an element before it is removed.
using BeforeElementRemoved = void (*)(void* context, std::string_view element);

// Storage is what the pointer in an entry refers to: null for an empty value, and tagged in its
// lowest 3 bits if the type has several encodings.
struct TypeRow {
  // As TYPE and SCAN TYPE name it.
  std::string_view name;
  memory::Owner owner;
  // Bytes of the storage, at the allocator's sizes. Cost: O(1).
  std::size_t (*footprint)(const void* storage);
  // The name for OBJECT ENCODING; null for strings, whose encoding is stored in the entry.
  std::string_view (*encoding)(const void* storage);
  // A second storage with the same contents. Cost: O(size of the contents).
  void* (*copy)(const void* storage);
  // Frees the storage in steps until the budget is spent; true when nothing is left. The storage's
  // bytes are charged to `owner` until they are released. Between the steps footprint() returns
  // what is left, and no other function may be called.
  bool (*destroy_some)(void* storage, memory::Owner owner, base::Budget& budget);
  // A part of a walk over the blocks of the value, until the budget is spent or `walk.done`: offers
  // each block to the mover and stores its new address. Returns the storage, which may have moved.
  // Without changes between the steps, each block is offered once; see Relocation otherwise. A
  // collection with a BeforeElement hook does not move, because the owner of the hook has addresses
  // of elements; no other code may keep addresses within the value. Cost: some 5 ns for a block
  // that stays. Between two checks of the budget at most the elements of one segment of a table,
  // about 750, are moved.
  void* (*relocate_some)(void* storage, Relocation& walk, memory::Mover& mover,
                         base::Budget& budget);
  // How many allocations a free has to visit.
  std::size_t (*free_effort)(const void* storage);
  // Only where elements can have deadlines of their own. A Unix time in ms before which none is
  // past; kNoDeadline when none has one. Cost: O(1).
  std::int64_t (*next_deadline)(const void* storage) = nullptr;
  // How many elements there are; null for strings. Cost: O(1).
  std::size_t (*size)(const void* storage) = nullptr;
  // Frees elements past their deadline; reads about `lines` cache lines of their table and
  // continues with the next call. True when it has reached the end and next_deadline() is exact.
  bool (*expire_some)(void* storage, std::int64_t now_ms, std::size_t lines,
                      BeforeElementRemoved before_removal, void* context) = nullptr;
  // The same for one element; true if it was past its deadline and is freed.
  bool (*expire_one)(void* storage, std::string_view element, std::int64_t now_ms,
                     BeforeElementRemoved before_removal, void* context) = nullptr;
};

const TypeRow& row(Type type);

}  // namespace larder::types

#pragma once

// What a value can be, and what every type must be able to tell about the storage that
// hangs off its entry: one constexpr row per type, so that nobody else switches over types.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "larder/base/budget.h"
#include "larder/memory/ledger.h"

namespace larder::types {

enum class Type : std::uint8_t { string, list, set, sorted_set, hash, stream };
inline constexpr std::size_t kTypes = 6;

struct TypeRow {
  // As TYPE and SCAN TYPE name it.
  std::string_view name;
  memory::Owner owner;
  // Bytes of the storage behind the entry's pointer, at the allocator's sizes.
  std::size_t (*footprint)(const void* storage);
  // Frees the storage, a step at a time until the budget is spent; true when nothing is left.
  // The storage's bytes are charged to `owner` until they are released.
  bool (*destroy_some)(void* storage, memory::Owner owner, base::Budget& budget);
  // How many allocations a free has to visit.
  std::size_t (*free_effort)(const void* storage);
};

const TypeRow& row(Type type);

}  // namespace larder::types

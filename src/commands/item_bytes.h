#pragma once

// An estimate of the size of a reply before it is written.

#include <cstdint>

#include "larder/keyspace/entry.h"
#include "larder/types/type.h"

namespace larder::commands {

// Elements that are drawn at random from this collection take on average at least this many bytes
// of a reply: less than the collection holds for each.
template <typename Found>
std::uint64_t least_item_bytes(const Found& found) {
  const keyspace::Entry& entry = *found.entry();
  return types::row(entry.type()).footprint(entry.storage()) / (3 * found->size());
}

}  // namespace larder::commands

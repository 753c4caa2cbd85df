#include "larder/types/list.h"
#include "quicklist.h"
#include "type_rows.h"

namespace larder::types {
namespace {

constexpr std::uintptr_t kQuicklistTag = 1;

const Quicklist* chain_in(const void* storage) {
  const auto bits = reinterpret_cast<std::uintptr_t>(storage);
  return (bits & kQuicklistTag) == 0 ? nullptr
                                     : reinterpret_cast<const Quicklist*>(bits - kQuicklistTag);
}

std::size_t footprint(const void* storage) {
  if (const Quicklist* chain = chain_in(storage)) return chain->footprint();
  return storage == nullptr ? 0 : static_cast<const ListBlock*>(storage)->footprint();
}

std::string_view encoding(const void* storage) {
  return chain_in(storage) != nullptr ? "quicklist" : "listpack";
}

void* copy(const void* storage) {
  if (const Quicklist* chain = chain_in(storage)) {
    const auto twin = reinterpret_cast<std::uintptr_t>(Quicklist::copy(*chain));
    return reinterpret_cast<void*>(twin | kQuicklistTag);
  }
  return storage == nullptr ? nullptr : ListBlock::copy(static_cast<const ListBlock*>(storage));
}

bool destroy_some(void* storage, memory::Owner owner, base::Budget& budget) {
  if (const Quicklist* chain = chain_in(storage)) {
    return Quicklist::destroy_some(const_cast<Quicklist*>(chain), owner, budget);
  }
  if (storage != nullptr) ListBlock::destroy(owner, static_cast<ListBlock*>(storage));
  return true;
}

void* relocate_some(void* storage, Relocation& walk, memory::Mover& mover, base::Budget& budget) {
  if (const Quicklist* chain = chain_in(storage)) {
    Quicklist* moved = Quicklist::relocate_some(const_cast<Quicklist*>(chain), walk, mover, budget);
    return reinterpret_cast<char*>(moved) + kQuicklistTag;
  }
  walk.done = true;
  auto* block = static_cast<ListBlock*>(storage);
  if (block != nullptr && mover.wants(block)) {
    memory::offer(mover, memory::Owner::lists, block, block->footprint());
  }
  return block;
}

std::size_t free_effort(const void* storage) {
  const Quicklist* chain = chain_in(storage);
  return chain == nullptr ? 1 : chain->nodes() + 1;
}

std::size_t size(const void* storage) { return ReadOnly<List>(storage)->size(); }

}  // namespace

const TypeRow kListRow{.name = "list",
                       .owner = memory::Owner::lists,
                       .footprint = footprint,
                       .encoding = encoding,
                       .copy = copy,
                       .destroy_some = destroy_some,
                       .relocate_some = relocate_some,
                       .free_effort = free_effort,
                       .size = size};

}  // namespace larder::types

#include <cstring>

#include "larder/memory/heap.h"
#include "larder/types/sorted_set.h"
#include "type_rows.h"

namespace larder::types {
namespace {

constexpr std::uintptr_t kTagMask = 7;

ReadOnly<SortedSet> of(const void* storage) { return ReadOnly<SortedSet>(storage); }

RankedSet* ranked(const void* storage) {
  return reinterpret_cast<RankedSet*>(reinterpret_cast<std::uintptr_t>(storage) & ~kTagMask);
}

std::uintptr_t tag(const void* storage) {
  return reinterpret_cast<std::uintptr_t>(storage) & kTagMask;
}

ListpackView view(const void* storage) {
  return ListpackView(static_cast<const std::uint8_t*>(storage));
}

std::size_t footprint(const void* storage) {
  if (storage == nullptr) return 0;
  if (of(storage)->is_packed()) return memory::dataset_class(view(storage).bytes());
  return ranked(storage)->footprint();
}

std::string_view encoding(const void* storage) {
  return of(storage)->is_packed() ? "listpack" : "skiplist";
}

void* copy(const void* storage) {
  if (storage == nullptr) return nullptr;
  if (of(storage)->is_packed()) {
    return Listpack::copy(SortedSet::kOwner, view(storage).raw()).block();
  }
  constexpr SortedSet::Limits kAlwaysLarge{0, 0};
  SortedSet made(nullptr);
  made.expect(of(storage)->size(), 0, kAlwaysLarge);
  for (auto at = of(storage)->at(0); at; at.next()) {
    String::Scratch unused;
    made.append(at.member().text(unused), at.score(), kAlwaysLarge);
  }
  return made.storage();
}

bool destroy_some(void* storage, memory::Owner owner, base::Budget& budget) {
  if (storage == nullptr) return true;
  if (of(storage)->is_packed()) {
    Listpack(storage).destroy(owner);
    return true;
  }
  RankedSet* set = ranked(storage);
  if (!set->free_some(owner, budget)) return false;
  memory::destroy(owner, set);
  return true;
}

void* relocate_some(void* storage, Relocation& walk, memory::Mover& mover, base::Budget& budget) {
  if (storage != nullptr && !of(storage)->is_packed()) {
    RankedSet* set = RankedSet::relocate_some(ranked(storage), walk, mover, budget);
    return reinterpret_cast<char*>(set) + tag(storage);
  }
  walk.done = true;
  if (storage != nullptr && mover.wants(storage)) {
    memory::offer(mover, SortedSet::kOwner, storage, view(storage).bytes());
  }
  return storage;
}

std::size_t free_effort(const void* storage) {
  if (storage == nullptr || of(storage)->is_packed()) return 1;
  return ranked(storage)->order().size();
}

std::size_t size(const void* storage) { return ReadOnly<SortedSet>(storage)->size(); }

}  // namespace

const TypeRow kSortedSetRow{.name = "zset",
                            .owner = SortedSet::kOwner,
                            .footprint = footprint,
                            .encoding = encoding,
                            .copy = copy,
                            .destroy_some = destroy_some,
                            .relocate_some = relocate_some,
                            .free_effort = free_effort,
                            .size = size};

}  // namespace larder::types

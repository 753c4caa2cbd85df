#pragma once

// The part of a relocation (types/relocation.h) that is in a table.

#include "larder/base/budget.h"
#include "larder/memory/mover.h"
#include "larder/types/relocation.h"
#include "larder/types/table.h"

namespace larder::types {

// Until the budget is spent; true at the end of the table. move(Element*) moves an element, and
// returns its new address or null.
template <typename Traits, typename Move>
bool relocate_table(Table<Traits>& table, Relocation& walk, memory::Mover& mover,
                    base::Budget& budget, Move move) {
  do {
    walk.position = table.relocate(walk.position, mover, move);
  } while (walk.position != 0 && !budget.spent());
  return walk.position == 0;
}

// The same if only the table has addresses of the elements.
template <typename Traits>
bool relocate_table(Table<Traits>& table, Relocation& walk, memory::Mover& mover,
                    base::Budget& budget) {
  using Element = typename Traits::Element;
  return relocate_table(table, walk, mover, budget, [&mover](Element* element) {
    return static_cast<Element*>(mover.move(Traits::kOwner, element, element->bytes()));
  });
}

}  // namespace larder::types

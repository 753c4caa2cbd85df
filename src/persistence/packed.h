#pragma once

// Walks over the elements of a compact block from a payload, with checks.

#include <optional>
#include <string_view>

#include "larder/types/listpack.h"
#include "old_blocks.h"
#include "rdb_reader.h"

namespace larder::persistence {

enum class Packing : std::uint8_t { ziplist, listpack };

// Calls fn(types::String) for each element until it returns false, or until `in`, from which the
// block was read, must stop. True if the block is well formed and fn was called for all elements;
// otherwise fn may have been called for some elements.
template <typename Fn>
bool for_each_element(RdbReader& in, Packing packing, std::string_view raw, Fn fn) {
  in.block_checked();
  if (packing == Packing::ziplist) {
    ZiplistReader reader(raw);
    for (types::String element{std::string_view()}; reader.next(element);) {
      if (!in.may_go_on() || !fn(element)) return false;
    }
    return reader.was_valid();
  }
  if (!types::ListpackView::valid(raw)) return false;
  const types::ListpackView view(reinterpret_cast<const std::uint8_t*>(raw.data()));
  for (auto place = view.first(); place != types::ListpackView::kEnd; place = view.next(place)) {
    if (!in.may_go_on() || !fn(view.get(place))) return false;
  }
  return true;
}

// The same by pairs: fn(types::String, types::String).
template <typename Fn>
bool for_each_pair(RdbReader& in, Packing packing, std::string_view raw, Fn fn) {
  std::optional<types::String> first;
  const bool good = for_each_element(in, packing, raw, [&](types::String element) {
    if (!first) {
      first = element;
      return true;
    }
    const types::String key = *first;
    first.reset();
    return fn(key, element);
  });
  return good && !first;
}

}  // namespace larder::persistence
